//! The rules of a protocol (format.md §11, §15.5): which suite it hashes and signs with.

use crate::crypto::Suite;
use crate::names::{Height, PROTOCOL, Protocol};
use thiserror::Error;

/// What a protocol fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The protocol.
    pub protocol: Protocol,
    /// With which its headers are hashed and its votes signed.
    pub suite: Suite,
}

/// A protocol that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("protocol {0} holds, which this version does not know; install a newer one")]
pub struct NewerProtocol(pub Protocol);

impl Rules {
    /// The rules of a protocol.
    ///
    /// # Errors
    /// [`NewerProtocol`], where this version does not know them.
    pub(super) fn of(protocol: Protocol) -> Result<Self, NewerProtocol> {
        if protocol > PROTOCOL {
            return Err(NewerProtocol(protocol));
        }
        Ok(Self { protocol, suite: Suite::Ed25519Sha256 })
    }
}

/// The first 43 bytes of a block, which stand there in every protocol: `protocol(2) ‖ suite(1) ‖ chain(32) ‖
/// height(8)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The protocol that the block says it follows.
    pub protocol: Protocol,
    /// The number of its suite.
    pub suite: u8,
    /// The chain.
    pub chain: crate::crypto::ChainId,
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
            chain: crate::crypto::ChainId(*chain),
            height: Height(u64::from_be_bytes(*height)),
        })
    }
}
