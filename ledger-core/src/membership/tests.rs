//! What a membership must be, and every way in which it is not.

use super::*;
use crate::codec::{self, DecodeError};
use crate::codec::{List, Text};
use crate::crypto::PublicKey;
use crate::fixture::{CODES, code, member, node, node_key, vault_key};

/// A list of keys has room for one of each purpose, and for no more.
const _: () = assert!(Purpose::ALL.len() == MAX_KEYS);

fn members() -> Vec<Member> {
    (1..=3).zip(CODES).map(|(number, code)| member(number, code)).collect()
}

/// Three members with one node each, the province first, after a change.
fn check(change: impl Fn(&mut Vec<Member>), expected: Result<(), MembershipError>) {
    check_with(change, Parameters::default(), expected);
}

fn check_with(change: impl Fn(&mut Vec<Member>), parameters: Parameters, expected: Result<(), MembershipError>) {
    let mut list = members();
    change(&mut list);
    check_draft(MembershipDraft { parameters, ..draft(list, 4) }, expected);
}

/// Members that are not checked yet, the province among them or not.
fn draft(members: Vec<Member>, next: u32) -> MembershipDraft {
    MembershipDraft {
        next_node: NodeNumber(next),
        province: code("370000"),
        heirs: List::default(),
        members: List::new(members).unwrap(),
        parameters: Parameters::default(),
        trust: TrustPolicy::default(),
    }
}

fn check_draft(mut draft: MembershipDraft, expected: Result<(), MembershipError>) {
    let made = Membership::new(draft.clone());
    assert_eq!(made.clone().map(|_| ()), expected);

    // Bytes and text are judged by the same rule; but there the order is as it stands.
    let mut list = draft.members.to_vec();
    list.sort_by_key(|member| member.code);
    draft.members = List::new(list).unwrap();
    let decoded = codec::decode::<Membership>(&codec::encode(&draft));
    let parsed = serde_json::from_str::<Membership>(&serde_json::to_string(&draft).unwrap());
    match (&made, expected) {
        (Ok(made), _) => {
            assert_eq!(decoded.as_ref(), Ok(made));
            assert_eq!(&parsed.unwrap(), made);
        }
        (Err(_), Ok(())) => unreachable!("compared above"),
        (Err(_), Err(why)) => {
            assert_eq!(decoded, Err(DecodeError::Refused(why.to_string())));
            assert!(parsed.unwrap_err().to_string().starts_with(&why.to_string()));
        }
    }
}

fn nodes(nodes: Vec<Node>) -> List<Node, MAX_NODES> {
    List::new(nodes).unwrap()
}

fn edit_keys(member: &mut Member, change: impl Fn(&mut Vec<NodeKey>)) {
    let mut node = member.nodes[0].clone();
    let mut keys = node.keys.to_vec();
    change(&mut keys);
    node.keys = List::new(keys).unwrap();
    member.nodes = nodes(vec![node]);
}

#[test]
fn a_valid_membership_is_one_in_bytes_and_in_text() {
    check(|_| {}, Ok(()));
    check(|list| list.reverse(), Ok(()));
    check(|list| list[1].nodes = nodes(vec![]), Ok(()));
    check(|list| list.truncate(1), Ok(()));
}

#[test]
fn every_other_one_is_refused_for_what_is_wrong_with_it() {
    use MembershipError as E;
    check(|list| list[2].code = code("370100"), Err(E::MemberOrder(code("370100"))));
    check(|list| list.clear(), Err(E::Province(code("370000"))));
    check(|list| _ = list.remove(0), Err(E::Province(code("370000"))));
    // What a code ends in says nothing.
    check(|list| list[1].code = code("320000"), Ok(()));
    check(|list| list[0].nodes = nodes(vec![node(3), node(1)]), Err(E::NodeOrder(NodeNumber(1))));
    check(|list| list[0].nodes = nodes(vec![node(1), node(1)]), Err(E::NodeOrder(NodeNumber(1))));
    check(|list| list[0].nodes = nodes(vec![node(3)]), Err(E::NodeTwice(NodeNumber(3))));
    check(|list| list[0].nodes = nodes(vec![node(4)]), Err(E::NodeNumber(NodeNumber(4), NodeNumber(4))));
    check(|list| edit_keys(&mut list[0], |keys| _ = keys.pop()), Err(E::Keys(NodeNumber(1))));
    check(|list| edit_keys(&mut list[0], |keys| keys.swap(0, 1)), Err(E::Keys(NodeNumber(1))));
    check(|list| edit_keys(&mut list[0], |keys| keys[3].purpose = Purpose::Peer), Err(E::Keys(NodeNumber(1))));

    let of_node_2 = node_key(2, Purpose::Consensus).public();
    let twice = |key: PublicKey| Err(E::KeyTwice(key.to_string()));
    check(
        |list| edit_keys(&mut list[0], |keys| keys[2].key = keys[0].key),
        twice(node_key(1, Purpose::Consensus).public()),
    );
    check(|list| edit_keys(&mut list[0], |keys| keys[2].key = of_node_2), twice(of_node_2));
    check(|list| list[0].governance.key = of_node_2, twice(of_node_2));
    // A key that both an X25519 and an Ed25519 point can have.
    let shared = (1..).map(|number| node_key(number, Purpose::Note).public());
    let shared = shared.into_iter().find(|key| VaultKey(*key.as_bytes()).check().is_ok()).unwrap();
    check(|list| (list[0].vault, list[1].governance.key) = (VaultKey(*shared.as_bytes()), shared), twice(shared));
    check(|list| list[0].vault = list[2].vault, Err(E::KeyTwice(vault_key(3).to_string())));

    check(|list| list.iter_mut().for_each(|member| member.nodes = nodes(vec![])), Err(E::NoPower));
    let replica = |number| Node { power: 0, ..node(number) };
    check(
        |list| (1..).zip(list).for_each(|(number, member)| member.nodes = nodes(vec![replica(number)])),
        Err(E::NoPower),
    );
}

