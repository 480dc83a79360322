//! One node's submissions, as far as they are held.

use super::Gap;
use ledger_core::crypto::PublicKey;
use ledger_core::names::{MemberCode, NodeNumber, Sequence};
use ledger_core::submission::Submission;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A submission that is held.
pub(super) struct Held {
    pub(super) submission: Arc<Submission>,
    pub(super) events: usize,
    /// Length of its encoding.
    pub(super) bytes: usize,
    /// What it takes in memory.
    pub(super) weight: usize,
    /// What it was verified with.
    pub(super) key: PublicKey,
    pub(super) since: Instant,
}

/// A stream.
pub(super) struct Stream {
    /// The member at whose charge it is.
    pub(super) member: MemberCode,
    /// The last one on the chain.
    pub(super) last: Sequence,
    pub(super) held: BTreeMap<Sequence, Held>,
    /// Up to here it is complete.
    pub(super) complete: Sequence,
    /// Events that could go into blocks now.
    pub(super) events: u64,
    /// Since when something is missing below something that is held.
    gap_since: Option<Instant>,
}

impl Stream {
    pub(super) const fn new(member: MemberCode, last: Sequence) -> Self {
        Self { member, last, held: BTreeMap::new(), complete: last, events: 0, gap_since: None }
    }

    /// Drops what fits into no block any more, and all behind it: its node cuts it anew, and signs other submissions
    /// from that number on. What is missing may be such a one, so what stands behind a gap goes as well.
    pub(super) fn cut(&mut self, fits: impl Fn(&Held) -> bool) {
        let mut first = self.last.next();
        while self.held.get(&first).is_some_and(&fits) {
            first = first.next();
        }
        drop(self.held.split_off(&first));
    }

    /// Reckons anew what is complete.
    pub(super) fn reckon(&mut self) {
        (self.complete, self.events) = (self.last, 0);
        self.extend();
    }

    /// Goes on with what is complete, from where it was.
    pub(super) fn extend(&mut self) {
        while let Some(held) = self.held.get(&self.complete.next()) {
            self.events = self.events.saturating_add(held.events as u64);
            self.complete = self.complete.next();
        }
        let above = self.held.last_key_value().is_some_and(|(highest, _)| *highest > self.complete);
        self.gap_since = above.then(|| self.gap_since.unwrap_or_else(Instant::now));
    }

    /// Since when the first one that could go into a block waits.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let first = self.held.get(&self.last.next())?;
        (self.events > 0).then_some(first.since)
    }

    pub(super) fn gap(&self, node: NodeNumber) -> Option<Gap> {
        self.gap_since.map(|since| Gap { node, from: self.complete.next(), since })
    }
}
