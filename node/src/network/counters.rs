//! What crossed the network so far, for the metrics.

use super::{PeerId, Topic};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// How much it is now.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(super) fn one(&self) {
        self.add(1);
    }
}

/// Gossip of one topic.
#[derive(Debug, Default)]
pub struct TopicCounters {
    /// Messages that came in and were let through.
    pub messages_in: Counter,
    /// Their bytes.
    pub bytes_in: Counter,
    /// Messages that this node said.
    pub messages_out: Counter,
    /// Their bytes, each counted once for all peers.
    pub bytes_out: Counter,
    /// Messages that found the queue of whoever listens full.
    pub dropped: Counter,
    /// Messages too large, from no member, or said before.
    pub rejected: Counter,
}

/// Everything that the network counts, since it started.
#[derive(Debug, Default)]
pub struct Counters {
    topics: [TopicCounters; Topic::ALL.len()],
    /// Questions of other nodes that reached whoever answers them.
    pub questions_in: Counter,
    /// Questions that were answered with [`super::wire::Response::Busy`]: too many, or the queue was full.
    pub questions_busy: Counter,
    /// Questions to other nodes.
    pub questions_out: Counter,
    /// Messages in an envelope that gossip refuses: not signed, or larger than any.
    pub malformed: Counter,
    /// Connections refused because their peer is no member.
    pub strangers: Counter,
    /// Connections refused before they had said who they are: too many of one address, or of all unknown ones.
    pub handshakes_refused: Counter,
    /// Peers cut off for what they did.
    pub cuts: Counter,
    /// Who was cut off last, and why.
    pub(super) last_cut: Mutex<Option<(PeerId, &'static str)>>,
    /// Calls of configured peers that failed.
    pub dials_failed: Counter,
    /// Messages that could not be sent to a peer that is too slow.
    pub slow: Counter,
}

impl Counters {
    /// Those of a topic.
    #[must_use]
    pub const fn topic(&self, topic: Topic) -> &TopicCounters {
        let [consensus, liveness, parts, status, submissions] = &self.topics;
        match topic {
            Topic::Consensus => consensus,
            Topic::Liveness => liveness,
            Topic::Parts => parts,
            Topic::Status => status,
            Topic::Submissions => submissions,
        }
    }
}
