//! Archives out of a ledger, and into one.

use super::feet::{APART, Feet};
use super::open::replay;
use super::{CommitError, Ledger, origin, snapshot};
use crate::archive::{ArchiveReader, ArchiveWriter, Item};
use crate::store::{Store, StoreError, read_block};
use ledger_core::archive::Trail;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{HashedBlock, check};
use ledger_core::codec::DecodeError;
use ledger_core::genesis::Genesis;
use ledger_core::map::ContractMap;
use ledger_core::names::{BlockHash, Height};
use std::io::{Read, Write};
use std::path::Path;

/// Bytes of imported blocks that are acknowledged together.
const TOGETHER: usize = 8 << 20;

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Blocks that were appended.
    pub appended: u64,
    /// Blocks that were here already, and are the same.
    pub known: u64,
    /// Whether the last block of the archive is left out, since nothing in it says that it is final.
    pub last_left_out: bool,
}

impl<S: Store> Ledger<S> {
    /// Writes some heights as an archive. `path` is for errors. The map at the foot goes with it if
    /// wanted; for a foot below the last snapshot the chain is then folded from block 1.
    ///
    /// # Errors
    /// [`CommitError`], when the heights are not here, or cannot be read or written.
    pub fn export<W: Write>(
        &self,
        (from, to): (Height, Height),
        include_map: bool,
        writer: W,
        path: &Path,
    ) -> Result<W, CommitError> {
        let tip = self.trail.tip().height();
        if from == Height(0) || to < from || to > tip {
            return Err(CommitError::Range { from, to, tip });
        }
        let below = Height(from.0 - 1);
        let (trail, map) = self.at(below, include_map)?;
        let own = self.certificate_of(below)?;
        let states = map.as_ref().map(ContractMap::len);
        let foot = trail.foot(own.as_ref(), states).ok_or(StoreError::NoBlock(from))?;
        // Below block 1 there is nothing to count.
        let map = map.filter(|_| foot.below.is_some());
        let mut archive = ArchiveWriter::new(writer, path, &trail.tip().chain(), &foot, map.as_ref())?;
        for block in self.store.blocks(from, to) {
            archive.block(&block?.1)?;
        }
        Ok(archive.finish(self.certificate_of(to)?.as_ref())?)
    }

    /// The chain as it stood after some block.
    fn at(&self, height: Height, with_map: bool) -> Result<(Trail, Option<ContractMap>), CommitError> {
        if height == self.trail.tip().height() {
            return Ok((self.trail.clone(), with_map.then(|| self.map.clone())));
        }
        if with_map {
            let snapshot = self.snapshots.path().and_then(|path| snapshot::read(path, &self.genesis).ok());
            let usable = snapshot.filter(|(trail, map)| {
                trail.tip().height() <= height && map.root() == trail.tip().map_root() && self.knows(trail)
            });
            let (mut trail, mut map) = match usable {
                Some(usable) => usable,
                None => {
                    let map = origin::map(self.snapshots.origin().as_deref(), &self.genesis)?;
                    (Trail::genesis(&self.genesis), map)
                }
            };
            replay(&self.store, &mut trail, Some(&mut map), height)?;
            return Ok((trail, Some(map)));
        }
        Ok((trail_at(&self.store, &self.genesis, height, &Feet::default())?, None))
    }

    /// The contract map as it stood after some block.
    pub(super) fn map_at(&self, height: Height) -> Result<ContractMap, CommitError> {
        let (_, map) = self.at(height, true)?;
        // It was asked for.
        map.ok_or(CommitError::NoFolder)
    }

    /// Whether a block of this chain has a hash.
    pub(super) fn has(&self, height: Height, hash: BlockHash) -> Result<bool, CommitError> {
        Ok(self.store.header(height)?.is_some_and(|header| header.hash() == hash))
    }

    fn knows(&self, trail: &Trail) -> bool {
        self.has(trail.tip().height(), trail.tip().hash()).unwrap_or(false)
    }

    /// The certificate of a block: the next one carries it; the tip's stands apart.
    fn certificate_of(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        if height >= self.trail.tip().height() {
            return Ok(self.certificate.clone());
        }
        self.store.carried_certificate(height)
    }

