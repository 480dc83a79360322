//! The shapes that cross the wire.

use crate::network::wire::{MAX_ANSWER, MAX_BLOCKS};
use bincode::{Decode, Encode};
use ledger_core::certificate::{self, Certificate, ConsensusProposal};
use ledger_core::codec::{Bytes, List};
use ledger_core::crypto::Signature;
use ledger_core::membership::{MAX_MEMBERS, MAX_NODES};
use ledger_core::names::{BlockHash, Height, NodeNumber, Round};

/// Votes of both kinds of every node that there can be.
const MAX_VOTES: usize = 2 * MAX_MEMBERS * MAX_NODES;
/// Bytes of a peer id.
const MAX_PEER: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Kind {
    Prevote,
    Precommit,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct SignedVote {
    pub(super) kind: Kind,
    pub(super) vote: certificate::Vote,
    pub(super) voter: NodeNumber,
    pub(super) signature: Signature,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct SignedProposal {
    pub(super) proposal: ConsensusProposal,
    pub(super) signature: Signature,
}

#[derive(Debug, Encode, Decode)]
pub(super) enum Consensus {
    Vote(SignedVote),
    Proposal(SignedProposal),
}

#[derive(Debug, Encode, Decode)]
pub(super) enum Liveness {
    Vote(SignedVote),
    /// The prevotes of a polka, in the order in which the engine counted them.
    Polka(Certificate),
    Rounds(Rounds),
}

/// Votes that justify entering a round.
#[derive(Debug, Encode, Decode)]
pub(super) struct Rounds {
    pub(super) height: Height,
    pub(super) round: Round,
    /// More than a third in a later round; else more than two thirds of precommits in the one before.
    pub(super) skip: bool,
    pub(super) votes: List<RoundVote, MAX_VOTES>,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct RoundVote {
    pub(super) kind: Kind,
    pub(super) block: Option<BlockHash>,
    pub(super) node: NodeNumber,
    pub(super) signature: Signature,
}

/// A value that is not decided, in the engine's log.
#[derive(Debug, Encode, Decode)]
pub(super) struct Undecided {
    pub(super) height: Height,
    pub(super) round: Round,
    pub(super) valid_round: Option<Round>,
    pub(super) proposer: NodeNumber,
    pub(super) block: BlockHash,
    pub(super) valid: bool,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct Status {
    pub(super) peer: Bytes<MAX_PEER>,
    pub(super) tip: Height,
    pub(super) first: Height,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct Request {
    pub(super) from: Height,
    pub(super) to: Height,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct Response {
    pub(super) from: Height,
    pub(super) decided: List<Decided, MAX_BLOCKS>,
}

#[derive(Debug, Encode, Decode)]
pub(super) struct Decided {
    pub(super) block: Bytes<MAX_ANSWER>,
    pub(super) certificate: Certificate,
}
