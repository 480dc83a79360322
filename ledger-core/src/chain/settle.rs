//! The order of the rules, which stands here once (format.md §11): what follows from a tip and a body, and the
//! comparison with what a header commits to. Proposing, checking, reading again and auditing all come here.
//!
//! It goes in two steps. Streams, control state and membership go in order from block to block and cost little;
//! log and contract map hash much, and may follow later, beside the signatures.

use crate::block::{Body, Header};
use crate::chain::fault::Commitment;
use crate::chain::folding::Folding;
use crate::chain::hashed::Content;
use crate::chain::{Fault, Head, Tip, rules};
use crate::governance::{self, Control};
use crate::membership::Membership;
use crate::merkle::{Frontier, LeafHash, LogSize};
use crate::names::{BlockHash, MapRoot, MembershipHash};
use std::sync::Arc;

/// What follows from a head and a body, but for log and contract map.
pub(crate) struct Settled<'a> {
    pub(crate) control: Control,
    /// Where it is another one than the head's.
    membership: Option<Membership>,
    pub(crate) membership_hash: MembershipHash,
    log_size: LogSize,
    pub(crate) folding: Folding<'a>,
}

/// First step: streams (format.md §11, step 3), then governance (§9).
pub(crate) fn settle<'a>(head: &Head, body: &'a Body, content: &'a Content) -> Result<Settled<'a>, Fault> {
    let (leaves, first) = (&content.leaves[..], head.first_index());
    let mut control = head.control().clone();
    let turns = rules::streams(head, &body.submissions, &mut control)?;
    let (deeds, membership) =
        governance::fold(&mut control, &head.chain(), head.height().next(), head.membership(), turns);
    let membership_hash = membership.as_ref().map_or(head.membership_hash(), Membership::hash);
    let log_size = LogSize(first.0.saturating_add(leaves.len() as u64));
    let folding = Folding { membership: Arc::clone(head.membership()), first, deeds, leaves };
    Ok(Settled { control, membership, membership_hash, log_size, folding })
}

impl<'a> Settled<'a> {
    /// Holds the header of the block against it (format.md §11, steps 4 and 5); gives the head after the block, and its
    /// fold.
    pub(crate) fn follow(self, below: &Head, header: &Header, hash: BlockHash) -> Result<(Head, Folding<'a>), Fault> {
        if header.log_size != self.log_size {
            return Err(Fault::LogSize { wanted: self.log_size, found: header.log_size });
        }
        if header.control != self.control.hash() {
            return Err(Fault::Commitment(Commitment::Control));
        }
        if header.next_membership != self.membership_hash {
            return Err(Fault::Commitment(Commitment::Membership));
        }
        Ok((below.after(header, hash, self.control, self.membership), self.folding))
    }

    /// A forger's head: nobody compared its header.
    #[cfg(any(test, feature = "fixture"))]
    pub(crate) fn forged(self, below: &Head, header: &Header) -> Head {
        below.after(header, header.hash(), self.control, self.membership)
    }
}

/// Second step: the log after the block, which is the seals of what lies below, then the events (format.md §11, step
/// 4). The map's fold is [`Folding::fold`].
pub(crate) fn extend(head: &Head, below: &Frontier, leaves: &[LeafHash]) -> Frontier {
    let mut frontier = below.clone();
    for seal in head.seals() {
        frontier.push(seal.leaf_hash());
    }
    frontier.extend(leaves);
    frontier
}

/// Holds the header's roots against log and map (format.md §11, steps 4 and 5), of the map where its root was
/// computed; gives where the chain then stands.
pub(crate) fn tip_after(head: Head, header: &Header, log: Frontier, map: Option<MapRoot>) -> Result<Tip, Fault> {
    if header.log_root != log.root() {
        return Err(Fault::Commitment(Commitment::Log));
    }
    match map {
        Some(root) if root != header.map_root => Err(Fault::Commitment(Commitment::Map)),
        Some(_) | None => Ok(head.into_tip(log, header.map_root)),
    }
}
