//! `luqi genesis verify`

use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::crypto::{ChainId, NetworkId};
use ledger_core::genesis::{GenesisApproval, SuccessionError, verify_succession};
use ledger_core::names::{BlockHash, Height};
use luqi_node::home::{read_genesis, read_json};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi genesis verify --old old/genesis.json --new genesis.json 37*-approval.json

What it cannot tell is whether the block that the new genesis goes on from is the old chain's last: compare the
height and hash that it prints with the old chain.";

/// Verify that a genesis continues the chain of another, by the will of its members
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The members' approvals of the new genesis
    approvals: Vec<PathBuf>,
    /// The genesis of the chain that is continued
    #[arg(long, value_name = "FILE")]
    old: PathBuf,
    /// The genesis that continues it
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
}

#[derive(Debug, Serialize)]
struct Answer {
    network: NetworkId,
    old_chain: ChainId,
    new_chain: ChainId,
    /// The block of the old chain that the new one goes on from.
    height: Option<Height>,
    block: Option<BlockHash>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let (old, new) = (read_genesis(&args.old)?, read_genesis(&args.new)?);
    let approvals: Vec<GenesisApproval> =
        args.approvals.iter().map(|path| read_json(path)).collect::<Result<_, _>>()?;
    verify_succession(&old, &new, &approvals).map_err(|why| Problem::new(exit(&why), why))?;
    let tip = new.predecessor.as_ref().map(|old| &old.header);
    let answer = Answer {
        network: new.network_id(),
        old_chain: old.chain_id(),
        new_chain: new.chain_id(),
        height: tip.map(|header| header.height),
        block: tip.map(|header| header.hash()),
    };
    output.answer(&answer, || {
        let tip = tip.map_or_else(String::new, |header| format!("{} {}", header.height, header.hash()));
        format!(
            "{} continues {}\nfrom block {tip}  (compare it with the old chain)\n",
            answer.new_chain, answer.old_chain
        )
    })?;
    Ok(Exit::Holds)
}

/// Too few approvals leave the answer open; what is signed by others or continues something else is wrong.
fn exit(why: &SuccessionError) -> Exit {
    use SuccessionError as E;
    match why {
        E::NoPredecessor => Exit::Usage,
        E::NoQuorum { .. } => Exit::Undecided,
        E::Chain(_)
        | E::Network(_)
        | E::Name
        | E::Vrf
        | E::Change(_)
        | E::Membership(_)
        | E::NoMember(_)
        | E::Twice(_)
        | E::Signature(_) => Exit::Wrong,
    }
}
