//! The topics of gossip: their names on the wire, how long a message of each may be, and on which lane it goes.

use super::Topic;
use ledger_core::crypto::ChainId;
use libp2p::gossipsub::IdentTopic;

/// The longest vote or proposal: 4 KiB.
pub const MAX_CONSENSUS: usize = 4 << 10;
/// The longest message for liveness, a certificate of all votes: 256 KiB.
pub const MAX_LIVENESS: usize = 256 << 10;
/// The longest part of a block under way, with its frame: 160 KiB.
pub const MAX_PART: usize = 160 << 10;
/// The longest status: 1 KiB.
pub const MAX_STATUS: usize = 1 << 10;
/// The longest submission that is gossiped: 8 MiB, or a block of the chain where that is less.
pub const MAX_SUBMISSION: usize = 8 << 20;

/// On its way from node to node gossip has two lanes, each with streams, queues and limits of its own: a vote
/// never waits behind the parts of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Small, and waited for by all: votes, proposals, certificates, who stands where.
    Votes,
    /// Large, or many: parts of blocks, submissions.
    Bulk,
}

impl Lane {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Votes, Self::Bulk];

    /// Its topics.
    pub(super) fn topics(self) -> impl Iterator<Item = Topic> {
        Topic::ALL.into_iter().filter(move |topic| topic.lane() == self)
    }

    /// The longest message of any of its topics.
    pub(super) const fn longest(self) -> usize {
        match self {
            Self::Votes => MAX_LIVENESS,
            Self::Bulk => MAX_SUBMISSION,
        }
    }
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 5] = [Self::Consensus, Self::Liveness, Self::Parts, Self::Status, Self::Submissions];

    /// Its word, in names and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Liveness => "liveness",
            Self::Parts => "parts",
            Self::Status => "status",
            Self::Submissions => "submissions",
        }
    }

    /// On which lane it goes.
    pub(super) const fn lane(self) -> Lane {
        match self {
            Self::Consensus | Self::Liveness | Self::Status => Lane::Votes,
            Self::Parts | Self::Submissions => Lane::Bulk,
        }
    }

    /// How many bytes a message may have on any chain, whatever its parameters: every node knows this of a
    /// message alone.
    pub(super) const fn longest(self) -> usize {
        self.cap(u32::MAX)
    }

    /// How many bytes a message may have on a chain whose blocks have at most `block_bytes`.
    #[must_use]
    pub const fn cap(self, block_bytes: u32) -> usize {
        match self {
            Self::Consensus => MAX_CONSENSUS,
            Self::Liveness => MAX_LIVENESS,
            Self::Parts => MAX_PART,
            Self::Status => MAX_STATUS,
            Self::Submissions if (block_bytes as usize) < MAX_SUBMISSION => block_bytes as usize,
            Self::Submissions => MAX_SUBMISSION,
        }
    }

    /// Its name on the wire, which no other chain uses.
    pub(super) fn on(self, chain: &ChainId) -> IdentTopic {
        IdentTopic::new(format!("luqi/{chain}/{}", self.as_str()))
    }
}
