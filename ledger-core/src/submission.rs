//! What one node signs at once: 1 to N events of its stream (`format.md §7`).
//!
//! ```text
//! submission   stream(4) ‖ sequence(8) ‖ count(4) ‖ events ‖ signature(64)
//! signed       chain id ‖ stream(4) ‖ sequence(8) ‖ count(4) ‖ root(32)
//! ```
//!
//! The root is the RFC 6962 root of the very leaf hashes that the log will hold: stream, sequence
//! and position are known when signing, so each event is hashed once, and one signature covers
//! hundreds of events each of which can still be proved alone.

mod sign;

pub use sign::SubmissionError;

use crate::codec::List;
use crate::crypto::{ChainId, Domain, Signature, SignedMessage};
use crate::event::{Event, entry_of};
use crate::membership::MAX_SUBMISSION_EVENTS;
use crate::merkle::{LeafHash, LogRoot, leaf_hash_of, root};
use crate::names::{NodeNumber, Sequence};
use bincode::{Decode, Encode};

/// No submission carries more events, whatever a chain's parameters say.
pub const MAX_EVENTS: usize = MAX_SUBMISSION_EVENTS as usize;

/// One signed batch of a node's stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Submission {
    /// The node, whose stream this is.
    pub stream: NodeNumber,
    /// Its place in the stream: the last one's + 1.
    pub sequence: Sequence,
    /// The events, at least one.
    pub events: List<Event, MAX_EVENTS>,
    /// By the node's submission key.
    pub signature: Signature,
}

/// What is signed: the place in the stream, and the events by their root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Frame {
    /// The node.
    pub stream: NodeNumber,
    /// The place in its stream.
    pub sequence: Sequence,
    /// Number of events.
    pub count: u32,
    /// RFC 6962 root over the leaf hashes of the events' entries.
    pub root: LogRoot,
}

impl Submission {
    /// The events' entries, in order.
    fn placed(&self) -> impl Iterator<Item = impl Encode> {
        self.events.iter().zip(0_u16..).map(|(event, position)| entry_of(self.stream, self.sequence, position, event))
    }

    /// The leaf hashes of the events' entries, in order.
    #[must_use]
    pub fn leaf_hashes(&self) -> Vec<LeafHash> {
        self.placed().map(|entry| leaf_hash_of(&entry)).collect()
    }

    /// The frame, from this submission's own leaf hashes.
    #[must_use]
    pub fn frame(&self, leaves: &[LeafHash]) -> Frame {
        Frame {
            stream: self.stream,
            sequence: self.sequence,
            count: u32::try_from(self.events.len()).unwrap_or(u32::MAX),
            root: root(leaves),
        }
    }
}

impl Frame {
    /// The bytes that the node signs.
    #[must_use]
    pub fn message(&self, chain: &ChainId) -> SignedMessage {
        SignedMessage::new(Domain::Submission, chain, self)
    }
}
