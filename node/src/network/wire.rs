//! Questions and answers between nodes, byte by byte: the core's encoding, one frame each, capped.

use bincode::{Decode, Encode};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{Bytes, List};
use ledger_core::names::{Height, NodeNumber, Sequence};

/// The largest frame of an answer: a block of the largest size, with room for what goes with it.
pub const MAX_ANSWER: usize = (32 << 20) + (1 << 20);
/// The largest frame of a question.
pub const MAX_QUESTION: usize = 64 << 10;
/// Blocks in one answer.
pub const MAX_BLOCKS: usize = 1_000;
/// Bytes of blocks in one answer, but that the first block is always whole.
pub const MAX_RANGE_BYTES: usize = 4 << 20;
/// Submissions in one answer.
pub const MAX_SUBMISSIONS: usize = 256;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// The engine's own, in its codec.
    Engine(Bytes<MAX_QUESTION>),
    /// Blocks from a height up, as many as fit, to a height at most.
    Range {
        /// The first.
        from: Height,
        /// The last.
        to: Height,
    },
    /// Submissions of a node's stream that are not on the chain yet, from a sequence number up.
    Submissions {
        /// The stream.
        node: NodeNumber,
        /// The first.
        from: Sequence,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// The engine's own, in its codec.
    Engine(Bytes<MAX_ANSWER>),
    /// Blocks in order of height; none where there are none.
    Range {
        /// The tip of who answers.
        tip: Height,
        /// The bytes of the blocks.
        blocks: List<Bytes<MAX_ANSWER>, MAX_BLOCKS>,
        /// The last block's own certificate, where it is the tip or its child is at hand.
        certificate: Option<Certificate>,
    },
    /// Encoded submissions in order of sequence.
    Submissions(List<Bytes<MAX_ANSWER>, MAX_SUBMISSIONS>),
    /// Too many questions: ask again later.
    Busy,
}
