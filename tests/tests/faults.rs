//! The short run of faults: what the binary does at length.

use luqi_tests::net::faults;
use luqi_tests::net::fleet::Fleet;

/// Whatever happens to nodes and wires, there is one chain, and each acknowledged item is applied once.
#[test]
fn a_network_comes_through_twenty_faults() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 4, 0, &[]);
    let tally = faults::run(&mut fleet, 20, 20_261_124).unwrap_or_else(|why| panic!("{why}"));
    println!("{tally}");
    tally.left_out.iter().for_each(|why| println!("skipped: {why}"));
    assert_eq!(tally.faults.values().sum::<usize>(), 20);
    assert!(tally.items > 0 && tally.items == tally.events);
}
