//! A few crashes, in every run of the tests. What needs root is left out without it, and counted.

use ledger_core::skipped::leave_out;
use luqi_tests::crash::{Loss, fill, kill, kill_imports};
use std::path::Path;

const HELPER: &str = env!("CARGO_BIN_EXE_crash");

fn check(loss: Loss) {
    match kill(Path::new(HELPER), loss, 10, 3) {
        Ok(tally) => {
            println!("{tally}");
            assert!(tally.failures.is_empty(), "{:#?}", tally.failures);
            // Kills that never met a commit would say nothing.
            assert!(tally.kills == 10 && tally.acknowledged > 100 && tally.chains > 0, "{tally}");
            assert!(tally.ahead + tally.mended + tally.sealing > 0, "{tally}");
        }
        Err(why) => leave_out(why),
    }
}

#[test]
fn killed_processes_lose_nothing() {
    check(Loss::Process);
}

#[test]
fn power_cuts_lose_nothing() {
    check(Loss::Power);
}

fn check_imports(loss: Loss, kills: usize) {
    match kill_imports(loss, kills, 5) {
        Ok(tally) => {
            println!("{tally}");
            assert!(tally.failures.is_empty(), "{:#?}", tally.failures);
            assert!(tally.met > tally.homes && tally.in_the_middle > tally.homes / 2, "{tally}");
        }
        Err(why) => leave_out(why),
    }
}

#[test]
fn killed_imports_go_on_where_they_were() {
    check_imports(Loss::Process, 24);
}

#[test]
fn imports_without_power_go_on_where_they_were() {
    check_imports(Loss::Power, 12);
}

#[test]
fn a_full_disk_is_said_and_survived() {
    match fill(Path::new(HELPER)) {
        Ok(full) => {
            println!("{full:?}");
            assert!(full.before > 0 && full.said.contains("disk is full"), "{full:?}");
            assert!(full.went_on, "{full:?}");
        }
        Err(why) => leave_out(why),
    }
}
