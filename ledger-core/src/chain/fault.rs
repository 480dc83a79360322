//! Everything that can be wrong with a block, and where.

use crate::certificate::CertificateError;
use crate::chain::NewerProtocol;
use crate::crypto::{ChainId, Suite};
use crate::merkle::{LogIndex, LogSize};
use crate::names::{BlockHash, Height, NodeNumber, Protocol, Sequence, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// First and last log index of the entries that a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span(pub LogIndex, pub LogIndex);

/// Why a block does not follow a tip.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It is of another chain.
    #[error("the block is of chain {0}")]
    Chain(ChainId),
    /// It follows rules that do not hold here.
    #[error("the block follows protocol {found}; protocol {wanted} holds")]
    Protocol {
        /// In force.
        wanted: Protocol,
        /// In the header.
        found: Protocol,
    },
    /// It follows rules that this version does not know: a newer one is needed.
    #[error("from here on {0}")]
    NewerProtocol(#[from] NewerProtocol),
    /// Its suite is not the one of the protocol in force.
    #[error("the block is of suite {found:?}; the protocol in force has suite {wanted:?}")]
    Suite {
        /// The protocol's.
        wanted: Suite,
        /// In the header.
        found: Suite,
    },
    /// Its height is not the next.
    #[error("the block has height {found}; {wanted} follows here")]
    Height {
        /// The tip's height + 1.
        wanted: Height,
        /// In the header.
        found: Height,
    },
    /// It does not hang on the block below.
    #[error("the block names parent {found}; the block below is {wanted}")]
    Parent {
        /// Hash of the block below.
        wanted: BlockHash,
        /// In the header.
        found: BlockHash,
    },
    /// It is not the block that its validators certified; the block above it says so.
    #[error("the block is not the one that its validators certified: that is {certified}, this is {found}")]
    NotCertified {
        /// Hash in the certificate.
        certified: BlockHash,
        /// Hash of the block here.
        found: BlockHash,
    },
    /// It is earlier than its parent.
    #[error("the block's time {found} is earlier than its parent's {parent}")]
    Time {
        /// The parent's.
        parent: Timestamp,
        /// In the header.
        found: Timestamp,
    },
    /// It is ahead of the voter's clock. Judged only while voting.
    #[error("the block's time {found} is ahead of this node's clock {now} by more than is tolerated")]
    Clock {
        /// The voter's clock.
        now: Timestamp,
        /// In the header.
        found: Timestamp,
    },
    /// It is too large.
    #[error("the block has {found} {what}; {max} are allowed")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        found: usize,
        /// How much may be.
        max: usize,
    },
    /// Its body is not the one that its header commits to.
    #[error("the body is not the one that the header commits to")]
    Body,
    /// The certificate of the block below is missing, or stands where none may.
    #[error("the certificate of the block below {0}")]
    CertificatePresence(&'static str),
    /// The certificate of the block below does not hold.
    #[error("the certificate of the block below does not hold: {0}")]
    ParentCertificate(CertificateError),
    /// The block's own certificate does not hold.
    #[error("{0}")]
    Certificate(CertificateError),
    /// A submission without events, or with too many.
    #[error("submission {sequence} of node {stream} carries {found} events; 1 to {max} are allowed")]
    Events {
        /// The node.
        stream: NodeNumber,
        /// The submission.
        sequence: Sequence,
        /// How many.
        found: usize,
        /// How many may be.
        max: usize,
        /// Where they stand; of none, where they would.
        span: Span,
    },
    /// A submission of a node that is no member's.
    #[error("there is no node {stream} to have submitted this")]
    UnknownStream {
        /// The node.
        stream: NodeNumber,
        /// Where its events stand.
        span: Span,
    },
    /// A submission out of order.
    #[error("submission {found} of node {stream} stands where {wanted} follows")]
    Sequence {
        /// The node.
        stream: NodeNumber,
        /// The last one's + 1.
        wanted: Sequence,
        /// In the submission.
        found: Sequence,
        /// Where its events stand.
        span: Span,
    },
    /// A submission that its node did not sign as it stands.
    #[error("submission {sequence} is not as node {stream} signed it")]
    Submission {
        /// The node.
        stream: NodeNumber,
        /// The submission.
        sequence: Sequence,
        /// Where its events stand.
        span: Span,
    },
    /// The log has another size.
    #[error("the log has {wanted} entries after this block; the header says {found}")]
    LogSize {
        /// Recomputed.
        wanted: LogSize,
        /// In the header.
        found: LogSize,
    },
    /// The header commits to something else than what follows from the chain.
    #[error("the {0} is not the one that the header commits to")]
    Commitment(Commitment),
}

/// What a header commits to, that follows from the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commitment {
    /// The root of the log.
    Log,
    /// The root of the contract map.
    Map,
    /// The control state.
    Control,
    /// The membership that judges the next block.
    Membership,
}
