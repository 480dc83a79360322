//! `luqi genesis install`

use crate::cmd::ledger;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use crate::typed::typed;
use ledger_core::crypto::ChainId;
use ledger_core::genesis::Genesis;
use ledger_core::names::{MemberCode, NodeNumber};
use luqi_node::ceremony::short_hash;
use luqi_node::committer::inherit;
use luqi_node::home::{Home, read_genesis};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi genesis install --genesis genesis.json --home home
  luqi genesis install --genesis genesis.json --home home --expect 1f0c-93ab-77d2-0e41-a86b

The genesis must name the keys that `genesis apply` drew into the home; the VRF key that it brings is opened
with the member's vault key.

A genesis that continues a chain needs a home of that chain, whose node does not run: what the new one begins with is
copied out of it; and the keys, where the new home has none.
  luqi genesis install --genesis genesis.json --home new --old home";

/// Bring the genesis into a home that applied, and make it ready to run
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The genesis
    #[arg(long)]
    genesis: PathBuf,
    /// The folder that `genesis apply` made; with --old it may be new
    #[arg(long)]
    home: PathBuf,
    /// A home of the chain that the genesis continues, whose node does not run
    #[arg(long, value_name = "DIR")]
    old: Option<PathBuf>,
    /// The short hash that the members agreed on; another one ends with exit code 1
    #[arg(long, value_name = "HASH")]
    expect: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    home: PathBuf,
    node: NodeNumber,
    member: MemberCode,
    chain_id: ChainId,
    short: String,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = read_genesis(&args.genesis)?;
    let short = short_hash(&genesis.chain_id());
    if let Some(expected) = args.expect.as_ref().filter(|expected| typed(expected) != typed(&short)) {
        let what = format!("{} has the hash {short}, not {expected}", args.genesis.display());
        return Err(Problem::new(Exit::Wrong, what).next("ask the coordinator for the genesis again, and compare"));
    }
    let home = match &args.old {
        Some(old) => go_on(args, &Home::open(old)?, genesis)?,
        None => Home::install(&args.home, genesis)?,
    };
    let member = home.member().ok_or_else(|| Problem::new(Exit::Failed, "the genesis does not name this node"))?;
    let answer = Answer { home: args.home.clone(), node: home.node(), member, chain_id: home.chain_id(), short };
    output.answer(&answer, || {
        format!(
            "{} is the home of node {} of {}\nhash  {}\n",
            answer.home.display(),
            answer.node,
            answer.member,
            answer.short
        )
    })?;
    Ok(Exit::Holds)
}

/// Brings the genesis into the home of a node that goes on, with the keys that it had where it has no others, and what
/// its chain begins with.
fn go_on(args: &Args, old: &Home, genesis: Genesis) -> Result<Home, Problem> {
    if !args.home.join("keys").exists() {
        old.prepare_further(&args.home, &old.load_keys()?.node)?;
    }
    let home = if args.home.join("format").exists() {
        // The second time it is only given what its chain begins with.
        let home = Home::open(&args.home)?;
        home.expect_chain(genesis.chain_id())?;
        home
    } else {
        Home::install(&args.home, genesis)?
    };
    inherit(&home, old).map_err(ledger::problem)?;
    Ok(home)
}
