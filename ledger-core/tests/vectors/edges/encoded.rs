//! Encodings at the maxima of their lists and blobs, and one beyond (format.md §1, §3, §5 to §9, §13, §16).

use super::{members_and_heirs, with_nodes};
use crate::hex;
use crate::verdicts::Book;
use bincode::{Decode, Encode};
use ledger_core::archive::StateRows;
use ledger_core::block::Body;
use ledger_core::certificate::{Certificate, CommitSignature};
use ledger_core::codec::{self, Bytes, List};
use ledger_core::contract::State;
use ledger_core::crypto::Signature;
use ledger_core::event::{Action, Entry, Event, Evidence};
use ledger_core::fixture::{self, CODES, code, member, state};
use ledger_core::governance::{Change, Control, OpenProposal, Stream};
use ledger_core::map::MapProof;
use ledger_core::membership::{KeyBytes, Member, Membership, Node};
use ledger_core::merkle::Frontier;
use ledger_core::names::{BlockHash, Height, NodeNumber, PROTOCOL, Round, Sequence};
use ledger_core::record::Disclosure;
use ledger_core::submission::Submission;
use serde_json::{Value, json};

/// Bytes, and how often they stand there.
pub(super) type Parts = Vec<(Vec<u8>, usize)>;

/// Takes up an encoding of a `T`, or of none.
pub(super) fn add_case<T: Decode<()> + Encode>(book: &mut Book, of: &str, name: &str, parts: Parts, holds: bool) {
    let bytes: Vec<u8> = parts.iter().flat_map(|(bytes, times)| bytes.repeat(*times)).collect();
    let decoded = codec::decode::<T>(&bytes);
    assert_eq!(decoded.is_ok(), holds, "{name}: {:?}", decoded.err());
    decoded.iter().for_each(|value| assert!(codec::encode(value) == bytes, "{name}"));
    let part =
        |(bytes, times): (Vec<u8>, usize)| if times == 1 { json!(hex(bytes)) } else { json!([hex(bytes), times]) };
    let bytes: Vec<Value> = parts.into_iter().map(part).collect();
    let name = format!("{of}: {name}");
    book.push(json!({ "name": name, "kind": "encoded", "of": of, "bytes": bytes, "holds": holds }));
}

pub(super) fn once(bytes: Vec<u8>) -> Parts {
    vec![(bytes, 1)]
}

fn count(of: usize) -> Vec<u8> {
    u32::try_from(of).unwrap().to_be_bytes().to_vec()
}

pub(super) fn add(book: &mut Book) {
    events(book);
    submissions(book);
    certificates(book);
    memberships(book);
    controls(book);
    states(book);
    proofs(book);
    the_longest_value(book);
}

