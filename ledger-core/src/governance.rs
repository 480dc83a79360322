//! How membership, parameters and protocol change: proposals, approvals, and the control state.
//!
//! ```text
//! change     1 ‖ member            a member is added, with its nodes
//!            2 ‖ code(6)           a member is removed
//!            3 ‖ code(6) ‖ node    a node is added
//!            4 ‖ number(4)         a node is removed
//!            5 ‖ number(4) ‖ power(4)
//!            6 ‖ number(4) ‖ keys  a node's keys are replaced
//!            7 ‖ code(6) ‖ governance key(33) ‖ vault key(32)
//!            8 ‖ parameters
//!            9 ‖ protocol(2)
//!
//! control    protocol of the next block(2) ‖ streams ‖ open proposals
//! stream     node number(4) ‖ last sequence(8)
//! proposal   id(32) ‖ proposer(6) ‖ change ‖ effective(8) ‖ approvals ‖ adopted(1)
//! ```
//!
//! A proposal is adopted once members with more than two thirds of the voting power have approved
//! it. It then enters the next membership at block max(adopting block, effective − 1), so that it
//! governs from `effective` on; what is not adopted by block `effective` lapses.

use crate::codec::{self, List, TooMany};
use crate::crypto::{ChainId, Domain, Hasher, SecretKey, Signature, SignatureError, SignedMessage, Suite};
use crate::names::{ControlHash, ProposalId};
use crate::outcome::{Outcome, Refusal};

use crate::membership::{
    Key, MAX_KEYS, MAX_MEMBERS, MAX_NODES, Member, Membership, MembershipError, Node, NodeKey, Parameters, VaultKey,
};
use crate::names::{Height, MemberCode, NodeNumber, Protocol, Sequence};
use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A member has at most so many open proposals.
pub const MAX_OPEN: usize = 4;
/// So many proposals are open at most, those of members that are no longer there among them.
pub const MAX_PROPOSALS: usize = MAX_MEMBERS * MAX_OPEN;

/// One change of governance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A member is added, with its nodes.
    AddMember(Member),
    /// A member is removed, with its nodes.
    RemoveMember(MemberCode),
    /// A node is added to a member.
    AddNode(MemberCode, Node),
    /// A node is removed.
    RemoveNode(NodeNumber),
    /// A node's voting power becomes another.
    SetPower(NodeNumber, u32),
    /// A node's keys are replaced.
    RotateNodeKeys(NodeNumber, List<NodeKey, MAX_KEYS>),
    /// A member's own keys are replaced.
    RotateMemberKeys(MemberCode, Key, VaultKey),
    /// The parameters are replaced.
    SetParameters(Parameters),
    /// Another protocol holds.
    Activate(Protocol),
}

/// A proposal of governance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Propose {
    /// What shall change.
    pub change: Change,
    /// The height from which it holds.
    pub effective: Height,
}

/// A member's approval of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Approve {
    /// The proposal.
    pub proposal: ProposalId,
    /// The member that approves.
    pub member: MemberCode,
    /// By its governance key, over proposal id and member code.
    pub signature: Signature,
}

/// Why a change cannot be made to a membership.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// There is no such member.
    #[error("there is no member {0}")]
    NoMember(MemberCode),
    /// There is such a member already.
    #[error("member {0} is there already")]
    MemberExists(MemberCode),
    /// There is no such node.
    #[error("there is no node {0}")]
    NoNode(NodeNumber),
    /// A number that was given out before.
    #[error("node number {0} was given out before; the next free one is {1}")]
    NumberUsed(NodeNumber, NodeNumber),
    /// A protocol that is not newer.
    #[error("protocol {0} is not newer than the one in force")]
    OldProtocol(Protocol),
    /// The membership would not be one.
    #[error("the membership after the change would not be valid: {0}")]
    Invalid(#[from] MembershipError),
}