    /// Takes over the blocks of an archive, each one checked and final by the certificate that the
    /// block above it, or the archive's end, carries.
    ///
    /// # Errors
    /// [`CommitError`]; what was appended before stays.
    pub fn import_archive<R: Read>(&mut self, archive: &mut ArchiveReader<R>) -> Result<Imported, CommitError> {
        let foot = archive.foot().below.as_ref();
        let begins = foot.map_or(Height(1), |below| below.header.height.next());
        let tip = self.trail.tip().height();
        if begins > tip.next() {
            return Err(CommitError::Gap { begins, tip });
        }
        let mut imported = Imported::default();
        let mut bytes = 0;
        let mut waiting: Option<HashedBlock> = None;
        let mut height = begins;
        while let Some(item) = archive.next_item()? {
            let (block, certificate) = match item {
                Item::End(certificate) => (None, Some(certificate)),
                Item::Block(bytes) => {
                    let here = height;
                    height = height.next();
                    if here <= tip {
                        self.compare(here, &bytes)?;
                        imported.known += 1;
                        continue;
                    }
                    let block = HashedBlock::read(&bytes).map_err(|why| unreadable(here, &why))?;
                    let certificate = block.body().parent_certificate.clone();
                    (Some(block), certificate)
                }
            };
            if let (Some(below), Some(certificate)) = (waiting.take(), certificate) {
                bytes += below.byte_length();
                let height = self.tip().height().next();
                let fault = |fault| CommitError::Fault { height, fault };
                let checked = check(below, self.tip(), self.map()).map_err(fault)?;
                self.push(checked, certificate)?;
                imported.appended += 1;
                if bytes >= TOGETHER {
                    self.sync()?;
                    bytes = 0;
                }
            }
            waiting = block;
        }
        self.sync()?;
        imported.last_left_out = waiting.is_some();
        Ok(imported)
    }

    fn compare(&self, height: Height, bytes: &[u8]) -> Result<(), CommitError> {
        let here = self.store.block(height)?;
        if here.as_deref() == Some(bytes) { Ok(()) } else { Err(CommitError::OtherHistory(height)) }
    }
}

/// Writes some heights of a store that others append to as an archive, without the contract map. `path`
/// is for errors; `feet` what was passed when earlier ones began.
///
/// # Errors
/// [`StoreError`], when the heights are not here, or cannot be read or written.
pub fn export_stretch<S: Store, W: Write>(
    store: &S,
    genesis: &Genesis,
    feet: &Feet,
    (from, to): (Height, Height),
    writer: W,
    path: &Path,
) -> Result<W, StoreError> {
    let below = Height(from.0.checked_sub(1).ok_or(StoreError::NoBlock(from))?);
    let trail = trail_at(store, genesis, below, feet)?;
    let own = if below == Height(0) { None } else { certificate_in(store, below)? };
    let foot = trail.foot(own.as_ref(), None).ok_or(StoreError::NoBlock(from))?;
    let mut archive = ArchiveWriter::new(writer, path, &trail.tip().chain(), &foot, None)?;
    let mut height = from;
    for block in store.blocks(from, to) {
        let (at, bytes) = block?;
        archive.block(&bytes)?;
        height = at.next();
    }
    if height <= to {
        return Err(StoreError::NoBlock(height));
    }
    archive.finish(certificate_in(store, to)?.as_ref())
}

/// The chain as it stood after a block, without its map.
fn trail_at(store: &impl Store, genesis: &Genesis, height: Height, feet: &Feet) -> Result<Trail, StoreError> {
    let foot = store.foot(height)?;
    let foot_height = foot.below.as_ref().map_or(Height(0), |below| below.header.height);
    let bad = |why| StoreError::Foot { path: format!("the file of block {}", foot_height.next()).into(), why };
    let mut trail = match feet.below(height, foot_height) {
        Some(passed) => passed,
        None => Trail::on(&foot, genesis).map_err(bad)?,
    };
    let mut passed = 0;
    while trail.tip().height() < height {
        let next = trail.tip().height().next();
        let bytes = store.block(next)?.ok_or(StoreError::NoBlock(next))?;
        let block = read_block(next, &bytes)?;
        trail.replay(&block, |_| ()).map_err(|fault| StoreError::Fault { height: next, fault })?;
        passed += bytes.len();
        if passed >= APART {
            feet.keep(&trail);
            passed = 0;
        }
    }
    // Whoever goes on from here, or somewhere above, finds it.
    if passed > 0 {
        feet.keep(&trail);
    }
    Ok(trail)
}

/// The certificate of a stored block: the next one carries it; the tip's stands apart. Between the two
/// looks the tip may have become a block with one above it.
fn certificate_in(store: &impl Store, height: Height) -> Result<Option<Certificate>, StoreError> {
    if height < store.tip().height {
        return store.carried_certificate(height);
    }
    let own = store.certificate()?;
    if height < store.tip().height { store.carried_certificate(height) } else { Ok(own) }
}

fn unreadable(height: Height, why: &DecodeError) -> StoreError {
    StoreError::Damaged { path: "the archive".into(), height, why: why.to_string() }
}
