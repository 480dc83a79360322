//! A generator that gives the same numbers for the same seed, on every machine and for ever.
//!
//! SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). For test networks
//! and fictitious data only: who knows the seed knows all that comes of it.

use rand_core::{CryptoRng, Error, RngCore};

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    /// The stream of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for one thing of a kind, the same in whatever order things are asked for.
    pub(crate) fn of(seed: u64, kind: u64, number: u64) -> Self {
        let mut mixed = Self(seed ^ kind.rotate_left(48));
        Self(mixed.next_u64() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `bound`; 0 where the bound is 0. The bias, below 2^-32, does not matter here.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// True in so many of a thousand cases.
    pub(crate) fn permille(&mut self, cases: u32) -> bool {
        self.below(1000) < cases
    }

    /// One of some things, which are never none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX));
        from.get(at as usize).copied().unwrap_or_default()
    }
}

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            for (to, from) in part.iter_mut().zip(self.next_u64().to_le_bytes()) {
                *to = from;
            }
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

/// Keys of test networks are drawn from it, where nothing is secret.
impl CryptoRng for Seeded {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // Vigna's reference implementation, seed 1234567.
        let mut seeded = Seeded::new(1_234_567);
        let found: Vec<u64> = (0..3).map(|_| seeded.next_u64()).collect();
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_it() {
        let mut seeded = Seeded::new(1);
        let mut seen = [false; 6];
        for _ in 0..1000 {
            seen[seeded.below(6) as usize] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(seeded.below(0), 0);
    }
}
