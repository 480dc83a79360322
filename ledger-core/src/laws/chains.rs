//! Law: two chains never accept each other's signatures.
//!
//! One thing is signed before there is a chain, and so for none: a member's application for the genesis
//! ceremony. Its place is taken by 32 zero bytes, which no chain has for its id. What a coordinator makes
//! of it counts only once the member has approved the genesis, and that is signed for its chain.

use crate::certificate::{ConsensusProposal, Parts, ValidatorProof, Vote, VoteKind};
use crate::crypto::{ChainId, Domain, SecretKey, SignedMessage};
use crate::event::Event;
use crate::fixture::{self, Network, code, governance_key, node_key};
use crate::genesis::{Application, Genesis};
use crate::governance::{Approve, Change, Propose};
use crate::membership::Purpose;
use crate::merkle::LogRoot;
use crate::names::{Height, NodeNumber, ProposalId, Round, Sequence, Timestamp};
use crate::submission::{Frame, Submission};
use proptest::prelude::*;

/// What the things that are signed say.
#[derive(Clone, Debug)]
struct Said {
    height: Height,
    round: Round,
    hash: [u8; 32],
    node: NodeNumber,
    count: u32,
}

fn anything() -> impl Strategy<Value = Said> {
    (any::<u64>(), any::<u32>(), any::<[u8; 32]>(), any::<u32>(), any::<u32>()).prop_map(
        |(height, round, hash, node, count)| Said {
            height: Height(height),
            round: Round(round),
            hash,
            node: NodeNumber(node),
            count,
        },
    )
}

/// Everything that is signed for a chain, as the bytes of that chain.
fn signed_kinds(chain: &ChainId, said: &Said) -> Vec<(&'static str, SignedMessage)> {
    let Said { height, round, hash, node, count } = *said;
    let block = crate::names::BlockHash(hash);
    let (vote, none) = (Vote { height, round, block: Some(block) }, Vote { height, round, block: None });
    let proposal = |valid_round| ConsensusProposal { height, round, block, valid_round, proposer: node };
    let parts = Parts { height, round, block, parts: count, bytes: 6, proposer: node };
    let peer = node_key(4, Purpose::Peer).public();
    let frame = Frame { stream: node, sequence: Sequence(height.0), count, root: LogRoot(hash) };
    let member = code("370000");
    vec![
        ("prevote", vote.message(VoteKind::Prevote, chain)),
        ("prevote for none", none.message(VoteKind::Prevote, chain)),
        ("precommit", vote.message(VoteKind::Precommit, chain)),
        ("precommit for none", none.message(VoteKind::Precommit, chain)),
        ("consensus proposal", proposal(None).message(chain)),
        ("consensus proposal, found valid before", proposal(Some(round)).message(chain)),
        ("parts", parts.message(chain)),
        ("validator", ValidatorProof { node, peer }.message(chain)),
        ("submission", frame.message(chain)),
        ("approval", SignedMessage::new(Domain::Approval, chain, &(ProposalId(hash), member))),
        ("genesis approval", SignedMessage::new(Domain::GenesisApproval, chain, &member)),
    ]
}

