//! Vectors of what an archive holds beside blocks: its head, its frames, feet and states.

use crate::structures::case;
use crate::{File, hex};
use ledger_core::archive::{Foot, FrameHead, FrameKind, StateRow, StateRows, head};
use ledger_core::codec::{self, List};
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, code};
use ledger_core::governance::Change;
use ledger_core::names::{Height, MapRoot, NodeNumber};
use serde_json::{Value, json};

/// A chain whose membership changed twice: in block 2, and in block 4, its last.
pub(crate) fn changed() -> Network {
    let mut network = Network::new(4);
    let new = |number| fixture::event(number, Action::New { keeper: code("370000") });
    network.block_of((1..4).map(new).collect());
    network.govern(Change::SetPower(NodeNumber(4), 2), Height(3));
    network.block_of(vec![fixture::event(2, Action::Suspend)]);
    network.govern(Change::AddNode(code("370100"), fixture::node(5).into()), Height(5));
    network
}

pub(crate) fn rows(network: &Network) -> StateRows {
    List::new(network.map.iter().map(|(key, state)| StateRow { key: *key, state: *state }).collect()).unwrap()
}

fn foot(name: &str, network: &Network, foot: &Foot) -> Value {
    let tip = foot.tip(&network.genesis).unwrap();
    let mut case = case(name, "foot", foot, None);
    case["chain"] = json!(tip.chain().to_string());
    case["tip"] = json!(tip.hash().to_string());
    case["membership"] = json!(tip.membership().hash().to_string());
    case["states"] = json!(foot.states);
    case
}

fn states(name: &str, rows: &StateRows, root: MapRoot) -> Value {
    let mut case = case(name, "states", rows, None);
    case["root"] = json!(root.to_string());
    case
}

pub(crate) fn framed(kind: FrameKind, data: &[u8]) -> Vec<u8> {
    [&FrameHead::of(kind, data).unwrap().encode()[..], data].concat()
}

fn frame(name: &str, kind: FrameKind, data: Vec<u8>) -> Value {
    json!({
        "name": name,
        "kind": "frame",
        "bytes": hex(framed(kind, &data)),
        "frame_kind": kind as u8,
        "data": hex(data),
    })
}

pub(crate) fn file() -> File {
    let network = changed();
    let (third, fourth) = (network.at(Height(3)).foot(), network.foot());
    let below = fourth.below.as_ref().unwrap();
    let rows = rows(&network);
    let first = network.blocks[0].clone();
    let mut cases = vec![
        foot("of a whole chain", &network, &Foot::default()),
        foot("of a whole chain, its states given: there are none", &network, &Foot { below: None, states: Some(0) }),
        foot("above block 3", &network, &third),
        foot("above block 3, without states", &network, &Foot { states: None, ..third.clone() }),
        foot("above block 4, which changed the membership", &network, &fourth),
        case("below block 4", "below", below, None),
        states("no states", &StateRows::default(), MapRoot::EMPTY),
        states("three states", &rows, network.map.root()),
        json!({
            "name": "head",
            "kind": "archive_head",
            "bytes": hex(head(&network.tip.chain())),
            "chain": network.tip.chain().to_string(),
        }),
        frame("foot", FrameKind::Foot, codec::encode(&Foot::default())),
        frame("states", FrameKind::States, codec::encode(&rows)),
        frame("block", FrameKind::Block, first),
        frame("certificate", FrameKind::Certificate, codec::encode(network.certificate.as_ref().unwrap())),
    ];
    let changes = below
        .changes
        .iter()
        .map(|change| case(&format!("change of block {}", change.header.height), "membership_change", change, None));
    cases.extend(changes);
    File {
        name: "archives",
        about: "Heads and frames of archives; feet, with the block and the membership that they lead to; states, root: of the map. Format, section 16.",
        cases,
    }
}
