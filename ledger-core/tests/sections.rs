//! Every section of `docs/format.md` is named by the code that implements it, as `format.md §n`.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "this test reads the sources of the crate")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Sections of which no code is made: worked examples.
const WITHOUT_CODE: &[&str] = &["17"];

#[test]
fn every_section_of_the_page_is_named_where_it_is_implemented() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(core.join("../docs/format.md")).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let sections: BTreeSet<String> = headings.map(|heading| heading.split(' ').next().unwrap().to_owned()).collect();
    let mut named = BTreeSet::new();
    read(&core.join("src"), &mut named);
    let missing: Vec<_> =
        sections.iter().filter(|n| !named.contains(*n) && !WITHOUT_CODE.contains(&n.as_str())).collect();
    let unknown: Vec<_> = named.iter().filter(|n| !sections.contains(*n)).collect();
    assert!(missing.is_empty(), "no line of src names these sections: {missing:?}");
    assert!(unknown.is_empty(), "src names sections that the page does not have: {unknown:?}");
}

fn read(folder: &Path, named: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, named);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for after in text.split("format.md §").skip(1) {
            named.insert(after.chars().take_while(char::is_ascii_digit).collect());
        }
    }
}
