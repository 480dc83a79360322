//! An audit of a home or an archive, as its outcome.

use crate::base::Base;
use crate::luqi;
use crate::said::Said;
use ledger_core::audit::Verdict;
use std::ffi::OsStr;
use std::path::Path;

/// What is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A node's home.
    Home,
    /// An archive of the whole chain.
    Archive,
    /// An archive that begins within the chain, with the states there; it is always audited against
    /// what the auditor kept of the chain below.
    Stretch,
}

/// How it is audited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// Every certificate and every block's states.
    pub every: bool,
    /// Against what the auditor kept.
    pub from: bool,
}

/// What came of an audit.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit code; none for a crash.
    pub code: Option<i32>,
    /// What it said; none where it ended before it could say anything.
    pub said: Option<Said>,
    /// Standard error.
    pub err: String,
}

/// Audits by the binary.
///
/// # Panics
/// When it cannot be run, or its answer and its exit code are not of one mind.
#[must_use]
pub fn run(base: &Base, target: Target, path: &Path, ways: Ways) -> Outcome {
    let (genesis, bookmark) = (base.genesis_file(), base.bookmark_file());
    let what = match target {
        Target::Home => "--home",
        Target::Archive | Target::Stretch => "--archive",
    };
    let mut arguments: Vec<&OsStr> = ["audit", what].map(OsStr::new).to_vec();
    arguments.extend([path.as_os_str(), OsStr::new("--genesis"), genesis.as_os_str(), OsStr::new("--json")]);
    if ways.every {
        arguments.extend(["--certificates", "every", "--state", "every"].map(OsStr::new));
    }
    let below = base.stretch_bookmark_file();
    if target == Target::Stretch {
        arguments.extend([OsStr::new("--from"), below.as_os_str()]);
    } else if ways.from {
        arguments.extend([OsStr::new("--from"), bookmark.as_os_str()]);
    }
    let run = luqi::run(&arguments);
    let said = serde_json::from_str(&run.out).ok().as_ref().and_then(Said::read);
    let code = if run.crashed() { None } else { run.code };
    let meant = said.as_ref().map(|said| match said.verdict {
        Verdict::Holds => 0,
        Verdict::Altered => 1,
        Verdict::Undecided => 3,
    });
    if let (Some(code), Some(meant)) = (code, meant) {
        assert_eq!(code, meant, "exit code and verdict differ: {}\n{}", run.out, run.err);
    }
    assert!(code != Some(0) || said.is_some(), "0 without a report: {}\n{}", run.out, run.err);
    Outcome { code, said, err: run.err }
}
