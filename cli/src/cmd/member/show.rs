//! `luqi member show`

use super::effective::{Due, Pace, stamp};
use super::outlook;
use super::view::{Members, words};
use crate::client::block_on;
use crate::cmd::target::Target;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::governance::{Change, OpenProposal};
use ledger_core::membership::{Member, Parameters, escaped};
use ledger_core::names::MemberCode;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Show a member with its nodes and keys, or an open proposal
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Division code of a member, or the id of a proposal, or its beginning
    #[arg(value_name = "CODE|PROPOSAL")]
    what: String,
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let mut client = args.target.client()?;
    let (members, pace) = block_on(async {
        let members = Members::ask(&mut client).await?;
        let pace = Pace::ask(&mut client, &members).await?;
        Ok((members, pace))
    })?;
    let member = args.what.parse::<MemberCode>().ok().and_then(|code| members.in_force.member(code));
    match member {
        Some(member) => output.answer(member, || of_member(member))?,
        None => {
            let open = members.proposal(&args.what)?;
            let due = pace.due(open.effective);
            let changes_parameters = matches!(*open.change, Change::SetParameters(_));
            let in_force = changes_parameters.then(|| *members.in_force.parameters());
            let shown = Shown { open, shown: Aside { expected: stamp(due.about), in_force } };
            output.answer(&shown, || of_proposal(&members, open, due))?;
        }
    }
    Ok(Exit::Holds)
}

fn of_member(member: &Member) -> String {
    let Member { code, name_zh, name_en, governance, vault, nodes } = member;
    let (name_zh, name_en): (&str, &str) = (name_zh, name_en);
    let mut text = format!("{code} {name_zh} {name_en}\ngovernance  {}\nvault       {vault}\n", governance.key);
    for node in nodes {
        let _ = writeln!(text, "node {}, power {}", node.number, node.power);
        for key in &node.keys {
            let purpose = format!("{:?}", key.purpose).to_lowercase();
            let _ = writeln!(text, "  {purpose:<10}  {}", key.key);
        }
    }
    text
}

/// A proposal, and beside it what is no part of it: its id covers change and height alone.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    open: &'a OpenProposal,
    shown: Aside,
}

/// What a node says beside a proposal.
#[derive(Serialize, Deserialize)]
pub(super) struct Aside {
    /// About when its height comes.
    pub(super) expected: String,
    /// The parameters that hold, where it changes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_force: Option<Parameters>,
}

fn of_proposal(members: &Members, open: &OpenProposal, due: Due) -> String {
    let OpenProposal { id, proposer, change, effective: _, approvals, adopted } = open;
    let approvals: Vec<String> = approvals.iter().map(ToString::to_string).collect();
    let (power, total) = (members.approving(open), members.in_force.total_power());
    let state = if *adopted { "adopted" } else { "more than two thirds are needed" };
    let json = serde_json::to_string_pretty(&**change).unwrap_or_default();
    let json = json.lines().map(escaped).collect::<Vec<_>>().join("\n");
    let outlook = outlook::after(members, change, open.effective).map_or_else(String::new, |outlook| {
        let goes_on = if outlook.goes_on() { "" } else { "the chain would STAND STILL: " };
        format!("after it   {goes_on}{}\n", outlook.words())
    });
    format!(
        "proposal   {id}\nby         {proposer}\nchange     {}\nfrom       {} (the tip is block {})\napproved   {power} of {total} by {}: {state}\n{outlook}\n{json}\n",
        words(change, Some(&members.in_force)),
        due.words(),
        members.height,
        if approvals.is_empty() { "nobody".to_owned() } else { approvals.join(" ") },
    )
}
