//! Golden vectors: every hashed or signed structure, and refused bytes for every reason, in
//! `ledger-core/vectors/`. Both implementations read them.
//!
//! A test compares them with what this code gives. They are rewritten only by `make vectors`, and
//! that is a change of format: it goes into a commit of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads files and may fail by panicking"
)]

mod annex;
mod archives;
mod borders;
mod bounds;
mod chains;
mod edges;
mod faults;
mod private;
mod refused;
mod signatures;
mod structures;
mod successions;
mod verdicts;

use serde_json::{Value, json};
use sha2::Digest as _;
use std::path::{Path, PathBuf};

/// A file of vectors: its name, what it is about, its cases.
struct File {
    name: &'static str,
    about: &'static str,
    cases: Vec<Value>,
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The files, and why this code refuses what it has to refuse: in its own words, which no vector holds, so that they may
/// be mended when the vectors are frozen.
fn files() -> (Vec<File>, Vec<Value>) {
    let mut files = all();
    let mut reasons = Vec::new();
    for file in &mut files {
        for case in &mut file.cases {
            if let Some(why) = case.as_object_mut().unwrap().remove("error") {
                case["refused"] = json!(true);
                reasons.push(json!({ "file": file.name, "kind": case["kind"], "case": case["name"], "error": why }));
            }
        }
    }
    (files, reasons)
}

fn all() -> Vec<File> {
    let mut files = structures::files();
    files.extend(private::files());
    files.extend(refused::files());
    files.extend([
        archives::file(),
        bounds::file(),
        chains::file(),
        faults::file(),
        verdicts::file(),
        successions::file(),
        edges::file(),
        borders::file(),
    ]);
    files
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn text(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    text
}

/// Writes a file, or holds it against what this code gives.
fn settle(path: &Path, now: &str, write: bool, advice: &str) {
    if write {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, now).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    assert!(stored == now, "{} is not what this code gives: {advice}.", path.display());
}

/// The files that are frozen, each with its SHA-256: `digest  name`, as `sha256sum` writes them.
fn frozen() -> Vec<(String, String)> {
    let list = std::fs::read_to_string(folder().join("FROZEN")).unwrap_or_default();
    let row = |line: &str| line.split_once("  ").map(|(digest, name)| (name.to_owned(), digest.to_owned())).unwrap();
    list.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// `make vectors` writes what is not frozen; what is frozen it compares, as every test run does.
#[test]
fn the_vectors_are_what_this_code_gives() {
    let write = std::env::var_os("LUQI_WRITE_VECTORS").is_some();
    let (frozen, (files, reasons)) = (frozen(), files());
    for file in files {
        let now = text(&json!({ "about": file.about, "cases": file.cases }));
        let is_frozen = frozen.iter().any(|(name, _)| *name == format!("{}.json", file.name));
        let advice = match is_frozen {
            true => "it is frozen: what changes needs a new protocol, or a place outside the chain",
            false => "a format has changed. If that is meant, run `make vectors`",
        };
        settle(&folder().join(file.name).with_extension("json"), &now, write && !is_frozen, advice);
    }
    let words = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/reasons.json");
    settle(
        &words,
        &text(&json!(reasons)),
        write,
        "something is refused for another reason, or in other words. If that is meant, run `make vectors`",
    );
}

#[test]
fn what_is_frozen_is_as_it_was() {
    for (name, digest) in frozen() {
        let stored = std::fs::read(folder().join(&name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(hex(sha2::Sha256::digest(stored)), digest, "{name} is frozen and was changed");
    }
}
