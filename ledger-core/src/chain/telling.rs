//! Faults towards people: in one word, and where in the log. It decides nothing about a chain: verdict and height are
//! what two verifiers agree on.

use super::{Commitment, Fault, HashedBlock, Head, Span};
use crate::block::Header;
use crate::names::{BlockHash, Subject};
use crate::submission::Submission;
use serde::{Deserialize, Serialize};
use std::fmt;

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

    /// The contract that it is about, where it can be only one.
    #[must_use]
    pub(crate) fn subject(&self, block: &HashedBlock) -> Option<Subject> {
        let Self::Submission { stream, sequence, .. } = self else { return None };
        let of = |s: &&Submission| (s.stream, s.sequence) == (*stream, *sequence);
        match block.body().submissions.iter().find(of).map_or(&[][..], |s| &s.events) {
            [only] => only.subject(),
            [] | [_, ..] => None,
        }
    }
}

impl Head {
    /// The head above a block that is taken by its own header: control state and membership stand as they did. None
    /// where the header commits to another membership. For what is told beside a verdict.
    pub(crate) fn taken(&self, header: &Header, hash: BlockHash) -> Option<Self> {
        let is_same = header.next_membership == self.membership_hash();
        is_same.then(|| self.after(header, hash, self.control().clone(), None))
    }
}
