//! Everything that can be wrong with a block, and where.

use crate::certificate::CertificateError;
use crate::chain::NewerProtocol;
use crate::crypto::{ChainId, Suite};
use crate::merkle::{LogIndex, LogSize};
use crate::names::{BlockHash, Height, NodeNumber, Protocol, Sequence, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
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

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Log => Kind::Log,
            Self::Map => Kind::Map,
            Self::Control => Kind::Control,
            Self::Membership => Kind::Membership,
        };
        kind.fmt(f)
    }
}

/// Declares the kinds of what does not hold, each with its word.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// What does not hold, in one word (format.md §16.2): for people and tables. Verdict and height are
        /// what two verifiers agree on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $word)] $kind,)* }

        impl Kind {
            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }
        }
    };
}

kinds! {
    /// The foot of a stretch does not hold.
    Foot = "foot",
    /// The auditor kept another block of this height.
    Rewritten = "rewritten",
    /// A node's own tip file names another block of this height.
    Tip = "tip",
    /// A block that somebody else knows of is not here.
    Missing = "missing",
    /// Whole bytes that are no block.
    Encoding = "encoding",
    /// A valid certificate of this height names another block.
    Block = "block",
    /// Another chain.
    Chain = "chain",
    /// Another protocol or suite than is in force.
    Protocol = "protocol",
    /// Another height than follows.
    Height = "height",
    /// Another parent than the block below.
    Link = "link",
    /// Earlier than the block below.
    Time = "time",
    /// More bytes or events than the parameters allow.
    Limits = "limits",
    /// Another body than the header commits to.
    Body = "body",
    /// A certificate that does not hold, is missing, or stands where none may.
    Certificate = "certificate",
    /// A submission that is not in order or not signed.
    Submission = "submission",
    /// Another log.
    Log = "log",
    /// Another contract map.
    Map = "map",
    /// Another control state.
    Control = "control",
    /// Another next membership.
    Membership = "membership",
    /// Two chains that are both certified.
    Fork = "fork",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Fault {
    /// The kind of fault.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Chain(_) => Kind::Chain,
            Self::Protocol { .. } | Self::NewerProtocol(_) | Self::Suite { .. } => Kind::Protocol,
            Self::Height { .. } => Kind::Height,
            Self::Parent { .. } => Kind::Link,
            Self::NotCertified { .. } => Kind::Block,
            Self::Time { .. } | Self::Clock { .. } => Kind::Time,
            Self::TooLarge { .. } => Kind::Limits,
            Self::Body => Kind::Body,
            Self::CertificatePresence(_) | Self::ParentCertificate(_) | Self::Certificate(_) => Kind::Certificate,
            Self::Events { .. } | Self::UnknownStream { .. } | Self::Sequence { .. } | Self::Submission { .. } => {
                Kind::Submission
            }
            Self::LogSize { .. } | Self::Commitment(Commitment::Log) => Kind::Log,
            Self::Commitment(Commitment::Map) => Kind::Map,
            Self::Commitment(Commitment::Control) => Kind::Control,
            Self::Commitment(Commitment::Membership) => Kind::Membership,
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
            | Self::Suite { .. }
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
