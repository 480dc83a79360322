//! Bytes that encode no membership, one for each condition of the format's section 8.

use super::{Cases, counted, place, replaced, with};
use ledger_core::codec::{self, List};
use ledger_core::fixture::{self, Network, governance_key, node_key};
use ledger_core::membership::{Membership, Parameters, Purpose};
use ledger_core::names::NodeNumber;
use serde_json::Value;

/// Four members, of whom the second has two nodes, 2 and 5.
fn two_nodes() -> Vec<u8> {
    let mut members: Vec<_> = Network::new(4).genesis.membership.members().to_vec();
    members[1].nodes = List::new(vec![fixture::node(2), fixture::node(5)]).unwrap();
    codec::encode(&Membership::new(members, Parameters::default(), NodeNumber(7)).unwrap())
}

pub(super) fn add(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "membership", cases };
    let membership = codec::encode(&Network::new(4).genesis.membership);
    keys(&mut c, &membership);
    members(&mut c, &membership);
    nodes(&mut c, &membership);
    parameters(&mut c, &membership);
}

fn keys(c: &mut Cases<'_>, membership: &[u8]) {
    let at = place(membership, governance_key(1).public().as_bytes());
    let key = |bytes: [u8; 32]| [&membership[..at], &bytes[..], &membership[at + 32..]].concat();
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut not_reduced = [0xff; 32];
    not_reduced[0] = 0xee;
    not_reduced[31] = 0x7f;
    c.no::<Membership>("a key that is no point", key([2; 32]));
    c.no::<Membership>("a key that is not canonical", key(not_reduced));
    c.no::<Membership>("a key of small order", key(neutral));
    c.no::<Membership>("a suite that is not known", with(membership, at - 1, 2));
    c.no::<Membership>("a suite of 0", with(membership, at - 1, 0));
    c.no::<Membership>("a key twice", key(*governance_key(2).public().as_bytes()));
    let vault = [&membership[..at + 32], governance_key(1).public().as_bytes(), &membership[at + 64..]].concat();
    c.no::<Membership>("a vault key that is another key too", vault);
    let consensus = node_key(1, Purpose::Consensus).public();
    let submission = node_key(1, Purpose::Submission).public();
    c.no::<Membership>("a key for two purposes", replaced(membership, submission.as_bytes(), consensus.as_bytes()));
}

fn members(c: &mut Cases<'_>, membership: &[u8]) {
    // Next number(4), count(4), then the first member: its code(6), the length of its name(4), its name.
    let name = 8 + 6;
    assert!(membership[8..].starts_with(b"370000"));
    c.no::<Membership>("two provinces", replaced(membership, b"370300", b"380000"));
    c.no::<Membership>("no province", with(membership, 8 + 5, b'1'));
    c.no::<Membership>("no member", [&[0; 8][..], &membership[membership.len() - 32..]].concat());
    c.no::<Membership>("members out of order", replaced(membership, b"370100", b"379900"));
    c.no::<Membership>("a member twice", replaced(membership, b"370100", b"370200"));
    c.no::<Membership>("a member whose code is no digits", with(membership, 8, b'x'));
    c.no::<Membership>("more members than there may be", counted(membership, 4, 65));
    c.no::<Membership>("a name that is not UTF-8", with(membership, name + 4, 0xff));
    c.no::<Membership>("a name that is too long", counted(membership, name, 97));
}

fn nodes(c: &mut Cases<'_>, membership: &[u8]) {
    // Number and power of a node, then the count of its keys.
    let node = |number, power| [0, 0, 0, number, 0, 0, 0, power, 0, 0, 0, 4];
    c.no::<Membership>("a node number that was not given out", with(membership, 3, 4));
    c.no::<Membership>("a node number twice", replaced(membership, &node(2, 1), &node(1, 1)));
    let two = two_nodes();
    c.no::<Membership>("nodes of a member out of order", replaced(&two, &node(2, 1), &node(6, 1)));
    c.no::<Membership>("a node twice in a member", replaced(&two, &node(5, 1), &node(2, 1)));
    let consensus = node_key(1, Purpose::Consensus).public();
    let purpose = place(membership, consensus.as_bytes()) - 2;
    c.no::<Membership>("a purpose that is not known", with(membership, purpose, 5));
    c.no::<Membership>("a purpose of 0", with(membership, purpose, 0));
    c.no::<Membership>("purposes out of order", with(membership, purpose, 2));
    let note = place(membership, node_key(1, Purpose::Note).public().as_bytes()) - 2;
    let three = [&membership[..purpose - 4], &[0, 0, 0, 3], &membership[purpose..note], &membership[note + 34..]];
    c.no::<Membership>("a node without a key for each purpose", three.concat());
    c.no::<Membership>("more keys than a node may have", counted(membership, purpose - 4, 9));
    let powerless =
        (1..=4_u8).fold(membership.to_vec(), |bytes, number| replaced(&bytes, &node(number, 1), &node(number, 0)));
    c.no::<Membership>("nobody with voting power", powerless);
}

/// The bounds of each parameter, below and above.
fn parameters(c: &mut Cases<'_>, membership: &[u8]) {
    let bounds = [
        ("block bytes", 65_536, 33_554_432),
        ("block events", 1, 100_000),
        ("submission events", 1, 10_000),
        ("clock tolerance", 1, 3_600_000),
        ("pace: events", 1, 100_000),
        ("pace: wait", 1, 3_600_000),
        ("pace: seal", 1, 86_400_000),
        ("pace: idle", 1, 86_400_000),
    ];
    for ((name, least, most), place) in bounds.into_iter().zip((0..).step_by(4)) {
        let at = membership.len() - 32 + place;
        for inside in [least, most] {
            assert!(codec::decode::<Membership>(&counted(membership, at, inside)).is_ok(), "{name}: {inside}");
        }
        c.no::<Membership>(&format!("a parameter too small, {name}"), counted(membership, at, least - 1));
        c.no::<Membership>(&format!("a parameter too large, {name}"), counted(membership, at, most + 1));
    }
}
