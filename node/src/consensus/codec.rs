//! The engine's messages byte by byte: the core's encoding over mirrors of its types, each list capped.
//!
//! ```text
//! consensus    choice(4): vote, proposal
//! liveness     choice(4): vote, polka certificate, round certificate
//! status       peer id ‖ tip(8) ‖ first height kept(8)
//! request      first height(8) ‖ last height(8)
//! response     first height(8) ‖ blocks, each with its certificate
//! ```
//!
//! The votes of a polka or a commit and their certificates are laid out as the core lays out a
//! certificate. What cannot be said in a mirror (a vote without a round, say) is refused. The engine's log
//! holds votes, proposals, proposed values and polka certificates in the same bytes.

mod mirror;

#[cfg(test)]
mod tests;

use super::context::{Address, At, Luqi, Proposal, Value, Vote};
use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app_channel::app::types::core::{
    CommitCertificate, ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaCertificate, PolkaSignature,
    Round, RoundCertificate, RoundCertificateType, RoundSignature, SignedMessage, Validity, VoteType,
};
use arc_malachitebft_app_channel::app::types::{PeerId, sync};
use arc_malachitebft_sync::{ValueRequest, ValueResponse};
use bytes::Bytes;
use ledger_core::certificate::{self as ledger, Certificate, ConsensusProposal};
use ledger_core::codec::{self, DecodeError, List, TooMany};
use ledger_core::names;
use ledger_core::names::BlockHash;
use mirror::{
    Consensus, Decided, Kind, Liveness, Request, Response, RoundVote, Rounds, SignedProposal, SignedVote, Status,
    Undecided,
};
use thiserror::Error;

/// Bytes that are no message, or a message that has no bytes.
#[derive(Debug, Error)]
pub(crate) enum CodecError {
    /// The bytes.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A list beyond its cap.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// A message about no round.
    #[error("a message names no round")]
    NoRound,
    /// A vote in a certificate with an extension.
    #[error("a certificate carries a vote extension, which this chain does not have")]
    Extension,
    /// A peer id that is none.
    #[error("it ends before it has said all")]
    Short,
    #[error("the peer id in a status is none")]
    Peer,
}

/// The codec of all of the engine's messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LuqiCodec;

fn defined(round: Round) -> Result<names::Round, CodecError> {
    round.as_u32().map(names::Round).ok_or(CodecError::NoRound)
}

fn round_or_none(round: Option<names::Round>) -> Round {
    round.map_or(Round::Nil, |round| Round::Some(round.0))
}

fn block_or_nil(block: Option<BlockHash>) -> NilOrVal<BlockHash> {
    block.map_or(NilOrVal::Nil, NilOrVal::Val)
}

fn value(value: &NilOrVal<BlockHash>) -> Option<BlockHash> {
    match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(block) => Some(*block),
    }
}

const fn kind(kind: VoteType) -> Kind {
    match kind {
        VoteType::Prevote => Kind::Prevote,
        VoteType::Precommit => Kind::Precommit,
    }
}

const fn vote_type(kind: Kind) -> VoteType {
    match kind {
        Kind::Prevote => VoteType::Prevote,
        Kind::Precommit => VoteType::Precommit,
    }
}

/// A vote as the core has it; none where it names no round.
pub(crate) fn core_vote(vote: &Vote) -> Option<(ledger::VoteKind, ledger::Vote)> {
    let kind = match vote.kind {
        VoteType::Prevote => ledger::VoteKind::Prevote,
        VoteType::Precommit => ledger::VoteKind::Precommit,
    };
    let round = names::Round(vote.round.as_u32()?);
    Some((kind, ledger::Vote { height: vote.height, round, block: value(&vote.value) }))
}

/// A proposal as the core has it; none where it names no round.
pub(crate) fn core_proposal(proposal: &Proposal) -> Option<ConsensusProposal> {
    Some(ConsensusProposal {
        height: proposal.height,
        round: names::Round(proposal.round.as_u32()?),
        block: proposal.value.0,
        valid_round: proposal.valid_round.as_u32().map(names::Round),
        proposer: proposal.proposer.0,
    })
}

fn signed_vote(vote: &SignedMessage<Luqi, Vote>) -> Result<SignedVote, CodecError> {
    let (_, core) = core_vote(vote).ok_or(CodecError::NoRound)?;
    Ok(SignedVote { kind: kind(vote.kind), vote: core, voter: vote.voter.0, signature: vote.signature })
}

fn vote_of(signed: SignedVote) -> SignedMessage<Luqi, Vote> {
    let SignedVote { kind, vote, voter, signature } = signed;
    let vote = Vote {
        kind: vote_type(kind),
        height: vote.height,
        round: Round::Some(vote.round.0),
        value: block_or_nil(vote.block),
        voter: Address(voter),
    };
    SignedMessage::new(vote, signature)
}

fn signed_proposal(proposal: &SignedMessage<Luqi, Proposal>) -> Result<SignedProposal, CodecError> {
    let core = core_proposal(proposal).ok_or(CodecError::NoRound)?;
    Ok(SignedProposal { proposal: core, signature: proposal.signature })
}

