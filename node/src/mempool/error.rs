//! Why a submission is not held.

use ledger_core::names::{NodeNumber, Sequence};
use std::time::Duration;
use thiserror::Error;

/// Why a submission is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Of no node of the membership in force.
    #[error("the membership in force has no node {0}")]
    UnknownStream(NodeNumber),
    /// Not signed by its node.
    #[error("submission {sequence} of node {stream} is not signed with the node's submission key")]
    Forged {
        /// The stream.
        stream: NodeNumber,
        /// Its number.
        sequence: Sequence,
    },
    /// Signed with a key that does not hold here yet.
    #[error("submission {sequence} of node {stream} is signed with a key that does not hold at the tip of this node")]
    Early {
        /// The stream.
        stream: NodeNumber,
        /// Its number.
        sequence: Sequence,
    },
    /// Without an event.
    #[error("submission {sequence} of node {stream} carries no event")]
    Empty {
        /// The stream.
        stream: NodeNumber,
        /// Its number.
        sequence: Sequence,
    },
    /// More than the chain's parameters allow.
    #[error("submission {sequence} of node {stream} has {found} {what}, and the chain allows {max}")]
    TooLarge {
        /// The stream.
        stream: NodeNumber,
        /// Its number.
        sequence: Sequence,
        /// Events or bytes.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many it may have.
        max: usize,
    },
    /// Too far above what the chain has.
    #[error("submission {sequence} of node {stream} is too far above {last}, the last one on the chain")]
    TooFar {
        /// The stream.
        stream: NodeNumber,
        /// Its number.
        sequence: Sequence,
        /// The last one on the chain.
        last: Sequence,
    },
    /// Another one with its number is held.
    #[error("another submission {sequence} of node {stream} is held already, and the first one stays")]
    Conflict {
        /// The stream.
        stream: NodeNumber,
        /// Its number.
        sequence: Sequence,
    },
    /// No room.
    #[error("there is no room for more submissions now: try again in {} s", retry_after.as_secs_f32().ceil())]
    Busy {
        /// When to come again.
        retry_after: Duration,
    },
}

impl Refused {
    /// Whether only a node that breaks the rules sends such a thing: every node finds that in its bytes alone.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Empty { .. } => true,
            // A node that is behind or ahead sees another membership with other keys, other parameters, another
            // tip; and one whose home was restored signs a number again.
            Self::Forged { .. }
            | Self::UnknownStream(_)
            | Self::Early { .. }
            | Self::TooLarge { .. }
            | Self::TooFar { .. }
            | Self::Conflict { .. }
            | Self::Busy { .. } => false,
        }
    }
}
