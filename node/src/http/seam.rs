//! What the surface asks of the intake and of the agreement.

pub use crate::intake::{Finding, ItemOutcome, ItemState, Receipt, SubmitError, Tracked};

use async_trait::async_trait;
use ledger_core::event::Event;
use ledger_core::names::{Height, Round, Sequence};

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

    /// Why no messages are taken in, until somebody does something; none where they are. That too much waits just now
    /// is no such reason.
    fn closed(&self) -> Option<String>;
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
    /// Why the node signs nothing, and what ends that: a home that was restored, say.
    pub silent: Option<Words>,
    /// Why the node goes no further: the report.
    pub halted: Option<Words>,
    /// Two chains are certified: the report.
    pub forked: Option<Words>,
    /// A height whose block is overdue, since no more than two thirds of the power is heard.
    pub unheard: Option<Words>,
    /// More than two thirds of the voting power, the own included, have told where they stand: before, the
    /// highest tip says little.
    pub is_told: bool,
    /// The highest tip that nodes with more than a third of the voting power have told of.
    pub highest: Height,
    /// By how many milliseconds the node's clock is ahead of the middle one of the voting power; none while too few
    /// have told.
    pub clock_ahead_ms: Option<i64>,
    /// Why the node's clock is no good, where it is not.
    pub clock: Option<Words>,
}

/// Something that is said to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}
