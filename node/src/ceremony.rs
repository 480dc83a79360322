//! The genesis ceremony: every member applies, one collects, all compare and install.
//!
//! A member draws its keys and signs its own entry, so a collector cannot give it others. The collector
//! draws the VRF key and seals it to every vault key; whoever holds it could guess at subjects, never
//! forge one. The chain id covers all of it: members that agree on it agree on everything.

use crate::home::{Home, HomeError};
use crate::keys::{KeyFileError, KeyName, NodeKeys, SealError, VaultSecret, draw_secret, draw_vrf, seal, write_key};
use ledger_core::codec::{Bytes, List, Text, TooMany};
use ledger_core::crypto::{ChainId, SecretKey, Suite};
use ledger_core::genesis::{
    Application, ApplicationError, Genesis, GenesisDraft, GenesisError, Predecessor, SealedVrf, first_membership,
};
use ledger_core::membership::{Key, Member, Membership, Node, Parameters, TrustPolicy};
use ledger_core::names::{MemberCode, NodeNumber, PROTOCOL, Timestamp};
use rand_core::{CryptoRng, RngCore};
use std::path::Path;
use thiserror::Error;

/// Who applies.
#[derive(Clone, Debug)]
pub struct Applicant<'a> {
    /// Division code.
    pub code: MemberCode,
    /// Name in Chinese.
    pub name_zh: &'a str,
    /// Name in English.
    pub name_en: &'a str,
    /// Voting power of each of its nodes.
    pub powers: &'a [u32],
}

/// Everything that a member draws for the ceremony.
#[derive(Debug)]
pub struct MemberKeys {
    /// Kept offline.
    pub governance: SecretKey,
    /// The same on each of its nodes.
    pub vault: VaultSecret,
    /// One set a node.
    pub nodes: Vec<NodeKeys>,
}

/// Why a ceremony does not come to an end.
#[derive(Debug, Error)]
pub enum CeremonyError {
    /// What does not fit into a membership.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// What makes no membership.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// Nobody, or more than one, has a province's code.
    #[error("one of the members has to be the province, and {0} of them have a code that ends in 0000: name it")]
    Province(usize),
    /// What starts no chain.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The VRF key does not fit into its box.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A home.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl MemberKeys {
    /// Draws the keys of a member with so many nodes.
    pub fn draw(nodes: usize, rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self {
            governance: SecretKey::from_seed(&draw_secret(rng)),
            vault: VaultSecret::draw(rng),
            nodes: (0..nodes).map(|_| NodeKeys::draw(rng)).collect(),
        }
    }

    /// The member's application, signed. Its nodes count from 0 until they are collected.
    ///
    /// # Errors
    /// [`CeremonyError::TooMany`]: too many nodes, or too long a name.
    pub fn apply(&self, who: &Applicant<'_>) -> Result<Application, CeremonyError> {
        let mut nodes = Vec::new();
        for ((keys, power), number) in self.nodes.iter().zip(who.powers).zip(0..) {
            nodes.push(Node { number: NodeNumber(number), power: *power, keys: List::new(keys.list().to_vec())? });
        }
        let member = Member {
            code: who.code,
            name_zh: Text::new(who.name_zh)?,
            name_en: Text::new(who.name_en)?,
            governance: Key::from(self.governance.public()),
            vault: self.vault.public(),
            nodes: List::new(nodes)?,
        };
        Ok(Application::sign(member, &self.governance))
    }

    /// Makes the file of the governance key, which belongs on no node.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn write_governance(&self, path: &Path) -> Result<(), KeyFileError> {
        write_key(path, KeyName::Governance, &self.governance.seed())
    }

    /// Prepares the home of one of its nodes, counted from 0; a number that it has not makes nothing.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn prepare(&self, node: usize, home: &Path) -> Result<(), HomeError> {
        self.nodes.get(node).map_or(Ok(()), |keys| Home::prepare(home, keys, &self.vault))
    }
}

/// What the members agree on beside their applications.
#[derive(Clone, Debug)]
pub struct Founding<'a> {
    /// Name of the network, and origin of its log.
    pub name: &'a str,
    /// The member that is the province; where none is named, the only one whose code ends in 0000 (GB/T 2260).
    pub province: Option<MemberCode>,
    /// No block is earlier.
    pub time: Timestamp,
    /// Limits and pacing.
    pub parameters: Parameters,
    /// What outsiders must have signed.
    pub trust: TrustPolicy,
}

impl<'a> Founding<'a> {
    /// A network of this name from a time on, with the parameters that are usual, and no outsiders.
    #[must_use]
    pub fn new(name: &'a str, time: Timestamp) -> Self {
        Self { name, province: None, time, parameters: Parameters::default(), trust: TrustPolicy::default() }
    }
}

/// Makes a genesis out of applications, in any order.
///
/// # Errors
/// [`CeremonyError`]: one is not signed, or they make no membership.
pub fn collect(
    applications: &[Application],
    founding: Founding<'_>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Genesis, CeremonyError> {
    let Founding { name, province, time, parameters, trust } = founding;
    let province = province.map_or_else(|| province_of(applications), Ok)?;
    let membership = first_membership(applications, province, parameters, trust)?;
    let vrf = draw_vrf(rng);
    let mut sealed_vrf = Vec::new();
    for member in membership.members() {
        let sealed = Bytes::new(seal(&member.vault, &*vrf.to_bytes(), rng)?)?;
        sealed_vrf.push(SealedVrf { member: member.code, sealed });
    }
    Ok(Genesis::new(GenesisDraft {
        protocol: PROTOCOL,
        suite: Suite::Ed25519Sha256,
        name: Text::new(name)?,
        time,
        predecessor: None,
        membership,
        vrf: vrf.public(),
        sealed_vrf: List::new(sealed_vrf)?,
    })?)
}

/// Makes a genesis that goes on from the chain of a home, whose node does not run: with the membership and parameters
/// that are named, the same name and VRF key, and no earlier than the old tip.
///
/// # Errors
/// [`CeremonyError`]: the keys cannot be read, or the membership does not go on from the one at the old tip.
pub fn continued(
    old: &Home,
    predecessor: Predecessor,
    membership: Membership,
    time: Timestamp,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Genesis, CeremonyError> {
    let before = old.genesis();
    let mut sealed_vrf = Vec::new();
    for member in membership.members() {
        let sealed = Bytes::new(old.seal_vrf(&member.vault, rng)?)?;
        sealed_vrf.push(SealedVrf { member: member.code, sealed });
    }
    Ok(Genesis::new(GenesisDraft {
        protocol: PROTOCOL,
        suite: before.suite,
        name: before.name.clone(),
        time: time.max(predecessor.header.time),
        predecessor: Some(predecessor),
        membership,
        vrf: before.vrf,
        sealed_vrf: List::new(sealed_vrf)?,
    })?)
}

fn province_of(applications: &[Application]) -> Result<MemberCode, CeremonyError> {
    let codes = applications.iter().map(|application| application.member.code);
    let provinces: Vec<MemberCode> = codes.filter(|code| code.as_str().ends_with("0000")).collect();
    match provinces.as_slice() {
        [one] => Ok(*one),
        other => Err(CeremonyError::Province(other.len())),
    }
}

/// What people read to each other on the telephone: the first twenty digits of the chain id.
#[must_use]
pub fn short_hash(chain: &ChainId) -> String {
    let digits = chain.to_string();
    let groups: Vec<&str> = (0..5).filter_map(|i| digits.get(4 * i..4 * i + 4)).collect();
    groups.join("-")
}
