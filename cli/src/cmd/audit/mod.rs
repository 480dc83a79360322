//! `luqi audit`: recomputes a chain from its evidence, which it leaves byte for byte as it was.

mod answer;
mod kept;
mod nodes;
mod source;
mod watch;

use crate::client::Url;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use answer::Answer;
use clap::{ArgGroup, ValueEnum};
use ledger_core::audit::{Depth, Options, Report, Scope, Verdict, judge_deeply};
use ledger_core::genesis::Genesis;
use ledger_core::names::Height;
use luqi_node::home::{read_genesis, write_json};
use nodes::Nodes;
pub(super) use source::Source;
use std::path::{Path, PathBuf};
use std::time::Instant;
use watch::Watching;

const EXAMPLES: &str = "\
Examples:
  luqi audit --home net/node1 --genesis net/genesis.json
  luqi audit --archive chain.luqi --genesis net/genesis.json --json
  luqi audit --node http://127.0.0.1:7101 --node http://127.0.0.1:7103 --genesis net/genesis.json
  luqi audit --home net/node1 --genesis net/genesis.json --keep kept.json  what to keep
  luqi audit --home net/node1 --genesis net/genesis.json --from kept.json  and next time

Take the genesis from somebody you trust, and never from the home that you audit: `luqi genesis show` prints
the hash to compare. What --keep writes finds a history that all validators rewrote and signed again; keep it
where they cannot write. Nothing beside the chain (index, hints, the map's snapshot) has a say in the verdict.

With --node the blocks are fetched from running nodes, and each node is judged by itself. It holds only if every node
that was asked serves the whole chain; one that does not answer, or serves less, is named.

It ends with 0 where the chain holds, 1 where something was altered, and 3 where not enough is here to say.";

/// Recompute everything that a home, an archive or running nodes hold, and say what does not hold
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("evidence").required(true))]
pub(crate) struct Args {
    /// A home; its node must not be running
    #[arg(long, value_name = "DIR", group = "evidence")]
    home: Option<PathBuf>,
    /// An archive, as `luqi export` writes it
    #[arg(long, value_name = "FILE", group = "evidence")]
    archive: Option<PathBuf>,
    /// A running node; may be given several times
    #[arg(long, visible_alias = "url", value_name = "URL", group = "evidence")]
    node: Vec<Url>,
    /// What the chain starts from
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Certificates to verify: the tip's with those at changes of membership, which cover all below, or every one
    #[arg(long, value_enum, default_value_t = How::Tip)]
    certificates: How,
    /// Roots of the contract map to recompute: the tip's, or that of every block
    #[arg(long, value_enum, default_value_t = How::Tip)]
    state: How,
    /// What an earlier audit gave you to keep: its file, or its whole answer
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Where to write what to keep for the next audit, if the chain holds
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Do not compare the home's derived index with the chain
    #[arg(long)]
    skip_index: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum How {
    Tip,
    Every,
}

impl From<How> for Scope {
    fn from(how: How) -> Self {
        match how {
            How::Tip => Self::Tip,
            How::Every => Self::Every,
        }
    }
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = genesis(&args.genesis)?;
    let from = args.from.as_deref().map(|path| kept::read(path, &genesis.chain_id())).transpose()?;
    let started = Instant::now();
    if !args.node.is_empty() {
        let answer = Nodes::ask(&args.node, &genesis)?.audit(&genesis, from, started, output)?;
        return say(answer, args.keep.as_deref(), output);
    }
    let source = match (&args.home, &args.archive) {
        (Some(home), _) => Source::home(home, &genesis.chain_id())?,
        (None, Some(archive)) => Source::archive(archive)?,
        (None, None) => return Err(Problem::usage("name a home or an archive")),
    };
    source.introduce(output);
    let depth = Depth { certificates: args.certificates.into(), states: args.state.into() };
    let mut wrong_rows = Vec::new();
    let judged = judge_deeply(depth, |depth| {
        if depth == Depth::FULL {
            output.note("looking at every certificate and every state");
        }
        let rows = source.rows().filter(|_| !args.skip_index);
        let mut watch = Watching::new(&source, rows, output);
        let options = Options { depth, from: from.clone(), tip_file: source.tip_file() };
        let judged = source.judge(&genesis, options, &mut watch)?;
        wrong_rows = watch.finish();
        Ok::<_, Problem>(judged)
    })?;
    let report = Report::of(&judged);
    let report = match report.verdict {
        Verdict::Holds => report,
        Verdict::Altered | Verdict::Undecided => report.with_extent(source.extent(&genesis.chain_id(), &judged)?),
    };
    let mut notes = source.notes();
    if report.verdict != Verdict::Altered {
        notes.extend(misled(&wrong_rows));
    }
    say(Answer::new(report, notes, started.elapsed().as_secs_f64()), args.keep.as_deref(), output)
}

/// Writes what is to be kept, and answers. What could not be written changes nothing of the verdict, but for
/// the exit code of one that holds.
fn say(mut answer: Answer, path: Option<&Path>, output: &Output) -> Result<Exit, Problem> {
    let exit = match path.map(|path| keep(path, &answer, output)) {
        Some(Err(failed)) => {
            answer.note(failed.what);
            if answer.exit() == Exit::Holds { Exit::Failed } else { answer.exit() }
        }
        Some(Ok(())) | None => answer.exit(),
    };
    output.answer(&answer, || answer.text())?;
    Ok(exit)
}

fn genesis(path: &Path) -> Result<Genesis, Problem> {
    if !path.exists() {
        return Err(Problem::usage(format!("there is no genesis {}", path.display()))
            .next("get genesis.json from a member that you trust, and compare its hash with `luqi genesis show`"));
    }
    Ok(read_genesis(path)?)
}

/// What there is to say about a derived index that is wrong somewhere.
fn misled(wrong: &[Height]) -> Option<String> {
    let (first, count) = (wrong.first()?, wrong.len());
    Some(format!(
        "the derived index is wrong at {count} blocks, from block {first} on: the chain is not touched, but who follows a contract's history by it is misled"
    ))
}

fn keep(path: &Path, answer: &Answer, output: &Output) -> Result<(), Problem> {
    match answer.bookmark() {
        Some(bookmark) if answer.verdict() == Verdict::Holds => {
            write_json(path, bookmark)?;
            output.note(&format!("kept in {}: name it with --from at the next audit", path.display()));
        }
        Some(_) | None => {
            output.note(&format!("nothing was written to {}: only a chain that holds is worth keeping", path.display()))
        }
    }
    Ok(())
}
