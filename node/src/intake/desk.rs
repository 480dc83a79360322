//! The desk: everything from a window of messages to signed submissions, whoever makes blocks of them.
//!
//! Its order is that of the promises: records are sealed and synced, then the look-up says what is sent,
//! then it is signed. What becomes of the submissions is the caller's, who says whether the rows hold.

use super::alone::Consent;
use super::error::IntakeError;
use super::journal::{Journal, Row, What};
use super::plan::{Draft, Employers, Fate, Plan};
use super::reader::Window;
use super::report::{Counts, Rejection};
use super::sequel::{Batch, Sequel, Writer};
use super::tags::{Tag, Tags};
use super::timings::Timings;
use super::{Clock, NO_SUBJECT, REMEMBERED, SUBMISSION_OVERHEAD, SUITE, Step};
use crate::durable::make_folder;
use crate::home::{Home, HomeKeys};
use crate::keys::{KeyName, draw_secret, read_key, system_rng, write_key};
use crate::outbox::Cut;
use crate::vault::{Handle, Sealed, Vault, handle};
use ledger_core::chain::Head;
use ledger_core::event::Event;
use ledger_core::lookup::Alpha;
use ledger_core::membership::Purpose;
use ledger_core::names::{NodeNumber, Sequence, Subject};
use ledger_core::record::Record;
use ledger_core::submission::Submission;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

/// What records items of one node: vault, look-up, keys.
pub(super) struct Desk {
    pub(super) vault: Vault,
    pub(super) journal: Journal,
    pub(super) tags: Tags,
    pub(super) keys: HomeKeys,
    pub(super) node: NodeNumber,
    subjects: HashMap<Tag, Subject>,
    employers: Employers,
    #[cfg(test)]
    pub(super) at: Option<Box<dyn Fn(Step) + Send + Sync>>,
}

/// Where the chain and the node's stream stand when a window is taken.
pub(super) struct Ground<'a> {
    pub(super) head: &'a Head,
    /// The last submission that is signed and durable.
    pub(super) last: Sequence,
    /// Up to here it is known what the fold said.
    pub(super) settled: Sequence,
    /// Bytes of events that go into one submission.
    pub(super) room: usize,
    /// Whether there is a state for a subject once what is signed is on the chain.
    pub(super) is_known: &'a (dyn Fn(&Subject) -> bool + Sync),
    /// Whether the chain has one.
    pub(super) is_final: &'a (dyn Fn(&Subject) -> bool + Sync),
}

/// What a window came to: signed, and named in the look-up, whose rows do not hold yet.
pub(super) struct Written {
    pub(super) sequel: Sequel,
    pub(super) batches: Vec<Batch>,
    pub(super) rows: Vec<Row>,
    pub(super) submissions: Vec<Submission>,
    pub(super) counts: Counts,
    /// Of each message, in order.
    pub(super) fates: Vec<Vec<Fate>>,
    /// Of each draft.
    spots: Vec<Spot>,
}

/// Where a draft went.
#[derive(Clone, Copy)]
enum Spot {
    /// Its record, and its event's place among all of the window; none where it is parked.
    Here(Handle, Option<usize>),
    /// Another draft took its place.
    Moved(usize),
}

impl Desk {
    /// Opens vault and look-up of a home whose last durable submission is `last`, and whose outbox says by `cut` how
    /// often what waits was cut anew.
    pub(super) fn open(
        home: &Home,
        keys: HomeKeys,
        last: Sequence,
        cut: Option<Cut>,
        consent: Consent,
    ) -> Result<Self, IntakeError> {
        let vault = Vault::open(&home.vault())?;
        let folder = home.intake();
        make_folder(&folder)?;
        let tags = Tags::new(&*lookup_key(&folder)?);
        let journal = Journal::open(&folder.join("look-up"), last, cut, consent, |handle| vault.has(handle))?;
        let (subjects, employers) = Default::default();
        Ok(Self {
            vault,
            journal,
            tags,
            keys,
            node: home.node(),
            subjects,
            employers,
            #[cfg(test)]
            at: None,
        })
    }

