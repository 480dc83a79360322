//! What each change needs in order to apply, and what it makes of the membership.

use super::{Cases, H, edited, open, propose, with_nodes};
use ledger_core::codec::{self, Bytes, List, Text};
use ledger_core::fixture::{self, code, governance_key, node_key, vault_key, witness};
use ledger_core::governance::Change;
use ledger_core::membership::{
    Heir, Key, KeyBytes, Member, Membership, Node, NodeKey, Parameters, Purpose, TrustPolicy, VaultKey,
};
use ledger_core::names::{NodeNumber, Protocol};

const PROVINCE: &str = "370000";
const CITY: &str = "370100";
const OTHER: &str = "370200";
const NEW: &str = "370500";
/// The next number; the highest of those given out is 5.
const NEXT: u32 = 6;

pub(super) fn add(cases: &mut Cases<'_>) {
    numbers(cases);
    the_last_numbers(cases);
    added(cases);
    removed(cases);
    nodes(cases);
    keys(cases);
    others(cases);
    lists(cases);
}

/// Proposed in the block, and adopted below and due: it applies to both, or to neither.
fn both(cases: &mut Cases<'_>, name: &str, membership: &Membership, change: &Change) {
    let events = vec![(2, propose(change, H + 9), 1)];
    cases.case(name, membership, H, &[open(PROVINCE, change, H + 1, &[], true)], events);
}

fn try_all(cases: &mut Cases<'_>, changes: Vec<(&str, Change)>) {
    let membership = cases.membership.clone();
    for (name, change) in changes {
        both(cases, name, &membership, &change);
    }
}

fn member(number: u32, nodes: &[(u32, u32)]) -> Member {
    with_nodes(number, NEW, nodes)
}

fn add_member(nodes: &[(u32, u32)]) -> Change {
    Change::AddMember(member(9, nodes).into())
}

fn add_node(to: &str, number: u32) -> Change {
    Change::AddNode(code(to), fixture::node(number).into())
}

/// At most 64 above the next, in turn.
fn numbers(cases: &mut Cases<'_>) {
    try_all(
        cases,
        vec![
            ("adds a member without a node", add_member(&[])),
            ("adds a member with the number below the next", add_member(&[(NEXT - 1, 1)])),
            ("adds a member with the next number", add_member(&[(NEXT, 1)])),
            ("adds a member with the number 64 above the next", add_member(&[(NEXT + 64, 1)])),
            ("adds a member with the number 65 above the next", add_member(&[(NEXT + 65, 1)])),
            ("adds a member with two numbers in turn", add_member(&[(NEXT, 1), (NEXT + 1, 1)])),
            ("adds a member with two numbers, each 64 above", add_member(&[(NEXT + 64, 1), (NEXT + 129, 1)])),
            ("adds a member with two numbers, the second 65 above", add_member(&[(NEXT + 64, 1), (NEXT + 130, 1)])),
            ("adds a member with a number twice", add_member(&[(NEXT, 1), (NEXT, 1)])),
            ("adds a member with falling numbers", add_member(&[(NEXT + 1, 1), (NEXT, 1)])),
            ("adds a node with the number below the next", add_node(CITY, NEXT - 1)),
            ("adds a node with a number of the member", add_node(CITY, 2)),
            ("adds a node with the next number", add_node(CITY, NEXT)),
            ("adds a node with the number 64 above the next", add_node(CITY, NEXT + 64)),
            ("adds a node with the number 65 above the next", add_node(CITY, NEXT + 65)),
            ("adds a node of a removed member", add_node("370400", NEXT)),
            ("adds a node of nobody", add_node("379900", NEXT)),
            ("adds a node with number 0", add_node(CITY, 0)),
            ("adds a node with number 2^32 - 1", add_node(CITY, u32::MAX)),
        ],
    );
}

/// 2^32 - 1 is never given out.
fn the_last_numbers(cases: &mut Cases<'_>) {
    for next in [u32::MAX - 1, u32::MAX] {
        let membership = edited(&cases.membership, |draft| draft.next_node = NodeNumber(next));
        for number in [u32::MAX - 1, u32::MAX] {
            let name = format!("the next number is {next}: adds ");
            both(cases, &format!("{name}node {number}"), &membership, &add_node(CITY, number));
            both(cases, &format!("{name}a member with node {number}"), &membership, &add_member(&[(number, 1)]));
        }
        both(cases, &format!("the next number is {next}: adds a member without a node"), &membership, &add_member(&[]));
    }
}

