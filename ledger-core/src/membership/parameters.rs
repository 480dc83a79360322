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

impl Parameters {
    /// Each is within its bounds (format.md §8).
    pub(super) fn check(&self) -> Result<(), MembershipError> {
        let bounds = [
            ("block_bytes", self.block_bytes, 64 << 10, MAX_BLOCK_BYTES),
            ("block_events", self.block_events, 1, MAX_BLOCK_EVENTS),
            ("submission_events", self.submission_events, 1, MAX_SUBMISSION_EVENTS),
            ("clock_tolerance_ms", self.clock_tolerance_ms, 1, 3_600_000),
            ("pace_events", self.pace_events, 1, MAX_BLOCK_EVENTS),
            ("pace_wait_ms", self.pace_wait_ms, 1, 3_600_000),
            ("pace_seal_ms", self.pace_seal_ms, 1, 86_400_000),
            ("pace_idle_ms", self.pace_idle_ms, 1, 86_400_000),
        ];
        match bounds.into_iter().find(|(_, value, low, high)| value < low || value > high) {
            Some((name, ..)) => Err(MembershipError::Parameter(name)),
            None => Ok(()),
        }
    }
}
