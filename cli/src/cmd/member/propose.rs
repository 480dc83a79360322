//! `luqi member propose`

use super::target::Target;
use super::view::{Members, Taken, check_known, until, words};
use crate::client::{Client, block_on};
use crate::cmd::parameter::{self, Parameter};
use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::Subcommand;
use hyper::body::Bytes;
use ledger_core::codec::{List, TooMany};
use ledger_core::crypto::PublicKey;
use ledger_core::genesis::Application;
use ledger_core::governance::Change;
use ledger_core::membership::{Key, MAX_KEYS, Member, Node, NodeKey, VaultKey};
use ledger_core::names::{Height, MemberCode, NodeNumber, ProposalId, Protocol};
use luqi_node::home::read_json;
use luqi_node::keys::NodeKeys;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  luqi member propose set-power 4 2 --effective +500 --url http://127.0.0.1:7080
  luqi member propose add-member application.json --effective 12000 --node-home home --wait
  luqi member propose add-node 370100 node.json --power 1 --effective +500 --url http://127.0.0.1:7080
  luqi member propose set-parameters pace_wait_ms=1000 --effective +500 --url http://127.0.0.1:7080
  luqi member propose remove-member 371200 --heir 370100 --effective +500 --url http://127.0.0.1:7080
  luqi member propose withdraw 3f09ab --effective 12000 --url http://127.0.0.1:7080

A proposal that is not adopted by its height lapses. A member has at most four open ones
that are not adopted; withdrawals of its own, for the very same height, are not counted.";

/// Propose a change, through a node of a member
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    change: Proposed,
}

/// From when, and through which node.
#[derive(Debug, clap::Args)]
struct Common {
    /// The height from which it holds; +BLOCKS counts from the tip
    #[arg(long, value_name = "HEIGHT|+BLOCKS")]
    effective: Effective,
    /// Wait until the proposal is on the chain
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    target: Target,
}

/// A height, or so many blocks above the tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effective {
    At(u64),
    Above(u64),
}

