//! `luqi devnet`: a whole network on this machine, its nodes as child processes.
//!
//! Each child holds the reading end of a pipe as its standard input and ends when that does: so none outlives
//! this process, however it ends.

use super::parameter::Parameter;
use super::testnet::{self, Wires};
use crate::client::{Client, Url, block_on};
use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::value_parser;
use luqi_node::config::Config;
use luqi_node::home::Home;
use serde::Serialize;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const EXAMPLES: &str = "\
Examples:
  luqi devnet --validators 4 --replicas 1 --dir net                     ports that are free
  luqi devnet --validators 4 --replicas 1 --dir net --base-port 7100    7100 and 7101 for node 1, and so on
  luqi submit --url http://127.0.0.1:7101 messages/                     in another terminal

It makes the network in the folder as `luqi testnet` does, unless one is there, starts every node, waits until
all are ready, and prints one line of JSON: {genesis, nodes: [{name, role, url, home, pid}]}. It runs until
SIGTERM or SIGINT and then ends all nodes. A node that dies is named and not started again. Logs: HOME/log.";

/// How long all nodes may take until they are ready.
const COME_UP: Duration = Duration::from_secs(120);
/// How often they are asked whether they are.
const ASK: Duration = Duration::from_millis(100);
/// How long they may take to end.
const END: Duration = Duration::from_secs(20);

/// Run a whole network on this machine, for a try
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Validators, one a member
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u8).range(1..=17))]
    validators: u8,
    /// Nodes without voting power
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u8).range(0..=7))]
    replicas: u8,
    /// Folder of the network; one that is there is started again as it is
    #[arg(long)]
    dir: PathBuf,
    /// First port, two a node; free ones where none is named
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    /// Change a parameter of the chain
    #[arg(long = "param", value_name = "KEY=VALUE")]
    parameters: Vec<Parameter>,
}

#[derive(Debug, Serialize)]
struct Answer {
    genesis: PathBuf,
    nodes: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    role: &'static str,
    url: Url,
    home: PathBuf,
    pid: Option<u32>,
}

/// A node that was started.
struct Started {
    row: Row,
    child: Child,
    /// It ends when this is dropped.
    stdin: Option<ChildStdin>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = args.dir.join("genesis.json");
    if genesis.exists() {
        output.note(&format!("the network in {} is started again as it is", args.dir.display()));
    } else {
        let plan = testnet::Args::of_devnet(args.validators, args.replicas, args.dir.clone(), args.parameters.clone());
        testnet::make(&plan, &args.base_port.map_or(Wires::Free, Wires::From))?;
    }
    let homes = homes(&args.dir)?;
    block_on(serve(homes, genesis, output))
}

/// The homes in the folder, in order of their nodes.
fn homes(folder: &Path) -> Result<Vec<Home>, Problem> {
    let entries = std::fs::read_dir(folder).map_err(|error| Problem::file("read the folder", folder, &error))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut homes: Vec<Home> =
        paths.filter(|path| path.join("format").exists()).map(|path| Home::open(&path)).collect::<Result<_, _>>()?;
    homes.sort_by_key(Home::node);
    if homes.is_empty() {
        return Err(Problem::usage(format!("there is no home in {}", folder.display()))
            .next("name another folder with --dir: a network is made where there is none"));
    }
    Ok(homes)
}

