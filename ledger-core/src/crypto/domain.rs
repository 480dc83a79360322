//! The one list of domain strings, and the suites.

use bincode::{Decode, Encode};
use thiserror::Error;

/// What a preimage is about. No two purposes share a string, so that bytes made for one can never
/// stand for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Genesis in its binary form; gives the chain id.
    Genesis,
    /// A member's signed application for the genesis ceremony.
    Application,
    /// A governance key's approval of a genesis.
    GenesisApproval,
    /// Block header; gives the block hash.
    Header,
    /// Body of a block.
    Body,
    /// Membership.
    Membership,
    /// Control state.
    Control,
    /// Governance change and its height; gives the proposal id.
    Proposal,
    /// A governance key's approval of a proposal.
    Approval,
    /// A node's signature over a submission.
    Submission,
    /// Consensus vote, first round of voting.
    Prevote,
    /// Consensus vote, second round of voting; certificates are made of these.
    Precommit,
    /// Consensus proposal.
    ConsensusProposal,
    /// First and last part of a proposed block.
    Parts,
    /// Binding of a transport identity to a node.
    Validator,
    /// One slot of a record.
    Slot,
    /// Salt of one slot.
    Salt,
    /// Commitment to a record.
    Commitment,
    /// VRF input of a contract.
    ContractVrf,
    /// VRF input of an employer.
    EmployerVrf,
    /// Subject, from a VRF output.
    Subject,
    /// State of a subject.
    State,
    /// Hash chain over the events of a subject.
    History,
    /// Key of the contract map.
    MapKey,
    /// Leaf of the contract map.
    MapLeaf,
    /// Inner node of the contract map.
    MapNode,
    /// Data key of a sealed record.
    DataKey,
    /// Lookup tag of a submitted item.
    Lookup,
}

impl Domain {
    /// Every domain, in the order of this list.
    pub const ALL: [Self; 28] = [
        Self::Genesis,
        Self::Application,
        Self::GenesisApproval,
        Self::Header,
        Self::Body,
        Self::Membership,
        Self::Control,
        Self::Proposal,
        Self::Approval,
        Self::Submission,
        Self::Prevote,
        Self::Precommit,
        Self::ConsensusProposal,
        Self::Parts,
        Self::Validator,
        Self::Slot,
        Self::Salt,
        Self::Commitment,
        Self::ContractVrf,
        Self::EmployerVrf,
        Self::Subject,
        Self::State,
        Self::History,
        Self::MapKey,
        Self::MapLeaf,
        Self::MapNode,
        Self::DataKey,
        Self::Lookup,
    ];

    /// The domain string: 8 to 31 bytes of ASCII.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Genesis => "luqi/genesis",
            Self::Application => "luqi/application",
            Self::GenesisApproval => "luqi/genesis-approval",
            Self::Header => "luqi/header",
            Self::Body => "luqi/body",
            Self::Membership => "luqi/membership",
            Self::Control => "luqi/control",
            Self::Proposal => "luqi/proposal",
            Self::Approval => "luqi/approval",
            Self::Submission => "luqi/submission",
            Self::Prevote => "luqi/prevote",
            Self::Precommit => "luqi/precommit",
            Self::ConsensusProposal => "luqi/consensus-proposal",
            Self::Parts => "luqi/parts",
            Self::Validator => "luqi/validator",
            Self::Slot => "luqi/slot",
            Self::Salt => "luqi/salt",
            Self::Commitment => "luqi/commitment",
            Self::ContractVrf => "luqi/contract-vrf",
            Self::EmployerVrf => "luqi/employer-vrf",
            Self::Subject => "luqi/subject",
            Self::State => "luqi/state",
            Self::History => "luqi/history",
            Self::MapKey => "luqi/map-key",
            Self::MapLeaf => "luqi/map-leaf",
            Self::MapNode => "luqi/map-node",
            Self::DataKey => "luqi/data-key",
            Self::Lookup => "luqi/lookup",
        }
    }

    /// `length ‖ domain ‖ suite`, the head of every preimage: 33 bytes of which so many count.
    pub(crate) const fn head(self, suite: Suite) -> ([u8; 33], usize) {
        let text = self.as_str().as_bytes();
        let mut head = [0; 33];
        let (length, rest) = match head.split_first_mut() {
            Some(parts) => parts,
            None => return ([0; 33], 0),
        };
        *length = text.len() as u8;
        let (domain, after) = rest.split_at_mut(text.len());
        domain.copy_from_slice(text);
        if let Some(at) = after.first_mut() {
            *at = suite.id();
        }
        (head, text.len() + 2)
    }
}

/// The algorithms that a hash, a key or a signature belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// Suite 1: Ed25519 (RFC 8032, verified strictly) and SHA-256.
    #[default]
    Ed25519Sha256,
}

/// A suite number that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("suite {0} is not known to this version; it knows 1 (Ed25519, SHA-256)")]
pub struct UnknownSuite(pub u8);

impl Suite {
    /// The byte that stands for the suite in preimages and encodings.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Ed25519Sha256 => 1,
        }
    }
}

impl TryFrom<u8> for Suite {
    type Error = UnknownSuite;
    fn try_from(id: u8) -> Result<Self, UnknownSuite> {
        match id {
            1 => Ok(Self::Ed25519Sha256),
            other => Err(UnknownSuite(other)),
        }
    }
}

crate::codec::byte_tag!(Suite, |suite: &Suite| suite.id());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_distinct_and_of_lawful_length() {
        for (i, a) in Domain::ALL.iter().enumerate() {
            assert!((8..=31).contains(&a.as_str().len()), "{a:?}");
            assert!(a.as_str().is_ascii());
            for b in &Domain::ALL[i + 1..] {
                assert_ne!(a.as_str(), b.as_str());
            }
        }
    }

    #[test]
    fn head_is_length_domain_suite() {
        let (head, length) = Domain::Body.head(Suite::Ed25519Sha256);
        assert_eq!(&head[..length], b"\x09luqi/body\x01");
    }
}
