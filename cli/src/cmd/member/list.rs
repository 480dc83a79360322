//! `luqi member list`

use super::outlook::{self, Outlook};
use super::view::{Members, words};
use crate::client::block_on;
use crate::cmd::target::Target;
use crate::exit::{Exit, Problem};
use crate::output::{BOLD, Output, table};
use std::fmt::Write as _;

/// List members, nodes and open proposals
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let mut client = args.target.client()?;
    let members = block_on(async { Ok(Members::ask(&mut client).await?) })?;
    output.answer(&members, || text(&members))?;
    Ok(Exit::Holds)
}

fn text(members: &Members) -> String {
    let row = |(member, node): (&ledger_core::membership::Member, &ledger_core::membership::Node)| {
        let sent = members.control.streams.iter().find(|stream| stream.node == node.number);
        let power = if node.power == 0 { "replica".to_owned() } else { node.power.to_string() };
        [
            member.code.to_string(),
            member.name_zh.to_string(),
            member.name_en.to_string(),
            node.number.to_string(),
            power,
            sent.map_or(0, |stream| stream.last.0).to_string(),
            if members.heard.contains(&node.number) { "yes" } else { "no" }.to_owned(),
        ]
    };
    let membership = &members.in_force;
    let rows: Vec<_> = membership.nodes().map(row).collect();
    let mut text = table(["code", "名称", "name", "node", "power", "last submission", "heard"], &rows);
    let (height, total, next) = (members.height, membership.total_power(), membership.next_node());
    let _ = writeln!(text, "\nafter block {height}; voting power {total} in all; the next node is number {next}");
    let _ = writeln!(text, "{}", Outlook::now(members).words());
    let rows = members.proposals.iter().map(|open| {
        let state = if open.adopted { "adopted".to_owned() } else { format!("{} of {total}", members.approving(open)) };
        let id = open.id.to_string().chars().take(12).collect();
        [id, open.proposer.to_string(), open.effective.to_string(), state, words(&open.change, Some(membership))]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n{BOLD}open proposals 未决提案{BOLD:#}\n");
        text.push_str(&table(["proposal", "by", "from block", "approved", "change"], &rows));
    }
    for open in &members.proposals {
        if let Some(outlook) =
            outlook::after(members, &open.change, open.effective).filter(|outlook| !outlook.goes_on())
        {
            let id: String = open.id.to_string().chars().take(12).collect();
            let _ = writeln!(text, "after {id} the chain would STAND STILL: {}", outlook.words());
        }
    }
    text
}
