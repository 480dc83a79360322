//! The keys that share the first bits, in memory: a few in order, or two halves.
//!
//! Almost every bucket is a list of a few pairs of key and state. One that gets more of them becomes
//! a tree along the next bits of the keys, with the hashes of its parts kept; so keys that were
//! ground to share a long prefix cost a few steps each, not a long list. Copies share what they have
//! in common.

use crate::contract::State;
use crate::map::rule::{Keyed, MapKey, inner, leaf, root_below, split};
use crate::names::MapRoot;
use std::sync::{Arc, OnceLock};

/// Pairs that a list may hold before it splits in two. Fewer cost memory, more cost time.
pub(super) const FEW: usize = 8;

/// Root of a set of keys, and what joining it to its neighbours takes: the rule of the map, read
/// from the bottom up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// No key.
    Empty,
    /// One key, whose leaf stands for the set however few bits of it are given.
    Lone(MapRoot),
    /// Two keys or more.
    Many(MapRoot),
}

impl Part {
    /// The root of the set.
    pub(super) const fn root(&self) -> MapRoot {
        match self {
            Self::Empty => MapRoot::EMPTY,
            Self::Lone(root) | Self::Many(root) => *root,
        }
    }

    /// The union of the keys whose next bit is 0 and of those whose next bit is 1.
    pub(super) fn join(zero: Self, one: Self) -> Self {
        match (zero, one) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (Self::Lone(leaf), Self::Empty) | (Self::Empty, Self::Lone(leaf)) => Self::Lone(leaf),
            (zero, one) => Self::Many(inner(&zero.root(), &one.root())),
        }
    }
}

/// The keys that begin with the same bits. How many bits, its holder knows.
#[derive(Clone)]
pub(super) enum Bucket {
    /// At most [`FEW`], in order.
    List(Arc<[(MapKey, State)]>),
    /// More.
    Tree(Arc<Tree>),
}

/// A bucket's halves: the keys whose next bit is 0, and those whose next bit is 1.
#[derive(Clone)]
pub(super) struct Tree {
    halves: [Bucket; 2],
    /// The root, once somebody has asked for it.
    root: OnceLock<MapRoot>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self::List(Arc::default())
    }
}

impl Bucket {
    /// The bucket of any number of different keys, in order, that agree in `depth` bits.
    fn over(pairs: &[(MapKey, State)], depth: usize) -> Self {
        if pairs.len() <= FEW {
            return Self::List(pairs.into());
        }
        let (zero, one) = split(pairs, depth);
        let halves = [zero, one].map(|half| Self::over(half, depth + 1));
        Self::Tree(Arc::new(Tree { halves, root: OnceLock::new() }))
    }

    /// The keys whose next bit is 0, and those whose next bit is 1.
    pub(super) fn into_halves(self, depth: usize) -> [Self; 2] {
        match self {
            Self::Tree(tree) => Arc::unwrap_or_clone(tree).halves,
            Self::List(pairs) => {
                let (zero, one) = split(&pairs, depth);
                [Self::List(zero.into()), Self::List(one.into())]
            }
        }
    }

    /// Sets states, in the order of their keys; of two under one key the later one holds. Gives the
    /// number of new keys. What copies of the bucket share is not changed.
    pub(super) fn set(&mut self, depth: usize, changes: &[(MapKey, State)]) -> u64 {
        match self {
            _ if changes.is_empty() => 0,
            Self::Tree(tree) => {
                let tree = Arc::make_mut(tree);
                tree.root.take();
                let [zero, one] = &mut tree.halves;
                let (to_zero, to_one) = split(changes, depth);
                zero.set(depth + 1, to_zero) + one.set(depth + 1, to_one)
            }
            Self::List(before) => {
                let mut after = Vec::with_capacity(before.len() + changes.len());
                after.extend_from_slice(before);
                after.extend_from_slice(changes);
                // A stable sort leaves equal keys in their order, and the last of them holds.
                after.sort_by_key(|(key, _)| *key);
                after.dedup_by(|later, kept| {
                    later.0 == kept.0 && {
                        *kept = *later;
                        true
                    }
                });
                let new = after.len() - before.len();
                *self = Self::over(&after, depth);
                new as u64
            }
        }
    }

    /// Root of the bucket, whose keys agree in `depth` bits, and whether it holds one key.
    pub(super) fn part(&self, depth: usize) -> Part {
        match self {
            Self::Tree(tree) => {
                let [zero, one] = &tree.halves;
                // If two threads compute it, they find the same.
                let join = || inner(&zero.part(depth + 1).root(), &one.part(depth + 1).root());
                Part::Many(*tree.root.get_or_init(join))
            }
            Self::List(pairs) => match &**pairs {
                [] => Part::Empty,
                [one] => Part::Lone(leaf(one.key(), &one.state_hash())),
                many => Part::Many(root_below(many, depth)),
            },
        }
    }

    /// Descends toward a key as far as the bucket is a tree, handing over the root of each half
    /// passed by; gives the list where the key stands, if anywhere.
    pub(super) fn descend(
        &self,
        mut depth: usize,
        key: &MapKey,
        mut passed: impl FnMut(&Self, usize),
    ) -> &[(MapKey, State)] {
        let mut bucket = self;
        loop {
            match bucket {
                Self::List(pairs) => return pairs,
                Self::Tree(tree) => {
                    let [zero, one] = &tree.halves;
                    let (ours, other) = if key.bit(depth) { (one, zero) } else { (zero, one) };
                    depth += 1;
                    passed(other, depth);
                    bucket = ours;
                }
            }
        }
    }

    /// The pairs, if they are few enough to be a list.
    pub(super) fn as_list(&self) -> &[(MapKey, State)] {
        match self {
            Self::List(pairs) => pairs,
            Self::Tree(_) => &[],
        }
    }

    /// Every pair, in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(MapKey, State)> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            loop {
                match waiting.pop()? {
                    Self::Tree(tree) => waiting.extend(tree.halves.iter().rev()),
                    Self::List(pairs) => return Some(pairs.iter()),
                }
            }
        })
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::state;

    /// Trees of `after` that are not those of `before`.
    fn touched(before: &Bucket, after: &Bucket) -> usize {
        match (before, after) {
            (Bucket::Tree(before), Bucket::Tree(after)) if !Arc::ptr_eq(before, after) => {
                1 + before.halves.iter().zip(&after.halves).map(|(a, b)| touched(a, b)).sum::<usize>()
            }
            (Bucket::Tree(_) | Bucket::List(_), _) => 0,
        }
    }

    #[test]
    fn a_change_of_a_fat_bucket_touches_one_path() {
        // 2^14 keys, all behind 20 bits of zero.
        let key = |n: u32| {
            let mut key = [0; 32];
            key[4..8].copy_from_slice(&(n << 18).to_be_bytes());
            MapKey(key)
        };
        let pairs: Vec<_> = (0..1 << 14).map(|n| (key(n), state(1))).collect();
        let before = Bucket::over(&pairs, 20);
        let mut after = before.clone();
        assert_eq!(after.set(20, &[(key(77), state(2))]), 0);
        // Lists of 8 lie 11 halvings below the 32 bits that all keys share.
        assert_eq!(touched(&before, &after), 32 - 20 + 11);
        assert_ne!(before.part(20), after.part(20));
    }
}
