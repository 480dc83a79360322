//! Blocks that are not decided, on disk: a restart finds what was proposed, and a decision its bytes.
//!
//! ```text
//! undecided/<height, 20 digits>-<block hash>
//! file   option of (head of its parts ‖ signature) ‖ bytes of the block(4 + n) ‖ CRC-32 of all before(4)
//! ```
//!
//! A file is synced with its folder before anybody hears of the block. Files are deleted some heights
//! after their own was committed. There are at most so many of a proposer at a height, so many at a
//! height, and so many bytes in all; past that a block further ahead gives way to a nearer one, and the
//! network gives again what is missing.

use super::parts::SignedParts;
use crate::store::{self, StoreError};
use bincode::{Decode, Encode};
use ledger_core::codec::{self, Bytes};
use ledger_core::membership::MAX_BLOCK_BYTES;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Blocks of one proposer at a height, each of another round or of one who proposes two.
const BY_PROPOSER: usize = 16;
/// Blocks at a height.
const AT_HEIGHT: usize = 64;
/// Bytes in all, or four blocks of the largest size where these are more.
const IN_ALL: u64 = 256 << 20;
/// Heights below the tip whose blocks are kept.
const KEPT_BELOW: u64 = 2;

/// What is known of a block without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The head of its parts; none where it came as an answer.
    pub(crate) signed: Option<SignedParts>,
    bytes: u64,
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
    /// [`StoreError`].
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        store::make_folder(folder)?;
        let mut own = Self { folder: folder.to_owned(), entries: BTreeMap::new() };
        for file in std::fs::read_dir(folder).map_err(StoreError::io("list", folder))? {
            let path = file.map_err(StoreError::io("list", folder))?.path();
            let Some((place, kept)) = place(&path).and_then(|place| Some((place, read(&path)?))) else {
                tracing::warn!("{} is no whole undecided block and is dropped", path.display());
                std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
                continue;
            };
            own.entries.insert(place, Entry { signed: kept.signed, bytes: kept.block.len() as u64 });
        }
        Ok(own)
    }

    /// Keeps a block, durably; false where there is no room for it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn keep(
        &mut self,
        height: Height,
        block: BlockHash,
        signed: Option<SignedParts>,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let known = self.entries.get(&(height, block));
        if known.is_some_and(|known| known.signed.is_some() || signed.is_none()) {
            return Ok(true);
        }
        if known.is_none() && !self.make_room(height, signed.map(|signed| signed.head.proposer), bytes.len() as u64)? {
            return Ok(false);
        }
        let Ok(kept) = Bytes::new(bytes.to_vec()) else { return Ok(false) };
        let mut written = codec::encode(&Kept { signed, block: kept });
        written.extend_from_slice(&crc32fast::hash(&written).to_be_bytes());
        let path = self.path(height, block);
        store::replace(&path, |to| to.write_all(&written).map_err(StoreError::io("write", &path)))?;
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
    /// [`StoreError`].
    pub(crate) fn settle(&mut self, tip: Height) -> Result<(), StoreError> {
        let over = |height: Height| height.0.saturating_add(KEPT_BELOW) < tip.0.saturating_add(1);
        while let Some((&place, _)) = self.entries.first_key_value().filter(|((height, _), _)| over(*height)) {
            self.remove(place)?;
        }
        Ok(())
    }

    fn make_room(&mut self, height: Height, proposer: Option<NodeNumber>, bytes: u64) -> Result<bool, StoreError> {
        let of = |entry: &Entry| entry.signed.map(|signed| signed.head.proposer);
        let same = self.at(height).filter(|(_, entry)| proposer.is_some() && of(entry) == proposer).count();
        if same >= BY_PROPOSER || self.at(height).count() >= AT_HEIGHT {
            return Ok(false);
        }
        let room = IN_ALL.max(4 * u64::from(MAX_BLOCK_BYTES));
        while self.entries.values().map(|entry| entry.bytes).sum::<u64>().saturating_add(bytes) > room {
            match self.entries.last_key_value() {
                Some((&place, _)) if place.0 > height => self.remove(place)?,
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn remove(&mut self, place: (Height, BlockHash)) -> Result<(), StoreError> {
        let path = self.path(place.0, place.1);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &path)(error));
            }
            Ok(()) | Err(_) => {}
        }
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
