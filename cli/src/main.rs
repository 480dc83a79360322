//! `luqi`: one binary for every role.
//!
//! What a command answers is its exit code ([`exit`]); what it says goes through [`output`]. Each
//! subcommand is a file under [`cmd`].

mod client;
mod cmd;
mod exit;
mod interrupt;
mod log;
mod members;
mod output;
mod sample;
mod seeded;
mod typed;

use clap::Parser;
use output::Output;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  luqi testnet --validators 1 --out net          a network of one, for a first look
  luqi sample --contracts 1000 --seed 7 --out s  fictitious messages to feed it with
  luqi genesis show net/genesis.json             who is in it, and the hash that all compare
  luqi audit --home net/node1 --genesis net/genesis.json  recompute everything it holds

Exit codes:
  0  it holds          1  provably wrong (altered, forged, missing)
  2  wrong usage       3  undecided (unreachable, incomplete, not enough to say)
  4  failed for another reason (disk, lock, port)";

/// 鲁契 luqi: a ledger of labour contracts that nobody can alter unnoticed
///
/// The members of a province write signed events into one chain of blocks; whoever has the genesis can
/// recompute all of it and needs to trust none of them.
#[derive(Debug, Parser)]
#[command(name = "luqi", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Print one machine-readable object on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match cli.command.run(&output) {
        Ok(exit) => exit.into(),
        Err(problem) => {
            output.problem(&problem);
            problem.exit.into()
        }
    }
}
