//! Heads, frames and feet, and every way in which they do not hold.

use super::*;
use crate::certificate::CertificateError;
use crate::codec;
use crate::fixture::{self, Network, code};
use crate::governance::{Change, Control, OpenProposal, Stream};
use crate::history::CertifiedChange;
use crate::merkle::leaf_hash;
use crate::names::{Height, MembershipHash, NodeNumber, Sequence};
use std::sync::Arc;

#[test]
fn a_head_is_laid_out_as_the_format_says() {
    let chain = ChainId([7; 32]);
    let bytes = head(&chain);
    assert_eq!(bytes[..], [&b"luqiarch\0\x01"[..], &[7; 32]].concat());
    assert_eq!(read_head(&bytes), Ok(chain));
    for position in 0..HEAD_BYTES {
        let mut wrong = bytes;
        wrong[position] ^= 1;
        let expected = match position {
            0..8 => Err(ArchiveError::Magic),
            8 => Err(ArchiveError::Format(0x101)),
            9 => Err(ArchiveError::Format(0)),
            _ => Ok(ChainId(std::array::from_fn(|at| if at + 10 == position { 6 } else { 7 }))),
        };
        assert_eq!(read_head(&wrong), expected);
    }
}

#[test]
fn a_frame_is_laid_out_as_the_format_says() {
    // CRC-32 of 03 00000005 68656c6c6f, by another implementation.
    let frame = FrameHead::of(FrameKind::Block, b"hello").unwrap();
    assert_eq!((frame.kind, frame.length), (FrameKind::Block, 5));
    assert_eq!(frame.encode(), [3, 0, 0, 0, 5, 0xa8, 0x42, 0x13, 0x5d]);
}