impl Change {
    /// The id under which it is approved.
    #[must_use]
    pub fn id(&self, effective: Height) -> ProposalId {
        ProposalId(Hasher::new(Domain::Proposal, Suite::Ed25519Sha256).value(self).value(&effective).finish())
    }

    /// Membership and protocol after the change.
    ///
    /// # Errors
    /// [`ChangeError`], when it does not apply.
    pub fn apply(&self, to: &Membership, protocol: Protocol) -> Result<(Membership, Protocol), ChangeError> {
        use ChangeError as E;
        let mut members = to.members().to_vec();
        let mut parameters = *to.parameters();
        let mut next = to.next_node();
        let mut after = protocol;
        match self {
            Self::AddMember(member) => {
                if to.member(member.code).is_some() {
                    return Err(E::MemberExists(member.code));
                }
                for node in &member.nodes {
                    next = fresh(node.number, next)?;
                }
                members.push(member.clone());
            }
            Self::RemoveMember(code) => {
                find(&mut members, *code)?;
                members.retain(|member| member.code != *code);
            }
            Self::AddNode(code, node) => {
                next = fresh(node.number, next)?;
                let member = find(&mut members, *code)?;
                let mut nodes = member.nodes.to_vec();
                nodes.push(node.clone());
                member.nodes = List::new(nodes).map_err(MembershipError::from)?;
            }
            Self::RemoveNode(number) => {
                let (owner, _) = to.node(*number).ok_or(E::NoNode(*number))?;
                let member = find(&mut members, owner.code)?;
                let nodes = member.nodes.iter().filter(|node| node.number != *number).cloned().collect();
                member.nodes = List::new(nodes).map_err(MembershipError::from)?;
            }
            Self::SetPower(number, power) => edit(&mut members, to, *number, |node| node.power = *power)?,
            Self::RotateNodeKeys(number, keys) => edit(&mut members, to, *number, |node| node.keys = keys.clone())?,
            Self::RotateMemberKeys(code, governance, vault) => {
                let member = find(&mut members, *code)?;
                member.governance = *governance;
                member.vault = *vault;
            }
            Self::SetParameters(new) => parameters = *new,
            Self::Activate(new) => {
                if *new <= protocol {
                    return Err(E::OldProtocol(*new));
                }
                after = *new;
            }
        }
        Ok((Membership::new(members, parameters, next)?, after))
    }
}

fn find(members: &mut [Member], code: MemberCode) -> Result<&mut Member, ChangeError> {
    members.iter_mut().find(|member| member.code == code).ok_or(ChangeError::NoMember(code))
}

fn edit(
    members: &mut [Member],
    of: &Membership,
    number: NodeNumber,
    change: impl Fn(&mut Node),
) -> Result<(), ChangeError> {
    let (owner, _) = of.node(number).ok_or(ChangeError::NoNode(number))?;
    let member = find(members, owner.code)?;
    let mut nodes = member.nodes.to_vec();
    nodes.iter_mut().filter(|node| node.number == number).for_each(change);
    member.nodes = List::new(nodes).map_err(MembershipError::from)?;
    Ok(())
}

/// The next free number after `number` is given out.
fn fresh(number: NodeNumber, next: NodeNumber) -> Result<NodeNumber, ChangeError> {
    if number < next { Err(ChangeError::NumberUsed(number, next)) } else { Ok(number.next()) }
}

/// A proposal that is neither in force nor lapsed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenProposal {
    /// Its id.
    pub id: ProposalId,
    /// The member whose node submitted it.
    pub proposer: MemberCode,
    /// The change.
    pub change: Change,
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
    pub streams: List<Stream, { MAX_MEMBERS * MAX_NODES }>,
    /// Open proposals, in the order in which they were made.
    pub proposals: List<OpenProposal, MAX_PROPOSALS>,
}

/// The fields as they stand in bytes or JSON, not yet checked.
#[derive(Decode, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    protocol: Protocol,
    streams: List<Stream, { MAX_MEMBERS * MAX_NODES }>,
    proposals: List<OpenProposal, MAX_PROPOSALS>,
}

