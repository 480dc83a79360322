//! Two verifiers, one answer: an archive is altered, and both read it.
//!
//! `docs/format.md` promises that two verifiers agree on the verdict, on the height up to which they vouch with the
//! roots there, on what is signed, and, where something was altered, on the height of the lowest finding. One of
//! them is the real binary, the other `tools/verify.py`, which was written from the page alone.

use crate::audit::{self, Target, Ways};
use crate::base::Base;
use crate::dice::Dice;
use crate::edits::{Kind, kinds};
use crate::python::Python;
use crate::said::Said;
use std::collections::BTreeMap;
use std::path::Path;
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

/// What one of them says: its exit code, and its report where it gives one.
type Answer = (Option<i64>, Option<Said>);

/// Makes so many edits of archives, and has both verifiers read each.
///
/// # Panics
/// When one of them cannot be run, or the unaltered archive does not hold for both.
#[must_use]
pub fn run(edits: usize, seed: u64) -> Compared {
    let bases = [Base::new("one validator", 1), Base::new("four validators", 4)];
    let mut python = Python::start();
    for base in &bases {
        for (target, path) in [(Target::Archive, base.archive()), (Target::Stretch, base.stretch())] {
            let (first, second) = both(&mut python, base, target, &path);
            assert_eq!((first.0, &first), (Some(0), &second), "{}", base.name);
        }
    }
    let is_archive = |kind: &Kind| kind.target != Target::Home;
    let kinds: Vec<Kind> = kinds().into_iter().filter(is_archive).flat_map(|kind| vec![kind; kind.weight]).collect();
    let (compared, next) = (Mutex::new(Compared::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let mut python = Python::start();
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < edits) {
                    one(&mut python, &bases, &kinds, seed, number, &compared);
                }
            });
        }
    });
    compared.into_inner().unwrap()
}

/// One edit, with a seed of its own, so that it can be repeated alone.
fn one(python: &mut Python, bases: &[Base], kinds: &[Kind], seed: u64, number: usize, compared: &Mutex<Compared>) {
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
    let (first, second) = both(python, base, kind.target, &path);
    let mut compared = compared.lock().unwrap();
    if first == second {
        *compared.agreed.entry((kind.name, format!("{:?}", first.0))).or_default() += 1;
    } else {
        let what = format!(
            "edit {number} of seed {seed}, {}: {}: {}: luqi says {first:?}, verify.py {second:?}",
            base.name, kind.name, edit.what
        );
        compared.differences.push(what);
    }
}

fn both(python: &mut Python, base: &Base, target: Target, path: &Path) -> (Answer, Answer) {
    let first = audit::run(base, target, path, Ways { every: true, from: false });
    let below = base.stretch_bookmark_file();
    let kept = (target == Target::Stretch).then_some(below.as_path());
    let second = python.audit(&base.genesis_file(), path, kept);
    ((first.code.map(i64::from), first.said), (Some(second.code), second.said))
}