fn events(book: &mut Book) {
    let evidence = Event::Evidence(Evidence { form: 9, bytes: Bytes::new(vec![]).unwrap() });
    let head = codec::encode(&evidence)[..2].to_vec();
    for (length, holds) in [(0, true), (65_000, true), (65_001, false)] {
        let parts = vec![([&head[..], &count(length)].concat(), 1), (vec![7], length)];
        add_case::<Event>(book, "event", &format!("an evidence of {length} bytes"), parts, holds);
    }
    let of = |action| codec::encode(&fixture::event(1, action));
    let with = |bytes: &[u8], at: usize, byte: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] = byte;
        bytes
    };
    let renew = of(Action::Renew);
    for (version, holds) in [(0, false), (1, true), (2, true), (255, true)] {
        add_case::<Event>(book, "event", &format!("schema version {version}"), once(with(&renew, 1, version)), holds);
    }
    for kind in [0, 6, 15, 25, 26, 63, 68, 255] {
        add_case::<Event>(book, "event", &format!("kind {kind}"), once(with(&renew, 0, kind)), false);
    }
    for (byte, holds) in [(b'/', false), (b'0', true), (b'9', true), (b':', false), (0xff, false), (0, false)] {
        for at in [66, 71] {
            let bytes = with(&of(Action::New { keeper: code("370000") }), at, byte);
            add_case::<Event>(book, "event", &format!("a keeper with byte {byte} at {}", at - 66), once(bytes), holds);
        }
    }
    let erase = |rest: &[u8]| [&with(&renew, 0, 24)[..], rest].concat();
    for (name, rest, holds) in [
        ("an erase with step 2", [&[2][..], &[0; 5]].concat(), false),
        ("an erase of target 2", [&[0, 2][..], &[0; 4]].concat(), false),
        ("an erase of the last ordinal", [&[0, 0][..], &[255; 4]].concat(), true),
        ("an erase of a leaf hash that is cut", [&[0, 1][..], &[0; 31]].concat(), false),
        ("an erase of a leaf hash with a byte more", [&[0, 1][..], &[0; 33]].concat(), false),
        ("an erase that approves the last ordinal", [&[1][..], &[255; 4]].concat(), true),
        ("an erase that approves a leaf hash", [&[1][..], &[0; 32]].concat(), false),
    ] {
        add_case::<Event>(book, "event", name, once(erase(&rest)), holds);
    }
    add_case::<Event>(book, "event", "a renew with a byte more", once([&renew[..], &[0]].concat()), false);
    add_case::<Event>(book, "event", "nothing", once(vec![]), false);
    let entry = |stream, sequence, position| {
        let event = fixture::event(1, Action::Renew);
        codec::encode(&Entry::Event { stream: NodeNumber(stream), sequence: Sequence(sequence), position, event })
    };
    let last = entry(u32::MAX, (1 << 53) - 1, u16::MAX);
    add_case::<Entry>(book, "entry", "the last stream, sequence and position", once(last.clone()), true);
    add_case::<Entry>(book, "entry", "tag 2", once(with(&last, 0, 2)), false);
}

fn submissions(book: &mut Book) {
    let event = codec::encode(&fixture::event(1, Action::Renew));
    let head = [&1_u32.to_be_bytes()[..], &1_u64.to_be_bytes()].concat();
    for (events, holds) in [(10_000, true), (10_001, false)] {
        let parts = vec![([&head[..], &count(events)].concat(), 1), (event.clone(), events), (vec![7; 64], 1)];
        add_case::<Submission>(book, "submission", &format!("{events} events"), parts, holds);
    }
    let empty = [&head[..], &count(0), &[7; 64]].concat();
    for (submissions, holds) in [(100_000, true), (100_001, false)] {
        let parts = vec![([&[0][..], &count(submissions)].concat(), 1), (empty.clone(), submissions)];
        add_case::<Body>(book, "body", &format!("{submissions} submissions"), parts, holds);
    }
    add_case::<Body>(book, "body", "an option byte of 2", once([&[2][..], &count(0)].concat()), false);
}

fn certificates(book: &mut Book) {
    let signature = CommitSignature { node: NodeNumber(1), signature: Signature([7; 64]) };
    let none =
        Certificate { height: Height(1), round: Round(0), block: BlockHash([7; 32]), signatures: List::default() };
    let head = codec::encode(&none)[..44].to_vec();
    for (signatures, holds) in [(512, true), (513, false)] {
        let parts = vec![([&head[..], &count(signatures)].concat(), 1), (codec::encode(&signature), signatures)];
        add_case::<Certificate>(book, "certificate", &format!("{signatures} signatures"), parts, holds);
    }
}

