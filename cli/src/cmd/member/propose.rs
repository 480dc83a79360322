//! `luqi member propose`

use super::effective::{Effective, Pace, stamp};
use super::outlook;
use super::recorded::recorded;
use super::view::{Members, check_known, submit, words};
use crate::client::{Client, block_on};
use crate::cmd::parameter::{self, Parameter};
use crate::cmd::target::Target;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use crate::typed::{hex, typed};
use clap::Subcommand;
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

const EXAMPLES: &str = "\
Examples:
  luqi member propose set-power 4 2 --effective +2h --url http://127.0.0.1:7080
  luqi member propose add-member application.json --effective 2026-12-01T09:00 --home home
  luqi member propose add-node 370100 node.json --power 1 --effective +500 --home home
  luqi member propose set-parameters pace_wait_ms=1000 --effective +1d --home home
  luqi member propose remove-member 371200 --heir 370100 --effective 12000 --home home
  luqi member propose withdraw 3f09ab --home home

The chain counts blocks: a time becomes a height by the pace of the last hundred, and both are said. It waits until
the proposal is on the chain, and ends with 0 only where the chain took it. A proposal that is not adopted by its
height lapses. A member has at most four open ones that are not adopted; withdrawals of its own, for the very same height,
are not counted.

What would leave too few voters that the node has heard lately is refused, naming who is missing; --force
proposes it all the same.";

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
    /// From when it holds: a height; +500 blocks above the tip; +2h from now (s, m, h, d); or a time, in this machine's
    /// zone or with an offset
    #[arg(long, value_name = "HEIGHT|+BLOCKS|+TIME|TIME")]
    effective: Effective,
    #[command(flatten)]
    through: Through,
}

/// Through which node.
#[derive(Debug, clap::Args)]
struct Through {
    /// End as soon as the node has it, and do not wait for what the chain makes of it
    #[arg(long)]
    no_wait: bool,
    /// Wait until it is on the chain: so it is done anyway
    #[arg(long, hide = true, conflicts_with = "no_wait")]
    wait: bool,
    /// Propose it although the chain would stand still after it, by whom the node has heard lately
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: Target,
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
        #[arg(long, value_name = "HEX", value_parser = hex::<VaultKey>)]
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
    /// Take an open proposal from the table, adopted or not
    Withdraw {
        /// Its id, or the beginning of it
        proposal: String,
        /// From when the withdrawal holds, where it needs approvals; otherwise the height of what it withdraws, which is
        /// also the first that may be named
        #[arg(long, value_name = "HEIGHT|+BLOCKS|+TIME|TIME")]
        effective: Option<Effective>,
        #[command(flatten)]
        through: Through,
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
    change: String,
    effective: Height,
    /// About when that height comes, by the chain's pace of late.
    expected: String,
    node: NodeNumber,
    sequence: u64,
    is_final: bool,
    /// The block that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<Height>,
    #[serde(skip)]
    from: String,
    #[serde(skip)]
    state: String,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let client = args.change.common().1.target.client()?;
    let answer = block_on(propose(&args.change, client, output))?;
    output.answer(&answer, || {
        let Answer { proposal, change, from, state, .. } = &answer;
        format!("proposal  {proposal}\nchange    {change}\nfrom      {from}\nstate     {state}\n")
    })?;
    Ok(Exit::Holds)
}

async fn propose(proposed: &Proposed, mut client: Client, output: &Output) -> Result<Answer, Problem> {
    let members = Members::ask(&mut client).await?;
    let pace = Pace::ask(&mut client, &members).await?;
    let change = proposed.change(&members)?;
    let (when, through) = proposed.common();
    let due = pace.due(match when {
        When::Said(effective) => pace.height(effective)?,
        When::AsNamed(proposal) => members.proposal(proposal)?.effective,
    });
    if change.withdraws().is_none()
        && let Some(little) = due.margin()?
    {
        output.note(&little);
    }
    outlook::check(&members, &change, due.height, through.force)?;
    let change_in_words = words(&change, Some(&members.in_force));
    output.note(&format!("proposed: {change_in_words}; from {}", due.words()));
    let body = serde_json::json!({"propose": {"change": change, "effective": due.height}});
    let taken = submit(&mut client, &body).await?;
    let (height, state) = if through.no_wait {
        (
            None,
            format!(
                "submitted as submission {} of node {}; it counts once the chain has it",
                taken.sequence, taken.node
            ),
        )
    } else {
        let height = recorded(&mut client, &members, &taken).await?;
        let now = Members::ask(&mut client).await?;
        (Some(height), format!("in block {height}: {}", stands(&now, &change, taken.proposal)))
    };
    Ok(Answer {
        proposal: taken.proposal,
        change: change_in_words,
        effective: due.height,
        expected: stamp(due.about),
        node: taken.node,
        sequence: taken.sequence,
        is_final: height.is_some(),
        height,
        from: due.words(),
        state,
    })
}

/// How what the chain has taken stands now.
fn stands(now: &Members, change: &Change, proposal: ProposalId) -> String {
    let open = |id| now.proposals.iter().find(|open| open.id == id);
    match (change.withdraws(), open(proposal)) {
        (Some(named), _) if open(named).is_none() => format!("proposal {named} is withdrawn"),
        (_, Some(open)) if open.adopted => "adopted".to_owned(),
        (_, Some(_)) => "it waits for approvals by more than two thirds of the voting power".to_owned(),
        (_, None) => "it is open no more: `luqi member list` shows what holds".to_owned(),
    }
}

/// From when a change holds.
enum When<'a> {
    /// It is said.
    Said(Effective),
    /// From when the proposal that it names does.
    AsNamed(&'a str),
}

impl Proposed {
    /// From when it holds, and through which node it goes.
    fn common(&self) -> (When<'_>, &Through) {
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
            | Self::Activate { common, .. } => (When::Said(common.effective), &common.through),
            Self::Withdraw { effective: Some(effective), through, .. } => (When::Said(*effective), through),
            Self::Withdraw { effective: None, proposal, through } => (When::AsNamed(proposal), through),
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
                let governance: PublicKey = serde_json::from_value(typed(governance).into())
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
pub(in crate::cmd) fn numbered(application: &Application, next: NodeNumber) -> Result<Member, Problem> {
    let mut member = application.verify().map_err(|why| Problem::new(Exit::Wrong, why))?.clone();
    let mut nodes = member.nodes.to_vec();
    for (node, number) in nodes.iter_mut().zip(next.0..) {
        node.number = NodeNumber(number);
    }
    member.nodes = List::new(nodes).map_err(too_many)?;
    Ok(member)
}

/// The public keys of a node: out of a file, or by its key files.
pub(in crate::cmd) fn public_keys(path: &Path) -> Result<List<NodeKey, MAX_KEYS>, Problem> {
    let keys: Vec<NodeKey> = if path.is_dir() { NodeKeys::read(path)?.list().into() } else { read_json(path)? };
    List::new(keys).map_err(too_many)
}

fn too_many(error: TooMany) -> Problem {
    Problem::usage(error)
}
