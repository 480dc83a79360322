//! Index rows that were lost beside sealed files: made again by reading the chain from its genesis.

use super::open::read_on;
use super::{CommitError, origin};
use crate::store::{DiskStore, IndexRow};
use ledger_core::archive::Trail;
use ledger_core::genesis::Genesis;
use ledger_core::names::Height;
use std::path::Path;

/// Makes the rows again that a store lacks, and tells of it. Rows save time and decide nothing: where they cannot be
/// written (the folder is write-protected), that is told too, and the ledger opens without them.
///
/// # Errors
/// [`CommitError`], when the blocks cannot be followed.
pub(super) fn restore(
    store: &DiskStore,
    genesis: &Genesis,
    origin: &Path,
    notes: &mut Vec<String>,
) -> Result<(), CommitError> {
    let lost = store.lost_rows();
    let Some(last) = lost.last() else { return Ok(()) };
    let mut files = lost.iter().map(|blocks| (blocks.clone(), Vec::new())).collect::<Vec<_>>();
    let (mut trail, mut map) = (Trail::genesis(genesis), origin::map(Some(origin), genesis)?);
    read_on(store, &mut trail, Height(*last.end()), |height, replayed| {
        let traces = replayed.fold_into(&mut map);
        let of = files.iter_mut().find(|(blocks, _)| blocks.contains(&height.0));
        of.into_iter().for_each(|(_, rows)| rows.push(IndexRow::of(&traces).encode()));
    })?;
    for (blocks, rows) in files {
        let (first, last) = (blocks.start(), blocks.end());
        let note = match store.restore_rows(Height(*first), &rows) {
            Ok(()) => format!("the index rows of blocks {first} to {last} were lost and are made again"),
            Err(why) => format!("the index rows of blocks {first} to {last} are lost and cannot be made again: {why}"),
        };
        tracing::warn!("{note}");
        notes.push(note);
    }
    Ok(())
}
