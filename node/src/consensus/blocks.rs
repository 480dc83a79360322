//! What is done with blocks under way: made, taken in, judged, given out, committed.
//!
//! Every verdict is the core's ladder. A block is on disk before anybody hears of it. A verdict by the
//! clock is never kept: time passes, and what was too early becomes right.

use super::ConsensusError;
use super::another::Own;
use super::known::{self, KnownProtocols};
use super::last_signed::Signed;
use super::parts::{self, Assembled, SignedParts};
use super::undecided::{Quota, UndecidedStore};
use super::validators::Validators;
use crate::chain::{Chain, now};
use crate::durable::IoError;
use crate::mempool::Mempool;
use crate::network::wire::MAX_RANGE_BYTES;
use crate::store::{Store as _, StoreError};
use ledger_core::block::Header;
use ledger_core::certificate::{Certificate, Parts};
use ledger_core::chain::{CheckedBlock, Fault, HashedBlock, Tip, check_clock};
use ledger_core::crypto::SecretKey;
use ledger_core::membership::Parameters;
use ledger_core::names::{BlockHash, Height, NodeNumber, Protocol, Round, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;

/// Checked blocks that are held in memory; the others are checked again from the disk.
const CHECKED: usize = 4;
/// So often what would adopt a protocol is put aside before an empty block is proposed.
const ASIDE: usize = 16;

/// Why a proposed block is voted against.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unfit {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("its header names node {0} as the proposer, which is not the proposer of this round or of one before")]
    Proposer(NodeNumber),
}

/// What is to be said of a proposed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    Invalid(Unfit),
    /// Its height has not come, its time has not come, or it is not here.
    NotYet,
}

/// What became of a block whose parts are all here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakenIn {
    /// It is on disk.
    Kept(BlockHash),
    /// There is no room for it.
    Full,
    /// It is not the block that was announced.
    Another,
}

/// What came as an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Valid(BlockHash),
    Invalid(BlockHash, Fault),
    /// Not the bytes of a block of that height.
    Garbage,
    /// The chain is at another height by now.
    NotNow,
}

/// A block that was committed just now.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) header: Header,
    pub(crate) with_events: bool,
    /// Signatures of this node in the certificates of the block and of its parent.
    pub(crate) shown: Vec<Signed>,
}

/// Checked blocks of the next height.
#[derive(Debug, Default)]
struct Judged {
    checked: BTreeMap<BlockHash, Result<CheckedBlock, Fault>>,
    /// Those that passed as live proposals, the clock included.
    accepted: BTreeSet<BlockHash>,
}

/// Blocks on which this node is locked: it precommitted them, since a polka named them, and may have to bring them
/// forward in any later round of their height.
#[derive(Debug, Default)]
pub(crate) struct Locked(Mutex<BTreeSet<(Height, BlockHash)>>);

impl Locked {
    /// This node precommits a block.
    pub(crate) fn add(&self, height: Height, block: BlockHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((height, block));
    }

    fn above(&self, tip: Height) -> BTreeSet<(Height, BlockHash)> {
        let mut locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locked.retain(|(height, _)| *height > tip);
        locked.clone()
    }
}

/// The blocks under way on one chain. Everything here may wait for the disk.
pub(crate) struct Blocks {
    chain: Chain,
    mempool: Mempool,
    node: NodeNumber,
    key: SecretKey,
    undecided: Mutex<UndecidedStore>,
    locked: Arc<Locked>,
    judged: Mutex<Judged>,
    /// What is kept, for who must not wait for the disk.
    here: Mutex<BTreeSet<(Height, BlockHash)>>,
    known: KnownProtocols,
}

/// A block of the next height that holds by every rule.
struct Sound {
    header: Header,
    /// The protocol that it adopts.
    brings: Option<Protocol>,
}

