//! Leaf, node and root, as RFC 6962 section 2.1 defines them (`format.md §3`).
//!
//! ```text
//! MTH({})     = SHA-256()
//! MTH({d(0)}) = SHA-256(0x00 ‖ d(0))                                  a leaf
//! MTH(D[n])   = SHA-256(0x01 ‖ MTH(D[0:k]) ‖ MTH(D[k:n]))             a node,
//!               k the largest power of two smaller than n
//! ```

use crate::crypto::hash_newtype;
use crate::names::{END_OF_NUMBERS, number};
use bincode::Encode;
use sha2::{Digest, Sha256};

hash_newtype! {
    /// Hash of one entry: `SHA-256(0x00 ‖ entry)`.
    LeafHash
}
hash_newtype! {
    /// Root of a part of a log with at least one leaf; of a single one it is the leaf hash.
    NodeHash
}
hash_newtype! {
    /// Root of a whole log of some size.
    LogRoot
}

impl LogRoot {
    /// Root of the log without entries: `SHA-256()`.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);
}

impl From<LeafHash> for NodeHash {
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}
impl From<NodeHash> for LogRoot {
    fn from(node: NodeHash) -> Self {
        Self(node.0)
    }
}

number! {
    /// Number of entries in a log.
    LogSize(u64) in 0..=END_OF_NUMBERS - 1, "log size"
}
number! {
    /// Place of an entry in its log, counted from 0.
    LogIndex(u64) in 0..=u64::MAX, "log index"
}

/// Hash of one entry.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> LeafHash {
    LeafHash(Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into())
}

/// Hash of one entry, given as what it is the encoding of.
pub(crate) fn leaf_hash_of(entry: &impl Encode) -> LeafHash {
    let mut hash = Sha256::new_with_prefix([0x00]);
    crate::codec::encode_into(entry, &mut |bytes: &[u8]| hash.update(bytes));
    LeafHash(hash.finalize().into())
}

/// Hash of two neighbouring parts of a log.
#[must_use]
pub fn node_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    let mut preimage = [0x01; 65];
    let (_, children) = preimage.split_at_mut(1);
    let (to_left, to_right) = children.split_at_mut(32);
    to_left.copy_from_slice(&left.0);
    to_right.copy_from_slice(&right.0);
    NodeHash(Sha256::digest(preimage).into())
}

/// The leaves on both sides of where RFC 6962 splits them: behind the largest power of two smaller than their number,
/// which is the smallest that is no less than half of it.
pub(super) fn halves(leaves: &[LeafHash]) -> (&[LeafHash], &[LeafHash]) {
    leaves.split_at(leaves.len().div_ceil(2).next_power_of_two())
}

/// Root of the log with these leaves.
#[must_use]
pub fn root(leaves: &[LeafHash]) -> LogRoot {
    subtree(leaves).map_or(LogRoot::EMPTY, LogRoot::from)
}

/// MTH of at least one leaf; none has no node.
pub(super) fn subtree(leaves: &[LeafHash]) -> Option<NodeHash> {
    match leaves {
        [] => None,
        [leaf] => Some(NodeHash::from(*leaf)),
        [left, right] => Some(node_hash(&NodeHash(left.0), &NodeHash(right.0))),
        more => {
            let (left, right) = halves(more);
            Some(node_hash(&subtree(left)?, &subtree(right)?))
        }
    }
}
