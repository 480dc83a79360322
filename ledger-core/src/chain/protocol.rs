//! The rules of a protocol (format.md §11, §15.5): which suite it hashes and signs with.

use crate::crypto::Suite;
use crate::names::{PROTOCOL, Protocol};
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
