//! Tests that are left out, and said: what is missing here is one line in the file that `LUQI_SKIPPED` names.
//! `make test` prints and counts these lines at its end. A test harness shows nothing of what a passing test
//! prints, so a line there would be lost.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::expect_used,
    reason = "only tests use this module: they may read their environment, write a file and panic"
)]

use std::fmt::Display;
use std::io::Write;

/// Leaves out the test that calls, for something that cannot be installed: another user, a kernel's feature,
/// files that may not be copied.
///
/// # Panics
/// When the file that `LUQI_SKIPPED` names cannot be written: the line would be lost.
pub fn leave_out(why: impl Display) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {why}\n", thread.name().unwrap_or("a test"));
    eprint!("{line}");
    if let Some(path) = std::env::var_os("LUQI_SKIPPED") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        // One write: several tests append at the same time.
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("LUQI_SKIPPED names a file that can be written");
    }
}

/// The same for something that can be installed: where `CI` is `true` it has to be there.
///
/// # Panics
/// Where `CI` is `true`.
pub fn want(why: impl Display) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "with CI=true this test may not be left out: {why}");
    leave_out(why);
}
