//! The verifier: batches of blocks in, a report out.
//!
//! Each batch is climbed in three passes, so that two cores are busy: hashing every block (from its
//! bytes alone, in parallel); links, streams and governance (in order, cheap); then log, fold and
//! map (in order) beside the signatures (in parallel).

use super::held::Held;
use super::pass::{CertificateJob, Climb, Governed, Planned, climb};
use super::pin::{Pin, pins};
use crate::archive::{Foot, FootError};
use crate::audit::{Bookmark, Checked, Finding};
use crate::block::Header;
use crate::certificate::{Certificate, CertificateError};
use crate::chain::{self, Fault, HashedBlock, Head, Tip, Trace};
use crate::genesis::Genesis;
use crate::governance::Control;
use crate::map::ContractMap;
use crate::merkle::LogIndex;
use crate::names::{BlockHash, Height, MemberCode};
use rayon::prelude::*;
use std::sync::Arc;

/// How often something is verified that need be verified only at the tip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Where it proves all that lies below.
    #[default]
    Tip,
    /// At every block.
    Every,
}

/// How deep an audit goes, and what it holds the evidence against.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Certificates: the tip's and those at changes of membership, or every one.
    pub certificates: Scope,
    /// Map roots: the tip's, or every block's.
    pub states: Scope,
    /// What an earlier audit gave the auditor to keep.
    pub from: Option<Bookmark>,
    /// What the node's own tip file says.
    pub tip_file: Option<(Height, BlockHash)>,
}

/// One block of the evidence, as it was found.
#[derive(Clone, Copy, Debug)]
pub enum Evidence<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// Why it cannot be read.
    Unreadable(&'a str),
}

/// No report lists more findings: one proves the alteration, the others help to find its extent.
const MAX_FINDINGS: usize = 1_000;

/// A streaming audit of one chain, from its genesis or from the foot of an archive.
#[derive(Clone)]
pub struct Auditor {
    pub(super) certificates: Scope,
    pub(super) pins: Vec<Pin>,
    pub(super) wants_outsiders: bool,
    /// Log entries below block 1, and how many seals it carries beyond its own.
    pub(super) entries_before: u64,
    pub(super) seals_before: u64,
    /// The stretch does not begin at the genesis, and nothing the auditor kept vouches for its start.
    pub(super) unproved_start: bool,
    /// What stands below the first block.
    pub(super) start: Tip,
    /// The chain follows rules from here on that this version does not know: nothing above can be judged.
    pub(super) beyond: bool,

    /// The last block seen. After the first finding it is taken by its own header; control state
    /// and memberships then stand still.
    pub(super) head: Head,
    /// Whether the last block could be read, so that the next one can be held against it.
    pub(super) linked: bool,
    /// Whether the last block stands on the word of a foot alone.
    on_foot: bool,
    /// Nothing was found so far.
    pub(super) clean: bool,
    /// A change of membership was passed over that cannot be recomputed: who signs above is not known.
    pub(super) signers_unknown: bool,

    /// The highest block up to which everything holds, and the one below it.
    pub(super) sound: Tip,
    below_sound: Tip,
    pub(super) held: Held,

    pub(super) findings: Vec<Finding>,
    pub(super) unchecked: Vec<String>,
    pub(super) checked: Checked,
}

impl Auditor {
    /// Begins at a genesis, or at the foot of an archive with the states that stand there (none
    /// where the archive leaves them out).
    ///
    /// # Errors
    /// [`FootError`], when the foot does not hold.
    pub fn new(
        genesis: &Genesis,
        foot: &Foot,
        states: Option<ContractMap>,
        options: Options,
    ) -> Result<Self, FootError> {
        let tip = foot.tip(genesis)?;
        let old = genesis.predecessor.as_ref();
        let partial = foot.below.is_some();
        let mut auditor = Self {
            certificates: options.certificates,
            pins: pins(options.from, options.tip_file),
            wants_outsiders: !tip.membership.trust().asks_for_nothing(),
            entries_before: old.map_or(0, |old| old.header.log_size.0),
            seals_before: u64::from(old.is_some()),
            unproved_start: partial,
            start: tip.clone(),
            beyond: false,
            head: tip.head.clone(),
            linked: true,
            on_foot: partial,
            clean: true,
            signers_unknown: false,
            sound: tip.clone(),
            below_sound: tip,
            held: Held::Unknown,
            findings: Vec::new(),
            unchecked: Vec::new(),
            checked: Checked::default(),
        };
        let states = states.or_else(|| (!partial && old.is_none()).then(ContractMap::default));
        match states {
            Some(map) if map.root() != auditor.sound.map_root => {
                let detail = "the states at the foot are not the ones that its header commits to";
                auditor.find(Finding::at(auditor.head.height, "map", detail));
            }
            Some(map) => auditor.held = Held::new(map, options.states),
            None => auditor.note("the contract map: the states at the foot are not here"),
        }
        auditor.meet_pins();
        Ok(auditor)
    }