    /// Plans a window, seals its records, and signs its submissions. A window without a message finishes
    /// what a crash left open, and sends again what waited for a contract that is there.
    pub(super) fn write(
        &mut self,
        window: Window,
        ground: &Ground<'_>,
        reject: &mut dyn FnMut(&Rejection<'_>),
    ) -> Result<(Written, Timings), IntakeError> {
        let Window { mut messages, mut timings } = window;
        let mut clock = Clock::start();
        if self.employers.len() > REMEMBERED {
            self.employers.clear();
        }
        let mut plan = Plan::new(&self.journal.tables, &self.vault, &mut self.employers);
        let catch_up = messages.is_empty();
        if catch_up {
            plan.catch_up()?;
        }
        for message in &mut messages {
            plan.message(message, reject)?;
        }
        let Plan { drafts, counts, fates, .. } = plan;
        timings.look_up += clock.lap();
        let subjects = self.subjects(&drafts, ground)?;
        timings.vrf += clock.lap();
        let sealed = self.seal(&drafts, subjects)?;
        timings.seal += clock.lap();
        let (sequel, spots) = self.sequel(&drafts, &sealed, catch_up, ground);
        drop(drafts);
        timings.look_up += clock.lap();
        let (batches, rows) = self.journal(&sequel, ground)?;
        timings.journal += clock.lap();
        let submissions = self.sign(&sequel, &batches, ground)?;
        timings.sign += clock.lap();
        Ok((Written { sequel, batches, rows, submissions, counts, fates, spots }, timings))
    }

    /// Names in the look-up, and signs, events that no item made; `what` says why.
    pub(super) fn write_events(
        &mut self,
        events: Vec<Event>,
        what: What,
        ground: &Ground<'_>,
    ) -> Result<(Submission, Vec<Row>), IntakeError> {
        let sequence = ground.last.next();
        let rows = vec![Row { sequence, position: 0, what }];
        self.journal.write(&rows)?;
        self.step(Step::Journaled);
        let key = self.keys.node.key(Purpose::Submission);
        Ok((Submission::sign(&ground.head.chain(), key, self.node, sequence, events)?, rows))
    }

    /// The rows hold, or are taken back.
    pub(super) fn settle<T>(&mut self, result: Result<T, IntakeError>, rows: &[Row]) -> Result<T, IntakeError> {
        match result {
            Ok(done) => {
                self.step(Step::Committed);
                self.journal.hold(rows);
                Ok(done)
            }
            Err(error) => {
                self.journal.fall_back()?;
                Err(error)
            }
        }
    }

    /// The subject of every draft. Making one costs more than all else together, so each is made once: what
    /// this run does not remember stands in the vault beside an earlier record of the same contract.
    fn subjects(&mut self, drafts: &[Draft], ground: &Ground<'_>) -> Result<Vec<Subject>, IntakeError> {
        let names: Vec<_> = drafts.par_iter().map(|draft| self.name(draft)).collect::<Result<_, _>>()?;
        if self.subjects.len() > REMEMBERED {
            self.subjects.clear();
        }
        let mut missing: HashMap<Tag, (&Alpha, Option<Handle>)> = HashMap::new();
        for (draft, name) in drafts.iter().zip(&names) {
            let Some((tag, alpha)) = name else { continue };
            if !self.subjects.contains_key(tag) {
                missing.insert(*tag, (alpha, draft.earlier()));
            }
        }
        let network = ground.head.network();
        let subject = |(tag, (alpha, earlier)): (Tag, (&Alpha, Option<Handle>))| {
            let sealed = earlier.and_then(|earlier| self.sealed_subject(alpha, &earlier));
            (tag, sealed.unwrap_or_else(|| self.keys.vrf.subject(&network, alpha)))
        };
        let made: Vec<_> = missing.into_par_iter().map(subject).collect();
        self.subjects.extend(made);
        let subject = |name: &Option<(Tag, Alpha)>| {
            name.as_ref().and_then(|(tag, _)| self.subjects.get(tag)).copied().unwrap_or(NO_SUBJECT)
        };
        Ok(names.iter().map(subject).collect())
    }

    /// What the subject of a draft is made from; none where it has none yet.
    fn name(&self, draft: &Draft) -> Result<Option<(Tag, Alpha)>, IntakeError> {
        let record = match draft {
            Draft::Send { record, .. } | Draft::Unpark { record, .. } => record,
            Draft::Park { .. } | Draft::Moved(_) => return Ok(None),
        };
        let alpha = alpha(record)?;
        Ok(Some((self.tags.name(&alpha), alpha)))
    }

    /// The subject that an earlier record is bound to, if that record opens and is of the same name. One that
    /// was erased, or does not open, says nothing.
    pub(super) fn sealed_subject(&self, name: &Alpha, earlier: &Handle) -> Option<Subject> {
        let sealed = self.vault.find(earlier)?;
        let opened = self.vault.reveal(&sealed.commitment).ok()?;
        alpha(&opened.record).is_ok_and(|of| of == *name).then_some(opened.subject)
    }

    /// Seals the drafts' records, durably.
    fn seal(&mut self, drafts: &[Draft], subjects: Vec<Subject>) -> Result<Vec<Sealed>, IntakeError> {
        let pairs = drafts.iter().zip(subjects);
        let records: Vec<_> = pairs.filter_map(|(draft, subject)| Some((draft.record()?, subject))).collect();
        let sealed = self.vault.seal_batch(&records)?;
        self.step(Step::Sealed);
        self.vault.sync()?;
        self.step(Step::Durable);
        Ok(sealed)
    }

    fn sequel(&self, drafts: &[Draft], sealed: &[Sealed], catch_up: bool, ground: &Ground<'_>) -> (Sequel, Vec<Spot>) {
        let keeper = ground.head.membership().node(self.node).map(|(member, _)| member.code);
        let mut writer = Writer::new(keeper, &self.journal.tables, &self.vault, ground.is_known);
        if catch_up {
            writer.catch_up(ground.settled, ground.is_final);
        }
        let mut sealed = sealed.iter();
        let spots = drafts.iter().map(|draft| match draft {
            Draft::Moved(to) => Spot::Moved(*to),
            Draft::Send { .. } | Draft::Park { .. } | Draft::Unpark { .. } => {
                // Every draft with a record was sealed.
                sealed.next().map_or(Spot::Here(Handle::default(), None), |sealed| {
                    Spot::Here(handle(&sealed.commitment), writer.draft(draft, *sealed))
                })
            }
        });
        let spots = spots.collect();
        (writer.finish(), spots)
    }

    /// Cuts the events into submissions and writes the look-up.
    fn journal(&mut self, sequel: &Sequel, ground: &Ground<'_>) -> Result<(Vec<Batch>, Vec<Row>), IntakeError> {
        let parameters = ground.head.membership().parameters();
        let events = parameters.submission_events.min(parameters.block_events) as usize;
        let room = ground.room.saturating_sub(SUBMISSION_OVERHEAD);
        let batches = sequel.batches(ground.last, events, room);
        if batches.iter().any(|batch| batch.bytes > room) {
            return Err(IntakeError::NoRoom(parameters.block_bytes));
        }
        let rows = sequel.rows(ground.last, &batches);
        self.journal.write(&rows)?;
        self.step(Step::Journaled);
        Ok((batches, rows))
    }

    fn sign(&self, sequel: &Sequel, batches: &[Batch], ground: &Ground<'_>) -> Result<Vec<Submission>, IntakeError> {
        let chain = ground.head.chain();
        let key = self.keys.node.key(Purpose::Submission);
        let signed = batches.par_iter().map(|batch| {
            let sent = sequel.sent.get(batch.range.clone()).unwrap_or_default();
            let events = sent.iter().map(|sent| sent.event.clone()).collect();
            Submission::sign(&chain, key, self.node, batch.sequence, events)
        });
        Ok(signed.collect::<Result<_, _>>()?)
    }

    /// Marks a step.
    #[cfg(test)]
    pub(super) fn step(&self, step: Step) {
        if let Some(at) = &self.at {
            at(step);
        }
    }

    /// Marks a step.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "only tests stop at steps")]
    pub(super) const fn step(&self, _: Step) {}
}

impl Written {
    /// Where a draft went: its record; its submission and place there, unless it is parked.
    pub(super) fn place(&self, draft: usize) -> (Handle, Option<(Sequence, u16)>) {
        let mut draft = draft;
        loop {
            match self.spots.get(draft) {
                // A draft moves further down, once.
                Some(Spot::Moved(to)) if *to > draft => draft = *to,
                Some(Spot::Here(handle, Some(place))) => return (*handle, self.at(*place)),
                Some(Spot::Here(handle, None)) => return (*handle, None),
                Some(Spot::Moved(_)) | None => return (Handle::default(), None),
            }
        }
    }

