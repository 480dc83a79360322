//! The rule of the contract map, as an auditor would write it down (`format.md §14`).
//!
//! ```text
//! empty = 32 zero bytes
//! key   = H("luqi/map-key"  ‖ subject(32))
//! leaf  = H("luqi/map-leaf" ‖ key(32) ‖ H(state)(32))
//! inner = H("luqi/map-node" ‖ left(32) ‖ right(32))
//!
//! root of a set = empty, if there is nothing in it
//!                 leaf, if there is one key in it
//!                 inner(root of the keys whose next bit is 0, root of those whose next bit is 1)
//! ```
//!
//! Bits are taken from the most significant one of the first byte on. The root depends on the set
//! alone, not on the order in which it came about; a key is a hash, so nobody chooses its
//! neighbours.

use crate::contract::{State, StateHash};
use crate::crypto::{Domain, Hasher, Suite, hash_newtype};
use crate::names::{MapRoot, Subject};

hash_newtype! {
    /// Where a subject stands in the map.
    MapKey
}
/// Bits of a key: no path is longer.
pub(super) const KEY_BITS: usize = 256;

impl MapKey {
    /// The key of a subject.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        Self(preimage(Domain::MapKey).bytes(subject).finish())
    }

    /// The bit that is next after `depth` bits.
    pub(super) fn bit(&self, depth: usize) -> bool {
        self.0.get(depth / 8).is_some_and(|byte| byte & 0x80_u8 >> (depth % 8) != 0)
    }
}

impl MapRoot {
    /// Root of nothing.
    pub const EMPTY: Self = Self([0; 32]);
}

fn preimage(domain: Domain) -> Hasher {
    Hasher::new(domain, Suite::Ed25519Sha256)
}

/// Root of one key.
pub(super) fn leaf(key: &MapKey, state: &StateHash) -> MapRoot {
    MapRoot(preimage(Domain::MapLeaf).bytes(key).bytes(state).finish())
}

/// Root of two or more keys, out of the roots of their halves.
pub(super) fn inner(zero: &MapRoot, one: &MapRoot) -> MapRoot {
    MapRoot(preimage(Domain::MapNode).bytes(zero).bytes(one).finish())
}

/// A key and what the map holds under it.
pub trait Keyed {
    /// The key.
    fn key(&self) -> &MapKey;
    /// Hash of the state under it.
    fn state_hash(&self) -> StateHash;
}

impl Keyed for (MapKey, State) {
    fn key(&self) -> &MapKey {
        &self.0
    }
    fn state_hash(&self) -> StateHash {
        self.1.hash()
    }
}

/// Root of the map with these pairs, which stand in the order of their keys, no key twice.
#[must_use]
pub fn root_of<T: Keyed>(pairs: &[T]) -> MapRoot {
    root_below(pairs, 0)
}

/// Root of a set whose keys agree in their first `depth` bits.
pub(super) fn root_below<T: Keyed>(pairs: &[T], depth: usize) -> MapRoot {
    match pairs {
        [] => MapRoot::EMPTY,
        [one] => leaf(one.key(), &one.state_hash()),
        // Keys that agree in all bits are one key.
        [one, ..] if depth == KEY_BITS => leaf(one.key(), &one.state_hash()),
        many => {
            let (zero, one) = split(many, depth);
            let below = depth.saturating_add(1);
            inner(&root_below(zero, below), &root_below(one, below))
        }
    }
}

/// Those whose next bit is 0, and those whose next bit is 1.
pub(super) fn split<T: Keyed>(pairs: &[T], depth: usize) -> (&[T], &[T]) {
    pairs.split_at(pairs.partition_point(|pair| !pair.key().bit(depth)))
}
