//! The first word of a chain: who its members are, and what it goes on from.
//!
//! ```text
//! genesis       protocol(2) ‖ suite(1) ‖ name ‖ time(8) ‖ option of predecessor ‖ membership
//!               ‖ VRF key(32) ‖ sealed VRF keys ‖ trust policy
//! predecessor   network id(32) ‖ header ‖ certificate ‖ frontier ‖ control
//! trust policy  witnesses ‖ wanted(4) ‖ timestamp roots ‖ lag(8)
//! ```
//!
//! The chain id is the hash of these bytes. A genesis stands as block 0: its time is the floor, the
//! chain id is block 1's parent.

use crate::block::Header;
use crate::certificate::Certificate;
use crate::codec::{Bytes, List, Text};
use crate::crypto::{ChainId, Domain, Hasher, NetworkId, SecretKey, Signature, SignedMessage, Suite};
use crate::event::Seal;
use crate::governance::Control;
use crate::lookup::VrfPublicKey;
use crate::membership::{MAX_MEMBERS, Member, Membership, MembershipError};
use crate::merkle::Frontier;
use crate::names::{BlockHash, Height, MemberCode, NodeNumber, Protocol, Timestamp};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Everything that a chain starts from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The rules of block 1.
    pub protocol: Protocol,
    /// The suite of block 1.
    #[serde(with = "crate::membership::suite_number")]
    pub suite: Suite,
    /// Name of the network, which is also the log's origin.
    pub name: Text<64>,
    /// No block is earlier.
    pub time: Timestamp,
    /// The chain that this one continues.
    pub predecessor: Option<Predecessor>,
    /// The membership that judges block 1.
    pub membership: Membership,
    /// Public half of the key that makes subjects.
    pub vrf: VrfPublicKey,
    /// Its secret half, sealed to the vault keys of the members.
    pub sealed_vrf: List<SealedVrf, MAX_MEMBERS>,
    /// What outsiders must have signed.
    pub trust: TrustPolicy,
}

/// The VRF key for one member.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedVrf {
    /// Whose vault key opens it.
    pub member: MemberCode,
    /// The sealed key.
    pub sealed: Bytes<1024>,
}

/// The chain that is continued, at its tip: its log, map, streams and VRF key go on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// Chain id of the first genesis of all.
    pub network: NetworkId,
    /// Header of the tip.
    pub header: Header,
    /// Certificate of the tip.
    pub certificate: Certificate,
    /// The log at the tip.
    pub frontier: Frontier,
    /// The control state at the tip.
    pub control: Control,
}

/// What outsiders must have signed before an answer is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustPolicy {
    /// Verifier keys of the witnesses, as signed notes write them.
    pub witnesses: List<Text<512>, 32>,
    /// How many of them are wanted.
    pub wanted: u32,
    /// Certificates (DER) of the roots of timestamp authorities.
    pub timestamp_roots: List<Bytes<8192>, 8>,
    /// The policy is met while the tip is at most so many blocks above what it covers.
    pub lag: u64,
}

/// Why a genesis starts no chain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// Rules that this version does not know.
    #[error("protocol {0} is not known to this version")]
    Protocol(Protocol),
    /// More witnesses wanted than named.
    #[error("{wanted} witnesses are wanted and {named} are named")]
    Witnesses {
        /// Wanted.
        wanted: u32,
        /// Named.
        named: usize,
    },
    /// The parts of the predecessor do not belong together.
    #[error("the predecessor's {0} is not the one that its header commits to")]
    Predecessor(&'static str),
    /// An application that its member did not sign.
    #[error("the application of {0} is not signed by its governance key")]
    Application(MemberCode),
    /// Applications that make no membership.
    #[error(transparent)]
    Membership(#[from] MembershipError),
}

impl Genesis {
    /// Checks what the types do not say.
    ///
    /// # Errors
    /// [`GenesisError`], naming what does not fit.
    pub fn check(&self) -> Result<(), GenesisError> {
        if self.protocol != crate::names::PROTOCOL {
            return Err(GenesisError::Protocol(self.protocol));
        }
        if self.trust.wanted as usize > self.trust.witnesses.len() {
            return Err(GenesisError::Witnesses { wanted: self.trust.wanted, named: self.trust.witnesses.len() });
        }
        let Some(old) = &self.predecessor else { return Ok(()) };
        let wrong = |what| Err(GenesisError::Predecessor(what));
        if old.frontier.size() != old.header.log_size || old.frontier.root() != old.header.log_root {
            return wrong("frontier");
        }
        if old.control.hash() != old.header.control {
            return wrong("control state");
        }
        if old.certificate.block != old.header.hash() || old.certificate.height != old.header.height {
            return wrong("certificate");
        }
        if self.time < old.header.time {
            return wrong("time");
        }
        Ok(())
    }

    /// The chain id.
    #[must_use]
    pub fn chain_id(&self) -> ChainId {
        ChainId(Hasher::new(Domain::Genesis, self.suite).value(self).finish())
    }

    /// The chain id of the first genesis of all.
    #[must_use]
    pub fn network_id(&self) -> NetworkId {
        self.predecessor.as_ref().map_or_else(|| NetworkId(self.chain_id().0), |old| old.network)
    }

    /// The seals with which the log goes on in block 1: of the old tip, where there is one, and of
    /// this genesis.
    #[must_use]
    pub fn seals(&self) -> Vec<Seal> {
        let old = self.predecessor.as_ref().map(|old| Seal { height: old.header.height, block: old.header.hash() });
        old.into_iter().chain([Seal { height: Height(0), block: BlockHash(self.chain_id().0) }]).collect()
    }

    /// The bytes by which a member approves this genesis.
    #[must_use]
    pub fn approval_message(&self, member: MemberCode) -> SignedMessage {
        SignedMessage::new(Domain::GenesisApproval, &self.chain_id(), &member)
    }
}

/// What a member brings to the ceremony: its own entry, signed by its governance key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The member. Its nodes are numbered by the coordinator; here they count from 0.
    pub member: Member,
    /// By the governance key.
    pub signature: Signature,
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
    /// [`GenesisError::Application`].
    pub fn verify(&self) -> Result<&Member, GenesisError> {
        let message = application_message(&self.member);
        let checked = self.member.governance.key.verify(&message, &self.signature);
        checked.map(|()| &self.member).map_err(|_| GenesisError::Application(self.member.code))
    }
}

fn application_message(member: &Member) -> SignedMessage {
    SignedMessage::new(Domain::Application, &ChainId([0; 32]), member)
}

/// The first membership, from applications in any order: members by rising code, nodes numbered
/// from 1 in that order.
///
/// # Errors
/// [`GenesisError`], when one is not signed or they make no membership.
pub fn first_membership(
    applications: &[Application],
    parameters: crate::membership::Parameters,
) -> Result<Membership, GenesisError> {
    let mut members = Vec::new();
    for application in applications {
        members.push(application.verify()?.clone());
    }
    members.sort_by_key(|member| member.code);
    let mut number = NodeNumber(1);
    for member in &mut members {
        let mut nodes = member.nodes.to_vec();
        for node in &mut nodes {
            node.number = number;
            number = number.next();
        }
        member.nodes = List::new(nodes).map_err(MembershipError::from)?;
    }
    Ok(Membership::new(members, parameters, number)?)
}

#[cfg(test)]
mod tests;