#[test]
fn parameters_stay_within_their_bounds() {
    type Field = fn(&mut Parameters) -> &mut u32;
    let fields: [(&'static str, Field, u32, u32); 8] = [
        ("block_bytes", |p| &mut p.block_bytes, 65_536, 33_554_432),
        ("block_events", |p| &mut p.block_events, 1, 100_000),
        ("submission_events", |p| &mut p.submission_events, 1, 10_000),
        ("clock_tolerance_ms", |p| &mut p.clock_tolerance_ms, 1, 3_600_000),
        ("pace_events", |p| &mut p.pace_events, 1, 100_000),
        ("pace_wait_ms", |p| &mut p.pace_wait_ms, 1, 3_600_000),
        ("pace_seal_ms", |p| &mut p.pace_seal_ms, 1, 86_400_000),
        ("pace_idle_ms", |p| &mut p.pace_idle_ms, 1, 86_400_000),
    ];
    assert_eq!(Parameters::BOUNDS.map(|bounds| bounds.name), fields.map(|(name, ..)| name));
    for (name, field, low, high) in fields {
        let bad = Err(MembershipError::Parameter(Bounds { name, least: low, most: high }));
        for (value, expected) in [(low - 1, bad.clone()), (low, Ok(())), (high, Ok(())), (high + 1, bad)] {
            let mut parameters = Parameters::default();
            *field(&mut parameters) = value;
            check_with(|_| {}, parameters, expected);
        }
    }
}

#[test]
fn bytes_with_members_out_of_order_are_refused() {
    let mut list = members();
    list.swap(1, 2);
    let raw = draft(list, 4);
    let why = MembershipError::MemberOrder(code("370100")).to_string();
    assert_eq!(codec::decode::<Membership>(&codec::encode(&raw)), Err(DecodeError::Refused(why)));
}

#[test]
fn unknown_fields_purposes_and_suites_are_refused() {
    let good = serde_json::to_string(&Membership::new(draft(members(), 4)).unwrap()).unwrap();
    assert!(serde_json::from_str::<Membership>(&good).is_ok());
    for (what, with) in [
        (r#""next_node""#, r#""more":1,"next_node""#),
        (r#""power""#, r#""more":1,"power""#),
        (r#""block_bytes""#, r#""more":1,"block_bytes""#),
        (r#""consensus""#, r#""conduct""#),
        (r#""suite":1"#, r#""suite":2"#),
    ] {
        assert!(serde_json::from_str::<Membership>(&good.replacen(what, with, 1)).is_err(), "{with}");
    }
    assert_eq!(Purpose::try_from(5), Err(UnknownPurpose(5)));
    assert_eq!(Purpose::ALL.map(|purpose| codec::encode(&purpose)[0]), [1, 2, 3, 4]);
}

#[test]
fn nodes_and_members_are_found() {
    let mut list = members();
    list[1].nodes = nodes(vec![node(2), Node { power: 4, ..node(4) }]);
    let membership = Membership::new(draft(list, 5)).unwrap();
    assert_eq!(membership.next_node(), NodeNumber(5));
    assert_eq!(
        membership.node(NodeNumber(4)).map(|(member, node)| (member.code, node.power)),
        Some((code("370100"), 4))
    );
    assert_eq!(membership.node(NodeNumber(9)), None);
    assert_eq!(membership.member(code("370100")).map(Member::power), Some(5));
    assert_eq!(membership.member(code("379900")), None);
    assert_eq!(membership.total_power(), 7);
    let key = membership.node(NodeNumber(2)).and_then(|(_, node)| node.key(Purpose::Peer));
    assert_eq!(key, Some(&node_key(2, Purpose::Peer).public()));
}

#[test]
fn every_part_of_a_membership_is_under_its_hash() {
    let made = |change: &dyn Fn(&mut Vec<Member>), parameters, next| {
        let mut list = members();
        change(&mut list);
        Membership::new(MembershipDraft { parameters, ..draft(list, next) }).unwrap().hash()
    };
    let idle = Parameters { pace_idle_ms: 1, ..Parameters::default() };
    let hashes = [
        made(&|_| {}, Parameters::default(), 4),
        made(&|_| {}, Parameters::default(), 5),
        made(&|_| {}, idle, 4),
        made(&|list| list[0].name_zh = Text::new("别名").unwrap(), Parameters::default(), 4),
        made(&|list| list[0].name_en = Text::new("Alias").unwrap(), Parameters::default(), 4),
        made(&|list| list[0].vault = VaultKey([1; 32]), Parameters::default(), 4),
        made(&|list| list[0].nodes = nodes(vec![Node { power: 2, ..node(1) }]), Parameters::default(), 4),
    ];
    for (i, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..i].contains(hash), "{i}");
    }
}
