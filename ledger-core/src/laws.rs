//! Laws that bind several modules: one value has one encoding; two chains never accept each other's
//! signatures; a block is judged by the membership committed to below it.

mod chains;
mod judges;

use crate::archive::{Foot, StateRow, StateRows};
use crate::block::{Block, Body, Header};
use crate::certificate::{Certificate, ConsensusProposal, Parts, ValidatorProof, Vote};
use crate::codec::{self, Bytes, List};
use crate::contract::any::any_state;
use crate::contract::{State, Status};
use crate::crypto::{ChainId, Hash, PublicKey, Signature};
use crate::event::{Action, Anchor, Entry, EraseTarget, Event, Evidence, Seal, Step};
use crate::fixture::{self, Network, code, governance_key, node_key};
use crate::genesis::{Application, Genesis, Predecessor, SealedVrf};
use crate::governance::{Approve, Change, Control, Propose};
use crate::map::MapKey;
use crate::membership::{
    Heir, Key, KeyBytes, Member, Membership, MembershipDraft, Node, NodeKey, Parameters, Purpose, TrustPolicy, VaultKey,
};
use crate::merkle::{Frontier, LeafHash, LogRoot, LogSize};
use crate::names::{Height, MemberCode, NodeNumber, Ordinal, ProposalId, Protocol, Round, SchemaVersion, Sequence};
use crate::submission::{Frame, Submission};
use bincode::{Decode, Encode};
use proptest::prelude::*;
use std::fmt::Debug;

/// The bytes give back the value, no prefix and no longer bytes do, and after a change of one bit
/// they are refused, or are the encoding of another value.
fn check<T: Encode + Decode<()> + PartialEq + Debug>(value: &T) {
    let bytes = codec::encode(value);
    assert_eq!(codec::decode::<T>(&bytes).as_ref(), Ok(value));
    // Long values are sampled, at every bit of a byte; their parts are checked as values of their own.
    let step = (8 * bytes.len() / 1_000) | 1;
    for bit in (0..8 * bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = codec::decode::<T>(&changed) {
            assert_ne!(&other, value, "bit {bit}");
            assert_eq!(codec::encode(&other), changed, "bit {bit}");
        }
    }
    for end in (0..bytes.len()).step_by(step) {
        assert!(codec::decode::<T>(&bytes[..end]).is_err(), "the first {end} bytes");
    }
    assert_eq!(codec::decode::<T>(&[&bytes[..], &[0]].concat()), Err(codec::DecodeError::TrailingBytes(1)));
}

fn changes() -> Vec<Change> {
    let key = Key::from(governance_key(9).public());
    vec![
        Change::AddMember(fixture::member(5, "370400").into()),
        Change::RemoveMember(code("370100"), code("370000")),
        Change::AddNode(code("370100"), fixture::node(5).into()),
        Change::RemoveNode(NodeNumber(2)),
        Change::SetPower(NodeNumber(2), 3),
        Change::RotateNodeKeys(NodeNumber(2), fixture::node(9).keys.into()),
        Change::RotateMemberKeys(code("370100"), key.into(), VaultKey([9; 32])),
        Change::SetParameters(Parameters::default()),
        Change::Activate(Protocol(2)),
        Change::Withdraw(ProposalId([7; 32])),
        Change::SetTrust(fixture::trust(2)),
    ]
}

fn events() -> Vec<Event> {
    let contract = |action| fixture::event(1, action);
    let mut events = vec![
        contract(Action::New { keeper: code("370100") }),
        contract(Action::Correct { cites: Ordinal(1) }),
        contract(Action::Reopen(Step::Propose(Ordinal(2)))),
        contract(Action::Reopen(Step::Approve(Ordinal(2)))),
        contract(Action::Transfer(Step::Propose(code("370200")))),
        contract(Action::Erase(Step::Propose(EraseTarget::Event(Ordinal(3))))),
        contract(Action::Erase(Step::Propose(EraseTarget::Leaf(LeafHash([4; 32]))))),
        Event::Approve(Approve::sign(
            &ChainId([1; 32]),
            &governance_key(1),
            code("370000"),
            changes()[0].id(Height(3)),
        )),
        Event::Evidence(Evidence { form: 1, bytes: Bytes::new(vec![1, 2, 3]).unwrap() }),
        Event::Anchor(Anchor { purpose: 1, size: LogSize(2), root: LogRoot([3; 32]) }),
    ];
    events.extend(
        changes()
            .into_iter()
            .map(|change| Event::Propose(Box::new(Propose { change: change.into(), effective: Height(3) }))),
    );
    events
}

/// A chain with open proposals and a changed membership.
fn network() -> Network {
    let mut network = Network::new(3);
    network.govern(Change::SetPower(NodeNumber(3), 2), Height(2));
    let submissions = vec![network.submission(1, events()), network.submission(2, events())];
    network.block(submissions);
    network
}