fn memberships(book: &mut Book) {
    for (members, heirs, holds) in [(64, 0, true), (65, 0, false), (1, 1_024, true), (1, 1_025, false)] {
        let name = format!("{members} members and {heirs} heirs");
        add_case::<Membership>(book, "membership", &name, once(members_and_heirs(members, heirs)), holds);
    }
    let with = |nodes: u32| {
        let of = |nodes: &[(u32, u32)]| codec::encode(&Member::<KeyBytes>::from(with_nodes(1, CODES[0], nodes)));
        let each: Vec<u8> =
            (1..=nodes).flat_map(|number| codec::encode(&Node::<KeyBytes>::from(fixture::node(number)))).collect();
        let none = of(&[]);
        [&none[..none.len() - 4], &count(nodes as usize), &each].concat()
    };
    for (nodes, holds) in [(8, true), (9, false)] {
        add_case::<Member<KeyBytes>>(book, "member", &format!("{nodes} nodes"), once(with(nodes)), holds);
        let change = [&[1][..], &with(nodes)].concat();
        add_case::<Change>(book, "change", &format!("a member with {nodes} nodes"), once(change), holds);
    }
    let node = codec::encode(&fixture::node(1));
    let key = node[12..46].to_vec();
    for (keys, holds) in [(0, true), (3, true), (4, true), (5, false)] {
        let parts = vec![([&node[..8], &count(keys)].concat(), 1), (key.clone(), keys)];
        add_case::<Node<KeyBytes>>(book, "node", &format!("{keys} keys"), parts.clone(), holds);
        let rotate = [vec![([&[6, 0, 0, 0, 1][..], &count(keys)].concat(), 1)], parts[1..].to_vec()].concat();
        add_case::<Change>(book, "change", &format!("{keys} keys of a node"), rotate, holds);
    }
    // Behind the count stand the purpose and the suite of the first key.
    for (byte, holds) in [(0, false), (1, true), (2, true), (3, true), (4, true), (5, false)] {
        let of_purpose = [&node[..12], &[byte], &node[13..]].concat();
        add_case::<Node<KeyBytes>>(book, "node", &format!("a key of purpose {byte}"), once(of_purpose.clone()), holds);
        let rotate = [&[6, 0, 0, 0, 1][..], &of_purpose[8..]].concat();
        add_case::<Change>(book, "change", &format!("a key of purpose {byte}"), once(rotate), holds);
        let of_suite = [&node[..13], &[byte], &node[14..]].concat();
        let holds = byte == 1;
        add_case::<Node<KeyBytes>>(book, "node", &format!("a key of suite {byte}"), once(of_suite), holds);
        let rotate = [&[7][..], b"370100", &[byte], &[7; 64]].concat();
        add_case::<Change>(book, "change", &format!("a governance key of suite {byte}"), once(rotate), holds);
    }
    for tag in [0, 12, 255] {
        add_case::<Change>(book, "change", &format!("tag {tag}"), once(vec![tag, 0, 0, 0, 1]), false);
    }
    // What only a membership asks for, a change may hold.
    let of = |member: Member<KeyBytes>| codec::encode(&Change::AddMember(member));
    let good = Member::<KeyBytes>::from(member(1, CODES[0]));
    let mut no_keys = good.clone();
    no_keys.governance.key = KeyBytes([2; 32]);
    no_keys.vault.0 = [0; 32];
    add_case::<Change>(book, "change", "a member with keys that are none", once(of(no_keys)), true);
}

