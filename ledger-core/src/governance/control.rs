//! The control state: what the next block needs beside membership and map (format.md §9).
//!
//! ```text
//! control    protocol of the next block(2) ‖ streams ‖ open proposals
//! stream     node number(4) ‖ last sequence(8)
//! proposal   id(32) ‖ proposer(6) ‖ change ‖ effective(8) ‖ approvals ‖ adopted(1)
//! ```
//!
//! The hash that a header commits to is over the same, each proposal without its change: the id is over that.

use super::change::{Change, ChangeError, Propose};
use crate::codec::{List, TooMany};
use crate::crypto::{Domain, Hasher, Suite};
use crate::membership::{MAX_MEMBERS, MAX_NODES, Membership};
use crate::names::{ControlHash, Height, MemberCode, NodeNumber, ProposalId, Protocol, Sequence};
use crate::outcome::Refusal;
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use thiserror::Error;

/// A member has at most so many open proposals that take a place (format.md §9): none that is adopted, and none that
/// withdraws another of its own for the same height.
pub const MAX_OPEN: usize = 4;
/// A node makes at most so many proposals in a block; what is beyond is not read.
pub const MAX_PROPOSED: usize = 4;
/// A node brings at most so many approvals in a block; what is beyond is not read.
pub const MAX_APPROVED: usize = 256;
/// So many proposals are open at most.
pub const MAX_PROPOSALS: usize = MAX_MEMBERS * MAX_OPEN;
/// So many streams there are at most: one a node.
pub const MAX_STREAMS: usize = MAX_MEMBERS * MAX_NODES;
/// A proposal holds at most so many blocks ahead of the one that it stands in.
pub const MOST_AHEAD: u64 = 1_000_000;

/// A proposal that is neither in force nor lapsed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenProposal {
    /// Its id.
    pub id: ProposalId,
    /// The member whose node submitted it.
    pub proposer: MemberCode,
    /// The change; long ones are shared, not copied from block to block.
    #[serde(with = "shared")]
    pub change: Arc<Change>,
    /// The height from which it shall hold.
    pub effective: Height,
    /// The members that have approved it, in the order of their approvals.
    pub approvals: List<MemberCode, MAX_MEMBERS>,
    /// Whether more than two thirds have.
    pub adopted: bool,
}

/// Last sequence of a node's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The node.
    pub node: NodeNumber,
    /// The last sequence on the chain.
    pub last: Sequence,
}

/// What the next block needs beside membership and map; a header commits to it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Serialize)]
pub struct Control {
    /// The protocol of the next block.
    pub protocol: Protocol,
    /// Last sequences of the streams of present nodes, in rising node number; a stream without a
    /// submission is left out.
    pub streams: List<Stream, MAX_STREAMS>,
    /// Open proposals, in the order in which they were made; shared with the control states below until one changes.
    #[serde(with = "shared")]
    pub proposals: Arc<List<OpenProposal, MAX_PROPOSALS>>,
}

/// The fields as they stand in bytes or JSON, not yet checked.
#[derive(Decode, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    protocol: Protocol,
    streams: List<Stream, MAX_STREAMS>,
    #[serde(with = "shared")]
    proposals: Arc<List<OpenProposal, MAX_PROPOSALS>>,
}

mod shared {
    //! What is shared in memory stands in JSON as what it is.
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::sync::Arc;
    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(to)
    }
    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}

/// Why a control state is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// Streams that do not stand in rising node number, or one without a submission.
    #[error("a control state's streams stand in rising node number, each with a submission")]
    Streams,
    /// A proposal under another id than its own.
    #[error("the id {0} is not that of its change and height")]
    Id(ProposalId),
    /// A proposal that is open already.
    #[error("proposal {0} stands twice")]
    Twice(ProposalId),
    /// A member that has approved already.
    #[error("a member stands twice among those that approve proposal {0}")]
    Approvals(ProposalId),
}

