//! The one list of domain strings, and the suites (`format.md §2`).

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Declares the domains once: what a preimage is about, and its string.
macro_rules! domains {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)*) => {
        /// What a preimage is about. No two purposes share a string, so that bytes made for one can never
        /// stand for another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Domain { $($(#[$meta])* $name,)* }

        impl Domain {
            /// Every domain, in the order of this list.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The domain string: 8 to 31 bytes of ASCII.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

domains! {
    /// Genesis in its binary form; gives the chain id.
    Genesis = "luqi/genesis",
    /// A member's signed application for the genesis ceremony.
    Application = "luqi/application",
    /// A governance key's approval of a genesis.
    GenesisApproval = "luqi/genesis-approval",
    /// Block header; gives the block hash.
    Header = "luqi/header",
    /// Body of a block.
    Body = "luqi/body",
    /// Membership.
    Membership = "luqi/membership",
    /// Control state.
    Control = "luqi/control",
    /// Governance change and its height; gives the proposal id.
    Proposal = "luqi/proposal",
    /// A governance key's approval of a proposal.
    Approval = "luqi/approval",
    /// A node's signature over a submission.
    Submission = "luqi/submission",
    /// Consensus vote, first round of voting.
    Prevote = "luqi/prevote",
    /// Consensus vote, second round of voting; certificates are made of these.
    Precommit = "luqi/precommit",
    /// Consensus proposal.
    ConsensusProposal = "luqi/consensus-proposal",
    /// First and last part of a proposed block.
    Parts = "luqi/parts",
    /// Binding of a transport identity to a node.
    Validator = "luqi/validator",
    /// One slot of a record.
    Slot = "luqi/slot",
    /// Salt of one slot.
    Salt = "luqi/salt",
    /// Commitment to a record.
    Commitment = "luqi/commitment",
    /// VRF input of a contract.
    ContractVrf = "luqi/contract-vrf",
    /// VRF input of an employer.
    EmployerVrf = "luqi/employer-vrf",
    /// Subject, from a VRF output.
    Subject = "luqi/subject",
    /// State of a subject.
    State = "luqi/state",
    /// Hash chain over the events of a subject.
    History = "luqi/history",
    /// Key of the contract map.
    MapKey = "luqi/map-key",
    /// Leaf of the contract map.
    MapLeaf = "luqi/map-leaf",
    /// Inner node of the contract map.
    MapNode = "luqi/map-node",
    /// Data key of a sealed record.
    DataKey = "luqi/data-key",
    /// Lookup tag of a submitted item.
    Lookup = "luqi/lookup",
}

impl Domain {
    /// The head of every preimage, in its three parts: `length ‖ domain ‖ suite`.
    pub(crate) const fn head(self, suite: Suite) -> ([u8; 1], &'static [u8], [u8; 1]) {
        let text = self.as_str().as_bytes();
        // No domain has more than 31 bytes.
        let [.., length] = text.len().to_be_bytes();
        ([length], text, [suite.id()])
    }
}

/// The algorithms that a hash, a key or a signature belongs to (`format.md §1`, suite).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
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

impl From<Suite> for u8 {
    fn from(suite: Suite) -> Self {
        suite.id()
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

crate::codec::byte_tag!(Suite, |suite| suite.id());

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
        assert_eq!(Domain::Body.head(Suite::Ed25519Sha256), ([9], &b"luqi/body"[..], [1]));
    }
}
