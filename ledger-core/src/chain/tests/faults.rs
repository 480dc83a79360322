//! Every fault, produced by one change of a block that follows its tip.

use super::*;
use crate::block::Body;
use crate::certificate::{Certificate, CertificateError};
use crate::codec::{self, Bytes, List};
use crate::crypto::{ChainId, Signature};
use crate::event::Evidence;
use crate::governance::Change;
use crate::membership::Parameters;
use crate::merkle::{LogIndex, LogRoot, LogSize};
use crate::names::{
    BlockHash, ControlHash, Height, MapRoot, MembershipHash, NodeNumber, Protocol, Round, Sequence, Timestamp,
};
use crate::submission::Submission;

/// Checks a block over the tip after a change, and what `check` says of it, kind and span too.
fn check_over(network: &Network, block: &Block, kind: &str, expected: Fault) {
    let hashed = HashedBlock::read(&codec::encode(block)).unwrap();
    let found = super::check(hashed, &network.tip, &network.map).map(|_| ());
    assert_eq!((found, expected.kind().as_str()), (Err(expected.clone()), kind));
}

fn check(change: impl Fn(&mut Block), kind: &str, expected: Fault) {
    let network = network();
    let mut block = draft(&network);
    change(&mut block);
    check_over(&network, &block, kind, expected);
}

/// The same for a change of the body, whose hash is mended.
fn check_body(change: impl Fn(&mut Vec<Submission>, &mut Option<Certificate>), kind: &str, expected: Fault) {
    let change = |block: &mut Block| {
        let mut submissions = block.body.submissions.to_vec();
        change(&mut submissions, &mut block.body.parent_certificate);
        block.body.submissions = List::new(submissions).unwrap();
        mend(block);
    };
    check(change, kind, expected);
}

#[test]
fn a_header_that_does_not_hang_on_the_tip() {
    let tip = network().tip;
    let chain = ChainId([9; 32]);
    check(|block| block.header.chain = chain, "chain", Fault::Chain(chain));
    let found = Protocol(2);
    let wrong = Fault::Protocol { wanted: Protocol(1), found };
    check(|block| block.header.protocol = found, "protocol", wrong);
    for found in [Height(2), Height(4)] {
        check(|block| block.header.height = found, "height", Fault::Height { wanted: Height(3), found });
    }
    let found = BlockHash([9; 32]);
    check(|block| block.header.parent = found, "link", Fault::Parent { wanted: tip.hash(), found });
    let early = Timestamp(tip.time().0 - 1);
    check(|block| block.header.time = early, "time", Fault::Time { parent: tip.time(), found: early });
}

#[test]
fn a_block_may_have_its_parents_time() {
    let network = network();
    let mut block = draft(&network);
    block.header.time = network.tip.time();
    let hashed = HashedBlock::read(&codec::encode(&block)).unwrap();
    assert!(super::check(hashed, &network.tip, &network.map).is_ok());
}

#[test]
fn a_body_that_is_not_the_headers() {
    check(|block| block.header.body.0[0] ^= 1, "body", Fault::Body);
    check(|block| block.body.parent_certificate = None, "body", Fault::Body);
    check(|block| block.body.submissions = List::default(), "body", Fault::Body);
    let turn = |block: &mut Block| {
        let mut submissions = block.body.submissions.to_vec();
        submissions.swap(0, 1);
        block.body.submissions = List::new(submissions).unwrap();
    };
    check(turn, "body", Fault::Body);
    let spoil = |block: &mut Block| {
        let mut submissions = block.body.submissions.to_vec();
        submissions[0].signature = Signature([0; 64]);
        block.body.submissions = List::new(submissions).unwrap();
    };
    check(spoil, "body", Fault::Body);
}

