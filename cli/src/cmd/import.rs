//! `luqi import`

mod files;

use super::import_archive;
use super::intake::problem;
use super::ledger::{Chain, store_config};
use super::rejected::Rejected;
use crate::exit::{Exit, Problem};
use crate::output::{Output, table};
use files::Windows;
use ledger_core::annex::{Config, Date};
use luqi_node::home::Home;
use luqi_node::intake::{Consent, Counts, Intake, Timings};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant, SystemTime};

const EXAMPLES: &str = "\
Examples:
  luqi import --home net/node1 messages/           every *.json below the folder, in the order of names
  luqi import --home net/node1 a.json b.json       these files, in this order
  luqi import --home net/node1 --archive 2025.luqi the blocks of an archive that `luqi export` made

It may be killed at any moment and started again: an item is recorded once, however often its file comes.
What was not recorded stands in HOME/intake/rejected.jsonl, a line an item, with the place and the reason in
Chinese and English. Files named manifest.json are passed over in folders. On a network of several
validators, `luqi submit` hands messages to a node instead.";

/// Take messages of the annex into a chain of one validator, or the blocks of an archive into any chain
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Home of the node
    #[arg(long)]
    home: PathBuf,
    /// Messages, or folders of them
    #[arg(value_name = "FILE|FOLDER", required_unless_present = "archive")]
    paths: Vec<PathBuf>,
    /// Take over the blocks of this archive instead
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    archive: Option<PathBuf>,
    /// Where to name what was not recorded; HOME/intake/rejected.jsonl unless given
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Write the texts in question there too: personal data, to be shown only to whom it belongs
    #[arg(long)]
    show_values: bool,
    /// Reject unknown parameters and unknown codes, instead of flagging them
    #[arg(long)]
    strict: bool,
    /// Go on with a look-up that is lost, or older than the chain: what it does not know may be recorded twice
    #[arg(long)]
    new_look_up: bool,
    /// Messages that are recorded together: fewer are safe sooner, more go faster
    #[arg(long, value_name = "FILES", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    together: u32,
    /// Do one thing after the other, and say how long each took
    #[arg(long)]
    timings: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    items: u64,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    chain: Chain,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings: Option<BTreeMap<&'static str, f64>>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    match &args.archive {
        Some(archive) => import_archive::run(&args.home, archive, output),
        None => import_messages(args, &Home::open(&args.home)?, output),
    }
}

fn import_messages(args: &Args, home: &Home, output: &Output) -> Result<Exit, Problem> {
    let files = super::messages::gather(&args.paths)?;
    let consent = Consent { new_look_up: args.new_look_up, lost_outbox: None };
    let mut intake = Intake::open(home, store_config(home)?, consent).map_err(problem)?;
    let notes = intake.ledger().notes().to_vec();
    notes.iter().for_each(|note| output.note(note));
    let path = args.rejected.clone().unwrap_or_else(|| home.intake().join("rejected.jsonl"));
    let mut rejected = Rejected::create(&path, args.show_values)?;
    let config = Config { strict: args.strict, ..Config::new(today()?) };
    let progress = output.progress(files.len() as u64, "import");
    let begun = Instant::now();
    let windows = Windows::new(files, intake.reader(config), args.together as usize);
    let mut take = |window: luqi_node::intake::Window| {
        let length = window.len() as u64;
        intake.take(window, &mut |rejection| rejected.write(rejection)).map_err(problem)?;
        rejected.flush()?;
        progress.inc(length);
        Ok::<_, Problem>(())
    };
    if args.timings {
        windows.into_iter().try_for_each(|window| take(window?))?;
    } else {
        beside(windows, take)?;
    }
    progress.finish_and_clear();
    let (counts, timings) = (intake.counts(), *intake.timings());
    let chain = Chain::of(intake.ledger());
    intake.close();
    let seconds = |(name, time): (&'static str, Duration)| (name, time.as_secs_f64());
    let of_parts = || timings.parts().into_iter().chain([("all", begun.elapsed())]).map(seconds).collect();
    let timings_answer = args.timings.then(of_parts);
    let answer = Answer { items: counts.items(), counts, chain, timings: timings_answer };
    output.answer(&answer, || text(&answer, args.timings.then_some(&timings), &path))?;
    Ok(Exit::Holds)
}

/// Reads the next window while the one before is recorded.
fn beside(
    windows: Windows,
    mut take: impl FnMut(luqi_node::intake::Window) -> Result<(), Problem>,
) -> Result<(), Problem> {
    std::thread::scope(|scope| {
        let (to, from) = sync_channel(1);
        scope.spawn(move || {
            // Nobody takes any more once recording has failed.
            let _ = windows.into_iter().try_for_each(|window| to.send(window).ok());
        });
        from.into_iter().try_for_each(|window| take(window?))
    })
}

/// The day it is in Shandong.
fn today() -> Result<Date, Problem> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let days = u32::try_from((since.as_secs() + 8 * 3600) / 86_400).unwrap_or(u32::MAX);
    let number = Date::new(1970, 1, 1).map(|epoch| epoch.day_number().saturating_add(days));
    number.and_then(Date::from_day_number).ok_or_else(no_clock)
}

fn no_clock() -> Problem {
    Problem::new(Exit::Failed, "the clock of this machine says no day that messages could be read on")
}

fn text(answer: &Answer, timings: Option<&Timings>, rejected: &Path) -> String {
    let Counts { applied, pending, refused, rejected: bad, duplicates, flagged } = answer.counts;
    let row = |what: &str, count: u64, means: &str| [what.to_owned(), count.to_string(), means.to_owned()];
    let rows = [
        row("applied", applied, "recorded"),
        row("pending", pending, "recorded or kept; sent again once the contract is there"),
        row("refused", refused, "recorded, and refused by the rules of a contract's life"),
        row("rejected", bad, "not recorded: see below"),
        row("duplicates", duplicates, "not recorded: here already"),
        row("items", answer.items, "all of these"),
        row("flagged", flagged, "recorded with a warning"),
    ];
    let mut text = table(["outcome", "items", ""], &rows);
    if let Some(timings) = timings {
        let items = answer.items.max(1) as f64;
        let row = |(name, time): (&str, Duration)| {
            let seconds = time.as_secs_f64();
            [name.to_owned(), format!("{seconds:.3}"), format!("{:.1}", seconds * 1e6 / items)]
        };
        let rows: Vec<_> = timings.parts().into_iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(["part", "seconds", "µs an item"], &rows));
    }
    text.push_str(&format!("\n{}", answer.chain));
    if bad > 0 {
        text.push_str(&format!("rejected  {}\n", rejected.display()));
    }
    text
}
