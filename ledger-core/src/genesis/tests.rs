//! A genesis in bytes and in JSON, its errors, the ceremony, and a chain that continues another.

mod ceremony;
mod json;
mod predecessor;
mod succession;

use super::*;
use crate::certificate::{Certificate, CertificateError};
use crate::codec::{self, Text};
use crate::crypto::NetworkId;
use crate::event::{Action, Entry};
use crate::fixture::{self, CODES, Network, certify, code, governance_key, member, node_key};
use crate::governance::{Change, Control, Stream};
use crate::map::MapKey;
use crate::membership::{Key, Member, MembershipDraft, MembershipError, Node, Parameters, Purpose, TrustPolicy};
use crate::merkle::{Frontier, LogRoot, LogSize};
use crate::names::{NodeNumber, Round, Sequence};
use crate::outcome::Outcome;

/// A chain of two blocks, with an open proposal, and the genesis that continues it with two of its
/// four members.
fn continued() -> (Network, Genesis) {
    let mut old = Network::new(4);
    old.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
    old.govern(Change::SetPower(NodeNumber(1), 9), Height(50));
    let membership = [2, 3].into_iter().fold((**old.tip.membership()).clone(), |membership, number| {
        let change = Change::RemoveMember(code(CODES[number]), code("370100"));
        change.apply(&membership, PROTOCOL).unwrap().0
    });
    let genesis = fixture::edited(&old.genesis, |genesis| {
        genesis.predecessor = Some(old.predecessor());
        genesis.membership = membership;
        genesis.time = old.tip.time();
    });
    (old, genesis)
}

/// A genesis with one thing changed: what it is refused for, by its maker, in bytes and in JSON.
fn check(genesis: &Genesis, change: impl Fn(&mut GenesisDraft), expected: Result<(), GenesisError>) {
    let mut draft = genesis.draft().clone();
    change(&mut draft);
    assert_eq!(Genesis::new(draft.clone()).map(|_| ()), expected);
    let decoded = codec::decode::<Genesis>(&codec::encode(&draft)).map(|_| ());
    assert_eq!(decoded, expected.clone().map_err(|why| codec::DecodeError::Refused(why.to_string())));
    let parsed = Genesis::from_json(&serde_json::to_vec(&draft).unwrap());
    assert_eq!(parsed.is_ok(), expected.is_ok());
}

#[test]
fn a_genesis_is_refused_for_what_does_not_fit() {
    use GenesisError as E;
    let first = Network::new(4).genesis;
    check(&first, |_| {}, Ok(()));
    check(&first, |genesis| genesis.protocol = Protocol(2), Err(E::Protocol(Protocol(2))));
    for (name, why) in [
        ("", NameError::Empty),
        ("a b", NameError::Ends(' ')),
        ("a+b", NameError::Ends('+')),
        ("a\n", NameError::Hidden('\n')),
        ("a\u{202e}b", NameError::Hidden('\u{202e}')),
    ] {
        check(&first, |genesis| genesis.name = Text::new(name).unwrap(), Err(E::Name(why)));
    }
    check(&first, |genesis| genesis.time = Timestamp((1 << 53) - 1), Ok(()));
    // What the encoding does not hold, the maker refuses, too.
    let beyond = |edit: fn(&mut GenesisDraft)| {
        let mut draft = first.draft().clone();
        edit(&mut draft);
        assert!(codec::decode::<Genesis>(&codec::encode(&draft)).is_err());
        Genesis::new(draft).unwrap_err()
    };
    assert_eq!(beyond(|genesis| genesis.time = Timestamp(1 << 53)), E::Time(Timestamp(1 << 53).checked().unwrap_err()));
    assert_eq!(beyond(|genesis| genesis.protocol = Protocol(0)), E::Protocol(Protocol(0)));
}

#[test]
fn every_member_has_one_sealed_vrf_key() {
    let first = Network::new(4).genesis;
    let sealed = |edit: fn(&mut Vec<SealedVrf>)| {
        let edited = |genesis: &mut GenesisDraft| {
            let mut boxes = genesis.sealed_vrf.to_vec();
            edit(&mut boxes);
            genesis.sealed_vrf = List::new(boxes).unwrap();
        };
        check(&first, edited, Err(GenesisError::SealedVrf));
    };
    sealed(|boxes| _ = boxes.pop());
    sealed(|boxes| boxes.clear());
    sealed(|boxes| boxes.swap(0, 1));
    sealed(|boxes| boxes.push(boxes[3].clone()));
    sealed(|boxes| boxes[3].member = code("379900"));
    sealed(|boxes| boxes[3].member = boxes[2].member);
}

