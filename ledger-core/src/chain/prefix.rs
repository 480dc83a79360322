//! What can be told of a block without reading it (format.md §15.5): for whoever looks for blocks.

use crate::crypto::ChainId;
use crate::names::{Height, Protocol};

/// The first 43 bytes of a block, which stand there in every protocol: `protocol(2) ‖ suite(1) ‖ chain(32) ‖
/// height(8)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The protocol that the block says it follows.
    pub protocol: Protocol,
    /// The number of its suite.
    pub suite: u8,
    /// The chain.
    pub chain: ChainId,
    /// The height.
    pub height: Height,
}

impl Prefix {
    /// Reads them; none of fewer bytes.
    #[must_use]
    pub fn read(block: &[u8]) -> Option<Self> {
        let (protocol, rest) = block.split_first_chunk()?;
        let (&suite, rest) = rest.split_first()?;
        let (chain, rest) = rest.split_first_chunk()?;
        let (height, _) = rest.split_first_chunk()?;
        Some(Self {
            protocol: Protocol(u16::from_be_bytes(*protocol)),
            suite,
            chain: ChainId(*chain),
            height: Height(u64::from_be_bytes(*height)),
        })
    }
}
