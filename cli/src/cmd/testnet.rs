//! `luqi testnet`

use super::fresh_folder;
use super::parameter::{self, Parameter};
use super::wiring;
use crate::exit::{Exit, Problem};
use crate::members::{Division, MEMBERS};
use crate::output::{Output, table};
use crate::seeded::Seeded;
use clap::value_parser;
use ledger_core::genesis::{Application, Genesis};
use ledger_core::membership::Parameters;
use ledger_core::names::{NodeNumber, Timestamp};
use luqi_node::ceremony::{Applicant, Founding, MemberKeys, collect, short_hash};
use luqi_node::durable::make_folder;
use luqi_node::home::{Home, write_json};
use luqi_node::keys::{KeyFileError, system_rng};
use rand_core::{CryptoRng, RngCore};
use serde::Serialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  luqi testnet --validators 1 --out net               one validator, the province
  luqi testnet --validators 4 --replicas 1 --out net  province and three cities, and a replica
  luqi testnet --members 370000,370100,370200,370600,370700:0 --out net  these members; Weifang a replica
  luqi testnet --validators 4 --seed 7 --out net      the same keys and chain id every time
  luqi testnet --validators 2 --hosts province,jinan --out net  each on a machine of its own

It makes net/genesis.json, the homes net/node1, net/node2 … (node 1 is the province 370000, then the
cities by code, one validator each; replicas come last and belong to the last member), and each member's
offline key net/members/CODE/governance.key. Blocks are paced for tests: after 0.2 s of waiting. Each home has
a node.toml in which the nodes find each other: on this machine from port --base-port up, two ports a node, or
with --hosts each on its own at the usual ports.";

/// Make a whole network for a test: genesis, homes, keys
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Validators, one a member
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=17))]
    validators: u8,
    /// Nodes without voting power
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u8).range(0..=7))]
    replicas: u8,
    /// These members instead, one node each: division code, and :0 where the node is a replica
    #[arg(long, value_name = "CODE[:POWER]", value_delimiter = ',', conflicts_with_all = ["validators", "replicas"])]
    members: Vec<Seat>,
    /// Folder to make it in; must be missing or empty
    #[arg(long)]
    out: PathBuf,
    /// Draw the keys from this number: reproducible, and no secret at all
    #[arg(long)]
    seed: Option<u64>,
    /// Name of the network
    #[arg(long, default_value = "testnet.luqi.example")]
    name: String,
    /// Change a parameter of the chain
    #[arg(long = "param", value_name = "KEY=VALUE")]
    parameters: Vec<Parameter>,
    /// First port of the nodes on this machine, two a node: for other nodes, and for HTTP
    #[arg(long, value_name = "PORT", default_value_t = 7100)]
    base_port: u16,
    /// Names of the nodes' machines instead, in order of their numbers
    #[arg(long, value_name = "HOST", value_delimiter = ',', conflicts_with = "base_port")]
    hosts: Vec<String>,
}

/// Where nodes find each other.
pub(super) enum Wires {
    /// On this machine, from a port up.
    From(u16),
    /// On this machine, wherever there is room.
    Free,
    /// On machines of their own.
    Hosts(Vec<String>),
}

/// A member, and the voting power of its node.
#[derive(Clone, Debug)]
struct Seat {
    division: Division,
    power: u32,
}

impl std::str::FromStr for Seat {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (code, power) = text.split_once(':').unwrap_or((text, "1"));
        let division = MEMBERS.into_iter().find(|(known, ..)| *known == code);
        let division =
            division.ok_or_else(|| format!("{code} is no division of the province; 370000 is the province"))?;
        let power = power.parse().map_err(|_| format!("the power of {code} must be a whole number"))?;
        Ok(Self { division, power })
    }
}

/// 2025-01-01T00:00:00Z, from when the notice counts: the time of a network that is the same every time.
const SEEDED_TIME: Timestamp = Timestamp(1_735_689_600_000);

/// Blocks come soon after what they carry.
fn test_pace() -> Parameters {
    Parameters { pace_wait_ms: 200, pace_seal_ms: 1_000, pace_idle_ms: 10_000, ..Parameters::default() }
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    chain_id: String,
    short: String,
    genesis: PathBuf,
    homes: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    node: NodeNumber,
    member: String,
    power: u32,
    home: PathBuf,
    governance: PathBuf,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let wires = if args.hosts.is_empty() { Wires::From(args.base_port) } else { Wires::Hosts(args.hosts.clone()) };
    let answer = make(args, &wires)?;
    output.answer(&answer, || text(&answer))?;
    Ok(Exit::Holds)
}

