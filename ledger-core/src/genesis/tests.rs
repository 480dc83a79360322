//! A genesis in bytes and in JSON, its errors, the ceremony, and a chain that continues another.

use super::*;
use crate::certificate::{Certificate, CertificateError};
use crate::codec::{self, Text};
use crate::crypto::NetworkId;
use crate::event::{Action, Entry};
use crate::fixture::{self, CODES, Network, code, governance_key, member, node_key};
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

/// All validators of the old chain sign its tip again.
fn certify(old: &mut Predecessor) {
    let keys: Vec<_> = old.signers.nodes().map(|(_, node)| node.number).collect();
    let keys: Vec<_> = keys.into_iter().map(|number| (number, node_key(number.0, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(number, key)| (*number, key)).collect();
    let header = &old.header;
    old.certificate = Certificate::sign(&header.chain, header.height, Round(0), header.hash(), &signers);
}

#[test]
fn the_parts_of_a_predecessor_belong_together() {
    use PredecessorError as E;
    let (old, genesis) = continued();
    let part = |change: &dyn Fn(&mut Predecessor), what| {
        let changed = |genesis: &mut GenesisDraft| change(genesis.predecessor.as_mut().unwrap());
        check(&genesis, changed, Err(GenesisError::Predecessor(what)));
    };
    check(&genesis, |_| {}, Ok(()));
    part(&|old| old.frontier = Frontier::default(), E::Part("frontier"));
    part(&|old| old.frontier.push(crate::merkle::leaf_hash(b"more")), E::Part("frontier"));
    part(&|old| old.header.log_size = LogSize(1), E::Part("frontier"));
    part(&|old| old.header.log_root = LogRoot([1; 32]), E::Part("frontier"));
    part(&|old| old.control = Control::new(PROTOCOL), E::Part("control state"));
    part(&|old| old.next = Network::new(5).genesis.membership.clone(), E::Part("next membership"));

    // A certificate of what is there, by those who certify it.
    let zero = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.header.height = Height(0);
        certify(old);
    };
    check(&genesis, zero, Err(GenesisError::Predecessor(E::Zero)));
    let hash = old.tip.hash();
    let (wanted, found) = (hash, BlockHash([1; 32]));
    part(&|old| old.certificate.block = found, E::Certificate(CertificateError::Block { wanted, found }));
    let (wanted, found) = (Height(2), Height(1));
    part(&|old| old.certificate.height = found, E::Certificate(CertificateError::Height { wanted, found }));
    let other = |old: &mut Predecessor| {
        old.header.proposer = NodeNumber(9);
        certify(old);
    };
    check(&genesis, |genesis| other(genesis.predecessor.as_mut().unwrap()), Ok(()));
    let unsigned = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        certify(old);
        old.certificate.signatures = List::new(old.certificate.signatures[..2].to_vec()).unwrap();
    };
    let mut draft = genesis.draft().clone();
    unsigned(&mut draft);
    let refused = Genesis::new(draft).map(|_| ());
    assert!(matches!(refused, Err(GenesisError::Predecessor(E::Certificate(_)))), "{refused:?}");
    let stranger = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        let one = fixture::membership(vec![member(9, "370000")], Parameters::default());
        old.signers = one;
    };
    let mut draft = genesis.draft().clone();
    stranger(&mut draft);
    assert!(matches!(Genesis::new(draft), Err(GenesisError::Predecessor(E::Certificate(_)))));

    let (tip, found) = (old.tip.time(), Timestamp(old.tip.time().0 - 1));
    check(&genesis, |genesis| genesis.time = found, Err(GenesisError::Predecessor(E::Time { tip, found })));
    let newer = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.header.protocol = Protocol(2);
        certify(old);
    };
    let why = E::Protocol { old: Protocol(2), found: PROTOCOL };
    check(&genesis, newer, Err(GenesisError::Predecessor(why)));
    // A chain that asks for a protocol that nobody has is continued by the one in which its blocks were made.
    let asks_for_more = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.control.protocol = Protocol(2);
        old.header.control = old.control.hash();
        certify(old);
    };
    check(&genesis, asks_for_more, Ok(()));
}

