//! Who may do what: members, their nodes, their keys, who answers for members that were removed, the chain's
//! parameters, and what outsiders must have signed (format.md §8).
//!
//! ```text
//! membership   next node number(4) ‖ province(6) ‖ heirs ‖ members ‖ parameters ‖ trust policy
//! heir         removed(6) ‖ its heir(6)
//! member       code(6) ‖ name in Chinese ‖ name in English ‖ governance key(33) ‖ vault key(32) ‖ nodes
//! node         number(4) ‖ voting power(4) ‖ keys
//! key          purpose(1) ‖ suite(1) ‖ key(32)
//! ```
//!
//! Every header commits to the *next* membership: what is signed in and for block h is judged by
//! the membership that block h − 1 committed to, so nobody can bring his own validators.

mod member;
mod parameters;
mod proposed;
mod shown;
mod text;
mod trust;

pub use crate::crypto::KeyBytes;
pub use member::{Key, Member, Node, NodeKey, Purpose, UnknownPurpose, VaultKey, VaultKeyError};
pub use parameters::{Bounds, MAX_BLOCK_BYTES, MAX_BLOCK_EVENTS, MAX_SUBMISSION_EVENTS, Parameters};
pub use shown::escaped;
pub use text::{NameError, check_name, check_origin, is_hidden};
pub use trust::{MAX_TRUST_BYTES, TrustError, TrustPolicy, VerifierKeyError};

use crate::codec::List;
use crate::crypto::{Domain, Hasher, Suite};
use crate::names::{MemberCode, MembershipHash, NodeNumber};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// No membership has more members.
pub const MAX_MEMBERS: usize = 64;
/// No member has more nodes.
pub const MAX_NODES: usize = 8;
/// No node has more keys: one for each purpose.
pub const MAX_KEYS: usize = 4;
/// No membership names more members that were removed.
pub const MAX_HEIRS: usize = 1024;

/// All members with their nodes, and what holds for all of them; valid by construction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Serialize)]
#[serde(transparent)]
pub struct Membership(MembershipDraft);

/// The fields of a membership, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembershipDraft {
    /// The lowest number that no node has ever had.
    pub next_node: NodeNumber,
    /// The member that is the province.
    pub province: MemberCode,
    /// Who answers for the members that were removed, in rising order of their codes.
    pub heirs: List<Heir, MAX_HEIRS>,
    /// The members, in rising order of their codes.
    pub members: List<Member, MAX_MEMBERS>,
    /// Limits and pacing.
    pub parameters: Parameters,
    /// What outsiders must have signed.
    pub trust: TrustPolicy,
}

/// Who answers for a member that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heir {
    /// It is a member no more.
    pub removed: MemberCode,
    /// The member that answers for it.
    pub heir: MemberCode,
}

