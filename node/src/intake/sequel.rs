//! What goes onto the chain, and in which order: the planned records as events, what waited right behind
//! its contract, all of it cut into submissions.

use super::journal::{Row, Tables, What};
use super::plan::Draft;
use crate::vault::{Handle, Sealed, Vault, handle};
use ledger_core::event::{Action, ContractEvent, Event};
use ledger_core::names::{Commitment, MemberCode, RecordKind, SchemaVersion, Sequence, Subject};
use ledger_core::outcome::{Outcome, Refusal};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Whose item an event is, for the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Sent for the first time in this window; its record.
    First(Handle),
    /// Sent again, or sent after it was parked; the record that it was kept as.
    Kept(Handle),
}

/// One event, and what the look-up has to say of it.
pub(super) struct Sent {
    pub(super) event: Event,
    pub(super) origin: Origin,
    rows: Vec<What>,
}

/// Everything that a window puts onto the chain, and what it keeps.
#[derive(Default)]
pub(super) struct Sequel {
    pub(super) sent: Vec<Sent>,
    /// Rows of what is parked, each with the number of events before it.
    parked: Vec<(usize, What)>,
    /// The records of what is parked.
    pub(super) kept: Vec<Handle>,
}

/// What a sequel is made with.
pub(super) struct Writer<'a> {
    pub(super) keeper: Option<MemberCode>,
    pub(super) tables: &'a Tables,
    pub(super) vault: &'a Vault,
    /// Whether there is a state for a subject once what is signed is on the chain.
    pub(super) is_known: &'a dyn Fn(&Subject) -> bool,
    sequel: Sequel,
    /// Contracts that this window makes.
    made: BTreeSet<Subject>,
    /// What came before its contract, in this window.
    waiting: BTreeMap<Subject, Vec<(Handle, RecordKind, Commitment)>>,
    /// What was sent again.
    again: HashSet<Handle>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        keeper: Option<MemberCode>,
        tables: &'a Tables,
        vault: &'a Vault,
        is_known: &'a dyn Fn(&Subject) -> bool,
    ) -> Self {
        let (sequel, made, waiting, again) = Default::default();
        Self { keeper, tables, vault, is_known, sequel, made, waiting, again }
    }

    /// Sends what waited although its contract is on the chain: the process died in between, or the
    /// contract came another way. What the fold has not judged yet may still be applied, and stays.
    pub(super) fn catch_up(&mut self, settled: Sequence, is_final: &dyn Fn(&Subject) -> bool) {
        let waiting = self.tables.waited_for().filter(|(_, waiting)| waiting.iter().any(|one| one.since() <= settled));
        let known: Vec<_> = waiting.map(|(subject, _)| *subject).filter(|subject| is_final(subject)).collect();
        for subject in known {
            self.send_again(subject, settled);
        }
    }

    /// The next record of the plan, as it was sealed; gives its event's place among all, unless it is
    /// parked.
    pub(super) fn draft(&mut self, draft: &Draft, sealed: Sealed) -> Option<usize> {
        let handle = handle(&sealed.commitment);
        let place = self.sequel.sent.len();
        match draft {
            Draft::Send { record, content, contract, .. } => {
                let sent = What::Sent { content: *content, contract: *contract, handle };
                self.send(record.kind(), sealed, Origin::First(handle), sent);
            }
            Draft::Unpark { record, number, handle } => {
                let unparked = What::Unparked { number: *number, handle: *handle };
                self.send(record.kind(), sealed, Origin::Kept(*handle), unparked);
            }
            Draft::Park { content, number, .. } => {
                let parked = What::Parked { content: *content, number: *number, handle };
                self.sequel.parked.push((self.sequel.sent.len(), parked));
                self.sequel.kept.push(handle);
            }
            Draft::Moved(_) => {}
        }
        (place < self.sequel.sent.len()).then_some(place)
    }

    fn send(&mut self, kind: RecordKind, sealed: Sealed, origin: Origin, what: What) {
        let Sealed { commitment, subject } = sealed;
        let mut rows = vec![what];
        let begins = matches!(kind, RecordKind::New | RecordKind::Employer);
        if !begins && !self.made.contains(&subject) && !(self.is_known)(&subject) {
            let handle = handle(&commitment);
            rows.push(What::Waits { subject, handle, kind });
            self.waiting.entry(subject).or_default().push((handle, kind, commitment));
        }
        self.push(kind, sealed, origin, rows);
        if begins {
            self.made.insert(subject);
            // Whatever is before it in the stream is judged before it.
            self.send_again(subject, Sequence(u64::MAX));
        }
    }

    /// Sends again what waits for a contract since a submission at most.
    fn send_again(&mut self, subject: Subject, upto: Sequence) {
        let earlier = self.tables.waiting(&subject).iter().filter(|waiting| waiting.since() <= upto);
        let earlier: Vec<_> = earlier
            .filter_map(|waiting| Some((waiting.handle, waiting.kind, self.vault.find(&waiting.handle)?.commitment)))
            .collect();
        let here = self.waiting.remove(&subject).unwrap_or_default();
        for (handle, kind, commitment) in earlier.into_iter().chain(here) {
            if self.again.insert(handle) {
                let sealed = Sealed { commitment, subject };
                self.push(kind, sealed, Origin::Kept(handle), vec![What::Again { subject, handle }]);
            }
        }
    }

    fn push(&mut self, kind: RecordKind, sealed: Sealed, origin: Origin, rows: Vec<What>) {
        let Some(action) = action(kind, self.keeper) else { return };
        let Sealed { commitment, subject } = sealed;
        let event = Event::Contract(ContractEvent { version: SchemaVersion::V1, subject, commitment, action });
        self.sequel.sent.push(Sent { event, origin, rows });
    }

    pub(super) fn finish(self) -> Sequel {
        self.sequel
    }
}