#[test]
fn a_parents_certificate_that_is_missing_or_does_not_hold() {
    let missing = Fault::CertificatePresence("is missing");
    check_body(|_, certificate| *certificate = None, "certificate", missing);
    let why = CertificateError::Power { found: 2, total: 4 };
    let two = |certificate: &mut Option<Certificate>| {
        let certificate = certificate.as_mut().unwrap();
        certificate.signatures = List::new(certificate.signatures[..2].to_vec()).unwrap();
    };
    check_body(|_, certificate| two(certificate), "certificate", Fault::ParentCertificate(why));
    let why = CertificateError::Signature(NodeNumber(1));
    let round = |certificate: &mut Option<Certificate>| certificate.as_mut().unwrap().round = Round(1);
    check_body(|_, certificate| round(certificate), "certificate", Fault::ParentCertificate(why));
}

#[test]
fn block_1_carries_no_certificate() {
    let certificate = network().certificate;
    let network = Network::new(4);
    let mut block = network.checked(vec![]).block().clone().into_block();
    block.body.parent_certificate = certificate;
    mend(&mut block);
    let stands = Fault::CertificatePresence("stands in block 1, below which there is no block");
    check_over(&network, &block, "certificate", stands);
}

#[test]
fn submissions_out_of_place() {
    // The log holds five entries: two seals and three events. So the third seal is number 5, and
    // the submissions of the draft stand at 6 to 7, and at 8.
    assert_eq!(network().tip.frontier().size(), LogSize(5));
    let (first, second) = (Span(LogIndex(6), LogIndex(7)), Span(LogIndex(8), LogIndex(8)));
    let max = Parameters::default().submission_events as usize;
    let none = Fault::Events { stream: NodeNumber(2), sequence: Sequence(1), found: 0, max, span: second };
    check_body(|list, _| list[1].events = List::default(), "submission", none);

    let (stream, wanted) = (NodeNumber(1), Sequence(3));
    for found in [Sequence(2), Sequence(4), Sequence(0)] {
        let wrong = Fault::Sequence { stream, wanted, found, span: first };
        check_body(|list, _| list[0].sequence = found, "submission", wrong);
    }
    let twice = Fault::Sequence { stream, wanted: Sequence(4), found: wanted, span: Span(LogIndex(8), LogIndex(9)) };
    check_body(|list, _| list[1] = list[0].clone(), "submission", twice);

    for stream in [NodeNumber(0), NodeNumber(5)] {
        check_body(|list, _| list[1].stream = stream, "submission", Fault::UnknownStream { stream, span: second });
    }
}

/// Also where nobody looks at the streams before: what no known node submitted is not passed by.
#[test]
fn the_signature_of_a_node_that_is_not_there_does_not_hold() {
    let network = network();
    let mut submissions = vec![network.submission(1, vec![new(4)]), network.submission(2, vec![new(5)])];
    let jobs = |submissions: &[Submission]| {
        let body = Body { parent_certificate: None, submissions: List::new(submissions.to_vec()).unwrap() };
        let jobs = signatures(&network.tip, submissions, &hashed::Content::of(&body));
        jobs.iter().map(SignatureJob::run).collect::<Vec<_>>()
    };
    assert_eq!(jobs(&submissions), [Ok(()), Ok(())]);
    submissions[1].stream = NodeNumber(5);
    let unknown = Fault::UnknownStream { stream: NodeNumber(5), span: Span(LogIndex(7), LogIndex(7)) };
    assert_eq!(jobs(&submissions), [Ok(()), Err(unknown)]);
}

#[test]
fn submissions_that_their_node_did_not_sign_as_they_stand() {
    let first =
        Fault::Submission { stream: NodeNumber(1), sequence: Sequence(3), span: Span(LogIndex(6), LogIndex(7)) };
    let second =
        Fault::Submission { stream: NodeNumber(2), sequence: Sequence(1), span: Span(LogIndex(8), LogIndex(8)) };
    assert_eq!(
        (first.span(), second.span()),
        (Some(Span(LogIndex(6), LogIndex(7))), Some(Span(LogIndex(8), LogIndex(8))))
    );
    check_body(|list, _| list[1].signature = Signature([0; 64]), "submission", second.clone());
    check_body(|list, _| list[1].signature = list[0].signature, "submission", second.clone());
    check_body(|list, _| list[1].events = List::new(vec![new(9)]).unwrap(), "submission", second.clone());
    let more = |list: &mut Vec<Submission>| list[0].events = List::new(vec![new(5), new(4)]).unwrap();
    check_body(|list, _| more(list), "submission", first.clone());
    let fewer =
        Fault::Submission { stream: NodeNumber(1), sequence: Sequence(3), span: Span(LogIndex(6), LogIndex(6)) };
    check_body(|list, _| list[0].events = List::new(vec![new(4)]).unwrap(), "submission", fewer);
    // Another node's key, and another chain.
    let network = network();
    let elsewhere = Network::new(3);
    let key = fixture::node_key(2, crate::membership::Purpose::Submission);
    for (chain, key) in [
        (&elsewhere.tip.chain(), &key),
        (&network.tip.chain(), &fixture::node_key(1, crate::membership::Purpose::Submission)),
    ] {
        let signed = Submission::sign(chain, key, NodeNumber(2), Sequence(1), vec![new(9)]).unwrap();
        check_body(|list, _| list[1] = signed.clone(), "submission", second.clone());
    }
}

