//! `luqi submit`

mod send;
mod wait;

use super::target::Target;
use super::{messages, rejected::Rejected};
use crate::client::{Client, Url, block_on};
use crate::exit::{Exit, Problem};
use crate::output::{Output, table};
use clap::ValueEnum;
use luqi_node::http::{Finding, ItemOutcome, ItemState, Receipt};
use send::{Sent, What};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  luqi submit --url http://127.0.0.1:7080 messages/       every *.json below the folder, in the order of names
  luqi submit --home home a.json b.json                   through the socket in the node's home
  luqi submit --url http://127.0.0.1:7080 messages/ --wait final --json

It may be killed at any moment and started again: an item is recorded once, however often its file comes. A
node that is busy, or away for a while, is asked again. What was not recorded stands in rejected.jsonl, a line
an item, with the place and the reason in Chinese and English.

Messages go one after the other, since their order can matter; with --parallel several are under way at once
and may be recorded in another order. It ends with 0 when every item has an outcome, with 3 where the node
could not be reached to the end.";

/// Hand messages of the annex to a running node
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Messages, or folders of them
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,
    /// Wait until every item that was taken is on the chain
    #[arg(long, value_enum)]
    wait: Option<Until>,
    /// How long to wait at most for the next item to be final
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    within: u64,
    /// How long to ask a node again that is busy or away
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    retry: u64,
    /// Messages under way at once
    #[arg(long, value_name = "MESSAGES", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: u8,
    /// Where to name what was not recorded
    #[arg(long, value_name = "FILE", default_value = "rejected.jsonl")]
    rejected: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Until {
    Final,
}

/// What became of everything.
#[derive(Clone, Debug, Default, Serialize)]
struct Totals {
    messages: u64,
    items: u64,
    accepted: u64,
    rejected: u64,
    duplicates: u64,
    flagged: u64,
    /// Kept until their contract is there.
    pending: u64,
    /// On the chain, and counted by the fold; known where it was waited for.
    applied: u64,
    /// On the chain, and refused by the fold.
    refused: u64,
    /// Messages that were sent again.
    retried: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    waited: bool,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let url = args.target.url()?;
    let files = messages::gather(&args.paths)?;
    block_on(submit(args, &url, files, output))
}

async fn submit(args: &Args, url: &Url, files: Vec<PathBuf>, output: &Output) -> Result<Exit, Problem> {
    let mut totals = Totals::default();
    let mut ids = Vec::new();
    let mut rejected = Lines { path: &args.rejected, open: None };
    let progress = output.progress(files.len() as u64, "submit");
    let patience = Duration::from_secs(args.retry);
    let (mut sent, workers) = send::all(url, files, args.parallel, patience);
    let mut failed = None;
    while let Some(message) = sent.recv().await {
        match message {
            Ok(message) => {
                ids.extend(count(&mut totals, &message, &mut rejected)?);
                progress.inc(1);
            }
            // The first failure says why; what was under way is still counted.
            Err(problem) => failed = failed.or(Some(problem)),
        }
    }
    drop(workers);
    progress.finish_and_clear();
    rejected.flush()?;
    if failed.is_none() && args.wait == Some(Until::Final) {
        failed = until_final(args, url, &ids, &mut totals, output).await.err();
    }
    let exit = failed.as_ref().map_or(Exit::Holds, |problem| problem.exit);
    totals.error = failed.as_ref().map(|problem| problem.what.clone());
    output.answer(&totals, || text(&totals, args))?;
    if let Some(problem) = failed {
        output.note(&problem.what);
        problem.next.into_iter().for_each(|next| output.note(&next));
    }
    Ok(exit)
}

/// Counts what became of a message; gives its id where something of it is still under way.
fn count(totals: &mut Totals, sent: &Sent, rejected: &mut Lines<'_>) -> Result<Option<String>, Problem> {
    totals.messages += 1;
    totals.retried += u64::from(sent.again);
    let receipt = match &sent.what {
        What::Taken(receipt) => receipt,
        What::Unreadable(finding) => {
            (totals.items, totals.rejected) = (totals.items + 1, totals.rejected + 1);
            rejected.write(&sent.file, finding)?;
            return Ok(None);
        }
    };
    let Receipt { id, items } = receipt;
    let mut under_way = false;
    for item in items {
        totals.items += 1;
        match item {
            ItemOutcome::Rejected(finding) => {
                totals.rejected += 1;
                rejected.write(&sent.file, finding)?;
            }
            ItemOutcome::Duplicate => totals.duplicates += 1,
            ItemOutcome::Accepted { flags, .. } => {
                totals.accepted += 1;
                totals.flagged += u64::from(!flags.is_empty());
                under_way = true;
            }
            ItemOutcome::Parked => {
                totals.pending += 1;
                under_way = true;
            }
        }
    }
    Ok(under_way.then(|| id.clone()))
}

async fn until_final(
    args: &Args,
    url: &Url,
    ids: &[String],
    totals: &mut Totals,
    output: &Output,
) -> Result<(), Problem> {
    totals.waited = true;
    let progress = output.progress(ids.len() as u64, "final");
    let (within, patience) = (Duration::from_secs(args.within), Duration::from_secs(args.retry));
    let mut client = Client::new(url.clone());
    let mut parked = 0;
    let mut outcome = Ok(());
    for id in ids {
        match wait::until_settled(&mut client, id, within, patience).await {
            Ok(tracked) => {
                for item in tracked.items {
                    match item {
                        ItemState::Final { applied: true, .. } => totals.applied += 1,
                        ItemState::Final { applied: false, .. } => totals.refused += 1,
                        ItemState::Parked => parked += 1,
                        ItemState::Pending | ItemState::Rejected | ItemState::Duplicate => {}
                    }
                }
                progress.inc(1);
            }
            Err(problem) => {
                outcome = Err(problem);
                break;
            }
        }
    }
    progress.finish_and_clear();
    if outcome.is_ok() {
        // What was kept may have been sent since.
        totals.pending = parked;
    }
    outcome
}

/// The file of what was not recorded, made once there is something.
struct Lines<'a> {
    path: &'a std::path::Path,
    open: Option<Rejected>,
}

impl Lines<'_> {
    fn write(&mut self, file: &str, finding: &Finding) -> Result<(), Problem> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Rejected::create(self.path, false)?,
        };
        self.open.insert(open).write_finding(file, finding);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Problem> {
        self.open.as_mut().map_or(Ok(()), Rejected::flush)
    }
}

fn text(totals: &Totals, args: &Args) -> String {
    let row = |what: &str, count: u64, means: &str| [what.to_owned(), count.to_string(), means.to_owned()];
    let mut rows = vec![
        row("accepted", totals.accepted, "durable at the node, and on the way to the chain"),
        row("pending", totals.pending, "durable at the node; sent once the contract is there"),
        row("rejected", totals.rejected, "not recorded: see below"),
        row("duplicates", totals.duplicates, "not recorded: there already"),
        row("items", totals.items, "all of these"),
        row("flagged", totals.flagged, "accepted with a warning"),
    ];
    if totals.waited {
        rows.push(row("applied", totals.applied, "final on the chain"));
        rows.push(row("refused", totals.refused, "on the chain, and refused by the rules of a contract's life"));
    }
    let mut text = table(["outcome", "items", ""], &rows);
    text.push_str(&format!("\nmessages  {}, {} of them sent again\n", totals.messages, totals.retried));
    if totals.rejected > 0 {
        text.push_str(&format!("rejected  {}\n", args.rejected.display()));
    }
    text
}
