//! The short run of faults: what the binary does at length.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use luqi_tests::net::faults;
use luqi_tests::net::partitions::{self, Shape};
use std::time::Duration;

/// Whatever happens to nodes and wires, there is one chain, and each acknowledged item is applied once.
#[test]
fn a_network_comes_through_twenty_faults() {
    let tally = faults::at_once(4, 20, 20_261_124);
    println!("{tally}");
    tally.left_out.iter().for_each(ledger_core::skipped::leave_out);
    assert_eq!(tally.faults.values().sum::<usize>(), 20);
    assert!(tally.items > 0 && tally.items == tally.events);
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
    let Some(took) = partitions::run(&shapes).unwrap() else { return };
    assert_eq!(took.len(), shapes.len());
    for (shape, took) in shapes.iter().zip(took) {
        assert!(took <= partitions::WITHIN, "{shape}: {took:?}");
    }
}