    /// The height of the last block seen.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.head.height
    }

    /// What was verified so far.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// The next blocks of the evidence, in order. Batches of some megabytes keep two cores busy.
    pub fn blocks(&mut self, batch: &[Evidence<'_>]) {
        self.take_all(batch, None);
    }

    /// The same; gives what became of the events of each block, as far as the blocks hold and the states
    /// below them are here.
    pub fn blocks_traced(&mut self, batch: &[Evidence<'_>]) -> Vec<(Height, Vec<Trace>)> {
        let mut traces = Vec::with_capacity(batch.len());
        self.take_all(batch, Some(&mut traces));
        traces
    }

    fn take_all(&mut self, batch: &[Evidence<'_>], mut traces: Option<&mut Vec<(Height, Vec<Trace>)>>) {
        let hashed: Vec<Result<HashedBlock, Finding>> = batch.par_iter().map(read).collect();
        let mut rest = hashed.as_slice();
        while !rest.is_empty() {
            rest = rest.get(self.take(rest, traces.as_deref_mut())..).unwrap_or_default();
        }
    }

    /// Second and third pass over at least one block; gives the number of blocks taken. The second
    /// pass plans all of them as if the third would find nothing. Where it does, the blocks above
    /// are left to be planned anew, so that no report depends on how the evidence is cut.
    fn take(
        &mut self,
        blocks: &[Result<HashedBlock, Finding>],
        traces: Option<&mut Vec<(Height, Vec<Trace>)>>,
    ) -> usize {
        let mut held = std::mem::take(&mut self.held);
        let before = self.clone();
        let mut planned = self.plan_all(blocks);
        let sound = self.sound.clone();
        let (faults, Climb { tips, traces: of_blocks, stopped }) = rayon::join(
            || planned.par_iter().map(Planned::verify).collect::<Vec<_>>(),
            || climb(sound, &mut held, blocks, &planned, traces.is_some()),
        );
        let fault = faults.iter().position(|faults| !faults.is_empty());
        let lowest = fault.into_iter().chain(stopped.as_ref().map(|_| tips.len())).min();
        let was_clean = |at: &usize| planned.get(*at).is_some_and(|plan| plan.judge.is_some());
        let taken = lowest.filter(was_clean).map_or(blocks.len(), |at| at + 1);
        if taken < blocks.len() {
            *self = before;
            planned = self.plan_all(blocks.get(..taken).unwrap_or(blocks));
        }
        self.held = held;
        for ((block, plan), faults) in blocks.iter().zip(planned).zip(&faults) {
            self.checked.submissions += plan.signatures.len() as u64;
            self.checked.certificates += u64::from(plan.certificate.is_some());
            plan.found.into_iter().for_each(|finding| self.find(finding));
            let Ok(block) = block else { continue };
            faults.iter().for_each(|fault| self.find(locate(block, fault)));
        }
        stopped.filter(|_| tips.len() < taken).into_iter().for_each(|finding| self.find(finding));
        if let Some(traces) = traces {
            traces.extend(tips.iter().map(|tip| tip.height).zip(of_blocks).take(lowest.unwrap_or(usize::MAX)));
        }
        self.settle(tips);
        taken
    }

    /// Takes over what the third pass climbed, up to the lowest finding.
    fn settle(&mut self, climbed: Vec<Tip>) {
        let lowest = self.findings.iter().map(|finding| finding.height).min();
        for tip in climbed.into_iter().take_while(|tip| lowest.is_none_or(|lowest| tip.height < lowest)) {
            self.below_sound = std::mem::replace(&mut self.sound, tip);
        }
    }

    fn plan_all(&mut self, blocks: &[Result<HashedBlock, Finding>]) -> Vec<Planned> {
        let plan = |block| {
            let known = self.findings.len();
            let plan = self.plan(block);
            Planned { found: self.findings.split_off(known), ..plan }
        };
        blocks.iter().map(plan).collect()
    }

    /// Second pass: what has to go in order and costs little.
    fn plan(&mut self, block: &Result<HashedBlock, Finding>) -> Planned {
        self.look_ahead();
        if self.beyond {
            return Planned::default();
        }
        let block = match block {
            Ok(block) => block,
            Err(finding) => return self.skip(finding),
        };
        let (here, found) = (self.head.height.next(), block.header().height);
        if claimed_height(block).is_some_and(|height| height < here) {
            // It stood below already, or should have; the chain does not go on with it.
            self.find(Finding::of(here, &Fault::Height { wanted: here, found }));
            return Planned::default();
        }
        self.checked.blocks += 1;
        self.checked.events += block.leaves().len() as u64;
        if !self.linked {
            // Any change in what could not be read would show here.
            self.judge_unknown(block.header());
        }
        let certificate = self.certificate_below(block);
        let signatures = match self.signers_unknown {
            true => Vec::new(),
            false => chain::signatures(&self.head, first_index(block), &block.body().submissions, block.content()),
        };
        let followed = self.follow(block);
        let judge = followed.and_then(|(control, actors)| self.govern(block, control, actors));
        if judge.is_none() {
            self.pass_over(block);
        }
        self.linked = true;
        self.on_foot = false;
        self.meet_pins();
        Planned { judge, signatures, certificate, found: Vec::new() }
    }

    /// Whether the next block follows rules that this version knows.
    pub(super) fn look_ahead(&mut self) {
        let in_force = self.head.control.protocol;
        if !self.beyond && chain::protocol(in_force).is_err() {
            self.beyond = true;
            let next = self.head.height.next();
            self.note(&format!(
                "blocks from {next} on: they follow protocol {in_force}, which this program does not know"
            ));
        }
    }

    /// A block that cannot be read: the chain goes on above it, unlinked.
    fn skip(&mut self, finding: &Finding) -> Planned {
        self.head.height = self.head.height.next();
        self.head.signers = Arc::clone(&self.head.membership);
        self.linked = false;
        self.find(Finding { height: self.head.height, ..finding.clone() });
        Planned::default()
    }

    /// The certificate of the block below, as this block carries it. Gives it where its signatures
    /// are to be verified.
    fn certificate_below(&mut self, block: &HashedBlock) -> Option<CertificateJob> {
        let here = self.head.height.next();
        // Of a block of another chain or height, or with another body, that is what has to be said.
        let header = block.header();
        if self.signers_unknown || (header.chain, header.height) != (self.head.chain, here) || !block.is_whole() {
            return None;
        }
        let certificate = match chain::certificate_presence(&self.head, block.body().parent_certificate.as_ref()) {
            Ok(certificate) => certificate?,
            Err(fault) => {
                self.find(Finding::of(here, &fault));
                return None;
            }
        };
        if certificate.height != self.head.height {
            let why = CertificateError::Height { wanted: self.head.height, found: certificate.height };
            self.find(Finding::of(here, &Fault::ParentCertificate(why)));
            return None;
        }
        if self.linked && certificate.block != self.head.hash {
            self.not_certified(certificate, here);
            return None;
        }
        let wanted = self.certificates == Scope::Every || self.head.changed_membership() || self.on_foot || !self.clean;
        wanted.then(|| CertificateJob {
            certificate: certificate.clone(),
            signers: Arc::clone(&self.head.signers),
            chain: self.head.chain,
            height: self.head.height,
            block: if self.linked { self.head.hash } else { block.header().parent },
        })
    }

    /// A certificate that names another block than the one here: which of the two was altered?
    pub(super) fn not_certified(&mut self, certificate: &Certificate, carrier: Height) {
        let (height, found, certified) = (self.head.height, self.head.hash, certificate.block);
        let finding = match certificate.verify(&self.head.chain, &self.head.signers, height, certified) {
            Ok(()) => Finding::of(height, &Fault::NotCertified { certified, found }),
            Err(_) => {
                let why = CertificateError::Block { wanted: found, found: certified };
                Finding::of(carrier, &Fault::ParentCertificate(why))
            }
        };
        self.find(finding);
    }

    /// Links and streams; gives the control state with the sequences counted and the actor of each submission, as
    /// long as nothing was found.
    fn follow(&mut self, block: &HashedBlock) -> Option<(Control, Vec<MemberCode>)> {
        if !self.linked {
            // What lies below could not be read, so there is nothing to hold the link against.
            self.head.hash = block.header().parent;
        }
        let here = self.head.height.next();
        match chain::links(&self.head, block) {
            Ok(()) => {}
            // Then the block below was altered, and is named already.
            Err(Fault::Parent { .. }) if self.parent_is_certified(block) => return None,
            Err(fault) => {
                self.find(Finding::of(here, &fault));
                return None;
            }
        }
        if !self.clean {
            return None;
        }
        let mut control = self.head.control.clone();
        match chain::streams(&self.head, first_index(block), &block.body().submissions, &mut control) {
            Ok(actors) => Some((control, actors)),
            Err(fault) => {
                self.find(locate(block, &fault));
                None
            }
        }
    }

    fn parent_is_certified(&self, block: &HashedBlock) -> bool {
        block.body().parent_certificate.as_ref().is_some_and(|certificate| {
            let Head { chain, signers, height, .. } = &self.head;
            certificate.verify(chain, signers, *height, block.header().parent).is_ok()
        })
    }

    /// Control state and next membership are the ones that the header commits to.
    fn govern(&mut self, block: &HashedBlock, mut control: Control, actors: Vec<MemberCode>) -> Option<Governed> {
        let header = block.header();
        let (outcomes, membership) = chain::govern(&self.head, &block.body().submissions, &actors, &mut control);
        let commitments = [
            ("control", control.hash() == header.control),
            ("membership", self.head.next_membership_hash(membership.as_ref()) == header.next_membership),
        ];
        if let Some((what, _)) = commitments.into_iter().find(|(_, holds)| !holds) {
            self.find(Finding::of(header.height, &Fault::Commitment(what)));
            return None;
        }
        let after = self.head.after(header, block.hash(), control, membership);
        let below = std::mem::replace(&mut self.head, after.clone());
        Some(Governed { below, after, actors, outcomes })
    }

    /// After the first finding the block is taken by its own header, so that later links and
    /// signatures can be checked.
    fn pass_over(&mut self, block: &HashedBlock) {
        let header = block.header();
        self.judge_unknown(header);
        self.head.height = claimed_height(block).unwrap_or(self.head.height.next());
        self.head.hash = block.hash();
        self.head.time = header.time;
        self.head.signers = Arc::clone(&self.head.membership);
    }

    /// Whether another membership than the last known one judges what stands above a block.
    fn judge_unknown(&mut self, header: &Header) {
        if header.next_membership != self.head.membership_hash {
            self.signers_unknown = true;
            self.note("signatures above a change of membership that cannot be recomputed");
        }
    }

    pub(super) fn find(&mut self, finding: Finding) {
        self.clean = false;
        if finding.height <= self.sound.height {
            self.sound = self.below_sound.clone();
        }
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.note("findings beyond the first thousand");
        }
    }

    pub(super) fn note(&mut self, unchecked: &str) {
        if !self.unchecked.iter().any(|known| known == unchecked) {
            self.unchecked.push(unchecked.to_owned());
        }
    }
}

/// First pass: from bytes alone.
fn read(evidence: &Evidence<'_>) -> Result<HashedBlock, Finding> {
    match evidence {
        Evidence::Bytes(bytes) => HashedBlock::read(bytes)
            .map_err(|why| Finding::at(Height(0), "encoding", format!("the bytes are no block: {why}"))),
        Evidence::Unreadable(why) => Err(Finding::at(Height(0), "unreadable", *why)),
    }
}

/// The height of a block, where its header and the certificate that it carries agree on one.
fn claimed_height(block: &HashedBlock) -> Option<Height> {
    let below = block.body().parent_certificate.as_ref().map_or(Height(0), |certificate| certificate.height);
    Some(below.next()).filter(|height| *height == block.header().height)
}

/// Log index of a block's first event, as its own header has it.
fn first_index(block: &HashedBlock) -> LogIndex {
    LogIndex(block.header().log_size.0.saturating_sub(block.leaves().len() as u64))
}

/// A fault as a finding; it names the contract where it can be only one.
fn locate(block: &HashedBlock, fault: &Fault) -> Finding {
    let mut finding = Finding::of(block.header().height, fault);
    if let Fault::Submission { stream, sequence, .. } = fault {
        let of = |s: &&crate::submission::Submission| (s.stream, s.sequence) == (*stream, *sequence);
        let events = block.body().submissions.iter().find(of).map_or(&[][..], |s| &s.events);
        if let [only] = events {
            finding.subject = only.subject();
        }
    }
    finding
}
