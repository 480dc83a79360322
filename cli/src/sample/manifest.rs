//! What the messages were meant to be, in numbers.

use super::life::{Life, Standing};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts by name.
pub(super) type Counts = BTreeMap<&'static str, u64>;

/// Stands beside the folder of messages, so that an import can be compared with it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Manifest {
    /// Version of this file.
    pub(super) format: u32,
    pub(super) seed: u64,
    pub(super) contracts: u32,
    pub(super) employers: u32,
    pub(super) files: u64,
    /// Items in files that can be read: the sum of `meant`.
    pub(super) items: u64,
    pub(super) items_by_kind: Counts,
    /// What each item should end as, once every late parent is there.
    pub(super) meant: Meant,
    /// Of the applied ones: sent before their contract, so that they must wait for it.
    pub(super) late_parents: u64,
    /// Of the applied ones: recorded with a warning, by the annex's code.
    pub(super) flagged: Counts,
    /// Why items are rejected, by the annex's code.
    pub(super) rejected: Counts,
    /// Why items are refused by the fold.
    pub(super) refused: Counts,
    /// Files of which nothing can be read, by the annex's code; their items are not counted.
    pub(super) broken_files: Counts,
    /// How the contracts stand on the last day; `renewed` overlaps.
    pub(super) lives: Counts,
}

/// The outcomes of an import.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Meant {
    pub(super) applied: u64,
    pub(super) pending: u64,
    pub(super) refused: u64,
    pub(super) rejected: u64,
    pub(super) duplicates: u64,
}

impl Manifest {
    pub(super) fn new(seed: u64, contracts: u32) -> Self {
        Self {
            format: 1,
            seed,
            contracts,
            employers: 0,
            files: 0,
            items: 0,
            items_by_kind: Counts::new(),
            meant: Meant::default(),
            late_parents: 0,
            flagged: Counts::new(),
            rejected: Counts::new(),
            refused: Counts::new(),
            broken_files: Counts::new(),
            lives: Counts::new(),
        }
    }

    pub(super) fn count_life(&mut self, life: &Life) {
        let standing = match life.standing {
            Standing::Active => "active",
            Standing::Dissolved => "dissolved",
            Standing::Terminated => "terminated",
            Standing::Expired => "expired_unreported",
        };
        count(&mut self.lives, standing);
        if life.is_renewed() {
            count(&mut self.lives, "renewed");
        }
    }

    /// For a person.
    pub(crate) fn text(&self) -> String {
        let Meant { applied, pending, refused, rejected, duplicates } = self.meant;
        let broken: u64 = self.broken_files.values().sum();
        format!(
            "{} contracts of {} employers: {} items in {} files ({broken} of them broken)\n\
             meant: {applied} applied ({} after waiting for their contract), {pending} pending, \
             {refused} refused, {rejected} rejected, {duplicates} duplicates\n",
            self.contracts, self.employers, self.items, self.files, self.late_parents
        )
    }
}

/// One more.
pub(super) fn count(counts: &mut Counts, name: &'static str) {
    *counts.entry(name).or_default() += 1;
}
