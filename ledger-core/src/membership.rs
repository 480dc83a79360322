//! Who may do what: members, their nodes, their keys, and the chain's parameters.
//!
//! ```text
//! membership   next node number(4) ‖ members ‖ parameters
//! member       code(6) ‖ name in Chinese ‖ name in English ‖ governance key(33) ‖ vault key(32) ‖ nodes
//! node         number(4) ‖ voting power(4) ‖ keys
//! key          purpose(1) ‖ suite(1) ‖ key(32)
//! ```
//!
//! Every header commits to the *next* membership: what is signed in and for block h is judged by
//! the membership that block h − 1 committed to, so nobody can bring his own validators.

use crate::codec::{List, Text};
use crate::crypto::{Domain, Hasher, PublicKey, Suite, hash_newtype};
use crate::names::{MemberCode, MembershipHash, NodeNumber};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// No membership has more members.
pub const MAX_MEMBERS: usize = 64;
/// No member has more nodes.
pub const MAX_NODES: usize = 8;
/// No node has more keys.
pub const MAX_KEYS: usize = 8;

hash_newtype! {
    /// X25519 key to which vault deliveries and the VRF key are sealed.
    VaultKey
}

/// All members with their nodes, and the parameters; valid by construction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Serialize)]
pub struct Membership {
    next_node: NodeNumber,
    members: List<Member, MAX_MEMBERS>,
    parameters: Parameters,
}

/// A province or a city.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Division code.
    pub code: MemberCode,
    /// Name in Chinese.
    pub name_zh: Text<96>,
    /// Name in English.
    pub name_en: Text<96>,
    /// Offline key that approves changes of governance.
    pub governance: Key,
    /// Key to which deliveries are sealed.
    pub vault: VaultKey,
    /// Its nodes, in rising number.
    pub nodes: List<Node, MAX_NODES>,
}

/// A node: a validator where it has voting power, a replica where it has none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Never used twice.
    pub number: NodeNumber,
    /// Voting power.
    pub power: u32,
    /// Its keys, in rising purpose, one each.
    pub keys: List<NodeKey, MAX_KEYS>,
}

/// What a node's key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Votes and proposals.
    Consensus = 1,
    /// Submissions.
    Submission = 2,
    /// The transport identity.
    Peer = 3,
    /// Checkpoints as signed notes.
    Note = 4,
}

/// No purpose has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} is no purpose of a key")]
pub struct UnknownPurpose(u8);

impl Purpose {
    /// Every purpose; a node has a key for each.
    pub const ALL: [Self; 4] = [Self::Consensus, Self::Submission, Self::Peer, Self::Note];
}

impl TryFrom<u8> for Purpose {
    type Error = UnknownPurpose;
    fn try_from(id: u8) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|purpose| *purpose as u8 == id).ok_or(UnknownPurpose(id))
    }
}
crate::codec::byte_tag!(Purpose, |purpose: &Purpose| *purpose as u8);

/// A public key with its suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The suite, 1 for Ed25519.
    #[serde(with = "suite_number")]
    pub suite: Suite,
    /// The key.
    pub key: PublicKey,
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Self {
        Self { suite: Suite::Ed25519Sha256, key }
    }
}

/// A key of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeKey {
    /// What it is for.
    pub purpose: Purpose,
    /// The suite, 1 for Ed25519.
    #[serde(with = "suite_number")]
    pub suite: Suite,
    /// The key.
    pub key: PublicKey,
}

