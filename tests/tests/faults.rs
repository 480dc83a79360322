//! The short run of faults: what the binary does at length.

use luqi_tests::net::faults;

/// Whatever happens to nodes and wires, there is one chain, and each acknowledged item is applied once.
#[test]
fn a_network_comes_through_twenty_faults() {
    let tally = faults::at_once(4, 20, 20_261_124);
    println!("{tally}");
    tally.left_out.iter().for_each(ledger_core::skipped::leave_out);
    assert_eq!(tally.faults.values().sum::<usize>(), 20);
    assert!(tally.items > 0 && tally.items == tally.events);
}
