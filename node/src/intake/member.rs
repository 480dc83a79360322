//! The intake of a node on a network: what it signs goes into the outbox, and the chain says later what
//! became of it.
//!
//! What is recorded before its contract waits, as on a chain of one, and is sent again right behind the
//! contract that this node makes. Here the fold's word comes later, so it is foretold from the chain and
//! from what is signed already, and put right once the block is there: what was refused as unknown against
//! all expectation waits from then on, and what was expected to wait and was applied waits no longer. One
//! case is left open: where two nodes make one contract at the same time, what this node sends again behind
//! its own may have been applied behind the other's.

mod recut;

use super::alone::Consent;
use super::desk::{Desk, Ground, Written};
use super::error::IntakeError;
use super::finality::{Finality, Learned};
use super::journal::{Row, What};
use super::plan::Fate;
use super::reader::{ReadMessage, Window};
use super::receipt::{Finding, ItemOutcome, View};
use super::requests::{Kept, Requests, Tracker};
use super::timings::Timings;
use super::{SUBMISSION_OVERHEAD, Step, check_member, sequel};
use crate::chain::{Chain, Latest};
use crate::durable::{IoError, sync_folder};
use crate::home::{Home, HomeKeys};
use crate::mempool::Room;
use crate::outbox::{Cut, Outbox};
use crate::vault::handle;
use ledger_core::crypto::ChainId;
use ledger_core::event::{Action, ContractEvent, Event};
use ledger_core::map::MapKey;
use ledger_core::membership::Purpose;
use ledger_core::names::{NodeNumber, RecordKind, Sequence, Subject};
use ledger_core::outcome::Outcome;
use ledger_core::submission::Submission;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// A submission has at most so many bytes, whatever the chain allows: it is gossiped whole.
const MAX_SUBMISSION_BYTES: usize = 512 << 10;
/// What is learned from the chain stands at no place of a submission.
const NO_PLACE: u16 = u16::MAX;

/// The intake of a node on a network.
pub(super) struct Member {
    pub(super) desk: Desk,
    chain: Chain,
    outbox: Outbox,
    finality: Finality,
    requests: Requests,
    /// Contracts and employers that submissions in flight make.
    flight: BTreeMap<Subject, Sequence>,
    /// The last submission that is signed and durable.
    last: Sequence,
    /// What fits into a block, where it is known that all that waits does.
    fitted: Option<Room>,
    pub(super) view: View,
}

/// What became of one message.
pub(super) struct Taken {
    pub(super) id: String,
    pub(super) items: Vec<ItemOutcome>,
}

impl Member {
    /// Opens vault and look-up of a home, follows the chain, and finishes what a crash left open.
    pub(super) fn open(home: &Home, chain: Chain, outbox: Outbox, consent: Consent) -> Result<Self, IntakeError> {
        let (keys, node) = (home.load_keys()?, home.node());
        let latest = chain.latest();
        let on_chain = latest.tip.control().last_sequence(node);
        outbox.mend()?;
        // Also where the chain has still to tell this node of its new keys: the others know them, and would take what
        // the old ones signed for forged.
        let waiting = sign_again(&outbox, &keys, latest.tip.chain(), node, on_chain)?;
        check_member(latest.tip.membership(), node, &keys)?;
        let last = on_chain.max(outbox.last());
        let desk = open_desk(home, keys, last, outbox.cut(), consent)?;
        let finality = Finality::open(&home.intake().join("final"), &chain, node)?;
        let requests = Requests::open(&home.intake().join("requests"))?;
        let (flight, fitted, view) = Default::default();
        let mut member = Self { desk, chain, outbox, finality, requests, flight, last, fitted, view };
        waiting.iter().for_each(|submission| member.makes(submission));
        member.learn()?;
        member.catch_up()?;
        Ok(member)
    }

    /// What answers who asks after items.
    pub(super) fn tracker(&self) -> Result<Tracker, IntakeError> {
        Ok(Tracker {
            tags: self.desk.tags.clone(),
            file: Arc::new(self.requests.reader()?),
            follow: Arc::clone(&self.desk.journal.follow),
            heights: self.finality.heights.clone(),
            chain: self.chain.clone(),
            node: self.desk.node,
        })
    }

