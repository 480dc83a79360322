//! Speed only: the map held so that a block changes little of it. Nothing in this folder is a rule: a
//! test beside each way of holding it compares its root with [`root_of`](super::root_of).

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "depths, places and counts of what is in memory; what comes out is compared with the rule"
)]

mod bucket;
mod contract_map;
mod table;

pub use contract_map::{ContractMap, Staged};
pub use table::{Shard, Table};

use super::rule::{KEY_BITS, Keyed, MapKey, inner, root_below, split};
use crate::contract::StateHash;
use crate::names::MapRoot;

impl MapKey {
    /// The first bits, at most 63, as a number.
    pub(super) fn first_bits(&self, count: usize) -> usize {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        (u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 >> (63 - count)) as usize
    }

    /// Where a search for the key may begin, by bits that say nothing of its order.
    pub(super) fn place(&self) -> usize {
        let [.., a, b, c, d, e, f, g, h] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize
    }
}

impl Keyed for (MapKey, StateHash) {
    fn key(&self) -> &MapKey {
        &self.0
    }
    fn state_hash(&self) -> StateHash {
        self.1
    }
}

/// The same root, computed on all cores.
#[must_use]
pub fn root_of_parallel<T: Keyed + Sync>(pairs: &[T]) -> MapRoot {
    root_below_parallel(pairs, 0)
}

fn root_below_parallel<T: Keyed + Sync>(pairs: &[T], depth: usize) -> MapRoot {
    const WORTH_A_THREAD: usize = 1 << 10;
    if pairs.len() <= WORTH_A_THREAD || depth == KEY_BITS {
        return root_below(pairs, depth);
    }
    let (zero, one) = split(pairs, depth);
    let (zero, one) = rayon::join(|| root_below_parallel(zero, depth + 1), || root_below_parallel(one, depth + 1));
    inner(&zero, &one)
}
