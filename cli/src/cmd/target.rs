//! Which node is asked, the same way by every command: `--url`, else `--home`, else `LUQI_URL`, else `LUQI_HOME`, else
//! the home that is the current folder. Of a home it is the socket.

use crate::client::{Client, Url};
use crate::exit::Problem;
use luqi_node::config::Config;
use std::path::{Path, PathBuf};

const URL: &str = "LUQI_URL";
const HOME: &str = "LUQI_HOME";

/// One node.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "target", multiple = false)]
pub(crate) struct Target {
    /// The node: http://HOST:PORT, or unix:/path/of/node.sock; otherwise LUQI_URL
    #[arg(long)]
    url: Option<Url>,
    /// The node's home on this machine, whose socket is asked; otherwise LUQI_HOME, or the current folder
    #[arg(long, alias = "node-home", value_name = "DIR")]
    home: Option<PathBuf>,
}

/// One node or several.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Targets {
    /// A node: http://HOST:PORT, or unix:/path/of/node.sock; may be given several times; otherwise LUQI_URL
    #[arg(long)]
    url: Vec<Url>,
    /// The home of a node on this machine, whose socket is asked; may be given several times; otherwise LUQI_HOME, or
    /// the current folder
    #[arg(long, value_name = "DIR")]
    home: Vec<PathBuf>,
}

impl Target {
    /// Whether the command line names a node.
    pub(crate) const fn is_named(&self) -> bool {
        self.url.is_some() || self.home.is_some()
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> Result<Url, Problem> {
        match (&self.url, &self.home) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(home)) => socket(home),
            (None, None) => at_hand(|name| std::env::var(name).ok(), Path::new(".")),
        }
    }

    /// Who asks it.
    pub(crate) fn client(&self) -> Result<Client, Problem> {
        self.url().map(Client::new)
    }
}

impl Targets {
    /// Where they answer: those that are named by their address first.
    pub(crate) fn urls(&self) -> Result<Vec<Url>, Problem> {
        let sockets = self.home.iter().map(|home| socket(home));
        let named = self.url.iter().cloned().map(Ok).chain(sockets).collect::<Result<Vec<_>, _>>()?;
        if named.is_empty() {
            return at_hand(|name| std::env::var(name).ok(), Path::new(".")).map(|url| vec![url]);
        }
        Ok(named)
    }
}

/// The node that the environment names, or whose home this folder is.
fn at_hand(variable: impl Fn(&str) -> Option<String>, here: &Path) -> Result<Url, Problem> {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(url) = variable(URL) {
        return url.parse().map_err(|why| Problem::usage(format!("the variable {URL} is {url:?}: {why}")));
    }
    if let Some(home) = variable(HOME) {
        return socket(Path::new(&home));
    }
    if here.join("format").is_file() {
        return socket(here);
    }
    Err(Problem::usage("no node is named")
        .next(format!("name one with --url URL or --home DIR, or by the variable {URL} or {HOME}")))
}

/// The socket of a home. Whether a node runs there, asking it tells.
fn socket(home: &Path) -> Result<Url, Problem> {
    let config = Config::load(home, std::env::vars())?;
    Ok(Url::Unix(config.http.socket_in(home)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_node_that_no_option_names_is_the_one_of_the_environment_or_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let at = |url: &'static str, home: &'static str| {
            let variable = move |name: &str| match name {
                URL => Some(url.to_owned()),
                HOME => Some(home.to_owned()),
                _ => None,
            };
            at_hand(variable, here).map(|url| url.to_string())
        };
        assert_eq!(at("", "").unwrap_err().exit, Exit::Usage);
        assert_eq!(at("http://a:1", "home").unwrap(), "http://a:1");
        assert_eq!(at("", "home").unwrap(), "unix:home/node.sock");
        assert_eq!(at("nowhere", "home").unwrap_err().exit, Exit::Usage, "a wrong one is no other one");
        std::fs::write(here.join("format"), "{}").unwrap();
        assert_eq!(at("", "").unwrap(), format!("unix:{}", here.join("node.sock").display()));
        assert_eq!(at("", "home").unwrap(), "unix:home/node.sock");
    }
}
