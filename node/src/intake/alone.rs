//! The intake of a chain of one: its node makes blocks of what it takes in.

use super::desk::{Desk, Ground, Written};
use super::error::IntakeError;
use super::reader::{Reader, Window};
use super::report::{Counts, Rejection};
use super::sequel::{self, Batch, Origin, Sequel};
use super::timings::Timings;
use super::{BLOCK_OVERHEAD, Clock, SUBMISSION_OVERHEAD, Step};
use crate::chain::now;
use crate::committer::Ledger;
use crate::consensus::go_on_alone;
use crate::home::{Home, HomeKeys};
use crate::store::{DiskStore, Store, StoreConfig};
use crate::vault::{Handle, Vault};
use ledger_core::annex::Config;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{CheckedBlock, Proposal, assemble};
use ledger_core::map::MapKey;
use ledger_core::membership::Purpose;
use ledger_core::names::{NodeNumber, Round, Sequence, Subject};
use ledger_core::outcome::Outcome;
use ledger_core::submission::Submission;
use std::collections::HashSet;
use std::sync::Arc;

/// What the operator takes on himself when an intake is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// There is no look-up, or an old one, and the chain has submissions of this node: one may be begun, and
    /// what it does not know may be recorded twice.
    pub new_look_up: bool,
    /// What stood in the outbox above this submission, the last one that the chain has, is lost for good: the look-up
    /// forgets it, and it has to be handed in again. Above another one nothing is forgotten.
    pub lost_outbox: Option<Sequence>,
}

/// The intake of a home whose node is alone.
pub struct Intake<S> {
    ledger: Ledger<S>,
    pub(super) desk: Desk,
    counts: Counts,
    timings: Timings,
    /// Records of this run's items that are kept.
    kept: HashSet<Handle>,
}

impl Intake<DiskStore> {
    /// Opens ledger, vault and look-up of a home, and finishes what a crash left open; `store` says when blocks
    /// are sealed.
    ///
    /// # Errors
    /// [`IntakeError`]: what is wrong, where, and what to do.
    pub fn open(home: &Home, store: StoreConfig, consent: Consent) -> Result<Self, IntakeError> {
        let ledger = Ledger::open(&home.ledger(), home.genesis().clone(), store)?;
        let keys = home.load_keys()?;
        check_alone(&ledger, home.node(), &keys)?;
        let tip = ledger.tip();
        go_on_alone(&home.consensus(), tip.chain(), tip.height())?;
        let desk = Desk::open(home, keys, tip.control().last_sequence(home.node()), None, consent)?;
        let (counts, timings, kept) = Default::default();
        let mut intake = Self { ledger, desk, counts, timings, kept };
        intake.take(Window::default(), &mut |_| {})?;
        Ok(intake)
    }

    /// Closes the ledger so that it opens fast.
    pub fn close(self) {
        self.ledger.close();
    }
}

impl<S: Store> Intake<S> {
    /// What reads messages for this intake.
    #[must_use]
    pub fn reader(&self, config: Config) -> Reader {
        Reader { config: Arc::new(config), tags: self.desk.tags.clone() }
    }