/// Streams that do not stand in rising node number, or one without a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a control state's streams stand in rising node number, each with a submission")]
pub struct StreamsOutOfOrder;

impl TryFrom<Unchecked> for Control {
    type Error = StreamsOutOfOrder;
    fn try_from(from: Unchecked) -> Result<Self, StreamsOutOfOrder> {
        let Unchecked { protocol, streams, proposals } = from;
        let rise = streams.is_sorted_by(|one, next| one.node < next.node);
        let begun = streams.iter().all(|stream| stream.last > Sequence(0));
        if rise && begun { Ok(Self { protocol, streams, proposals }) } else { Err(StreamsOutOfOrder) }
    }
}

impl<C> Decode<C> for Control {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, DecodeError> {
        Unchecked::decode(from)?.try_into().map_err(crate::codec::refuse)
    }
}
bincode::impl_borrow_decode!(Control);

impl<'de> Deserialize<'de> for Control {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Unchecked::deserialize(from)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl OpenProposal {
    /// Whether it is enacted when the block of a height closes.
    fn is_due(&self, height: Height) -> bool {
        self.adopted && height.next() >= self.effective
    }
}

impl Control {
    /// The control state below block 1.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, streams: List::default(), proposals: List::default() }
    }

    /// The hash that a header commits to.
    #[must_use]
    pub fn hash(&self) -> ControlHash {
        ControlHash(Hasher::new(Domain::Control, Suite::Ed25519Sha256).value(self).finish())
    }

    /// Goes on with the streams of a chain that this one continues. What was proposed there is over:
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

    /// Folds a proposal.
    pub(crate) fn propose(
        &mut self,
        actor: MemberCode,
        height: Height,
        membership: &Membership,
        propose: &Propose,
    ) -> Outcome {
        let id = propose.change.id(propose.effective);
        if propose.effective <= height {
            return Outcome::Refused(Refusal::TooLate);
        }
        if self.proposals.iter().any(|open| open.id == id) {
            return Outcome::Refused(Refusal::Duplicate);
        }
        let own = self.proposals.iter().filter(|open| open.proposer == actor).count();
        if own >= MAX_OPEN || self.proposals.len() >= MAX_PROPOSALS {
            return Outcome::Refused(Refusal::TooMany);
        }
        if propose.change.apply(membership, self.protocol).is_err() {
            return Outcome::Refused(Refusal::BadChange);
        }
        let open = OpenProposal {
            id,
            proposer: actor,
            change: propose.change.clone(),
            effective: propose.effective,
            approvals: List::default(),
            adopted: false,
        };
        match self.proposals.push(open) {
            Ok(()) => Outcome::Applied,
            Err(TooMany { .. }) => Outcome::Refused(Refusal::TooMany),
        }
    }

    /// Folds an approval.
    pub(crate) fn approve(&mut self, chain: &ChainId, membership: &Membership, approve: &Approve) -> Outcome {
        let Some(open) = self.proposals.iter_mut().find(|open| open.id == approve.proposal) else {
            return Outcome::Refused(Refusal::Unknown);
        };
        let Some(member) = membership.member(approve.member) else {
            return Outcome::Refused(Refusal::NotAuthorised);
        };
        if open.approvals.contains(&approve.member) {
            return Outcome::Refused(Refusal::Duplicate);
        }
        if approve.verify(chain, member).is_err() {
            return Outcome::Refused(Refusal::BadSignature);
        }
        match open.approvals.push(approve.member) {
            Ok(()) => Outcome::Applied,
            Err(TooMany { .. }) => Outcome::Refused(Refusal::TooMany),
        }
    }

