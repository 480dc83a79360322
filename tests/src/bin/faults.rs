//! The long run of random faults against a network of real processes under load:
//! `cargo run --bin faults -- --nodes 4 --faults 300 --seed 1`. It plays the liars among them itself.

use luqi_tests::net::faults;
use luqi_tests::net::fleet::Fleet;
use luqi_tests::net::liar::{Orders, lie};
use luqi_tests::net::stand_in::StandIn;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "liar") {
        return play(arguments.get(1..).unwrap_or_default());
    }
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u32>().ok()
    };
    let (nodes, count) = (number("--nodes").unwrap_or(4), number("--faults").unwrap_or(100));
    let seed = u64::from(number("--seed").unwrap_or(1));
    let Ok(helper) = std::env::current_exe() else { return ExitCode::FAILURE };
    let Ok(folder) = tempfile::Builder::new().prefix("luqi-faults-").tempdir() else { return ExitCode::FAILURE };
    println!("{nodes} validators, {count} faults, seed {seed}, in {}", folder.path().display());
    let mut fleet = Fleet::new(folder.path(), nodes, 0, &[]);
    match faults::run(&mut fleet, count as usize, seed, &helper) {
        Ok(tally) => {
            println!("seed {seed}: {tally}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("{why}");
            // What happened can be looked at.
            println!("left in {}", folder.keep().display());
            ExitCode::FAILURE
        }
    }
}

/// `liar BLOCKS ASK HOME NODE=ADDRESS…`
fn play(arguments: &[String]) -> ExitCode {
    let [blocks, ask, home, peers @ ..] = arguments else { return ExitCode::FAILURE };
    let peers: Option<Vec<_>> = peers.iter().map(|peer| StandIn::peer(peer)).collect();
    let (Ok(blocks), Ok(ask), Some(peers)) = (blocks.parse(), ask.parse(), peers) else { return ExitCode::FAILURE };
    println!("{}", lie(&Orders { home: Path::new(home), ask, blocks, peers: &peers }));
    ExitCode::SUCCESS
}