/// The membership of the continuing genesis, changed, is refused for what it forgets.
fn check_membership(genesis: &Genesis, edit: impl Fn(&mut MembershipDraft), why: Option<PredecessorError>) {
    let changed = |genesis: &mut GenesisDraft| {
        let mut draft = genesis.membership.draft().clone();
        edit(&mut draft);
        genesis.membership = Membership::new(draft).unwrap();
        genesis.sealed_vrf = fixture::sealed_vrf(&genesis.membership);
    };
    check(genesis, changed, why.map_or(Ok(()), |why| Err(GenesisError::Predecessor(why))));
}

#[test]
fn no_number_gets_another_owner_and_nobody_is_forgotten() {
    use PredecessorError as E;
    let (_, genesis) = continued();
    let push = |draft: &mut MembershipDraft, new: Member| draft.members.push(new).unwrap();
    let with_node =
        |number: u32| Member { nodes: List::new(vec![fixture::node(number)]).unwrap(), ..member(9, "370500") };
    // Somebody new, with a number that was given out to somebody else, or with a new one.
    check_membership(&genesis, |draft| push(draft, with_node(3)), Some(E::Owner(NodeNumber(3), code("370500"))));
    let new = |draft: &mut MembershipDraft| {
        push(draft, with_node(5));
        draft.next_node = NodeNumber(6);
    };
    check_membership(&genesis, new, None);
    // The node of a member that is gone, in the hands of its heir; or its member, come back with it.
    let inherited = |draft: &mut MembershipDraft| {
        draft.members.iter_mut().skip(1).for_each(|heir| heir.nodes.push(fixture::node(3)).unwrap());
    };
    check_membership(&genesis, inherited, Some(E::Owner(NodeNumber(3), code("370100"))));
    let back = |draft: &mut MembershipDraft| {
        push(draft, member(3, "370200"));
        draft.heirs.retain(|heir| heir.removed != code("370200"));
    };
    check_membership(&genesis, back, None);
    let lower = |draft: &mut MembershipDraft| draft.next_node = NodeNumber(4);
    let why = E::NextNode { old: NodeNumber(5), found: NodeNumber(4) };
    check_membership(&genesis, lower, Some(why));
    let forgotten = |draft: &mut MembershipDraft| draft.heirs.retain(|heir| heir.removed != code("370300"));
    check_membership(&genesis, forgotten, Some(E::Forgotten(code("370300"))));

    // A number that was given up before the old tip does not come back either, nor is who was removed there forgotten.
    let mut old = Network::new(4);
    old.govern(Change::RemoveMember(code("370300"), code("370000")), Height(2));
    let genesis = fixture::edited(&old.genesis, |genesis| {
        genesis.predecessor = Some(old.predecessor());
        genesis.membership = (**old.tip.membership()).clone();
        genesis.time = old.tip.time();
    });
    let again = |draft: &mut MembershipDraft| {
        draft.heirs = List::default();
        push(draft, member(4, "370300"));
    };
    check_membership(&genesis, again, Some(E::Owner(NodeNumber(4), code("370300"))));
    let forgotten = |draft: &mut MembershipDraft| draft.heirs = List::default();
    check_membership(&genesis, forgotten, Some(E::Forgotten(code("370300"))));
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

/// Approvals of the members with these numbers, by these keys.
fn approvals(genesis: &Genesis, by: &[(u32, u32)]) -> Vec<GenesisApproval> {
    let sign = |(number, key): &(u32, u32)| {
        GenesisApproval::sign(genesis, code(CODES[*number as usize - 1]), &governance_key(*key))
    };
    by.iter().map(sign).collect()
}

#[test]
fn a_succession_is_the_will_of_more_than_two_thirds_of_the_old_members() {
    use SuccessionError as E;
    let (old, new) = continued();
    let succession = |approvals: &[GenesisApproval]| verify_succession(&old.genesis, &new, approvals);
    let by = |by: &[(u32, u32)]| succession(&approvals(&new, by));
    assert_eq!(by(&[(1, 1), (2, 2), (3, 3)]), Ok(()));
    // Also of those that the new chain leaves out.
    assert_eq!(by(&[(4, 4), (3, 3), (2, 2)]), Ok(()));
    assert_eq!(by(&[(1, 1), (2, 2)]), Err(E::NoQuorum { approving: 2, total: 4 }));
    assert_eq!(by(&[]), Err(E::NoQuorum { approving: 0, total: 4 }));
    assert_eq!(by(&[(1, 1), (2, 2), (2, 2)]), Err(E::Twice(code("370100"))));
    assert_eq!(by(&[(1, 1), (2, 2), (3, 2)]), Err(E::Signature(code("370200"))));
    assert_eq!(by(&[(1, 1), (2, 2), (3, 3), (5, 5)]), Err(E::NoMember(code("370400"))));
    // For another genesis.
    let later = fixture::edited(&new, |genesis| genesis.time = Timestamp(genesis.time.0 + 1));
    let for_another = succession(&approvals(&later, &[(1, 1), (2, 2), (3, 3)]));
    assert_eq!(for_another, Err(E::Signature(code("370000"))));
}

#[test]
fn a_forged_succession_is_refused_for_each_rule() {
    use SuccessionError as E;
    let (old, new) = continued();
    let all = [(1, 1), (2, 2), (3, 3), (4, 4)];
    let refused = |new: &Genesis, why: SuccessionError| {
        assert_eq!(verify_succession(&old.genesis, new, &approvals(new, &all)), Err(why));
    };
    refused(&old.genesis, E::NoPredecessor);
    let other_chain = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.header.chain = ChainId([7; 32]);
        certify(old);
    };
    refused(&fixture::edited(&new, other_chain), E::Chain(ChainId([7; 32])));
    let network = NetworkId([7; 32]);
    let other_network = |genesis: &mut GenesisDraft| genesis.predecessor.as_mut().unwrap().network = network;
    refused(&fixture::edited(&new, other_network), E::Network(network));
    refused(&fixture::edited(&new, |genesis| genesis.name = Text::new("other").unwrap()), E::Name);
    let vrf = crate::lookup::VrfSecretKey::from_random(&[9; 32]).unwrap().public();
    refused(&fixture::edited(&new, |genesis| genesis.vrf = vrf), E::Vrf);

    // A second succession names the network of the first genesis of all.
    let mut second = Network::from_genesis(new.clone());
    second.map = old.map.clone();
    second.block(vec![]);
    let third = fixture::edited(&new, |genesis| {
        genesis.predecessor = Some(second.predecessor());
        genesis.time = second.tip.time();
    });
    assert_eq!(verify_succession(&new, &third, &approvals(&third, &[(1, 1), (2, 2)])), Ok(()));
    let signed = approvals(&third, &[(1, 1), (2, 2)]);
    assert!(matches!(verify_succession(&old.genesis, &third, &signed), Err(E::Chain(_))));
}

