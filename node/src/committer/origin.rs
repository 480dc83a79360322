//! The contract map with which a chain begins.
//!
//! Most begin with none. One that goes on from another chain begins with the map of that one's tip, to whose root its
//! genesis commits: no block of its own says what is in it. It stands in the ledger's folder as `map.origin`, an
//! archive of states without a block, and is read where the chain is followed from its first block.

use super::{CommitError, Ledger};
use crate::archive::{ArchiveReader, ArchiveWriter};
use crate::durable::{make_folder, replace};
use crate::home::Home;
use crate::store::{StoreConfig, StoreError};
use ledger_core::archive::Foot;
use ledger_core::genesis::{Genesis, Predecessor};
use ledger_core::map::ContractMap;
use ledger_core::names::MapRoot;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Its name in the ledger's folder.
const NAME: &str = "map.origin";

/// Where it stands in a ledger's folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The map below block 1; of a chain that goes on from another one out of the file.
///
/// # Errors
/// [`CommitError`]: the file is not there, or holds another map.
pub(super) fn map(path: Option<&Path>, genesis: &Genesis) -> Result<ContractMap, CommitError> {
    let root = genesis.predecessor.as_ref().map_or(MapRoot::EMPTY, |old| old.header.map_root);
    if root == MapRoot::EMPTY {
        return Ok(ContractMap::new());
    }
    let path = path.ok_or(CommitError::NoFolder)?;
    if !path.exists() {
        return Err(CommitError::NoOrigin(path.to_owned()));
    }
    read(path, genesis, root)
}

fn read(path: &Path, genesis: &Genesis, root: MapRoot) -> Result<ContractMap, CommitError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let mut archive = ArchiveReader::open(BufReader::with_capacity(1 << 20, file), path, &genesis.chain_id())?;
    let map = archive.take_map().filter(|map| map.root() == root);
    map.ok_or_else(|| CommitError::OtherOrigin(path.to_owned()))
}

/// Gives a home of a chain that goes on from another one the contract map that it begins with: out of a home of that
/// chain, whose node does not run. Gives how many states there are.
///
/// # Errors
/// [`CommitError`]: the old home is of another chain, is not so far, or cannot be read.
pub fn inherit(home: &Home, old: &Home) -> Result<u64, CommitError> {
    let genesis = home.genesis();
    let Some(predecessor) = &genesis.predecessor else { return Err(CommitError::NoPredecessor) };
    let Predecessor { header, .. } = predecessor;
    if old.chain_id() != header.chain {
        return Err(CommitError::OtherPredecessor { wanted: header.chain, found: old.chain_id() });
    }
    let ledger = Ledger::open(&old.ledger(), old.genesis().clone(), StoreConfig::default())?;
    let (height, tip) = (header.height, ledger.tip().height());
    if height > tip {
        return Err(CommitError::TooLow { wanted: height, tip });
    }
    if !ledger.has(height, header.hash())? {
        return Err(CommitError::OtherHistory(height));
    }
    let map = ledger.map_at(height)?;
    write(home, &map, header.map_root)?;
    Ok(map.len())
}

fn write(home: &Home, map: &ContractMap, root: MapRoot) -> Result<(), CommitError> {
    let folder = home.ledger();
    make_folder(&folder).map_err(StoreError::from)?;
    let path = path(&folder);
    if map.root() != root {
        return Err(CommitError::OtherOrigin(path));
    }
    let foot = Foot { below: None, states: Some(map.len()) };
    let chain = home.chain_id();
    Ok(replace(&path, |to| ArchiveWriter::new(to, &path, &chain, &foot, Some(map)).map(|_| ()))?)
}

/// The chain of a home, at its tip, for a genesis that goes on from there.
///
/// # Errors
/// [`CommitError`]: the ledger cannot be read, or has no block, or lacks the certificate of its tip.
pub fn predecessor(old: &Home) -> Result<Predecessor, CommitError> {
    let ledger = Ledger::open(&old.ledger(), old.genesis().clone(), StoreConfig::default())?;
    let (tip, certificate) = (ledger.tip(), ledger.certificate());
    let foot = ledger.trail.foot(certificate, None).and_then(|foot| foot.below);
    let (Some(below), Some(certificate)) = (foot, certificate) else {
        return Err(CommitError::NoTip(tip.height()));
    };
    Ok(Predecessor {
        network: old.genesis().network_id(),
        header: below.header,
        certificate: certificate.clone(),
        frontier: below.frontier,
        control: below.control,
        signers: (**tip.signers()).clone(),
        next: (**tip.membership()).clone(),
        changes: below.changes,
    })
}

#[cfg(test)]
mod tests;
