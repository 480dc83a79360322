//! What validators sign beside their votes (`format.md §10`). No rule of the chain looks at it.
//!
//! ```text
//! consensus proposal    chain id ‖ height(8) ‖ round(4) ‖ block hash(32) ‖ option of valid round(1 or 5) ‖ proposer(4)
//! parts                 chain id ‖ height(8) ‖ round(4) ‖ block hash(32) ‖ parts(4) ‖ bytes(4) ‖ proposer(4)
//! validator             chain id ‖ node number(4) ‖ peer key(32)
//! ```

use super::{Certificate, CommitSignature, Vote, VoteKind};
use crate::codec::List;
use crate::crypto::{ChainId, Domain, PublicKey, SecretKey, SignedMessage};
use crate::membership::{MAX_MEMBERS, MAX_NODES};
use crate::names::{BlockHash, Height, NodeNumber, Round};
use bincode::{Decode, Encode};

/// A proposer's claim that a block is to be voted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConsensusProposal {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// The block.
    pub block: BlockHash,
    /// The round in which it was found valid before, where it is proposed again.
    pub valid_round: Option<Round>,
    /// The proposer.
    pub proposer: NodeNumber,
}

/// Head of a block that travels in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Parts {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// The block.
    pub block: BlockHash,
    /// Number of parts.
    pub parts: u32,
    /// Bytes of the block.
    pub bytes: u32,
    /// The proposer.
    pub proposer: NodeNumber,
}

/// Binding of a transport identity to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ValidatorProof {
    /// The node.
    pub node: NodeNumber,
    /// Its peer key.
    pub peer: PublicKey,
}

impl ConsensusProposal {
    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self, chain: &ChainId) -> SignedMessage {
        SignedMessage::new(Domain::ConsensusProposal, chain, self)
    }
}

impl Parts {
    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self, chain: &ChainId) -> SignedMessage {
        SignedMessage::new(Domain::Parts, chain, self)
    }
}

impl ValidatorProof {
    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self, chain: &ChainId) -> SignedMessage {
        SignedMessage::new(Domain::Validator, chain, self)
    }
}

impl Certificate {
    /// A certificate of validators whose keys the caller holds: a network of one, or a test.
    #[must_use]
    pub fn sign(
        chain: &ChainId,
        height: Height,
        round: Round,
        block: BlockHash,
        signers: &[(NodeNumber, &SecretKey)],
    ) -> Self {
        let message = Vote { height, round, block: Some(block) }.message(VoteKind::Precommit, chain);
        let mut signatures: Vec<_> =
            signers.iter().map(|(node, key)| CommitSignature { node: *node, signature: key.sign(&message) }).collect();
        signatures.sort_by_key(|signature| signature.node);
        signatures.truncate(MAX_MEMBERS * MAX_NODES);
        Self { height, round, block, signatures: List::new(signatures).unwrap_or_default() }
    }
}
