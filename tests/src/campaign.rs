//! No alteration escapes: thousands of edits, each on a fresh copy, each judged by the audit of the
//! real binary.
//!
//! Each kind of edit has its answer ([`Promise`]), and any other is a failure: *altered* names the block, *undecided*
//! vouches for what lies below it, and *holds* is said of the original chain alone, or of a shorter or rewritten one
//! that what the auditor kept gives away. An audit that crashes fails the campaign too.

use crate::audit::{self, Outcome, Target, Ways};
use crate::base::Base;
use crate::dice::Dice;
use crate::edits::{Edit, Kind, Promise, kinds};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What became of the edits of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// Edits that were made.
    pub tried: usize,
    /// Answered with 1.
    pub found: usize,
    /// Of these, how many name the altered block or event.
    pub located: usize,
    /// Of those found, how many have a place that can be named.
    pub placed: usize,
    /// Answered with 3.
    pub undecided: usize,
    /// Answered with 0, since what was read is the original chain.
    pub original: usize,
    /// Answered with 0 for a valid chain that only what the auditor kept gives away, as it did.
    pub kept: usize,
    /// Not audited, with the reason said.
    pub refused: usize,
}

/// What came of a campaign.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<&'static str, Row>,
    /// Escapes and crashes, each with what it takes to repeat it.
    pub failures: Vec<String>,
}

impl Table {
    /// Every edit together.
    #[must_use]
    pub fn sum(&self) -> Row {
        let add = |sum: Row, row: &Row| Row {
            tried: sum.tried + row.tried,
            found: sum.found + row.found,
            located: sum.located + row.located,
            placed: sum.placed + row.placed,
            undecided: sum.undecided + row.undecided,
            original: sum.original + row.original,
            kept: sum.kept + row.kept,
            refused: sum.refused + row.refused,
        };
        self.rows.values().fold(Row::default(), add)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["tried", "found", "located", "of", "undecided", "original", "by --from", "refused"];
        let mut line = format!("{:<72}", "kind of edit");
        head.iter().for_each(|name| write!(line, "{name:>10}").unwrap());
        writeln!(f, "{line}")?;
        let total = self.sum();
        for (name, row) in self.rows.iter().chain([(&"all", &total)]) {
            let Row { tried, found, located, placed, undecided, original, kept, refused } = *row;
            write!(f, "{name:<72}")?;
            for number in [tried, found, located, placed, undecided, original, kept, refused] {
                write!(f, "{number:>10}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Makes so many edits and audits each.
///
/// # Panics
/// When an edit cannot be made, or the unaltered evidence does not hold.
#[must_use]
pub fn run(edits: usize, seed: u64) -> Table {
    let bases = [Base::new("one validator", 1), Base::new("four validators", 4)];
    bases.iter().for_each(unaltered);
    let kinds: Vec<Kind> = kinds().into_iter().flat_map(|kind| vec![kind; kind.weight]).collect();
    let table = Mutex::new(Table::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < edits) {
                    one(&bases, &kinds, seed, number, &table);
                }
            });
        }
    });
    table.into_inner().unwrap()
}

/// The unaltered evidence holds, in every way.
fn unaltered(base: &Base) {
    for (target, path) in
        [(Target::Home, base.home()), (Target::Archive, base.archive()), (Target::Stretch, base.stretch())]
    {
        for ways in [Ways::default(), Ways { every: true, from: true }] {
            let outcome = audit::run(base, target, &path, ways);
            assert!(outcome.code == Some(0) && is_original(base, &outcome), "{}: {outcome:?}", base.name);
        }
    }
}

fn is_original(base: &Base, outcome: &Outcome) -> bool {
    let (tip, log_root) = (base.tip.to_string(), base.log_root.to_string());
    let said = outcome.said.as_ref();
    said.is_some_and(|said| (said.tip.as_ref(), said.log_root.as_ref()) == (Some(&tip), Some(&log_root)))
}

