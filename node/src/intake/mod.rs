//! The intake: from the messages of the annex to events on the chain.
//!
//! ```text
//! intake/lookup.key   what look-up tags are made with
//! intake/look-up      what was sent, by content; who waits for what
//! ```
//!
//! | step | module |
//! |---|---|
//! | messages are read and judged, on all cores | [`reader`](Reader) |
//! | duplicates, employers of contract numbers, who is parked | `plan` |
//! | subjects (VRF), on all cores | here |
//! | records are sealed, synced | [`vault`](crate::vault) |
//! | events, and what waited behind its contract | `sequel` |
//! | the look-up says what is sent, synced | `journal` |
//! | submissions are signed, blocks committed together | here |
//!
//! What this module promises: every item has one outcome; an item whose outcome was counted is durable; an
//! item is recorded once, however often its message comes and whenever the process dies; nothing is signed
//! before its record is sealed. What comes before its contract is recorded, refused by the fold, kept, and
//! sent again as a new event right behind the contract, so that neither the size of windows nor a crash
//! changes the order of the log.
//!
//! This is the half for a chain of one validator, whose node makes blocks of what it takes in.

mod error;
mod journal;
mod plan;
mod reader;
mod report;
mod sequel;
mod tags;
#[cfg(test)]
mod tests;
mod timings;

pub use error::IntakeError;
pub use reader::{Reader, Window};
pub use report::{Counts, Reason, Rejection};
pub use timings::Timings;

use crate::committer::Ledger;
use crate::home::{Home, HomeKeys};
use crate::keys::{KeyName, draw_secret, make_key_folder, read_key, system_rng, write_key};
use crate::store::{DiskStore, Store, StoreConfig, sync_folder};
use crate::vault::{Handle, Sealed, Vault};
use journal::{Journal, Row};
use ledger_core::annex::Config;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{CheckedBlock, Proposal, assemble};
use ledger_core::contract::Outcome;
use ledger_core::crypto::Suite;
use ledger_core::ids::{NodeNumber, Round, Timestamp};
use ledger_core::lookup::{Alpha, Subject};
use ledger_core::map::MapKey;
use ledger_core::membership::Purpose;
use ledger_core::submission::Submission;
use plan::{Draft, Plan};
use rayon::prelude::*;
use sequel::{Batch, Origin, Sequel, Writer};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Instant, SystemTime};
use tags::{Tag, Tags};

const SUITE: Suite = Suite::Ed25519Sha256;
/// What a parked record is bound to: it has no subject yet.
const NO_SUBJECT: Subject = Subject([0; 32]);
/// Bytes of a block beside its submissions: header, certificate, counts.
const BLOCK_OVERHEAD: usize = 4096;
/// Bytes of a submission beside its events.
const SUBMISSION_OVERHEAD: usize = 80;
/// Subjects that are remembered.
const REMEMBERED: usize = 1 << 20;

/// The steps of a window at which a crash is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Records are sealed and not synced.
    Sealed,
    /// Records are durable; no row names them.
    Durable,
    /// Rows name submissions that are not signed.
    Journaled,
    /// Blocks are made and not stored.
    Pushed,
    /// Blocks are stored; the tables do not know.
    Committed,
}

/// The intake of a home whose node is alone.
pub struct Intake<S> {
    ledger: Ledger<S>,
    vault: Vault,
    journal: Journal,
    tags: Tags,
    keys: HomeKeys,
    node: NodeNumber,
    counts: Counts,
    timings: Timings,
    /// Records of this run's items that are kept.
    kept: HashSet<Handle>,
    subjects: HashMap<Tag, Subject>,
    #[cfg(test)]
    at: Option<Box<dyn Fn(Step) + Send + Sync>>,
}

impl Intake<DiskStore> {
    /// Opens ledger, vault and look-up of a home, and finishes what a crash left open.
    ///
    /// # Errors
    /// [`IntakeError`]: what is wrong, where, and what to do.
    pub fn open(home: &Home) -> Result<Self, IntakeError> {
        let ledger = Ledger::open(&home.ledger(), home.genesis().clone(), StoreConfig::default())?;
        Self::over(ledger, home)
    }

    /// Closes the ledger so that it opens fast.
    pub fn close(self) {
        self.ledger.close();
    }
}

