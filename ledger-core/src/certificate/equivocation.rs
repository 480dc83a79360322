//! Two messages of one validator that an honest one signs only one of (`format.md §10`). No rule of the chain looks
//! at it.
//!
//! ```text
//! equivocation   chain id ‖ node number(4) ‖ kind(1) ‖ height(8) ‖ round(4) ‖ said ‖ said
//! said           option of block hash(1 or 33) ‖ option of valid round(1 or 5) ‖ signature(64)
//! ```
//!
//! That layout is no part of the ledger: what is signed are the messages, which follow from it.

use super::{ConsensusProposal, Vote, VoteKind};
use crate::codec;
use crate::crypto::{ChainId, PublicKey, Signature, SignedMessage};
use crate::membership::{Membership, Purpose};
use crate::names::{BlockHash, Height, MemberCode, NodeNumber, Round};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

codec::choice! {
    /// What was signed twice.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    SignedTwice, "kind of message that is signed twice",
    /// A vote of the first kind.
    1 => Prevote,
    /// A vote of the second kind.
    2 => Precommit,
    /// A proposal.
    3 => Proposal,
}

/// What one of the two messages says, and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Said {
    /// The block; none for nil, which no proposal says.
    pub block: Option<BlockHash>,
    /// Of a proposal, the round in which the block was found valid before.
    pub valid_round: Option<Round>,
    /// By the node's consensus key.
    pub signature: Signature,
}

/// Two messages of one kind, height and round by one node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Equivocation {
    /// The chain.
    pub chain: ChainId,
    /// Who signed both.
    pub node: NodeNumber,
    /// What they are.
    pub kind: SignedTwice,
    /// The height of both.
    pub height: Height,
    /// The round of both.
    pub round: Round,
    /// The two.
    pub said: [Said; 2],
}

/// Who signed both, by the membership that judges the height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Its member.
    pub member: MemberCode,
    /// Its consensus key at that height.
    pub key: PublicKey,
}

/// Why two messages prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EquivocationError {
    /// A vote with a valid round, or a proposal of no block.
    #[error("message {0} is none that a validator signs")]
    NoMessage(usize),
    /// The same twice.
    #[error("both messages say the same")]
    Same,
    /// Somebody who may not vote.
    #[error("node {0} has no vote at this height")]
    NoVote(NodeNumber),
    /// A signature that does not verify.
    #[error("the signature of message {0} does not verify under the node's consensus key at this height")]
    Signature(usize),
}

impl Equivocation {
    /// The messages that are signed.
    ///
    /// # Errors
    /// [`EquivocationError::NoMessage`].
    pub fn messages(&self) -> Result<[SignedMessage; 2], EquivocationError> {
        let [one, other] = &self.said;
        let wrong = EquivocationError::NoMessage;
        Ok([self.message(one).ok_or(wrong(1))?, self.message(other).ok_or(wrong(2))?])
    }

    fn message(&self, said: &Said) -> Option<SignedMessage> {
        let (height, round, proposer) = (self.height, self.round, self.node);
        let vote = |kind, block| Vote { height, round, block }.message(kind, &self.chain);
        match (self.kind, said.block, said.valid_round) {
            (SignedTwice::Prevote, block, None) => Some(vote(VoteKind::Prevote, block)),
            (SignedTwice::Precommit, block, None) => Some(vote(VoteKind::Precommit, block)),
            (SignedTwice::Proposal, Some(block), valid_round) => {
                Some(ConsensusProposal { height, round, block, valid_round, proposer }.message(&self.chain))
            }
            (SignedTwice::Prevote | SignedTwice::Precommit, None | Some(_), Some(_))
            | (SignedTwice::Proposal, None, None | Some(_)) => None,
        }
    }

    /// That they are two messages which contradict each other, both signed by a key.
    ///
    /// # Errors
    /// [`EquivocationError`], naming the first thing that does not hold.
    pub fn signed_by(&self, key: &PublicKey) -> Result<(), EquivocationError> {
        let messages = self.messages()?;
        let [one, other] = &self.said;
        if (one.block, one.valid_round) == (other.block, other.valid_round) {
            return Err(EquivocationError::Same);
        }
        for (number, (message, said)) in (1..).zip(messages.iter().zip(&self.said)) {
            key.verify(message, &said.signature).map_err(|_| EquivocationError::Signature(number))?;
        }
        Ok(())
    }

