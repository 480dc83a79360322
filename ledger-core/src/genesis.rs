//! The first word of a chain: who its members are, and what it goes on from (format.md §12).
//!
//! ```text
//! genesis       protocol(2) ‖ suite(1) ‖ name ‖ time(8) ‖ option of predecessor ‖ membership
//!               ‖ VRF key(32) ‖ sealed VRF keys
//! predecessor   network id(32) ‖ header ‖ certificate ‖ frontier ‖ control ‖ signers ‖ next ‖ changes
//! ```
//!
//! The chain id is the hash of these bytes. A genesis stands as block 0: its time is the floor, the
//! chain id is block 1's parent.

mod ceremony;
mod difference;
mod json;
mod predecessor;
mod succession;

pub use ceremony::{Application, ApplicationError, first_membership};
pub use json::GenesisJsonError;
pub use predecessor::{Predecessor, PredecessorError};
pub use succession::{GenesisApproval, SuccessionError, verify_succession};

use crate::codec::{Bytes, List, Text};
use crate::crypto::{ChainId, Domain, Hasher, NetworkId, Suite};
use crate::event::Seal;
use crate::history::History;
use crate::lookup::VrfPublicKey;
use crate::membership::{MAX_MEMBERS, Membership, NameError, check_origin};
use crate::names::{BlockHash, Height, MemberCode, NodeNumber, OutOfRange, PROTOCOL, Protocol, Timestamp};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A genesis gives out at most so many node numbers, twice as many as there can be nodes: none uses them up.
pub const MAX_GIVEN_OUT: u32 = 1024;

/// Everything that a chain starts from; valid by construction. It reads as its [`GenesisDraft`], and is read from JSON
/// by [`from_json`](Genesis::from_json) alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Serialize)]
#[serde(transparent)]
pub struct Genesis(GenesisDraft);

/// The fields of a genesis, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisDraft {
    /// The rules of block 1.
    pub protocol: Protocol,
    /// The suite of block 1.
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
    /// Its secret half, sealed to the vault key of each member, in order of their codes.
    pub sealed_vrf: List<SealedVrf, MAX_MEMBERS>,
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

/// Why a genesis starts no chain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// Rules that this version does not know.
    #[error("protocol {0} is not known to this version")]
    Protocol(Protocol),
    /// A name that cannot be the log's origin.
    #[error("the name of the network: {0}")]
    Name(#[from] NameError),
    /// A time that is none.
    #[error("its time: {0}")]
    Time(#[from] OutOfRange),
    /// Not one sealed VRF key for each member.
    #[error("sealed VRF keys do not stand in order of the members, exactly one for each")]
    SealedVrf,
    /// Node numbers that would soon be used up.
    #[error("the genesis gives out node number {found} next; {most} is the highest that it may")]
    NextNode {
        /// The genesis's.
        found: NodeNumber,
        /// The highest allowed.
        most: NodeNumber,
    },
    /// What it goes on from does not fit.
    #[error("the predecessor: {0}")]
    Predecessor(#[from] PredecessorError),
}

impl Genesis {
    /// Checks a draft by every rule of format.md §12.
    ///
    /// # Errors
    /// [`GenesisError`], naming what does not fit.
    pub fn new(draft: GenesisDraft) -> Result<Self, GenesisError> {
        draft.check()?;
        Ok(Self(draft))
    }

    /// What it was made of.
    #[must_use]
    pub const fn draft(&self) -> &GenesisDraft {
        &self.0
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

    /// Who judges from block 1 on, before any change.
    #[must_use]
    pub fn history(&self) -> History {
        History::new(self.chain_id(), self.membership.clone())
    }

    /// The seals with which the log goes on in block 1: of the old tip, where there is one, and of
    /// this genesis.
    #[must_use]
    pub fn seals(&self) -> Vec<Seal> {
        let old = self.predecessor.as_ref().map(|old| Seal { height: old.header.height, block: old.header.hash() });
        old.into_iter().chain([Seal { height: Height(0), block: BlockHash(self.chain_id().0) }]).collect()
    }
}

impl std::ops::Deref for Genesis {
    type Target = GenesisDraft;
    fn deref(&self) -> &GenesisDraft {
        &self.0
    }
}

impl GenesisDraft {
    fn check(&self) -> Result<(), GenesisError> {
        if self.protocol < Protocol(1) || self.protocol > PROTOCOL {
            return Err(GenesisError::Protocol(self.protocol));
        }
        // Protocol 1 has suite 1, and no other suite decodes.
        match self.suite {
            Suite::Ed25519Sha256 => {}
        }
        check_origin(&self.name)?;
        self.time.checked()?;
        let members = self.membership.members().iter().map(|member| member.code);
        if !self.sealed_vrf.iter().map(|sealed| sealed.member).eq(members) {
            return Err(GenesisError::SealedVrf);
        }
        let given_out = self.predecessor.as_ref().map_or(NodeNumber(0), |old| old.next.next_node());
        let (found, most) = (self.membership.next_node(), NodeNumber(given_out.0.saturating_add(MAX_GIVEN_OUT)));
        if found > most {
            return Err(GenesisError::NextNode { found, most });
        }
        match &self.predecessor {
            Some(old) => Ok(old.check(self)?),
            None => Ok(()),
        }
    }
}

crate::codec::checked!(Genesis, GenesisDraft, Self::new);

#[cfg(test)]
mod tests;
