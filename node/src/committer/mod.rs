//! The only writer of the chain: makes blocks final, durable, and then the new tip.
//!
//! Opening rebuilds in memory what the next block is checked against: from the snapshot of the
//! contract map, where it is there and holds, and the blocks above it; else from block 1. At the
//! end the map's root is compared with the tip's header; every other root was on the way.

mod exchange;
mod feet;
mod lost_rows;
mod open;
mod origin;
mod snapshot;
#[cfg(test)]
mod tests;

pub use exchange::{Imported, export_stretch};
pub use feet::Feet;
pub use origin::{inherit, predecessor};

use crate::store::{Store, StoreConfig, StoreError};
use ledger_core::archive::Trail;
use ledger_core::block::Header;
use ledger_core::certificate::{Certificate, CertificateError};
use ledger_core::chain::{CheckedBlock, DescentError, Fault, FinalBlock, OtherMap, Tip};
use ledger_core::genesis::Genesis;
use ledger_core::map::ContractMap;
use snapshot::Snapshots;
use std::sync::Arc;
use thiserror::Error;

/// Why a ledger cannot be opened, or goes no further.
#[derive(Debug, Error)]
pub enum CommitError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The block's certificate.
    #[error("the block is not final: {0}")]
    Certificate(#[from] CertificateError),
    /// A block that does not lie on the chain below a certified one.
    #[error("the block is not final: {0}")]
    Descent(#[from] DescentError),
    /// A block that does not follow.
    #[error("block {height} does not follow: {fault}")]
    Fault {
        /// Its height.
        height: ledger_core::names::Height,
        /// What is wrong.
        fault: Fault,
    },
    /// The folded contracts are not the ones that the tip's header commits to.
    #[error(
        "the contracts folded from the chain give another map root than the header of block {0} has: the store was altered; restore it from a backup or fetch the chain from the other nodes"
    )]
    Map(ledger_core::names::Height),
    /// An archive that goes on above the tip.
    #[error("the archive begins at block {begins}, the chain here ends at {tip}: import the blocks between first")]
    Gap {
        /// Its first block.
        begins: ledger_core::names::Height,
        /// The tip here.
        tip: ledger_core::names::Height,
    },
    /// An archive of another history.
    #[error("block {0} of the archive is not the block of this chain: one of the two histories was altered")]
    OtherHistory(ledger_core::names::Height),
    /// A chain that goes on from another one, without the map that it begins with.
    #[error(
        "this chain goes on from another one, whose contracts it begins with, and {} is missing: stop the node of a home of the old chain and run `luqi genesis install --old OLDHOME` with it, or copy the file from another node of this chain",
        .0.display()
    )]
    NoOrigin(std::path::PathBuf),
    /// A map that the genesis does not commit to.
    #[error(
        "the contracts in {} are not the ones that the genesis goes on from: make the file again with `luqi genesis install --old OLDHOME`, or copy it from another node of this chain",
        .0.display()
    )]
    OtherOrigin(std::path::PathBuf),
    /// A chain that goes on from another one, in memory.
    #[error("a chain that goes on from another one needs a folder")]
    NoFolder,
    /// A genesis that founds a chain of its own.
    #[error("the genesis goes on from no other chain")]
    NoPredecessor,
    /// A home of another chain than the one that is continued.
    #[error("the genesis goes on from chain {wanted}, and the old home is of chain {found}")]
    OtherPredecessor {
        /// The chain that is continued.
        wanted: ledger_core::crypto::ChainId,
        /// The home's.
        found: ledger_core::crypto::ChainId,
    },
    /// An old home that is not so far.
    #[error(
        "the genesis goes on from block {wanted} of the old chain, and the old home has it up to block {tip}: take another one"
    )]
    TooLow {
        /// The block.
        wanted: ledger_core::names::Height,
        /// The tip there.
        tip: ledger_core::names::Height,
    },
    /// Nothing to go on from.
    #[error(
        "at block {0} this home has no certified block to go on from: take another home, or start this one once more among the others"
    )]
    NoTip(ledger_core::names::Height),
    /// A block that was checked against another contract map.
    #[error(transparent)]
    OtherMap(#[from] OtherMap),
    /// Heights that are not here.
    #[error("blocks {from} to {to} cannot be exported: the chain here ends at {tip}")]
    Range {
        /// The first that was wanted.
        from: ledger_core::names::Height,
        /// The last.
        to: ledger_core::names::Height,
        /// The tip here.
        tip: ledger_core::names::Height,
    },
}

/// A chain with its tip and its contract map.
pub struct Ledger<S> {
    store: S,
    genesis: Genesis,
    trail: Trail,
    map: ContractMap,
    certificate: Option<Certificate>,
    /// Final blocks that are not durable yet.
    waiting: Vec<FinalBlock>,
    /// Tip and map may be ahead of the store: a sync failed, and the store could not be read then.
    adrift: bool,
    snapshots: Snapshots,
    notes: Vec<String>,
}

