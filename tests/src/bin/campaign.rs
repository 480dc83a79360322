//! The long campaign: `cargo run -p luqi-tests --release --bin campaign -- --edits 10000 --seed 1`.
//!
//! With `--readers N` instead of `--edits`, N altered archives are read by both verifiers.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let (edits, seed) = (number("--edits").unwrap_or(10_000), number("--seed").unwrap_or(1));
    let begun = std::time::Instant::now();
    if let Some(edits) = number("--readers") {
        let compared = luqi_tests::readers::run(usize::try_from(edits).unwrap_or(usize::MAX), seed);
        compared.agreed.iter().for_each(|((kind, verdict), count)| println!("{count:>6}  {verdict:<8} {kind}"));
        compared.differences.iter().for_each(|difference| println!("{difference}"));
        println!("{} differences, seed {seed}, {:.0} s", compared.differences.len(), begun.elapsed().as_secs_f64());
        return if compared.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let table = luqi_tests::campaign::run(usize::try_from(edits).unwrap_or(usize::MAX), seed);
    println!("{table}");
    println!("{} failures, seed {seed}, {:.0} s", table.failures.len(), begun.elapsed().as_secs_f64());
    if table.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
