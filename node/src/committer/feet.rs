//! Places on a chain that a stretch can begin at without much being read again.
//!
//! To begin at a height, what stands below it is followed from a foot. Sealed files have one each; between them those
//! are kept in memory that were passed before, so that beginning near the same height again costs a few MiB, however
//! often it is asked for. Nothing rests on them: they are the chain's own, followed from a file's.

use ledger_core::archive::Trail;
use ledger_core::names::Height;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of blocks between two that are kept.
pub(super) const APART: usize = 4 << 20;
/// So many are kept; past it the lowest go, since who follows a chain begins near its tip.
const MOST: usize = 512;

/// What was passed.
#[derive(Debug, Default)]
pub struct Feet(Mutex<BTreeMap<Height, Trail>>);

impl Feet {
    /// The highest one at or below a height, if it is above another height.
    pub(super) fn below(&self, height: Height, above: Height) -> Option<Trail> {
        let kept = self.lock();
        kept.range(..=height).next_back().filter(|(at, _)| **at > above).map(|(_, trail)| trail.clone())
    }

    /// Keeps one.
    pub(super) fn keep(&self, trail: &Trail) {
        let mut kept = self.lock();
        kept.insert(trail.tip().height(), trail.clone());
        while kept.len() > MOST {
            kept.pop_first();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Height, Trail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
