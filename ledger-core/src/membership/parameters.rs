//! Limits and pacing of a chain (format.md §8).

use super::MembershipError;
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The most that [`Parameters::block_bytes`] may say: 32 MiB.
pub const MAX_BLOCK_BYTES: u32 = 32 << 20;
/// The most that [`Parameters::block_events`] may say.
pub const MAX_BLOCK_EVENTS: u32 = 100_000;
/// The most that [`Parameters::submission_events`] may say.
pub const MAX_SUBMISSION_EVENTS: u32 = 10_000;

/// Limits and pacing of a chain, the same for every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// A block has at most so many bytes.
    pub block_bytes: u32,
    /// A block carries at most so many events.
    pub block_events: u32,
    /// A submission carries at most so many events.
    pub submission_events: u32,
    /// A voter refuses a block whose time is ahead of its own clock by more, in milliseconds.
    pub clock_tolerance_ms: u32,
    /// A block is proposed once so many events are pending.
    pub pace_events: u32,
    /// … or once the oldest has waited so long, in milliseconds.
    pub pace_wait_ms: u32,
    /// … or, empty, so long after a block with events, in milliseconds, to seal it into the log.
    pub pace_seal_ms: u32,
    /// … or, empty, so long after any block, in milliseconds.
    pub pace_idle_ms: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            block_bytes: 4 << 20,
            block_events: 10_000,
            submission_events: 1_000,
            clock_tolerance_ms: 5_000,
            pace_events: 500,
            pace_wait_ms: 5_000,
            pace_seal_ms: 60_000,
            pace_idle_ms: 600_000,
        }
    }
}

/// Between what a parameter stands, both included (format.md §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The parameter.
    pub name: &'static str,
    /// The least that it may be.
    pub least: u32,
    /// The most.
    pub most: u32,
}

impl Parameters {
    /// The bounds of each, in the order of the fields.
    pub const BOUNDS: [Bounds; 8] = [
        Bounds { name: "block_bytes", least: 64 << 10, most: MAX_BLOCK_BYTES },
        Bounds { name: "block_events", least: 1, most: MAX_BLOCK_EVENTS },
        Bounds { name: "submission_events", least: 1, most: MAX_SUBMISSION_EVENTS },
        Bounds { name: "clock_tolerance_ms", least: 1, most: 3_600_000 },
        Bounds { name: "pace_events", least: 1, most: MAX_BLOCK_EVENTS },
        Bounds { name: "pace_wait_ms", least: 1, most: 3_600_000 },
        Bounds { name: "pace_seal_ms", least: 1, most: 86_400_000 },
        Bounds { name: "pace_idle_ms", least: 1, most: 86_400_000 },
    ];

    /// The value of each, in the order of the fields.
    #[must_use]
    pub const fn values(&self) -> [u32; 8] {
        let Self {
            block_bytes,
            block_events,
            submission_events,
            clock_tolerance_ms,
            pace_events,
            pace_wait_ms,
            pace_seal_ms,
            pace_idle_ms,
        } = *self;
        [
            block_bytes,
            block_events,
            submission_events,
            clock_tolerance_ms,
            pace_events,
            pace_wait_ms,
            pace_seal_ms,
            pace_idle_ms,
        ]
    }

    /// Each is within its bounds (format.md §8).
    pub(super) fn check(&self) -> Result<(), MembershipError> {
        let outside = |(bounds, value): &(Bounds, u32)| *value < bounds.least || *value > bounds.most;
        match Self::BOUNDS.into_iter().zip(self.values()).find(outside) {
            Some((bounds, _)) => Err(MembershipError::Parameter(bounds)),
            None => Ok(()),
        }
    }
}
