//! What the surface asks of the intake and of the agreement.

use async_trait::async_trait;
use ledger_core::event::Event;
use ledger_core::ids::{Height, NodeNumber, Round, Sequence};
use ledger_core::merkle::LogIndex;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// The intake, as the surface needs it.
#[async_trait]
pub trait Submissions: Send + Sync {
    /// Takes a message of the annex. When it has returned, what was accepted is durable.
    ///
    /// # Errors
    /// [`SubmitError`]; then nothing of the message is acknowledged, and it may be sent again.
    async fn submit(&self, message: Vec<u8>) -> Result<Receipt, SubmitError>;

    /// What became of the items of a message, by the id of its receipt; none where it is not known. May
    /// read from the disk.
    fn find(&self, id: &str) -> Option<Tracked>;

    /// Submits an event of governance; gives its place in the node's stream.
    ///
    /// # Errors
    /// [`SubmitError`].
    async fn govern(&self, event: Event) -> Result<Sequence, SubmitError>;
}

/// The agreement, as the surface needs it.
pub trait Agreement: Send + Sync {
    /// Where it stands now.
    fn view(&self) -> View;
}

/// Where the agreement stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The height that is being decided; that of the next block where nothing is.
    pub height: Height,
    /// Its round.
    pub round: Round,
    /// What the node waits for, in words, where it waits.
    pub waiting: Option<String>,
    /// Why the node does not vote although it has power: a home that was restored, say.
    pub silent: Option<String>,
    /// Why the node takes part no more, or stands still: the report of a halt, or of a height that is
    /// overdue.
    pub halted: Option<String>,
    /// The highest tip that another node has told of.
    pub highest: Height,
}

/// What an accepted message is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Under which the message can be asked after.
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

/// What is wrong or odd with an item. It shows nothing of what the item says.
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
    #[error("too much is waiting; try again in {retry_after:?}")]
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
