//! What a judgement came to: how it ended, how far it went, how deep it looked.

use super::report::Tally;
use super::{Verdict, verdict};
use crate::archive::NotOpened;
use crate::chain::{Fault, HashedBlock, Kind, NewerProtocol, Span, Tip};
use crate::names::{Height, Subject, readable};
use serde::{Deserialize, Serialize};

/// How often something is verified that need be verified only where it proves all that lies below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Where it proves all that lies below.
    #[default]
    Tip,
    /// At every block.
    Every,
}

/// How deep a judgement looks (format.md §15.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// Certificates: those at changes of membership, above a foot and the last block's own, or every one.
    pub certificates: Scope,
    /// Map roots: the last block's, or every block's.
    pub states: Scope,
}

impl Depth {
    /// The depth that defines the verdict.
    pub const FULL: Self = Self { certificates: Scope::Every, states: Scope::Every };
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong, in one word.
    pub kind: Kind,
    /// Height of the block that it is in.
    pub height: Height,
    /// First and last log index of the entries that it can be in, where that is narrower.
    pub index: Option<Span>,
    /// The contract that it is about, where it can be only one.
    pub subject: Option<Subject>,
    /// In words.
    pub detail: String,
}

impl Finding {
    /// A fault of a block, as a finding.
    #[must_use]
    pub fn of(height: Height, fault: &Fault) -> Self {
        Self { index: fault.span(), ..Self::at(height, fault.kind(), fault.to_string()) }
    }

    /// A fault of a block that is here; it names the contract where it can be only one.
    pub(super) fn located(height: Height, block: &HashedBlock, fault: &Fault) -> Self {
        Self { subject: fault.subject(block), ..Self::of(height, fault) }
    }

    /// A finding about a block as a whole.
    #[must_use]
    pub fn at(height: Height, kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, height, index: None, subject: None, detail: detail.into() }
    }
}

/// How a judgement ended (format.md §16.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With the last block's own certificate, verified, and nothing behind it. All was judged.
    Complete,
    /// There is no block.
    Empty,
    /// Without an end certificate.
    NoEnd,
    /// At something that cannot be read.
    Unreadable {
        /// The height of the block that is looked for there.
        at: Height,
        /// Why.
        why: String,
    },
    /// At something that does not hold.
    Fault(Finding),
    /// Where a protocol is in force that this version does not know.
    NewerProtocol {
        /// From this height on.
        at: Height,
        /// Which one.
        protocol: NewerProtocol,
    },
    /// The head cannot be read.
    Head(String),
    /// The foot cannot be read.
    Foot(String),
}

impl Ended {
    /// The first height that does not hold or cannot be read.
    #[must_use]
    pub const fn at(&self) -> Option<Height> {
        match self {
            Self::Fault(finding) => Some(finding.height),
            Self::Unreadable { at, .. } | Self::NewerProtocol { at, .. } => Some(*at),
            Self::Complete | Self::Empty | Self::NoEnd | Self::Head(_) | Self::Foot(_) => None,
        }
    }
}

/// What a judgement came to. Only a judge makes one.
#[derive(Clone, Debug)]
pub struct Judged {
    pub(super) ended: Ended,
    /// Where it stands; none where nothing is judged.
    pub(super) reached: Option<Reached>,
    pub(super) start_is_proved: bool,
    pub(super) wants_outsiders: bool,
    pub(super) without_map: bool,
    pub(super) depth: Depth,
    pub(super) tally: Tally,
}

/// How far a judgement went.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    /// Height of the foot.
    pub(super) start: Height,
    /// The last block that was judged sound.
    pub(super) sound: Tip,
    /// The last block whose own certificate was verified.
    pub(super) signed: Option<Tip>,
    /// Events up to the last sound block.
    pub(super) events: u64,
}

readable! {
    Judged copies {
        /// Whether the start is the genesis, or a block that the auditor kept was met at or above the foot's.
        start_is_proved: bool,
        /// Whether the trust policy asks for witnesses or time stamps, of which none are issued yet.
        wants_outsiders: bool,
    }
    lends {
        /// How it ended.
        ended: Ended,
    }
}

impl Judged {
    /// Of an archive of which nothing can be judged. None where it is an archive of another chain.
    #[must_use]
    pub fn not_opened(why: NotOpened) -> Option<Self> {
        let ended = match why {
            NotOpened::OtherChain(_) => return None,
            NotOpened::Head(why) => Ended::Head(why),
            NotOpened::Foot(why) => Ended::Foot(why),
        };
        Some(Self {
            ended,
            reached: None,
            start_is_proved: false,
            wants_outsiders: false,
            without_map: false,
            depth: Depth::FULL,
            tally: Tally::default(),
        })
    }

    /// The last block that was judged sound, or the foot's; none where nothing is judged.
    #[must_use]
    pub fn sound(&self) -> Option<&Tip> {
        self.reached.as_ref().map(|reached| &reached.sound)
    }

    /// The last block whose own certificate was verified.
    #[must_use]
    pub fn signed(&self) -> Option<&Tip> {
        self.reached.as_ref().and_then(|reached| reached.signed.as_ref())
    }
}

/// Judges at a depth, and where that does not end in *holds*, again at the full one, whose answer counts
/// (format.md §15.3).
///
/// # Errors
/// Those of `judge`.
pub fn judge_deeply<E>(depth: Depth, mut judge: impl FnMut(Depth) -> Result<Judged, E>) -> Result<Judged, E> {
    let judged = judge(depth)?;
    if depth == Depth::FULL || verdict(&judged) == Verdict::Holds { Ok(judged) } else { judge(Depth::FULL) }
}