#[test]
fn commitments_that_do_not_follow_from_the_chain() {
    for found in [LogSize(8), LogSize(10)] {
        let wrong = Fault::LogSize { wanted: LogSize(9), found };
        check(|block| block.header.log_size = found, "log", wrong);
    }
    check(|block| block.header.log_root = LogRoot([9; 32]), "log", Fault::Commitment(Commitment::Log));
    check(|block| block.header.map_root = MapRoot([9; 32]), "map", Fault::Commitment(Commitment::Map));
    check(|block| block.header.control = ControlHash([9; 32]), "control", Fault::Commitment(Commitment::Control));
    let other = MembershipHash([9; 32]);
    check(|block| block.header.next_membership = other, "membership", Fault::Commitment(Commitment::Membership));
    // A submission left out, with a body hash that fits: the log tells.
    let fewer = Fault::LogSize { wanted: LogSize(8), found: LogSize(9) };
    check_body(|list, _| _ = list.pop(), "log", fewer);
    // Two in another order.
    check_body(|list, _| list.swap(0, 1), "log", Fault::Commitment(Commitment::Log));
}

/// A network whose blocks and submissions may carry no more than this.
fn small() -> Network {
    let network = Network::new(1);
    let parameters = Parameters { block_bytes: 65_536, block_events: 3, submission_events: 2, ..Parameters::default() };
    let change = Change::SetParameters(parameters);
    let (membership, _) = change.apply(&network.genesis.membership, Protocol(1)).unwrap();
    Network::from_genesis(fixture::edited(&network.genesis, |genesis| genesis.membership = membership))
}

fn proposal(network: &Network, submissions: Vec<Submission>) -> Proposal {
    let (proposer, time) = (NodeNumber(1), network.tip.time());
    Proposal { proposer, time, parent_certificate: network.certificate.clone(), submissions }
}

fn assembled(network: &Network, submissions: Vec<Submission>) -> Result<CheckedBlock, Fault> {
    assemble(proposal(network, submissions), &network.tip, &network.map)
}

fn news(network: &Network, counts: &[u64]) -> Vec<Submission> {
    let submission =
        |(sequence, count): (u64, &u64)| network.submission_at(1, Sequence(sequence), (0..*count).map(new).collect());
    (1..).zip(counts).map(submission).collect()
}

#[test]
fn no_more_than_the_parameters_allow() {
    let network = small();
    let too_large = |what, found, max| Some(Fault::TooLarge { what, found, max });
    let span = Span(LogIndex(1), LogIndex(3));
    let three = Fault::Events { stream: NodeNumber(1), sequence: Sequence(1), found: 3, max: 2, span };
    for (counts, expected) in [
        (&[][..], None),
        (&[2, 1], None),
        (&[1, 1, 1], None),
        (&[3], Some(three)),
        (&[2, 2], too_large("events", 4, 3)),
    ] {
        let found = assembled(&network, news(&network, counts));
        assert_eq!(found.err(), expected, "{counts:?}");
    }
    assert_eq!(Fault::TooLarge { what: "events", found: 4, max: 3 }.kind(), Kind::Limits);

    // To the byte.
    let evidence = |bytes: usize| Event::Evidence(Evidence { form: 1, bytes: Bytes::new(vec![0; bytes]).unwrap() });
    let of = |bytes| assembled(&network, vec![network.submission(1, vec![evidence(40_000), evidence(bytes)])]);
    let others = of(0).unwrap().block().byte_length();
    let full = of(65_536 - others).unwrap();
    assert_eq!(full.block().byte_length(), 65_536);
    assert_eq!(of(65_537 - others).err(), too_large("bytes", 65_537, 65_536));
    let bytes = full.block().encode();
    assert!(super::check(HashedBlock::read(&bytes).unwrap(), &network.tip, &network.map).is_ok());
}