/// A signature over each of these holds for that one alone.
fn check_apart(key: &SecretKey, all: &[(&'static str, SignedMessage)]) {
    for (at, (kind, message)) in all.iter().enumerate() {
        let signature = key.sign(message);
        for (other, (other_kind, other_message)) in all.iter().enumerate() {
            let accepted = key.public().verify(other_message, &signature).is_ok();
            assert_eq!(accepted, at == other, "{kind}, as {other_kind}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is signed for one chain holds on no other, and for nothing else on its own.
    #[test]
    fn no_signature_holds_for_another_chain_or_thing(
        ours in any::<[u8; 32]>(), theirs in any::<[u8; 32]>(), said in anything(), seed in any::<[u8; 32]>(),
    ) {
        prop_assume!(ours != theirs);
        let kinds = |chain| signed_kinds(&ChainId(chain), &said).into_iter();
        check_apart(&SecretKey::from_seed(&seed), &kinds(ours).chain(kinds(theirs)).collect::<Vec<_>>());
    }

    /// Chain ids that differ in one bit are as far apart as any.
    #[test]
    fn one_bit_of_a_chain_id_keeps_two_chains_apart(
        ours in any::<[u8; 32]>(), bit in 0_usize..256, said in anything(),
    ) {
        let mut theirs = ours;
        theirs[bit / 8] ^= 1 << (bit % 8);
        let key = node_key(1, Purpose::Consensus);
        let kinds = |chain| signed_kinds(&ChainId(chain), &said);
        for ((kind, our), (_, their)) in kinds(ours).iter().zip(&kinds(theirs)) {
            let signature = key.sign(our);
            prop_assert!(key.public().verify(our, &signature).is_ok(), "{}", kind);
            prop_assert!(key.public().verify(their, &signature).is_err(), "{}", kind);
        }
    }

    /// The same by what accepts them, on chains whose geneses differ in one thing.
    #[test]
    fn nothing_that_a_chain_takes_was_signed_for_another(members in 3_u32..6, later in 1_u64..1 << 40) {
        let ours = Network::new(members);
        let theirs = fixture::edited(&ours.genesis, |genesis| genesis.time = Timestamp(genesis.time.0 + later));
        check_accepted(&ours, &Network::from_genesis(theirs));
    }
}

/// Submission, certificate, approval and genesis approval, signed for either chain and brought to ours.
fn check_accepted(ours: &Network, theirs: &Network) {
    let (our_chain, their_chain) = (ours.tip.chain(), theirs.tip.chain());
    assert_ne!(our_chain, their_chain);
    let change = Change::SetPower(NodeNumber(1), 2);
    let (province, id) = (code("370000"), change.id(Height(9)));
    for (chain, accepted) in [(&our_chain, true), (&their_chain, false)] {
        let mut ours = Network::from_genesis(ours.genesis.clone());
        let key = node_key(1, Purpose::Submission);
        let events = vec![Event::Propose(Box::new(Propose { change: change.clone().into(), effective: Height(9) }))];
        let submission = Submission::sign(chain, &key, NodeNumber(1), Sequence(1), events.clone()).unwrap();
        let proposal = crate::chain::Proposal {
            proposer: NodeNumber(1),
            time: ours.tip.time(),
            parent_certificate: None,
            submissions: vec![submission],
        };
        assert_eq!(crate::chain::assemble(proposal, &ours.tip, &ours.map).is_ok(), accepted);

        let checked = ours.checked(vec![]);
        let after = checked.after();
        let certificate = fixture::certificate_of(chain, after.signers(), after.height(), after.hash());
        assert_eq!(checked.finalize(certificate).is_ok(), accepted);

        let approval = Approve::sign(chain, &governance_key(1), province, id);
        let traces = ours.block_of(events.into_iter().chain([Event::Approve(approval)]).collect()).traces().to_vec();
        assert_eq!(traces[1].outcome == crate::outcome::Outcome::Applied, accepted);
    }
    let signature = governance_key(1).sign(&ours.genesis.approval_message(province));
    let verify = |genesis: &Genesis| governance_key(1).public().verify(&genesis.approval_message(province), &signature);
    assert!(verify(&ours.genesis).is_ok() && verify(&theirs.genesis).is_err());
}

/// The exception: an application is signed for no chain, so it goes into any genesis, and is signed anew
/// for none. What it is over has a domain of its own, and so it passes for nothing that a chain takes.
#[test]
fn an_application_is_for_no_chain() {
    let key = governance_key(1);
    let application = Application::sign(fixture::member(1, "370000"), &key);
    assert!(application.verify().is_ok());
    for chain in [ChainId([0; 32]), Network::new(3).tip.chain()] {
        let said = Said { height: Height(1), round: Round(2), hash: [3; 32], node: NodeNumber(4), count: 5 };
        for (kind, message) in signed_kinds(&chain, &said) {
            assert!(key.public().verify(&message, &application.signature).is_err(), "{kind}");
            let signature = key.sign(&message);
            assert!(Application { signature, ..application.clone() }.verify().is_err(), "{kind}");
        }
    }
}