impl Control {
    fn checked(Unchecked { protocol, streams, proposals }: Unchecked) -> Result<Self, ControlError> {
        let rise = streams.is_sorted_by(|one, next| one.node < next.node);
        if !rise || streams.iter().any(|stream| stream.last == Sequence(0)) {
            return Err(ControlError::Streams);
        }
        let mut ids = BTreeSet::new();
        for open in proposals.iter() {
            if open.id != open.change.id(open.effective) {
                return Err(ControlError::Id(open.id));
            }
            if !ids.insert(open.id) {
                return Err(ControlError::Twice(open.id));
            }
            let mut approving = BTreeSet::new();
            if !open.approvals.iter().all(|member| approving.insert(*member)) {
                return Err(ControlError::Approvals(open.id));
            }
        }
        Ok(Self { protocol, streams, proposals })
    }
}

crate::codec::checked!(json Control, Unchecked, Self::checked);

/// Why a proposal is refused (format.md §9), in the order of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProposeError {
    /// The height has passed.
    #[error("block {0} is the first in which it could hold")]
    TooLate(Height),
    /// The height is too far ahead.
    #[error("block {0} is the last that may be named: {MOST_AHEAD} ahead of the block that the proposal stands in")]
    TooFar(Height),
    /// It is open.
    #[error("it is proposed already")]
    Duplicate,
    /// The members have withdrawn it.
    #[error("it was withdrawn: propose it for another height")]
    Withdrawn,
    /// The member's places are taken.
    #[error("{MAX_OPEN} places of this member are taken by proposals that are open and not adopted")]
    TooManyOwn,
    /// There are too many open ones.
    #[error("{MAX_PROPOSALS} proposals are open already")]
    TooMany,
    /// A withdrawal of nothing.
    #[error("no open proposal that can be withdrawn has the id {0}")]
    NotOpen(ProposalId),
    /// A withdrawal that would be forgotten before what it withdraws is too late.
    #[error("the proposal that it withdraws is for block {0}: withdraw it with that height or a later one")]
    Sooner(Height),
    /// It does not apply.
    #[error(transparent)]
    BadChange(#[from] ChangeError),
}

impl ProposeError {
    /// The code under which the fold refuses it.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::TooLate(_) => Refusal::TooLate,
            Self::TooFar(_) => Refusal::TooFar,
            Self::Duplicate | Self::Withdrawn => Refusal::Duplicate,
            Self::TooManyOwn | Self::TooMany => Refusal::TooMany,
            Self::NotOpen(_) | Self::Sooner(_) | Self::BadChange(_) => Refusal::BadChange,
        }
    }
}

/// What a proposal that is not refused does (format.md §9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Considered {
    /// It is opened, and waits for approvals.
    Opens(OpenProposal),
    /// It takes back its own member's proposal at the end of the block, and is not opened.
    TakesBack(ProposalId),
}

impl OpenProposal {
    /// Whether it is a withdrawal that holds.
    #[must_use]
    pub fn has_withdrawn(&self) -> Option<ProposalId> {
        self.change.withdraws().filter(|_| self.adopted)
    }

    /// Whether nobody has said yes to it.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        !self.adopted && self.approvals.is_empty()
    }
}