    /// Records messages, in order. When it has returned, everything that it gives as recorded is durable,
    /// and on its way to the chain.
    ///
    /// # Errors
    /// [`IntakeError`]; then nothing of the messages is acknowledged, and the intake has to be opened again.
    pub(super) fn take(&mut self, messages: Vec<ReadMessage>) -> Result<Vec<Taken>, IntakeError> {
        let mut told = Vec::new();
        let window = Window { messages, timings: Timings::default() };
        let written = self.record(window, &mut told)?;
        let mut told = told.into_iter();
        let generation = self.desk.journal.generation();
        let mut outcome = |fate: &Fate| match fate {
            Fate::Rejected => {
                // Each rejection was told, in the order of the items.
                (ItemOutcome::Rejected(told.next().unwrap_or_else(Finding::untold)), Kept::Rejected)
            }
            Fate::Duplicate => (ItemOutcome::Duplicate, Kept::Duplicate),
            Fate::Draft { draft, findings } => match written.place(*draft) {
                (_, Some((sequence, position))) => {
                    let flags = findings.iter().map(Finding::from).collect();
                    let kept = Kept::Placed(generation, (sequence, position));
                    (ItemOutcome::Accepted { flags, sequence, position }, kept)
                }
                (handle, None) => (ItemOutcome::Parked, Kept::Parked(handle)),
            },
        };
        let outcomes: Vec<(Vec<_>, Vec<_>)> =
            written.fates.iter().map(|fates| fates.iter().map(&mut outcome).unzip()).collect();
        let (items, kept): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
        let ids = self.requests.append(&self.desk.tags, kept)?;
        Ok(ids.into_iter().zip(items).map(|(id, items)| Taken { id, items }).collect())
    }

    /// Sends again what waits for contracts that are on the chain.
    pub(super) fn catch_up(&mut self) -> Result<(), IntakeError> {
        self.record(Window::default(), &mut Vec::new())?;
        Ok(())
    }

    /// Whether something waits that could be sent again now.
    pub(super) fn is_due(&self) -> bool {
        let settled = self.finality.last();
        let mut waiting = self.desk.journal.tables.waited_for();
        waiting.any(|(subject, waiting)| {
            waiting.iter().any(|one| one.since() <= settled) && self.chain.state(&MapKey::of(subject)).is_some()
        })
    }

    fn record(&mut self, window: Window, told: &mut Vec<Finding>) -> Result<Written, IntakeError> {
        let latest = self.chain.latest();
        check_member(latest.tip.membership(), self.desk.node, &self.desk.keys)?;
        self.by_parameters(&latest);
        let (chain, flight) = (&self.chain, &self.flight);
        let is_final = |subject: &Subject| chain.state(&MapKey::of(subject)).is_some();
        let is_known = |subject: &Subject| flight.contains_key(subject) || is_final(subject);
        let ground = Ground {
            head: &latest.tip,
            last: self.last,
            settled: self.finality.last(),
            room: room(&latest),
            is_known: &is_known,
            is_final: &is_final,
        };
        let (mut written, _) =
            self.desk.write(window, &ground, &mut |rejection| told.extend(Finding::of(rejection)))?;
        let submissions = std::mem::take(&mut written.submissions);
        self.post(&submissions, &written.rows)?;
        self.view.rejected += written.counts.rejected;
        self.view.duplicates += written.counts.duplicates;
        self.view.flagged += written.counts.flagged;
        let drafts = written.fates.iter().flatten().filter(|fate| matches!(fate, Fate::Draft { .. })).count();
        self.view.accepted += drafts as u64;
        Ok(written)
    }

    /// Puts submissions into the outbox; then their rows hold.
    fn post(&mut self, submissions: &[Submission], rows: &[Row]) -> Result<(), IntakeError> {
        // Where this fails, the rows are cut when the intake is opened again, and not before: only then is it
        // sure that the outbox does not have the submissions after all.
        self.outbox.append(submissions)?;
        self.desk.settle(Ok(()), rows)?;
        submissions.iter().for_each(|submission| self.makes(submission));
        self.last = submissions.last().map_or(self.last, |last| last.sequence);
        Ok(())
    }

    fn makes(&mut self, submission: &Submission) {
        for event in submission.events.iter().filter_map(Event::as_contract) {
            if matches!(event.action, Action::New { .. } | Action::Employer) {
                self.flight.insert(event.subject, submission.sequence);
            }
        }
    }

