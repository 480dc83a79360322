//! The contract map in memory: 2^b buckets by the first b bits of the key, and the hashes above.
//!
//! ```text
//! parts   1                      the whole map
//!         2          3           keys that begin with 0, with 1
//!         4    5     6    7      with 00, 01, 10, 11: here b = 2
//! buckets 0    1     2    3
//! ```
//!
//! Part i consists of the parts 2i and 2i + 1; the last 2^b parts are the buckets. A part's hash is
//! computed when somebody asks for it, and kept: a block costs what it touches, and an audit that
//! wants the root of the tip alone hashes once. b grows with the map.

use super::bucket::{Bucket, Part};
use crate::contract::State;
use crate::map::proof::{End, MapProof};
use crate::map::rule::{Keyed, MapKey, root_below, split};
use crate::names::MapRoot;
use std::sync::OnceLock;

/// Pairs in a bucket, on average, beyond which the number of buckets doubles.
const FULL: u64 = 2;

/// No more than 2^20 buckets: beyond, buckets become trees. In tests beyond 2^8, to get there.
const MAX_BITS: usize = if cfg!(test) { 8 } else { 20 };

/// Changes that are staged on two threads rather than one.
const WORTH_A_THREAD: usize = 100;

/// Levels at the top whose halves are hashed on two threads, if both are asked for.
const PARALLEL_LEVELS: usize = 8;

/// From subject to state: pairs of key and state, and their root.
#[derive(Clone)]
pub struct ContractMap {
    bits: usize,
    buckets: Vec<Bucket>,
    parts: Vec<OnceLock<Part>>,
    len: u64,
}

impl Default for MapRoot {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Changes of a map, with the root that they lead to.
#[derive(Clone, Default)]
pub struct Staged {
    before: MapRoot,
    after: MapRoot,
    changes: Vec<(MapKey, State)>,
    fresh: Fresh,
}

/// What changes hold anew: buckets, parts, the number of new keys.
#[derive(Clone, Default)]
struct Fresh {
    buckets: Vec<(usize, Bucket)>,
    parts: Vec<(usize, Part)>,
    new_keys: u64,
}

/// A part, and its depth: the number of bits that its keys share.
#[derive(Clone, Copy)]
struct Place {
    part: usize,
    depth: usize,
}

impl Place {
    const TOP: Self = Self { part: 1, depth: 0 };

    const fn half(self, one: bool) -> Self {
        Self { part: 2 * self.part + one as usize, depth: self.depth + 1 }
    }
}

impl Staged {
    /// The root after the changes.
    #[must_use]
    pub const fn root(&self) -> MapRoot {
        self.after
    }

    /// Whether a map is the one that the changes were staged over.
    #[must_use]
    pub fn starts_from(&self, map: &ContractMap) -> bool {
        map.root() == self.before
    }
}

impl Default for ContractMap {
    fn default() -> Self {
        Self { bits: 0, buckets: vec![Bucket::default()], parts: vec![OnceLock::new(); 2], len: 0 }
    }
}

impl ContractMap {
    /// The map without keys.
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
        let bucket = self.buckets.get(key.first_bits(self.bits))?;
        let pairs = bucket.descend(self.bits, key, |_, _| ());
        let place = pairs.binary_search_by(|(held, _)| held.cmp(key)).ok()?;
        pairs.get(place).map(|(_, state)| state)
    }

    /// Every pair, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = &(MapKey, State)> {
        self.buckets.iter().flat_map(Bucket::iter)
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> MapRoot {
        self.part(Place::TOP).root()
    }

    /// Sets states, without hashing anything; of two under one key the later one holds.
    pub fn set(&mut self, mut changes: Vec<(MapKey, State)>) {
        changes.sort_by_key(|(key, _)| *key);
        self.set_sorted(&changes);
    }

    /// The root after these changes, and what it takes to make them; the map stays as it is. Of two
    /// changes under one key the later one holds.
    #[must_use]
    pub fn stage(&self, mut changes: Vec<(MapKey, State)>) -> Staged {
        changes.sort_by_key(|(key, _)| *key);
        let mut fresh = Fresh::default();
        let after = self.stage_part(Place::TOP, &changes, &mut fresh).root();
        Staged { before: self.root(), after, changes, fresh }
    }

    /// Makes staged changes. If the map has changed since, they are made all the same, on the map as
    /// it is now.
    pub fn commit(&mut self, staged: Staged) {
        if self.root() != staged.before {
            return self.set_sorted(&staged.changes);
        }
        for (place, bucket) in staged.fresh.buckets {
            if let Some(held) = self.buckets.get_mut(place) {
                *held = bucket;
            }
        }
        for (place, part) in staged.fresh.parts {
            if let Some(held) = self.parts.get_mut(place) {
                *held = OnceLock::from(part);
            }
        }
        self.len += staged.fresh.new_keys;
        self.grow();
    }

    /// Proves what the map says of a key: its state, or that there is none.
    #[must_use]
    pub fn prove(&self, key: &MapKey) -> MapProof {
        let mut siblings = Vec::new();
        let mut place = Place::TOP;
        while place.depth < self.bits && matches!(self.part(place), Part::Many(_)) {
            let bit = key.bit(place.depth);
            siblings.push(self.part(place.half(!bit)).root());
            place = place.half(bit);
        }
        let mut pairs = match self.bucket_at(place) {
            Some(bucket) => bucket.descend(self.bits, key, |other, depth| siblings.push(other.part(depth).root())),
            None => self.lone_pair(place),
        };
        while pairs.len() > 1 {
            let depth = siblings.len();
            let (zero, one) = split(pairs, depth);
            let (ours, other) = if key.bit(depth) { (one, zero) } else { (zero, one) };
            siblings.push(root_below(other, depth + 1));
            pairs = ours;
        }
        siblings.reverse();
        let end = match pairs.first() {
            None => End::Empty,
            Some(pair) if pair.key() == key => End::State(pair.state_hash()),
            Some(pair) => End::Other { key: *pair.key(), state: pair.state_hash() },
        };
        MapProof::new(siblings, end)
    }

