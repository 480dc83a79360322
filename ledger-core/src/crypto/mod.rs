//! Suites, hashes and signatures of the ledger's own. (RFC 6962 hashes, which belong to the log's
//! format, are in `merkle`; the VRF is in `lookup`.)
//!
//! Every hash and signature of the ledger is over a *preimage* (`format.md §2`):
//!
//! ```text
//! hash       length(1) ‖ domain(8..31) ‖ suite(1) ‖ fields
//! signature  length(1) ‖ domain(8..31) ‖ suite(1) ‖ chain id(32) ‖ fields
//! HKDF info  length(1) ‖ domain(8..31) ‖ suite(1) ‖ fields
//! ```
//!
//! The length byte (8 to 31) keeps a preimage apart from an RFC 6962 leaf (`0x00`), from an inner
//! node (`0x01`) and from the text of a signed note (`0x20` and up). The chain id keeps the
//! signatures of two chains apart.

mod derive;
mod domain;
mod hash;
mod key;
mod secret;
#[cfg(test)]
mod tests;

pub(crate) use derive::Derivation;
pub use domain::{Domain, Suite, UnknownSuite};
pub use hash::{ChainId, Hash, Hasher, HexError, NetworkId, hex};
pub(crate) use hash::{hash_newtype, shown_in_hex, unhex, unhex_vec};
pub(crate) use key::checked_key;
pub use key::{KeyBytes, KeyError, PublicKey, Signature, SignatureError, SignedMessage};
pub use secret::SecretKey;
