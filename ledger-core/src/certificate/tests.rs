//! What makes a block final, and every way in which a certificate does not.

use super::*;
use crate::codec;
use crate::fixture::{self, Network, node_key};
use crate::governance::Change;
use CertificateError as E;

const HEIGHT: Height = Height(7);
const BLOCK: BlockHash = BlockHash([7; 32]);
const CHAIN: ChainId = ChainId([1; 32]);

/// A membership whose nodes 1, 2, … have these voting powers.
fn powers(powers: &[u32]) -> Membership {
    let network = Network::new(powers.len() as u32);
    (1..).zip(powers).fold(network.genesis.membership.clone(), |membership, (number, power)| {
        Change::SetPower(NodeNumber(number), *power).apply(&membership, crate::names::PROTOCOL).unwrap().0
    })
}

/// A certificate with the precommits of these nodes, as they come.
fn signed_by(nodes: &[u32]) -> Certificate {
    let message = Vote { height: HEIGHT, round: Round(2), block: Some(BLOCK) }.message(VoteKind::Precommit, &CHAIN);
    let sign = |node: &u32| CommitSignature {
        node: NodeNumber(*node),
        signature: node_key(*node, Purpose::Consensus).sign(&message),
    };
    let signatures = List::new(nodes.iter().map(sign).collect()).unwrap();
    Certificate { height: HEIGHT, round: Round(2), block: BLOCK, signatures }
}

fn check(certificate: &Certificate, membership: &Membership, expected: Result<(), E>) {
    assert_eq!(certificate.verify(&CHAIN, membership, HEIGHT, BLOCK), expected, "{certificate:?}");
}

#[test]
fn more_than_two_thirds_of_the_power_make_a_block_final() {
    let short = |found, total| Err(E::Power { found, total });
    for (given, signers, expected) in [
        (&[1][..], &[1][..], Ok(())),
        (&[1], &[], short(0, 1)),
        (&[1, 1, 1], &[1, 2, 3], Ok(())),
        (&[1, 1, 1], &[1, 2], short(2, 3)),
        (&[1, 1, 1, 1], &[1, 2, 4], Ok(())),
        (&[1, 1, 1, 1], &[2, 3], short(2, 4)),
        (&[2, 2, 2], &[1, 3], short(4, 6)),
        (&[2, 3, 2], &[1, 2], Ok(())),
        (&[2, 3, 2], &[1, 3], short(4, 7)),
        (&[u32::MAX, u32::MAX, u32::MAX], &[1, 2], short(2 * u64::from(u32::MAX), 3 * u64::from(u32::MAX))),
        (&[u32::MAX, u32::MAX, u32::MAX - 1], &[1, 2], Ok(())),
        (&[5, 0, 0], &[1], Ok(())),
    ] {
        check(&signed_by(signers), &powers(given), expected);
    }
}

#[test]
fn a_quorum_of_the_largest_powers_does_not_overflow() {
    let membership = powers(&[u32::MAX; 4]);
    let total = 4 * u64::from(u32::MAX);
    assert_eq!(membership.total_power(), total);
    assert!(membership.is_quorum(total) && membership.is_quorum(u64::MAX));
    assert!(!membership.is_quorum(total / 3 * 2));
    assert!(membership.is_quorum(total / 3 * 2 + 1));
}