/// Why a membership is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MembershipError {
    /// Members out of order, or one twice.
    #[error("members are not in rising order of their codes, at {0}")]
    MemberOrder(MemberCode),
    /// The province is no member.
    #[error("the province, {0}, is no member")]
    Province(MemberCode),
    /// Heirs out of order, or a code removed twice.
    #[error("heirs are not in rising order of the codes removed, at {0}")]
    HeirOrder(MemberCode),
    /// A code that is removed and a member.
    #[error("{0} stands among the removed, and is a member")]
    StillThere(MemberCode),
    /// An heir that is no member.
    #[error("the heir of {0} is {1}, which is no member")]
    NoHeir(MemberCode, MemberCode),
    /// A name that cannot be shown as it stands.
    #[error("a name of {0}: {1}")]
    Name(MemberCode, NameError),
    /// A vault key to which nothing can be sealed.
    #[error("the vault key of {0}: {1}")]
    Vault(MemberCode, VaultKeyError),
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
    #[error("parameter {} is out of bounds: it stands between {} and {}", .0.name, .0.least, .0.most)]
    Parameter(Bounds),
    /// A trust policy that is none.
    #[error("the trust policy: {0}")]
    Trust(#[from] TrustError),
    /// Too many members, nodes or keys, or too long a name.
    #[error(transparent)]
    TooMany(#[from] crate::codec::TooMany),
}

/// Whether `power` is more than two thirds of `total` (format.md §8): two sets of nodes with so much power share one
/// that is honest, as long as no more than a third lies.
#[must_use]
pub fn is_quorum_of(power: u64, total: u64) -> bool {
    u128::from(power).saturating_mul(3) > u128::from(total).saturating_mul(2)
}

impl Membership {
    /// Checks a draft; its members and heirs may stand in any order.
    ///
    /// # Errors
    /// [`MembershipError`], naming what does not fit.
    pub fn new(draft: MembershipDraft) -> Result<Self, MembershipError> {
        let (mut members, mut heirs) = (draft.members.into_vec(), draft.heirs.into_vec());
        members.sort_by_key(|member| member.code);
        heirs.sort_by_key(|heir| heir.removed);
        Self::in_order(MembershipDraft { members: List::new(members)?, heirs: List::new(heirs)?, ..draft })
    }

    /// Checks a draft as it stands, by every rule of format.md §8.
    fn in_order(draft: MembershipDraft) -> Result<Self, MembershipError> {
        let membership = Self(draft);
        membership.check_members()?;
        membership.check_heirs()?;
        membership.check_nodes()?;
        membership.check_keys()?;
        if membership.total_power() == 0 {
            return Err(MembershipError::NoPower);
        }
        membership.0.parameters.check()?;
        membership.0.trust.check()?;
        Ok(membership)
    }

    /// Codes, names and vault keys; the province is there.
    fn check_members(&self) -> Result<(), MembershipError> {
        use MembershipError as E;
        let mut last = None;
        for member in &self.0.members {
            if last >= Some(member.code) {
                return Err(E::MemberOrder(member.code));
            }
            last = Some(member.code);
            for name in [&*member.name_zh, &*member.name_en] {
                check_name(name).map_err(|why| E::Name(member.code, why))?;
            }
            member.vault.check().map_err(|why| E::Vault(member.code, why))?;
        }
        self.member(self.0.province).map(|_| ()).ok_or(E::Province(self.0.province))
    }

    /// Who was removed is no member, and has one heir that is.
    fn check_heirs(&self) -> Result<(), MembershipError> {
        use MembershipError as E;
        let mut last = None;
        for Heir { removed, heir } in &self.0.heirs {
            if last >= Some(*removed) {
                return Err(E::HeirOrder(*removed));
            }
            last = Some(*removed);
            if self.member(*removed).is_some() {
                return Err(E::StillThere(*removed));
            }
            if self.member(*heir).is_none() {
                return Err(E::NoHeir(*removed, *heir));
            }
        }
        Ok(())
    }

    /// Numbers of nodes, and one key a purpose.
    fn check_nodes(&self) -> Result<(), MembershipError> {
        use MembershipError as E;
        let mut numbers: Vec<NodeNumber> = Vec::new();
        for member in &self.0.members {
            let mut last = None;
            for node in &member.nodes {
                if last >= Some(node.number) {
                    return Err(E::NodeOrder(node.number));
                }
                last = Some(node.number);
                if node.number >= self.0.next_node {
                    return Err(E::NodeNumber(node.number, self.0.next_node));
                }
                if !node.keys.iter().map(|key| key.purpose).eq(Purpose::ALL) {
                    return Err(E::Keys(node.number));
                }
                numbers.push(node.number);
            }
        }
        twice(numbers).map_or(Ok(()), |number| Err(E::NodeTwice(number)))
    }

    /// No key stands twice, in any purpose.
    fn check_keys(&self) -> Result<(), MembershipError> {
        let own = self.0.members.iter().flat_map(|member| [*member.governance.key.as_bytes(), member.vault.0]);
        let of_nodes = self.nodes().flat_map(|(_, node)| node.keys.iter().map(|key| *key.key.as_bytes()));
        let found = twice(own.chain(of_nodes).collect());
        found.map_or(Ok(()), |key| Err(MembershipError::KeyTwice(crate::crypto::hex(&key))))
    }

    /// What it was made of.
    #[must_use]
    pub const fn draft(&self) -> &MembershipDraft {
        &self.0
    }

    /// The members, in rising order of their codes.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.0.members
    }

    /// The member that is the province.
    #[must_use]
    pub const fn province(&self) -> MemberCode {
        self.0.province
    }

    /// Who answers for the members that were removed, in rising order of their codes.
    #[must_use]
    pub fn heirs(&self) -> &[Heir] {
        &self.0.heirs
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.0.parameters
    }

    /// What outsiders must have signed.
    #[must_use]
    pub const fn trust(&self) -> &TrustPolicy {
        &self.0.trust
    }

    /// The lowest number that no node has ever had.
    #[must_use]
    pub const fn next_node(&self) -> NodeNumber {
        self.0.next_node
    }

    /// The member that answers for a code: itself, or its heir where it was removed; none where it never was a
    /// member (format.md §8).
    #[must_use]
    pub fn answers_for(&self, code: MemberCode) -> Option<MemberCode> {
        self.member(code).map(|member| member.code).or_else(|| self.heir_of(code))
    }

    /// The heir of a member that was removed.
    #[must_use]
    pub fn heir_of(&self, removed: MemberCode) -> Option<MemberCode> {
        self.0.heirs.iter().find(|heir| heir.removed == removed).map(|heir| heir.heir)
    }

    /// Every node with its member, in order of members.
    pub fn nodes(&self) -> impl Iterator<Item = (&Member, &Node)> {
        self.0.members.iter().flat_map(|member| member.nodes.iter().map(move |node| (member, node)))
    }

    /// A node and its member, by number.
    #[must_use]
    pub fn node(&self, number: NodeNumber) -> Option<(&Member, &Node)> {
        self.nodes().find(|(_, node)| node.number == number)
    }

    /// A member, by code.
    #[must_use]
    pub fn member(&self, code: MemberCode) -> Option<&Member> {
        self.0.members.iter().find(|member| member.code == code)
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

/// A value that stands twice.
fn twice<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.windows(2).find_map(|pair| match pair {
        [one, next] if one == next => Some(*one),
        _ => None,
    })
}

crate::codec::checked!(json Membership, MembershipDraft, Self::in_order);

#[cfg(test)]
mod tests;
