//! Heads as whoever writes an archive makes them.

use super::{ArchiveError, FORMAT, FRAME_HEAD_BYTES, FrameHead, FrameKind, HEAD_BYTES, MAGIC, checksum};
use crate::crypto::ChainId;

/// Head of a file.
#[must_use]
pub fn head(chain: &ChainId) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    let bytes = MAGIC.into_iter().chain(FORMAT.to_be_bytes()).chain(chain.0);
    head.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    head
}

impl FrameHead {
    /// The head for some bytes.
    ///
    /// # Errors
    /// [`ArchiveError::TooLong`].
    pub fn of(kind: FrameKind, bytes: &[u8]) -> Result<Self, ArchiveError> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if length as usize > crate::codec::MAX_BYTES {
            return Err(ArchiveError::TooLong(length));
        }
        Ok(Self { kind, length, checksum: checksum(kind, length, bytes) })
    }

    /// The head's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; FRAME_HEAD_BYTES] {
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        let [c0, c1, c2, c3] = self.checksum.to_be_bytes();
        [self.kind as u8, l0, l1, l2, l3, c0, c1, c2, c3]
    }
}