#[test]
fn a_genesis_leaves_room_for_node_numbers() {
    let (_, continued) = continued();
    let given_out = continued.predecessor.as_ref().unwrap().next.next_node();
    for (genesis, most) in [(Network::new(4).genesis, 1024), (continued, given_out.0 + 1024)] {
        let with = |next: u32| {
            let draft = MembershipDraft { next_node: NodeNumber(next), ..genesis.membership.draft().clone() };
            let membership = Membership::new(draft).unwrap();
            Genesis::new(crate::genesis::GenesisDraft { membership, ..genesis.draft().clone() })
        };
        let room = with(most).unwrap();
        let node = crate::membership::Node { number: NodeNumber(most), ..fixture::node(77) };
        let added = Change::AddNode(code("370000"), node.into());
        assert!(added.apply(&room.membership, crate::names::PROTOCOL).is_ok());
        for next in [most + 1, u32::MAX] {
            let why = GenesisError::NextNode { found: NodeNumber(next), most: NodeNumber(most) };
            assert_eq!(with(next), Err(why));
        }
    }
}

#[test]
fn the_network_id_is_the_first_chain_id_for_ever() {
    let (old, genesis) = continued();
    assert_eq!(old.genesis.network_id().0, old.genesis.chain_id().0);
    assert_eq!(genesis.network_id(), old.genesis.network_id());
    assert_ne!(genesis.network_id().0, genesis.chain_id().0);
}

#[test]
fn a_continued_chain_goes_on_with_log_map_and_streams() {
    let (old, genesis) = continued();
    let mut new = Network::from_genesis(genesis.clone());
    assert_eq!((new.tip.height(), new.tip.hash().0), (Height(0), genesis.chain_id().0));
    assert_eq!((new.tip.frontier(), new.tip.map_root()), (old.tip.frontier(), old.tip.map_root()));
    // Streams go on. What was proposed is over: its approvals are signatures of the old chain.
    assert_eq!(new.tip.control().streams, old.tip.control().streams);
    assert_eq!((old.tip.control().proposals.len(), new.tip.control().proposals.len()), (1, 0));
    new.map = old.map.clone();
    // The contract that the old chain made is renewed on the new one, in the next submission.
    assert_eq!(new.submission(1, vec![fixture::event(1, Action::Renew)]).sequence, Sequence(3));
    let block = new.block_of(vec![fixture::event(1, Action::Renew)]);

    let mut log = old.tip.frontier().clone();
    log.push(Entry::Seal(Seal { height: Height(2), block: old.tip.hash() }).leaf_hash());
    log.push(Entry::Seal(Seal { height: Height(0), block: BlockHash(genesis.chain_id().0) }).leaf_hash());
    let renewed = log.size().0;
    log.extend(block.block().leaves());
    assert_eq!(*new.tip.frontier(), log);
    let state = new.map.get(&MapKey::of(&fixture::subject(1))).unwrap();
    assert_eq!((state.count, state.last_index.0), (2, renewed));
    assert_eq!(block.traces()[0].outcome, Outcome::Applied);
    assert_eq!(block.traces()[0].previous.map(|index| index.0), Some(1));
    let stream = Stream { node: NodeNumber(1), last: Sequence(3) };
    assert_eq!(new.tip.control().streams[..], [stream]);

    // From block 2 on there is one seal a block again, as on every chain.
    new.block(vec![]);
    log.push(Seal { height: Height(1), block: block.after().hash() }.leaf_hash());
    assert_eq!(*new.tip.frontier(), log);
}

#[test]
fn a_first_chain_begins_with_the_seal_of_its_genesis() {
    let mut network = Network::new(1);
    let seal = Seal { height: Height(0), block: BlockHash(network.genesis.chain_id().0) };
    assert_eq!(network.genesis.seals(), [seal]);
    network.block(vec![]);
    assert_eq!(network.tip.frontier().root(), crate::merkle::root(&[seal.leaf_hash()]));
}

#[test]
fn an_approval_binds_genesis_and_member() {
    let (old, genesis) = continued();
    let (a, b) = (code("370000"), code("370100"));
    let message = genesis.approval_message(a);
    assert_ne!(message, genesis.approval_message(b));
    assert_ne!(message, old.genesis.approval_message(a));
    let head = [&b"\x15luqi/genesis-approval\x01"[..], &genesis.chain_id().0, b"370000"].concat();
    assert_eq!(message.as_bytes(), head);
}
