//! The upper rungs: checked against a tip, made by a proposer, and final.

use crate::block::{Block, Body, Header};
use crate::certificate::{Certificate, CertificateError};
use crate::chain::hashed::{Content, HashedBlock};
use crate::chain::rules::{self, SignatureJob, States, Trace};
use crate::chain::{Fault, Tip};
use crate::codec::{self, List, TooMany};
use crate::contract::{Roles, State};
use crate::crypto::{ChainId, Suite};
use crate::governance::Control;
use crate::map::{ContractMap, MapKey, Staged};
use crate::membership::{Membership, Parameters};
use crate::merkle::Frontier;
use crate::names::{BlockHash, Height, MembershipHash, NodeNumber, Timestamp};
use crate::submission::Submission;
use rayon::prelude::*;
use std::collections::BTreeMap;
use thiserror::Error;

/// Second rung: a block that follows a tip. All that its header commits to was recomputed.
#[derive(Clone, Debug)]
pub struct CheckedBlock {
    block: HashedBlock,
    after: Tip,
    staged: Staged,
    traces: Vec<Trace>,
}

/// Third rung: a block that will never be replaced.
#[derive(Clone, Debug)]
pub struct FinalBlock {
    checked: CheckedBlock,
    certificate: Option<Certificate>,
}

/// What a proposer puts into a block.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The proposer's node.
    pub proposer: NodeNumber,
    /// Its clock; raised to the parent's time where it is behind.
    pub time: Timestamp,
    /// The certificate of the tip; none over the genesis.
    pub parent_certificate: Option<Certificate>,
    /// Submissions, each stream's in order.
    pub submissions: Vec<Submission>,
}

/// What follows from a tip and a body, and what a header has to commit to.
struct Derived {
    frontier: Frontier,
    control: Control,
    /// Where it is another one than the tip's.
    membership: Option<Membership>,
    membership_hash: MembershipHash,
    staged: Staged,
    traces: Vec<Trace>,
}

/// States of the map with the changes of one block over them.
pub(crate) struct Overlay<'a> {
    map: &'a ContractMap,
    changed: BTreeMap<MapKey, State>,
}

impl<'a> Overlay<'a> {
    pub(crate) const fn over(map: &'a ContractMap) -> Self {
        Self { map, changed: BTreeMap::new() }
    }

    /// What changed, in order of keys.
    pub(crate) fn into_changes(self) -> Vec<(MapKey, State)> {
        self.changed.into_iter().collect()
    }
}

impl States for Overlay<'_> {
    fn update(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> Option<State>) {
        let before = self.changed.get(&key).or_else(|| self.map.get(&key));
        if let Some(state) = step(before) {
            self.changed.insert(key, state);
        }
    }
}

fn derive(tip: &Tip, map: &ContractMap, body: &Body, content: &Content) -> Result<Derived, Fault> {
    let head = &tip.head;
    let submissions = &body.submissions;
    rules::parent_certificate(head, body.parent_certificate.as_ref())?;
    let first = rules::first_index(head, &tip.frontier);
    let mut control = head.control.clone();
    let actors = rules::streams(head, first, submissions, &mut control)?;
    rules::signatures(head, first, submissions, content).par_iter().try_for_each(SignatureJob::run)?;
    let mut frontier = tip.frontier.clone();
    rules::log(head, &mut frontier, &content.leaves);
    let (governed, membership) = rules::govern(head, submissions, &actors, &mut control);
    let mut overlay = Overlay::over(map);
    let placed = rules::placed(first, submissions, &actors, &content.leaves);
    let traces = rules::fold(&Roles::of(&head.membership), placed, &governed, &mut overlay);
    let staged = map.stage(overlay.into_changes());
    let membership_hash = head.next_membership_hash(membership.as_ref());
    Ok(Derived { frontier, control, membership, membership_hash, staged, traces })
}

/// Checks a block against the tip and the map at the tip, by every rule that does not depend on a
/// clock.
///
/// # Errors
/// [`Fault`], naming the first rule that the block breaks.
pub fn check(block: HashedBlock, tip: &Tip, map: &ContractMap) -> Result<CheckedBlock, Fault> {
    rules::links(&tip.head, &block)?;
    let derived = derive(tip, map, &block.body, &block.content)?;
    let header = &block.header;
    if derived.frontier.size() != header.log_size {
        return Err(Fault::LogSize { wanted: derived.frontier.size(), found: header.log_size });
    }
    let commitments = [
        ("log", derived.frontier.root() == header.log_root),
        ("map", derived.staged.root() == header.map_root),
        ("control", derived.control.hash() == header.control),
        ("membership", derived.membership_hash == header.next_membership),
    ];
    match commitments.into_iter().find(|(_, holds)| !holds) {
        Some((what, _)) => Err(Fault::Commitment(what)),
        None => Ok(climb(block, tip, derived)),
    }
}

fn climb(block: HashedBlock, tip: &Tip, derived: Derived) -> CheckedBlock {
    let Derived { frontier, control, membership, staged, traces, .. } = derived;
    let head = tip.head.after(&block.header, block.hash, control, membership);
    let after = Tip { head, frontier, map_root: staged.root() };
    CheckedBlock { block, after, staged, traces }
}