    /// That a validator signed both, by the membership that judges their height.
    ///
    /// # Errors
    /// [`EquivocationError`], naming the first thing that does not hold.
    pub fn verify(&self, judges: &Membership) -> Result<Signer, EquivocationError> {
        let no_vote = EquivocationError::NoVote(self.node);
        let (member, node) = judges.node(self.node).filter(|(_, node)| node.power > 0).ok_or(no_vote)?;
        let key = *node.key(Purpose::Consensus).ok_or(no_vote)?;
        self.signed_by(&key)?;
        Ok(Signer { member: member.code, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretKey;
    use crate::fixture::{Network, node_key};

    fn key(node: u32) -> SecretKey {
        node_key(node, Purpose::Consensus)
    }

    /// Two messages of a kind by node 4, each signed by a key.
    fn signed(kind: SignedTwice, said: [(Option<BlockHash>, Option<Round>); 2], by: [&SecretKey; 2]) -> Equivocation {
        let chain = Network::new(4).tip.chain();
        let unsigned = said.map(|(block, valid_round)| Said { block, valid_round, signature: Signature([0; 64]) });
        let mut of =
            Equivocation { chain, node: NodeNumber(4), kind, height: Height(7), round: Round(2), said: unsigned };
        if let Ok(messages) = of.messages() {
            for ((said, message), key) in of.said.iter_mut().zip(&messages).zip(by) {
                said.signature = key.sign(message);
            }
        }
        of
    }

    const A: (Option<BlockHash>, Option<Round>) = (Some(BlockHash([1; 32])), None);
    const B: (Option<BlockHash>, Option<Round>) = (Some(BlockHash([2; 32])), None);
    const NIL: (Option<BlockHash>, Option<Round>) = (None, None);
    const AGAIN: (Option<BlockHash>, Option<Round>) = (Some(BlockHash([1; 32])), Some(Round(1)));

    #[test]
    fn two_messages_of_one_validator_hold_and_nothing_less() {
        use EquivocationError as E;
        use SignedTwice::{Precommit, Prevote, Proposal};
        let membership = Network::new(4).tip.membership().clone();
        let (own, other) = (key(4), key(3));
        let both = [&own, &own];
        let verify = |of: &Equivocation| of.verify(&membership).map(|signer| signer.key);
        for (kind, said) in [(Prevote, [A, NIL]), (Precommit, [A, B]), (Proposal, [A, B]), (Proposal, [A, AGAIN])] {
            assert_eq!(verify(&signed(kind, said, both)), Ok(own.public()), "{kind:?}");
        }
        assert_eq!(verify(&signed(Prevote, [A, A], both)), Err(E::Same));
        assert_eq!(verify(&signed(Prevote, [A, AGAIN], both)), Err(E::NoMessage(2)));
        assert_eq!(verify(&signed(Proposal, [NIL, A], both)), Err(E::NoMessage(1)));
        assert_eq!(verify(&signed(Prevote, [A, B], [&other, &own])), Err(E::Signature(1)));
        assert_eq!(verify(&signed(Prevote, [A, B], [&own, &other])), Err(E::Signature(2)));
        let of_nobody = Equivocation { node: NodeNumber(9), ..signed(Prevote, [A, B], both) };
        assert_eq!(verify(&of_nobody), Err(E::NoVote(NodeNumber(9))));
    }

    /// Whatever bit is flipped in what two sound messages are told by, they prove nothing any more; or they are told
    /// by other bytes than there are.
    #[test]
    fn a_flipped_bit_proves_nothing() {
        let membership = Network::new(4).tip.membership().clone();
        let (own, both) = (key(4), [A, B]);
        for kind in [SignedTwice::Prevote, SignedTwice::Precommit, SignedTwice::Proposal] {
            let bytes = codec::encode(&signed(kind, both, [&own, &own]));
            assert!(codec::decode::<Equivocation>(&bytes).unwrap().verify(&membership).is_ok());
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let read = codec::decode::<Equivocation>(&flipped);
                assert!(read.is_err() || read.unwrap().verify(&membership).is_err(), "{kind:?}, bit {bit}");
            }
        }
    }
}
