//! Bytes that are refused, for every reason there is.

use crate::structures::{changes, events};
use crate::{File, hex};
use bincode::Decode;
use ledger_core::archive::Foot;
use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::contract::State;
use ledger_core::event::{Entry, Event};
use ledger_core::fixture::{self, Network};
use ledger_core::genesis::Genesis;
use ledger_core::governance::Change;
use ledger_core::membership::Membership;
use ledger_core::merkle::Frontier;
use serde_json::{Value, json};

/// Bytes that `T` refuses.
fn refuse<T: Decode<()> + std::fmt::Debug>(cases: &mut Vec<Value>, name: &str, kind: &str, bytes: Vec<u8>) {
    let why = codec::decode::<T>(&bytes).expect_err(name);
    cases.push(json!({ "name": name, "kind": kind, "bytes": hex(bytes), "error": why.to_string() }));
}

fn with(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = value;
    bytes
}

/// `bytes` with the first occurrence of `from` replaced.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

pub(crate) fn file() -> File {
    let mut cases = Vec::new();
    let c = &mut cases;
    let network = {
        let mut network = Network::new(4);
        network.block_of(vec![fixture::event(1, ledger_core::event::Action::Employer)]);
        network
    };
    let membership = codec::encode(&network.genesis.membership);
    let event = codec::encode(&events()[0].1);
    refuse::<Event>(c, "an event cut short", "event", event[..event.len() - 1].to_vec());
    refuse::<Event>(c, "an event with a byte too many", "event", [&event[..], &[0]].concat());
    refuse::<Event>(c, "no kind of event", "event", with(&event, 0, 0));
    refuse::<Event>(c, "the kind kept for succeed", "event", with(&event, 0, 25));
    refuse::<Event>(c, "a keeper that is no code", "event", with(&event, event.len() - 1, b'x'));
    let step = codec::encode(&events()[11].1);
    refuse::<Event>(c, "no step", "event", with(&step, 66, 2));
    let target = codec::encode(&events()[15].1);
    refuse::<Event>(c, "no target of an erase", "event", with(&target, 67, 2));
    let evidence = codec::encode(&events()[20].1);
    refuse::<Event>(
        c,
        "evidence that is too long",
        "event",
        replaced(&evidence, &[0, 0, 0, 3], &65_001_u32.to_be_bytes()),
    );
    refuse::<Entry>(c, "no kind of entry", "entry", vec![2]);
    let change = codec::encode(&changes()[1].1);
    refuse::<Change>(c, "no change", "change", with(&change, 0, 10));
    refuse::<Frontier>(c, "a frontier without its peak", "frontier", 1_u64.to_be_bytes().to_vec());
    refuse::<Frontier>(c, "a frontier larger than any log", "frontier", [vec![0x80], vec![0; 7], vec![0; 32]].concat());
    let state = codec::encode(&network.map.iter().next().unwrap().1);
    refuse::<State>(c, "no status", "state", with(&state, 0, 6));
    refuse::<State>(c, "an option that is neither 0 nor 1", "state", with(&state, state.len() - 1, 2));

    // Layout of a membership: next number(4), count(4), then the first member.
    let member = &membership[8..];
    let governance = fixture::governance_key(1).public();
    let at_key = membership.windows(32).position(|w| w == governance.as_bytes()).unwrap();
    let key = |bytes: [u8; 32]| [&membership[..at_key], &bytes[..], &membership[at_key + 32..]].concat();
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut not_reduced = [0xff; 32];
    not_reduced[0] = 0xee;
    not_reduced[31] = 0x7f;
    refuse::<Membership>(c, "a key that is no point", "membership", key([2; 32]));
    refuse::<Membership>(c, "a key that is not canonical", "membership", key(not_reduced));
    refuse::<Membership>(c, "a key of small order", "membership", key(identity));
    refuse::<Membership>(c, "a suite that is not known", "membership", with(&membership, at_key - 1, 2));
    refuse::<Membership>(c, "two provinces", "membership", replaced(&membership, b"370300", b"380000"));
    refuse::<Membership>(c, "no province", "membership", with(&membership, 8 + 5, b'1'));
    refuse::<Membership>(c, "members out of order", "membership", replaced(&membership, b"370100", b"379900"));
    refuse::<Membership>(c, "a member twice", "membership", replaced(&membership, b"370100", b"370200"));
    refuse::<Membership>(c, "a node number that was not given out", "membership", with(&membership, 3, 4));
    let other = fixture::governance_key(2).public();
    refuse::<Membership>(c, "a key twice", "membership", key(*other.as_bytes()));
    let name_at = 8 + 6;
    refuse::<Membership>(c, "a name that is not UTF-8", "membership", with(&membership, name_at + 4, 0xff));
    refuse::<Membership>(c, "a name that is too long", "membership", with(&membership, name_at + 3, 97));
    refuse::<Membership>(c, "more members than there may be", "membership", with(&membership, 7, 65));
    assert!(member.starts_with(b"370000"));
    let parameters = membership.len() - 32;
    refuse::<Membership>(c, "a parameter out of bounds", "membership", with(&membership, parameters, 0xff));
    let node2 = [0, 0, 0, 2, 0, 0, 0, 1];
    refuse::<Membership>(
        c,
        "a node number twice",
        "membership",
        replaced(&membership, &node2, &[0, 0, 0, 1, 0, 0, 0, 1]),
    );
    let consensus = fixture::node_key(1, ledger_core::membership::Purpose::Consensus).public();
    let at_purpose = membership.windows(32).position(|w| w == consensus.as_bytes()).unwrap() - 2;
    refuse::<Membership>(c, "a purpose that is not known", "membership", with(&membership, at_purpose, 5));
    refuse::<Membership>(c, "purposes out of order", "membership", with(&membership, at_purpose, 2));
    // Number and power of a node, then the count of its keys.
    let node = |number, power| [0, 0, 0, number, 0, 0, 0, power, 0, 0, 0, 4];
    let powerless =
        (1..=4_u8).fold(membership.clone(), |bytes, number| replaced(&bytes, &node(number, 1), &node(number, 0)));
    refuse::<Membership>(c, "nobody with voting power", "membership", powerless);

    let genesis = codec::encode(&network.genesis);
    refuse::<Genesis>(c, "a genesis cut short", "genesis", genesis[..genesis.len() - 1].to_vec());
    let certificate = codec::encode(network.certificate.as_ref().unwrap());
    refuse::<Certificate>(
        c,
        "more signatures than there may be",
        "certificate",
        replaced(&certificate, &[0, 0, 0, 4, 0, 0, 0, 1], &[0, 0, 2, 1, 0, 0, 0, 1]),
    );
    refuse::<Block>(c, "a block with a byte too many", "block", [&network.blocks[0][..], &[0]].concat());
    refuse::<Foot>(c, "an empty foot", "foot", Vec::new());
    File {
        name: "refused",
        about: "Bytes that are the encoding of nothing; error: why, in this implementation's words.",
        cases,
    }
}
