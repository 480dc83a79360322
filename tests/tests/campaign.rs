//! Short campaigns, in every run of the tests.

use luqi_tests::chains::{self, Sample};
use luqi_tests::python::Python;

#[test]
fn no_alteration_escapes() {
    let table = luqi_tests::campaign::run(300, 9);
    println!("{table}");
    assert!(table.failures.is_empty(), "{:#?}", table.failures);
    let sum = table.sum();
    assert_eq!(sum.tried, 300);
    assert!(sum.found > 150 && sum.located > 100, "{table}");
}

#[test]
fn no_constructed_chain_is_taken_for_a_signed_one() {
    let python = Python::is_here().then_some(10);
    if python.is_none() {
        ledger_core::skipped::want("python3 with the package cryptography is not here: the chains go to one verifier");
    }
    let table = chains::run(1_500, 16, Sample { python, binary: 60 });
    println!("{table}");
    let few: Vec<_> = table.failures.iter().take(10).collect();
    assert!(few.is_empty(), "{} failures: {few:#?}", table.failures.len());
    let sum = table.sum();
    assert_eq!(sum.chains, 1_500);
    // Each verdict and each source was met often enough to say something.
    assert!(sum.holds > 40 && sum.altered > 500 && sum.undecided > 100, "{table}");
    assert!(sum.archive > 10 && sum.home > 5 && sum.node > 5, "{table}");
    assert!(python.is_none() || sum.python > 100, "{table}");
}
