//! The real binary: built once, run, and judged by what a user sees of it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The `luqi` binary: the one that `LUQI_BIN` names, or else built here, in the profile of these
/// tests.
///
/// # Panics
/// When it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("LUQI_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--message-format", "json"]);
    // The very selection that the tests are built with: another one has other features of the same
    // dependencies, and would compile all of them once more.
    let selection: &[&str] =
        if cfg!(debug_assertions) { &["--workspace", "--bins", "--tests"] } else { &["--release", "-p", "luqi"] };
    cargo.args(selection);
    // What cargo tells a running test of its own package would look like a change to the build scripts that
    // watch it, and everything above them would be compiled again.
    for (name, _) in std::env::vars_os() {
        let told =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if told {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "luqi does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_binary = message["target"]["name"] == "luqi" && message["profile"]["test"] == false;
        is_binary.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    executable.expect("cargo names the binary")
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// A crash: ended by a signal, by an unknown code, or by a panic.
    #[must_use]
    pub fn crashed(&self) -> bool {
        !matches!(self.code, Some(0..=4)) || self.err.contains("panicked at")
    }
}

/// Runs `luqi` to its end.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(arguments: &[&std::ffi::OsStr]) -> Run {
    let output = Command::new(binary()).args(arguments).stdin(Stdio::null()).output().expect("luqi runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}
