//! `luqi genesis apply`

use crate::exit::{Exit, Problem};
use crate::members::MEMBERS;
use crate::output::Output;
use clap::value_parser;
use ledger_core::names::MemberCode;
use luqi_node::ceremony::{Applicant, MemberKeys};
use luqi_node::home::write_json;
use luqi_node::keys::system_rng;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi genesis apply --code 370100 --home home --out application.json
  luqi genesis apply --code 370100 --name-zh 济南市 --name-en Jinan --nodes 2 --power 1,0 \\
      --home homes --governance /media/stick/governance.key --out application.json

Keys are drawn into the home (with more nodes than one: into HOME/node1, HOME/node2 …); their public halves
go into the application, which the governance key signs. Take the governance key offline: no node needs it.";

/// Draw a member's keys and sign its application
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Division code of the member (GB/T 2260), six digits; a province's ends in 0000
    #[arg(long)]
    code: MemberCode,
    /// Name in Chinese; known for Shandong and its cities
    #[arg(long)]
    name_zh: Option<String>,
    /// Name in English; known for Shandong and its cities
    #[arg(long)]
    name_en: Option<String>,
    /// Nodes of the member
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=8))]
    nodes: u8,
    /// Voting power of each node, or one for all; 0 makes a replica
    #[arg(long, default_value = "1", value_delimiter = ',')]
    power: Vec<u32>,
    /// Folder that becomes the node's home
    #[arg(long)]
    home: PathBuf,
    /// File for the governance key [default: governance.key beside the application]
    #[arg(long)]
    governance: Option<PathBuf>,
    /// File for the application
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Serialize)]
struct Answer {
    member: MemberCode,
    application: PathBuf,
    governance: PathBuf,
    homes: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let nodes = usize::from(args.nodes);
    let powers = match args.power.as_slice() {
        [one] => vec![*one; nodes],
        each if each.len() == nodes => each.to_vec(),
        each => {
            let what = format!("--power has {} values for {nodes} nodes", each.len());
            return Err(Problem::usage(what).next("give one for all, or one for each"));
        }
    };
    let name_zh = name(args.name_zh.as_deref(), args.code, "--name-zh", |(_, zh, _)| zh)?;
    let name_en = name(args.name_en.as_deref(), args.code, "--name-en", |(_, _, en)| en)?;
    if args.out.exists() {
        return Err(Problem::usage(format!("{} is there already, and is not overwritten", args.out.display())));
    }
    let homes = match nodes {
        1 => vec![args.home.clone()],
        _ => (1..=nodes).map(|i| args.home.join(format!("node{i}"))).collect(),
    };
    let governance = args.governance.clone().unwrap_or_else(|| args.out.with_file_name("governance.key"));

    let keys = MemberKeys::draw(nodes, &mut system_rng());
    let application = keys.apply(&Applicant { code: args.code, name_zh, name_en, powers: &powers })?;
    keys.write_governance(&governance)?;
    for (number, home) in homes.iter().enumerate() {
        keys.prepare(number, home)?;
    }
    write_json(&args.out, &application)?;

    let answer = Answer { member: args.code, application: args.out.clone(), governance, homes };
    output.answer(&answer, || {
        format!(
            "application     {}  (give it to the coordinator)\ngovernance key  {}  (take it offline)\n",
            answer.application.display(),
            answer.governance.display()
        )
    })?;
    Ok(Exit::Holds)
}

/// The name that was given, or the one that is known for the code.
fn name<'a>(
    given: Option<&'a str>,
    code: MemberCode,
    option: &str,
    part: impl Fn(crate::members::Division) -> &'static str,
) -> Result<&'a str, Problem> {
    let known = || MEMBERS.into_iter().find(|(known, ..)| *known == code.as_str()).map(part);
    given.or_else(known).ok_or_else(|| Problem::usage(format!("no name is known for {code}; give {option}")))
}
