//! The contract map in memory.
//!
//! A binary tree along the bits of the keys, whose ends are *buckets* of a few entries in order.
//! Trees share what they have in common, so a copy costs nothing, and the map after a block that is
//! only proposed stands beside the map of the tip. Hashes are computed when somebody asks for a
//! root, and kept: a block costs what it touches, and an audit that wants the root of the tip alone
//! hashes once. Keys that were ground to share a long prefix make the tree a little deeper there;
//! no bucket ever grows.

use super::proof::{End, MapProof};
use super::rule::{Entry, MapKey, MapRoot, inner, root_below, split};
use crate::contract::State;
use std::sync::{Arc, OnceLock};

/// Entries of a bucket before it splits in two. Fewer cost memory, more cost time, since a bucket
/// keeps no hashes of its entries.
const BUCKET: usize = 4;

/// Levels at the top on which the two halves may be hashed at the same time.
const PARALLEL_LEVELS: usize = 8;

/// Changes that are set on two threads rather than one.
const WORTH_A_THREAD: usize = 100;

/// From subject to state, with its root.
#[derive(Clone, Default)]
pub struct ContractMap {
    top: Node,
    len: u64,
}

/// The keys that begin with the same bits.
#[derive(Clone, Default)]
struct Node {
    keys: Keys,
    /// Their root, once somebody has asked for it.
    root: OnceLock<MapRoot>,
}

#[derive(Clone)]
enum Keys {
    /// At most [`BUCKET`] of them, in order.
    Bucket(Arc<[(MapKey, State)]>),
    /// Those whose next bit is 0, and those whose next bit is 1; side by side, because whoever
    /// hashes one needs the root of the other.
    Inner(Arc<[Node; 2]>),
}

impl Default for Keys {
    fn default() -> Self {
        Self::Bucket(Arc::default())
    }
}

impl ContractMap {
    /// The map without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of keys.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The state under a key.
    #[must_use]
    pub fn get(&self, key: &MapKey) -> Option<&State> {
        let mut node = &self.top;
        for depth in 0.. {
            match &node.keys {
                Keys::Inner(children) => node = toward(key, depth, children).0,
                Keys::Bucket(entries) => {
                    let (_, state) = entries.get(find(entries, key).ok()?)?;
                    return Some(state);
                }
            }
        }
        None
    }

    /// Sets states. Of two under one key the later one holds.
    pub fn set(&mut self, mut changes: Vec<(MapKey, State)>) {
        changes.sort_by_key(|(key, _)| *key);
        self.len += set(&mut self.top, 0, &changes);
    }

    /// The map after these changes; this one stays as it is. To commit, put the new map in the place
    /// of this one.
    #[must_use]
    pub fn stage(&self, changes: Vec<(MapKey, State)>) -> Self {
        let mut after = self.clone();
        after.set(changes);
        after
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> MapRoot {
        self.top.root(0)
    }

    /// Proves what the map says of a key: its state, or that there is none.
    #[must_use]
    pub fn prove(&self, key: &MapKey) -> MapProof {
        let mut siblings = Vec::new();
        let mut node = &self.top;
        let mut entries = loop {
            match &node.keys {
                Keys::Inner(children) => {
                    let (ours, other) = toward(key, siblings.len(), children);
                    siblings.push(other.root(siblings.len() + 1));
                    node = ours;
                }
                Keys::Bucket(entries) => break &**entries,
            }
        };
        while entries.len() > 1 {
            let depth = siblings.len();
            let (zero, one) = split(entries, depth);
            let (ours, other) = if key.bit(depth) { (one, zero) } else { (zero, one) };
            siblings.push(root_below(other, depth + 1));
            entries = ours;
        }
        siblings.reverse();
        let end = match entries.first() {
            None => End::Empty,
            Some(entry) if entry.key() == key => End::State(entry.state_hash()),
            Some(entry) => End::Other { key: *entry.key(), state: entry.state_hash() },
        };
        MapProof::new(siblings, end)
    }

    /// Every entry, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = &(MapKey, State)> {
        let mut waiting = vec![&self.top];
        std::iter::from_fn(move || {
            loop {
                match &waiting.pop()?.keys {
                    Keys::Inner(children) => waiting.extend(children.iter().rev()),
                    Keys::Bucket(entries) => return Some(entries.iter()),
                }
            }
        })
        .flatten()
    }
}

impl std::fmt::Debug for ContractMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContractMap({} keys)", self.len)
    }
}

impl Node {
    /// The node over any number of different keys, in order, that agree in `depth` bits.
    fn over(entries: &[(MapKey, State)], depth: usize) -> Self {
        let keys = if entries.len() > BUCKET {
            let (zero, one) = split(entries, depth);
            Keys::Inner(Arc::new([zero, one].map(|half| Self::over(half, depth + 1))))
        } else {
            Keys::Bucket(entries.into())
        };
        Self { keys, root: OnceLock::new() }
    }

    /// Root of the node's keys, which agree in `depth` bits.
    fn root(&self, depth: usize) -> MapRoot {
        if let Some(known) = self.root.get() {
            return *known;
        }
        let root = match &self.keys {
            Keys::Bucket(entries) => root_below(entries, depth),
            Keys::Inner(children) => {
                let [zero, one] = &**children;
                let both_unknown = zero.root.get().is_none() && one.root.get().is_none();
                let pays = both_unknown && depth < PARALLEL_LEVELS;
                let (zero, one) = both(pays, || zero.root(depth + 1), || one.root(depth + 1));
                inner(&zero, &one)
            }
        };
        // Another thread may have been faster, with the same root; nobody waits for anybody.
        *self.root.get_or_init(|| root)
    }
}

/// Sets states, in the order of their keys, in a node whose keys agree with them in `depth` bits;
/// gives the number of new keys. What other maps share is copied, not changed.
fn set(node: &mut Node, depth: usize, changes: &[(MapKey, State)]) -> u64 {
    if changes.is_empty() {
        return 0;
    }
    node.root.take();
    match &mut node.keys {
        Keys::Inner(children) => {
            let [zero, one] = Arc::make_mut(children);
            let (to_zero, to_one) = split(changes, depth);
            let pays = changes.len() > WORTH_A_THREAD;
            let (new_zero, new_one) = both(pays, || set(zero, depth + 1, to_zero), || set(one, depth + 1, to_one));
            new_zero + new_one
        }
        Keys::Bucket(entries) => {
            let before = entries.len();
            let mut entries = entries.to_vec();
            entries.extend_from_slice(changes);
            // A stable sort leaves equal keys in their order: the last of them holds.
            entries.sort_by_key(|(key, _)| *key);
            entries.reverse();
            entries.dedup_by_key(|(key, _)| *key);
            entries.reverse();
            *node = Node::over(&entries, depth);
            (entries.len() - before) as u64
        }
    }
}

/// Does two things, at the same time if that pays.
fn both<A: Send, B: Send>(pays: bool, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    if pays { rayon::join(a, b) } else { (a(), b()) }
}

/// The child on the way to a key, and the other one.
fn toward<'a>(key: &MapKey, depth: usize, [zero, one]: &'a [Node; 2]) -> (&'a Node, &'a Node) {
    if key.bit(depth) { (one, zero) } else { (zero, one) }
}

/// Where a key stands in a bucket, or would stand.
fn find(entries: &[(MapKey, State)], key: &MapKey) -> Result<usize, usize> {
    entries.binary_search_by(|(held, _)| held.cmp(key))
}