impl FromStr for Effective {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "expected a height such as 12000, or +500 for 500 blocks above the tip".to_owned();
        match text.strip_prefix('+') {
            Some(blocks) => blocks.parse().map(Self::Above).map_err(wrong),
            None => text.parse().map(Self::At).map_err(wrong),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Proposed {
    /// Add a member with its nodes, by the application that it signed
    AddMember {
        /// What `luqi genesis apply` made
        #[arg(value_name = "APPLICATION")]
        application: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Remove a member with its nodes; another one answers for what it kept
    RemoveMember {
        /// Its code
        code: MemberCode,
        /// The member that answers for its contracts from then on
        #[arg(long, value_name = "CODE")]
        heir: MemberCode,
        #[command(flatten)]
        common: Common,
    },
    /// Add a node to a member
    AddNode {
        /// Code of the member
        code: MemberCode,
        /// Its public keys, as `luqi member prepare` wrote them; or a folder with its key files
        #[arg(value_name = "FILE|FOLDER")]
        keys: PathBuf,
        /// Its voting power; 0 makes a replica
        #[arg(long, default_value_t = 0)]
        power: u32,
        #[command(flatten)]
        common: Common,
    },
    /// Remove a node
    RemoveNode {
        /// Its number
        node: u32,
        #[command(flatten)]
        common: Common,
    },
    /// Change the voting power of a node
    SetPower {
        /// Its number
        node: u32,
        /// Its new power; 0 makes it a replica
        power: u32,
        #[command(flatten)]
        common: Common,
    },
    /// Replace the keys of a node
    RotateNodeKeys {
        /// Its number
        node: u32,
        /// The new public keys in a file, or a folder with the key files
        #[arg(value_name = "FILE|FOLDER")]
        keys: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Replace governance and vault key of a member
    RotateMemberKeys {
        /// Its code
        code: MemberCode,
        /// Public half of the new governance key
        #[arg(long, value_name = "HEX")]
        governance: String,
        /// Public half of the new vault key
        #[arg(long, value_name = "HEX")]
        vault: VaultKey,
        #[command(flatten)]
        common: Common,
    },
    /// Change parameters of the chain
    SetParameters {
        /// What changes; the others stay as they are
        #[arg(value_name = "KEY=VALUE", required = true)]
        parameters: Vec<Parameter>,
        #[command(flatten)]
        common: Common,
    },
    /// Replace what outsiders must have signed
    SetTrust {
        /// The whole trust policy, as JSON
        #[arg(value_name = "FILE")]
        trust: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Take an open proposal from the table, adopted or not; not before the height that it names
    Withdraw {
        /// Its id, or the beginning of it
        proposal: String,
        #[command(flatten)]
        common: Common,
    },
    /// Have the next protocol hold
    Activate {
        /// Its number
        protocol: u16,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Serialize)]
struct Answer {
    proposal: ProposalId,
    effective: Height,
    sequence: u64,
    is_final: bool,
    change: String,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let common = args.change.common();
    let client = common.target.client()?;
    let answer = block_on(propose(&args.change, common, client))?;
    output.answer(&answer, || {
        let Answer { proposal, effective, change, is_final, .. } = &answer;
        let state = if *is_final { "on the chain" } else { "submitted" };
        format!("proposal  {proposal}\nchange    {change}\nfrom      block {effective}\nstate     {state}\n")
    })?;
    Ok(Exit::Holds)
}

async fn propose(proposed: &Proposed, common: &Common, mut client: Client) -> Result<Answer, Problem> {
    let members = Members::ask(&mut client).await?;
    let change = proposed.change(&members)?;
    let effective = Height(match common.effective {
        Effective::At(height) => height,
        Effective::Above(blocks) => members.height.0.saturating_add(blocks),
    });
    let body = serde_json::json!({"propose": {"change": change, "effective": effective}}).to_string();
    let taken: Taken = client.post("/v1/governance", Bytes::from(body)).await?;
    let Taken { proposal, sequence } = taken;
    if common.wait {
        let there = |members: &Members| members.proposals.iter().any(|open| open.id == proposal);
        let seen = until(&mut client, |members| there(members) || members.height >= effective).await?;
        if !there(&seen) {
            let what = format!("block {effective} is there, and proposal {proposal} was never seen open before it");
            return Err(Problem::new(Exit::Undecided, what)
                .next("`luqi member list` tells whether it holds; if not, propose it for a later height"));
        }
    }
    Ok(Answer { proposal, effective, sequence, is_final: common.wait, change: words(&change) })
}

impl Proposed {
    const fn common(&self) -> &Common {
        match self {
            Self::AddMember { common, .. }
            | Self::RemoveMember { common, .. }
            | Self::AddNode { common, .. }
            | Self::RemoveNode { common, .. }
            | Self::SetPower { common, .. }
            | Self::RotateNodeKeys { common, .. }
            | Self::RotateMemberKeys { common, .. }
            | Self::SetParameters { common, .. }
            | Self::SetTrust { common, .. }
            | Self::Withdraw { common, .. }
            | Self::Activate { common, .. } => common,
        }
    }

    /// The change, to the membership as it is.
    fn change(&self, members: &Members) -> Result<Change, Problem> {
        let next = members.in_force.next_node();
        Ok(match self {
            Self::AddMember { application, .. } => Change::AddMember(numbered(&read_json(application)?, next)?.into()),
            Self::RemoveMember { code, heir, .. } => Change::RemoveMember(*code, *heir),
            Self::AddNode { code, keys, power, .. } => {
                Change::AddNode(*code, Node { number: next, power: *power, keys: public_keys(keys)?.into() })
            }
            Self::RemoveNode { node, .. } => Change::RemoveNode(NodeNumber(*node)),
            Self::SetPower { node, power, .. } => Change::SetPower(NodeNumber(*node), *power),
            Self::RotateNodeKeys { node, keys, .. } => {
                Change::RotateNodeKeys(NodeNumber(*node), public_keys(keys)?.into())
            }
            Self::RotateMemberKeys { code, governance, vault, .. } => {
                let governance: PublicKey = serde_json::from_value(governance.as_str().into())
                    .map_err(|why| Problem::usage(format!("--governance is no public key: {why}")))?;
                Change::RotateMemberKeys(*code, Key::from(governance).into(), *vault)
            }
            Self::SetParameters { parameters, .. } => {
                Change::SetParameters(parameter::apply(*members.in_force.parameters(), parameters)?)
            }
            Self::SetTrust { trust, .. } => Change::SetTrust(read_json(trust)?),
            Self::Withdraw { proposal, .. } => Change::Withdraw(members.proposal(proposal)?.id),
            Self::Activate { protocol, .. } => {
                let change = Change::Activate(Protocol(*protocol));
                check_known(&change)?;
                change
            }
        })
    }
}

/// The member of an application, its nodes numbered from the next free number up.
fn numbered(application: &Application, next: NodeNumber) -> Result<Member, Problem> {
    let mut member = application.verify().map_err(|why| Problem::new(Exit::Wrong, why))?.clone();
    let mut nodes = member.nodes.to_vec();
    for (node, number) in nodes.iter_mut().zip(next.0..) {
        node.number = NodeNumber(number);
    }
    member.nodes = List::new(nodes).map_err(too_many)?;
    Ok(member)
}

/// The public keys of a node: out of a file, or by its key files.
fn public_keys(path: &Path) -> Result<List<NodeKey, MAX_KEYS>, Problem> {
    let keys: Vec<NodeKey> = if path.is_dir() { NodeKeys::read(path)?.list().into() } else { read_json(path)? };
    List::new(keys).map_err(too_many)
}

fn too_many(error: TooMany) -> Problem {
    Problem::usage(error)
}

#[cfg(test)]
mod tests {
    use super::Effective;

    #[test]
    fn a_height_is_named_or_counted_from_the_tip() {
        assert_eq!("12000".parse(), Ok(Effective::At(12_000)));
        assert_eq!("+500".parse(), Ok(Effective::Above(500)));
        for wrong in ["", "+", "-1", "soon", "1.5"] {
            assert!(wrong.parse::<Effective>().is_err(), "{wrong}");
        }
    }
}
