//! `luqi node`

mod forget;

use super::ledger;
use crate::client::block_on;
use crate::exit::{Exit, Problem};
use crate::log::Log;
use crate::output::Output;
use clap::Subcommand;
use ledger_core::membership::escaped;
use ledger_core::names::Sequence;
use luqi_node::committer::CommitError;
use luqi_node::config::{Config, Other};
use luqi_node::consensus::ConsensusError;
use luqi_node::home::Home;
use luqi_node::intake::Consent;
use luqi_node::run::{AgreementError, Options, RunError, run as run_node};
use luqi_node::sync::SyncError;
use std::path::PathBuf;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

const EXAMPLES: &str = "\
Examples:
  luqi node --home net/node1                  run the node of a home, until SIGTERM or SIGINT
  luqi node --home net/node1 --write-config   write HOME/node.toml, every key with its default explained
  LUQI_HTTP_LISTEN=127.0.0.1:7081 luqi node --home net/node1
  luqi node --home net/node1 --restored       the home comes from a backup: see below

It reads HOME/node.toml where there is one; variables LUQI_<SECTION>_<KEY> go before it. A home that comes from
a backup has forgotten what it signed since: with --restored the node follows, and votes only above a height
that it has seen decided by the others. A validator that is alone has nobody to wait for: its operator runs
`luqi node forget` once.

On SIGTERM, SIGINT or SIGHUP it finishes what is under way and ends with 0; on a second SIGTERM or SIGINT it ends
at once. Nothing is read anew on SIGHUP. Logs go to standard error; where they cannot be written the node goes on.";

/// Run the node of a home
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The home
    #[arg(long, value_name = "DIR", required = true)]
    home: Option<PathBuf>,
    /// The home comes from a backup: vote only above what the others have decided since
    #[arg(long)]
    restored: bool,
    /// Go on with a look-up that is lost, or older than the chain: what it does not know may be recorded twice
    #[arg(long)]
    new_look_up: bool,
    /// What stood in outbox/ above this submission, the last of this node on the chain, is lost for good: the look-up
    /// forgets it, so that it can be handed in again. With another number nothing is forgotten
    #[arg(long, value_name = "SUBMISSION")]
    lost_outbox: Option<u64>,
    /// Write HOME/node.toml and end; nothing is overwritten
    #[arg(long, conflicts_with_all = ["restored", "new_look_up", "lost_outbox"])]
    write_config: bool,
    /// End when standard input does: whoever started it is gone
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    Forget(forget::Args),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    if let Some(What::Forget(args)) = &args.what {
        return forget::run(args, output);
    }
    let home = args.home.as_deref().ok_or_else(|| Problem::usage("--home is missing: which node is to run?"))?;
    let home = Home::open(home)?;
    if args.write_config {
        let nodes = home.genesis().membership.nodes().filter(|(_, node)| node.number != home.node());
        let others: Vec<Other> = nodes
            .map(|(member, node)| Other {
                node: node.number,
                member: format!("{} {}", member.code, escaped(&member.name_en)),
            })
            .collect();
        let file = Config::default().write_beside(home.root(), &others)?;
        output.answer(&serde_json::json!({"file": file}), || format!("{}\n", file.display()))?;
        return Ok(Exit::Holds);
    }
    let config = Config::load(home.root(), std::env::vars())?;
    let _log = Log::to_stderr(&config.log)?;
    let consent = Consent { new_look_up: args.new_look_up, lost_outbox: args.lost_outbox.map(Sequence) };
    let options = Options { home, config, restored: args.restored, consent };
    block_on(serve(options, args.until_stdin_closes))
}

async fn serve(options: Options, until_stdin_closes: bool) -> Result<Exit, Problem> {
    let (stop, stopped) = watch::channel(false);
    let no_signals = |error| Problem::new(Exit::Failed, format!("the system gives no signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    // Under nohup it is ignored, and stays so.
    let mut hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup()).map_err(no_signals)?) };
    tokio::spawn(async move {
        let mut asked = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        tokio::select! {
            () = asked() => {}
            () = hung_up(hangup.as_mut()) => {}
            () = closed(), if until_stdin_closes => {}
        }
        stop.send_replace(true);
        asked().await;
        // The second time nobody wants to wait.
        std::process::exit(Exit::Failed as i32);
    });
    // The log says where it can be reached.
    let (ready, _) = oneshot::channel();
    run_node(options, stopped, ready).await?;
    Ok(Exit::Holds)
}

/// Waits until standard input ends.
async fn closed() {
    let mut stdin = tokio::io::stdin();
    let mut dropped = [0; 64];
    while !matches!(stdin.read(&mut dropped).await, Ok(0) | Err(_)) {}
}

/// Waits for the terminal to be closed; for ever where that is ignored.
async fn hung_up(hangup: Option<&mut Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether whoever started the process had SIGHUP ignored, as `nohup` does.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Signal 1 is the lowest bit.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Chain(error) => ledger::problem(error),
            RunError::Home(error) => error.into(),
            RunError::Intake(error) => super::intake::problem(error),
            RunError::Agreement(AgreementError::Sync(SyncError::Commit(error @ CommitError::Fault { .. }))) => {
                Self::new(Exit::Wrong, error).next(
                    "more than two thirds certified that block and this node's own computation refuses it: do not start \
                     the node again before you have audited it and another one",
                )
            }
            RunError::Agreement(AgreementError::Sync(SyncError::Commit(error))) => ledger::problem(error),
            RunError::Agreement(AgreementError::Consensus(
                ConsensusError::Diverged { .. } | ConsensusError::Another(_),
            )) => Self::new(Exit::Wrong, error),
            RunError::Agreement(_)
            | RunError::Network(_)
            | RunError::Outbox(_)
            | RunError::Http(_)
            | RunError::Thread(_)
            | RunError::Unsynced(_)
            | RunError::Failed { .. }
            | RunError::Ended(_) => Self::new(Exit::Failed, error),
        }
    }
}