fn controls(book: &mut Book) {
    let head = PROTOCOL.0.to_be_bytes();
    let streams = |numbers: &mut dyn Iterator<Item = (u32, u64)>| {
        let stream = |(node, last)| codec::encode(&Stream { node: NodeNumber(node), last: Sequence(last) });
        let each: Vec<Vec<u8>> = numbers.map(stream).collect();
        once([&head[..], &count(each.len()), &each.concat(), &count(0)].concat())
    };
    for (of, holds) in [(512, true), (513, false)] {
        let each = streams(&mut (0..of).map(|node| (node, 1)));
        add_case::<Control>(book, "control", &format!("{of} streams"), each, holds);
    }
    for (name, of, holds) in [
        ("streams in rising order", [(1, 1), (2, 1)], true),
        ("streams in falling order", [(2, 1), (1, 1)], false),
        ("a stream twice", [(1, 1), (1, 2)], false),
        ("a stream at 0", [(1, 0), (2, 1)], false),
        ("the second stream at 0", [(1, 1), (2, 0)], false),
        ("a stream at 2^53 - 1", [(0, 1), (u32::MAX, (1 << 53) - 1)], true),
        ("a stream at 2^53", [(0, 1), (u32::MAX, 1 << 53)], false),
    ] {
        add_case::<Control>(book, "control", name, streams(&mut of.into_iter()), holds);
    }
    let open = |votes: u32, approvals: usize| {
        let change = Change::SetPower(NodeNumber(3), votes);
        let of = |at: usize| code(&format!("{:06}", 400_000 + at));
        let proposal = OpenProposal {
            id: change.id(Height(9)),
            proposer: code(CODES[0]),
            change: change.into(),
            effective: Height(9),
            approvals: List::new((0..approvals.min(64)).map(of).collect()).unwrap(),
            adopted: false,
        };
        let mut bytes = codec::encode(&proposal);
        if approvals > 64 {
            // Count, approvals and the flag stand at the end.
            let end = bytes.len() - 1 - 64 * 6 - 4;
            let each: Vec<u8> = (0..approvals).flat_map(|at| codec::encode(&of(at))).collect();
            bytes = [&bytes[..end], &count(approvals), &each, &[0]].concat();
        }
        bytes
    };
    let control =
        |proposals: Vec<Vec<u8>>| once([&head[..], &count(0), &count(proposals.len()), &proposals.concat()].concat());
    for (of, holds) in [(256, true), (257, false)] {
        let all = (0..of).map(|votes| open(votes, 0)).collect();
        add_case::<Control>(book, "control", &format!("{of} proposals"), control(all), holds);
    }
    for (of, holds) in [(64, true), (65, false)] {
        add_case::<Control>(book, "control", &format!("{of} approvals"), control(vec![open(1, of)]), holds);
    }
    for (adopted, holds) in [(0, true), (1, true), (2, false), (255, false)] {
        let mut bytes = open(1, 2);
        bytes.pop();
        bytes.push(adopted);
        add_case::<Control>(
            book,
            "control",
            &format!("a proposal whose adopted is {adopted}"),
            control(vec![bytes]),
            holds,
        );
    }
    add_case::<Control>(book, "control", "a proposal twice", control(vec![open(1, 1), open(1, 0)]), false);
    let mut other = open(1, 0);
    other[0] ^= 1;
    add_case::<Control>(book, "control", "a proposal under another id", control(vec![other]), false);
    let mut twice = open(1, 2);
    let end = twice.len() - 1;
    twice.copy_within(end - 12..end - 6, end - 6);
    add_case::<Control>(book, "control", "an approval twice", control(vec![twice]), false);
}

fn states(book: &mut Book) {
    let good = codec::encode(&state(1));
    for (status, holds) in [(0, false), (1, true), (2, true), (3, true), (4, true), (5, true), (6, false)] {
        let bytes = [&[status][..], &good[1..]].concat();
        add_case::<State>(book, "state", &format!("status {status}"), once(bytes), holds);
    }
    // What ended it, and the two proposals, stand at the end: none of each.
    let end = good.len() - 3;
    for (name, rest, holds) in [
        ("the last ordinal ended it", &[1, 255, 255, 255, 255, 0, 0][..], true),
        ("an option byte of 2", &[2, 0, 0, 0, 0, 0, 0], false),
        ("an open reopen", &[0, 1, 0, 0, 0, 9, 1, 0, 0, 0, 8, 0], true),
        ("an open transfer", &[0, 0, 1, 0, 0, 0, 9, 2, 51, 55, 48, 48, 48, 48], true),
        ("an open erase", &[0, 1, 0, 0, 0, 9, 3, 1, 0, 0, 0, 9, 3], true),
        ("an open proposal of kind 0", &[0, 1, 0, 0, 0, 9, 0, 0], false),
        ("an open proposal of kind 4", &[0, 1, 0, 0, 0, 9, 4, 0], false),
    ] {
        add_case::<State>(book, "state", name, once([&good[..end], rest].concat()), holds);
    }
    // Last log index: behind status, keeper, count and history.
    for last in [(1 << 53) - 1, 1 << 53, u64::MAX] {
        let bytes = [&good[..43], &last.to_be_bytes()[..], &good[51..]].concat();
        add_case::<State>(book, "state", &format!("the last log index {last}"), once(bytes), true);
    }
    let row = [&[7; 32][..], &good].concat();
    for (rows, holds) in [(0, true), (65_536, true), (65_537, false)] {
        let parts = vec![(count(rows), 1), (row.clone(), rows)];
        add_case::<StateRows>(book, "states", &format!("{rows} states"), parts, holds);
    }
}

