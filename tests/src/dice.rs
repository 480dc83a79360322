//! Random choices that repeat with their seed (SplitMix64).

use std::ops::Range;

/// A source of choices.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Choices of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of a range that is not empty.
    pub const fn of(&mut self, range: Range<usize>) -> usize {
        range.start + (self.next() % (range.end - range.start) as u64) as usize
    }

    /// One of some things.
    pub const fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.of(0..of.len())]
    }

    /// Whether one of so many times.
    pub const fn one_in(&mut self, times: usize) -> bool {
        self.of(0..times) == 0
    }

    /// Flips one bit in a range.
    pub const fn flip(&mut self, bytes: &mut [u8], within: Range<usize>) {
        let at = self.of(within);
        bytes[at] ^= 1 << self.of(0..8);
    }
}
