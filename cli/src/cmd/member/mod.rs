//! `luqi member`: who is in the membership, and how it changes.

mod approve;
mod effective;
mod join;
mod list;
mod outlook;
mod parameters;
mod prepare;
mod propose;
mod recorded;
mod seal_vrf;
mod show;
mod view;

pub(super) use propose::{numbered, public_keys};

use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::Subcommand;

const EXAMPLES: &str = "\
A change is proposed through any node, and holds from a height on once members with more than two thirds of the
voting power have approved it, each with its offline governance key:
  luqi member propose set-power 4 2 --effective +2h --url http://127.0.0.1:7080
  luqi member show PROPOSAL --url http://127.0.0.1:7080 --json > proposal.json
  luqi member approve proposal.json --member 370100 --key governance.key --genesis genesis.json --sign-only \\
      > approval.json                             on a machine without a network
  luqi member approve --approval approval.json --url http://127.0.0.1:7080

A new member, from nothing to running:
  luqi genesis apply --code 370700 --home home --out application.json         draws its keys
  luqi member propose add-member application.json --effective +2d --url …     any member; then approvals
  luqi member seal-vrf --home home-of-a-member --to VAULTKEY --out vrf.json   any member
  luqi member join --home home --genesis genesis.json --node NUMBER --vrf vrf.json
  luqi node --home home

A further node of a member: `luqi member prepare`, `propose add-node`, `join`.";

/// List, propose and approve changes of the membership; join it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(list::Args),
    Parameters(parameters::Args),
    Show(show::Args),
    Propose(propose::Args),
    Approve(approve::Args),
    Prepare(prepare::Args),
    SealVrf(seal_vrf::Args),
    Join(join::Args),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    match &args.what {
        What::List(args) => list::run(args, output),
        What::Parameters(args) => parameters::run(args, output),
        What::Show(args) => show::run(args, output),
        What::Propose(args) => propose::run(args, output),
        What::Approve(args) => approve::run(args, output),
        What::Prepare(args) => prepare::run(args, output),
        What::SealVrf(args) => seal_vrf::run(args, output),
        What::Join(args) => join::run(args, output),
    }
}