    /// The one pair of a part above the buckets, or none.
    fn lone_pair(&self, place: Place) -> &[(MapKey, State)] {
        let height = self.bits - place.depth;
        let first = (place.part << height) - self.buckets.len();
        let below = self.buckets.iter().skip(first).take(1 << height);
        below.map(Bucket::as_list).find(|pairs| !pairs.is_empty()).unwrap_or_default()
    }

    /// The bucket that a part is, if it is one.
    fn bucket_at(&self, place: Place) -> Option<&Bucket> {
        self.buckets.get(place.part.checked_sub(self.buckets.len())?)
    }

    /// A part's root, computed if nobody has asked for it since it changed.
    fn part(&self, place: Place) -> Part {
        let known = self.parts.get(place.part);
        if let Some(part) = known.and_then(OnceLock::get) {
            return *part;
        }
        let part = match self.bucket_at(place) {
            Some(bucket) => bucket.part(place.depth),
            None => {
                let halves = (|| self.part(place.half(false)), || self.part(place.half(true)));
                let (zero, one) = if place.depth < PARALLEL_LEVELS {
                    rayon::join(halves.0, halves.1)
                } else {
                    (halves.0(), halves.1())
                };
                Part::join(zero, one)
            }
        };
        // Another thread may have been faster, with the same root; nobody waits for anybody.
        known.map_or(part, |known| *known.get_or_init(|| part))
    }

    /// The part after changes, which stand in the order of their keys and all belong to it.
    fn stage_part(&self, place: Place, changes: &[(MapKey, State)], fresh: &mut Fresh) -> Part {
        if changes.is_empty() {
            return self.part(place);
        }
        let part = if let Some(bucket) = self.bucket_at(place) {
            let mut bucket = bucket.clone();
            fresh.new_keys += bucket.set(place.depth, changes);
            let part = bucket.part(place.depth);
            fresh.buckets.push((place.part - self.buckets.len(), bucket));
            part
        } else {
            let (to_zero, to_one) = split(changes, place.depth);
            let (zero, one) = (place.half(false), place.half(true));
            let (zero, one) = if changes.len() > WORTH_A_THREAD {
                let mut other = Fresh::default();
                let halves =
                    rayon::join(|| self.stage_part(zero, to_zero, fresh), || self.stage_part(one, to_one, &mut other));
                fresh.append(other);
                halves
            } else {
                (self.stage_part(zero, to_zero, fresh), self.stage_part(one, to_one, fresh))
            };
            Part::join(zero, one)
        };
        fresh.parts.push((place.part, part));
        part
    }

    /// Sets states that stand in the order of their keys.
    fn set_sorted(&mut self, changes: &[(MapKey, State)]) {
        self.set_part(Place::TOP, changes);
        self.grow();
    }

    /// Sets states that all belong to a part, and forgets its root.
    fn set_part(&mut self, place: Place, changes: &[(MapKey, State)]) {
        if changes.is_empty() {
            return;
        }
        if let Some(known) = self.parts.get_mut(place.part) {
            known.take();
        }
        let first = self.buckets.len();
        if let Some(bucket) = place.part.checked_sub(first).and_then(|at| self.buckets.get_mut(at)) {
            self.len += bucket.set(place.depth, changes);
        } else {
            let (to_zero, to_one) = split(changes, place.depth);
            self.set_part(place.half(false), to_zero);
            self.set_part(place.half(true), to_one);
        }
    }

    /// Doubles the number of buckets until each holds few pairs. The parts stay what they are; below
    /// them come new ones, whose roots nobody has asked for.
    fn grow(&mut self) {
        while self.bits < MAX_BITS && self.len > FULL << self.bits {
            let buckets = std::mem::take(&mut self.buckets);
            self.buckets = buckets.into_iter().flat_map(|bucket| bucket.into_halves(self.bits)).collect();
            self.bits += 1;
            self.parts.resize_with(2 * self.buckets.len(), OnceLock::new);
        }
    }
}

impl Fresh {
    fn append(&mut self, other: Self) {
        self.buckets.extend(other.buckets);
        self.parts.extend(other.parts);
        self.new_keys += other.new_keys;
    }
}

impl std::fmt::Debug for ContractMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContractMap({} keys)", self.len)
    }
}
impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Staged({} changes, from {} to {})", self.changes.len(), self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::state;
    use crate::map::tests::key;

    #[test]
    fn buckets_double_as_the_map_grows_up_to_a_limit() {
        let mut map = ContractMap::new();
        for (keys, buckets) in [(0, 1), (2, 1), (3, 2), (4, 2), (5, 4), (256, 128), (257, 256), (3000, 256)] {
            map.set((map.len()..keys).map(|n| (key(n), state(n))).collect());
            assert_eq!((map.buckets.len(), map.parts.len()), (buckets, 2 * buckets), "{keys}");
            assert_eq!(1 << map.bits, buckets);
        }
    }

    #[test]
    fn to_stage_and_commit_leaves_no_root_to_compute() {
        let mut map = ContractMap::new();
        map.set((0..100).map(|n| (key(n), state(n))).collect());
        let staged = map.stage((50..100).map(|n| (key(n), state(n + 1))).collect());
        map.commit(staged);
        assert!(map.parts.iter().skip(1).all(|part| part.get().is_some()));
    }
}