fn added(cases: &mut Cases<'_>) {
    let edited = |edit: &dyn Fn(&mut Member<KeyBytes>)| {
        let mut member: Member<KeyBytes> = member(9, &[(NEXT, 1)]).into();
        edit(&mut member);
        Change::AddMember(member)
    };
    let text = |text: &str| Text::new(text).unwrap();
    try_all(
        cases,
        vec![
            ("adds a member that is there", edited(&|member| member.code = code(CITY))),
            ("adds a member that was removed: its heir goes", edited(&|member| member.code = code("370400"))),
            ("adds a member below all others", edited(&|member| member.code = code("100000"))),
            ("adds a member with an empty Chinese name", edited(&|member| member.name_zh = text(""))),
            ("adds a member with an empty English name", edited(&|member| member.name_en = text(""))),
            ("adds a member with a hidden character in its name", edited(&|member| member.name_zh = text("a\u{200e}"))),
            (
                "adds a member with a governance key that is none",
                edited(&|member| member.governance.key = KeyBytes([2; 32])),
            ),
            (
                "adds a member with a governance key of small order",
                edited(&|member| member.governance.key = KeyBytes([0; 32])),
            ),
            ("adds a member with a vault key of low order", edited(&|member| member.vault = VaultKey([0; 32]))),
            ("adds a member with a vault key of another member", edited(&|member| member.vault = vault_key(2))),
            (
                "adds a member with a governance key of another member",
                edited(&|member| {
                    member.governance.key = governance_key(2).public().into();
                }),
            ),
            (
                "adds a member with a node of whose keys one is none",
                edited(&|member| {
                    let break_key = |key: &mut NodeKey<KeyBytes>| key.key = KeyBytes([2; 32]);
                    member.nodes.iter_mut().for_each(|node| node.keys.iter_mut().skip(3).for_each(break_key));
                }),
            ),
            (
                "adds a member with a node without a key",
                edited(&|member| {
                    member.nodes.iter_mut().for_each(|node| node.keys = List::default());
                }),
            ),
        ],
    );
    // A removed member comes back, and another stays removed.
    let membership = super::edited(&cases.membership, |draft| {
        draft.heirs.push(Heir { removed: code("370600"), heir: code(CITY) }).unwrap();
    });
    let back = Change::AddMember(with_nodes(9, "370600", &[(NEXT, 1)]).into());
    both(cases, "one of two removed members comes back", &membership, &back);
}

fn removed(cases: &mut Cases<'_>) {
    let remove = |member: &str, heir: &str| Change::RemoveMember(code(member), code(heir));
    try_all(
        cases,
        vec![
            ("removes a member, with a member for its heir", remove(OTHER, "370300")),
            ("removes a member, with a removed one for its heir: that one's heir is", remove(OTHER, "370400")),
            ("removes a member, with itself for its heir", remove(OTHER, OTHER)),
            ("removes a member that is an heir, with the one whose heir it is for its own", remove(CITY, "370400")),
            ("removes a member that is an heir", remove(CITY, OTHER)),
            ("removes a member, with nobody for its heir", remove(OTHER, "379900")),
            ("removes nobody", remove("379900", CITY)),
            ("removes a removed member", remove("370400", OTHER)),
            ("removes the province", remove(PROVINCE, CITY)),
            ("removes a member without voting power", remove("370300", PROVINCE)),
        ],
    );
    let alone = edited(&cases.membership, |draft| {
        for node in draft.members.iter_mut().filter(|member| member.code != code(CITY)).flat_map(|m| m.nodes.iter_mut())
        {
            node.power = 0;
        }
    });
    both(cases, "removes the only member with voting power", &alone, &remove(CITY, OTHER));
    let two = edited(&cases.membership, |draft| {
        let heir = |removed: &str, heir: &str| Heir { removed: code(removed), heir: code(heir) };
        let heirs = vec![heir("100000", CITY), heir("370400", CITY), heir("370600", PROVINCE), heir("999999", CITY)];
        draft.heirs = List::new(heirs).unwrap();
    });
    both(cases, "removes a member that is the heir of three", &two, &remove(CITY, OTHER));
}

