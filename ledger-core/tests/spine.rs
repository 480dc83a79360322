//! The modules of this crate form a line: each uses only those above it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "this test reads the sources of the crate")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// In the order of reading; `lib.rs` has the same table.
const LINE: &[&str] = &[
    "crypto",
    "codec",
    "names",
    "outcome",
    "merkle",
    "membership",
    "governance",
    "event",
    "submission",
    "certificate",
    "block",
    "contract",
    "map",
    "lookup",
    "history",
    "genesis",
    "chain",
    "archive",
    "audit",
    "annex",
    "record",
];

/// Modules that exist for tests alone.
const TESTS: &[&str] = &["fixture", "laws", "skipped", "vectors"];

/// The page and the script that counts have the same files in the same order, and all are there.
#[test]
fn the_reading_list_is_the_same_on_the_page_and_in_the_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let counted = reading_list();
    let page = fs::read_to_string(root.join("../docs/architecture.md")).unwrap();
    let section = page.split("### What an auditor reads").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let listed: Vec<_> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();
    assert_eq!(listed, counted);
    assert!(counted.len() > 40 && counted.iter().all(|file| root.join("src").join(file).is_file()));
}

/// So many lines of code the promise has at most, without tests and comments: somebody reads it in a day.
const MOST_LINES: usize = 5_000;

#[test]
fn the_promise_is_short_enough_to_be_read() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = reading_list();
    let lines: usize = files.iter().map(|file| lines_of_code(&fs::read_to_string(src.join(file)).unwrap())).sum();
    assert!(lines <= MOST_LINES, "{lines} lines of code, of {MOST_LINES}: tools/reading_list.sh says in which files");
    // It counts something at all.
    assert!(lines > MOST_LINES / 2);
    assert_eq!(
        lines_of_code("//! Of it.\n\nfn a() {\n    // Why.\n    b();\n}\n\n#[cfg(test)]\nmod tests {\n    c();\n}\n"),
        4
    );
}

/// The files that an auditor reads, as the script has them.
fn reading_list() -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/reading_list.sh");
    let script = fs::read_to_string(script).unwrap();
    let list = script.split('"').find(|part| part.contains("codec.rs")).unwrap();
    list.split_whitespace().map(str::to_owned).collect()
}

/// Lines up to the tests that are neither empty nor comments, as the script counts them.
fn lines_of_code(text: &str) -> usize {
    let of_tests = |line: &&str| line.starts_with("mod tests {") || line.starts_with("#[cfg(any(test");
    let code = text.lines().take_while(|line| !of_tests(line)).map(str::trim_start);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn each_module_uses_only_those_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in sources(&src) {
        let inside = path.strip_prefix(&src).unwrap().with_extension("");
        let module = inside.components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
        if module == "lib" || TESTS.contains(&module.as_str()) || is_test(&inside) {
            continue;
        }
        let own = LINE.iter().position(|name| *name == module).unwrap_or_else(|| panic!("{module} has no place"));
        seen.insert(own);
        for used in uses(&fs::read_to_string(&path).unwrap()) {
            let of = LINE.iter().position(|name| *name == used).unwrap_or_else(|| panic!("{used} has no place"));
            // The encoding and the hashes know each other: a hash is over encodings, and bytes are shown in hexadecimal.
            if of > own && (module.as_str(), used.as_str()) != ("crypto", "codec") {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert_eq!(seen.len(), LINE.len(), "a module of the line is gone");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_in_lib_rs_has_the_same_order() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rows = lib.lines().filter(|line| line.starts_with("//! | [`"));
    let named: Vec<&str> =
        rows.flat_map(|row| row.split("[`").skip(1)).map(|it| it.split('`').next().unwrap()).collect();
    assert_eq!(named, LINE);
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

fn is_test(inside: &Path) -> bool {
    inside.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "any")))
}

/// The modules that a file names, up to its tests.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let paths =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| line.split("crate::").skip(1));
    let first = paths.map(|path| path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
    first
        .filter(|name| !matches!(name.as_str(), "byte_tag" | "hash_newtype") && !TESTS.contains(&name.as_str()))
        .collect()
}