#[test]
fn every_other_certificate_is_refused_for_what_is_wrong_with_it() {
    let members = powers(&[1, 1, 1, 0]);
    let good = signed_by(&[1, 2, 3]);
    check(&good, &members, Ok(()));

    let height = Height(8);
    check(&Certificate { height, ..good.clone() }, &members, Err(E::Height { wanted: HEIGHT, found: height }));
    let block = BlockHash([8; 32]);
    check(&Certificate { block, ..good.clone() }, &members, Err(E::Block { wanted: BLOCK, found: block }));
    check(&Certificate { round: Round(3), ..good.clone() }, &members, Err(E::Signature(NodeNumber(1))));
    check(&signed_by(&[1, 3, 2]), &members, Err(E::Order(NodeNumber(2))));
    check(&signed_by(&[1, 2, 2, 3]), &members, Err(E::Order(NodeNumber(2))));
    check(&signed_by(&[1, 2, 3, 4]), &members, Err(E::NoVote(NodeNumber(4))));
    check(&signed_by(&[1, 2, 3, 9]), &members, Err(E::NoVote(NodeNumber(9))));
    check(&signed_by(&[0, 1, 2, 3]), &members, Err(E::NoVote(NodeNumber(0))));

    // One node's signature under another's number.
    let mut borrowed = good.signatures.to_vec();
    borrowed[2].signature = borrowed[0].signature;
    let borrowed = Certificate { signatures: List::new(borrowed).unwrap(), ..good.clone() };
    check(&borrowed, &members, Err(E::Signature(NodeNumber(3))));
    // A signature too much is refused as well, though the others would do.
    let mut spoiled = signed_by(&[1, 2, 3]).signatures.to_vec();
    spoiled[2].signature = Signature([0; 64]);
    let spoiled = Certificate { signatures: List::new(spoiled).unwrap(), ..good };
    check(&spoiled, &powers(&[5, 5, 1]), Err(E::Signature(NodeNumber(3))));
}

#[test]
fn a_signature_counts_under_its_own_domain_chain_height_and_round_alone() {
    let members = powers(&[1]);
    let key = node_key(1, Purpose::Consensus);
    let vote = Vote { height: HEIGHT, round: Round(2), block: Some(BLOCK) };
    let with = |signature| Certificate {
        height: HEIGHT,
        round: Round(2),
        block: BLOCK,
        signatures: List::new(vec![CommitSignature { node: NodeNumber(1), signature }]).unwrap(),
    };
    let refused = Err(E::Signature(NodeNumber(1)));
    check(&with(key.sign(&vote.message(VoteKind::Precommit, &CHAIN))), &members, Ok(()));
    check(&with(key.sign(&vote.message(VoteKind::Prevote, &CHAIN))), &members, refused);
    check(&with(key.sign(&vote.message(VoteKind::Precommit, &ChainId([2; 32])))), &members, refused);
    let others = [
        Vote { block: None, ..vote },
        Vote { height: Height(8), ..vote },
        Vote { round: Round(0), ..vote },
        Vote { block: Some(BlockHash([8; 32])), ..vote },
    ];
    for other in others {
        check(&with(key.sign(&other.message(VoteKind::Precommit, &CHAIN))), &members, refused);
    }
    let submission = node_key(1, Purpose::Submission);
    check(&with(submission.sign(&vote.message(VoteKind::Precommit, &CHAIN))), &members, refused);
}

#[test]
fn signing_puts_the_nodes_in_order() {
    let keys = [3, 1, 2].map(|number| (NodeNumber(number), node_key(number, Purpose::Consensus)));
    let signers = keys.each_ref().map(|(number, key)| (*number, key));
    let certificate = Certificate::sign(&CHAIN, HEIGHT, Round(2), BLOCK, &signers);
    assert_eq!(certificate, signed_by(&[1, 2, 3]));
}

#[test]
fn a_certificate_has_room_for_every_node_that_there_can_be() {
    let key = node_key(1, Purpose::Consensus);
    let signers = |count: u32| (0..count).map(|number| (NodeNumber(number), &key)).collect::<Vec<_>>();
    let certificate = |count| Certificate::sign(&CHAIN, HEIGHT, Round(2), BLOCK, &signers(count));
    assert_eq!(certificate(512).signatures.len(), 512);
    assert_eq!(certificate(513), certificate(512));
    assert_eq!(codec::decode(&codec::encode(&certificate(512))), Ok(certificate(512)));
    let mut one_more = codec::encode(&certificate(512));
    one_more.splice(44..48, 513_u32.to_be_bytes());
    one_more.extend([0; 68]);
    let refused = codec::DecodeError::Refused(codec::TooMany { found: 513, max: 512 }.to_string());
    assert_eq!(codec::decode::<Certificate>(&one_more), Err(refused));
}

