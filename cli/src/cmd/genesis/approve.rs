//! `luqi genesis approve`

use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::crypto::SecretKey;
use ledger_core::genesis::GenesisApproval;
use ledger_core::names::MemberCode;
use luqi_node::home::{read_genesis, write_json};
use luqi_node::keys::{KeyName, read_key};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi genesis approve genesis.json --member 370100 --key governance.key --out 370100-approval.json

A genesis that continues a chain needs the approval of members with more than two thirds of the voting power at
the old chain's tip, by the governance keys that they had there: `luqi genesis verify` counts them.";

/// Approve a genesis with a member's governance key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The genesis
    genesis: PathBuf,
    /// The member that approves
    #[arg(long, value_name = "CODE")]
    member: MemberCode,
    /// File of its governance key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// File for the approval
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = read_genesis(&args.genesis)?;
    if args.out.exists() {
        return Err(Problem::usage(format!("{} is there already, and is not overwritten", args.out.display())));
    }
    let key = SecretKey::from_seed(&*read_key(&args.key, KeyName::Governance)?);
    let approval = GenesisApproval::sign(&genesis, args.member, &key);
    write_json(&args.out, &approval)?;
    output.answer(&approval, || format!("approval  {}  (give it to everybody)\n", args.out.display()))?;
    Ok(Exit::Holds)
}
