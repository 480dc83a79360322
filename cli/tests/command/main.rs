//! The real binary, driven as a user drives it: what it answers, what it leaves behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod audit;
mod ceremony;
mod evidence;
mod help;
mod import;
mod keygen;
mod member;
mod node;
mod nodes;
mod sample;
mod served;
mod show;
mod states;
mod submit;
mod testnet;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `luqi` in a folder.
fn luqi(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqi")).current_dir(folder).args(arguments).output().unwrap()
}

/// Runs it with `--json`, wants this exit code, and gives the object.
fn json(folder: &Path, exit: i32, arguments: &[&str]) -> Value {
    let output = luqi(folder, &[arguments, &["--json"]].concat());
    let shown = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {shown}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "one object on one line: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Permissions of a file.
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file below a folder with its bytes, by path.
fn bytes(folder: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