/// Who knows the old genesis and holds none of its keys makes up members of his own, who certify and approve all.
#[test]
fn a_succession_is_not_made_without_the_old_keys() {
    use crate::history::{CertifiedChange, HistoryError};
    use SuccessionError as E;
    let (old, new) = continued();
    let strangers = (11..=13).zip(CODES).map(|(number, code)| member(number, code)).collect();
    let strangers = fixture::membership(strangers, Parameters::default());
    let forged = |changes: Vec<CertifiedChange>, signers: &Membership| {
        let genesis = fixture::edited(&new, |genesis| {
            let old = genesis.predecessor.as_mut().unwrap();
            (old.signers, old.next) = (signers.clone(), strangers.clone());
            old.header.next_membership = strangers.hash();
            certify(old);
            old.changes = List::new(changes).unwrap();
            genesis.membership = strangers.clone();
            genesis.sealed_vrf = fixture::sealed_vrf(&strangers);
        });
        verify_succession(&old.genesis, &genesis, &approvals(&genesis, &[(1, 11), (2, 12), (3, 13)]))
    };
    assert_eq!(forged(vec![], &strangers), Err(E::Membership("membership that certified its tip")));
    // Their tip, said to be signed by the true members, is not: the genesis itself is refused. Here they are made to
    // sign, and still nothing leads to the strangers.
    assert_eq!(forged(vec![], &old.genesis.membership), Err(E::Membership("next membership")));
    let mut header = new.predecessor.as_ref().unwrap().header.clone();
    (header.height, header.next_membership) = (Height(1), strangers.hash());
    let keys = [11, 12, 13].map(|number| (NodeNumber(number), node_key(number, Purpose::Consensus)));
    let signers = keys.each_ref().map(|(number, key)| (*number, key));
    let certificate = Certificate::sign(&header.chain, header.height, Round(0), header.hash(), &signers);
    let change = CertifiedChange { header, certificate, membership: strangers.clone() };
    let why = HistoryError::Certificate(Height(1), CertificateError::NoVote(NodeNumber(11)));
    assert_eq!(forged(vec![change], &strangers), Err(E::Change(why)));
}