impl Args {
    /// What `luqi devnet` makes.
    pub(super) fn of_devnet(validators: u8, replicas: u8, out: PathBuf, parameters: Vec<Parameter>) -> Self {
        let (members, seed, hosts) = Default::default();
        let (name, base_port) = ("devnet.luqi.example".to_owned(), 0);
        Self { validators, replicas, members, out, seed, name, parameters, base_port, hosts }
    }
}

/// Makes the network.
pub(super) fn make(args: &Args, wires: &Wires) -> Result<Answer, Problem> {
    let parameters = parameter::apply(test_pace(), &args.parameters)?;
    let nodes = seats(args).iter().map(|(_, powers)| powers.len()).sum();
    let wired = match wires {
        Wires::From(port) => wiring::on_ports(*port, nodes)?,
        Wires::Free => wiring::on_free_ports(nodes)?,
        Wires::Hosts(hosts) if hosts.len() == nodes => wiring::on_hosts(hosts)?,
        Wires::Hosts(hosts) => {
            return Err(Problem::usage(format!("--hosts names {} machines for {nodes} nodes", hosts.len())));
        }
    };
    fresh_folder(&args.out)?;
    let (members, genesis) = match args.seed {
        Some(seed) => draw(args, parameters, SEEDED_TIME, &mut Seeded::new(seed))?,
        None => draw(args, parameters, super::genesis::now()?, &mut system_rng())?,
    };
    let file = args.out.join("genesis.json");
    write_json(&file, &genesis)?;
    let homes = make_homes(&args.out, &members, &genesis)?;
    wiring::write(homes.iter().map(|place| (place.node, place.home.as_path())), &wired)?;
    let chain_id = genesis.chain_id();
    Ok(Answer { chain_id: chain_id.to_string(), short: short_hash(&chain_id), homes, genesis: file })
}

/// Who is in it, and the powers of its nodes.
fn seats(args: &Args) -> Vec<(Division, Vec<u32>)> {
    if !args.members.is_empty() {
        return args.members.iter().map(|seat| (seat.division, vec![seat.power])).collect();
    }
    let validators = usize::from(args.validators);
    let replicas = |place| if place + 1 == validators { usize::from(args.replicas) } else { 0 };
    let powers = |place| [1].into_iter().chain(vec![0; replicas(place)]).collect();
    let first = MEMBERS.into_iter().take(validators);
    first.enumerate().map(|(place, division)| (division, powers(place))).collect()
}

/// Plays the whole ceremony: every member applies, one collects.
fn draw(
    args: &Args,
    parameters: Parameters,
    time: Timestamp,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(Vec<MemberKeys>, Genesis), Problem> {
    let mut members = Vec::new();
    let mut applications: Vec<Application> = Vec::new();
    for ((code, name_zh, name_en), powers) in seats(args) {
        let keys = MemberKeys::draw(powers.len(), rng);
        let code = code.parse().map_err(Problem::usage)?;
        applications.push(keys.apply(&Applicant { code, name_zh, name_en, powers: &powers })?);
        members.push(keys);
    }
    let founding = Founding { parameters, ..Founding::new(&args.name, time) };
    let genesis = collect(&applications, founding, rng)?;
    Ok((members, genesis))
}

/// Members stand in the order of their codes, and so do their keys.
fn make_homes(out: &Path, members: &[MemberKeys], genesis: &Genesis) -> Result<Vec<Place>, Problem> {
    let mut homes = Vec::new();
    for (keys, member) in members.iter().zip(genesis.membership.members()) {
        let folder = out.join("members").join(member.code.as_str());
        make_folder(&folder).map_err(KeyFileError::from)?;
        let governance = folder.join("governance.key");
        keys.write_governance(&governance)?;
        for (own, node) in keys.nodes.iter().zip(&member.nodes) {
            let home = out.join(format!("node{}", node.number));
            Home::create(&home, genesis.clone(), own, &keys.vault)?;
            let (member, power) = (member.code.to_string(), node.power);
            homes.push(Place { node: node.number, member, power, home, governance: governance.clone() });
        }
    }
    Ok(homes)
}

fn text(answer: &Answer) -> String {
    let row = |place: &Place| {
        let power = if place.power == 0 { "replica".to_owned() } else { place.power.to_string() };
        [place.node.to_string(), place.member.clone(), power, place.home.display().to_string()]
    };
    let rows: Vec<_> = answer.homes.iter().map(row).collect();
    let table = table(["node", "member", "power", "home"], &rows);
    format!("{table}\ngenesis  {}\nhash     {}\n", answer.genesis.display(), answer.short)
}
