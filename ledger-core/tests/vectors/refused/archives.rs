//! Heads, frames and feet of archives that do not hold.

use super::{Cases, with};
use crate::archives::{changed, framed};
use ledger_core::archive::{Below, Foot, FrameHead, FrameKind, HEAD_BYTES, MAGIC, head, read_head};
use ledger_core::codec::{self, List};
use ledger_core::fixture::Network;
use ledger_core::governance::Control;
use ledger_core::history::CertifiedChange;
use ledger_core::merkle::Frontier;
use ledger_core::names::{Height, NodeNumber, PROTOCOL, Timestamp};
use serde_json::{Value, json};

pub(super) fn add(cases: &mut Vec<Value>) {
    heads(&mut Cases { kind: "archive_head", cases });
    frames(&mut Cases { kind: "frame", cases });
    feet(&mut Cases { kind: "foot", cases });
}

fn heads(c: &mut Cases<'_>) {
    let chain = Network::new(4).tip.chain();
    let mut refuse = |name: &str, bytes: [u8; HEAD_BYTES]| {
        let why = read_head(&bytes).expect_err(name);
        c.push(name, bytes.to_vec(), why);
    };
    let with = |at: usize, value| {
        let mut bytes = head(&chain);
        bytes[at] = value;
        bytes
    };
    refuse("other first bytes", with(0, b'L'));
    refuse("a format of another version", with(MAGIC.len() + 1, 2));
    let found = read_head(&head(&Network::new(3).tip.chain())).unwrap();
    let why = ledger_core::archive::ArchiveError::Chain { wanted: chain, found };
    c.push("of another chain", head(&found).to_vec(), why)["chain"] = json!(chain.to_string());
}

fn frames(c: &mut Cases<'_>) {
    let good = framed(FrameKind::Foot, &codec::encode(&Foot::default()));
    let mut refuse = |name: &str, bytes: Vec<u8>| {
        let (first, data) = bytes.split_first_chunk().unwrap();
        let why = FrameHead::decode(*first).and_then(|head| head.check(data)).expect_err(name);
        c.push(name, bytes, why);
    };
    refuse("a kind above all", framed_as(5));
    refuse("a kind of 0", framed_as(0));
    refuse("longer than any value", with(&with(&good, 1, 4), 4, 1));
    refuse("another checksum", with(&good, 5, good[5] ^ 1));
    refuse("other bytes", with(&good, 10, 1));
    refuse("under another kind", with(&good, 0, 4));
    refuse("cut short", good[..10].to_vec());
}

/// A frame of two bytes whose checksum fits, of whatever kind.
fn framed_as(kind: u8) -> Vec<u8> {
    let covered = [kind, 0, 0, 0, 2];
    let checksum = crc32fast::hash(&[&covered[..], &[0, 0]].concat());
    [&covered[..], &checksum.to_be_bytes(), &[0, 0]].concat()
}

fn feet(c: &mut Cases<'_>) {
    let network = changed();
    let (third, fourth) = (network.at(Height(3)).foot(), network.foot());
    let mut refuse = |name: &str, of: &Foot, edit: &dyn Fn(&mut Below)| {
        let mut foot = of.clone();
        edit(foot.below.as_mut().unwrap());
        let why = foot.tip(&network.genesis).expect_err(name);
        c.push(name, codec::encode(&foot), why)["chain"] = json!(network.tip.chain().to_string());
    };
    refuse("above a block of another chain", &third, &|below| below.header.chain.0[0] ^= 1);
    refuse("above the genesis", &third, &|below| {
        below.header.height = Height(0);
        below.changes = List::default();
    });
    refuse("without a change of membership", &third, &|below| below.changes = List::default());
    refuse("with another log", &third, &|below| below.frontier = Frontier::default());
    refuse("with a log of another root", &third, &|below| below.header.log_root.0[0] ^= 1);
    refuse("with another control state", &third, &|below| below.control = Control::new(PROTOCOL));
    let change = |below: &mut Below, edit: &dyn Fn(&mut CertifiedChange)| {
        let mut changes = below.changes.to_vec();
        edit(&mut changes[0]);
        below.changes = List::new(changes).unwrap();
    };
    refuse("a change of another chain", &third, &|below| change(below, &|change| change.header.chain.0[0] ^= 1));
    refuse("a change that is not certified", &third, &|below| {
        change(below, &|change| change.header.proposer = NodeNumber(2));
    });
    refuse("a change to another membership", &third, &|below| {
        change(below, &|change| change.membership = network.genesis.membership.clone());
    });
    refuse("changes out of order", &fourth, &|below| {
        below.changes = List::new(below.changes.iter().rev().cloned().collect()).unwrap();
    });
    refuse("a change twice", &third, &|below| {
        below.changes = List::new(vec![below.changes[0].clone(), below.changes[0].clone()]).unwrap();
    });
    refuse("a change above the block below", &third, &|below| below.header.height = Height(1));
    refuse("a change at its height that is another block", &fourth, &|below| {
        below.header.time = Timestamp(below.header.time.0 + 1);
    });
}
