//! `luqi genesis collect`

use super::now;
use super::show::describe;
use crate::cmd::parameter::{self, Parameter};
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::genesis::Application;
use ledger_core::membership::{Parameters, TrustPolicy};
use ledger_core::names::MemberCode;
use luqi_node::ceremony::{Founding, collect};
use luqi_node::home::{read_json, write_json};
use luqi_node::keys::system_rng;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi genesis collect 370000.json 370100.json 370200.json --name luqi.sd.example --out genesis.json
  luqi genesis collect 37*.json --name luqi.sd.example --param pace_wait_ms=1000 --out genesis.json

Members are put in the order of their codes and their nodes are numbered from 1. One member is the province.
A trust policy is a JSON file: {\"witnesses\": [], \"wanted\": 0, \"timestamp_roots\": [], \"lag\": 0}. An application that its member did not sign ends with exit code 1.";

/// Make a genesis out of the members' applications
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The members' applications, in any order
    #[arg(required = true)]
    applications: Vec<PathBuf>,
    /// Name of the network, which is also the origin of its log
    #[arg(long)]
    name: String,
    /// The member that is the province [default: the only one whose code ends in 0000]
    #[arg(long, value_name = "CODE")]
    province: Option<MemberCode>,
    /// What outsiders must have signed [default: nothing]
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Change a parameter of the chain
    #[arg(long = "param", value_name = "KEY=VALUE")]
    parameters: Vec<Parameter>,
    /// File for the genesis
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let parameters = parameter::apply(Parameters::default(), &args.parameters)?;
    if args.out.exists() {
        return Err(Problem::usage(format!("{} is there already, and is not overwritten", args.out.display())));
    }
    let applications: Vec<Application> =
        args.applications.iter().map(|path| read_json(path)).collect::<Result<_, _>>()?;
    let trust = match &args.trust {
        Some(path) => read_json(path)?,
        None => TrustPolicy::default(),
    };
    let founding = Founding { name: &args.name, province: args.province, time: now()?, parameters, trust };
    let genesis = collect(&applications, founding, &mut system_rng())?;
    write_json(&args.out, &genesis)?;
    let answer = describe(&genesis);
    output.answer(&answer, || answer.text())?;
    Ok(Exit::Holds)
}