    /// Records a window of messages, in order, and tells of what is rejected. When it has returned,
    /// everything in it is durable and final.
    ///
    /// # Errors
    /// [`IntakeError`]; then nothing of the window is acknowledged, and the intake has to be opened again.
    pub fn take(&mut self, window: Window, reject: &mut dyn FnMut(&Rejection<'_>)) -> Result<(), IntakeError> {
        let tip = self.ledger.tip();
        let last = tip.control().last_sequence(self.desk.node);
        let map = self.ledger.map();
        let is_known = |subject: &Subject| map.get(&MapKey::of(subject)).is_some();
        let room = (tip.membership().parameters().block_bytes as usize).saturating_sub(BLOCK_OVERHEAD);
        let ground = Ground { head: tip, last, settled: last, room, is_known: &is_known, is_final: &is_known };
        let (written, mut timings) = self.desk.write(window, &ground, reject)?;
        let Written { sequel, batches, rows, submissions, counts, .. } = written;
        let mut clock = Clock::start();
        let outcomes = self.push(submissions, &batches).and_then(|outcomes| {
            self.desk.step(Step::Pushed);
            self.ledger.sync()?;
            Ok(outcomes)
        });
        let outcomes = self.desk.settle(outcomes, &rows)?;
        timings.commit += clock.lap();
        self.count(counts, &sequel, &outcomes);
        self.timings.add(&timings);
        Ok(())
    }

    /// Makes blocks of submissions, as full as the parameters allow.
    fn push(&mut self, submissions: Vec<Submission>, batches: &[Batch]) -> Result<Vec<Outcome>, IntakeError> {
        let parameters = self.ledger.tip().membership().parameters();
        let (max_events, max_bytes) = (parameters.block_events as usize, parameters.block_bytes as usize);
        let mut outcomes = Vec::new();
        let (mut block, mut events, mut bytes) = (Vec::new(), 0, BLOCK_OVERHEAD);
        for (submission, batch) in submissions.into_iter().zip(batches) {
            let more = batch.bytes + SUBMISSION_OVERHEAD;
            if !block.is_empty() && (events + batch.range.len() > max_events || bytes + more > max_bytes) {
                outcomes.extend(self.push_block(std::mem::take(&mut block))?);
                (events, bytes) = (0, BLOCK_OVERHEAD);
            }
            events += batch.range.len();
            bytes += more;
            block.push(submission);
        }
        if !block.is_empty() {
            outcomes.extend(self.push_block(block)?);
        }
        Ok(outcomes)
    }

    fn push_block(&mut self, submissions: Vec<Submission>) -> Result<Vec<Outcome>, IntakeError> {
        let parent_certificate = self.ledger.certificate().cloned();
        let proposal = Proposal { proposer: self.desk.node, time: now(), parent_certificate, submissions };
        let tip = self.ledger.tip();
        let fault = |fault| IntakeError::Block { height: tip.height().next(), fault };
        let checked = assemble(proposal, tip, self.ledger.map()).map_err(fault)?;
        let outcomes = checked.traces().iter().map(|trace| trace.outcome).collect();
        let certificate = self.certify(&checked);
        self.ledger.push(checked, certificate)?;
        Ok(outcomes)
    }

    /// The votes of the only validator. They leave this process with the block, in one append: a block
    /// that is lost was seen by nobody, so that no vote can come to stand against another.
    fn certify(&self, checked: &CheckedBlock) -> Certificate {
        let after = checked.after();
        let key = self.desk.keys.node.key(Purpose::Consensus);
        Certificate::sign(&after.chain(), after.height(), Round(0), after.hash(), &[(self.desk.node, key)])
    }

    fn count(&mut self, planned: Counts, sequel: &Sequel, outcomes: &[Outcome]) {
        let counts = &mut self.counts;
        counts.rejected += planned.rejected;
        counts.duplicates += planned.duplicates;
        counts.flagged += planned.flagged;
        self.kept.extend(&sequel.kept);
        for (sent, outcome) in sequel.sent.iter().zip(outcomes) {
            let handle = match sent.origin {
                Origin::First(handle) => handle,
                // What an earlier run kept is no item of this one.
                Origin::Kept(handle) if self.kept.remove(&handle) => handle,
                Origin::Kept(_) => continue,
            };
            match outcome {
                Outcome::Applied => counts.applied += 1,
                waiting if sequel::waits(*waiting) => _ = self.kept.insert(handle),
                // Nothing that the intake sends is merely recorded; if it were, it would not count either.
                Outcome::Recorded | Outcome::Refused(_) => counts.refused += 1,
            }
        }
        counts.pending = self.kept.len() as u64;
    }

    /// The outcomes of this run's items.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Where this run's time went.
    #[must_use]
    pub const fn timings(&self) -> &Timings {
        &self.timings
    }

    /// How many items wait for their contract, of this run and of earlier ones.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.desk.journal.tables.pending()
    }

    /// The chain.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger<S> {
        &self.ledger
    }

    /// The records.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.desk.vault
    }
}

/// The node is the only one with a vote, and has the keys that the membership in force names.
fn check_alone<S: Store>(ledger: &Ledger<S>, node: NodeNumber, keys: &HomeKeys) -> Result<(), IntakeError> {
    let membership = ledger.tip().membership();
    super::check_member(membership, node, keys)?;
    let own = membership.node(node).is_some_and(|(_, own)| own.power > 0);
    let others = membership.nodes().any(|(_, other)| other.number != node && other.power > 0);
    if others || !own { Err(IntakeError::NotAlone(node)) } else { Ok(()) }
}