/// Whether a voter whose clock says `now` takes the time of a block: it is no later than that and the tolerance, or it
/// is the parent's own.
///
/// No block has a time before its parent's, so one with the parent's time moves the chain's time nowhere: it may stand
/// whatever the clocks say. A later time needs more than two thirds of the power that take it by their clocks, an
/// honest one of them at least. So where most clocks were an hour ahead, and were set right, the chain goes on at
/// once, and its time stands still for that hour.
fn in_time(header: &Header, parent: Timestamp, now: Timestamp, parameters: &Parameters) -> Result<(), Fault> {
    if header.time == parent {
        return Ok(());
    }
    check_clock(header, now, parameters)
}

impl Blocks {
    pub(crate) fn new(
        chain: Chain,
        mempool: Mempool,
        node: NodeNumber,
        key: SecretKey,
        undecided: UndecidedStore,
        locked: Arc<Locked>,
        known: KnownProtocols,
    ) -> Self {
        let here = Mutex::new(undecided.places().collect());
        let (undecided, judged) = (Mutex::new(undecided), Mutex::default());
        Self { chain, mempool, node, key, undecided, locked, judged, here, known }
    }

    /// The block that this node proposes in a round, and the messages that carry it: the one that it made
    /// for that round before, else a new one, which is on disk when this returns. None where the chain is
    /// at another height, or no block can be made.
    pub(crate) fn make(
        &self,
        height: Height,
        round: Round,
    ) -> Result<Option<(BlockHash, Vec<bytes::Bytes>)>, ConsensusError> {
        if let Some(made) = self.made(height, round) {
            return Ok(Some(made));
        }
        let Some(checked) = self.assemble(height) else { return Ok(None) };
        let (block, bytes) = (checked.block().hash(), checked.block().encode());
        let signed = self.sign(height, round, block, bytes.len());
        if !self.keep(height, block, Some(signed), &bytes)? {
            tracing::error!("there is no room to keep the block of height {height} that was to be proposed");
            return Ok(None);
        }
        let mut judged = self.judged();
        judged.remember(block, Ok(checked));
        judged.accepted.insert(block);
        Ok(Some((block, parts::split(&signed, &bytes))))
    }

    fn made(&self, height: Height, round: Round) -> Option<(BlockHash, Vec<bytes::Bytes>)> {
        let undecided = self.undecided();
        let own = |signed: &SignedParts| signed.head.proposer == self.node && signed.head.round == round;
        let (block, signed) =
            undecided.at(height).find_map(|(block, entry)| Some((block, entry.signed.filter(own)?)))?;
        let (_, bytes) = undecided.block(height, block)?;
        drop(undecided);
        self.judged().accepted.insert(block);
        Some((block, parts::split(&signed, &bytes)))
    }

    fn assemble(&self, height: Height) -> Option<CheckedBlock> {
        if self.chain.latest().tip.height().next() != height {
            return None;
        }
        let full = self.fill(&self.chain.latest().tip);
        let made = full.and_then(|full| full.map_or_else(|| self.chain.assemble(self.node, Vec::new()), Ok));
        let made = made.or_else(|fault| {
            tracing::error!("what waits makes no block of height {height}, an empty one is proposed: {fault}");
            self.chain.assemble(self.node, Vec::new())
        });
        let made = made.inspect_err(|fault| tracing::error!("no block of height {height} can be made: {fault}"));
        // The chain may have moved on meanwhile.
        made.ok().filter(|checked| checked.block().header().height == height)
    }