pub(crate) mod suite_number {
    //! The suite as its number in JSON.
    use crate::crypto::Suite;
    use serde::{Deserialize as _, Deserializer, Serializer};
    pub(crate) fn serialize<S: Serializer>(suite: &Suite, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(suite.id())
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Suite, D::Error> {
        Suite::try_from(u8::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// Limits and pacing of a chain, the same for every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// A block has at most so many bytes.
    pub block_bytes: u32,
    /// A block carries at most so many events.
    pub block_events: u32,
    /// A submission carries at most so many events.
    pub submission_events: u32,
    /// A voter refuses a block whose time is ahead of its own clock by more, in milliseconds.
    pub clock_tolerance_ms: u32,
    /// A block is proposed once so many events are pending.
    pub pace_events: u32,
    /// … or once the oldest has waited so long, in milliseconds.
    pub pace_wait_ms: u32,
    /// … or, empty, so long after a block with events, in milliseconds, to seal it into the log.
    pub pace_seal_ms: u32,
    /// … or, empty, so long after any block, in milliseconds.
    pub pace_idle_ms: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            block_bytes: 4 << 20,
            block_events: 10_000,
            submission_events: 1_000,
            clock_tolerance_ms: 5_000,
            pace_events: 500,
            pace_wait_ms: 5_000,
            pace_seal_ms: 60_000,
            pace_idle_ms: 600_000,
        }
    }
}

/// The most that [`Parameters::block_bytes`] may say: 32 MiB.
pub const MAX_BLOCK_BYTES: u32 = 32 << 20;
/// The most that [`Parameters::block_events`] may say.
pub const MAX_BLOCK_EVENTS: u32 = 100_000;

/// The most that [`Parameters::submission_events`] may say.
pub const MAX_SUBMISSION_EVENTS: u32 = 10_000;

/// Why a membership is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MembershipError {
    /// Members out of order, or one twice.
    #[error("members are not in rising order of their codes, at {0}")]
    MemberOrder(MemberCode),
    /// Not one province.
    #[error("a membership has exactly one province (a code ending in 0000); this one has {0}")]
    Provinces(usize),
    /// Nodes out of order within a member.
    #[error("nodes of a member are not in rising order of their numbers, at node {0}")]
    NodeOrder(NodeNumber),
    /// A number twice.
    #[error("node number {0} stands twice")]
    NodeTwice(NodeNumber),
    /// A number that was not given out yet.
    #[error("node number {0} is not below the next free number {1}")]
    NodeNumber(NodeNumber, NodeNumber),
    /// Not one key for each purpose.
    #[error("node {0} does not have exactly one key for each purpose, in rising order")]
    Keys(NodeNumber),
    /// One key for two things.
    #[error("the key {0} stands twice")]
    KeyTwice(String),
    /// Nobody can vote.
    #[error("no node has voting power")]
    NoPower,
    /// A limit that is out of bounds.
    #[error("parameter {0} is out of bounds")]
    Parameter(&'static str),
    /// Too many members, nodes or keys, or too long a name.
    #[error(transparent)]
    TooMany(#[from] crate::codec::TooMany),
}

/// Whether `power` is more than two thirds of `total`: two sets of nodes with so much power share one that is
/// honest, as long as no more than a third lies.
#[must_use]
pub fn is_quorum_of(power: u64, total: u64) -> bool {
    u128::from(power) * 3 > u128::from(total) * 2
}

impl Membership {
    /// Takes members, in any order, and checks them.
    ///
    /// # Errors
    /// [`MembershipError`], naming what does not fit.
    pub fn new(
        mut members: Vec<Member>,
        parameters: Parameters,
        next_node: NodeNumber,
    ) -> Result<Self, MembershipError> {
        members.sort_by_key(|member| member.code);
        let membership = Self { next_node, members: List::new(members)?, parameters };
        membership.check()?;
        Ok(membership)
    }

    fn check(&self) -> Result<(), MembershipError> {
        use MembershipError as E;
        if let Some(pair) = self.members.windows(2).find(|pair| matches!(pair, [a, b] if a.code >= b.code)) {
            return Err(E::MemberOrder(pair.last().map_or(MemberCode::ZERO, |member| member.code)));
        }
        match self.members.iter().filter(|member| member.code.is_province()).count() {
            1 => {}
            other => return Err(E::Provinces(other)),
        }
        let mut numbers: Vec<NodeNumber> = Vec::new();
        let mut keys: Vec<[u8; 32]> = Vec::new();
        for member in &self.members {
            keys.extend([*member.governance.key.as_bytes(), member.vault.0]);
            let mut last = None;
            for node in &member.nodes {
                if last >= Some(node.number) {
                    return Err(E::NodeOrder(node.number));
                }
                last = Some(node.number);
                if node.number >= self.next_node {
                    return Err(E::NodeNumber(node.number, self.next_node));
                }
                if !node.keys.iter().map(|key| key.purpose).eq(Purpose::ALL) {
                    return Err(E::Keys(node.number));
                }
                numbers.push(node.number);
                keys.extend(node.keys.iter().map(|key| *key.key.as_bytes()));
            }
        }
        numbers.sort_unstable();
        if let Some([twice, _]) = numbers.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(E::NodeTwice(*twice));
        }
        keys.sort_unstable();
        if let Some([twice, _]) = keys.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(E::KeyTwice(crate::crypto::hex(twice)));
        }
        if self.total_power() == 0 {
            return Err(E::NoPower);
        }
        self.parameters.check()
    }

