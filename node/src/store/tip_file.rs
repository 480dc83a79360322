//! The tip file: which block was acknowledged last.
//!
//! ```text
//! file   two slots of 512 bytes
//! slot   magic "luqi-tip"(8) ‖ chain id(32) ‖ turn(8) ‖ height(8) ‖ block hash(32) ‖ CRC-32 of these(4) ‖ zeros
//! ```
//!
//! The slots are written in turn ([`Slots`]). A write that was torn leaves the other slot, and the store is then a
//! block ahead of its tip file. It is written only after the block itself was synced; so a store behind its tip file has
//! lost what was acknowledged.

use super::StoreError;
use crate::durable::{IoError, SLOT, Slots};
use ledger_core::crypto::ChainId;
use ledger_core::names::{BlockHash, Height};
use std::path::Path;

const MAGIC: &[u8; 8] = b"luqi-tip";
const WRITTEN: usize = 92;

/// The last acknowledged block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TipRecord {
    /// Its height; 0 for the genesis.
    pub height: Height,
    /// Its hash; the chain id for the genesis.
    pub block: BlockHash,
}

impl TipRecord {
    /// Of a chain without a block.
    #[must_use]
    pub const fn genesis(chain: &ChainId) -> Self {
        Self { height: Height(0), block: BlockHash(chain.0) }
    }
}

/// A tip file as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadTip {
    /// The chain that it belongs to.
    pub chain: ChainId,
    /// The newest slot that is whole.
    pub tip: TipRecord,
    /// Whether the other slot is damaged, or was torn while it was written.
    pub damaged: bool,
    turn: u64,
}

/// The tip file of an open store.
#[derive(Debug)]
pub(crate) struct TipFile {
    slots: Slots,
    chain: ChainId,
    turn: u64,
}

impl TipFile {
    /// Makes the file for a chain without a block.
    pub(crate) fn create(path: &Path, chain: ChainId) -> Result<Self, StoreError> {
        let first = TipRecord::genesis(&chain);
        let slots = Slots::create(path, |_| Ok::<_, IoError>([0, 1].map(|turn| encode(&chain, turn, &first))))?;
        Ok(Self { slots, chain, turn: 1 })
    }

    /// Opens the file that is there.
    pub(crate) fn open(path: &Path) -> Result<(Self, ReadTip), StoreError> {
        let read = read(path)?;
        Ok((Self { slots: Slots::open(path)?, chain: read.chain, turn: read.turn }, read))
    }

    /// Says durably that a block is acknowledged.
    pub(crate) fn write(&mut self, tip: &TipRecord) -> Result<(), StoreError> {
        let turn = self.turn.saturating_add(1);
        self.slots.write(turn, &encode(&self.chain, turn, tip))?;
        self.turn = turn;
        Ok(())
    }
}

/// Reads a tip file, and leaves it as it is.
///
/// # Errors
/// [`StoreError`], when it cannot be read or no slot of it is whole.
pub fn read(path: &Path) -> Result<ReadTip, StoreError> {
    let bad = |why| StoreError::TipFile { path: path.to_owned(), why };
    let ([first, second], is_whole) = Slots::read(path)?;
    if !is_whole {
        return Err(bad("has another length than it was written with"));
    }
    match (decode(&first), decode(&second)) {
        (Some(a), Some(b)) if a.chain != b.chain => Err(bad("names two chains")),
        (Some(a), Some(b)) => Ok(if a.turn > b.turn { a } else { b }),
        (Some(one), None) | (None, Some(one)) => Ok(ReadTip { damaged: true, ..one }),
        (None, None) => Err(bad("is damaged in both its halves")),
    }
}

fn encode(chain: &ChainId, turn: u64, tip: &TipRecord) -> [u8; SLOT] {
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&chain.0);
    bytes.extend_from_slice(&turn.to_be_bytes());
    bytes.extend_from_slice(&tip.height.0.to_be_bytes());
    bytes.extend_from_slice(&tip.block.0);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    let mut slot = [0; SLOT];
    slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<ReadTip> {
    let (magic, rest) = slot.split_first_chunk::<8>()?;
    let (chain, rest) = rest.split_first_chunk::<32>()?;
    let (turn, rest) = rest.split_first_chunk::<8>()?;
    let (height, rest) = rest.split_first_chunk::<8>()?;
    let (block, rest) = rest.split_first_chunk::<32>()?;
    let (checksum, zeros) = rest.split_first_chunk::<4>()?;
    let checked = slot.get(..WRITTEN - 4)?;
    let whole = magic == MAGIC
        && crc32fast::hash(checked) == u32::from_be_bytes(*checksum)
        && zeros.iter().all(|byte| *byte == 0);
    let tip = TipRecord { height: Height(u64::from_be_bytes(*height)), block: BlockHash(*block) };
    whole.then_some(ReadTip { chain: ChainId(*chain), tip, damaged: false, turn: u64::from_be_bytes(*turn) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_slot_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tip");
        let chain = ChainId([7; 32]);
        let mut file = TipFile::create(&path, chain).unwrap();
        assert_eq!(read(&path).unwrap().tip, TipRecord::genesis(&chain));
        let tips: Vec<_> = (1..6).map(|h| TipRecord { height: Height(h), block: BlockHash([h as u8; 32]) }).collect();
        for tip in &tips {
            file.write(tip).unwrap();
            assert_eq!(read(&path).unwrap().tip, *tip);
        }
        let (mut file, _) = TipFile::open(&path).unwrap();
        file.write(&TipRecord { height: Height(6), block: BlockHash([6; 32]) }).unwrap();
        assert_eq!(read(&path).unwrap().tip.height, Height(6));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tip");
        let mut file = TipFile::create(&path, ChainId([7; 32])).unwrap();
        file.write(&TipRecord { height: Height(1), block: BlockHash([1; 32]) }).unwrap();
        let good = std::fs::read(&path).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            assert!(read(&path).unwrap().damaged, "bit {bit}");
        }
        std::fs::write(&path, &good[..700]).unwrap();
        assert!(matches!(read(&path), Err(StoreError::TipFile { .. })));
    }
}