impl<S: Store> Ledger<S> {
    /// Makes a checked block final by its certificate, durable, and the new tip.
    ///
    /// # Errors
    /// [`CommitError`]; then the chain stands where it stood.
    pub fn commit(&mut self, checked: CheckedBlock, certificate: Certificate) -> Result<(), CommitError> {
        self.push(checked, certificate)?;
        self.sync()
    }

    /// Makes a checked block final by its certificate, and the tip for what is checked next. It is
    /// durable, and may be acknowledged, after the next [`Ledger::sync`].
    ///
    /// # Errors
    /// [`CommitError`]; then the chain stands where it stood.
    pub fn push(&mut self, checked: CheckedBlock, certificate: Certificate) -> Result<(), CommitError> {
        self.push_final(checked.finalize(certificate)?)
    }

    /// The same for a block that is final already.
    ///
    /// # Errors
    /// [`CommitError::Fault`], when it was checked against another tip.
    pub fn push_final(&mut self, mut block: FinalBlock) -> Result<(), CommitError> {
        self.fall_back()?;
        let (wanted, found) = (self.tip().hash(), block.block().header().parent);
        if wanted != found {
            let height = self.tip().height().next();
            return Err(CommitError::Fault { height, fault: Fault::Parent { wanted, found } });
        }
        block.advance(&mut self.map)?;
        self.trail.advance(&block);
        self.certificate = block.certificate().cloned();
        self.waiting.push(block);
        Ok(())
    }

    /// Makes the pushed blocks durable together.
    ///
    /// # Errors
    /// [`CommitError`]; then none of them is acknowledged, and the chain stands where the store does.
    /// Where the store cannot even be read (the disk is full, say), tip and map are nobody's until a
    /// later call succeeds: without a block to make durable it only goes back to where the store is.
    pub fn sync(&mut self) -> Result<(), CommitError> {
        self.fall_back()?;
        let blocks = std::mem::take(&mut self.waiting);
        if let Err(failed) = self.store.append_group(&blocks) {
            self.adrift = true;
            if let Err(error) = self.fall_back() {
                tracing::warn!("the store cannot be read after a failed write: {error}");
            }
            return Err(failed.into());
        }
        if !blocks.is_empty() {
            self.snapshots.due(&self.trail, self.certificate.as_ref(), &self.map);
        }
        Ok(())
    }

    /// Tip and map as the store has them, after blocks that did not become durable.
    fn fall_back(&mut self) -> Result<(), CommitError> {
        if !self.adrift {
            return Ok(());
        }
        // Appending nothing opens a store anew that closed after the failure.
        self.store.append_group(&[])?;
        let (trail, map) = open::follow(&self.store, &self.genesis, &mut self.snapshots, &mut self.notes)?;
        let certificate = self.store.certificate()?;
        (self.trail, self.map, self.certificate) = (trail, map, certificate);
        self.waiting.clear();
        self.adrift = false;
        Ok(())
    }

    /// Where the chain stands.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        self.trail.tip()
    }

    /// The tip's header; none at the genesis.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.trail.header()
    }

    /// The contract map there.
    #[must_use]
    pub const fn map(&self) -> &ContractMap {
        &self.map
    }

    /// The tip's own certificate, where it is known: the next block carries it.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// What the chain starts from.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The blocks.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// What was mended or rebuilt when the ledger was opened, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Closes the ledger with a snapshot of the map, so that it opens fast.
    pub fn close(mut self) {
        self.snapshot();
    }

    /// Writes the snapshot of the map, so that the ledger opens fast.
    pub fn snapshot(&mut self) {
        self.snapshots.write_now(&self.trail, self.certificate.as_ref(), &self.map);
    }

    /// A ledger over a store that is open already, without snapshots.
    ///
    /// # Errors
    /// [`CommitError`], when what is stored does not hold.
    pub fn over(store: S, genesis: Genesis) -> Result<Self, CommitError> {
        open::rebuild(store, genesis, Snapshots::none(), Vec::new())
    }
}

impl Ledger<crate::store::DiskStore> {
    /// Opens the ledger in a folder, and makes it where there is none.
    ///
    /// # Errors
    /// [`CommitError`]: what is wrong, where, and what to do.
    pub fn open(folder: &std::path::Path, genesis: Genesis, config: StoreConfig) -> Result<Self, CommitError> {
        open::open_folder(folder, genesis, config, |store| store)
    }
}

impl Ledger<Arc<crate::store::DiskStore>> {
    /// The same, over a store that others read meanwhile.
    ///
    /// # Errors
    /// [`CommitError`]: what is wrong, where, and what to do.
    pub fn open_shared(folder: &std::path::Path, genesis: Genesis, config: StoreConfig) -> Result<Self, CommitError> {
        open::open_folder(folder, genesis, config, Arc::new)
    }
}
