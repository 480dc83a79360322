//! `luqi member seal-vrf`

use crate::exit::{Exit, Problem};
use crate::output::Output;
use crate::typed::hex;
use ledger_core::codec::Bytes;
use ledger_core::crypto::ChainId;
use ledger_core::membership::VaultKey;
use luqi_node::home::{Home, write_json};
use luqi_node::keys::system_rng;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi member seal-vrf --home home --to 9c1f…e2 --out vrf.json   VAULTKEY as `luqi member show CODE` has it

Only the holder of the vault key opens the file. Whoever holds the VRF key can guess at contracts, and forge
nothing: give it to members alone.";

/// Seal the network's VRF key to a member that joins
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A home of a member; its node may be running
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Vault key of the member that joins
    #[arg(long, value_name = "VAULTKEY", value_parser = hex::<VaultKey>)]
    to: VaultKey,
    /// File to make
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The VRF key of a network in its box.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedFile {
    pub(super) chain_id: ChainId,
    pub(super) to: VaultKey,
    pub(super) sealed: Bytes<256>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    if args.out.exists() {
        return Err(Problem::usage(format!("{} is there already, and is not overwritten", args.out.display())));
    }
    let home = Home::open(&args.home)?;
    let sealed = Bytes::new(home.seal_vrf(&args.to, &mut system_rng())?).map_err(Problem::usage)?;
    write_json(&args.out, &SealedFile { chain_id: home.chain_id(), to: args.to, sealed })?;
    output.answer(&serde_json::json!({"file": args.out, "to": args.to}), || {
        format!("{}  (for the holder of vault key {})\n", args.out.display(), args.to)
    })?;
    Ok(Exit::Holds)
}
