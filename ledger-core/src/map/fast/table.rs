//! States by key, not hashed: what an audit folds into when it wants the root of the tip alone.
//!
//! 256 shards by the first byte of the key, which several threads can fill side by side. A shard is
//! a list of rows in the order in which they came, and an open-addressed index over it; a key is a
//! hash already, so its bits are the place where the search begins.

use super::contract_map::ContractMap;
use crate::contract::{State, StateHash};
use crate::map::rule::{MapKey, inner, root_below};
use crate::names::MapRoot;
use rayon::prelude::*;

const SHARDS: usize = 256;
/// Bits of a key that all rows of a shard share.
const SHARD_BITS: usize = 8;

/// States of any number of subjects.
#[derive(Clone, Debug)]
pub struct Table {
    shards: Vec<Shard>,
}

/// The rows whose keys begin with the same byte.
#[derive(Clone, Debug, Default)]
pub struct Shard {
    rows: Vec<(MapKey, State)>,
    /// Place of a row plus one, or 0; a power of two of them, at most two thirds taken.
    index: Vec<u32>,
}

impl Default for Table {
    fn default() -> Self {
        Self { shards: vec![Shard::default(); SHARDS] }
    }
}

impl FromIterator<(MapKey, State)> for Table {
    fn from_iter<I: IntoIterator<Item = (MapKey, State)>>(rows: I) -> Self {
        let mut table = Self::default();
        for (key, state) in rows {
            table.insert(key, state);
        }
        table
    }
}

impl Table {
    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shards.iter().map(|shard| shard.rows.len() as u64).sum()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The state under a key.
    #[must_use]
    pub fn get(&self, key: &MapKey) -> Option<&State> {
        self.shards.get(Self::shard_of(key))?.get(key)
    }

    /// Sets the state under a key.
    pub fn insert(&mut self, key: MapKey, state: State) {
        if let Some(shard) = self.shards.get_mut(Self::shard_of(&key)) {
            shard.insert(key, state);
        }
    }

    /// The shard that a key belongs to.
    #[must_use]
    pub fn shard_of(key: &MapKey) -> usize {
        key.first_bits(SHARD_BITS)
    }

    /// The shards, to be filled side by side.
    pub fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    /// The root, from scratch.
    #[must_use]
    pub fn into_root(self) -> MapRoot {
        let sorted = self.shards.into_par_iter().map(|shard| {
            // A state's hash is all that the root needs of it, and the shorter rows are soon sorted.
            let mut rows: Vec<_> = shard.rows.iter().map(|(key, state)| (*key, state.hash())).collect();
            rows.sort_unstable_by_key(|(key, _)| *key);
            rows
        });
        root_over(&sorted.collect::<Vec<_>>(), 0)
    }

    /// The map of the same states.
    #[must_use]
    pub fn into_map(self) -> ContractMap {
        let mut map = ContractMap::default();
        map.set(self.shards.into_iter().flat_map(|shard| shard.rows).collect());
        map
    }
}

/// Root over sorted shards whose keys agree in `depth` bits.
fn root_over(shards: &[Vec<(MapKey, StateHash)>], depth: usize) -> MapRoot {
    let mut filled = shards.iter().filter(|rows| !rows.is_empty());
    match (filled.next(), filled.next(), shards) {
        (None, ..) => MapRoot::EMPTY,
        (Some(rows), _, [_]) | (Some(rows), None, _) => root_below(rows, depth),
        (Some(_), ..) => {
            let (zero, one) = shards.split_at(shards.len() / 2);
            let (zero, one) = rayon::join(|| root_over(zero, depth + 1), || root_over(one, depth + 1));
            inner(&zero, &one)
        }
    }
}

impl Shard {
    /// The state under a key.
    #[must_use]
    pub fn get(&self, key: &MapKey) -> Option<&State> {
        let row = self.find(key).ok()?;
        self.rows.get(row).map(|(_, state)| state)
    }

    /// Sets the state under a key.
    pub fn insert(&mut self, key: MapKey, state: State) {
        self.update(key, |_| (Some(state), ()));
    }

