//! From a store to a ledger: snapshot, replay, comparison.

use super::snapshot::{self, Snapshots};
use super::{CommitError, Ledger, lost_rows, origin};
use crate::store::{Ahead, DiskStore, Store, StoreConfig, StoreError, read_block};
use ledger_core::archive::Trail;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{FinalBlock, HashedBlock, Replayed, check};
use ledger_core::genesis::Genesis;
use ledger_core::map::ContractMap;
use ledger_core::names::Height;
use rayon::prelude::*;
use std::path::Path;

/// Blocks that are decoded and hashed at once, on all cores.
const READ_AT_ONCE: usize = 64;

/// Opens the ledger in a folder.
///
/// # Errors
/// [`CommitError`]: what is wrong, where, and what to do.
pub(super) fn open_folder<S: Store>(
    folder: &Path,
    genesis: Genesis,
    config: StoreConfig,
    share: impl FnOnce(DiskStore) -> S,
) -> Result<Ledger<S>, CommitError> {
    let every = config.snapshot_blocks;
    let store = DiskStore::open(folder, &genesis, config)?;
    let mut notes = store.notes().to_vec();
    lost_rows::restore(&store, &genesis, &origin::path(folder), &mut notes)?;
    rebuild(share(store), genesis, Snapshots::in_folder(folder, every), notes)
}

/// Rebuilds what the next block is checked against.
pub(super) fn rebuild<S: Store>(
    store: S,
    genesis: Genesis,
    mut snapshots: Snapshots,
    mut notes: Vec<String>,
) -> Result<Ledger<S>, CommitError> {
    let (trail, map) = follow(&store, &genesis, &mut snapshots, &mut notes)?;
    let certificate = store.certificate()?;
    let waiting = Vec::new();
    let mut ledger = Ledger { store, genesis, trail, map, certificate, waiting, adrift: false, snapshots, notes };
    ledger.take_ahead()?;
    Ok(ledger)
}

/// Tip and map as the store has them: from the snapshot, and the blocks above it.
pub(super) fn follow(
    store: &impl Store,
    genesis: &Genesis,
    snapshots: &mut Snapshots,
    notes: &mut Vec<String>,
) -> Result<(Trail, ContractMap), CommitError> {
    let (mut trail, mut map) = match start(store, genesis, snapshots) {
        Ok(Some(start)) => start,
        Ok(None) => (Trail::genesis(genesis), origin::map(snapshots.origin().as_deref(), genesis)?),
        Err(why) => {
            let note =
                format!("the snapshot of the contract map does not hold ({why}); the map is rebuilt from the chain");
            tracing::warn!("{note}");
            notes.push(note);
            (Trail::genesis(genesis), origin::map(snapshots.origin().as_deref(), genesis)?)
        }
    };
    snapshots.set_last(trail.tip().height());
    replay(store, &mut trail, Some(&mut map), store.tip().height)?;
    if map.root() != trail.tip().map_root() {
        return Err(CommitError::Map(trail.tip().height()));
    }
    Ok((trail, map))
}

/// Where a replay can start: at the snapshot, if it holds.
fn start(store: &impl Store, genesis: &Genesis, snapshots: &Snapshots) -> Result<Option<(Trail, ContractMap)>, String> {
    let Some(path) = snapshots.path() else { return Ok(None) };
    if !path.exists() {
        let tip = store.tip().height;
        let expected = tip.0 > snapshots.every();
        return if expected { Err(format!("{} is missing", path.display())) } else { Ok(None) };
    }
    let (trail, map) = snapshot::read(path, genesis).map_err(|error| error.to_string())?;
    let tip = trail.tip();
    let header = store.header(tip.height()).map_err(|error| error.to_string())?;
    let known = header.map(|header| header.hash());
    if known != Some(tip.hash()) {
        return Err(format!("it is of block {}, which is not the one at height {} here", tip.hash(), tip.height()));
    }
    if map.root() != tip.map_root() {
        return Err("its states are not the ones that the header commits to".to_owned());
    }
    Ok(Some((trail, map)))
}

/// Follows the stored blocks up to a height.
pub(super) fn replay(
    store: &impl Store,
    trail: &mut Trail,
    mut map: Option<&mut ContractMap>,
    upto: Height,
) -> Result<(), StoreError> {
    read_on(store, trail, upto, |_, replayed| {
        map.as_deref_mut().map(|map| replayed.fold_into(map));
    })
}

/// Follows the stored blocks up to a height, each by the rules; `fold` takes what each does.
pub(super) fn read_on(
    store: &impl Store,
    trail: &mut Trail,
    upto: Height,
    mut fold: impl FnMut(Height, &Replayed<'_>),
) -> Result<(), StoreError> {
    while trail.tip().height() < upto {
        let from = trail.tip().height().next();
        let to = Height(upto.0.min(trail.tip().height().0.saturating_add(READ_AT_ONCE as u64)));
        let batch = store.blocks(from, to).collect::<Result<Vec<_>, _>>()?;
        if batch.is_empty() {
            return Err(StoreError::NoBlock(from));
        }
        let hashed: Vec<_> = batch.par_iter().map(|(height, bytes)| (*height, read_block(*height, bytes))).collect();
        for (height, block) in hashed {
            let replayed = trail.replay(&block?, |replayed| fold(height, replayed));
            replayed.map_err(|fault| StoreError::Fault { height, fault })?;
        }
    }
    Ok(())
}

impl<S: Store> Ledger<S> {
    /// Takes over blocks that were written and not acknowledged, as far as they climb the ladder
    /// like any other.
    fn take_ahead(&mut self) -> Result<(), CommitError> {
        let ahead = self.store.ahead()?;
        let tip = self.trail.tip().height();
        let mut taken = 0;
        for (place, Ahead { block, certificate }) in ahead.iter().enumerate() {
            let certificate = certificate.clone().or_else(|| parent_certificate(&ahead.get(place + 1)?.block));
            let Some(block) = climb(block, certificate, self.trail.tip(), &self.map) else { break };
            self.push_final(block)?;
            taken += 1;
        }
        if !ahead.is_empty() {
            let (written, held) = (ahead.len(), taken);
            let note = if held == written {
                format!(
                    "{written} block(s) above {tip} were written and not acknowledged; they hold and are taken over"
                )
            } else {
                format!(
                    "{written} block(s) above {tip} were written and not acknowledged; {held} hold, the rest is dropped"
                )
            };
            tracing::warn!("{note}");
            self.notes.push(note);
        }
        self.sync()
    }
}

fn parent_certificate(block: &[u8]) -> Option<Certificate> {
    HashedBlock::read(block).ok()?.body().parent_certificate.clone()
}

fn climb(
    bytes: &[u8],
    certificate: Option<Certificate>,
    tip: &ledger_core::chain::Tip,
    map: &ContractMap,
) -> Option<FinalBlock> {
    let checked = check(HashedBlock::read(bytes).ok()?, tip, map).ok()?;
    checked.finalize(certificate?).ok()
}
