//! The edits of an attacker who can write to every byte of the evidence.

mod bits;
mod chains;
mod forge;
mod hands;
mod pieces;

pub use hands::tip_slot;
pub(crate) use hands::{forge_tip, place_in_home};

use crate::audit::Target;
use crate::base::Base;
use crate::dice::Dice;
use std::path::Path;

/// What an audit has to answer (`docs/format.md` §15, §16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Altered. Here and below, where an edit has a height the lowest finding is there.
    Altered,
    /// Undecided, and everything below the edit's height holds: nothing outside the evidence says that there was more.
    Undecided,
    /// Altered or undecided.
    Noticed,
    /// Altered, unless another copy of what was altered is there, and what is read is the original chain.
    Stale,
    /// It holds only if what is read is the original chain.
    Loose,
    /// The same; and it may be refused, since bytes were reached that name the chain.
    Named,
    /// The original chain: what was altered is derived, and has no say.
    Derived,
    /// A valid shorter chain: if it holds, it vouches up to this height and no further, and what the
    /// auditor kept gives it away.
    Shorter(u64),
    /// A valid other chain, signed by all validators: what the auditor kept gives it away.
    Rewritten,
    /// All validators signed what is not so: recomputing every block's states gives it away, and so
    /// does what the auditor kept.
    Signed,
}

/// One edit that was made.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What has to be answered.
    pub promise: Promise,
    /// The lowest block that is not as it was, where it is one.
    pub height: Option<u64>,
    /// What was altered, for whoever has to repeat it.
    pub what: String,
}

impl Edit {
    fn of(promise: Promise, height: Option<u64>, what: impl Into<String>) -> Self {
        Self { promise, height, what: what.into() }
    }

    fn altered(height: u64, what: impl Into<String>) -> Self {
        Self::of(Promise::Altered, Some(height), what)
    }
}

/// A kind of edit.
#[derive(Clone, Copy)]
pub struct Kind {
    /// A row of the table.
    pub name: &'static str,
    /// On what.
    pub target: Target,
    /// How often it is tried beside the others.
    pub weight: usize,
    /// Alters the copy of the evidence at a path; none where this base gives no occasion.
    pub apply: fn(&mut Dice, &Base, &Path) -> Option<Edit>,
}

/// Every kind of edit.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    [&bits::FIELDS.concat(), bits::KINDS, pieces::KINDS, &chains::kinds()].concat()
}