/// The members at the old tip are others than those of the old genesis: the changes lead there.
#[test]
fn a_succession_follows_the_changes_of_membership() {
    use SuccessionError as E;
    let mut old = Network::new(4);
    let key = Key::from(governance_key(9).public()).into();
    old.govern(Change::RotateMemberKeys(code("370100"), key, fixture::vault_key(9)), Height(2));
    old.block(vec![]);
    let genesis = |changes: fn(&mut Vec<crate::history::CertifiedChange>)| {
        fixture::edited(&old.genesis, |genesis| {
            let mut predecessor = old.predecessor();
            let mut given = predecessor.changes.to_vec();
            changes(&mut given);
            predecessor.changes = List::new(given).unwrap();
            genesis.predecessor = Some(predecessor);
            genesis.membership = (**old.tip.membership()).clone();
            genesis.sealed_vrf = fixture::sealed_vrf(old.tip.membership());
            genesis.time = old.tip.time();
        })
    };
    let verify = |new: &Genesis, by: &[(u32, u32)]| verify_succession(&old.genesis, new, &approvals(new, by));
    let (by_new_key, by_old_key) = ([(1, 1), (2, 9), (3, 3)], [(1, 1), (2, 2), (3, 3)]);
    let new = genesis(|_| {});
    assert_eq!(new.predecessor.as_ref().unwrap().changes.len(), 1);
    assert_eq!(verify(&new, &by_new_key), Ok(()));
    assert_eq!(verify(&new, &by_old_key), Err(E::Signature(code("370100"))));
    let untold = genesis(Vec::clear);
    assert_eq!(verify(&untold, &by_new_key), Err(E::Membership("membership that certified its tip")));
    let above = genesis(|changes| changes[0].header.height = Height(9));
    assert_eq!(verify(&above, &by_new_key), Err(E::Change(crate::history::HistoryError::Above(Height(9)))));
}

#[test]
fn bytes_and_json_say_the_same_and_give_the_same_chain_id() {
    let (_, continued) = continued();
    let trusting = fixture::edited(&continued, |genesis| {
        let draft = genesis.membership.draft().clone();
        let trust = TrustPolicy { lag: (1 << 53) - 1, ..fixture::trust(2) };
        genesis.membership = Membership::new(MembershipDraft { trust, ..draft }).unwrap();
    });
    let genesises = [Network::new(4).genesis, continued, trusting];
    for genesis in &genesises {
        let json = serde_json::to_string_pretty(genesis).unwrap();
        let parsed = Genesis::from_json(json.as_bytes()).unwrap();
        assert_eq!((&parsed, parsed.chain_id()), (genesis, genesis.chain_id()));
        assert_eq!(codec::decode::<Genesis>(&codec::encode(genesis)).as_ref(), Ok(genesis));
    }
    let ids = genesises.each_ref().map(Genesis::chain_id);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

/// One way to write it: what a reader could take for something else is no genesis.
#[test]
fn json_in_another_form_is_refused() {
    let (_, continued) = continued();
    let json = |genesis: &Genesis| serde_json::to_value(genesis).unwrap();
    let refused = |value: &serde_json::Value, place: &str| {
        let why = Genesis::from_json(&serde_json::to_vec(value).unwrap()).unwrap_err();
        assert_eq!(why, GenesisJsonError::Form(place.to_owned()));
    };
    let mut missing = json(&Network::new(1).genesis);
    missing.as_object_mut().unwrap().remove("predecessor");
    refused(&missing, "/predecessor");
    let mut as_list = json(&continued);
    let parameters = as_list["membership"]["parameters"].take();
    as_list["membership"]["parameters"] = parameters.as_object().unwrap().values().cloned().collect();
    // serde takes the fields of a list in their order, which is another than that of the names.
    assert!(Genesis::from_json(&serde_json::to_vec(&as_list).unwrap()).is_err());
    let mut as_list = json(&continued);
    let stream = as_list["predecessor"]["control"]["streams"][0].take();
    as_list["predecessor"]["control"]["streams"][0] = serde_json::json!([stream["node"], stream["last"]]);
    refused(&as_list, "/predecessor/control/streams/0");

    let text = serde_json::to_string(&continued).unwrap();
    assert!(Genesis::from_json(text.as_bytes()).is_ok());
    let other = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let why = Genesis::from_json(text.replacen(from, to, 1).as_bytes());
        assert!(matches!(why, Err(GenesisJsonError::Json(_))), "{to}: {why:?}");
    };
    other("\"protocol\":1", "\"protocol\":1,\"protocol\":1");
    other("\"protocol\":1", "\"protocol\":1.0");
    other("\"protocol\":1", "\"protocol\":1e0");
    other("\"protocol\":1", "\"protocol\":01");
    other("\"protocol\":1", "\"protocol\":true");
    other("\"wanted\":0", "\"wanted\":-0");
    other("\"adopted\":true", "\"adopted\":1");
    other("\"name\":\"", "\"name\":\"\\ud800");
    other("{", "\u{feff}{");
    assert!(matches!(Genesis::from_json(b"{\"name\":\"\xff\"}"), Err(GenesisJsonError::Json(_))));
}