#[test]
fn a_frame_gives_back_what_was_written_or_nothing() {
    for (kind, number) in
        [(FrameKind::Foot, 1), (FrameKind::States, 2), (FrameKind::Block, 3), (FrameKind::Certificate, 4)]
    {
        let bytes = [number; 20];
        let frame = FrameHead::of(kind, &bytes).unwrap();
        let encoded = frame.encode();
        assert_eq!(encoded[0], number);
        let read = FrameHead::decode(encoded).unwrap();
        assert_eq!(read, frame);
        assert_eq!(read.check(&bytes), Ok(()));
        assert_eq!(read.check(&bytes[1..]), Err(ArchiveError::Checksum));
        for bit in 0..8 * (FRAME_HEAD_BYTES + bytes.len()) {
            let mut wrong = [&encoded[..], &bytes].concat();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (head, bytes) = wrong.split_first_chunk().unwrap();
            assert!(FrameHead::decode(*head).and_then(|head| head.check(bytes)).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn frames_of_no_kind_or_too_long_are_refused() {
    for kind in [0, 5, 255] {
        assert_eq!(FrameHead::decode([kind, 0, 0, 0, 0, 0, 0, 0, 0]), Err(ArchiveError::Kind(kind)));
    }
    let of_length = |length: u32| {
        let [a, b, c, d] = length.to_be_bytes();
        FrameHead::decode([3, a, b, c, d, 0, 0, 0, 0]).map(|frame| frame.length)
    };
    let max = codec::MAX_BYTES as u32;
    assert_eq!((of_length(max), of_length(max + 1)), (Ok(max), Err(ArchiveError::TooLong(max + 1))));
    let bytes = vec![0; codec::MAX_BYTES + 1];
    assert!(FrameHead::of(FrameKind::Block, &bytes[1..]).is_ok());
    assert_eq!(FrameHead::of(FrameKind::Block, &bytes), Err(ArchiveError::TooLong(max + 1)));
}

/// A chain of eight blocks; the second and the fifth change the membership.
fn network() -> Network {
    let mut network = Network::new(4);
    network.govern(Change::AddMember(fixture::member(5, "370400").into()), Height(3));
    (0..2).for_each(|_| _ = network.block(vec![]));
    network.govern(Change::RemoveMember(code("370200"), code("370000")), Height(6));
    (0..4).for_each(|_| _ = network.block(vec![]));
    network
}

#[test]
fn a_foot_gives_the_very_tip_that_the_chain_had() {
    let network = network();
    for (height, changes) in (0..=8).zip([0, 0, 1, 1, 1, 2, 2, 2, 2]) {
        let then = network.at(Height(height));
        let foot = then.foot();
        assert_eq!(foot.below.as_ref().map_or(0, |below| below.changes.len()), changes);
        assert_eq!(foot.tip(&network.genesis), Ok(then.tip.clone()), "at {height}");
        assert_eq!(foot.tip(&network.genesis).unwrap().changed_membership(), [2, 5].contains(&height));
        assert_eq!(codec::decode::<Foot>(&codec::encode(&foot)), Ok(foot));
    }
}

/// The foot above block 6, after a change.
fn check(change: impl Fn(&mut Below), expected: FootError) {
    let network = network();
    let mut foot = network.at(Height(6)).foot();
    change(foot.below.as_mut().unwrap());
    assert_eq!(foot.tip(&network.genesis).map(|_| ()), Err(expected));
}

fn check_changes(change: impl Fn(&mut Vec<CertifiedChange>), expected: FootError) {
    let change = |below: &mut Below| {
        let mut changes = below.changes.to_vec();
        change(&mut changes);
        below.changes = List::new(changes).unwrap();
    };
    check(change, expected);
}

/// No block leaves a stream of no node, or an approval of no member, behind.
#[test]
fn a_foot_whose_control_state_knows_strangers_is_refused() {
    let with = |edit: &dyn Fn(&mut Control)| {
        let change = |below: &mut Below| {
            edit(&mut below.control);
            below.header.control = below.control.hash();
        };
        check(change, FootError::Strangers);
    };
    with(&|control| control.streams.push(Stream { node: NodeNumber(99), last: Sequence(1) }).unwrap());
    let change = Arc::new(Change::RemoveNode(NodeNumber(1)));
    let open = |approvals: &[&str]| OpenProposal {
        id: change.id(Height(99)),
        proposer: code("379900"),
        change: Arc::clone(&change),
        effective: Height(99),
        approvals: List::new(approvals.iter().map(|member| code(member)).collect()).unwrap(),
        adopted: false,
    };
    with(&|control| control.proposals = Arc::new(List::new(vec![open(&["370000", "379900"])]).unwrap()));
}

#[test]
fn every_other_foot_is_refused_for_what_is_wrong_with_it() {
    use crate::history::HistoryError as H;
    use CertificateError as C;
    use FootError as E;
    let change = |height, why| E::Change(H::Certificate(Height(height), why));
    let other = ChainId([9; 32]);
    check(|below| below.header.chain = other, E::Chain(other));
    check(|below| below.header.next_membership = MembershipHash([9; 32]), E::Commitment("membership"));
    check(|below| below.frontier.push(leaf_hash(b"more")), E::Commitment("frontier"));
    check(|below| below.header.log_root.0[0] ^= 1, E::Commitment("frontier"));
    check(|below| below.control.protocol = crate::names::Protocol(2), E::Commitment("control state"));

    check_changes(|changes| changes.swap(0, 1), change(5, C::NoVote(NodeNumber(5))));
    check_changes(|changes| changes.push(changes[1].clone()), E::Change(H::Order(Height(5))));
    check_changes(|changes| changes.push(changes[0].clone()), E::Change(H::Order(Height(2))));
    check_changes(|changes| _ = changes.pop(), E::Commitment("membership"));
    check_changes(|changes| _ = changes.remove(0), change(5, C::NoVote(NodeNumber(5))));
    check_changes(|changes| changes[0].header.chain = other, E::Change(H::Chain(Height(2), other)));
    check_changes(|changes| changes[0].header.height = Height(0), E::Change(H::Order(Height(0))));
    check_changes(|changes| changes[1].header.height = Height(7), E::Change(H::Above(Height(7))));
    check_changes(|changes| changes[0].membership = changes[1].membership.clone(), E::Change(H::Membership(Height(2))));
    let signatures = |changes: &mut Vec<CertifiedChange>, of: usize, left: usize| {
        let certificate = &mut changes[of].certificate;
        certificate.signatures = List::new(certificate.signatures[..left].to_vec()).unwrap();
    };
    check_changes(|changes| signatures(changes, 0, 2), change(2, C::Power { found: 2, total: 4 }));
    check_changes(|changes| signatures(changes, 1, 2), change(5, C::Power { found: 2, total: 5 }));
    check_changes(
        |changes| changes[1].certificate.height = Height(6),
        change(5, C::Height { wanted: Height(5), found: Height(6) }),
    );
}
