//! The long run of random faults against a network of real processes under load:
//! `cargo run -p luqi-tests --release --bin faults -- --nodes 4 --faults 100 --seed 1`

use luqi_tests::net::faults;
use luqi_tests::net::fleet::Fleet;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u32>().ok()
    };
    let (nodes, count) = (number("--nodes").unwrap_or(4), number("--faults").unwrap_or(100));
    let seed = u64::from(number("--seed").unwrap_or(1));
    let Ok(folder) = tempfile::Builder::new().prefix("luqi-faults-").tempdir() else { return ExitCode::FAILURE };
    println!("{nodes} validators, {count} faults, seed {seed}, in {}", folder.path().display());
    let mut fleet = Fleet::new(folder.path(), nodes, 0, &[]);
    match faults::run(&mut fleet, count as usize, seed) {
        Ok(tally) => {
            println!("{tally}");
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
