//! A genesis in bytes and in JSON, its errors, the ceremony, and a chain that continues another.

use super::*;
use crate::codec;
use crate::event::{Action, Entry};
use crate::fixture::{self, CODES, Network, code, governance_key, member, node_key};
use crate::governance::{Change, Stream};
use crate::map::MapKey;
use crate::membership::{Node, Parameters, Purpose};
use crate::merkle::{LogRoot, LogSize};
use crate::names::{PROTOCOL, Sequence};
use crate::outcome::Outcome;

/// A chain of two blocks, with an open proposal, and the genesis that continues it with two of its
/// four members.
fn continued() -> (Network, Genesis) {
    let mut old = Network::new(4);
    old.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
    old.govern(Change::SetPower(NodeNumber(1), 9), Height(50));
    let membership = [2, 3].into_iter().fold((*old.tip.membership).clone(), |membership, number| {
        let change = Change::RemoveMember(code(CODES[number]));
        change.apply(&membership, PROTOCOL).unwrap().0
    });
    let predecessor = Predecessor {
        network: old.genesis.network_id(),
        header: codec::decode::<crate::block::Block>(&old.blocks[1]).unwrap().header,
        certificate: old.certificate.clone().unwrap(),
        frontier: old.tip.frontier.clone(),
        control: old.tip.control.clone(),
    };
    let genesis = Genesis { time: old.tip.time, predecessor: Some(predecessor), membership, ..old.genesis.clone() };
    (old, genesis)
}

fn check(genesis: &Genesis, change: impl Fn(&mut Genesis), expected: Result<(), GenesisError>) {
    let mut genesis = genesis.clone();
    change(&mut genesis);
    assert_eq!(genesis.check(), expected);
}

#[test]
fn a_genesis_is_refused_for_what_does_not_fit() {
    use GenesisError as E;
    let first = Network::new(4).genesis;
    check(&first, |_| {}, Ok(()));
    for protocol in [Protocol(0), Protocol(2)] {
        check(&first, |genesis| genesis.protocol = protocol, Err(E::Protocol(protocol)));
    }
    let witness = || Text::new("witness.example+0badc0de+AAAA").unwrap();
    check(&first, |genesis| genesis.trust.wanted = 1, Err(E::Witnesses { wanted: 1, named: 0 }));
    let trust = |named: usize, wanted| TrustPolicy {
        witnesses: List::new(vec![witness(); named]).unwrap(),
        wanted,
        ..TrustPolicy::default()
    };
    check(&first, |genesis| genesis.trust = trust(2, 2), Ok(()));
    check(&first, |genesis| genesis.trust = trust(2, 3), Err(E::Witnesses { wanted: 3, named: 2 }));
}

#[test]
fn the_parts_of_a_predecessor_belong_together() {
    let (old, genesis) = continued();
    let part = |change: fn(&mut Predecessor), what| {
        let changed = |genesis: &mut Genesis| change(genesis.predecessor.as_mut().unwrap());
        check(&genesis, changed, Err(GenesisError::Predecessor(what)));
    };
    check(&genesis, |_| {}, Ok(()));
    part(|old| old.frontier = Frontier::default(), "frontier");
    part(|old| old.frontier.push(crate::merkle::leaf_hash(b"more")), "frontier");
    part(|old| old.header.log_size = LogSize(1), "frontier");
    part(|old| old.header.log_root = LogRoot([1; 32]), "frontier");
    part(|old| old.control.protocol = Protocol(9), "control state");
    part(|old| old.certificate.block = BlockHash([1; 32]), "certificate");
    part(|old| old.certificate.height = Height(1), "certificate");
    part(|old| old.header.proposer = NodeNumber(9), "certificate");
    let early = Timestamp(old.tip.time.0 - 1);
    check(&genesis, |genesis| genesis.time = early, Err(GenesisError::Predecessor("time")));
}