fn proposal_of(signed: SignedProposal) -> SignedMessage<Luqi, Proposal> {
    let SignedProposal { proposal, signature } = signed;
    let proposal = Proposal {
        height: proposal.height,
        round: Round::Some(proposal.round.0),
        value: Value(proposal.block),
        valid_round: round_or_none(proposal.valid_round),
        proposer: Address(proposal.proposer),
    };
    SignedMessage::new(proposal, signature)
}

fn certificate(
    (height, round, block): (At, Round, BlockHash),
    signatures: impl Iterator<Item = ledger::CommitSignature>,
) -> Result<Certificate, CodecError> {
    let signatures = List::new(signatures.collect())?;
    Ok(Certificate { height: height.0, round: defined(round)?, block, signatures })
}

/// The core's certificate of what the engine decided: its signatures in rising node number.
pub(crate) fn core_certificate(decided: &CommitCertificate<Luqi>) -> Result<Certificate, CodecError> {
    let mut signatures: Vec<_> = decided
        .commit_signatures
        .iter()
        .map(|one| ledger::CommitSignature { node: one.address.0, signature: one.signature })
        .collect();
    signatures.sort_by_key(|one| one.node);
    certificate((decided.height, decided.round, decided.value_id), signatures.into_iter())
}

/// The same certificate for the engine.
pub(crate) fn engine_certificate(of: &Certificate) -> ExtendedCommitCertificate<Luqi> {
    let signature =
        |one: &ledger::CommitSignature| ExtendedCommitSignature::new(Address(one.node), one.signature, None);
    ExtendedCommitCertificate {
        height: At(of.height),
        round: Round::Some(of.round.0),
        value_id: of.block,
        commit_signatures: of.signatures.iter().map(signature).collect(),
    }
}

/// The core's certificate of one that came in an answer.
pub(crate) fn answered_certificate(of: &ExtendedCommitCertificate<Luqi>) -> Result<Certificate, CodecError> {
    if of.commit_signatures.iter().any(|one| one.extension.is_some()) {
        return Err(CodecError::Extension);
    }
    let signatures = of
        .commit_signatures
        .iter()
        .map(|one| ledger::CommitSignature { node: one.address.0, signature: one.signature });
    certificate((of.height, of.round, of.value_id), signatures)
}

fn polka(of: &PolkaCertificate<Luqi>) -> Result<Certificate, CodecError> {
    let signatures =
        of.polka_signatures.iter().map(|one| ledger::CommitSignature { node: one.address.0, signature: one.signature });
    certificate((of.height, of.round, of.value_id), signatures)
}

fn polka_of(of: Certificate) -> PolkaCertificate<Luqi> {
    PolkaCertificate {
        height: At(of.height),
        round: Round::Some(of.round.0),
        value_id: of.block,
        polka_signatures: of
            .signatures
            .iter()
            .map(|one| PolkaSignature::new(Address(one.node), one.signature))
            .collect(),
    }
}

fn rounds(of: &RoundCertificate<Luqi>) -> Result<Rounds, CodecError> {
    let vote = |one: &RoundSignature<Luqi>| RoundVote {
        kind: kind(one.vote_type),
        block: value(&one.value_id),
        node: one.address.0,
        signature: one.signature,
    };
    Ok(Rounds {
        height: of.height.0,
        round: defined(of.round)?,
        skip: matches!(of.cert_type, RoundCertificateType::Skip),
        votes: List::new(of.round_signatures.iter().map(vote).collect())?,
    })
}

fn rounds_of(of: &Rounds) -> RoundCertificate<Luqi> {
    let vote = |one: &RoundVote| {
        RoundSignature::new(vote_type(one.kind), block_or_nil(one.block), Address(one.node), one.signature)
    };
    RoundCertificate {
        height: At(of.height),
        round: Round::Some(of.round.0),
        cert_type: if of.skip { RoundCertificateType::Skip } else { RoundCertificateType::Precommit },
        round_signatures: of.votes.iter().map(vote).collect(),
    }
}

/// One value of the engine through its mirror and back.
macro_rules! through_mirror {
    ($engine:ty, $mirror:ty, $to:expr, $from:expr) => {
        impl Codec<$engine> for LuqiCodec {
            type Error = CodecError;

            fn encode(&self, message: &$engine) -> Result<Bytes, CodecError> {
                let to: fn(&$engine) -> Result<$mirror, CodecError> = $to;
                Ok(Bytes::from(codec::encode(&to(message)?)))
            }

            fn decode(&self, bytes: Bytes) -> Result<$engine, CodecError> {
                let from: fn($mirror) -> Result<$engine, CodecError> = $from;
                from(codec::decode(&bytes)?)
            }
        }
    };
}

through_mirror!(
    SignedConsensusMsg<Luqi>,
    Consensus,
    |message| Ok(match message {
        SignedConsensusMsg::Vote(vote) => Consensus::Vote(signed_vote(vote)?),
        SignedConsensusMsg::Proposal(proposal) => Consensus::Proposal(signed_proposal(proposal)?),
    }),
    |mirror| Ok(match mirror {
        Consensus::Vote(vote) => SignedConsensusMsg::Vote(vote_of(vote)),
        Consensus::Proposal(proposal) => SignedConsensusMsg::Proposal(proposal_of(proposal)),
    })
);

