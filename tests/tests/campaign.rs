//! A short campaign, in every run of the tests.

#[test]
fn no_alteration_escapes() {
    let table = luqi_tests::campaign::run(300, 9);
    println!("{table}");
    assert!(table.failures.is_empty(), "{:#?}", table.failures);
    assert_eq!(table.sum().tried, 300);
}
