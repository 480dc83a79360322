//! The votes of validators, and the certificate that they make, by which a block is final (`format.md §10`).
//!
//! ```text
//! prevote, precommit    chain id ‖ height(8) ‖ round(4) ‖ option of block hash(1 or 33)
//!
//! certificate           height(8) ‖ round(4) ‖ block hash(32) ‖ signatures
//! signature             node number(4) ‖ signature(64)
//! ```
//!
//! The bytes belong to no engine: prevote, precommit and the rest each have their own domain.

mod agreement;
mod equivocation;

pub use agreement::{ConsensusProposal, Parts, ValidatorProof};
pub use equivocation::{Equivocation, EquivocationError, Said, SignedTwice, Signer};

use crate::codec::List;
use crate::crypto::{ChainId, Domain, Signature, SignedMessage};
use crate::membership::{MAX_MEMBERS, MAX_NODES, Membership, Purpose};
use crate::names::{BlockHash, Height, NodeNumber, Round};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The two kinds of votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteKind {
    /// First round of voting.
    Prevote,
    /// Second round of voting.
    Precommit,
}

/// A vote for a block, or for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Vote {
    /// The height.
    pub height: Height,
    /// The round.
    pub round: Round,
    /// The block; none is a vote for nil.
    pub block: Option<BlockHash>,
}

impl Vote {
    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self, kind: VoteKind, chain: &ChainId) -> SignedMessage {
        let domain = match kind {
            VoteKind::Prevote => Domain::Prevote,
            VoteKind::Precommit => Domain::Precommit,
        };
        SignedMessage::new(domain, chain, self)
    }
}

/// One precommit within a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitSignature {
    /// The validator.
    pub node: NodeNumber,
    /// By its consensus key.
    pub signature: Signature,
}

/// More than two thirds of the voting power precommitted one block.
///
/// Two valid certificates of one block can exist; nothing follows from which of them one holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The height.
    pub height: Height,
    /// The round in which it was decided.
    pub round: Round,
    /// The block.
    pub block: BlockHash,
    /// The precommits, in rising node number.
    pub signatures: List<CommitSignature, { MAX_MEMBERS * MAX_NODES }>,
}

/// Why a certificate does not make a block final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// It is of another height.
    #[error("the certificate is of height {found}, not {wanted}")]
    Height {
        /// Height of the block.
        wanted: Height,
        /// Height in the certificate.
        found: Height,
    },
    /// It is of another block.
    #[error("the certificate is of block {found}, not {wanted}")]
    Block {
        /// Hash of the block.
        wanted: BlockHash,
        /// Hash in the certificate.
        found: BlockHash,
    },
    /// Signatures out of order, or one node twice.
    #[error("the signatures are not in rising node number, at node {0}")]
    Order(NodeNumber),
    /// A signature of somebody who may not vote.
    #[error("node {0} has no vote at this height")]
    NoVote(NodeNumber),
    /// A signature that does not verify.
    #[error("the precommit of node {0} does not verify")]
    Signature(NodeNumber),
    /// Too little voting power.
    #[error("the signatures carry {found} of {total} voting power; more than two thirds are needed")]
    Power {
        /// Voting power that signed.
        found: u64,
        /// Voting power of all.
        total: u64,
    },
}

impl Certificate {
    /// It is of this height and names this block.
    pub(crate) fn names(&self, height: Height, block: BlockHash) -> Result<(), CertificateError> {
        if self.height != height {
            return Err(CertificateError::Height { wanted: height, found: self.height });
        }
        if self.block != block {
            return Err(CertificateError::Block { wanted: block, found: self.block });
        }
        Ok(())
    }

    /// Checks that the validators of `membership` made `block` final at `height` (`format.md §10`).
    ///
    /// # Errors
    /// [`CertificateError`], naming the first thing that does not hold.
    pub fn verify(
        &self,
        chain: &ChainId,
        membership: &Membership,
        height: Height,
        block: BlockHash,
    ) -> Result<(), CertificateError> {
        use CertificateError as E;
        self.names(height, block)?;
        let vote = Vote { height, round: self.round, block: Some(block) };
        let message = vote.message(VoteKind::Precommit, chain);
        let mut last = None;
        let mut power = 0_u64;
        for CommitSignature { node, signature } in &self.signatures {
            if last >= Some(*node) {
                return Err(E::Order(*node));
            }
            last = Some(*node);
            let voter = membership.node(*node).map(|(_, node)| node).filter(|node| node.power > 0);
            let (voter, key) =
                voter.and_then(|voter| Some((voter, voter.key(Purpose::Consensus)?))).ok_or(E::NoVote(*node))?;
            key.verify(&message, signature).map_err(|_| E::Signature(*node))?;
            power = power.saturating_add(u64::from(voter.power));
        }
        if membership.is_quorum(power) {
            Ok(())
        } else {
            Err(E::Power { found: power, total: membership.total_power() })
        }
    }
}

#[cfg(test)]
mod tests;
