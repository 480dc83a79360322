//! Blocks that are not decided, on disk: a restart finds what was proposed, and a decision its bytes.
//!
//! ```text
//! undecided/<height, 20 digits>-<block hash>
//! file   option of (head of its parts ‖ signature) ‖ bytes of the block(4 + n) ‖ CRC-32 of all before(4)
//! ```
//!
//! A file is synced with its folder before anybody hears of the block. Files are deleted some heights
//! after their own was committed.
//!
//! Each proposer has room of its own, and nobody takes another's: whatever many liars propose, the block of
//! an honest one is kept, the own one too. At the height under way a proposer's block gives way to his newer
//! one, those that do not hold first; the one on which this node is locked, since a polka named it, never
//! does. At the heights ahead his further one gives way to his nearer one, and the network gives again what
//! is missing. Together that is at most [`UNDER_WAY`] and two blocks more for each validator.

use super::parts::SignedParts;
use crate::durable::{self, IoError};
use bincode::{Decode, Encode};
use ledger_core::codec::{self, Bytes};
use ledger_core::membership::MAX_BLOCK_BYTES;
use ledger_core::names::{BlockHash, Height};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Blocks of one proposer at the height under way, each of another round or of one who proposes two.
pub(crate) const UNDER_WAY: usize = 4;
/// His blocks at all heights ahead, which have no more bytes than two of the largest that the chain allows.
pub(crate) const AHEAD: usize = 8;
/// Heights below the tip whose blocks are kept.
const KEPT_BELOW: u64 = 2;

/// What is known of a block without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The head of its parts; none where it came as an answer.
    pub(crate) signed: Option<SignedParts>,
    bytes: u64,
}

/// What room there is, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    /// The height under way.
    pub(crate) next: Height,
    /// Bytes that a block may have.
    pub(crate) block_bytes: u32,
    /// Blocks on which this node is locked.
    pub(crate) locked: BTreeSet<(Height, BlockHash)>,
    /// Blocks of the height under way that do not hold.
    pub(crate) invalid: BTreeSet<BlockHash>,
}

#[derive(Encode, Decode)]
struct Kept {
    signed: Option<SignedParts>,
    block: Bytes<{ MAX_BLOCK_BYTES as usize }>,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct UndecidedStore {
    folder: PathBuf,
    entries: BTreeMap<(Height, BlockHash), Entry>,
}

impl UndecidedStore {
    /// Opens the folder; what is damaged in it is dropped.
    ///
    /// # Errors
    /// [`IoError`].
    pub(crate) fn open(folder: &Path) -> Result<Self, IoError> {
        durable::make_folder(folder)?;
        let mut own = Self { folder: folder.to_owned(), entries: BTreeMap::new() };
        for file in std::fs::read_dir(folder).map_err(IoError::io("list", folder))? {
            let path = file.map_err(IoError::io("list", folder))?.path();
            let Some((place, kept)) = place(&path).and_then(|place| Some((place, read(&path)?))) else {
                tracing::warn!("{} is no whole undecided block and is dropped", path.display());
                durable::remove(&path)?;
                continue;
            };
            own.entries.insert(place, Entry { signed: kept.signed, bytes: kept.block.len() as u64 });
        }
        Ok(own)
    }

    /// Keeps a block, durably; false where its proposer has no room left for it. What came as an answer was
    /// certified, and has room always.
    ///
    /// # Errors
    /// [`IoError`].
    pub(crate) fn keep(
        &mut self,
        height: Height,
        block: BlockHash,
        signed: Option<SignedParts>,
        bytes: &[u8],
        quota: &Quota,
    ) -> Result<bool, IoError> {
        let known = self.entries.get(&(height, block));
        if known.is_some_and(|known| known.signed.is_some() || signed.is_none()) {
            return Ok(true);
        }
        if let (None, Some(signed)) = (known, &signed) {
            let has_room = if height > quota.next {
                self.make_room_ahead(height, signed, bytes.len() as u64, quota)?
            } else {
                self.make_room_under_way(height, signed, quota)?
            };
            if !has_room {
                return Ok(false);
            }
        }
        let Ok(kept) = Bytes::new(bytes.to_vec()) else { return Ok(false) };
        let mut written = codec::encode(&Kept { signed, block: kept });
        written.extend_from_slice(&crc32fast::hash(&written).to_be_bytes());
        let path = self.path(height, block);
        durable::replace(&path, |to| to.write_all(&written).map_err(IoError::io("write", &path)))?;
        self.entries.insert((height, block), Entry { signed, bytes: bytes.len() as u64 });
        Ok(true)
    }

