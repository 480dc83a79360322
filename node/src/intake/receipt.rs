//! What a message is answered with, and what can be asked of it later. Nothing here shows what an item says.

use super::report::{Reason, Rejection};
use ledger_core::merkle::LogIndex;
use ledger_core::names::{Height, NodeNumber, Sequence};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use thiserror::Error;

/// What an accepted message is answered with; everything in it is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Under which the message can be asked after: 32 hexadecimal digits that nobody can guess.
    pub id: String,
    /// What became of each item, in their order.
    pub items: Vec<ItemOutcome>,
}

/// What became of an item at the intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ItemOutcome {
    /// Not recorded: something is wrong with it.
    Rejected(Finding),
    /// Not recorded: it is here already.
    Duplicate,
    /// Durable, and on its way to the chain.
    Accepted {
        /// What is odd with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<Finding>,
        /// The submission in the node's stream that carries it.
        sequence: Sequence,
        /// Its place in the submission.
        position: u16,
    },
    /// Durable, and kept until its contract is there.
    Parked,
}

/// What is wrong or odd with an item, or with a whole message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// JSON pointer of the place.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// Text in Chinese.
    pub text_zh: String,
    /// Text in English.
    pub text_en: String,
}

impl From<&Reason> for Finding {
    fn from(reason: &Reason) -> Self {
        let Reason { pointer, code, zh, en, .. } = reason.clone();
        Self { pointer, code: code.to_owned(), text_zh: zh, text_en: en }
    }
}

impl From<&ledger_core::annex::Finding> for Finding {
    fn from(finding: &ledger_core::annex::Finding) -> Self {
        Self::from(&Reason::from(finding))
    }
}

impl Finding {
    /// The first reason of a rejection.
    pub(super) fn of(rejection: &Rejection<'_>) -> Option<Self> {
        rejection.reasons.first().map(Self::from)
    }

    /// Where no reason was told, which does not happen.
    pub(super) fn untold() -> Self {
        let (pointer, code) = (String::new(), "REJECTED".to_owned());
        Self { pointer, code, text_zh: "未予记录".to_owned(), text_en: "was not recorded".to_owned() }
    }
}

/// What became of a message since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// The id of the receipt.
    pub id: String,
    /// The state of each item, in their order.
    pub items: Vec<ItemState>,
}

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ItemState {
    /// On its way to the chain.
    Pending,
    /// Kept until its contract is there.
    Parked,
    /// Not recorded: something is wrong with it.
    Rejected,
    /// Not recorded: it was here already.
    Duplicate,
    /// On the chain for good.
    Final {
        /// The block.
        height: Height,
        /// Its place in the log.
        log_index: LogIndex,
        /// Whether the fold applied it.
        applied: bool,
        /// Why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
}

impl ItemState {
    /// Whether it will not change any more by itself.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Pending => false,
            Self::Parked | Self::Rejected | Self::Duplicate | Self::Final { .. } => true,
        }
    }
}

/// Why nothing is taken in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// Too much waits.
    #[error("this node has as much to do as it may: try again in {} s", retry_after.as_secs_f32().ceil())]
    Busy {
        /// When to come again.
        retry_after: Duration,
    },
    /// A message of which nothing can be read.
    #[error("the message cannot be read: {}", .0.text_en)]
    Unreadable(Finding),
    /// The membership has no such node, or has it with other keys.
    #[error("the membership in force has no node {0} with the keys of this home, so it takes nothing in")]
    NotAMember(NodeNumber),
    /// An event that is not submitted this way, or does not fit.
    #[error("{0}")]
    NotSubmitted(&'static str),
    /// It cannot go on by itself, or has ended.
    #[error("this node takes nothing in: {0}")]
    Closed(String),
}

/// What an intake has done in this process, and what it has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Items that were recorded or kept.
    pub accepted: u64,
    /// … with a warning.
    pub flagged: u64,
    /// Items that were not recorded.
    pub rejected: u64,
    /// Items that were here already.
    pub duplicates: u64,
    /// Items that came onto the chain and count.
    pub applied: u64,
    /// Items that came onto the chain and were refused.
    pub refused: u64,
    /// Items that wait for their contract.
    pub pending: u64,
    /// Submissions that the chain does not have yet.
    pub outbox: u64,
    /// Their bytes.
    pub outbox_bytes: u64,
    /// Since when the oldest of them waits in this process.
    pub oldest: Option<Instant>,
    /// Messages that wait to be taken.
    pub queued: u64,
    /// Why nothing that waits comes onto the chain, where it is so.
    pub stuck: Option<String>,
    /// Why nothing is taken in, where it is so.
    pub closed: Option<String>,
}
