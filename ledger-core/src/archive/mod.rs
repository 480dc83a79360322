//! The portable form of a chain, or of a stretch of it: archives, and the sealed files of a home (format.md §16).
//!
//! ```text
//! file    magic "luqiarch"(8) ‖ format(2) ‖ chain id(32) ‖ frames
//! frame   kind(1) ‖ length(4) ‖ checksum(4) ‖ bytes
//!
//! frames in order: one foot, any number of state frames, blocks in rising height, and at the end
//! the certificate of the last block; a file that still grows has no end.
//! ```
//!
//! The checksum is CRC-32 (IEEE 802.3) over kind, length and bytes: it tells a damaged file early.
//! What an audit proves rests on hashes alone.

mod file;
mod foot;
mod judges;
mod memory;
mod trail;
mod walk;
mod write;

pub use file::{Archive, Blocks, Last, Next, NotOpened, ReadAt, ReadFailed, Start};
pub use foot::{Below, Foot, FootError};
pub use judges::{Judges, JudgesError};
pub use trail::Trail;
pub use walk::{Found, Walk};
pub use write::head;

use crate::codec::List;
use crate::contract::State;
use crate::crypto::ChainId;
use crate::map::MapKey;
use bincode::{Decode, Encode};
use thiserror::Error;

/// First bytes of every archive.
pub const MAGIC: [u8; 8] = *b"luqiarch";
/// The format that this version writes and reads.
pub const FORMAT: u16 = 1;
/// Length of a file's head.
pub const HEAD_BYTES: usize = 42;
/// Length of a frame's head.
pub const FRAME_HEAD_BYTES: usize = 9;
/// A state frame holds at most so many states.
pub const MAX_STATES: usize = 65_536;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameKind {
    /// A [`Foot`].
    Foot = 1,
    /// Some states of the contract map at the foot, in order of their keys.
    States = 2,
    /// A block.
    Block = 3,
    /// The certificate of the last block.
    Certificate = 4,
}

/// Why a file is no archive of this chain, or is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArchiveError {
    /// Other first bytes.
    #[error("the file does not begin as a luqi archive does")]
    Magic,
    /// A format of another version.
    #[error("the archive has format {0}; this version reads {FORMAT}")]
    Format(u16),
    /// Of another chain.
    #[error("the archive is of chain {found}, not {wanted}")]
    Chain {
        /// The genesis's.
        wanted: ChainId,
        /// In the file.
        found: ChainId,
    },
    /// No kind of frame.
    #[error("{0} is no kind of frame")]
    Kind(u8),
    /// A frame that is longer than any value.
    #[error("a frame of {0} bytes is longer than any value")]
    TooLong(u32),
    /// The bytes are not the ones that were written.
    #[error("the checksum of a frame does not hold: the file is damaged here")]
    Checksum,
}

/// The chain that a file's head names.
///
/// # Errors
/// [`ArchiveError`], when it is no head of ours.
pub fn read_head(head: &[u8; HEAD_BYTES]) -> Result<ChainId, ArchiveError> {
    let (magic, rest) = head.split_first_chunk::<8>().ok_or(ArchiveError::Magic)?;
    let (format, chain) = rest.split_first_chunk::<2>().ok_or(ArchiveError::Magic)?;
    if *magic != MAGIC {
        return Err(ArchiveError::Magic);
    }
    match u16::from_be_bytes(*format) {
        FORMAT => <[u8; 32]>::try_from(chain).map(ChainId).map_err(|_| ArchiveError::Magic),
        other => Err(ArchiveError::Format(other)),
    }
}

/// Head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// What the frame holds.
    pub kind: FrameKind,
    /// Length of its bytes.
    pub length: u32,
    checksum: u32,
}

impl FrameHead {
    /// Reads a frame's head.
    ///
    /// # Errors
    /// [`ArchiveError`], when it is no head of a frame.
    pub fn decode(head: [u8; FRAME_HEAD_BYTES]) -> Result<Self, ArchiveError> {
        let [kind, l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let kinds = [FrameKind::Foot, FrameKind::States, FrameKind::Block, FrameKind::Certificate];
        let kind = kinds.into_iter().find(|known| *known as u8 == kind).ok_or(ArchiveError::Kind(kind))?;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        if length as usize > crate::codec::MAX_BYTES {
            return Err(ArchiveError::TooLong(length));
        }
        Ok(Self { kind, length, checksum: u32::from_be_bytes([c0, c1, c2, c3]) })
    }

    /// Whether these are the bytes that the head was made for.
    ///
    /// # Errors
    /// [`ArchiveError::Checksum`].
    pub fn check(&self, bytes: &[u8]) -> Result<(), ArchiveError> {
        if bytes.len() == self.length as usize && checksum(self.kind, self.length, bytes) == self.checksum {
            Ok(())
        } else {
            Err(ArchiveError::Checksum)
        }
    }
}

fn checksum(kind: FrameKind, length: u32, bytes: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind as u8]);
    crc.update(&length.to_be_bytes());
    crc.update(bytes);
    crc.finalize()
}

/// One state of the contract map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StateRow {
    /// Its key.
    pub key: MapKey,
    /// The state.
    pub state: State,
}

/// The states of one frame.
pub type StateRows = List<StateRow, MAX_STATES>;

#[cfg(test)]
mod tests;
