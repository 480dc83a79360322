//! The look-up: what this node has sent, by content; who waits for what. One file of fixed rows, and
//! tables in memory that are made from it.
//!
//! Rows are synced before the submission that they name is signed. A row holds once that submission is on
//! the chain or in the outbox: what names a later one is from a run that died in between, and is cut at
//! open. What is learned from the chain goes under the last number that was signed. Where what waits is cut anew,
//! rows say where each of its events goes, the last of them for none; they hold, and all before them, once the outbox
//! was cut as often. Nothing else is needed for a message to be recorded once, whenever the process dies. Every
//! submission has a row, so a look-up that is behind the chain has lost some, and is refused.

mod follow;
mod row;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use follow::Follow;
pub(super) use row::{Place, Row, What};
pub(super) use tables::{Owner, Tables};

use super::IntakeError;
use super::alone::Consent;
use crate::durable::IoError;
use crate::outbox::Cut;
use crate::rows::{OnDamage, RowFile};
use crate::vault::Handle;
use ledger_core::names::Sequence;
use row::{CUT, ROW};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// The file with its tables.
#[derive(Debug)]
pub(super) struct Journal {
    file: RowFile<ROW>,
    rows: u64,
    pub(super) tables: Tables,
    /// For whoever asks after items while others are recorded.
    pub(super) follow: Arc<RwLock<Follow>>,
}

impl Journal {
    /// Opens the look-up of a node whose last durable submission is `last`, and whose vault has the records
    /// that `has` says; `cut` is the outbox's, where there is one. Where the look-up is missing, or has lost what was
    /// sent last, or the vault has lost records, or the outbox what it held, and `consent` says so, it goes on without
    /// that.
    pub(super) fn open(
        path: &Path,
        last: Sequence,
        cut: Option<Cut>,
        consent: Consent,
        has: impl Fn(&Handle) -> bool,
    ) -> Result<Self, IntakeError> {
        let (mut file, stored) = RowFile::open(path, b"luqiseen", OnDamage::Refuse)?;
        let (mut tables, mut follow) = (Tables::default(), Follow::default());
        let (mut rows, mut reached, mut lost) = (0, Sequence(0), 0);
        let ends_cut = |row: &[u8; ROW]| Row::decode(row).is_some_and(|row| row.ends_cut(cut, last));
        let settled = stored.iter().rposition(|row| row.first() == Some(&CUT) && ends_cut(row));
        for (at, stored) in stored.iter().enumerate() {
            let unknown = || IoError::malformed(path, format!("row {rows} has no known kind"));
            let row = Row::decode(stored).ok_or_else(unknown)?;
            let is_settled = settled.is_some_and(|settled| at <= settled);
            if !is_settled && (row.sequence > last || row.generation().is_some()) {
                break;
            }
            if row.generation().is_some_and(|generation| generation > tables.generation) {
                // What waits may end lower than before.
                reached = Sequence(0);
            }
            tables.apply(&row);
            follow.apply(&row);
            lost += u64::from(row.sealed().is_some_and(|handle| !has(handle)));
            rows += 1;
            reached = reached.max(row.sequence);
        }
        // What was sent and is on no chain was sent last, all of it together: a crash leaves no more.
        if rows < stored.len() as u64 && rows < file.last_group() && consent.lost_outbox != Some(last) {
            let found = stored.last().and_then(Row::decode).map_or(reached, |row| row.sequence);
            return Err(IntakeError::Ahead { path: path.to_owned(), found, last });
        }
        if lost > 0 && !consent.new_look_up {
            return Err(IntakeError::VaultBehind { path: path.to_owned(), lost });
        }
        file.cut(rows)?;
        let mut journal = Self { file, rows, tables, follow: Arc::new(RwLock::new(follow)) };
        if reached < last {
            if !consent.new_look_up {
                return Err(IntakeError::Behind { path: path.to_owned(), found: reached, last });
            }
            let begins = [Row { sequence: last, position: 0, what: What::Begins }];
            journal.write(&begins)?;
            journal.hold(&begins);
        }
        Ok(journal)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// How often what waits was cut anew.
    pub(super) const fn generation(&self) -> u64 {
        self.tables.generation
    }

    /// Makes rows durable. They are in the tables once they hold: see [`Journal::hold`].
    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), IoError> {
        rows.iter().for_each(|row| self.file.push(&row.encode()));
        self.file.sync()
    }

    /// The submissions of the rows that were written last are durable.
    pub(super) fn hold(&mut self, rows: &[Row]) {
        self.rows = self.rows.saturating_add(rows.len() as u64);
        let mut follow = self.follow.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            self.tables.apply(row);
            follow.apply(row);
        }
    }

    /// The submissions of the rows that were written last did not become durable.
    pub(super) fn fall_back(&mut self) -> Result<(), IoError> {
        self.file.cut(self.rows)
    }
}