#[test]
fn bytes_and_json_say_the_same_and_give_the_same_chain_id() {
    let (_, continued) = continued();
    let mut full = continued.clone();
    full.sealed_vrf =
        List::new(vec![SealedVrf { member: code("370100"), sealed: Bytes::new(vec![1, 2, 3]).unwrap() }]).unwrap();
    full.trust = TrustPolicy {
        witnesses: List::new(vec![Text::new("witness.example+0badc0de+AAAA").unwrap()]).unwrap(),
        wanted: 1,
        timestamp_roots: List::new(vec![Bytes::new(vec![0x30, 0x82]).unwrap()]).unwrap(),
        lag: u64::MAX,
    };
    let genesises = [Network::new(4).genesis, continued, full];
    for genesis in &genesises {
        let json = serde_json::to_string_pretty(genesis).unwrap();
        let parsed: Genesis = serde_json::from_str(&json).unwrap();
        assert_eq!((&parsed, parsed.chain_id()), (genesis, genesis.chain_id()));
        let value: Genesis = serde_json::from_value(serde_json::to_value(genesis).unwrap()).unwrap();
        assert_eq!(value.chain_id(), genesis.chain_id());
        assert_eq!(codec::decode::<Genesis>(&codec::encode(genesis)).as_ref(), Ok(genesis));
    }
    let ids = genesises.each_ref().map(Genesis::chain_id);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

/// A field that is not known may mean anything, so it is refused, wherever it stands.
#[test]
fn unknown_fields_are_refused() {
    let (_, genesis) = continued();
    let json = serde_json::to_value(&genesis).unwrap();
    for at in [
        "",
        "/trust",
        "/membership",
        "/membership/parameters",
        "/membership/members/0",
        "/membership/members/0/governance",
        "/membership/members/0/nodes/0",
        "/membership/members/0/nodes/0/keys/0",
        "/predecessor",
        "/predecessor/header",
        "/predecessor/certificate",
        "/predecessor/certificate/signatures/0",
        "/predecessor/frontier",
        "/predecessor/control",
        "/predecessor/control/streams/0",
        "/predecessor/control/proposals/0",
    ] {
        let mut more = json.clone();
        more.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("more".into(), 1.into());
        assert!(serde_json::from_value::<Genesis>(more).is_err(), "{at}");
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
    assert_eq!((new.tip.height, new.tip.hash.0), (Height(0), genesis.chain_id().0));
    assert_eq!((&new.tip.frontier, new.tip.map_root), (&old.tip.frontier, old.tip.map_root));
    // Streams go on. What was proposed is over: its approvals are signatures of the old chain.
    assert_eq!(new.tip.control.streams, old.tip.control.streams);
    assert_eq!((old.tip.control.proposals.len(), new.tip.control.proposals.len()), (1, 0));
    new.map = old.map.clone();
    // The contract that the old chain made is renewed on the new one, in the next submission.
    assert_eq!(new.submission(1, vec![fixture::event(1, Action::Renew)]).sequence, Sequence(3));
    let block = new.block_of(vec![fixture::event(1, Action::Renew)]);

    let mut log = old.tip.frontier.clone();
    log.push(Entry::Seal(Seal { height: Height(2), block: old.tip.hash }).leaf_hash());
    log.push(Entry::Seal(Seal { height: Height(0), block: BlockHash(genesis.chain_id().0) }).leaf_hash());
    let renewed = log.size().0;
    log.extend(block.block().leaves());
    assert_eq!(new.tip.frontier, log);
    let state = new.map.get(&MapKey::of(&fixture::subject(1))).unwrap();
    assert_eq!((state.count, state.last_index.0), (2, renewed));
    assert_eq!(block.traces()[0].outcome, Outcome::Applied);
    assert_eq!(block.traces()[0].previous.map(|index| index.0), Some(1));
    let stream = Stream { node: NodeNumber(1), last: Sequence(3) };
    assert_eq!(new.tip.control.streams[..], [stream]);

    // From block 2 on there is one seal a block again, as on every chain.
    new.block(vec![]);
    log.push(Seal { height: Height(1), block: block.after().hash }.leaf_hash());
    assert_eq!(new.tip.frontier, log);
}

#[test]
fn a_first_chain_begins_with_the_seal_of_its_genesis() {
    let mut network = Network::new(1);
    let seal = Seal { height: Height(0), block: BlockHash(network.genesis.chain_id().0) };
    assert_eq!(network.genesis.seals(), [seal]);
    network.block(vec![]);
    assert_eq!(network.tip.frontier.root(), crate::merkle::root(&[seal.leaf_hash()]));
}

fn application(number: u32, code: &str, nodes: u32) -> Application {
    let nodes = (0..nodes).map(|at| Node { number: NodeNumber(at), ..fixture::node(10 * number + at) }).collect();
    Application::sign(Member { nodes: List::new(nodes).unwrap(), ..member(number, code) }, &governance_key(number))
}

#[test]
fn applications_make_the_first_membership_in_any_order() {
    let applications = [application(3, "370200", 1), application(1, "370000", 2), application(2, "370100", 0)];
    let made = first_membership(&applications, Parameters::default()).unwrap();
    let numbers: Vec<_> = made.nodes().map(|(member, node)| (member.code.as_str().to_owned(), node.number.0)).collect();
    assert_eq!(numbers, [("370000".to_owned(), 1), ("370000".to_owned(), 2), ("370200".to_owned(), 3)]);
    assert_eq!(made.next_node(), NodeNumber(4));
    let key = made.node(NodeNumber(2)).unwrap().1.key(Purpose::Peer).copied();
    assert_eq!(key, Some(node_key(11, Purpose::Peer).public()));
    let mut reversed = applications.to_vec();
    reversed.reverse();
    assert_eq!(first_membership(&reversed, Parameters::default()), Ok(made));
}

#[test]
fn an_application_is_signed_by_its_member_as_it_stands() {
    let good = application(2, "370100", 1);
    assert_eq!(good.verify(), Ok(&good.member));
    assert_eq!(codec::decode(&codec::encode(&good)), Ok(good.clone()));
    let other_name = Member { name_en: Text::new("Somebody").unwrap(), ..good.member.clone() };
    let renamed = Application { member: other_name, ..good.clone() };
    let by_another = Application::sign(good.member.clone(), &governance_key(1));
    for bad in [renamed, by_another] {
        let refused = GenesisError::Application(code("370100"));
        assert_eq!(bad.verify(), Err(refused.clone()));
        assert_eq!(first_membership(&[bad], Parameters::default()), Err(refused));
    }

    let province_missing = first_membership(&[good], Parameters::default());
    assert_eq!(province_missing, Err(GenesisError::Membership(MembershipError::Provinces(0))));
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
