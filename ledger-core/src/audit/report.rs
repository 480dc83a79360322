//! What an audit says, and what an auditor keeps of it.

use crate::chain::{Fault, Span, Tip};
use crate::crypto::ChainId;
use crate::merkle::{Frontier, LogRoot, LogSize};
use crate::names::{BlockHash, ControlHash, Height, MapRoot, MembershipHash, Subject};
use serde::{Deserialize, Serialize};

/// The answer of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing was altered.
    Holds,
    /// Something was, provably.
    Altered,
    /// Not enough is there to say.
    Undecided,
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable word for what is wrong.
    pub kind: String,
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
        let kind = fault.kind().to_owned();
        Self { kind, height, index: fault.span(), subject: None, detail: fault.to_string() }
    }

    /// A finding about a block as a whole.
    #[must_use]
    pub fn at(height: Height, kind: &str, detail: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), height, index: None, subject: None, detail: detail.into() }
    }
}

/// What an auditor keeps: enough to notice later that this history was rewritten, by whomever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    /// The chain.
    pub chain: ChainId,
    /// Height of the last block audited.
    pub height: Height,
    /// Its hash.
    pub block: BlockHash,
    /// Size of the log.
    pub log_size: LogSize,
    /// Root of the log.
    pub log_root: LogRoot,
    /// Hash of the control state.
    pub control: ControlHash,
    /// Hash of the membership that judges the next block.
    pub membership: MembershipHash,
    /// The log, so that an audit can go on from here.
    pub frontier: Frontier,
}

impl Bookmark {
    /// What is kept of a tip.
    #[must_use]
    pub fn of(tip: &Tip) -> Self {
        Self {
            chain: tip.chain,
            height: tip.height,
            block: tip.hash,
            log_size: tip.frontier.size(),
            log_root: tip.frontier.root(),
            control: tip.control.hash(),
            membership: tip.membership_hash,
            frontier: tip.frontier.clone(),
        }
    }
}

/// How much was verified, by which means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Blocks hashed and linked.
    pub blocks: u64,
    /// Events hashed into submission and log.
    pub events: u64,
    /// Submission signatures verified.
    pub submissions: u64,
    /// Certificates whose signatures were verified.
    pub certificates: u64,
    /// Map roots recomputed and compared.
    pub map_roots: u64,
    /// Contracts folded.
    pub subjects: u64,
}

/// The outcome of an audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// The height up to which it vouches.
    pub height: Height,
    /// Events on the chain up to there, seals not counted.
    pub events: u64,
    /// Hash of the block at that height.
    pub tip: BlockHash,
    /// Root of the log there.
    pub log_root: LogRoot,
    /// Root of the contract map there, as its header has it.
    pub map_root: MapRoot,
    /// The height up to which validators' signatures cover the chain.
    pub signed: Option<Height>,
    /// The height up to which witnesses' signatures do.
    pub witnessed: Option<Height>,
    /// The height up to which time stamps do.
    pub timestamped: Option<Height>,
    /// What could not be judged.
    pub unchecked: Vec<String>,
    /// What does not hold, from the lowest height.
    pub findings: Vec<Finding>,
    /// What was verified.
    pub checked: Checked,
    /// For the auditor to keep.
    pub bookmark: Bookmark,
}
