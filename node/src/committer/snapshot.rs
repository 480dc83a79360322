//! The contract map in a file, every some thousand blocks: an archive of states without a block.
//!
//! It only saves time. It is believed as far as its foot holds by the genesis and its states give
//! the root that the header of its height has in the store; otherwise the chain is read from block 1.

use super::origin;
use crate::archive::{ArchiveReader, ArchiveWriter};
use crate::durable::replace;
use crate::store::StoreError;
use ledger_core::archive::{Foot, Trail};
use ledger_core::certificate::Certificate;
use ledger_core::crypto::ChainId;
use ledger_core::genesis::Genesis;
use ledger_core::map::ContractMap;
use ledger_core::names::Height;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// Writes snapshots beside the chain's way. Its thread shares the map, and copies nothing.
pub(super) struct Snapshots {
    path: Option<PathBuf>,
    every: u64,
    last: Height,
    writing: Option<JoinHandle<()>>,
}

impl Snapshots {
    pub(super) const fn none() -> Self {
        Self { path: None, every: u64::MAX, last: Height(0), writing: None }
    }

    pub(super) fn in_folder(folder: &Path, every: u64) -> Self {
        Self { path: Some(folder.join("map.snapshot")), every, last: Height(0), writing: None }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Where the map stands that the chain begins with, if it goes on from another one.
    pub(super) fn origin(&self) -> Option<PathBuf> {
        self.path.as_ref().and_then(|path| path.parent()).map(origin::path)
    }

    pub(super) const fn every(&self) -> u64 {
        self.every
    }

    /// The height of the snapshot that is there.
    pub(super) const fn set_last(&mut self, height: Height) {
        self.last = height;
    }

    /// Begins a snapshot where one is due and none is being written.
    pub(super) fn due(&mut self, trail: &Trail, certificate: Option<&Certificate>, map: &ContractMap) {
        let height = trail.tip().height();
        let busy = self.writing.as_ref().is_some_and(|writing| !writing.is_finished());
        if busy || height.0.saturating_sub(self.last.0) < self.every {
            return;
        }
        let Some(path) = self.path.clone() else { return };
        let Some(foot) = trail.foot(certificate, Some(map.len())) else { return };
        self.wait();
        let (chain, map) = (trail.tip().chain(), map.clone());
        let spawned = std::thread::Builder::new()
            .name("luqi-snapshot".to_owned())
            .spawn(move || tell(write(&path, &chain, &foot, &map)));
        match spawned {
            Ok(writing) => (self.writing, self.last) = (Some(writing), height),
            Err(error) => tracing::warn!("no snapshot of the contract map: {error}"),
        }
    }

    /// Writes a snapshot of the tip, unless it is there.
    pub(super) fn write_now(&mut self, trail: &Trail, certificate: Option<&Certificate>, map: &ContractMap) {
        self.wait();
        let height = trail.tip().height();
        if let (Some(path), true) = (&self.path, height > self.last)
            && let Some(foot) = trail.foot(certificate, Some(map.len()))
        {
            tell(write(path, &trail.tip().chain(), &foot, map));
            self.last = height;
        }
    }

    fn wait(&mut self) {
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.wait();
    }
}

/// A snapshot that fails costs time at the next open, and nothing else.
fn tell(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!("no snapshot of the contract map: {error}");
    }
}

fn write(path: &Path, chain: &ChainId, foot: &Foot, map: &ContractMap) -> Result<(), StoreError> {
    replace(path, |to| ArchiveWriter::new(to, path, chain, foot, Some(map)).map(|_| ()))
}

/// Reads a snapshot, as far as it bears itself: the foot by the genesis, the states by their count.
pub(super) fn read(path: &Path, genesis: &Genesis) -> Result<(Trail, ContractMap), StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let mut archive = ArchiveReader::open(BufReader::with_capacity(1 << 20, file), path, &genesis.chain_id())?;
    let bad = |why: &str| StoreError::malformed(path, why);
    let map = archive.take_map().ok_or_else(|| bad("it holds no states"))?;
    if archive.next_item()?.is_some() {
        return Err(bad("something follows its states"));
    }
    let trail = Trail::on(archive.foot(), genesis).map_err(|why| StoreError::Foot { path: path.to_owned(), why })?;
    Ok((trail, map))
}