    /// The members, in rising order of their codes.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The lowest number that no node has ever had.
    #[must_use]
    pub const fn next_node(&self) -> NodeNumber {
        self.next_node
    }

    /// Every node with its member, in order of members.
    pub fn nodes(&self) -> impl Iterator<Item = (&Member, &Node)> {
        self.members.iter().flat_map(|member| member.nodes.iter().map(move |node| (member, node)))
    }

    /// A node and its member, by number.
    #[must_use]
    pub fn node(&self, number: NodeNumber) -> Option<(&Member, &Node)> {
        self.nodes().find(|(_, node)| node.number == number)
    }

    /// A member, by code.
    #[must_use]
    pub fn member(&self, code: MemberCode) -> Option<&Member> {
        self.members.iter().find(|member| member.code == code)
    }

    /// Voting power of all nodes.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.nodes().map(|(_, node)| u64::from(node.power)).sum()
    }

    /// Whether `power` is more than two thirds of all.
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        is_quorum_of(power, self.total_power())
    }

    /// The hash that a header commits to.
    #[must_use]
    pub fn hash(&self) -> MembershipHash {
        MembershipHash(Hasher::new(Domain::Membership, Suite::Ed25519Sha256).value(self).finish())
    }
}

impl Member {
    /// Voting power of its nodes.
    #[must_use]
    pub fn power(&self) -> u64 {
        self.nodes.iter().map(|node| u64::from(node.power)).sum()
    }
}

impl Node {
    /// The key for a purpose. A node of a [`Membership`] has one for each.
    #[must_use]
    pub fn key(&self, purpose: Purpose) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.purpose == purpose).map(|key| &key.key)
    }
}

impl Parameters {
    fn check(&self) -> Result<(), MembershipError> {
        let bounds = [
            ("block_bytes", self.block_bytes, 64 << 10, MAX_BLOCK_BYTES),
            ("block_events", self.block_events, 1, MAX_BLOCK_EVENTS),
            ("submission_events", self.submission_events, 1, MAX_SUBMISSION_EVENTS),
            ("clock_tolerance_ms", self.clock_tolerance_ms, 1, 3_600_000),
            ("pace_events", self.pace_events, 1, MAX_BLOCK_EVENTS),
            ("pace_wait_ms", self.pace_wait_ms, 1, 3_600_000),
            ("pace_seal_ms", self.pace_seal_ms, 1, 86_400_000),
            ("pace_idle_ms", self.pace_idle_ms, 1, 86_400_000),
        ];
        match bounds.into_iter().find(|(_, value, low, high)| value < low || value > high) {
            Some((name, ..)) => Err(MembershipError::Parameter(name)),
            None => Ok(()),
        }
    }
}

/// The fields as they stand in bytes or JSON, not yet checked.
#[derive(Decode, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    next_node: NodeNumber,
    members: List<Member, MAX_MEMBERS>,
    parameters: Parameters,
}

impl TryFrom<Unchecked> for Membership {
    type Error = MembershipError;
    fn try_from(from: Unchecked) -> Result<Self, MembershipError> {
        let membership = Self { next_node: from.next_node, members: from.members, parameters: from.parameters };
        membership.check()?;
        Ok(membership)
    }
}

impl<C> Decode<C> for Membership {
    fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
        Unchecked::decode(from)?.try_into().map_err(crate::codec::refuse)
    }
}
bincode::impl_borrow_decode!(Membership);

impl<'de> Deserialize<'de> for Membership {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Unchecked::deserialize(from)?.try_into().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