fn nodes(cases: &mut Cases<'_>) {
    let number = NodeNumber;
    try_all(
        cases,
        vec![
            ("removes the first node of two", Change::RemoveNode(number(1))),
            ("removes the second node of two", Change::RemoveNode(number(5))),
            ("removes a member's only node", Change::RemoveNode(number(2))),
            ("removes a node that is not there", Change::RemoveNode(number(6))),
            ("sets the power of the second node of two", Change::SetPower(number(5), 9)),
            ("sets a power to 0", Change::SetPower(number(2), 0)),
            ("sets a power to 2^32 - 1", Change::SetPower(number(2), u32::MAX)),
            ("sets a power to what it is", Change::SetPower(number(2), 2)),
            ("sets the power of a node that is not there", Change::SetPower(number(6), 1)),
        ],
    );
    let alone = edited(&cases.membership, |draft| {
        draft.members.iter_mut().flat_map(|m| m.nodes.iter_mut()).for_each(|node| node.power = 0);
        draft.members.iter_mut().skip(1).take(1).for_each(|m| m.nodes = List::new(vec![fixture::node(2)]).unwrap());
    });
    both(cases, "removes the only node with voting power", &alone, &Change::RemoveNode(number(2)));
    both(cases, "sets the only power to 0", &alone, &Change::SetPower(number(2), 0));
    both(
        cases,
        "removes a node without voting power, beside the only one with it",
        &alone,
        &Change::RemoveNode(number(1)),
    );
}

fn keys(cases: &mut Cases<'_>) {
    let keys = |edit: &dyn Fn(&mut Vec<NodeKey<KeyBytes>>)| {
        let mut keys: Vec<NodeKey<KeyBytes>> = fixture::node(9).keys.iter().map(NodeKey::from).collect();
        edit(&mut keys);
        List::new(keys).unwrap()
    };
    let rotate =
        |node: u32, edit: &dyn Fn(&mut Vec<NodeKey<KeyBytes>>)| Change::RotateNodeKeys(NodeNumber(node), keys(edit));
    let mut own: Node<KeyBytes> = fixture::node(2).into();
    own.keys.iter_mut().take(1).for_each(|key| key.key = node_key(9, Purpose::Consensus).public().into());
    let of_member = |code_of: &str, key: KeyBytes, vault: VaultKey| {
        let governance = Key { key, ..Key::from(governance_key(9).public()).into() };
        Change::RotateMemberKeys(code(code_of), governance, vault)
    };
    let good = KeyBytes::from(governance_key(9).public());
    try_all(
        cases,
        vec![
            ("replaces a node's keys", rotate(2, &|_| {})),
            ("replaces one key of a node", Change::RotateNodeKeys(NodeNumber(2), own.keys)),
            ("replaces the keys of a node that is not there", rotate(6, &|_| {})),
            ("replaces a node's keys by three", rotate(2, &|keys| _ = keys.pop())),
            ("replaces a node's keys out of order", rotate(2, &|keys| keys.swap(0, 1))),
            ("replaces a node's keys, two for one purpose", rotate(2, &|keys| keys[1].purpose = keys[0].purpose)),
            ("replaces a node's keys, of which one is none", rotate(2, &|keys| keys[2].key = KeyBytes([2; 32]))),
            (
                "replaces a node's keys by another node's",
                Change::RotateNodeKeys(NodeNumber(2), fixture::node(3).keys.into()),
            ),
            ("replaces a node's keys by its own", Change::RotateNodeKeys(NodeNumber(2), fixture::node(2).keys.into())),
            ("replaces a member's keys", of_member(CITY, good, vault_key(9))),
            ("replaces the keys of nobody", of_member("379900", good, vault_key(9))),
            ("replaces the keys of a removed member", of_member("370400", good, vault_key(9))),
            ("replaces a member's keys, of which one is none", of_member(CITY, KeyBytes([2; 32]), vault_key(9))),
            ("replaces a member's keys, of which one is not canonical", of_member(CITY, good, VaultKey([0xff; 32]))),
            ("replaces a member's keys by another's governance key", {
                of_member(CITY, governance_key(3).public().into(), vault_key(9))
            }),
            ("replaces a member's keys by another's vault key", of_member(CITY, good, vault_key(3))),
            ("replaces a member's keys by its own", of_member(CITY, governance_key(2).public().into(), vault_key(2))),
        ],
    );
}

