//! The edits of an attacker who can write to every byte of the evidence.

mod bits;
mod chains;
mod forge;
mod hands;
mod pieces;

pub use hands::tip_slot;

use crate::audit::Target;
use crate::base::Base;
use crate::dice::Dice;
use std::path::Path;

/// What an audit must not fail to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// It holds only if what it read is the original chain.
    Noticed,
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
    /// What must be noticed.
    pub promise: Promise,
    /// The block that was altered, where it is one.
    pub height: Option<u64>,
    /// The event that was altered, by its log index.
    pub index: Option<u64>,
    /// What was altered, for whoever has to repeat it.
    pub what: String,
}

impl Edit {
    fn noticed(height: Option<u64>, what: impl Into<String>) -> Self {
        Self { promise: Promise::Noticed, height, index: None, what: what.into() }
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
