//! `luqi genesis show`

use crate::exit::{Exit, Problem};
use crate::output::{BOLD, Output, table};
use ledger_core::crypto::ChainId;
use ledger_core::genesis::Genesis;
use ledger_core::membership::{Member, Membership, Parameters};
use ledger_core::names::{MemberCode, NodeNumber, Timestamp};
use luqi_node::ceremony::short_hash;
use luqi_node::home::read_genesis;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi genesis show genesis.json
  luqi genesis show genesis.json --json | jq .short

Everybody who sees the same hash has the same members, keys and rules.";

/// Show who founds a chain, and the one short hash that everybody compares
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The genesis
    genesis: PathBuf,
}

/// A genesis, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Description {
    name: String,
    chain_id: ChainId,
    short: String,
    time: Timestamp,
    validators: usize,
    replicas: usize,
    total_power: u64,
    /// The least power that is more than two thirds.
    quorum: u64,
    members: Vec<MemberRow>,
    parameters: Parameters,
}

#[derive(Debug, Serialize)]
struct MemberRow {
    code: MemberCode,
    name_zh: String,
    name_en: String,
    governance: String,
    nodes: Vec<NodeRow>,
}

#[derive(Debug, Serialize)]
struct NodeRow {
    number: NodeNumber,
    power: u32,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let answer = describe(&read_genesis(&args.genesis)?);
    output.answer(&answer, || answer.text())?;
    Ok(Exit::Holds)
}

pub(super) fn describe(genesis: &Genesis) -> Description {
    let member = |member: &Member| MemberRow {
        code: member.code,
        name_zh: member.name_zh.to_string(),
        name_en: member.name_en.to_string(),
        governance: member.governance.key.to_string(),
        nodes: member.nodes.iter().map(|node| NodeRow { number: node.number, power: node.power }).collect(),
    };
    let voting = genesis.membership.nodes().filter(|(_, node)| node.power > 0).count();
    Description {
        name: genesis.name.to_string(),
        chain_id: genesis.chain_id(),
        short: short_hash(&genesis.chain_id()),
        time: genesis.time,
        validators: voting,
        replicas: genesis.membership.nodes().count() - voting,
        total_power: genesis.membership.total_power(),
        quorum: quorum(&genesis.membership),
        members: genesis.membership.members().iter().map(member).collect(),
        parameters: *genesis.membership.parameters(),
    }
}

/// The least voting power that decides.
fn quorum(membership: &Membership) -> u64 {
    let total = membership.total_power();
    (total.saturating_mul(2) / 3..=total).find(|power| membership.is_quorum(*power)).unwrap_or(total)
}

impl Description {
    pub(super) fn text(&self) -> String {
        let row = |(member, node): (&MemberRow, Option<&NodeRow>)| {
            let key = member.governance.chars().take(16).collect::<String>();
            let (number, power) = node.map_or_else(Default::default, |node| {
                let power = if node.power == 0 { "replica".to_owned() } else { node.power.to_string() };
                (node.number.to_string(), power)
            });
            let MemberRow { code, name_zh, name_en, .. } = member;
            [number, power, code.to_string(), name_zh.clone(), name_en.clone(), format!("{key}…")]
        };
        let rows: Vec<_> = self.members.iter().flat_map(places).map(row).collect();
        let heading = ["node", "power", "member", "名称", "name", "governance key"];
        format!(
            "{}\npower    {} in all; more than two thirds is {} or more, and no block is made with less\nnetwork  {}\nchain    {}\nhash     {BOLD}{}{BOLD:#}  (every member compares this one)\n",
            table(heading, &rows),
            self.total_power,
            self.quorum,
            self.name,
            self.chain_id,
            self.short
        )
    }
}

/// Each node of a member in a line of its own; a member without one, too.
fn places(member: &MemberRow) -> impl Iterator<Item = (&MemberRow, Option<&NodeRow>)> {
    let none = member.nodes.is_empty().then_some((member, None));
    member.nodes.iter().map(move |node| (member, Some(node))).chain(none)
}