#[test]
fn votes_are_laid_out_as_the_format_says() {
    let text = |message: SignedMessage| message.as_bytes().to_vec();
    let vote = Vote { height: Height(1), round: Round(2), block: None };
    let head = |domain: &str| [&[domain.len() as u8], domain.as_bytes(), &[1], &CHAIN.0].concat();
    let at = b"\0\0\0\0\0\0\0\x01\0\0\0\x02";
    assert_eq!(text(vote.message(VoteKind::Prevote, &CHAIN)), [&head("luqi/prevote")[..], at, b"\0"].concat());
    let vote = Vote { block: Some(BLOCK), ..vote };
    let of_block = [&head("luqi/precommit")[..], at, b"\x01", &BLOCK.0].concat();
    assert_eq!(text(vote.message(VoteKind::Precommit, &CHAIN)), of_block);

    let (height, round, block, proposer) = (Height(1), Round(2), BLOCK, NodeNumber(3));
    let proposal = ConsensusProposal { height, round, block, valid_round: Some(Round(1)), proposer };
    let tail = b"\x01\0\0\0\x01\0\0\0\x03";
    let expected = [&head("luqi/consensus-proposal")[..], at, &BLOCK.0, tail].concat();
    assert_eq!(text(proposal.message(&CHAIN)), expected);
    let parts = Parts { height, round, block, parts: 4, bytes: 5, proposer };
    let tail = b"\0\0\0\x04\0\0\0\x05\0\0\0\x03";
    assert_eq!(text(parts.message(&CHAIN)), [&head("luqi/parts")[..], at, &BLOCK.0, tail].concat());
    let peer = node_key(3, Purpose::Peer).public();
    let proof = ValidatorProof { node: proposer, peer };
    assert_eq!(
        text(proof.message(&CHAIN)),
        [&head("luqi/validator")[..], b"\0\0\0\x03", &peer.as_bytes()[..]].concat()
    );
}

#[test]
fn a_certificate_in_bytes_is_the_one_in_json() {
    let certificate = signed_by(&[1, 2, 3]);
    assert_eq!(codec::decode(&codec::encode(&certificate)), Ok(certificate.clone()));
    let text = serde_json::to_string(&certificate).unwrap();
    assert_eq!(serde_json::from_str::<Certificate>(&text).unwrap(), certificate);
}

/// What block h is certified by is the membership that block h − 1 committed to, and nobody else.
#[test]
fn nobody_certifies_a_block_but_the_membership_committed_below_it() {
    let mut network = Network::new(4);
    // Block 2 enacts that node 5 comes; block 4 that node 1 goes.
    let comes = Change::AddMember(fixture::member(5, fixture::CODES[4]).into());
    let goes = Change::SetPower(NodeNumber(1), 0);
    for (change, effective) in [(comes, 3), (goes, 5)] {
        network.govern(change, Height(effective));
        network.block(vec![]);
    }
    let memberships: [&[u32]; 6] =
        [&[1, 2, 3, 4], &[1, 2, 3, 4], &[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5], &[2, 3, 4, 5], &[2, 3, 4, 5]];
    let mut judge = network.genesis.membership.clone();
    let mut replay = Network::from_genesis(network.genesis.clone());
    for (height, expected) in (1..=4).zip(memberships) {
        let bytes = &network.blocks[height - 1];
        let block = crate::chain::HashedBlock::read(bytes).unwrap();
        let checked = crate::chain::check(block, &replay.tip, &replay.map).unwrap();
        let after = checked.after().clone();
        let voters: Vec<u32> =
            judge.nodes().filter(|(_, node)| node.power > 0).map(|(_, node)| node.number.0).collect();
        assert_eq!(voters, expected, "height {height}");
        assert_eq!(**after.signers(), judge);
        for nodes in memberships {
            let keys: Vec<_> = nodes.iter().map(|n| (NodeNumber(*n), node_key(*n, Purpose::Consensus))).collect();
            let signers: Vec<_> = keys.iter().map(|(number, key)| (*number, key)).collect();
            let certificate = Certificate::sign(&after.chain(), after.height(), Round(0), after.hash(), &signers);
            let made_final = checked.clone().finalize(certificate).is_ok();
            let all_may = nodes.iter().all(|node| expected.contains(node));
            assert_eq!(made_final, all_may && judge.is_quorum(nodes.len() as u64), "height {height} by {nodes:?}");
        }
        judge = (**after.membership()).clone();
        let certificate = replay.certify(&checked);
        let mut block = checked.finalize(certificate).unwrap();
        block.advance(&mut replay.map).unwrap();
        replay.tip = block.after().clone();
    }
}