    fn at(&self, place: usize) -> Option<(Sequence, u16)> {
        let batch = self.batches.partition_point(|batch| batch.range.end <= place);
        let batch = self.batches.get(batch)?;
        Some((batch.sequence, u16::try_from(place.checked_sub(batch.range.start)?).ok()?))
    }
}

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn lap(&mut self) -> std::time::Duration {
        let lap = self.0.elapsed();
        self.0 = Instant::now();
        lap
    }
}

/// The key of the look-up, drawn when it is needed first.
fn lookup_key(folder: &Path) -> Result<zeroize::Zeroizing<[u8; 32]>, IntakeError> {
    let path = KeyName::Lookup.path(folder);
    if !path.exists() && !folder.join("look-up").exists() {
        write_key(&path, KeyName::Lookup, &draw_secret(&mut system_rng()))?;
    }
    Ok(read_key(&path, KeyName::Lookup)?)
}

/// What the subject of a record is made from.
fn alpha(record: &Record) -> Result<Alpha, IntakeError> {
    let nameless = || IntakeError::Nameless(record.kind().as_str().to_owned());
    let employer = record.employer().ok_or_else(nameless)?;
    let made = match record.contract_no() {
        Some(number) => Alpha::contract(SUITE, &employer, number),
        None => Alpha::employer(SUITE, &employer),
    };
    made.map_err(|_| nameless())
}
