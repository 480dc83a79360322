//! The changes of governance, what each does to a membership, and what is signed about them (format.md §9).

use crate::codec::{self, List};
use crate::crypto::{ChainId, Domain, Hasher, KeyError, Signature, SignatureError, SignedMessage, Suite};
use crate::membership::{
    Heir, Key, KeyBytes, MAX_KEYS, Member, Membership, MembershipDraft, MembershipError, Node, NodeKey, Parameters,
    TrustPolicy, VaultKey,
};
use crate::names::{Height, MemberCode, NodeNumber, ProposalId, Protocol};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// A new node's number is at most so far above the lowest free one: numbers are not used up by a mistake.
pub const MAX_NEW_NODE: u32 = 64;

codec::choice! {
    /// One change of governance: a tag, then the fields. Keys are bytes: whether they are any is asked when the
    /// change is applied (format.md §9).
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    Change, "change of governance",
    /// A member is added, with its nodes; one that was removed comes back.
    1 => AddMember(member: Member<KeyBytes>),
    /// A member is removed, with its nodes; the second answers for it.
    2 => RemoveMember(code: MemberCode, heir: MemberCode),
    /// A node is added to a member.
    3 => AddNode(code: MemberCode, node: Node<KeyBytes>),
    /// A node is removed.
    4 => RemoveNode(number: NodeNumber),
    /// A node's voting power becomes another.
    5 => SetPower(number: NodeNumber, power: u32),
    /// A node's keys are replaced.
    6 => RotateNodeKeys(number: NodeNumber, keys: List<NodeKey<KeyBytes>, MAX_KEYS>),
    /// A member's own keys are replaced.
    7 => RotateMemberKeys(code: MemberCode, governance: Key<KeyBytes>, vault: VaultKey),
    /// The parameters are replaced.
    8 => SetParameters(parameters: Parameters),
    /// The next protocol holds.
    9 => Activate(protocol: Protocol),
    /// An open proposal is taken from the table, adopted or not.
    10 => Withdraw(proposal: ProposalId),
    /// The trust policy is replaced.
    11 => SetTrust(trust: TrustPolicy),
}

