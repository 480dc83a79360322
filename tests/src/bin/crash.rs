//! The long runs against crashes: `cargo run -p luqi-tests --release --bin crash -- --kills 200 --seed 1`
//! kills a committing process and `luqi import`, cuts their power, and fills a disk. `crash commit CHAIN LEDGER`
//! is the committing process.

use luqi_tests::crash::{Loss, commit, fill, kill, kill_imports};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, chain, ledger] = arguments.as_slice()
        && command == "commit"
    {
        commit(Path::new(chain), Path::new(ledger));
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let (kills, seed) = (number("--kills").unwrap_or(200), number("--seed").unwrap_or(1));
    let kills = usize::try_from(kills).unwrap_or(usize::MAX);
    let Ok(helper) = std::env::current_exe() else { return ExitCode::FAILURE };
    let mut holds = true;
    for loss in [Loss::Process, Loss::Power] {
        match kill(&helper, loss, kills, seed) {
            Ok(tally) => {
                // A run of this length meets every state that a kill can leave, or it has not looked.
                let met = tally.acknowledged > 0 && tally.ahead + tally.mended > 0 && tally.sealing > 0;
                holds &= tally.failures.is_empty() && met;
                println!("{loss:?} lost: {tally}");
                tally.failures.iter().for_each(|failure| println!("  {failure}"));
            }
            Err(why) => println!("{loss:?} lost: left out, {why}"),
        }
        match kill_imports(loss, kills, seed) {
            Ok(tally) => {
                holds &= tally.failures.is_empty();
                println!("{loss:?} lost during imports: {tally}");
                tally.failures.iter().for_each(|failure| println!("  {failure}"));
            }
            Err(why) => println!("{loss:?} lost during imports: left out, {why}"),
        }
    }
    match fill(&helper) {
        Ok(full) => {
            holds &= full.went_on;
            println!(
                "full disk after block {}: \"{}\"; went on when there was room: {}",
                full.before, full.said, full.went_on
            );
        }
        Err(why) => println!("full disk: left out, {why}"),
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