    /// Hands the state under a key to `change`, and sets it to the one that this gives; none leaves it as it is. Gives
    /// what `change` says beside it. The key is searched for once.
    pub fn update<T>(&mut self, key: MapKey, change: impl FnOnce(Option<&State>) -> (Option<State>, T)) -> T {
        if (self.rows.len() + 1) * 3 > self.index.len() * 2 {
            self.grow();
        }
        let found = self.find(&key);
        let held = found.ok().and_then(|row| self.rows.get_mut(row));
        let (after, told) = change(held.as_deref().map(|(_, state)| state));
        match (held, after, found) {
            (Some((_, held)), Some(state), _) => *held = state,
            (None, Some(state), Ok(place) | Err(place)) => self.append(place, key, state),
            (_, None, _) => {}
        }
        told
    }

    /// A new row, whose place in the index is free.
    fn append(&mut self, place: usize, key: MapKey, state: State) {
        self.rows.push((key, state));
        let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.index.get_mut(place).into_iter().for_each(|held| *held = row);
    }

    /// The row of a key, or the place in the index where it belongs.
    fn find(&self, key: &MapKey) -> Result<usize, usize> {
        let mask = self.index.len().wrapping_sub(1);
        let mut place = key.place() & mask;
        while let Some(&held) = self.index.get(place) {
            if held == 0 {
                break;
            }
            let row = held as usize - 1;
            if self.rows.get(row).is_some_and(|(held, _)| held == key) {
                return Ok(row);
            }
            place = (place + 1) & mask;
        }
        Err(place)
    }

    /// Doubles the index.
    fn grow(&mut self) {
        self.index = vec![0; (self.index.len() * 2).max(16)];
        for (row, number) in (0..self.rows.len()).zip(1..) {
            let Some((key, _)) = self.rows.get(row) else { break };
            if let Err(place) = self.find(key) {
                self.index.get_mut(place).into_iter().for_each(|held| *held = number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::state;
    use crate::map::root_of;

    /// A key of the shard 0x35. Five keys share a place, so that searches go on and meet; the first three share
    /// the last one, behind which a search goes on at the first.
    fn key(number: u64) -> MapKey {
        let place = if number < 3 { u64::MAX } else { number / 5 };
        let mut key = [0; 32];
        key[0] = 0x35;
        key[24..].copy_from_slice(&place.to_be_bytes());
        key[1] = (number % 5) as u8;
        MapKey(key)
    }

    #[test]
    fn a_shard_grows_and_finds_what_it_holds() {
        let mut table = Table::default();
        assert!(table.is_empty());
        for number in 0..2_000 {
            table.insert(key(number), state(number));
            let shard = &table.shards[0x35];
            assert_eq!(shard.rows.len() as u64, number + 1);
            assert!(shard.index.len().is_power_of_two());
            assert!(shard.rows.len() * 3 <= shard.index.len() * 2, "{number}");
            // No more room than growing by doubling takes.
            assert!(shard.index.len() <= (shard.rows.len() * 3).max(16), "{number}");
        }
        assert!(!table.is_empty());
        for number in (0..2_000).step_by(3) {
            table.insert(key(number), state(number + 7));
        }
        assert_eq!(table.len(), 2_000);
        let expected = |number: u64| state(if number.is_multiple_of(3) { number + 7 } else { number });
        for number in 0..2_000 {
            assert_eq!(table.get(&key(number)), Some(&expected(number)));
        }
        assert_eq!(table.get(&key(2_000)), None);
        let mut rows: Vec<_> = (0..2_000).map(|number| (key(number), expected(number))).collect();
        rows.sort_by_key(|(key, _)| *key);
        assert_eq!(table.into_root(), root_of(&rows));
    }

    #[test]
    fn a_change_that_gives_nothing_leaves_the_shard_as_it_is() {
        let mut shard = Shard::default();
        shard.update(key(1), |before| {
            assert_eq!(before, None);
            (None, ())
        });
        assert_eq!((shard.rows.len(), shard.get(&key(1))), (0, None));
        shard.insert(key(1), state(1));
        shard.update(key(1), |before| {
            assert_eq!(before, Some(&state(1)));
            (None, ())
        });
        assert_eq!(shard.get(&key(1)), Some(&state(1)));
    }
}
