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
mod chains;
mod faults;
mod private;
mod refused;
mod signatures;
mod structures;

use serde_json::{Value, json};
use std::path::PathBuf;

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

fn files() -> Vec<File> {
    let mut files = structures::files();
    files.extend(private::files());
    files.extend(refused::files());
    files.extend([archives::file(), chains::file(), faults::file()]);
    files
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn text(file: &File) -> String {
    let value = json!({ "about": file.about, "cases": file.cases });
    let mut text = serde_json::to_string_pretty(&value).unwrap();
    text.push('\n');
    text
}

#[test]
fn the_vectors_are_what_this_code_gives() {
    let write = std::env::var_os("LUQI_WRITE_VECTORS").is_some();
    for file in files() {
        let path = folder().join(file.name).with_extension("json");
        let now = text(&file);
        if write {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, now).unwrap();
            continue;
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        assert!(
            stored == now,
            "{} is not what this code gives: a format has changed. If that is meant, run `make vectors`.",
            path.display()
        );
    }
}
