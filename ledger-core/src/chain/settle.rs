//! The order of the rules, which stands here once (format.md §11): what follows from a tip and a body, and the
//! comparison with what a header commits to. Proposing, checking, reading again and auditing all come here.
//!
//! It goes in two steps. Streams, control state and membership go in order from block to block and cost little;
//! log and contract map hash much, and may follow later, beside the signatures.

use crate::block::{Body, Header};
use crate::chain::fault::Commitment;
use crate::chain::hashed::HashedBlock;
use crate::chain::{Fault, Head, Tip, rules};
use crate::governance::Control;
use crate::membership::Membership;
use crate::merkle::{Frontier, LeafHash, LogSize};
use crate::names::{ControlHash, MapRoot, MembershipHash};
use crate::outcome::Outcome;

/// What follows from a head and a body, but for log and contract map.
pub(crate) struct Settled {
    control: Control,
    /// Where it is another one than the head's.
    membership: Option<Membership>,
    membership_hash: MembershipHash,
    log_size: LogSize,
    /// What became of the governance events, in order.
    pub(crate) governed: Vec<Outcome>,
}

/// First step: streams (format.md §11, step 3), then governance (§9).
pub(crate) fn settle(head: &Head, body: &Body, events: usize) -> Result<Settled, Fault> {
    let mut control = head.control.clone();
    rules::streams(head, &body.submissions, &mut control)?;
    let (governed, membership) = rules::govern(head, &body.submissions, &mut control);
    let membership_hash = membership.as_ref().map_or(head.membership_hash, Membership::hash);
    let log_size = LogSize(head.first_index().0.saturating_add(events as u64));
    Ok(Settled { control, membership, membership_hash, log_size, governed })
}

impl Settled {
    /// Hash of the control state.
    pub(super) fn control_hash(&self) -> ControlHash {
        self.control.hash()
    }

    /// Hash of the membership that judges the next block.
    pub(super) const fn membership_hash(&self) -> MembershipHash {
        self.membership_hash
    }

    /// Holds the header against it (format.md §11, steps 4 and 5).
    pub(crate) fn compare(&self, header: &Header) -> Result<(), Fault> {
        if header.log_size != self.log_size {
            return Err(Fault::LogSize { wanted: self.log_size, found: header.log_size });
        }
        if header.control != self.control.hash() {
            return Err(Fault::Commitment(Commitment::Control));
        }
        if header.next_membership != self.membership_hash {
            return Err(Fault::Commitment(Commitment::Membership));
        }
        Ok(())
    }

    /// The head after the block, and what became of its governance events.
    pub(crate) fn into_head(self, below: &Head, block: &HashedBlock) -> (Head, Vec<Outcome>) {
        (below.after(&block.header, block.hash, self.control, self.membership), self.governed)
    }
}

/// Second step: the log after the block (format.md §11, step 4). The map's fold is
/// [`fold`](crate::chain::rules::fold).
pub(crate) fn extend(head: &Head, below: &Frontier, leaves: &[LeafHash]) -> Frontier {
    rules::log(head, below, leaves)
}

/// Holds the header's roots against log and map (format.md §11, steps 4 and 5); of the map, where its root was
/// computed.
pub(crate) fn compare_roots(header: &Header, log: &Frontier, map: Option<MapRoot>) -> Result<(), Fault> {
    if header.log_root != log.root() {
        return Err(Fault::Commitment(Commitment::Log));
    }
    match map {
        Some(root) if root != header.map_root => Err(Fault::Commitment(Commitment::Map)),
        Some(_) | None => Ok(()),
    }
}

/// Where the chain stands after a block whose log and map are those of its header.
pub(crate) fn tip_after(head: Head, header: &Header, frontier: Frontier) -> Tip {
    Tip { head, frontier, map_root: header.map_root }
}
