//! A block: header and body (`format.md §11`).
//!
//! ```text
//! block    header ‖ body
//! header   protocol(2) ‖ suite(1) ‖ chain id(32) ‖ height(8) ‖ time(8) ‖ parent(32) ‖ body hash(32)
//!          ‖ log size(8) ‖ log root(32) ‖ map root(32) ‖ control hash(32) ‖ next membership(32)
//!          ‖ proposer(4)                                                        255 bytes
//! body     option of the parent's certificate ‖ submissions
//!
//! block hash   header
//! body hash    option of the parent's certificate ‖ count(4) ‖ for each submission:
//!              stream(4) ‖ sequence(8) ‖ count(4) ‖ root(32) ‖ signature(64)
//! ```
//!
//! Each event is under its leaf hash, each leaf hash under the root of its submission, each root
//! under the body hash, and that under the block hash: every byte of the chain is under a hash, and
//! only the tip's certificate stands apart.

use crate::certificate::Certificate;
use crate::codec::List;
use crate::crypto::{ChainId, Domain, Hasher, Signature, Suite};
use crate::merkle::{LogRoot, LogSize};
use crate::names::{
    BlockHash, BodyHash, ControlHash, Height, MapRoot, MembershipHash, NodeNumber, Protocol, Timestamp,
};
use crate::submission::{Frame, Submission};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// No block carries more submissions.
pub const MAX_SUBMISSIONS: usize = 100_000;

/// What validators sign, by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The rules that the block follows.
    pub protocol: Protocol,
    /// The suite of its hashes and signatures.
    pub suite: Suite,
    /// The chain.
    pub chain: ChainId,
    /// One more than the parent's.
    pub height: Height,
    /// No earlier than the parent's. Judged against clocks only while it is voted on.
    pub time: Timestamp,
    /// Hash of the block before; the chain id for block 1.
    pub parent: BlockHash,
    /// Hash of the body.
    pub body: BodyHash,
    /// Size of the log after this block.
    pub log_size: LogSize,
    /// RFC 6962 root of the log after this block.
    pub log_root: LogRoot,
    /// Root of the contract map after this block.
    pub map_root: MapRoot,
    /// Hash of the control state after this block.
    pub control: ControlHash,
    /// Hash of the membership that judges the next block.
    pub next_membership: MembershipHash,
    /// Who says to have proposed it: a claim, proved by nothing in the block.
    pub proposer: NodeNumber,
}

/// What a block carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Body {
    /// The certificate of the block before; none in block 1, and in every other.
    pub parent_certificate: Option<Certificate>,
    /// The submissions, each stream's in order.
    pub submissions: List<Submission, MAX_SUBMISSIONS>,
}

/// Header and body, as stored, sent and proposed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
}

impl Header {
    /// The block hash.
    #[must_use]
    pub fn hash(&self) -> BlockHash {
        BlockHash(Hasher::new(Domain::Header, self.suite).value(self).finish())
    }
}

/// The body hash, from the parent's certificate and the frames with their signatures.
#[must_use]
pub fn body_hash<'a>(
    suite: Suite,
    parent_certificate: &Option<Certificate>,
    frames: impl ExactSizeIterator<Item = (&'a Frame, &'a Signature)>,
) -> BodyHash {
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    let head = Hasher::new(Domain::Body, suite).value(parent_certificate).value(&count);
    let hasher = frames.fold(head, |hasher, (frame, signature)| hasher.value(frame).bytes(signature));
    BodyHash(hasher.finish())
}
