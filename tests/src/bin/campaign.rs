//! The long campaigns: `cargo run -p luqi-tests --release --bin campaign -- --edits 10000 --seed 1` alters a store
//! and audits it, `--readers N` has N altered archives read by both verifiers, and `--chains N` constructs N chains
//! as a forger would and has every verifier judge them.

use luqi_tests::chains::{self, Sample};
use luqi_tests::python::Python;
use luqi_tests::{campaign, readers};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| -> Option<u64> {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (seed, begun) = (number("--seed").unwrap_or(1), Instant::now());
    let failures = if let Some(edits) = number("--readers") {
        let compared = readers::run(count(edits), seed);
        compared.agreed.iter().for_each(|((kind, verdict), count)| println!("{count:>6}  {verdict:<8} {kind}"));
        compared.differences
    } else if let Some(chains) = number("--chains") {
        let python = Python::is_here().then(|| count(number("--python").unwrap_or(8)).max(1));
        let binary = count(number("--binary").unwrap_or(100)).max(1);
        let table = chains::run(count(chains), seed, Sample { python, binary });
        println!("{table}");
        table.failures
    } else {
        let table = campaign::run(count(number("--edits").unwrap_or(10_000)), seed);
        println!("{table}");
        table.failures
    };
    failures.iter().for_each(|failure| println!("{failure}"));
    println!("{} failures, seed {seed}, {:.0} s", failures.len(), begun.elapsed().as_secs_f64());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