#[test]
fn a_proposer_is_refused_what_a_voter_would_refuse() {
    let network = network();
    let unsigned = Submission { signature: Signature([0; 64]), ..network.submission(1, vec![new(4)]) };
    let span = Span(LogIndex(6), LogIndex(6));
    let fault = Fault::Submission { stream: NodeNumber(1), sequence: Sequence(3), span };
    assert_eq!(assembled(&network, vec![unsigned]).err(), Some(fault));
    let skipped = network.submission_at(1, Sequence(9), vec![new(4)]);
    let fault = Fault::Sequence { stream: NodeNumber(1), wanted: Sequence(3), found: Sequence(9), span };
    assert_eq!(assembled(&network, vec![skipped]).err(), Some(fault));
    let without = Proposal { parent_certificate: None, ..proposal(&network, vec![]) };
    let fault = Fault::CertificatePresence("is missing");
    assert_eq!(assemble(without, &network.tip, &network.map).err(), Some(fault));
}

#[test]
fn no_more_submissions_than_a_body_has_room_for() {
    let network = Network::new(1);
    let found = 100_001;
    let many = vec![network.submission(1, vec![new(1)]); found];
    // What a body can hold, not the number of events that the chain allows in a block.
    let fault = assembled(&network, many).unwrap_err();
    assert_eq!(fault, Fault::TooLarge { what: "submissions", found, max: 100_000 });
    assert_eq!(fault.to_string(), "the block has 100001 submissions; 100000 are allowed");
}

#[test]
fn a_time_is_judged_by_a_clock_only_where_it_is_asked_for() {
    let parameters = Parameters::default();
    let now = Timestamp(1_000_000);
    let header = |time| crate::block::Header { time: Timestamp(time), ..draft(&network()).header };
    let late = |found| Err(Fault::Clock { now, found: Timestamp(found) });
    for (time, expected) in [
        (0, Ok(())),
        (1_000_000, Ok(())),
        (1_005_000, Ok(())),
        (1_005_001, late(1_005_001)),
        (u64::MAX, late(u64::MAX)),
    ] {
        assert_eq!(check_clock(&header(time), now, &parameters), expected);
    }
    assert_eq!(check_clock(&header(u64::MAX), Timestamp(u64::MAX), &parameters), Ok(()));
    assert_eq!(Fault::Clock { now, found: now }.kind(), Kind::Time);
}

#[test]
fn every_fault_has_a_stable_word() {
    let hash = BlockHash([1; 32]);
    let why = CertificateError::NoVote(NodeNumber(1));
    for (fault, kind) in [
        (Fault::NewerProtocol(NewerProtocol(Protocol(2))), "protocol"),
        (Fault::NotCertified { certified: hash, found: hash }, "block"),
        (Fault::Certificate(why), "certificate"),
        (Fault::Commitment(Commitment::Map), "map"),
    ] {
        assert_eq!((fault.kind().as_str(), fault.span()), (kind, None));
    }
}

#[test]
fn a_commitment_is_named_by_the_word_of_its_kind() {
    for (commitment, kind) in [
        (Commitment::Log, Kind::Log),
        (Commitment::Map, Kind::Map),
        (Commitment::Control, Kind::Control),
        (Commitment::Membership, Kind::Membership),
    ] {
        assert_eq!((commitment.to_string(), kind.to_string()), (kind.as_str().to_owned(), kind.as_str().to_owned()));
        let said = Fault::Commitment(commitment).to_string();
        assert!(said.contains(kind.as_str()), "{said}");
    }
}