    /// Submits an event that no item makes.
    pub(super) fn govern(&mut self, event: Event) -> Result<Option<Sequence>, IntakeError> {
        let latest = self.chain.latest();
        check_member(latest.tip.membership(), self.desk.node, &self.desk.keys)?;
        if ledger_core::codec::encode(&event).len() > room(&latest) {
            return Ok(None);
        }
        self.by_parameters(&latest);
        self.post_events(&latest, vec![event], What::Governed).map(Some)
    }

    /// Something is going to be signed by the parameters of a tip, and may not fit by later ones.
    fn by_parameters(&mut self, latest: &Latest) {
        self.fitted = self.fitted.filter(|fitted| *fitted == Room::of(latest.tip.membership()));
    }

    fn post_events(&mut self, latest: &Latest, events: Vec<Event>, what: What) -> Result<Sequence, IntakeError> {
        let nobody = |_: &Subject| false;
        let settled = self.finality.last();
        let (last, room) = (self.last, room(latest));
        let head = &latest.tip;
        let ground = Ground { head, last, settled, room, is_known: &nobody, is_final: &nobody };
        let (submission, rows) = self.desk.write_events(events, what, &ground)?;
        self.post(std::slice::from_ref(&submission), &rows)?;
        Ok(submission.sequence)
    }

    /// Learns from the chain what became of what was signed, and drops it from the outbox; cuts anew what the chain
    /// takes no longer.
    pub(super) fn learn(&mut self) -> Result<(), IntakeError> {
        let latest = self.chain.latest();
        let (height, on_chain) = (latest.tip.height(), latest.tip.control().last_sequence(self.desk.node));
        if on_chain > self.last {
            // This home was restored: the chain has what its look-up never knew.
            let path = self.desk.journal.path().to_owned();
            return Err(IntakeError::Behind { path, found: self.last, last: on_chain });
        }
        if on_chain <= self.finality.last() {
            // A process that died, or a file that keeps its newest one, may have left some.
            self.outbox.final_up_to(on_chain)?;
            return self.go_on(&latest, on_chain);
        }
        while let Some(learned) = self.finality.next(&self.chain, height)? {
            self.learn_block(&latest, &learned)?;
            if learned.last() >= on_chain {
                break;
            }
        }
        self.desk.step(Step::Learned);
        self.finality.sync()?;
        self.desk.step(Step::Final);
        self.outbox.final_up_to(on_chain)?;
        self.flight.retain(|_, sequence| *sequence > on_chain);
        self.go_on(&latest, on_chain)
    }

    /// All that the chain has is learned: what waits is made to fit, and may be said.
    fn go_on(&mut self, latest: &Latest, on_chain: Sequence) -> Result<(), IntakeError> {
        self.fit(latest)?;
        self.outbox.learned(on_chain);
        Ok(())
    }

    fn learn_block(&mut self, latest: &Latest, learned: &Learned) -> Result<(), IntakeError> {
        self.reconcile(latest, learned)?;
        let mut rows = Vec::new();
        let mut others = Vec::new();
        for (submission, outcomes) in &learned.submissions {
            let own = self.outbox.get(submission.sequence)?.filter(|own| own.events != submission.events);
            others.extend(own);
            let events = submission.events.iter().zip(outcomes).zip(0_u16..);
            for ((event, outcome), position) in events {
                self.view.applied += u64::from(*outcome == Outcome::Applied);
                self.view.refused += u64::from(*outcome != Outcome::Applied && !sequel::waits(*outcome));
                let what =
                    event.as_contract().and_then(|event| self.judge(event, (submission.sequence, position), *outcome));
                rows.extend(what.map(|what| Row { sequence: self.last, position: NO_PLACE, what }));
            }
        }
        if !rows.is_empty() {
            self.desk.journal.write(&rows)?;
            self.desk.settle(Ok(()), &rows)?;
        }
        for own in others {
            self.move_on(latest, own)?;
        }
        self.finality.push(learned.last(), learned.height);
        Ok(())
    }

