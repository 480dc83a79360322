//! `luqi member join`

use super::seal_vrf::SealedFile;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::names::NodeNumber;
use luqi_node::ceremony::short_hash;
use luqi_node::home::{Home, read_genesis, read_json};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi member join --home home --genesis genesis.json --node 5 --vrf vrf.json   a new member
  luqi member join --home second --genesis genesis.json --node 6                a further node of a member

The number is the one that the adopted proposal gives the node. Take the genesis from somebody you trust:
`luqi genesis show` prints the hash to compare. Then name some nodes under [[network.peers]] in HOME/node.toml
(`luqi node --write-config`) and start it: it fetches the chain and follows; with voting power it votes from the
height on from which the change holds.";

/// Make the prepared home of a node that is not in the genesis a home of its chain
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder that `luqi genesis apply` or `luqi member prepare` made
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// What the chain starts from
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Number of the node
    #[arg(long, value_name = "NUMBER")]
    node: u32,
    /// The VRF key that a member sealed; a further node of a member of the genesis needs none
    #[arg(long, value_name = "FILE")]
    vrf: Option<PathBuf>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = read_genesis(&args.genesis)?;
    let chain = genesis.chain_id();
    let sealed = args.vrf.as_deref().map(read_json::<SealedFile>).transpose()?;
    if let Some(sealed) = &sealed
        && sealed.chain_id != chain
    {
        let what = format!("the VRF key is of chain {}, the genesis makes chain {chain}", sealed.chain_id);
        return Err(Problem::usage(what).next("ask a member of this chain to seal it again"));
    }
    let home = Home::join(&args.home, genesis, NodeNumber(args.node), sealed.as_ref().map(|file| &*file.sealed))?;
    let short = short_hash(&chain);
    let answer = serde_json::json!({"home": args.home, "node": home.node(), "chain_id": chain, "short": short});
    output
        .answer(&answer, || format!("{} is the home of node {}\nhash  {short}\n", args.home.display(), home.node()))?;
    Ok(Exit::Holds)
}