/// A field that is not known may mean anything, so it is refused, wherever it stands.
#[test]
fn unknown_fields_are_refused() {
    let (old, genesis) = continued();
    let genesis = fixture::edited(&genesis, |genesis| {
        let predecessor = genesis.predecessor.as_mut().unwrap();
        let (header, certificate) = (predecessor.header.clone(), predecessor.certificate.clone());
        let change =
            crate::history::CertifiedChange { header, certificate, membership: (**old.tip.membership()).clone() };
        predecessor.changes = List::new(vec![change]).unwrap();
    });
    let json = serde_json::to_value(&genesis).unwrap();
    for at in [
        "",
        "/membership",
        "/membership/trust",
        "/membership/heirs/0",
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
        "/predecessor/next",
        "/predecessor/changes/0",
        "/predecessor/changes/0/header",
        "/predecessor/changes/0/certificate",
        "/predecessor/changes/0/membership",
    ] {
        let mut more = json.clone();
        more.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("more".into(), 1.into());
        assert!(Genesis::from_json(&serde_json::to_vec(&more).unwrap()).is_err(), "{at}");
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

fn application(number: u32, code: &str, nodes: u32) -> Application {
    let nodes = (0..nodes).map(|at| Node { number: NodeNumber(at), ..fixture::node(10 * number + at) }).collect();
    Application::sign(Member { nodes: List::new(nodes).unwrap(), ..member(number, code) }, &governance_key(number))
}

fn first(applications: &[Application]) -> Result<Membership, ApplicationError> {
    first_membership(applications, code("370000"), Parameters::default(), TrustPolicy::default())
}

#[test]
fn applications_make_the_first_membership_in_any_order() {
    let applications = [application(3, "370200", 1), application(1, "370000", 2), application(2, "370100", 0)];
    let made = first(&applications).unwrap();
    let numbers: Vec<_> = made.nodes().map(|(member, node)| (member.code.as_str().to_owned(), node.number.0)).collect();
    assert_eq!(numbers, [("370000".to_owned(), 1), ("370000".to_owned(), 2), ("370200".to_owned(), 3)]);
    assert_eq!(made.next_node(), NodeNumber(4));
    let key = made.node(NodeNumber(2)).unwrap().1.key(Purpose::Peer).copied();
    assert_eq!(key, Some(node_key(11, Purpose::Peer).public()));
    let mut reversed = applications.to_vec();
    reversed.reverse();
    assert_eq!(first(&reversed), Ok(made));
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
        let refused = ApplicationError::Signature(code("370100"));
        assert_eq!(bad.verify(), Err(refused.clone()));
        assert_eq!(first(&[bad]), Err(refused));
    }

    let province_missing = first(&[good]);
    assert_eq!(province_missing, Err(ApplicationError::Membership(MembershipError::Province(code("370000")))));
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