impl Control {
    /// The control state below block 1.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, streams: List::default(), proposals: Arc::default() }
    }

    /// The hash that a header commits to: each proposal stands in it without its change, which its id is over.
    #[must_use]
    pub fn hash(&self) -> ControlHash {
        let proposals = self.proposals.map(|(_, open)| {
            let OpenProposal { id, proposer, change: _, effective, approvals, adopted } = open;
            (*id, *proposer, *effective, approvals.clone(), *adopted)
        });
        let hasher = Hasher::new(Domain::Control, Suite::Ed25519Sha256);
        ControlHash(hasher.value(&self.protocol).value(&self.streams).value(&proposals).finish())
    }

    /// Goes on with the streams of a chain that this one continues (format.md §12). What was proposed there is over:
    /// its approvals are signatures of another chain.
    pub(crate) fn carry_on(&mut self, old: &Self, membership: &Membership) {
        self.streams = old.streams.clone();
        self.streams.retain(|stream| membership.node(stream.node).is_some());
    }

    /// The last sequence of a node's stream; 0 before its first submission.
    #[must_use]
    pub fn last_sequence(&self, node: NodeNumber) -> Sequence {
        self.streams.iter().find(|stream| stream.node == node).map_or(Sequence(0), |stream| stream.last)
    }

    /// Counts one submission of a stream.
    ///
    /// # Errors
    /// [`TooMany`] streams: never of nodes of one membership, which has no more than there is room for.
    pub(crate) fn advance(&mut self, node: NodeNumber, last: Sequence) -> Result<(), TooMany> {
        match self.streams.binary_search_by_key(&node, |stream| stream.node) {
            Ok(at) => {
                self.streams.iter_mut().skip(at).take(1).for_each(|stream| stream.last = last);
                Ok(())
            }
            Err(at) => self.streams.insert(at, Stream { node, last }),
        }
    }

    /// An open proposal.
    #[must_use]
    pub fn open(&self, id: ProposalId) -> Option<&OpenProposal> {
        self.proposals.iter().find(|open| open.id == id)
    }

    /// What a proposal does in a block of a height, or why it is refused (format.md §9). How many a node makes in one
    /// block is not asked here.
    ///
    /// # Errors
    /// [`ProposeError`], naming the first rule that it breaks.
    pub fn consider(
        &self,
        proposer: MemberCode,
        height: Height,
        membership: &Membership,
        propose: &Propose,
    ) -> Result<Considered, ProposeError> {
        use ProposeError as E;
        let Propose { change, effective } = propose;
        if *effective <= height {
            return Err(E::TooLate(height.next()));
        }
        let last = Height(height.0.saturating_add(MOST_AHEAD));
        if *effective > last {
            return Err(E::TooFar(last));
        }
        let id = change.id(*effective);
        if self.open(id).is_some() {
            return Err(E::Duplicate);
        }
        if self.proposals.iter().any(|open| open.has_withdrawn() == Some(id)) {
            return Err(E::Withdrawn);
        }
        let taken_back = self.taken_back(proposer, change);
        if taken_back.is_none() {
            self.check_room(proposer, change, *effective)?;
        }
        self.check_withdrawn(change, *effective)?;
        change.apply(membership, self.protocol)?;
        if let Some(named) = taken_back {
            return Ok(Considered::TakesBack(named));
        }
        let (change, effective) = (Arc::clone(change), *effective);
        let approvals = List::default();
        Ok(Considered::Opens(OpenProposal { id, proposer, change, effective, approvals, adopted: false }))
    }

    /// The proposal that a member takes back by this change: its own, to which nobody has said yes.
    fn taken_back(&self, proposer: MemberCode, change: &Change) -> Option<ProposalId> {
        let named = self.open(change.withdraws()?)?;
        (named.proposer == proposer && named.is_untouched()).then_some(named.id)
    }

    /// Whether a change withdraws another proposal of the same member, for its very height. It takes no place: who has
    /// opened four in a member's name, and found somebody to approve them, must not keep it from withdrawing them.
    fn is_own_withdrawal(&self, proposer: MemberCode, change: &Change, effective: Height) -> bool {
        let named = change.withdraws().and_then(|id| self.open(id));
        named.is_some_and(|named| {
            named.proposer == proposer && named.effective == effective && named.change.withdraws().is_none()
        })
    }

    /// One more proposal of a member has a place: what is adopted takes none, since a quorum wants it.
    fn check_room(&self, proposer: MemberCode, change: &Change, effective: Height) -> Result<(), ProposeError> {
        let own = self.proposals.iter().filter(|open| open.proposer == proposer && !open.adopted);
        let taken = own.filter(|open| !self.is_own_withdrawal(proposer, &open.change, open.effective)).count();
        if taken >= MAX_OPEN && !self.is_own_withdrawal(proposer, change, effective) {
            return Err(ProposeError::TooManyOwn);
        }
        if self.proposals.len() >= MAX_PROPOSALS {
            return Err(ProposeError::TooMany);
        }
        Ok(())
    }

    /// What a withdrawal names is open, is no withdrawal that holds already, and comes too late no later than it: for
    /// so long the withdrawal stays, and keeps what it names from being proposed again with its old approvals.
    fn check_withdrawn(&self, change: &Change, effective: Height) -> Result<(), ProposeError> {
        let Some(id) = change.withdraws() else { return Ok(()) };
        match self.open(id).filter(|named| named.has_withdrawn().is_none()) {
            None => Err(ProposeError::NotOpen(id)),
            Some(named) if named.effective > effective => Err(ProposeError::Sooner(named.effective)),
            Some(_) => Ok(()),
        }
    }
}
