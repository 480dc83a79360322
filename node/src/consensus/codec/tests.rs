use super::*;
use arc_malachitebft_app_channel::app::types::core::CommitSignature;
use ledger_core::crypto::Signature;
use ledger_core::names::{Height, NodeNumber};

fn round_trip<T>(message: &T) -> Bytes
where
    LuqiCodec: Codec<T, Error = CodecError>,
    T: PartialEq + std::fmt::Debug,
{
    let bytes = LuqiCodec.encode(message).unwrap();
    assert_eq!(&LuqiCodec.decode(bytes.clone()).unwrap(), message);
    // All bytes or nothing.
    for length in [0, 1, bytes.len() - 1] {
        assert!(LuqiCodec.decode(bytes.slice(..length)).is_err(), "{length} bytes");
    }
    let longer = Bytes::from([&bytes[..], &[0]].concat());
    assert!(LuqiCodec.decode(longer).is_err());
    bytes
}

fn hash(byte: u8) -> BlockHash {
    BlockHash([byte; 32])
}

fn vote(kind: VoteType, value: NilOrVal<BlockHash>) -> SignedMessage<Luqi, Vote> {
    let vote = Vote { kind, height: Height(7), round: Round::Some(2), value, voter: Address(NodeNumber(3)) };
    SignedMessage::new(vote, Signature([5; 64]))
}

fn proposal(valid_round: Round) -> SignedMessage<Luqi, Proposal> {
    let (value, proposer) = (Value(hash(9)), Address(NodeNumber(4)));
    let proposal = Proposal { height: Height(7), round: Round::Some(2), value, valid_round, proposer };
    SignedMessage::new(proposal, Signature([6; 64]))
}

fn decided(signatures: u32) -> ExtendedCommitCertificate<Luqi> {
    let one = |node| ExtendedCommitSignature::new(Address(NodeNumber(node)), Signature([node as u8; 64]), None);
    ExtendedCommitCertificate {
        height: At(Height(7)),
        round: Round::Some(1),
        value_id: hash(1),
        commit_signatures: (1..=signatures).map(one).collect(),
    }
}

#[test]
fn votes_and_proposals_come_back() {
    for kind in [VoteType::Prevote, VoteType::Precommit] {
        for value in [NilOrVal::Nil, NilOrVal::Val(hash(1))] {
            round_trip(&SignedConsensusMsg::<Luqi>::Vote(vote(kind, value)));
            round_trip(&LivenessMsg::<Luqi>::Vote(vote(kind, value)));
        }
    }
    for valid_round in [Round::Nil, Round::Some(0)] {
        round_trip(&SignedConsensusMsg::<Luqi>::Proposal(proposal(valid_round)));
    }
}

#[test]
fn certificates_come_back_in_the_order_in_which_they_stood() {
    let signature = |node: u32| PolkaSignature::<Luqi>::new(Address(NodeNumber(node)), Signature([1; 64]));
    let polka = PolkaCertificate::<Luqi> {
        height: At(Height(7)),
        round: Round::Some(1),
        value_id: hash(1),
        polka_signatures: [4, 1, 3].map(signature).to_vec(),
    };
    round_trip(&polka);
    round_trip(&LivenessMsg::PolkaCertificate(polka));
    for cert_type in [RoundCertificateType::Skip, RoundCertificateType::Precommit] {
        let vote = |(kind, value)| RoundSignature::new(kind, value, Address(NodeNumber(2)), Signature([3; 64]));
        let votes = [(VoteType::Prevote, NilOrVal::Nil), (VoteType::Precommit, NilOrVal::Val(hash(2)))];
        let round_signatures = votes.map(vote).to_vec();
        let (height, round) = (At(Height(7)), Round::Some(3));
        round_trip(&LivenessMsg::<Luqi>::SkipRoundCertificate(RoundCertificate {
            height,
            round,
            cert_type,
            round_signatures,
        }));
    }
}

#[test]
fn what_the_log_holds_comes_back() {
    for validity in [Validity::Valid, Validity::Invalid] {
        for valid_round in [Round::Nil, Round::Some(1)] {
            let (height, round, proposer) = (At(Height(7)), Round::Some(2), Address(NodeNumber(1)));
            round_trip(&ProposedValue::<Luqi> {
                height,
                round,
                valid_round,
                proposer,
                value: Value(hash(3)),
                validity,
            });
        }
    }
}

#[test]
fn questions_answers_and_statuses_come_back() {
    let peer_id = PeerId::from_bytes(&libp2p::PeerId::random().to_bytes()).unwrap();
    let (tip_height, history_min_height) = (At(Height(9)), At(Height(1)));
    round_trip(&sync::Status::<Luqi> { peer_id, tip_height, history_min_height });
    round_trip(&sync::Request::<Luqi>::ValueRequest(ValueRequest::new(At(Height(3))..=At(Height(8)))));
    for blocks in [vec![], vec![(3_usize, 0)], vec![(0, 4), (70_000, 17)]] {
        let value =
            |(length, signatures)| sync::RawDecidedValue::new(Bytes::from(vec![8; length]), decided(signatures));
        let values = blocks.into_iter().map(value).collect();
        let response = sync::Response::<Luqi>::ValueResponse(ValueResponse::new(At(Height(7)), values));
        let bytes = round_trip(&response);
        assert_eq!(LuqiCodec.encoded_len(&response).unwrap(), bytes.len());
    }
}

#[test]
fn a_vote_without_a_round_has_no_bytes() {
    let mut nowhere = vote(VoteType::Prevote, NilOrVal::Nil);
    nowhere.message.round = Round::Nil;
    assert!(matches!(LuqiCodec.encode(&SignedConsensusMsg::<Luqi>::Vote(nowhere)), Err(CodecError::NoRound)));
}

#[test]
fn an_extension_in_an_answer_is_refused() {
    let mut certificate = decided(2);
    let extension = SignedMessage::new((), Signature([0; 64]));
    certificate.commit_signatures[1].extension = Some(extension);
    assert!(matches!(answered_certificate(&certificate), Err(CodecError::Extension)));
}

#[test]
fn what_the_engine_decided_is_a_certificate_in_rising_node_number() {
    let one = |node: u32| CommitSignature::<Luqi>::new(Address(NodeNumber(node)), Signature([node as u8; 64]));
    let decided = CommitCertificate::<Luqi> {
        height: At(Height(7)),
        round: Round::Some(1),
        value_id: hash(1),
        commit_signatures: [3, 1, 4].map(one).to_vec(),
    };
    let core = core_certificate(&decided).unwrap();
    assert_eq!(core.signatures.iter().map(|one| one.node.0).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(answered_certificate(&engine_certificate(&core)).unwrap(), core);
}