#[test]
fn one_event_has_one_encoding() {
    for event in events() {
        let (stream, sequence, position) = (NodeNumber(1), Sequence(2), 3);
        check(&event);
        check(&Entry::Event { stream, sequence, position, event });
    }
    let seal = Seal { height: Height(1), block: crate::names::BlockHash([2; 32]) };
    check(&seal);
    check(&Entry::Seal(seal));
    changes().iter().for_each(check::<Change>);
}

#[test]
fn one_part_of_a_chain_has_one_encoding() {
    let network = network();
    for bytes in &network.blocks {
        let block: Block = codec::decode(bytes).unwrap();
        check::<Header>(&block.header);
        check::<Body>(&block.body);
        check::<Block>(&block);
        for submission in &block.body.submissions {
            check::<Submission>(submission);
            check::<Frame>(&submission.frame(&submission.leaf_hashes()));
        }
    }
    check::<Certificate>(network.certificate.as_ref().unwrap());
    check::<Control>(network.tip.control());
    check::<Membership>(network.tip.membership());
    check::<Frontier>(network.tip.frontier());
    check::<Foot>(&network.foot());
    check(&Foot::default());
    let rows = network.map.iter().map(|(key, state)| StateRow { key: *key, state: *state }).collect();
    check::<StateRows>(&List::new(rows).unwrap());
}

#[test]
fn one_part_of_a_membership_has_one_encoding() {
    let member = fixture::member(1, "370000");
    check::<Node>(&member.nodes[0]);
    check::<NodeKey>(&member.nodes[0].keys[0]);
    check::<Key>(&member.governance);
    check::<PublicKey>(&member.governance.key);
    check::<MemberCode>(&member.code);
    check::<Parameters>(&Parameters::default());
    check::<TrustPolicy>(&fixture::trust(2));
    check::<Member<KeyBytes>>(&member.clone().into());
    let heir = Heir { removed: code("370900"), heir: member.code };
    check::<Heir>(&heir);
    let draft = fixture::membership(vec![member.clone()], Parameters::default()).draft().clone();
    let draft = MembershipDraft { heirs: List::new(vec![heir]).unwrap(), trust: fixture::trust(1), ..draft };
    check::<Membership>(&Membership::new(draft).unwrap());
    check::<Application>(&Application::sign(member.clone(), &governance_key(1)));
    check::<Member>(&member);
    Purpose::ALL.iter().for_each(check::<Purpose>);
}

#[test]
fn one_genesis_has_one_encoding() {
    let network = network();
    check::<Predecessor>(&network.predecessor());
    check::<SealedVrf>(&network.genesis.sealed_vrf[0]);
    check::<Genesis>(&network.genesis);
    check::<Genesis>(&fixture::edited(&network.genesis, |genesis| {
        genesis.predecessor = Some(network.predecessor());
        genesis.membership = (**network.tip.membership()).clone();
        genesis.time = network.tip.time();
    }));
}

#[test]
fn one_vote_has_one_encoding() {
    let (height, round, block, proposer) = (Height(1), Round(2), crate::names::BlockHash([3; 32]), NodeNumber(4));
    check(&Vote { height, round, block: Some(block) });
    check(&Vote { height, round, block: None });
    check(&ConsensusProposal { height, round, block, valid_round: None, proposer });
    check(&ConsensusProposal { height, round, block, valid_round: Some(Round(1)), proposer });
    check(&Parts { height, round, block, parts: 5, bytes: 6, proposer });
    check(&ValidatorProof { node: proposer, peer: node_key(4, Purpose::Peer).public() });
    check(&Signature([7; 64]));
    check(&Hash([7; 32]));
    [Status::Active, Status::Suspended, Status::Ended, Status::Void, Status::Registered]
        .iter()
        .for_each(check::<Status>);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn one_state_has_one_encoding(state in any_state(), key in any::<[u8; 32]>()) {
        check::<State>(&state);
        check(&StateRow { key: MapKey(key), state });
    }

    #[test]
    fn one_action_has_one_encoding(action: Action, version in 1_u8.., number in any::<u64>()) {
        let version = SchemaVersion::try_from(version).unwrap();
        let Event::Contract(event) = fixture::event(number, action) else { unreachable!() };
        check(&Event::Contract(crate::event::ContractEvent { version, ..event }));
    }

    /// Whatever the bytes say, they are refused or say it in one way.
    #[test]
    fn what_decodes_is_what_its_value_encodes_to(bytes in prop::collection::vec(0_u8..6, 0..300), kind in 0_u8..80) {
        fn same<T: Encode + Decode<()>>(bytes: &[u8]) {
            if let Ok(value) = codec::decode::<T>(bytes) {
                assert_eq!(codec::encode(&value), bytes);
            }
        }
        let tagged = [&[kind][..], &bytes].concat();
        same::<Event>(&tagged);
        same::<Entry>(&[&[1][..], &[0; 14], &tagged].concat());
        same::<Change>(&tagged);
        same::<State>(&bytes);
        same::<Control>(&bytes);
        same::<Certificate>(&bytes);
        same::<Frontier>(&bytes);
        same::<Foot>(&bytes);
    }
}