/// Makes the block that follows a tip, by the same derivation that checks one.
///
/// # Errors
/// [`Fault`], when what is proposed cannot be in a block.
pub fn assemble(proposal: Proposal, tip: &Tip, map: &ContractMap) -> Result<CheckedBlock, Fault> {
    rules::protocol(tip.control.protocol)?;
    let submissions = List::new(proposal.submissions).map_err(|TooMany { found, max }| Fault::TooLarge {
        what: "submissions",
        found,
        max,
    })?;
    let body = Body { parent_certificate: proposal.parent_certificate, submissions };
    let content = Content::of(&body);
    let derived = derive(tip, map, &body, &content)?;
    let suite = Suite::Ed25519Sha256;
    let body_hash = content.body_hash(suite, &body);
    let header = Header {
        protocol: tip.control.protocol,
        suite,
        chain: tip.chain,
        height: tip.height.next(),
        time: proposal.time.max(tip.time),
        parent: tip.hash,
        body: body_hash,
        log_size: derived.frontier.size(),
        log_root: derived.frontier.root(),
        map_root: derived.staged.root(),
        control: derived.control.hash(),
        next_membership: derived.membership_hash,
        proposer: proposal.proposer,
    };
    let mut block = HashedBlock { hash: header.hash(), header, body, content, body_hash, bytes: 0 };
    block.bytes = block.encode().len();
    rules::limits(&tip.membership, block.content.leaves.len(), block.bytes)?;
    Ok(climb(block, tip, derived))
}

/// Judges a block's time against the voter's clock: only while voting, never on sync, replay or
/// audit, and never so that the answer is kept.
///
/// # Errors
/// [`Fault::Clock`].
pub fn check_clock(header: &Header, now: Timestamp, parameters: &Parameters) -> Result<(), Fault> {
    if header.time.0 > now.0.saturating_add(u64::from(parameters.clock_tolerance_ms)) {
        return Err(Fault::Clock { now, found: header.time });
    }
    Ok(())
}

impl HashedBlock {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.max(1024));
        codec::encode_into(&self.header, &mut |more: &[u8]| bytes.extend_from_slice(more));
        codec::encode_into(&self.body, &mut |more: &[u8]| bytes.extend_from_slice(more));
        bytes
    }

    /// The block, without what was computed.
    #[must_use]
    pub fn into_block(self) -> Block {
        Block { header: self.header, body: self.body }
    }
}

impl CheckedBlock {
    /// The block.
    #[must_use]
    pub const fn block(&self) -> &HashedBlock {
        &self.block
    }

    /// Where the chain stands once the block is final.
    #[must_use]
    pub const fn after(&self) -> &Tip {
        &self.after
    }

    /// What became of each event, in order.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// Final by its own certificate.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn finalize(self, certificate: Certificate) -> Result<FinalBlock, CertificateError> {
        let tip = &self.after;
        certificate.verify(&tip.chain, &tip.signers, tip.height, tip.hash)?;
        Ok(FinalBlock { checked: self, certificate: Some(certificate) })
    }

    /// Final by descent: a certified block lies above it.
    ///
    /// # Errors
    /// [`DescentError`], when the chain of headers does not hold this block.
    pub fn finalize_by_descent(self, descent: &Descent) -> Result<FinalBlock, DescentError> {
        if descent.hashes.get(&self.after.height) == Some(&self.after.hash) {
            return Ok(FinalBlock { checked: self, certificate: None });
        }
        Err(DescentError { height: self.after.height })
    }
}

impl FinalBlock {
    /// The block.
    #[must_use]
    pub const fn block(&self) -> &HashedBlock {
        &self.checked.block
    }

    /// Where the chain stands after it.
    #[must_use]
    pub const fn after(&self) -> &Tip {
        &self.checked.after
    }

    /// What became of each event, in order.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.checked.traces
    }

    /// Its own certificate; none where it is final by descent.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Moves the map over the block; the block keeps no copy of the changes, so a second time
    /// changes nothing.
    pub fn advance(&mut self, map: &mut ContractMap) {
        map.commit(std::mem::take(&mut self.checked.staged));
    }
}

/// A chain of headers read down from a certified one: whose hash lies on it is final.
#[derive(Clone, Debug)]
pub struct Descent {
    hashes: BTreeMap<Height, BlockHash>,
    lowest: (Height, BlockHash),
}

/// A header or block that does not lie on the chain that was read down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the block at height {height} does not lie on the chain of headers below the certified one")]
pub struct DescentError {
    /// The height.
    pub height: Height,
}

impl Descent {
    /// Begins at a certified header.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn new(
        chain: &ChainId,
        membership: &Membership,
        top: &Header,
        certificate: &Certificate,
    ) -> Result<Self, CertificateError> {
        let hash = top.hash();
        certificate.verify(chain, membership, top.height, hash)?;
        let below = (Height(top.height.0.saturating_sub(1)), top.parent);
        Ok(Self { hashes: BTreeMap::from([(top.height, hash)]), lowest: below })
    }

    /// Reads one header further down.
    ///
    /// # Errors
    /// [`DescentError`], when it is not the parent of the one above.
    pub fn down(&mut self, header: &Header) -> Result<(), DescentError> {
        let hash = header.hash();
        if (header.height, hash) != self.lowest {
            return Err(DescentError { height: header.height });
        }
        self.hashes.insert(header.height, hash);
        self.lowest = (Height(header.height.0.saturating_sub(1)), header.parent);
        Ok(())
    }
}
