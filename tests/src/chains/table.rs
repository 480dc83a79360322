//! What came of the chains, by kind and verdict.

use super::Judged;
use ledger_core::audit::Verdict;
use std::collections::BTreeMap;
use std::fmt;

/// To whom else than the library a chain went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) python: bool,
    pub(super) archive: bool,
    pub(super) home: bool,
    pub(super) node: bool,
}

/// The chains of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// Chains.
    pub chains: usize,
    /// That hold.
    pub holds: usize,
    /// That were altered.
    pub altered: usize,
    /// Of which neither can be said.
    pub undecided: usize,
    /// That were not judged: of another chain.
    pub refused: usize,
    /// Also read by the second implementation.
    pub python: usize,
    /// Also by the binary as an archive, at both depths.
    pub archive: usize,
    /// Also as a home.
    pub home: usize,
    /// Also from a node.
    pub node: usize,
}

impl Row {
    fn numbers(&self) -> [usize; 9] {
        let Self { chains, holds, altered, undecided, refused, python, archive, home, node } = *self;
        [chains, holds, altered, undecided, refused, python, archive, home, node]
    }

    fn add(&mut self, other: &Self) {
        self.chains += other.chains;
        self.holds += other.holds;
        self.altered += other.altered;
        self.undecided += other.undecided;
        self.refused += other.refused;
        self.python += other.python;
        self.archive += other.archive;
        self.home += other.home;
        self.node += other.node;
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<String, Row>,
    /// What must not be, each with what it takes to repeat it.
    pub failures: Vec<String>,
}

impl Table {
    /// Every chain together.
    #[must_use]
    pub fn sum(&self) -> Row {
        let mut sum = Row::default();
        self.rows.values().for_each(|row| sum.add(row));
        sum
    }

    pub(super) fn take(&mut self, kind: &str, judged: Judged, what: impl Fn() -> String) {
        let Asked { python, archive, home, node } = judged.asked;
        let is = |verdict| usize::from(judged.verdict == verdict);
        let row = Row {
            chains: 1,
            holds: is(Some(Verdict::Holds)),
            altered: is(Some(Verdict::Altered)),
            undecided: is(Some(Verdict::Undecided)),
            refused: is(None),
            python: usize::from(python),
            archive: usize::from(archive),
            home: usize::from(home),
            node: usize::from(node),
        };
        self.rows.entry(kind.to_owned()).or_default().add(&row);
        self.failures.extend(judged.failures.iter().map(|failure| format!("{}: {failure}", what())));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["chains", "holds", "altered", "undecided", "refused", "python", "archive", "home", "node"];
        write!(f, "{:<66}", "kind of chain")?;
        head.iter().try_for_each(|name| write!(f, "{name:>10}"))?;
        writeln!(f)?;
        let (all, total) = ("all".to_owned(), self.sum());
        for (name, row) in self.rows.iter().chain([(&all, &total)]) {
            write!(f, "{name:<66}")?;
            row.numbers().iter().try_for_each(|number| write!(f, "{number:>10}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
