//! `luqi sample`

use super::fresh_folder;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use crate::sample;
use clap::value_parser;
use luqi_node::home::write_json;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi sample --contracts 20000 --seed 7 --out sample
  luqi import --home net/node1 sample/messages        feed them to a ledger
  luqi sample --contracts 20000 --seed 7 --part 2 --out sample2  another city's, for a network

It makes sample/messages/*.json, whose names sort in the order of business time (2019 to 2026), and
sample/manifest.json, which says what each item was meant to be. Most items are good; 1 % are not, in every
way that the annex's rules name, some files are broken or sent twice, some contracts come after their renewal.
All people and companies are fictitious. The same seed gives the same bytes.";

/// Make believable fictitious messages of the annex
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Contracts to make; for each about 0.7 things more are reported in its life
    #[arg(long, value_parser = value_parser!(u32).range(1..=20_000_000))]
    contracts: u32,
    /// Number from which everything follows
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which of several samples with this seed, that share no employer and no contract
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=17))]
    part: u32,
    /// Folder to make them in; must be missing or empty
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    if args.part > 1 && args.contracts > sample::PART {
        return Err(Problem::usage(format!("a part has at most {} contracts", sample::PART)));
    }
    fresh_folder(&args.out)?;
    let folder = args.out.join("messages");
    fresh_folder(&folder)?;
    let progress = output.progress(0, "sample");
    let begin = |length| progress.set_length(length);
    let manifest = sample::generate(args.seed, args.part, args.contracts, &folder, begin, |more| progress.inc(more))
        .map_err(|error| Problem::file("write the messages to", &folder, &error).next("make room, and start again"))?;
    progress.finish_and_clear();
    write_json(&args.out.join("manifest.json"), &manifest)?;
    output.answer(&manifest, || manifest.text())?;
    Ok(Exit::Holds)
}
