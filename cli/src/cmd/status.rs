//! `luqi status`

mod fork;
mod row;

use super::target::Targets;
use crate::client::{Client, ClientError, block_on};
use crate::exit::{Exit, Problem};
use crate::output::{Output, table};
use fork::Forks;
use luqi_node::http::Status;
use row::Row;
use serde::Serialize;
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const EXAMPLES: &str = "\
Examples:
  luqi status --url http://127.0.0.1:7101 --url http://127.0.0.1:7103   two nodes, and whether they agree
  luqi status --home home                                               one, through the socket in its home
  luqi status --url http://127.0.0.1:7101 --watch                       every two seconds, until Ctrl-C
  luqi status --url http://127.0.0.1:7101 --json

Nodes are compared block by block where their heights differ: two blocks at one height are a fork. What is
wrong with a node is told with its reasons, the worst first; the exit code is that of the worst node.

Exit codes:
   0  voting, or replica: all is well        3  a node does not answer, or is of another chain
  10  behind: it lacks blocks               11  wrong clock
  12  silent: has power and does not vote   13  takes no messages
  14  unreachable: it hears no more than two thirds of the power
  15  no member: the membership has no such node, or other keys of it
  16  halted: it goes no further            17  FORKED: two chains are certified";

/// A node that does not say how it stands within this does not answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often it is looked again.
const PAUSE: Duration = Duration::from_secs(2);

/// How nodes stand: who votes, and what is wrong with the others
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Look again and again
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    /// The highest tip.
    height: u64,
    forked: bool,
    nodes: Vec<Row>,
}

/// A node, and what it says or why it says nothing.
struct Asked {
    client: Client,
    status: Result<Status, ClientError>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    block_on(look(args, output))
}

async fn look(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let mut clients: Vec<Client> = args.targets.urls()?.into_iter().map(Client::new).collect();
    loop {
        let (answer, back) = once(clients).await;
        clients = back;
        if args.watch && !output.is_json() && std::io::stdout().is_terminal() {
            // Home, and clear what is below.
            output.print("\u{1b}[H\u{1b}[J")?;
        }
        output.answer(&answer, || text(&answer))?;
        if !args.watch {
            return Ok(exit(&answer));
        }
        sleep(PAUSE).await;
    }
}

/// Asks all nodes at the same time, then compares what they say.
async fn once(clients: Vec<Client>) -> (Answer, Vec<Client>) {
    let mut asking = JoinSet::new();
    for (place, mut client) in clients.into_iter().enumerate() {
        asking.spawn(async move {
            let asked = timeout(PATIENCE, client.get::<Status>("/v1/status")).await;
            let status =
                asked.unwrap_or_else(|_| Err(ClientError::Silent { url: client.url().clone(), within: PATIENCE }));
            (place, Asked { client, status })
        });
    }
    let mut asked: Vec<(usize, Asked)> = Vec::new();
    while let Some(done) = asking.join_next().await {
        asked.extend(done.ok());
    }
    asked.sort_by_key(|(place, _)| *place);
    let mut asked: Vec<Asked> = asked.into_iter().map(|(_, asked)| asked).collect();
    let forks = Forks::find(&mut asked).await;
    let height = asked.iter().filter_map(|asked| asked.status.as_ref().ok()).map(|status| status.height.0).max();
    let height = height.unwrap_or(0);
    let mut rows = Vec::new();
    let mut back = Vec::new();
    for (place, Asked { client, status }) in asked.into_iter().enumerate() {
        rows.push(Row::of(client.url().clone(), status, height, forks.at(place)));
        back.push(client);
    }
    (Answer { height, forked: forks.any(), nodes: rows }, back)
}

/// That of the worst node; what it says of itself tells more than that another one says nothing.
fn exit(answer: &Answer) -> Exit {
    answer.nodes.iter().map(|row| row.seen.exit()).max_by_key(|exit| *exit as u8).unwrap_or(Exit::Holds)
}

fn text(answer: &Answer) -> String {
    let rows: Vec<_> = answer.nodes.iter().map(Row::cells).collect();
    let heading =
        ["node", "member", "role", "height", "tip", "lag", "peers", "block age", "pending", "disk free", "state"];
    let notes: String = answer.nodes.iter().filter_map(Row::note).collect();
    table(heading, &rows) + &notes
}