through_mirror!(
    LivenessMsg<Luqi>,
    Liveness,
    |message| Ok(match message {
        LivenessMsg::Vote(vote) => Liveness::Vote(signed_vote(vote)?),
        LivenessMsg::PolkaCertificate(of) => Liveness::Polka(polka(of)?),
        LivenessMsg::SkipRoundCertificate(of) => Liveness::Rounds(rounds(of)?),
    }),
    |mirror| Ok(match mirror {
        Liveness::Vote(vote) => LivenessMsg::Vote(vote_of(vote)),
        Liveness::Polka(of) => LivenessMsg::PolkaCertificate(polka_of(of)),
        Liveness::Rounds(of) => LivenessMsg::SkipRoundCertificate(rounds_of(&of)),
    })
);

through_mirror!(PolkaCertificate<Luqi>, Certificate, polka, |of| Ok(polka_of(of)));

through_mirror!(
    ProposedValue<Luqi>,
    Undecided,
    |value| Ok(Undecided {
        height: value.height.0,
        round: defined(value.round)?,
        valid_round: value.valid_round.as_u32().map(names::Round),
        proposer: value.proposer.0,
        block: value.value.0,
        valid: value.validity.is_valid(),
    }),
    |mirror| Ok(ProposedValue {
        height: At(mirror.height),
        round: Round::Some(mirror.round.0),
        valid_round: round_or_none(mirror.valid_round),
        proposer: Address(mirror.proposer),
        value: Value(mirror.block),
        validity: Validity::from_bool(mirror.valid),
    })
);

through_mirror!(
    sync::Status<Luqi>,
    Status,
    |status| Ok(Status {
        peer: codec::Bytes::new(status.peer_id.to_bytes())?,
        tip: status.tip_height.0,
        first: status.history_min_height.0,
    }),
    |mirror| Ok(sync::Status {
        peer_id: PeerId::from_bytes(&mirror.peer).map_err(|_| CodecError::Peer)?,
        tip_height: At(mirror.tip),
        history_min_height: At(mirror.first),
    })
);

through_mirror!(
    sync::Request<Luqi>,
    Request,
    |request| {
        let sync::Request::ValueRequest(ValueRequest { range }) = request;
        Ok(Request { from: range.start().0, to: range.end().0 })
    },
    |mirror| Ok(sync::Request::ValueRequest(ValueRequest::new(At(mirror.from)..=At(mirror.to))))
);

through_mirror!(
    sync::Response<Luqi>,
    Response,
    |response| {
        let sync::Response::ValueResponse(ValueResponse { start_height, values }) = response;
        let decided = values.iter().map(|value| {
            let block = codec::Bytes::new(value.value_bytes.to_vec())?;
            Ok(Decided { block, certificate: answered_certificate(&value.certificate)? })
        });
        Ok(Response { from: start_height.0, decided: List::new(decided.collect::<Result<_, CodecError>>()?)? })
    },
    |mirror| {
        let values = mirror.decided.into_vec().into_iter().map(|one| {
            let certificate = engine_certificate(&one.certificate);
            sync::RawDecidedValue::new(Bytes::copy_from_slice(&one.block), certificate)
        });
        Ok(sync::Response::ValueResponse(ValueResponse::new(At(mirror.from), values.collect())))
    }
);

/// Bytes of a certificate without signatures, and of one signature.
const CERTIFICATE: usize = 8 + 4 + 32 + 4;
const SIGNATURE: usize = 4 + 64;

impl HasEncodedLen<sync::Response<Luqi>> for LuqiCodec {
    fn encoded_len(&self, response: &sync::Response<Luqi>) -> Result<usize, CodecError> {
        let sync::Response::ValueResponse(ValueResponse { values, .. }) = response;
        let of = |value: &sync::RawDecidedValue<Luqi>| {
            4 + value.value_bytes.len() + CERTIFICATE + SIGNATURE * value.certificate.commit_signatures.len()
        };
        Ok(8 + 4 + values.iter().map(of).sum::<usize>())
    }
}

/// Reads bytes as each message of the engine.
#[cfg(feature = "fuzz")]
#[allow(clippy::panic, reason = "this is how a fuzz target tells")]
pub(super) fn read_as_each(bytes: &[u8]) {
    fn same<T>(bytes: &[u8])
    where
        LuqiCodec: Codec<T, Error = CodecError>,
    {
        let bytes = Bytes::copy_from_slice(bytes);
        if let Ok(value) = Codec::<T>::decode(&LuqiCodec, bytes.clone()) {
            assert_eq!(Codec::<T>::encode(&LuqiCodec, &value).ok(), Some(bytes));
        }
    }
    same::<SignedConsensusMsg<Luqi>>(bytes);
    same::<LivenessMsg<Luqi>>(bytes);
    same::<sync::Status<Luqi>>(bytes);
    same::<sync::Request<Luqi>>(bytes);
    same::<sync::Response<Luqi>>(bytes);
}