async fn serve(homes: Vec<Home>, genesis: PathBuf, output: &Output) -> Result<Exit, Problem> {
    let no_signals = |error| Problem::new(Exit::Failed, format!("the system gives no signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut nodes = homes.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let asked = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::pin!(asked);
    let up = tokio::select! {
        up = come_up(&mut nodes) => Some(up),
        () = &mut asked => None,
    };
    let exit = match up {
        None => Ok(Exit::Holds),
        Some(Err(problem)) => Err(problem),
        Some(Ok(())) => {
            let answer = Answer { genesis, nodes: nodes.iter().map(|node| node.row.clone()).collect() };
            let line = serde_json::to_string(&answer).map_err(|error| Problem::new(Exit::Failed, error))?;
            output.print(&format!("{line}\n"))?;
            tokio::select! {
                () = &mut asked => Ok(Exit::Holds),
                () = watch(&mut nodes, output) => {
                    Err(Problem::new(Exit::Failed, "every node has ended by itself").next("their logs say why: HOME/log"))
                }
            }
        }
    };
    end(nodes).await;
    exit
}

fn start(home: &Home) -> Result<Started, Problem> {
    let config = Config::load(home.root(), std::env::vars())?;
    let node = home.node();
    let (binary, log) = (std::env::current_exe(), home.root().join("log"));
    let binary = binary.map_err(|error| Problem::new(Exit::Failed, format!("where is luqi itself? {error}")))?;
    let opened = OpenOptions::new().create(true).append(true).open(&log);
    let to_log = opened.map_err(|error| Problem::file("open the log", &log, &error))?;
    let mut command = Command::new(binary);
    command.arg("node").arg("--home").arg(home.root()).arg("--until-stdin-closes");
    // A group of its own: Ctrl-C reaches this process, which ends the nodes in order.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(to_log).process_group(0).kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| Problem::new(Exit::Failed, format!("node {node} cannot be started: {error}")))?;
    let power = home.genesis().membership.node(node).map_or(0, |(_, node)| node.power);
    let row = Row {
        name: format!("node{node}"),
        role: if power > 0 { "validator" } else { "replica" },
        url: Url::Tcp(config.http.listen.to_string()),
        home: home.root().to_owned(),
        pid: child.id(),
    };
    let stdin = child.stdin.take();
    Ok(Started { row, child, stdin })
}

/// Waits until every node says that it is ready.
async fn come_up(nodes: &mut [Started]) -> Result<(), Problem> {
    let mut asking = JoinSet::new();
    for node in nodes.iter() {
        let (url, name) = (node.row.url.clone(), node.row.name.clone());
        asking.spawn(async move { (name, timeout(COME_UP, ready(url)).await) });
    }
    loop {
        tokio::select! {
            Some((name, status)) = one_ended(nodes) => {
                let home = nodes.iter().find(|node| node.row.name == name).map(|node| node.row.home.clone());
                return Err(died(&name, status, &home.unwrap_or_default()));
            }
            came = asking.join_next() => match came {
                None => return Ok(()),
                Some(Ok((_, Ok(())))) => {}
                Some(Ok((name, Err(_)))) => {
                    let what = format!("{name} is not ready after {} s", COME_UP.as_secs());
                    return Err(Problem::new(Exit::Undecided, what).next("`luqi status --url URL` and its log say why"));
                }
                Some(Err(error)) => return Err(Problem::new(Exit::Failed, error)),
            },
        }
    }
}

async fn ready(url: Url) {
    let mut client = Client::new(url);
    while client.get::<Value>("/readyz").await.is_err() {
        sleep(ASK).await;
    }
}

/// The next node that ends by itself; waits for ever where none is left.
async fn one_ended(nodes: &mut [Started]) -> Option<(String, Option<ExitStatus>)> {
    let waits = nodes.iter_mut().filter(|node| node.stdin.is_some()).map(|node| {
        Box::pin(async {
            let status = node.child.wait().await.ok();
            // It is waited for no more.
            node.stdin = None;
            (node.row.name.clone(), status)
        })
    });
    let waits: Vec<_> = waits.collect();
    if waits.is_empty() {
        return None;
    }
    Some(first_of(waits).await)
}

/// The first of some that comes.
async fn first_of<T>(mut waits: Vec<std::pin::Pin<Box<impl Future<Output = T>>>>) -> T {
    std::future::poll_fn(|cx| {
        waits
            .iter_mut()
            .map(|wait| wait.as_mut().poll(cx))
            .find(std::task::Poll::is_ready)
            .unwrap_or(std::task::Poll::Pending)
    })
    .await
}

/// Tells of every node that dies, until none is left.
async fn watch(nodes: &mut [Started], output: &Output) {
    while let Some((name, status)) = one_ended(nodes).await {
        let how = status.map_or_else(|| "somehow".to_owned(), |status| status.to_string());
        output.note(&format!("{name} has ended ({how}); it is not started again"));
    }
}

fn died(name: &str, status: Option<ExitStatus>, home: &Path) -> Problem {
    let log = home.join("log");
    let how = status.map_or_else(|| "somehow".to_owned(), |status| status.to_string());
    let words = last_words(&log).unwrap_or_default();
    let what = format!("{name} ended before it was ready ({how})\n{words}");
    Problem::new(Exit::Failed, what.trim()).next(format!("its log says more: {}", log.display()))
}

/// The end of a log.
fn last_words(log: &Path) -> Option<String> {
    const ENOUGH: u64 = 2_000;
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH))).ok()?;
    let mut bytes = Vec::new();
    file.take(ENOUGH).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Some(lines.get(lines.len().saturating_sub(5)..)?.join("\n"))
}

/// Ends all nodes: each finishes what is under way, unless that takes too long.
async fn end(nodes: Vec<Started>) {
    let mut ending = JoinSet::new();
    for Started { mut child, stdin, .. } in nodes {
        drop(stdin);
        ending.spawn(async move {
            if timeout(END, child.wait()).await.is_err() {
                // It has had its time; and what has ended meanwhile cannot be ended.
                let _ = child.kill().await;
            }
        });
    }
    while ending.join_next().await.is_some() {}
}
