//! The two verifiers agree on every alteration of an archive.

use luqi_tests::python::Python;

#[test]
fn both_verifiers_say_the_same_of_every_edit() {
    if !Python::is_here() {
        return ledger_core::skipped::want("python3 with the package cryptography is not here");
    }
    let compared = luqi_tests::readers::run(200, 16);
    println!("{:#?}", compared.agreed);
    assert!(compared.differences.is_empty(), "{:#?}", compared.differences);
    assert_eq!(compared.agreed.values().sum::<usize>(), 200);
}
