//! What members bring to the ceremony of a genesis, and the first membership that is made of it (format.md §12).

use crate::codec::List;
use crate::crypto::{ChainId, Domain, SecretKey, Signature, SignedMessage};
use crate::membership::{Member, Membership, MembershipDraft, MembershipError, Parameters, TrustPolicy};
use crate::names::{MemberCode, NodeNumber};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a member brings to the ceremony: its own entry, signed by its governance key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The member. Its nodes are numbered by the coordinator; here they count from 0.
    pub member: Member,
    /// By the governance key.
    pub signature: Signature,
}

/// Why applications make no membership.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplicationError {
    /// An application that its member did not sign.
    #[error("the application of {0} is not signed by its governance key")]
    Signature(MemberCode),
    /// They do not fit together.
    #[error(transparent)]
    Membership(#[from] MembershipError),
}

impl Application {
    /// Signs a member's entry. There is no chain yet: its id is 32 zero bytes.
    #[must_use]
    pub fn sign(member: Member, key: &SecretKey) -> Self {
        let signature = key.sign(&application_message(&member));
        Self { member, signature }
    }

    /// The member, once its signature is found good.
    ///
    /// # Errors
    /// [`ApplicationError::Signature`].
    pub fn verify(&self) -> Result<&Member, ApplicationError> {
        let message = application_message(&self.member);
        let checked = self.member.governance.key.verify(&message, &self.signature);
        checked.map(|()| &self.member).map_err(|_| ApplicationError::Signature(self.member.code))
    }
}

fn application_message(member: &Member) -> SignedMessage {
    SignedMessage::new(Domain::Application, &ChainId([0; 32]), member)
}

/// The first membership, from applications in any order: members by rising code, nodes numbered
/// from 1 in that order.
///
/// # Errors
/// [`ApplicationError`], when one is not signed or they make no membership.
pub fn first_membership(
    applications: &[Application],
    province: MemberCode,
    parameters: Parameters,
    trust: TrustPolicy,
) -> Result<Membership, ApplicationError> {
    let mut members = Vec::new();
    for application in applications {
        members.push(application.verify()?.clone());
    }
    members.sort_by_key(|member| member.code);
    let mut next_node = NodeNumber(1);
    for node in members.iter_mut().flat_map(|member| member.nodes.iter_mut()) {
        node.number = next_node;
        next_node = next_node.next();
    }
    let members = List::new(members).map_err(MembershipError::from)?;
    let heirs = List::default();
    Ok(Membership::new(MembershipDraft { next_node, province, heirs, members, parameters, trust })?)
}