    /// Closes a block: adopts what has its approvals, enacts what is due, drops what has lapsed.
    /// Gives the membership of the next block where it is another one.
    pub(crate) fn close(&mut self, height: Height, in_force: &Membership) -> Option<Membership> {
        let mut next: Option<Membership> = None;
        for proposal in self.proposals.iter_mut() {
            let approving = |member: &&Member| proposal.approvals.contains(&member.code);
            let power = in_force.members().iter().filter(approving).map(Member::power).sum();
            proposal.adopted |= in_force.is_quorum(power);
            if proposal.is_due(height) {
                // What no longer applies, since another change came first, is dropped.
                let before = next.as_ref().unwrap_or(in_force);
                if let Ok((membership, protocol)) = proposal.change.apply(before, self.protocol) {
                    next = Some(membership);
                    self.protocol = protocol;
                }
            }
        }
        self.proposals.retain(|proposal| !proposal.is_due(height) && height < proposal.effective);
        let next = next.filter(|next| next != in_force);
        if let Some(next) = &next {
            self.forget_past(in_force, next);
        }
        next
    }

    /// Drops the streams of nodes that are no longer there, and the approvals of members that are not, or
    /// that have another governance key now: the old one may have been given up because it leaked.
    fn forget_past(&mut self, before: &Membership, next: &Membership) {
        let key = |of: &Membership, code: MemberCode| of.member(code).map(|member| member.governance);
        self.streams.retain(|stream| next.node(stream.node).is_some());
        for proposal in self.proposals.iter_mut() {
            proposal.approvals.retain(|code| key(next, *code).is_some_and(|now| key(before, *code) == Some(now)));
        }
    }
}

fn approval_message(chain: &ChainId, proposal: &ProposalId, member: MemberCode) -> SignedMessage {
    SignedMessage::new(Domain::Approval, chain, &(*proposal, member))
}

impl Approve {
    /// Signs an approval with a member's governance key.
    #[must_use]
    pub fn sign(chain: &ChainId, key: &SecretKey, member: MemberCode, proposal: ProposalId) -> Self {
        let signature: Signature = key.sign(&approval_message(chain, &proposal, member));
        Self { proposal, member, signature }
    }

    /// Whether it is signed by a member's governance key, for this chain.
    ///
    /// # Errors
    /// [`SignatureError`], when it does not verify strictly.
    pub fn verify(&self, chain: &ChainId, member: &Member) -> Result<(), SignatureError> {
        member.governance.key.verify(&approval_message(chain, &self.proposal, self.member), &self.signature)
    }
}

impl Encode for Change {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        match self {
            Self::AddMember(member) => (1_u8, member).encode(to),
            Self::RemoveMember(code) => (2_u8, code).encode(to),
            Self::AddNode(code, node) => (3_u8, code, node).encode(to),
            Self::RemoveNode(number) => (4_u8, number).encode(to),
            Self::SetPower(number, power) => (5_u8, number, power).encode(to),
            Self::RotateNodeKeys(number, keys) => (6_u8, number, keys).encode(to),
            Self::RotateMemberKeys(code, governance, vault) => (7_u8, code, governance, vault).encode(to),
            Self::SetParameters(parameters) => (8_u8, parameters).encode(to),
            Self::Activate(protocol) => (9_u8, protocol).encode(to),
        }
    }
}

impl<C> Decode<C> for Change {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, DecodeError> {
        Ok(match u8::decode(from)? {
            1 => Self::AddMember(Decode::decode(from)?),
            2 => Self::RemoveMember(Decode::decode(from)?),
            3 => Self::AddNode(Decode::decode(from)?, Decode::decode(from)?),
            4 => Self::RemoveNode(Decode::decode(from)?),
            5 => Self::SetPower(Decode::decode(from)?, Decode::decode(from)?),
            6 => Self::RotateNodeKeys(Decode::decode(from)?, Decode::decode(from)?),
            7 => Self::RotateMemberKeys(Decode::decode(from)?, Decode::decode(from)?, Decode::decode(from)?),
            8 => Self::SetParameters(Decode::decode(from)?),
            9 => Self::Activate(Decode::decode(from)?),
            other => return Err(codec::refuse(format_args!("{other} is no change of governance"))),
        })
    }
}
bincode::impl_borrow_decode!(Change);

#[cfg(test)]
mod tests;