/// A proposal of governance.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Propose {
    /// What shall change; shared with the control state, once it is open.
    pub change: Arc<Change>,
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
    /// A member cannot answer for itself once it is removed.
    #[error("{0} is to be removed and cannot be its own heir; name another member")]
    OwnHeir(MemberCode),
    /// There is no such node.
    #[error("there is no node {0}")]
    NoNode(NodeNumber),
    /// A number that was given out before.
    #[error("node number {0} was given out before; the next free one is {1}")]
    NumberUsed(NodeNumber, NodeNumber),
    /// A number too far above the free ones.
    #[error("node number {0} is more than {MAX_NEW_NODE} above the next free one, {1}")]
    NumberTooHigh(NodeNumber, NodeNumber),
    /// Bytes that are no key.
    #[error("a key in it is none: {0}")]
    Key(#[from] KeyError),
    /// Another protocol than the next.
    #[error("protocol {0} does not follow protocol {1}, which is in force")]
    NotNext(Protocol, Protocol),
    /// The membership would not be one.
    #[error("the membership after the change would not be valid: {0}")]
    Invalid(#[from] MembershipError),
}

impl Change {
    /// The id under which it is approved (format.md §9).
    #[must_use]
    pub fn id(&self, effective: Height) -> ProposalId {
        ProposalId(Hasher::new(Domain::Proposal, Suite::Ed25519Sha256).value(self).value(&effective).finish())
    }

    /// The proposal that it takes from the table.
    #[must_use]
    #[rustfmt::skip]
    pub const fn withdraws(&self) -> Option<ProposalId> {
        match self {
            Self::Withdraw(proposal) => Some(*proposal),
            Self::AddMember(_) | Self::RemoveMember(..) | Self::AddNode(..) | Self::RemoveNode(_) | Self::SetPower(..)
            | Self::RotateNodeKeys(..) | Self::RotateMemberKeys(..) | Self::SetParameters(_) | Self::Activate(_)
            | Self::SetTrust(_) => None,
        }
    }

    /// Membership and protocol after the change (format.md §9, *a change applies*). A withdrawal leaves both; whether
    /// it names an open proposal, the control state knows.
    ///
    /// # Errors
    /// [`ChangeError`], when it does not apply.
    pub fn apply(&self, to: &Membership, protocol: Protocol) -> Result<(Membership, Protocol), ChangeError> {
        let mut draft = to.draft().clone();
        match self {
            Self::AddMember(member) => add_member(&mut draft, member.parse()?)?,
            Self::RemoveMember(code, heir) => remove_member(&mut draft, *code, *heir)?,
            Self::AddNode(code, node) => {
                draft.next_node = after(node.number, draft.next_node)?;
                let node = node.parse()?;
                member_of(&mut draft, *code)?.nodes.push(node).map_err(MembershipError::from)?;
            }
            Self::RemoveNode(number) => {
                node_of(&mut draft, *number)?;
                draft.members.iter_mut().for_each(|member| member.nodes.retain(|node| node.number != *number));
            }
            Self::SetPower(number, power) => node_of(&mut draft, *number)?.power = *power,
            Self::RotateNodeKeys(number, keys) => node_of(&mut draft, *number)?.keys = keys.try_map(NodeKey::parse)?,
            Self::RotateMemberKeys(code, governance, vault) => {
                let member = member_of(&mut draft, *code)?;
                (member.governance, member.vault) = (governance.parse()?, *vault);
            }
            Self::SetParameters(parameters) => draft.parameters = *parameters,
            Self::SetTrust(trust) => draft.trust = trust.clone(),
            Self::Activate(new) if *new == protocol.next() && *new != protocol => return Ok((to.clone(), *new)),
            Self::Activate(new) => return Err(ChangeError::NotNext(*new, protocol)),
            Self::Withdraw(_) => return Ok((to.clone(), protocol)),
        }
        Ok((Membership::new(draft)?, protocol))
    }
}

/// A code that was removed comes back: nobody else answers for it any more.
fn add_member(draft: &mut MembershipDraft, member: Member) -> Result<(), ChangeError> {
    if draft.members.iter().any(|other| other.code == member.code) {
        return Err(ChangeError::MemberExists(member.code));
    }
    for node in &member.nodes {
        draft.next_node = after(node.number, draft.next_node)?;
    }
    draft.heirs.retain(|heir| heir.removed != member.code);
    draft.members.push(member).map_err(MembershipError::from)?;
    Ok(())
}

/// Who answers for the code named as heir answers for the member from now on, and for those that it answered for.
fn remove_member(draft: &mut MembershipDraft, code: MemberCode, heir: MemberCode) -> Result<(), ChangeError> {
    member_of(draft, code)?;
    // An heir that was removed in the meantime has an heir itself.
    let heir = draft.heirs.iter().find(|entry| entry.removed == heir).map_or(heir, |entry| entry.heir);
    if code == heir {
        return Err(ChangeError::OwnHeir(code));
    }
    member_of(draft, heir)?;
    draft.members.retain(|member| member.code != code);
    draft.heirs.iter_mut().filter(|entry| entry.heir == code).for_each(|entry| entry.heir = heir);
    draft.heirs.push(Heir { removed: code, heir }).map_err(MembershipError::from)?;
    Ok(())
}

fn member_of(draft: &mut MembershipDraft, code: MemberCode) -> Result<&mut Member, ChangeError> {
    draft.members.iter_mut().find(|member| member.code == code).ok_or(ChangeError::NoMember(code))
}

fn node_of(draft: &mut MembershipDraft, number: NodeNumber) -> Result<&mut Node, ChangeError> {
    let mut nodes = draft.members.iter_mut().flat_map(|member| member.nodes.iter_mut());
    nodes.find(|node| node.number == number).ok_or(ChangeError::NoNode(number))
}

/// The next free number after `number` is given out.
fn after(number: NodeNumber, next: NodeNumber) -> Result<NodeNumber, ChangeError> {
    match number.0.checked_sub(next.0) {
        None => Err(ChangeError::NumberUsed(number, next)),
        Some(0..=MAX_NEW_NODE) => Ok(number.next()),
        Some(_) => Err(ChangeError::NumberTooHigh(number, next)),
    }
}

pub(super) fn approval_message(chain: &ChainId, proposal: &ProposalId, member: MemberCode) -> SignedMessage {
    SignedMessage::new(Domain::Approval, chain, &(*proposal, member))
}

impl Approve {
    /// Whether it is signed by a member's governance key, for this chain.
    ///
    /// # Errors
    /// [`SignatureError`], when it does not verify strictly.
    pub fn verify(&self, chain: &ChainId, member: &Member) -> Result<(), SignatureError> {
        member.governance.key.verify(&approval_message(chain, &self.proposal, self.member), &self.signature)
    }
}