    /// The bytes of a block, and the head of its parts.
    pub(crate) fn block(&self, height: Height, block: BlockHash) -> Option<(Option<SignedParts>, Vec<u8>)> {
        self.entries.get(&(height, block))?;
        let kept = read(&self.path(height, block))?;
        Some((kept.signed, kept.block.to_vec()))
    }

    /// What is kept of a height.
    pub(crate) fn at(&self, height: Height) -> impl Iterator<Item = (BlockHash, &Entry)> {
        let (first, last) = (BlockHash([0; 32]), BlockHash([0xff; 32]));
        self.entries.range((height, first)..=(height, last)).map(|((_, block), entry)| (*block, entry))
    }

    /// Every block that is kept.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Height, BlockHash)> {
        self.entries.keys().copied()
    }

    /// Deletes what is well below the tip.
    ///
    /// # Errors
    /// [`IoError`].
    pub(crate) fn settle(&mut self, tip: Height) -> Result<(), IoError> {
        let over = |height: Height| height.0.saturating_add(KEPT_BELOW) < tip.0.saturating_add(1);
        while let Some((&place, _)) = self.entries.first_key_value().filter(|((height, _), _)| over(*height)) {
            self.remove(place)?;
        }
        Ok(())
    }

    fn make_room_under_way(&mut self, height: Height, new: &SignedParts, quota: &Quota) -> Result<bool, IoError> {
        loop {
            let same = self.at(height).filter_map(|(block, entry)| Some((block, entry.signed?.head)));
            let same: Vec<_> = same.filter(|(_, head)| head.proposer == new.head.proposer).collect();
            if same.len() < UNDER_WAY {
                return Ok(true);
            }
            let holds = |block: &BlockHash| !quota.invalid.contains(block);
            let may_go = same.iter().filter(|(block, head)| {
                let is_older = head.round < new.head.round || !holds(block);
                is_older && !quota.locked.contains(&(height, *block))
            });
            let Some((block, _)) = may_go.min_by_key(|(block, head)| (holds(block), head.round)).copied() else {
                return Ok(false);
            };
            self.remove((height, block))?;
        }
    }

    fn make_room_ahead(
        &mut self,
        height: Height,
        new: &SignedParts,
        bytes: u64,
        quota: &Quota,
    ) -> Result<bool, IoError> {
        loop {
            let ahead = self.entries.iter().filter(|((height, _), _)| *height > quota.next);
            let of_proposer =
                |entry: &Entry| entry.signed.is_some_and(|signed| signed.head.proposer == new.head.proposer);
            let same: Vec<_> = ahead.filter(|(_, entry)| of_proposer(entry)).collect();
            let taken = same.iter().map(|(_, entry)| entry.bytes).fold(bytes, u64::saturating_add);
            if same.len() < AHEAD && taken <= u64::from(quota.block_bytes).saturating_mul(2) {
                return Ok(true);
            }
            // In order of height: the last is the furthest.
            let Some(furthest) = same.last().map(|(place, _)| **place).filter(|place| place.0 > height) else {
                return Ok(false);
            };
            self.remove(furthest)?;
        }
    }

    fn remove(&mut self, place: (Height, BlockHash)) -> Result<(), IoError> {
        durable::remove(&self.path(place.0, place.1))?;
        self.entries.remove(&place);
        Ok(())
    }

    fn path(&self, height: Height, block: BlockHash) -> PathBuf {
        self.folder.join(format!("{:020}-{block}", height.0))
    }
}

fn place(path: &Path) -> Option<(Height, BlockHash)> {
    let (height, block) = path.file_name()?.to_str()?.split_once('-')?;
    Some((Height(height.parse().ok()?), block.parse().ok()?))
}

fn read(path: &Path) -> Option<Kept> {
    let bytes = std::fs::read(path).ok()?;
    let (kept, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(kept) != u32::from_be_bytes(*checksum) {
        return None;
    }
    codec::decode(kept).ok()
}

#[cfg(test)]
mod tests;
