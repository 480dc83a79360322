//! Everything that can be wrong with a block, and where.

use crate::certificate::CertificateError;
use crate::crypto::ChainId;
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
    #[error("from here on protocol {0} holds, which this version does not know; install a newer one")]
    NewerProtocol(Protocol),
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
    Commitment(&'static str),
}

impl Fault {
    /// Stable word for the kind of fault, for machines and tables.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Chain(_) => "chain",
            Self::Protocol { .. } | Self::NewerProtocol(_) => "protocol",
            Self::Height { .. } => "height",
            Self::Parent { .. } => "link",
            Self::NotCertified { .. } => "block",
            Self::Time { .. } | Self::Clock { .. } => "time",
            Self::TooLarge { .. } => "limits",
            Self::Body => "body",
            Self::CertificatePresence(_) | Self::ParentCertificate(_) | Self::Certificate(_) => "certificate",
            Self::Events { .. } | Self::UnknownStream { .. } | Self::Sequence { .. } | Self::Submission { .. } => {
                "submission"
            }
            Self::LogSize { .. } => "log",
            Self::Commitment(what) => what,
        }
    }

    /// Where it is, when it is narrower than a block.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::Events { span, .. }
            | Self::UnknownStream { span, .. }
            | Self::Sequence { span, .. }
            | Self::Submission { span, .. } => Some(*span),
            Self::Chain(_)
            | Self::Protocol { .. }
            | Self::NewerProtocol(_)
            | Self::Height { .. }
            | Self::Parent { .. }
            | Self::NotCertified { .. }
            | Self::Time { .. }
            | Self::Clock { .. }
            | Self::TooLarge { .. }
            | Self::Body
            | Self::CertificatePresence(_)
            | Self::ParentCertificate(_)
            | Self::Certificate(_)
            | Self::LogSize { .. }
            | Self::Commitment(_) => None,
        }
    }
}