/// What the annex's messages do; the other kinds need more than a record.
fn action(kind: RecordKind, keeper: Option<MemberCode>) -> Option<Action> {
    match kind {
        RecordKind::New => keeper.map(|keeper| Action::New { keeper }),
        RecordKind::Renew => Some(Action::Renew),
        RecordKind::Dissolve => Some(Action::Dissolve),
        RecordKind::Terminate => Some(Action::Terminate),
        RecordKind::Employer => Some(Action::Employer),
        RecordKind::Correct | RecordKind::Void | RecordKind::Amend | RecordKind::Suspend | RecordKind::Resume => None,
        RecordKind::Attach | RecordKind::Reopen | RecordKind::Transfer | RecordKind::Erase => None,
    }
}

/// Whether an event came before its contract, and so waits.
pub(super) fn waits(outcome: Outcome) -> bool {
    outcome == Outcome::Refused(Refusal::Unknown)
}

/// The events of one submission, by their places among all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) sequence: Sequence,
    pub(super) range: std::ops::Range<usize>,
    /// Encoded length of the events.
    pub(super) bytes: usize,
}

impl Sequel {
    /// Cuts the events into submissions of at most so many events and bytes.
    pub(super) fn batches(&self, last: Sequence, max_events: usize, max_bytes: usize) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for (place, sent) in self.sent.iter().enumerate() {
            let bytes = ledger_core::codec::encode(&sent.event).len();
            match batches.last_mut() {
                Some(batch) if batch.range.len() < max_events && batch.bytes + bytes <= max_bytes => {
                    batch.range.end = place + 1;
                    batch.bytes += bytes;
                }
                full => {
                    let sequence = full.map_or(last, |batch| batch.sequence).next();
                    batches.push(Batch { sequence, range: place..place + 1, bytes });
                }
            }
        }
        batches
    }

    /// The rows of the look-up, in the order of the events. What is parked belongs to the submission
    /// that is being filled, or to the last one on the chain.
    pub(super) fn rows(&self, last: Sequence, batches: &[Batch]) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.sent.len() + self.parked.len());
        let mut parked = self.parked.iter().peekable();
        let mut sequence = last;
        for batch in batches {
            for (position, place) in (0..).zip(batch.range.clone()) {
                while let Some((_, what)) = parked.next_if(|(before, _)| *before <= place) {
                    rows.push(Row { sequence, position: 0, what: *what });
                }
                sequence = batch.sequence;
                let own = self.sent.get(place).map_or(&[][..], |sent| &sent.rows);
                rows.extend(own.iter().map(|what| Row { sequence, position, what: *what }));
            }
        }
        rows.extend(parked.map(|(_, what)| Row { sequence, position: 0, what: *what }));
        rows
    }
}