    /// What the look-up has to be told of an event that the fold judged.
    fn judge(&self, event: &ContractEvent, place: (Sequence, u16), outcome: Outcome) -> Option<What> {
        let (subject, handle, kind) = (event.subject, handle(&event.commitment), event.kind());
        let mut waiting = self.desk.journal.tables.waiting(&subject).iter();
        let waits = waiting.find(|waiting| waiting.handle == handle);
        if !sequel::waits(outcome) {
            let was_foretold = waits.is_some_and(|waiting| waiting.since() == place.0);
            return was_foretold.then_some(What::Settled { subject, handle });
        }
        let follow = self.desk.journal.follow.read().unwrap_or_else(PoisonError::into_inner);
        let is_later = follow.resent(&handle).is_some_and(|later| later > place);
        let can_wait = matches!(kind, RecordKind::Renew | RecordKind::Dissolve | RecordKind::Terminate);
        let is_here = self.desk.vault.find(&handle).is_some();
        (waits.is_none() && !is_later && can_wait && is_here).then_some(What::Waits { subject, handle, kind })
    }

    /// Another submission has used up the number of one that was acknowledged: a home that was restored signs
    /// a number again. What it carries is sent under the next one.
    fn move_on(&mut self, latest: &Latest, own: Submission) -> Result<(), IntakeError> {
        let from = own.sequence;
        self.by_parameters(latest);
        if self.desk.journal.follow.read().unwrap_or_else(PoisonError::into_inner).is_moved(from) {
            return Ok(());
        }
        let to = self.post_events(latest, own.events.into_vec(), What::Moved { from })?;
        tracing::warn!("the chain has another submission {from} of this node: what stood under it is sent as {to}");
        Ok(())
    }

    /// Numbers for whoever watches.
    pub(super) fn view(&self) -> View {
        View {
            pending: self.desk.journal.tables.pending() as u64,
            outbox: self.outbox.len() as u64,
            outbox_bytes: self.outbox.bytes(),
            oldest: self.outbox.oldest(),
            ..self.view.clone()
        }
    }
}

/// Opens the desk. Where the outbox was lost, and that is consented to, the answers that were given go aside first: they
/// name places that other submissions will take.
fn open_desk(
    home: &Home,
    keys: HomeKeys,
    last: Sequence,
    cut: Option<Cut>,
    consent: Consent,
) -> Result<Desk, IntakeError> {
    match Desk::open(home, keys, last, cut, Consent { lost_outbox: None, ..consent }) {
        Err(IntakeError::Ahead { found, .. }) if consent.lost_outbox == Some(last) => {
            let (answers, aside) = (home.intake().join("requests"), home.intake().join("requests.lost"));
            if answers.exists() {
                std::fs::rename(&answers, &aside).map_err(IoError::io("rename", &answers))?;
                sync_folder(&home.intake())?;
            }
            tracing::warn!("what this node sent as submissions {} to {found} is lost, and forgotten", last.next());
            Desk::open(home, home.load_keys()?, last, cut, consent)
        }
        opened => opened,
    }
}

/// Signs again what waits and was signed with another key than the home has; gives what waits.
fn sign_again(
    outbox: &Outbox,
    keys: &HomeKeys,
    chain: ChainId,
    node: NodeNumber,
    on_chain: Sequence,
) -> Result<Vec<Submission>, IntakeError> {
    let waiting = outbox.from(on_chain.next(), usize::MAX, usize::MAX)?;
    let key = keys.node.key(Purpose::Submission);
    let public = key.public();
    let holds =
        |one: &Submission| public.verify(&one.frame(&one.leaf_hashes()).message(&chain), &one.signature).is_ok();
    if waiting.iter().all(holds) {
        return Ok(waiting);
    }
    let again = waiting.into_iter().map(|one| Submission::sign(&chain, key, node, one.sequence, one.events.into_vec()));
    let again = again.collect::<Result<Vec<_>, _>>()?;
    // What the chain has under these numbers may still be to be held against them.
    let mut all = outbox.from(Sequence(0), usize::MAX, usize::MAX)?;
    all.retain(|one| one.sequence <= on_chain);
    all.extend_from_slice(&again);
    outbox.replace(&all)?;
    Ok(again)
}

impl Learned {
    fn last(&self) -> Sequence {
        self.submissions.last().map_or(Sequence(0), |(submission, _)| submission.sequence)
    }
}

/// Bytes of events that fit into a submission.
fn room(latest: &Latest) -> usize {
    let membership = latest.tip.membership();
    let block = membership.parameters().block_bytes as usize;
    (block / 2).min(Room::of(membership).bytes).min(MAX_SUBMISSION_BYTES)
}