fn proofs(book: &mut Book) {
    let frontier = |size: u64, peaks: usize| vec![(size.to_be_bytes().to_vec(), 1), (vec![7; 32], peaks)];
    for (size, peaks, holds) in [
        ((1 << 53) - 1, 53, true),
        (1 << 53, 1, true),
        ((1 << 63) - 1, 63, true),
        (1 << 63, 1, false),
        (u64::MAX, 64, false),
        (5, 1, false),
        (5, 3, false),
    ] {
        let name = format!("size {size} with {peaks} roots");
        add_case::<Frontier>(book, "frontier", &name, frontier(size, peaks), holds);
    }
    for (depth, holds) in [(255_u16, true), (256, true), (257, false)] {
        let bitmap = usize::from(depth.div_ceil(8));
        let parts = vec![([&[0][..], &depth.to_be_bytes()].concat(), 1), (vec![0], bitmap)];
        add_case::<MapProof>(book, "proof", &format!("a proof of depth {depth}"), parts, holds);
    }
    let hidden = [&[0][..], &[7; 32]].concat();
    for (kind, version, holds) in [
        (0, 1, false),
        (1, 1, true),
        (5, 1, true),
        (6, 1, false),
        (15, 1, false),
        (16, 1, true),
        (24, 1, true),
        (25, 1, false),
        (64, 1, false),
        (17, 0, false),
        (17, 2, false),
    ] {
        let bytes = [&[kind, version][..], &count(0)].concat();
        add_case::<Disclosure>(book, "disclosure", &format!("kind {kind}, version {version}"), once(bytes), holds);
    }
    for (slots, holds) in [(64, true), (65, false)] {
        let parts = vec![([&[17, 1][..], &count(slots)].concat(), 1), (hidden.clone(), slots)];
        add_case::<Disclosure>(book, "disclosure", &format!("{slots} slots"), parts, holds);
    }
    for (bytes, holds) in [(65_535, true), (65_536, false)] {
        let head = [&[17, 1][..], &count(1), &[1], &[7; 32], &[1], &count(bytes)].concat();
        let parts = vec![(head, 1), (vec![b'a'], bytes)];
        add_case::<Disclosure>(book, "disclosure", &format!("a value of {bytes} bytes"), parts, holds);
    }
}

/// 64 MiB, and a byte more: a body of one submission with evidence alone.
fn the_longest_value(book: &mut Book) {
    let longest = [&[66, 9][..], &count(7_000), &[7; 7_000]].concat();
    let frame = 1 + 4 + 4 + 8 + 4 + 64;
    let whole = (codec::MAX_BYTES - frame) / longest.len();
    let rest = codec::MAX_BYTES - frame - whole * longest.len() - 6;
    for (more, holds) in [(0, true), (1, false)] {
        let head = [&[0][..], &count(1), &count(1), &1_u64.to_be_bytes(), &count(whole + 1)].concat();
        let last = [&[66, 9][..], &count(rest + more)].concat();
        let parts = vec![(head, 1), (longest.clone(), whole), (last, 1), (vec![7], rest + more), (vec![7; 64], 1)];
        add_case::<Body>(book, "body", &format!("{} bytes", codec::MAX_BYTES + more), parts, holds);
    }
}