/// One edit: made on a fresh copy, audited, judged. Each has a seed of its own, so that it can be
/// repeated alone.
fn one(bases: &[Base], kinds: &[Kind], seed: u64, number: usize, table: &Mutex<Table>) {
    let mut dice = Dice::new(seed.wrapping_add((number as u64) << 32));
    let folder = tempfile::Builder::new().prefix("luqi-edit-").tempdir().unwrap();
    let path = folder.path().join("evidence");
    let (base, kind, edit) = loop {
        let (base, kind) = (dice.pick(bases), *dice.pick(kinds));
        copy(base, kind.target, &path);
        if let Some(edit) = (kind.apply)(&mut dice, base, &path) {
            break (base, kind, edit);
        }
        remove(&path);
    };
    let ways = Ways { every: dice.one_in(4), from: false };
    let outcome = audit::run(base, kind.target, &path, ways);
    let judged = judge(base, kind, &path, &edit, &outcome);
    let mut table = table.lock().unwrap();
    let row = table.rows.entry(kind.name).or_default();
    row.tried += 1;
    match &judged {
        Ok(Answer::Found) => {
            row.found += 1;
            row.placed += usize::from(edit.height.is_some());
            row.located += usize::from(is_located(&edit, &outcome));
        }
        Ok(Answer::Undecided) => row.undecided += 1,
        Ok(Answer::Original) => row.original += 1,
        Ok(Answer::Kept) => row.kept += 1,
        Ok(Answer::Refused) => row.refused += 1,
        Err(why) => {
            let what = &edit.what;
            let failure = format!(
                "edit {number} of seed {seed}, {}, {}, {what}: {why}; {ways:?}, {:?}\n{outcome:?}",
                base.name, kind.name, edit.promise
            );
            eprintln!("{failure}");
            table.failures.push(failure);
        }
    }
}

enum Answer {
    Found,
    Undecided,
    Original,
    Kept,
    Refused,
}

/// Whether the answer is one that the edit's promise allows.
fn judge(base: &Base, kind: Kind, path: &Path, edit: &Edit, outcome: &Outcome) -> Result<Answer, String> {
    use Promise::{Altered, Derived, Loose, Named, Noticed, Rewritten, Shorter, Signed, Stale, Undecided};
    let Some(code) = outcome.code else { return Err("the audit crashed".to_owned()) };
    let height = outcome.said.as_ref().map(|said| said.height);
    match (code, edit.promise) {
        (0, Stale | Loose | Named | Derived) if is_original(base, outcome) => Ok(Answer::Original),
        (0, Shorter(left)) if height == Some(left) => given_away(base, kind.target, path),
        (0, Rewritten) => given_away(base, kind.target, path),
        (0, Signed) => {
            let deep = audit::run(base, kind.target, path, Ways { every: true, from: false });
            if deep.code != Some(1) || !is_located(edit, &deep) {
                return Err(format!("an audit of every block does not find it: {deep:?}"));
            }
            given_away(base, kind.target, path)
        }
        (1, Altered | Signed | Noticed | Stale | Loose | Named)
            if edit.height.is_none() || is_located(edit, outcome) =>
        {
            Ok(Answer::Found)
        }
        (3, Undecided) if edit.height.is_none_or(|at| height == Some(at - 1)) => Ok(Answer::Undecided),
        (3, Noticed | Loose | Named | Shorter(_)) => Ok(Answer::Undecided),
        (2, Named) => Ok(Answer::Refused),
        _ => Err(format!("this is not the answer; it vouches up to {height:?}")),
    }
}

/// What the auditor kept gives away what holds by itself.
fn given_away(base: &Base, target: Target, path: &Path) -> Result<Answer, String> {
    let again = audit::run(base, target, path, Ways { from: true, ..Ways::default() });
    if again.code == Some(1) {
        Ok(Answer::Kept)
    } else {
        Err(format!("what the auditor kept does not give it away: {again:?}"))
    }
}

/// The lowest finding is the altered block.
fn is_located(edit: &Edit, outcome: &Outcome) -> bool {
    edit.height.is_some() && outcome.said.as_ref().is_some_and(|said| said.first == edit.height)
}

fn copy(base: &Base, target: Target, to: &Path) {
    match target {
        Target::Archive => std::fs::copy(base.archive(), to).map(drop).unwrap(),
        Target::Stretch => std::fs::copy(base.stretch(), to).map(drop).unwrap(),
        Target::Home => copy_folder(&base.home(), to),
    }
}

/// Copies a folder with all in it; holes stay holes.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_folder(&path, &to) } else { std::fs::copy(&path, to).map(drop).unwrap() }
    }
}

fn remove(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
}
