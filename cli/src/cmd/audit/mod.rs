//! `luqi audit`: recomputes a chain from its evidence, which it leaves byte for byte as it was.

mod answer;
mod feed;
mod kept;
mod nodes;
mod source;

use crate::client::Url;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use answer::Answer;
use clap::{ArgGroup, ValueEnum};
use ledger_core::archive::{Foot, FootError};
use ledger_core::audit::{Auditor, Bookmark, Finding, Options, Report, Scope, Verdict};
use ledger_core::genesis::Genesis;
use ledger_core::names::Height;
use luqi_node::home::{read_genesis, write_json};
use nodes::Nodes;
pub(super) use source::Source;
use std::path::{Path, PathBuf};
use std::time::Instant;

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

With --node the blocks are fetched from running nodes and compared: each node is named with what it serves. One
that does not answer changes nothing where another serves the whole chain.

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
    #[arg(long, value_name = "URL", group = "evidence")]
    node: Vec<Url>,
    /// What the chain starts from
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Certificates to verify: the tip's with those at changes of membership, which cover all below, or every one
    #[arg(long, value_enum, default_value_t = Depth::Tip)]
    certificates: Depth,
    /// Roots of the contract map to recompute: the tip's, or that of every block
    #[arg(long, value_enum, default_value_t = Depth::Tip)]
    state: Depth,
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
enum Depth {
    Tip,
    Every,
}

impl From<Depth> for Scope {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Tip => Self::Tip,
            Depth::Every => Self::Every,
        }
    }
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = genesis(&args.genesis)?;
    let from = args.from.as_deref().map(|path| kept::read(path, &genesis.chain_id())).transpose()?;
    if !args.node.is_empty() {
        return of_nodes(args, &genesis, from, output);
    }
    let mut source = source(args, &genesis)?;
    source.introduce(output);
    let started = Instant::now();
    let tip_file = source.tip_file();
    let options = Options { certificates: args.certificates.into(), states: args.state.into(), from, tip_file };
    let index = source.is_indexed() && !args.skip_index;
    let (mut report, wrong_rows) = audit(&mut source, &genesis, options.clone(), index, output);
    if hides_its_place(&report, &options) {
        output.note("something below is not as it was signed; looking again, at every certificate and every state, for the first block");
        // Its copy of the newest blocks goes first: there may be no room for two.
        drop(source);
        source = self::source(args, &genesis)?;
        let every = Options { certificates: Scope::Every, states: Scope::Every, ..options };
        (report, _) = audit(&mut source, &genesis, every, false, output);
    }
    let seconds = started.elapsed().as_secs_f64();
    let mut notes = source.notes();
    if report.verdict != Verdict::Altered {
        notes.extend(misled(&wrong_rows));
    }
    say(Answer::new(report, notes, seconds), args.keep.as_deref(), output)
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

/// What running nodes serve, instead of what lies in a folder or file.
fn of_nodes(args: &Args, genesis: &Genesis, from: Option<Bookmark>, output: &Output) -> Result<Exit, Problem> {
    let nodes = Nodes::ask(&args.node, genesis)?;
    let (certificates, states) = (args.certificates.into(), args.state.into());
    let options = Options { certificates, states, from, tip_file: None };
    let mut answer = nodes.audit(genesis, &options, output)?;
    if hides_its_place(answer.report(), &options) {
        output.note("something below is not as it was signed; looking again, at every certificate and every state, for the first block");
        let every = Options { certificates: Scope::Every, states: Scope::Every, ..options };
        answer = nodes.audit(genesis, &every, output)?;
    }
    say(answer, args.keep.as_deref(), output)
}

fn source(args: &Args, genesis: &Genesis) -> Result<Source, Problem> {
    match (&args.home, &args.archive) {
        (Some(home), _) => Source::home(home, &genesis.chain_id()),
        (None, Some(archive)) => Source::archive(archive, &genesis.chain_id()),
        (None, None) => Err(Problem::usage("name a home or an archive")),
    }
}

/// Whether a shallow audit found that something was altered without seeing where: the first thing
/// that it found is a certificate or a map root, which speak for all that lies below them.
fn hides_its_place(report: &Report, options: &Options) -> bool {
    let shallow = options.certificates == Scope::Tip || options.states == Scope::Tip;
    let first = report.findings.first().map(|finding| finding.kind.as_str());
    report.verdict == Verdict::Altered && shallow && matches!(first, Some("certificate" | "map"))
}

fn genesis(path: &Path) -> Result<Genesis, Problem> {
    if !path.exists() {
        return Err(Problem::usage(format!("there is no genesis {}", path.display()))
            .next("get genesis.json from a member that you trust, and compare its hash with `luqi genesis show`"));
    }
    Ok(read_genesis(path)?)
}

/// The report; and if the derived `index` is to be compared, the heights where it is wrong.
fn audit(
    source: &mut Source,
    genesis: &Genesis,
    options: Options,
    index: bool,
    output: &Output,
) -> (Report, Vec<Height>) {
    let (foot, states) = source.foot();
    let outcome = match foot {
        Some(foot) => Auditor::new(genesis, &foot, states, options).map_err(|why| Some((height_of(&foot), why))),
        None => Err(None),
    };
    let mut auditor = match outcome {
        Ok(auditor) => auditor,
        Err(why) => return (stopped(genesis, why), Vec::new()),
    };
    let wrong_rows = feed::feed(&mut auditor, source, index, output);
    let mut report = auditor.finish(source.certificate());
    let doubts = source.doubts();
    if report.verdict == Verdict::Holds && !doubts.is_empty() {
        report.verdict = Verdict::Undecided;
    }
    report.unchecked.extend(doubts);
    (report, wrong_rows)
}

/// What there is to say about a derived index that is wrong somewhere.
fn misled(wrong: &[Height]) -> Option<String> {
    let (first, count) = (wrong.first()?, wrong.len());
    Some(format!(
        "the derived index is wrong at {count} blocks, from block {first} on: the chain is not touched, but who follows a contract's history by it is misled"
    ))
}

fn height_of(foot: &Foot) -> Height {
    foot.below.as_ref().map_or(Height(0), |below| below.header.height)
}

/// The report of an archive whose foot does not bear: nothing above it can be judged.
fn stopped(genesis: &Genesis, why: Option<(Height, FootError)>) -> Report {
    let start = ledger_core::chain::Tip::genesis(genesis);
    let (verdict, findings, unchecked) = match why {
        Some((height, why)) => (Verdict::Altered, vec![Finding::at(height, "foot", why.to_string())], "all blocks"),
        None => (Verdict::Undecided, Vec::new(), "all blocks: the foot that they stand on cannot be read"),
    };
    Report {
        verdict,
        height: start.height,
        events: 0,
        tip: start.hash,
        log_root: start.frontier.root(),
        map_root: start.map_root,
        signed: None,
        witnessed: None,
        timestamped: None,
        unchecked: vec![unchecked.to_owned()],
        findings,
        checked: ledger_core::audit::Checked::default(),
        bookmark: ledger_core::audit::Bookmark::of(&start),
    }
}

fn keep(path: &Path, answer: &Answer, output: &Output) -> Result<(), Problem> {
    if answer.verdict() == Verdict::Holds {
        write_json(path, answer.bookmark())?;
        output.note(&format!("kept in {}: name it with --from at the next audit", path.display()));
    } else {
        output.note(&format!("nothing was written to {}: only a chain that holds is worth keeping", path.display()));
    }
    Ok(())
}
