//! What a proposer makes, and what a voter asks beside the rules.

use crate::block::{Body, Header};
use crate::certificate::Certificate;
use crate::chain::hashed::{Content, HashedBlock};
use crate::chain::ladder::{CheckedBlock, fold, signatures};
use crate::chain::rules;
use crate::chain::settle::{extend, settle, tip_after};
use crate::chain::{Fault, Rules, Tip};
use crate::codec::{List, TooMany};
use crate::map::ContractMap;
use crate::membership::Parameters;
use crate::names::{NodeNumber, Timestamp};
use crate::submission::Submission;

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

/// Makes the block that follows a tip, by the same rules in the same order that check one.
///
/// # Errors
/// [`Fault`], when what is proposed cannot be in a block.
pub fn assemble(proposal: Proposal, tip: &Tip, map: &ContractMap) -> Result<CheckedBlock, Fault> {
    let head = tip.head();
    let Rules { protocol, suite } = head.rules()?;
    let submissions = List::new(proposal.submissions).map_err(|TooMany { found, max }| Fault::TooLarge {
        what: "submissions",
        found,
        max,
    })?;
    let body = Body { parent_certificate: proposal.parent_certificate, submissions };
    let content = Content::of(&body);
    rules::parent_certificate(head, body.parent_certificate.as_ref())?;
    let settled = settle(head, &body, &content)?;
    signatures(head, &body.submissions, &content)?;
    let frontier = extend(head, tip.frontier(), &content.leaves);
    let (staged, traces) = fold(&settled.folding, map);
    let body_hash = content.body_hash(suite, &body);
    let header = Header {
        protocol,
        suite,
        chain: tip.chain(),
        height: tip.height().next(),
        time: proposal.time.max(tip.time()),
        parent: tip.hash(),
        body: body_hash,
        log_size: frontier.size(),
        log_root: frontier.root(),
        map_root: staged.root(),
        control: settled.control.hash(),
        next_membership: settled.membership_hash,
        proposer: proposal.proposer,
    };
    let hash = header.hash();
    let (after, _) = settled.follow(head, &header, hash)?;
    let after = tip_after(after, &header, frontier, Some(staged.root()))?;
    let mut block = HashedBlock { hash, header, body, content, body_hash, bytes: 0 };
    block.bytes = block.encode().len();
    rules::limits(tip.membership(), block.content.leaves.len(), block.bytes)?;
    Ok(CheckedBlock { block, after, staged: Some(staged), traces })
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
