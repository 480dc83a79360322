//! Whether a new genesis goes on from an old one (format.md §12, *a succession*): where a third or more of the keys
//! is lost for good, the members found the chain anew, and the same log goes on.

use super::Genesis;
use crate::crypto::{ChainId, Domain, NetworkId, SecretKey, Signature, SignedMessage};
use crate::history::HistoryError;
use crate::membership::Member;
use crate::names::MemberCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// A member's approval of a genesis that continues its chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisApproval {
    /// The member, as the old chain's next membership has it.
    pub member: MemberCode,
    /// By its governance key there, over its code, for the new chain.
    pub signature: Signature,
}

/// Why a genesis does not go on from another.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SuccessionError {
    /// It founds a chain of its own.
    #[error("the new genesis names no predecessor")]
    NoPredecessor,
    /// It goes on from another chain.
    #[error("the new genesis continues chain {0}, which is not that of the old genesis")]
    Chain(ChainId),
    /// It belongs to another network.
    #[error("the new genesis names network {0}, which is not that of the old genesis")]
    Network(NetworkId),
    /// Another name, so another log.
    #[error("the new genesis has another name than the old one")]
    Name,
    /// Another key makes the subjects.
    #[error("the new genesis has another VRF key than the old one")]
    Vrf,
    /// Changes of membership that prove nothing.
    #[error("the predecessor: {0}")]
    Change(#[from] HistoryError),
    /// Others than the changes lead to.
    #[error("the {0} that the predecessor names is not the one to which its changes lead from the old genesis")]
    Membership(&'static str),
    /// Nobody at the old tip.
    #[error("{0} approves, which is no member at the old chain's tip")]
    NoMember(MemberCode),
    /// Once is enough, and a second time is a mistake.
    #[error("{0} approves twice")]
    Twice(MemberCode),
    /// Not its key.
    #[error("the approval of {0} is not signed by its governance key at the old chain's tip")]
    Signature(MemberCode),
    /// Too few.
    #[error("members with {approving} of {total} of the voting power approve; more than two thirds are needed")]
    NoQuorum {
        /// Voting power of those that approve.
        approving: u64,
        /// Of all, at the old tip.
        total: u64,
    },
}

impl Genesis {
    /// The bytes by which a member approves this genesis.
    #[must_use]
    pub fn approval_message(&self, member: MemberCode) -> SignedMessage {
        SignedMessage::new(Domain::GenesisApproval, &self.chain_id(), &member)
    }
}

impl GenesisApproval {
    /// Signs an approval.
    #[must_use]
    pub fn sign(genesis: &Genesis, member: MemberCode, key: &SecretKey) -> Self {
        Self { member, signature: key.sign(&genesis.approval_message(member)) }
    }
}

/// Whether `new` goes on from the chain of `old`, by the will of its members. The memberships at the old tip are proved
/// from the old genesis on, so nobody makes one without keys of more than two thirds of some membership on that way.
/// That the header is the old chain's tip, only the old chain can tell: whoever has it compares the hash.
///
/// # Errors
/// [`SuccessionError`], naming the first rule that is broken.
pub fn verify_succession(old: &Genesis, new: &Genesis, approvals: &[GenesisApproval]) -> Result<(), SuccessionError> {
    use SuccessionError as E;
    let Some(tip) = &new.predecessor else { return Err(E::NoPredecessor) };
    if tip.header.chain != old.chain_id() {
        return Err(E::Chain(tip.header.chain));
    }
    if tip.network != old.network_id() {
        return Err(E::Network(tip.network));
    }
    if new.name != old.name {
        return Err(E::Name);
    }
    if new.vrf != old.vrf {
        return Err(E::Vrf);
    }
    let history = old.history().up_to(&tip.header, &tip.changes)?;
    if **history.judges(tip.header.height) != tip.signers {
        return Err(E::Membership("membership that certified its tip"));
    }
    if **history.latest() != tip.next {
        return Err(E::Membership("next membership"));
    }
    let mut approved: BTreeSet<MemberCode> = BTreeSet::new();
    for GenesisApproval { member: code, signature } in approvals {
        let member = tip.next.member(*code).ok_or(E::NoMember(*code))?;
        let message = new.approval_message(*code);
        member.governance.key.verify(&message, signature).map_err(|_| E::Signature(*code))?;
        if !approved.insert(*code) {
            return Err(E::Twice(*code));
        }
    }
    let approving = tip.next.members().iter().filter(|member| approved.contains(&member.code));
    let (approving, total) = (approving.map(Member::power).sum(), tip.next.total_power());
    if tip.next.is_quorum(approving) { Ok(()) } else { Err(E::NoQuorum { approving, total }) }
}