fn others(cases: &mut Cases<'_>) {
    let parameters = |edit: &dyn Fn(&mut Parameters)| {
        let mut parameters = Parameters::default();
        edit(&mut parameters);
        Change::SetParameters(parameters)
    };
    let trust = |witnesses: &[u32], wanted: u32| {
        let witnesses = witnesses.iter().map(|number| Text::new(witness(*number)).unwrap()).collect();
        Change::SetTrust(TrustPolicy { witnesses: List::new(witnesses).unwrap(), wanted, ..TrustPolicy::default() })
    };
    let no_key = TrustPolicy {
        witnesses: List::new(vec![Text::new("no verifier key").unwrap()]).unwrap(),
        timestamp_roots: List::new(vec![Bytes::new(vec![1]).unwrap()]).unwrap(),
        ..TrustPolicy::default()
    };
    try_all(
        cases,
        vec![
            ("replaces the parameters", parameters(&|to| to.block_events = 1)),
            ("replaces the parameters, one below its bound", parameters(&|to| to.block_bytes = 65_535)),
            ("replaces the parameters, one above its bound", parameters(&|to| to.pace_idle_ms = 86_400_001)),
            ("activates the protocol in force", Change::Activate(Protocol(1))),
            ("activates the next protocol", Change::Activate(Protocol(2))),
            ("activates the one behind the next", Change::Activate(Protocol(3))),
            ("activates the last protocol", Change::Activate(Protocol(u16::MAX))),
            ("names two witnesses, and wants both", trust(&[1, 2], 2)),
            ("names two witnesses, and wants three", trust(&[1, 2], 3)),
            ("names a witness twice", trust(&[1, 1], 1)),
            ("wants a witness, and names none", trust(&[], 1)),
            ("names a witness that is no verifier key", Change::SetTrust(no_key)),
        ],
    );
}

/// A change that would make a list longer than it may be.
fn lists(cases: &mut Cases<'_>) {
    let seven: Vec<(u32, u32)> = [(2, 2)].into_iter().chain((6..12).map(|number| (number, 1))).collect();
    let full = |nodes: &[(u32, u32)]| {
        edited(&cases.membership, |draft| {
            draft.next_node = NodeNumber(20);
            let of = with_nodes(2, CITY, nodes).nodes;
            draft.members.iter_mut().skip(1).take(1).for_each(|member| member.nodes = of.clone());
        })
    };
    let eight: Vec<_> = seven.iter().copied().chain([(12, 1)]).collect();
    for (name, membership) in [("a node beside seven", full(&seven)), ("a node beside eight", full(&eight))] {
        both(cases, name, &membership, &add_node(CITY, 20));
    }
    let empty = |at: u32| with_nodes(100 + at, &format!("{:06}", 400_000 + at), &[]);
    let members = |count: u32| {
        edited(&cases.membership, |draft| {
            (0..count - 4).for_each(|at| draft.members.push(empty(at)).unwrap());
        })
    };
    let tail: Vec<u8> = (0..59).flat_map(|at| codec::encode(&empty(at))).collect();
    cases.book.name("59 members", tail);
    for (name, membership) in [("a member beside 63", members(63)), ("a member beside 64", members(64))] {
        both(cases, name, &membership, &add_member(&[]));
    }
    let heirs = |count: u32| {
        edited(&cases.membership, |draft| {
            let heir = |at: u32| Heir { removed: code(&format!("{:06}", 400_000 + at)), heir: code(PROVINCE) };
            draft.heirs = List::new((0..count).map(heir).collect()).unwrap();
        })
    };
    let many = heirs(1_024);
    cases.book.name("1,023 heirs", many.heirs().iter().take(1_023).flat_map(codec::encode).collect());
    for (name, membership) in [("a removed member beside 1,023", heirs(1_023)), ("a removed member beside 1,024", many)]
    {
        both(cases, name, &membership, &Change::RemoveMember(code(OTHER), code(CITY)));
    }
}
