//! The upper rungs: checked against a tip, made by a proposer, and final.

use crate::block::{Block, Body, Header};
use crate::certificate::{Certificate, CertificateError};
use crate::chain::hashed::{Content, HashedBlock};
use crate::chain::rules::{self, SignatureJob, States, Trace};
use crate::chain::settle::{compare_roots, extend, settle, tip_after};
use crate::chain::{Fault, Head, Rules, Tip};
use crate::codec::{self, List, TooMany};
use crate::contract::State;
use crate::crypto::ChainId;
use crate::map::{ContractMap, MapKey, Staged};
use crate::membership::{Membership, Parameters};
use crate::merkle::LeafHash;
use crate::names::{BlockHash, Height, NodeNumber, Timestamp};
use crate::outcome::Outcome;
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
    block: HashedBlock,
    after: Tip,
    /// None once the map has moved over it.
    staged: Option<Staged>,
    traces: Vec<Trace>,
    certificate: Option<Certificate>,
}

/// A map that is not the one that a block was checked against, or has moved over the block already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the contract map is not the one below block {0}, or has moved over it already")]
pub struct OtherMap(pub Height);

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

/// Folds the events of a block into the map's states (format.md §13, §14).
fn fold(
    head: &Head,
    map: &ContractMap,
    submissions: &[Submission],
    leaves: &[LeafHash],
    governed: &[Outcome],
) -> (Staged, Vec<Trace>) {
    let mut overlay = Overlay::over(map);
    let traces = rules::fold(rules::placed(head, submissions, leaves), governed, &mut overlay);
    (map.stage(overlay.into_changes()), traces)
}

/// Checks a block against the tip and the map at the tip, by every rule that does not depend on a
/// clock (format.md §11).
///
/// # Errors
/// [`Fault`], naming the first rule that the block breaks.
pub fn check(block: HashedBlock, tip: &Tip, map: &ContractMap) -> Result<CheckedBlock, Fault> {
    let head = &tip.head;
    rules::links(head, &block)?;
    rules::parent_certificate(head, block.body.parent_certificate.as_ref())?;
    let settled = settle(head, &block.body, block.content.leaves.len())?;
    signatures(head, &block.body.submissions, &block.content)?;
    settled.compare(&block.header)?;
    let frontier = extend(head, &tip.frontier, &block.content.leaves);
    let (staged, traces) = fold(head, map, &block.body.submissions, &block.content.leaves, &settled.governed);
    compare_roots(&block.header, &frontier, Some(staged.root()))?;
    let (head, _) = settled.into_head(head, &block);
    let after = tip_after(head, &block.header, frontier);
    Ok(CheckedBlock { block, after, staged, traces })
}

/// The signatures of the submissions hold (format.md §11, step 3).
fn signatures(head: &Head, submissions: &[Submission], content: &Content) -> Result<(), Fault> {
    rules::signatures(head, submissions, content).par_iter().try_for_each(SignatureJob::run)
}

/// Makes the block that follows a tip, by the same rules in the same order that check one.
///
/// # Errors
/// [`Fault`], when what is proposed cannot be in a block.
pub fn assemble(proposal: Proposal, tip: &Tip, map: &ContractMap) -> Result<CheckedBlock, Fault> {
    let head = &tip.head;
    let Rules { protocol, suite, .. } = head.rules()?;
    let submissions = List::new(proposal.submissions).map_err(|TooMany { found, max }| Fault::TooLarge {
        what: "submissions",
        found,
        max,
    })?;
    let body = Body { parent_certificate: proposal.parent_certificate, submissions };
    let content = Content::of(&body);
    rules::parent_certificate(head, body.parent_certificate.as_ref())?;
    let settled = settle(head, &body, content.leaves.len())?;
    signatures(head, &body.submissions, &content)?;
    let frontier = extend(head, &tip.frontier, &content.leaves);
    let (staged, traces) = fold(head, map, &body.submissions, &content.leaves, &settled.governed);
    let body_hash = content.body_hash(suite, &body);
    let header = Header {
        protocol,
        suite,
        chain: tip.chain,
        height: tip.height.next(),
        time: proposal.time.max(tip.time),
        parent: tip.hash,
        body: body_hash,
        log_size: frontier.size(),
        log_root: frontier.root(),
        map_root: staged.root(),
        control: settled.control_hash(),
        next_membership: settled.membership_hash(),
        proposer: proposal.proposer,
    };
    let mut block = HashedBlock { hash: header.hash(), header, body, content, body_hash, bytes: 0 };
    block.bytes = block.encode().len();
    rules::limits(&tip.membership, block.content.leaves.len(), block.bytes)?;
    let (head, _) = settled.into_head(head, &block);
    let after = tip_after(head, &block.header, frontier);
    Ok(CheckedBlock { block, after, staged, traces })
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
        rules::certified(&tip.head, &certificate)?;
        Ok(FinalBlock::new(self, Some(certificate)))
    }

    /// Final by descent: a certified block lies above it.
    ///
    /// # Errors
    /// [`DescentError`], when the chain of headers does not hold this block.
    pub fn finalize_by_descent(self, descent: &Descent) -> Result<FinalBlock, DescentError> {
        if descent.hashes.get(&self.after.height) == Some(&self.after.hash) {
            return Ok(FinalBlock::new(self, None));
        }
        Err(DescentError { height: self.after.height })
    }
}

impl FinalBlock {
    fn new(checked: CheckedBlock, certificate: Option<Certificate>) -> Self {
        let CheckedBlock { block, after, staged, traces } = checked;
        Self { block, after, staged: Some(staged), traces, certificate }
    }

    /// The block.
    #[must_use]
    pub const fn block(&self) -> &HashedBlock {
        &self.block
    }

    /// Where the chain stands after it.
    #[must_use]
    pub const fn after(&self) -> &Tip {
        &self.after
    }

    /// What became of each event, in order.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// Its own certificate; none where it is final by descent.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Moves the map over the block; the block keeps no copy of the changes.
    ///
    /// # Errors
    /// [`OtherMap`]: it is another map than the block was checked against, and stays as it is.
    pub fn advance(&mut self, map: &mut ContractMap) -> Result<(), OtherMap> {
        let height = self.after.height;
        let staged = self.staged.take_if(|staged| staged.starts_from(map)).ok_or(OtherMap(height))?;
        map.commit(staged);
        Ok(())
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
