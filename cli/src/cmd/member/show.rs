//! `luqi member show`

use super::outlook;
use super::target::Target;
use super::view::{Members, words};
use crate::client::block_on;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::governance::OpenProposal;
use ledger_core::membership::{Member, escaped};
use ledger_core::names::MemberCode;
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
    let members = block_on(async { Ok(Members::ask(&mut client).await?) })?;
    let member = args.what.parse::<MemberCode>().ok().and_then(|code| members.in_force.member(code));
    match member {
        Some(member) => output.answer(member, || of_member(member))?,
        None => {
            let open = members.proposal(&args.what)?;
            output.answer(open, || of_proposal(&members, open))?;
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

fn of_proposal(members: &Members, open: &OpenProposal) -> String {
    let OpenProposal { id, proposer, change, effective, approvals, adopted } = open;
    let approvals: Vec<String> = approvals.iter().map(ToString::to_string).collect();
    let (power, total) = (members.approving(open), members.in_force.total_power());
    let state = if *adopted { "adopted" } else { "more than two thirds are needed" };
    let json = serde_json::to_string_pretty(&**change).unwrap_or_default();
    let json = json.lines().map(escaped).collect::<Vec<_>>().join("\n");
    let outlook = outlook::after(members, change, *effective).map_or_else(String::new, |outlook| {
        let goes_on = if outlook.goes_on() { "" } else { "the chain would STAND STILL: " };
        format!("after it   {goes_on}{}\n", outlook.words())
    });
    format!(
        "proposal   {id}\nby         {proposer}\nchange     {}\nfrom block {effective} (now {})\napproved   {power} of {total} by {}: {state}\n{outlook}\n{json}\n",
        words(change),
        members.height,
        if approvals.is_empty() { "nobody".to_owned() } else { approvals.join(" ") },
    )
}
