//! What a validator that lies can sign: anything, in its own name.

use crate::consensus::codec::LuqiCodec;
use crate::consensus::context::{Address, Luqi, Proposal, Value, Vote};
use crate::consensus::parts::{SignedParts, count, split};
use arc_malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::core::{self, NilOrVal, Round, VoteType};
use bytes::Bytes;
use ledger_core::certificate::{self, ConsensusProposal, Parts, VoteKind};
use ledger_core::crypto::{ChainId, Signature, SignedMessage};
use ledger_core::fixture::node_key;
use ledger_core::membership::Purpose;
use ledger_core::names::{self, BlockHash, Height, NodeNumber};

/// Signs by the consensus key of a node.
#[derive(Clone, Copy)]
pub(super) struct Forger {
    pub(super) chain: ChainId,
    pub(super) node: NodeNumber,
}

impl Forger {
    fn sign(&self, message: &SignedMessage) -> Signature {
        node_key(self.node.0, Purpose::Consensus).sign(message)
    }

    /// A prevote, as it crosses the network.
    pub(super) fn prevote(&self, height: Height, round: u32, block: Option<BlockHash>) -> Bytes {
        let signed = certificate::Vote { height, round: names::Round(round), block };
        let signature = self.sign(&signed.message(VoteKind::Prevote, &self.chain));
        let vote = Vote {
            kind: VoteType::Prevote,
            height,
            round: Round::Some(round),
            value: block.map_or(NilOrVal::Nil, NilOrVal::Val),
            voter: Address(self.node),
        };
        LuqiCodec.encode(&SignedConsensusMsg::<Luqi>::Vote(core::SignedMessage::new(vote, signature))).unwrap()
    }

    /// A new proposal in the first round, as it crosses the network.
    pub(super) fn proposal(&self, height: Height, block: BlockHash) -> Bytes {
        let proposer = self.node;
        let signed = ConsensusProposal { height, round: names::Round(0), block, valid_round: None, proposer };
        let signature = self.sign(&signed.message(&self.chain));
        let (round, valid_round) = (Round::Some(0), Round::Nil);
        let proposal = Proposal { height, round, value: Value(block), valid_round, proposer: Address(proposer) };
        LuqiCodec.encode(&SignedConsensusMsg::<Luqi>::Proposal(core::SignedMessage::new(proposal, signature))).unwrap()
    }

    /// The head of the parts of a block in a round.
    pub(super) fn head(&self, height: Height, round: u32, block: BlockHash, bytes: usize) -> SignedParts {
        let (round, parts) = (names::Round(round), count(bytes));
        let head = Parts { height, round, block, parts, bytes: u32::try_from(bytes).unwrap(), proposer: self.node };
        SignedParts { head, signature: self.sign(&head.message(&self.chain)) }
    }

    /// The parts of a block in the first round, as they cross the network.
    pub(super) fn parts(&self, height: Height, block: BlockHash, bytes: &[u8]) -> Vec<Bytes> {
        self.parts_in(height, 0, block, bytes)
    }

    /// The same in a round.
    pub(super) fn parts_in(&self, height: Height, round: u32, block: BlockHash, bytes: &[u8]) -> Vec<Bytes> {
        split(&self.head(height, round, block, bytes.len()), bytes)
    }
}