impl<S: Store> Intake<S> {
    /// The intake of a home over a ledger that is open already.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn over(ledger: Ledger<S>, home: &Home) -> Result<Self, IntakeError> {
        let (keys, node) = (home.load_keys()?, home.node());
        check_alone(&ledger, node, &keys)?;
        let vault = Vault::open(&home.vault())?;
        let folder = home.intake();
        make_key_folder(&folder)?;
        let tags = Tags::new(&*lookup_key(&folder)?);
        let last = ledger.tip().control.last_sequence(node);
        let journal = Journal::open(&folder.join("look-up"), last)?;
        let (counts, timings, kept, subjects) = Default::default();
        let mut intake = Self {
            ledger,
            vault,
            journal,
            tags,
            keys,
            node,
            counts,
            timings,
            kept,
            subjects,
            #[cfg(test)]
            at: None,
        };
        intake.take(Window { messages: Vec::new(), timings: Timings::default() }, &mut |_| {})?;
        Ok(intake)
    }

    /// What reads messages for this intake.
    #[must_use]
    pub fn reader(&self, config: Config) -> Reader {
        Reader { config, tags: self.tags.clone() }
    }

    /// Records a window of messages, in order, and tells of what is rejected. When it has returned,
    /// everything in it is durable and final.
    ///
    /// # Errors
    /// [`IntakeError`]; then nothing of the window is acknowledged, and the intake has to be opened again.
    pub fn take(&mut self, window: Window, reject: &mut dyn FnMut(&Rejection<'_>)) -> Result<(), IntakeError> {
        let Window { mut messages, mut timings } = window;
        let mut clock = Clock::start();
        let mut plan = Plan::new(&self.journal.tables, &self.vault);
        // A window without a message finishes what a crash left open.
        let catch_up = messages.is_empty();
        if catch_up {
            plan.catch_up()?;
        }
        for message in &mut messages {
            plan.message(message, reject)?;
        }
        let Plan { drafts, counts, .. } = plan;
        timings.look_up += clock.lap();
        let subjects = self.subjects(&drafts)?;
        timings.vrf += clock.lap();
        let sealed = self.seal(&drafts, subjects)?;
        timings.seal += clock.lap();
        let sequel = self.sequel(&drafts, &sealed, catch_up);
        drop(drafts);
        timings.look_up += clock.lap();
        let outcomes = self.commit(&sequel, &mut timings)?;
        self.count(counts, &sequel, &outcomes);
        self.timings.add(&timings);
        Ok(())
    }

    /// The subject of every draft, each made once.
    fn subjects(&mut self, drafts: &[Draft]) -> Result<Vec<Subject>, IntakeError> {
        let names: Vec<_> = drafts.par_iter().map(|draft| self.name(draft)).collect::<Result<_, _>>()?;
        if self.subjects.len() > REMEMBERED {
            self.subjects.clear();
        }
        let mut missing: HashMap<Tag, &Alpha> = HashMap::new();
        for (tag, alpha) in names.iter().flatten() {
            if !self.subjects.contains_key(tag) {
                missing.insert(*tag, alpha);
            }
        }
        let network = self.ledger.tip().network;
        let made: Vec<_> =
            missing.into_par_iter().map(|(tag, alpha)| (tag, self.keys.vrf.subject_of(&network, alpha).0)).collect();
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
            Draft::Park { .. } | Draft::Moved => return Ok(None),
        };
        let nameless = |_| IntakeError::Nameless(record.kind().as_str().to_owned());
        let alpha = match record.names() {
            (Some(employer), Some(number)) => Alpha::contract(SUITE, employer, number).map_err(nameless)?,
            (Some(employer), None) => Alpha::employer(SUITE, employer).map_err(nameless)?,
            (None, _) => return Err(IntakeError::Nameless(record.kind().as_str().to_owned())),
        };
        Ok(Some((self.tags.name(&alpha), alpha)))
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

    fn sequel(&self, drafts: &[Draft], sealed: &[Sealed], catch_up: bool) -> Sequel {
        let map = self.ledger.map();
        let is_known = |subject: &Subject| map.get(&MapKey::of(subject)).is_some();
        let keeper = self.ledger.tip().membership.node(self.node).map(|(member, _)| member.code);
        let keeper = keeper.unwrap_or(ledger_core::ids::MemberCode::ZERO);
        let mut writer = Writer::new(keeper, &self.journal.tables, &self.vault, &is_known);
        if catch_up {
            writer.catch_up();
        }
        let recorded = drafts.iter().filter(|draft| draft.record().is_some());
        for (draft, sealed) in recorded.zip(sealed) {
            writer.draft(draft, *sealed);
        }
        writer.finish()
    }

    /// Writes the look-up, then signs, makes blocks and stores them; gives what became of each event.
    fn commit(&mut self, sequel: &Sequel, timings: &mut Timings) -> Result<Vec<Outcome>, IntakeError> {
        let mut clock = Clock::start();
        let last = self.ledger.tip().control.last_sequence(self.node);
        let parameters = self.ledger.tip().membership.parameters();
        let room = (parameters.block_bytes as usize).saturating_sub(BLOCK_OVERHEAD + SUBMISSION_OVERHEAD);
        let events = parameters.submission_events.min(parameters.block_events) as usize;
        let batches = sequel.batches(last, events, room);
        if batches.iter().any(|batch| batch.bytes > room) {
            return Err(IntakeError::NoRoom(parameters.block_bytes));
        }
        let rows = sequel.rows(last, &batches);
        self.journal.write(&rows)?;
        self.step(Step::Journaled);
        timings.journal += clock.lap();
        let submissions = self.sign(sequel, &batches)?;
        timings.sign += clock.lap();
        let outcomes = self.push(submissions, &batches).and_then(|outcomes| {
            self.step(Step::Pushed);
            self.ledger.sync()?;
            Ok(outcomes)
        });
        let outcomes = self.settle(outcomes, &rows)?;
        timings.commit += clock.lap();
        Ok(outcomes)
    }

    /// The rows hold, or are taken back.
    fn settle(
        &mut self,
        outcomes: Result<Vec<Outcome>, IntakeError>,
        rows: &[Row],
    ) -> Result<Vec<Outcome>, IntakeError> {
        match outcomes {
            Ok(outcomes) => {
                self.step(Step::Committed);
                self.journal.hold(rows);
                Ok(outcomes)
            }
            Err(error) => {
                self.journal.fall_back()?;
                Err(error)
            }
        }
    }

    fn sign(&self, sequel: &Sequel, batches: &[Batch]) -> Result<Vec<Submission>, IntakeError> {
        let chain = self.ledger.tip().chain;
        let key = self.keys.node.key(Purpose::Submission);
        let signed = batches.par_iter().map(|batch| {
            let sent = sequel.sent.get(batch.range.clone()).unwrap_or_default();
            let events = sent.iter().map(|sent| sent.event.clone()).collect();
            Submission::sign(&chain, key, self.node, batch.sequence, events)
        });
        Ok(signed.collect::<Result<_, _>>()?)
    }

    /// Makes blocks of submissions, as full as the parameters allow.
    fn push(&mut self, submissions: Vec<Submission>, batches: &[Batch]) -> Result<Vec<Outcome>, IntakeError> {
        let parameters = self.ledger.tip().membership.parameters();
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
        let proposal = Proposal { proposer: self.node, time: now(), parent_certificate, submissions };
        let tip = self.ledger.tip();
        let fault = |fault| IntakeError::Block { height: tip.height.next(), fault };
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
        let key = self.keys.node.key(Purpose::Consensus);
        Certificate::sign(&after.chain, after.height, Round(0), after.hash, &[(self.node, key)])
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
                Outcome::Refused(_) => counts.refused += 1,
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
        self.journal.tables.pending()
    }

    /// The chain.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger<S> {
        &self.ledger
    }

    /// The records.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    #[cfg(test)]
    fn step(&self, step: Step) {
        if let Some(at) = &self.at {
            at(step);
        }
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "only tests stop at steps")]
    const fn step(&self, _: Step) {}
}

