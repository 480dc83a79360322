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

/// Declares the parameters once: name, what one is that is not set otherwise, the least and the most that it may be.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident = $default:expr, $least:expr => $most:expr;)*) => {
        /// Limits and pacing of a chain, the same for every node.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Parameters { $($(#[$doc])* pub $name: u32,)* }

        impl Default for Parameters {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Parameters {
            /// The bounds of each, in the order of the fields.
            pub const BOUNDS: [Bounds; 8] =
                [$(Bounds { name: stringify!($name), least: $least, most: $most },)*];

            /// The value of each, in the order of the fields.
            #[must_use]
            pub const fn values(&self) -> [u32; 8] {
                [$(self.$name,)*]
            }
        }
    };
}

parameters! {
    /// A block has at most so many bytes.
    block_bytes = 4 << 20, 64 << 10 => MAX_BLOCK_BYTES;
    /// A block carries at most so many events.
    block_events = 10_000, 1 => MAX_BLOCK_EVENTS;
    /// A submission carries at most so many events.
    submission_events = 1_000, 1 => MAX_SUBMISSION_EVENTS;
    /// A voter refuses a block whose time is ahead of its own clock by more, in milliseconds.
    clock_tolerance_ms = 5_000, 1 => 3_600_000;
    /// A block is proposed once so many events are pending.
    pace_events = 500, 1 => MAX_BLOCK_EVENTS;
    /// … or once the oldest has waited so long, in milliseconds.
    pace_wait_ms = 5_000, 1 => 3_600_000;
    /// … or, empty, so long after a block with events, in milliseconds, to seal it into the log.
    pace_seal_ms = 60_000, 1 => 86_400_000;
    /// … or, empty, so long after any block, in milliseconds.
    pace_idle_ms = 600_000, 1 => 86_400_000;
}

impl Parameters {
    /// Each is within its bounds (format.md §8).
    pub(super) fn check(&self) -> Result<(), MembershipError> {
        let outside = |(bounds, value): &(Bounds, u32)| *value < bounds.least || *value > bounds.most;
        match Self::BOUNDS.into_iter().zip(self.values()).find(outside) {
            Some((bounds, _)) => Err(MembershipError::Parameter(bounds)),
            None => Ok(()),
        }
    }
}
