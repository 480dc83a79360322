//! A block as it is kept and sent on.

use crate::block::Block;
use crate::chain::HashedBlock;
use crate::codec;

impl HashedBlock {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.max(1024));
        codec::encode_into(&self.header, &mut |more: &[u8]| bytes.extend_from_slice(more));
        codec::encode_into(&self.body, &mut |more: &[u8]| bytes.extend_from_slice(more));
        bytes
    }

    /// The block, without what was computed.
    #[must_use]
    pub fn into_block(self) -> Block {
        Block { header: self.header, body: self.body }
    }

    /// Length of its bytes.
    #[must_use]
    pub const fn byte_length(&self) -> usize {
        self.bytes
    }
}

impl Block {
    /// Number of events.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.body.submissions.iter().map(|submission| submission.events.len()).sum()
    }
}
