//! `luqi genesis continue`

use super::now;
use super::show::describe;
use crate::cmd::ledger;
use crate::cmd::member::{numbered, public_keys};
use crate::cmd::parameter::{self, Parameter};
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::governance::Change;
use ledger_core::membership::Membership;
use ledger_core::names::{MemberCode, NodeNumber, PROTOCOL};
use luqi_node::ceremony::continued;
use luqi_node::committer::predecessor;
use luqi_node::home::{Home, read_json, write_json};
use luqi_node::keys::system_rng;
use std::path::PathBuf;
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  luqi genesis continue --home home --remove-node 3 --remove-node 4 --out genesis.json
  luqi genesis continue --home home --rotate-node 3=node.json --add-member 370700.json --out genesis.json
  luqi genesis approve genesis.json --member 370100 --key governance.key --out 370100-approval.json   every member
  luqi genesis verify --old home/genesis.json --new genesis.json 37*-approval.json                    everybody
  luqi genesis install --genesis genesis.json --home new --old home                                   every node

Where a third or more of the voting keys is lost for good, no vote can put others in their place: the members found
the chain anew, and log, contracts, streams and VRF key go on. Take the home that has the highest tip; its node must
not run. The changes are made in the order members, nodes, keys, powers, removals.";

/// Make a genesis that goes on from the chain of a home
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A home of the old chain, whose node does not run
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// A member that is added, by the application that it signed
    #[arg(long, value_name = "FILE")]
    add_member: Vec<PathBuf>,
    /// A node that gets other keys: its number, and a file or folder as `luqi member propose rotate-node-keys` takes it
    #[arg(long, value_name = "NODE=FILE|FOLDER")]
    rotate_node: Vec<Named<NodeNumber, PathBuf>>,
    /// A node that gets another voting power
    #[arg(long, value_name = "NODE=POWER")]
    set_power: Vec<Named<NodeNumber, u32>>,
    /// A node that is left out
    #[arg(long, value_name = "NODE")]
    remove_node: Vec<u32>,
    /// A member that is left out with its nodes, and the one that answers for it
    #[arg(long, value_name = "CODE=HEIR")]
    remove_member: Vec<Named<MemberCode, MemberCode>>,
    /// Change a parameter of the chain
    #[arg(long = "param", value_name = "KEY=VALUE")]
    parameters: Vec<Parameter>,
    /// File for the genesis
    #[arg(long)]
    out: PathBuf,
}

/// What is named, and what for.
#[derive(Clone, Debug)]
struct Named<K, V>(K, V);

impl<K: Key, V: FromStr> FromStr for Named<K, V> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected two parts with = between them, and found {text}");
        let (key, value) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self(K::of(key).ok_or_else(wrong)?, value.parse().map_err(|_| wrong())?))
    }
}

/// What can be named.
trait Key: Sized {
    fn of(text: &str) -> Option<Self>;
}

impl Key for NodeNumber {
    fn of(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Key for MemberCode {
    fn of(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    if args.out.exists() {
        return Err(Problem::usage(format!("{} is there already, and is not overwritten", args.out.display())));
    }
    let old = Home::open(&args.home)?;
    let predecessor = predecessor(&old).map_err(ledger::problem)?;
    let membership = args.changed(predecessor.next.clone())?;
    let genesis = continued(&old, predecessor, membership, now()?, &mut system_rng())?;
    write_json(&args.out, &genesis)?;
    let answer = describe(&genesis);
    output.answer(&answer, || answer.text())?;
    Ok(Exit::Holds)
}

impl Args {
    /// The membership at the old tip, with what is to be another one.
    fn changed(&self, mut membership: Membership) -> Result<Membership, Problem> {
        let mut apply = |change: &dyn Fn(&Membership) -> Result<Change, Problem>| {
            let change = change(&membership)?;
            let (changed, _) = change.apply(&membership, PROTOCOL).map_err(Problem::usage)?;
            membership = changed;
            Ok::<(), Problem>(())
        };
        for application in &self.add_member {
            apply(&|at| Ok(Change::AddMember(numbered(&read_json(application)?, at.next_node())?.into())))?;
        }
        for Named(node, keys) in &self.rotate_node {
            apply(&|_| Ok(Change::RotateNodeKeys(*node, public_keys(keys)?.into())))?;
        }
        for Named(node, power) in &self.set_power {
            apply(&|_| Ok(Change::SetPower(*node, *power)))?;
        }
        for node in &self.remove_node {
            apply(&|_| Ok(Change::RemoveNode(NodeNumber(*node))))?;
        }
        for Named(code, heir) in &self.remove_member {
            apply(&|_| Ok(Change::RemoveMember(*code, *heir)))?;
        }
        if !self.parameters.is_empty() {
            apply(&|at| Ok(Change::SetParameters(parameter::apply(*at.parameters(), &self.parameters)?)))?;
        }
        Ok(membership)
    }
}
