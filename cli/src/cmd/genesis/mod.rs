//! `luqi genesis`: the ceremony in which members found a chain.

mod apply;
mod approve;
mod collect;
mod go_on;
mod install;
mod show;
mod verify;

use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::Subcommand;
use ledger_core::names::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

const EXAMPLES: &str = "\
The ceremony:
  1. every member      luqi genesis apply --code 370100 --home home --out application.json
  2. a coordinator     luqi genesis collect 37*.json --name luqi.sd.example --out genesis.json
  3. every member      luqi genesis show genesis.json        and compares the hash by telephone
  4. every node        luqi genesis install --genesis genesis.json --home home --expect HASH

The coordinator learns no secret key of a member, and cannot change what a member signed. He draws the key
that makes subjects, seals it to every member and forgets it.";

/// Found a chain, or continue one: apply, collect, show, install, continue, approve, verify
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    Apply(apply::Args),
    Collect(collect::Args),
    Show(show::Args),
    Install(install::Args),
    Approve(approve::Args),
    Verify(verify::Args),
    #[command(name = "continue")]
    GoOn(go_on::Args),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    match &args.step {
        Step::Apply(args) => apply::run(args, output),
        Step::Collect(args) => collect::run(args, output),
        Step::Show(args) => show::run(args, output),
        Step::Install(args) => install::run(args, output),
        Step::Approve(args) => approve::run(args, output),
        Step::Verify(args) => verify::run(args, output),
        Step::GoOn(args) => go_on::run(args, output),
    }
}

/// The clock, in milliseconds.
pub(super) fn now() -> Result<Timestamp, Problem> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let millis = since.and_then(|since| u64::try_from(since.as_millis()).ok());
    millis.map(Timestamp).ok_or_else(|| Problem::new(Exit::Failed, "the clock of this machine stands before 1970"))
}