/// Laps of the clock on the wall.
struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    fn lap(&mut self) -> std::time::Duration {
        let lap = self.0.elapsed();
        self.0 = Instant::now();
        lap
    }
}

/// The node is the only one with a vote, and has the keys that the membership in force names.
fn check_alone<S: Store>(ledger: &Ledger<S>, node: NodeNumber, keys: &HomeKeys) -> Result<(), IntakeError> {
    let membership = &ledger.tip().membership;
    let own = membership.node(node).filter(|(_, own)| *own.keys == keys.node.list());
    let Some((_, own)) = own else { return Err(IntakeError::NotAMember(node)) };
    let others = membership.nodes().any(|(_, other)| other.number != node && other.power > 0);
    if others || own.power == 0 { Err(IntakeError::NotAlone(node)) } else { Ok(()) }
}

/// The key of the look-up, drawn when it is needed first.
fn lookup_key(folder: &Path) -> Result<zeroize::Zeroizing<[u8; 32]>, IntakeError> {
    let path = KeyName::Lookup.path(folder);
    if !path.exists() && !folder.join("look-up").exists() {
        write_key(&path, KeyName::Lookup, &draw_secret(&mut system_rng()))?;
        sync_folder(folder)?;
    }
    Ok(read_key(&path, KeyName::Lookup)?)
}

/// The clock of this machine.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
