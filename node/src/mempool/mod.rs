//! Checked submissions that wait for a block, bounded.
//!
//! What this module promises: what [`Mempool::fill`] gives makes a block that holds, as far as submissions
//! go: each is signed by its node's key in force, follows its stream without a gap, and fits. Memory is
//! bounded, by member and in all. Who floods fills his own share, and has one turn a round like everybody:
//! he cannot keep others out of a block. It never writes a file: what this node has to keep is in its
//! outbox, and what others have to keep is in theirs.

mod error;
mod fetch;
mod pool;
mod stream;
mod task;
#[cfg(test)]
mod tests;

pub use error::Refused;
pub(crate) use pool::Room;
pub use task::run;

use crate::chain::{Chain, Latest};
use crate::network::wire::{MAX_RANGE_BYTES, MAX_SUBMISSIONS};
use ledger_core::codec;
use ledger_core::crypto::PublicKey;
use ledger_core::event::Event;
use ledger_core::governance::Change;
use ledger_core::membership::Purpose;
use ledger_core::names::{NodeNumber, Sequence};
use ledger_core::submission::Submission;
use pool::Pool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// How much is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for the submissions of one member's nodes, and never more than its part of those for all.
    pub member_bytes: usize,
    /// Bytes of memory for all.
    pub bytes: usize,
    /// How far above the last submission on the chain a stream's may be.
    pub ahead: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { member_bytes: 32 << 20, bytes: 256 << 20, ahead: 16_384 }
    }
}

/// What could go into the next block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Events in submissions that follow their stream without a gap.
    pub events: u64,
    /// Since when the oldest of them waits here.
    pub oldest: Option<Instant>,
}

/// What became of a submission that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is held.
    Held,
    /// It was held already.
    Known,
    /// The chain has its number.
    Final,
}

/// How full the mempool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Submissions that are held.
    pub submissions: u64,
    /// Bytes of memory that they take.
    pub bytes: u64,
}

/// A stream that goes on above a submission that is missing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The stream.
    pub node: NodeNumber,
    /// The first that is missing.
    pub from: Sequence,
    /// Since when.
    pub since: Instant,
}

/// The mempool. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Mempool {
    chain: Chain,
    pending: watch::Sender<Pending>,
    pool: Arc<Mutex<Pool>>,
}

/// A key with which a stream's submissions are checked.
enum Signer {
    InForce(PublicKey),
    /// Of a change that is proposed and may hold for others already.
    Proposed,
}

impl Mempool {
    /// An empty mempool over a chain.
    #[must_use]
    pub fn new(chain: Chain) -> Self {
        Self::with_limits(chain, Limits::default())
    }

    /// An empty mempool with other limits.
    #[must_use]
    pub fn with_limits(chain: Chain, limits: Limits) -> Self {
        let pool = Pool::new(limits, chain.latest());
        Self { chain, pending: watch::Sender::new(Pending::default()), pool: Arc::new(Mutex::new(pool)) }
    }

    /// The chain over which it is.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What could go into the next block, from now on.
    #[must_use]
    pub fn pending(&self) -> watch::Receiver<Pending> {
        self.pending.subscribe()
    }

    /// How full it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.pool().level()
    }

    /// Checks a submission and holds it; `bytes` is the length of its encoding. Verifies a signature: on
    /// an asynchronous thread, call it through `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    /// [`Refused`]: whose fault it is, or when to come again.
    pub fn offer(&self, submission: Submission, bytes: usize) -> Result<Offered, Refused> {
        let latest = {
            let pool = self.current();
            if let Some(offered) = pool.judge(&submission, bytes)? {
                return Ok(offered);
            }
            Arc::clone(pool.latest())
        };
        let key = verify(&submission, &latest)?;
        let mut pool = self.current();
        let offered = pool.hold(submission, bytes, key)?;
        self.announce(&pool);
        Ok(offered)
    }

    /// Submissions for the block that follows the tip, within the limits of the chain: each stream's in
    /// order and without a gap, the streams by turns.
    #[must_use]
    pub fn fill(&self) -> Vec<Submission> {
        self.current().fill()
    }

    /// Drops a submission and what follows it in its stream, until it is offered again: it is not to be in a block yet.
    pub(crate) fn put_aside(&self, stream: NodeNumber, sequence: Sequence) {
        let mut pool = self.current();
        pool.put_aside(stream, sequence);
        self.announce(&pool);
    }

    /// Drops what the chain has by now, and what its rules allow no longer.
    pub fn advance(&self) {
        let pool = self.current();
        self.announce(&pool);
    }

    /// The streams in which something is missing.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        self.current().gaps()
    }

    /// Up to which number a stream is complete here and on the chain.
    #[must_use]
    pub fn complete(&self, node: NodeNumber) -> Sequence {
        self.current().complete(node)
    }

    /// The encoded submissions of a stream that are held, from a number up and in order, as many as one
    /// answer takes.
    #[must_use]
    pub fn held(&self, node: NodeNumber, from: Sequence) -> Vec<Vec<u8>> {
        let found = self.current().held(node, from, MAX_SUBMISSIONS);
        let mut room = MAX_RANGE_BYTES;
        let mut encoded = Vec::new();
        for submission in found {
            let bytes = codec::encode(&*submission);
            if !encoded.is_empty() && bytes.len() > room {
                break;
            }
            room = room.saturating_sub(bytes.len());
            encoded.push(bytes);
        }
        encoded
    }

    /// The pool, as far as the chain is by now.
    fn current(&self) -> MutexGuard<'_, Pool> {
        let mut pool = self.pool();
        pool.follow(&self.chain.latest());
        pool
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, pool: &Pool) {
        let now = pool.pending();
        self.pending.send_if_modified(|pending| std::mem::replace(pending, now) != now);
    }
}

/// Verifies the signature of a submission of a stream that is there.
fn verify(submission: &Submission, latest: &Latest) -> Result<PublicKey, Refused> {
    let Submission { stream, sequence, .. } = *submission;
    let message = submission.frame(&submission.leaf_hashes()).message(&latest.tip.chain());
    for (key, signer) in signers(stream, latest) {
        if key.verify(&message, &submission.signature).is_ok() {
            return match signer {
                Signer::InForce(key) => Ok(key),
                Signer::Proposed => Err(Refused::Early { stream, sequence }),
            };
        }
    }
    Err(Refused::Forged { stream, sequence })
}

fn signers(stream: NodeNumber, latest: &Latest) -> Vec<(PublicKey, Signer)> {
    let own = latest.tip.membership().node(stream).and_then(|(_, node)| node.key(Purpose::Submission)).copied();
    let mut signers: Vec<_> = own.into_iter().map(|key| (key, Signer::InForce(key))).collect();
    for proposal in latest.tip.control().proposals.iter() {
        if let Change::RotateNodeKeys(node, keys) = &*proposal.change
            && *node == stream
        {
            let keys = keys.iter().filter(|key| key.purpose == Purpose::Submission);
            // A change that is open applied when it was proposed: its keys are keys.
            signers.extend(keys.filter_map(|key| Some((key.key.parse().ok()?, Signer::Proposed))));
        }
    }
    signers
}

/// What a submission takes in memory: its events are larger there than encoded.
fn weight(submission: &Submission, bytes: usize) -> usize {
    let events = submission.events.len().saturating_mul(size_of::<Event>());
    bytes.max(events).saturating_add(512)
}
