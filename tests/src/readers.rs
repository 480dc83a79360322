//! Two verifiers, one answer: an archive is altered, and both read it.
//!
//! `docs/format.md` promises that two verifiers agree on the verdict, and where both say that something
//! was altered, on height and kind of the lowest finding. One of them is the real binary, the other
//! `tools/verify.py`, which was written from the page alone.

use crate::audit::{self, Said, Target, Ways};
use crate::base::Base;
use crate::dice::Dice;
use crate::edits::{Kind, kinds};
use ledger_core::audit::Verdict;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What came of it.
#[derive(Debug, Default)]
pub struct Compared {
    /// Edits that both read, by kind and common verdict.
    pub agreed: BTreeMap<(&'static str, String), usize>,
    /// What they did not agree on, each with what it takes to repeat it.
    pub differences: Vec<String>,
}

/// What both say.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    code: Option<i32>,
    /// Height and kind, where something was altered.
    lowest: Option<(u64, String)>,
}

#[derive(Deserialize)]
struct Python {
    verdict: Verdict,
    findings: Vec<Lowest>,
}

#[derive(Deserialize)]
struct Lowest {
    height: u64,
    kind: String,
}

/// Makes so many edits of archives, and has both verifiers read each.
///
/// # Panics
/// When one of them cannot be run, or the unaltered archive does not hold for both.
#[must_use]
pub fn run(edits: usize, seed: u64) -> Compared {
    let bases = [Base::new("one validator", 1), Base::new("four validators", 4)];
    for base in &bases {
        for (target, path) in [(Target::Archive, base.archive()), (Target::Stretch, base.stretch())] {
            let (first, second) = both(base, target, &path);
            assert_eq!((first.code, &first), (Some(0), &second), "{}", base.name);
        }
    }
    let is_archive = |kind: &Kind| kind.target != Target::Home;
    let kinds: Vec<Kind> = kinds().into_iter().filter(is_archive).flat_map(|kind| vec![kind; kind.weight]).collect();
    let (compared, next) = (Mutex::new(Compared::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < edits) {
                    one(&bases, &kinds, seed, number, &compared);
                }
            });
        }
    });
    compared.into_inner().unwrap()
}

/// One edit, with a seed of its own, so that it can be repeated alone.
fn one(bases: &[Base], kinds: &[Kind], seed: u64, number: usize, compared: &Mutex<Compared>) {
    let mut dice = Dice::new(seed.wrapping_add((number as u64) << 32));
    let folder = tempfile::Builder::new().prefix("luqi-edit-").tempdir().unwrap();
    let path = folder.path().join("archive");
    let (base, kind, edit) = loop {
        let (base, kind) = (dice.pick(bases), *dice.pick(kinds));
        let source = if kind.target == Target::Archive { base.archive() } else { base.stretch() };
        std::fs::copy(source, &path).unwrap();
        if let Some(edit) = (kind.apply)(&mut dice, base, &path) {
            break (base, kind, edit);
        }
    };
    let (first, second) = both(base, kind.target, &path);
    let mut compared = compared.lock().unwrap();
    if first == second {
        *compared.agreed.entry((kind.name, format!("{:?}", first.code))).or_default() += 1;
    } else {
        let what = format!(
            "edit {number} of seed {seed}, {}: {}: {}: luqi says {first:?}, verify.py {second:?}",
            base.name, kind.name, edit.what
        );
        compared.differences.push(what);
    }
}

fn both(base: &Base, target: Target, path: &Path) -> (Answer, Answer) {
    let said = audit::run(base, target, path, Ways { every: true, from: false });
    let lowest = |said: &Said| said.findings.first().map(|finding| (finding.height.0, finding.kind.to_string()));
    let first =
        Answer { code: said.code, lowest: said.said.as_ref().and_then(lowest).filter(|_| said.code == Some(1)) };
    (first, by_python(base, target, path))
}

fn by_python(base: &Base, target: Target, path: &Path) -> Answer {
    let mut command = Command::new("python3");
    command.arg(verify()).args(["archive", "--json", "--genesis"]).arg(base.genesis_file());
    if target == Target::Stretch {
        command.arg("--from").arg(base.stretch_bookmark_file());
    }
    let output = command.arg(path).output().unwrap();
    let said: Option<Python> = serde_json::from_slice(&output.stdout).ok();
    let altered =
        said.filter(|said| said.verdict == Verdict::Altered).and_then(|said| said.findings.into_iter().next());
    Answer { code: output.status.code(), lowest: altered.map(|lowest| (lowest.height, lowest.kind)) }
}

/// Whether the second verifier can run here.
#[must_use]
pub fn is_here() -> bool {
    let run = Command::new("python3").args(["-c", "import cryptography"]).output();
    run.is_ok_and(|output| output.status.success())
}

fn verify() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/verify.py")
}
