//! The short run of faults: what the binary does at length.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use luqi_tests::net::faults::{self, Kind};
use luqi_tests::net::namespaces::Namespaces;
use luqi_tests::net::partitions::{self, NODES, Shape};
use std::path::Path;
use std::time::Duration;

/// It plays the liars.
const HELPER: &str = env!("CARGO_BIN_EXE_faults");

/// Whatever happens to nodes, wires, disks and clocks, and whoever lies: there is one chain, and each acknowledged item
/// is applied once. Each kind strikes at least once.
#[test]
fn a_network_comes_through_twenty_faults() {
    let tally = faults::at_once(4, 20, 20_261_124, Path::new(HELPER));
    println!("{tally}");
    for (kind, why) in &tally.left_out {
        ledger_core::skipped::leave_out(format_args!("{}: {why}", kind.name()));
    }
    for kind in Kind::ALL {
        assert!(tally.struck.contains_key(&kind) != tally.left_out.contains_key(&kind), "{kind:?}: {tally}");
    }
    assert!(tally.items > 200 && tally.height > 20, "there was next to no load: {tally}");
}

/// Wires break without a word, each way once. The long ones are in `make partitions`.
#[test]
fn a_block_comes_within_ten_seconds_of_a_wire_that_is_whole_again() {
    let seconds = Duration::from_secs;
    let shapes = [
        Shape::Halves(seconds(20)),
        Shape::Mute(2, seconds(8)),
        Shape::Deaf(3, seconds(8)),
        Shape::OldFlows,
        Shape::Reboot(4, seconds(3)),
    ];
    let namespaces = match Namespaces::new(NODES) {
        Ok(namespaces) => namespaces,
        Err(why) => return ledger_core::skipped::leave_out(format_args!("partitions in namespaces: {why}")),
    };
    let took = partitions::run(&namespaces, &shapes).unwrap();
    assert_eq!(took.len(), shapes.len());
    for (shape, took) in shapes.iter().zip(took) {
        assert!(took <= partitions::WITHIN, "{shape}: {took:?}");
    }
}
