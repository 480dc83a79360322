//! Which node is asked.

use crate::client::{Client, Url};
use crate::exit::Problem;
use luqi_node::config::Config;
use std::path::PathBuf;

/// A node by its address, or by its home on this machine.
#[derive(Clone, Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct Target {
    /// The node: http://HOST:PORT, or unix:/path/of/node.sock
    #[arg(long)]
    url: Option<Url>,
    /// The node's home on this machine, whose socket is used
    #[arg(long = "node-home", value_name = "DIR")]
    home: Option<PathBuf>,
}

impl Target {
    /// Whether a node is named.
    pub(super) const fn is_named(&self) -> bool {
        self.url.is_some() || self.home.is_some()
    }

    /// Who asks it.
    pub(super) fn client(&self) -> Result<Client, Problem> {
        let url = match (&self.url, &self.home) {
            (Some(url), _) => url.clone(),
            (None, Some(home)) => {
                let config = Config::load(home, std::env::vars())?;
                Url::Unix(config.http.socket_in(home))
            }
            (None, None) => {
                return Err(Problem::usage("no node is named").next("name one with --url URL or --node-home DIR"));
            }
        };
        Ok(Client::new(url))
    }
}