    /// A block of what waits, but for approvals by which a protocol would be adopted that must not be yet: they are put
    /// aside until they are said again. None where that does not come to an end.
    fn fill(&self, below: &Tip) -> Result<Option<CheckedBlock>, Fault> {
        for _ in 0..ASIDE {
            let submissions = self.mempool.fill();
            let checked = self.chain.assemble(self.node, submissions.clone())?;
            let Some(protocol) = known::brought(below, checked.after()).filter(|protocol| !self.may_come(*protocol))
            else {
                return Ok(Some(checked));
            };
            let aside = known::approving(below, &submissions);
            for submission in &aside {
                let (stream, sequence) = (submission.stream, submission.sequence);
                tracing::warn!(%stream, %sequence, %protocol, "an approval is put aside: the protocol would be adopted, which too few nodes know");
                self.mempool.put_aside(stream, sequence);
            }
            if aside.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    /// Whether a protocol may be adopted: this version knows it, and nodes with more than two thirds of the voting
    /// power say that they do.
    fn may_come(&self, protocol: Protocol) -> bool {
        let latest = self.chain.latest();
        protocol <= self.known.newest() && self.known.is_known_by_most(protocol, latest.tip.membership())
    }

    fn sign(&self, height: Height, round: Round, block: BlockHash, length: usize) -> SignedParts {
        let bytes = u32::try_from(length).unwrap_or(u32::MAX);
        let head = Parts { height, round, block, parts: parts::count(length), bytes, proposer: self.node };
        let signature = self.key.sign(&head.message(&self.chain.latest().tip.chain()));
        SignedParts { head, signature }
    }

    /// Takes in a block whose parts are all here: read, compared with what was announced, and kept.
    pub(crate) fn take_in(&self, assembled: &Assembled) -> Result<TakenIn, ConsensusError> {
        let Assembled { publisher, signed, bytes } = assembled;
        let head = &signed.head;
        let announced = |block: &HashedBlock| {
            block.hash() == head.block && block.header().height == head.height && block.is_whole()
        };
        let Some(block) = HashedBlock::read(bytes).ok().filter(announced) else {
            let (height, round, proposer) = (head.height, head.round, head.proposer);
            tracing::warn!(%height, %round, %proposer, %publisher, "parts make another block than the one announced, and are dropped");
            return Ok(TakenIn::Another);
        };
        let hash = block.hash();
        if !self.keep(head.height, hash, Some(*signed), bytes)? {
            tracing::warn!(height = %head.height, proposer = %head.proposer, "a block under way is not kept: there are too many");
            return Ok(TakenIn::Full);
        }
        self.check(block);
        Ok(TakenIn::Kept(hash))
    }

    /// Checks a block of the next height, once.
    fn check(&self, block: HashedBlock) {
        let hash = block.hash();
        if block.header().height == self.chain.latest().tip.height().next()
            && !self.judged().checked.contains_key(&hash)
        {
            let checked = self.chain.check(block);
            self.judged().remember(hash, checked);
        }
    }

    /// What is to be said of a proposed block of the next height.
    pub(crate) fn judge(&self, height: Height, block: BlockHash) -> Verdict {
        let latest = self.chain.latest();
        if latest.tip.height().next() != height {
            return Verdict::NotYet;
        }
        let Some((signed, sound)) = self.sound(&latest.tip, block) else { return Verdict::NotYet };
        let Sound { header, brings } = match sound {
            Ok(sound) => sound,
            Err(fault) => return Verdict::Invalid(fault.into()),
        };
        if self.judged().accepted.contains(&block) {
            return Verdict::Valid;
        }
        let membership = latest.tip.membership();
        if let Some(signed) = signed
            && !proposed_by_turn(&header, signed.head.round, &Validators::of(membership))
        {
            return Verdict::Invalid(Unfit::Proposer(header.proposer));
        }
        // Never a verdict for good: more may say so any time, and those who know it may decide it without this node.
        if let Some(protocol) = brings.filter(|protocol| !self.may_come(*protocol)) {
            let own = self.known.newest();
            tracing::warn!(%height, %block, %protocol, %own, "a proposed block is not voted on: the protocol would be adopted, which this version or too much of the voting power does not know");
            return Verdict::NotYet;
        }
        if let Err(early) = in_time(&header, latest.tip.time(), now(), membership.parameters()) {
            tracing::warn!(%height, %block, "a proposed block is not voted on yet: {early}");
            return Verdict::NotYet;
        }
        self.judged().accepted.insert(block);
        Verdict::Valid
    }

    /// What a block above a tip is, by every rule, and who signed its parts.
    fn sound(&self, tip: &Tip, block: BlockHash) -> Option<(Option<SignedParts>, Result<Sound, Fault>)> {
        let height = tip.height().next();
        let sound = |checked: &Result<CheckedBlock, Fault>| {
            let sound = |checked: &CheckedBlock| Sound {
                header: checked.block().header().clone(),
                brings: known::brought(tip, checked.after()),
            };
            checked.as_ref().map(sound).map_err(Clone::clone)
        };
        let signed = self.undecided().at(height).find(|(found, _)| *found == block).and_then(|(_, entry)| entry.signed);
        let known = self.judged().checked.get(&block).map(sound);
        if let Some(known) = known {
            return Some((signed, known));
        }
        let (_, bytes) = self.undecided().block(height, block)?;
        self.check(HashedBlock::read(&bytes).ok()?);
        let checked = self.judged().checked.get(&block).map(sound)?;
        Some((signed, checked))
    }

    /// The blocks that are kept of a height, with the round in which each was proposed.
    pub(crate) fn kept(&self, height: Height) -> Vec<(BlockHash, Option<SignedParts>)> {
        self.undecided().at(height).map(|(block, entry)| (block, entry.signed)).collect()
    }

    /// Whether a block is kept; this alone never waits for the disk.
    pub(crate) fn has(&self, height: Height, block: BlockHash) -> bool {
        self.here().contains(&(height, block))
    }

    fn keep(
        &self,
        height: Height,
        block: BlockHash,
        signed: Option<SignedParts>,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let quota = self.quota();
        let mut undecided = self.undecided();
        let kept = match undecided.keep(height, block, signed, bytes, &quota) {
            // It is neither proposed nor voted for, and may be fetched again.
            Err(error @ IoError::DiskFull { .. }) => {
                tracing::error!(%height, "a block under way is not kept: {error}");
                false
            }
            kept => kept?,
        };
        *self.here() = undecided.places().collect();
        Ok(kept)
    }

    fn quota(&self) -> Quota {
        let tip = &self.chain.latest().tip;
        let block_bytes = tip.membership().parameters().block_bytes;
        let judged = self.judged();
        let faults = judged.checked.iter().filter(|(_, checked)| checked.is_err());
        let invalid = faults.map(|(block, _)| *block).collect();
        Quota { next: tip.height().next(), block_bytes, locked: self.locked.above(tip.height()), invalid }
    }

    /// The messages that carry a block again: under this node's own name where it proposes it in that
    /// round, else as they were signed.
    pub(crate) fn again(
        &self,
        height: Height,
        round: Round,
        block: BlockHash,
        proposer: NodeNumber,
    ) -> Vec<bytes::Bytes> {
        let Some((signed, bytes)) = self.undecided().block(height, block) else { return Vec::new() };
        let signed = if proposer == self.node { Some(self.sign(height, round, block, bytes.len())) } else { signed };
        signed.map(|signed| parts::split(&signed, &bytes)).unwrap_or_default()
    }

    /// Makes a decided block durable, and the new tip.
    ///
    /// # Errors
    /// [`ConsensusError::Missing`], where its bytes are not here; [`ConsensusError::Diverged`], where this
    /// node says that it does not follow; else what the store says.
    pub(crate) fn commit(&self, certificate: Certificate) -> Result<Committed, ConsensusError> {
        let (height, block) = (certificate.height, certificate.block);
        let latest = self.chain.latest();
        if let Some(header) =
            latest.header.clone().filter(|_| (latest.tip.height(), latest.tip.hash()) == (height, block))
        {
            return Ok(Committed { header, with_events: false, shown: Vec::new() });
        }
        let known = self.judged().checked.remove(&block);
        let checked = match known {
            Some(checked) => checked,
            None => {
                let missing = || ConsensusError::Missing { height, block };
                let (_, bytes) = self.undecided().block(height, block).ok_or_else(missing)?;
                self.chain.check(HashedBlock::read(&bytes).map_err(|_| missing())?)
            }
        };
        let checked = checked.map_err(|fault| ConsensusError::Diverged { height, fault })?;
        let header = checked.block().header().clone();
        let with_events = !checked.block().leaves().is_empty();
        let own = Own { chain: latest.tip.chain(), node: self.node, key: self.key.public() };
        let certificates = checked.block().body().parent_certificate.iter().chain([&certificate]);
        let shown = certificates.filter_map(|of| own.in_certificate(of)).collect();
        self.chain.commit(checked, certificate)?;
        *self.judged() = Judged::default();
        let mut undecided = self.undecided();
        // What is left of older heights only takes room.
        if let Err(error) = undecided.settle(height) {
            tracing::warn!("undecided blocks of heights that are over cannot be removed: {error}");
        }
        *self.here() = undecided.places().collect();
        Ok(Committed { header, with_events, shown })
    }

    /// Verifies a block that came as an answer, against the tip, and keeps it.
    pub(crate) fn answered(&self, height: Height, bytes: &[u8]) -> Result<Answered, ConsensusError> {
        let of_height = |block: &HashedBlock| block.header().height == height && block.is_whole();
        let Some(block) = HashedBlock::read(bytes).ok().filter(of_height) else { return Ok(Answered::Garbage) };
        if self.chain.latest().tip.height().next() != height {
            return Ok(Answered::NotNow);
        }
        let hash = block.hash();
        self.check(block);
        let fault = match self.judged().checked.get(&hash) {
            None => return Ok(Answered::NotNow),
            Some(Err(fault)) => Some(fault.clone()),
            Some(Ok(_)) => None,
        };
        if let Some(fault) = fault {
            return Ok(Answered::Invalid(hash, fault));
        }
        // Without room it is held in memory until it is decided, which is at once.
        self.keep(height, hash, None, bytes)?;
        Ok(Answered::Valid(hash))
    }

    /// Decided blocks from a height up with their certificates, as far as they are known and fit.
    pub(crate) fn decided(&self, from: Height, to: Height) -> Result<Vec<(Vec<u8>, Certificate)>, StoreError> {
        let store = self.chain.store();
        let latest = self.chain.latest();
        let (mut found, mut size) = (Vec::new(), 0);
        let mut height = from.max(Height(1));
        let mut next = store.block(height)?;
        while let Some(bytes) = next.take() {
            next = store.block(height.next())?;
            let certificate = match &next {
                Some(child) => HashedBlock::read(child).ok().and_then(|child| child.body().parent_certificate.clone()),
                None => latest.certificate.clone(),
            };
            let Some(certificate) = certificate.filter(|certificate| certificate.height == height) else { break };
            size += bytes.len();
            if height > to || (size > MAX_RANGE_BYTES && !found.is_empty()) {
                break;
            }
            found.push((bytes, certificate));
            height = height.next();
        }
        Ok(found)
    }

    fn undecided(&self) -> MutexGuard<'_, UndecidedStore> {
        self.undecided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn here(&self) -> MutexGuard<'_, BTreeSet<(Height, BlockHash)>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judged(&self) -> MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Judged {
    fn remember(&mut self, block: BlockHash, checked: Result<CheckedBlock, Fault>) {
        if self.checked.len() >= CHECKED {
            self.checked.pop_first();
        }
        self.checked.insert(block, checked);
    }
}

/// Whether the header names the proposer of a round, or of one before in which it may have been new: the
/// parts of a block do not tell in which round it was new, and the name is a claim in any case.
fn proposed_by_turn(header: &Header, round: Round, validators: &Validators) -> bool {
    let turns = u32::try_from(validators.iter().count()).unwrap_or(u32::MAX);
    let rounds = 0..=round.0.min(turns);
    rounds.into_iter().any(|round| {
        validators.proposer(header.height, round).is_some_and(|validator| validator.address.0 == header.proposer)
    })
}

#[cfg(test)]
mod tests;
