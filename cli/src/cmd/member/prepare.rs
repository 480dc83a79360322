//! `luqi member prepare`

use crate::exit::{Exit, Problem};
use crate::output::Output;
use luqi_node::home::{Home, write_json};
use luqi_node::keys::{NodeKeys, system_rng};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi member prepare --like home --home second --out node.json
  luqi member propose add-node 370100 node.json --power 0 --effective +500 --url http://127.0.0.1:7080
  luqi member join --home second --genesis genesis.json --node 6

The new node has keys of its own and the member's vault key, which opens the network's VRF key in the genesis.";

/// Draw the keys of a further node of a member
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A home of the member, whose vault key the new one gets
    #[arg(long, value_name = "DIR")]
    like: PathBuf,
    /// Folder that becomes the new node's home
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// File for its public keys
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    if args.out.exists() {
        return Err(Problem::usage(format!("{} is there already, and is not overwritten", args.out.display())));
    }
    let keys = NodeKeys::draw(&mut system_rng());
    Home::open(&args.like)?.prepare_further(&args.home, &keys)?;
    write_json(&args.out, &keys.list())?;
    let answer = serde_json::json!({"home": args.home, "keys": args.out});
    output
        .answer(&answer, || format!("home         {}\npublic keys  {}\n", args.home.display(), args.out.display()))?;
    Ok(Exit::Holds)
}
