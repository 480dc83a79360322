//! What cannot be read, and how a reading ends (format.md §16, §16.1).

use super::chain::{and, end, foot, grow, grown, place, rotten, with};
use super::starts::states;
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::archive::FrameKind;
use ledger_core::audit::Bookmark;
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, Bytes, List};
use ledger_core::event::{Event, Evidence};
use ledger_core::fixture::Network;
use ledger_core::fixture::forger::frame;
use ledger_core::names::{Height, Round};

pub(super) fn add(book: &mut Book) {
    heads(book);
    other_chains(book);
    frames(book);
    ends(book);
    planted(book);
}

fn heads(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    for (name, pieces) in [
        ("an empty file", vec![]),
        ("a file that is cut within its head", vec![whole[0][..41].to_vec()]),
        ("other first bytes than those of an archive", with(&whole, 0, rotten(&whole[0], 0))),
        ("an archive of version 3", with(&whole, 0, [&whole[0][..9], &[3], &whole[0][10..]].concat())),
        ("the head names another chain, and the first block is of this one", with(&whole, 0, rotten(&whole[0], 41))),
    ] {
        book.add(Case::new("16.1", name, &chain, &pieces), Answer::nothing("head"));
    }
    // Bytes 3 to 34 of the first block are all that is asked of it.
    let beginning = frame(FrameKind::Block, &chain.blocks[0][..35]);
    let pieces = vec![rotten(&whole[0], 41), whole[1].clone(), beginning];
    book.add(
        Case::new(
            "16.1",
            "the head names another chain, and the first 35 bytes of a block of this one stand behind it",
            &chain,
            &pieces,
        ),
        Answer::nothing("head"),
    );
    let below = grown(2);
    let stretch = chain.closed(chain.above(&below.foot(), &[states(&below.map)]));
    let spoilt = with(&stretch, 0, rotten(&stretch[0], 41));
    let and_block = with(&spoilt, 3, rotten(&spoilt[3], 30));
    let nothing_above = spoilt[..3].to_vec();
    let no_states = with(&spoilt, 2, rotten(&spoilt[2], 30));
    for (name, pieces) in [
        ("the head names another chain, and the header below is of this one", spoilt),
        (
            "the head names another chain, the header below is of this one, and the first block cannot be read",
            and_block,
        ),
        ("the head names another chain, the header below is of this one, and no block stands above", nothing_above),
        ("the head names another chain, the header below is of this one, and the states cannot be read", no_states),
    ] {
        book.add(Case::new("16.1", name, &chain, &pieces).kept(&below), Answer::nothing("head"));
    }
}

fn other_chains(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let mut network = Network::new(3);
    grow(&mut network, 2);
    let other = Chain::of(&network);
    let spoilt = with(&whole, 0, rotten(&whole[0], 41));
    let mut of_other = network.at(Height(1)).foot();
    of_other.states = None;
    let foot_of_other: Pieces = [other.head(), foot(&of_other), chain.block(2), end(&chain.certificate(2))].to_vec();
    let mut block = ledger_core::fixture::forger::decoded(&chain.blocks[0]);
    block.header.chain = other.genesis.chain_id();
    let of_other = frame(FrameKind::Block, &codec::encode(&block));
    for (name, pieces) in [
        ("an archive of another chain", other.whole()),
        ("a head alone that names another chain", vec![other.head()]),
        (
            "the head names another chain, and so does the header below, above which stands a block of this one",
            foot_of_other,
        ),
        (
            "the head names another chain, and the first block cannot be read",
            with(&spoilt, place(1), rotten(&spoilt[place(1)], 30)),
        ),
        ("the head names another chain, and the first block is of a third", with(&spoilt, place(1), of_other)),
        (
            "the head names another chain, and no block stands behind it",
            vec![spoilt[0].clone(), whole[1].clone(), chain.end()],
        ),
        ("the head names another chain, and the foot cannot be read", with(&spoilt, 1, rotten(&spoilt[1], 6))),
        (
            "the head names another chain, and the first block stands in a frame of a certificate",
            with(&spoilt, place(1), frame(FrameKind::Certificate, &chain.blocks[0])),
        ),
        (
            "the head names another chain, and the first block has 34 bytes",
            with(&spoilt, place(1), frame(FrameKind::Block, &chain.blocks[0][..34])),
        ),
    ] {
        book.mistake(&Case::new("16.1", name, &chain, &pieces), "four members");
    }
}

/// Damage in the frame of block 3.
fn frames(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let block = whole[place(3)].clone();
    let checked = |kind: u8, data: &[u8]| {
        let covered = [&[kind][..], &(data.len() as u32).to_be_bytes()].concat();
        let checksum = crc32fast::hash(&[&covered[..], data].concat());
        [&covered[..], &checksum.to_be_bytes(), data].concat()
    };
    let too_long = [&[3][..], &(64_u32 * 1024 * 1024 + 1).to_be_bytes(), &block[5..]].concat();
    for (name, piece) in [
        ("a bit of the block is rotten", rotten(&block, 100)),
        ("a bit of the checksum is rotten", rotten(&block, 5)),
        ("a bit of the kind is rotten", rotten(&block, 0)),
        ("a bit of the length is rotten: the frame is longer than the file", rotten(&block, 1)),
        ("a bit of the length is rotten: the frame ends elsewhere", rotten(&block, 3)),
        ("a frame that is longer than 64 MiB, as it says", too_long),
        ("a whole frame of kind 5", checked(5, &block[9..])),
        ("a whole frame of kind 0", checked(0, &block[9..])),
        ("a whole frame of a foot", whole[1].clone()),
        ("a whole frame of states", frame(FrameKind::States, &[0; 4])),
        ("a whole frame of a certificate that encodes none", frame(FrameKind::Certificate, b"none")),
        ("nine zero bytes", vec![0; 9]),
    ] {
        let name = format!("in the place of block 3: {name}");
        book.add(Case::new("16.1", &name, &chain, &with(&whole, place(3), piece)), Answer::stops("unreadable", 3));
    }
    for (name, piece) in [
        ("no byte", vec![]),
        ("bytes that are no block", b"none".to_vec()),
        ("a block cut short", chain.blocks[2][..200].to_vec()),
        ("a block and a byte", [&chain.blocks[2][..], &[0]].concat()),
        ("a block of another suite", [&chain.blocks[2][..2], &[2], &chain.blocks[2][3..]].concat()),
    ] {
        let name = format!("a whole frame of a block in the place of block 3, and in it {name}");
        book.add(
            Case::new("16.2", &name, &chain, &with(&whole, place(3), frame(FrameKind::Block, &piece))),
            Answer::altered(3),
        );
    }
    for (name, bytes, answer) in [
        ("cut between two frames", 0, Answer::no_end(2)),
        ("cut behind the first byte of a frame", 1, Answer::stops("unreadable", 3)),
        ("cut behind a frame's head", 9, Answer::stops("unreadable", 3)),
        ("cut before the last byte of a frame", block.len() - 1, Answer::stops("unreadable", 3)),
    ] {
        let pieces = [&whole[..place(3)], &[block[..bytes].to_vec()]].concat();
        let pieces: Pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        book.add(Case::new("16.1", name, &chain, &pieces), answer);
    }
}

fn ends(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let (whole, growing) = (chain.whole(), chain.growing());
    let case = |name: &str, pieces: &Pieces| Case::new("16.1", name, &chain, pieces);
    let own = chain.end();
    let behind = Answer::stops("unreadable", 5).signed(4);
    for (name, pieces) in [
        ("one byte behind the end certificate", and(&whole, vec![0])),
        ("a whole archive behind a whole archive", [&whole[..], &whole].concat()),
        ("a block behind the end certificate", and(&whole, Chain::of(&grown(5)).block(5))),
        ("the end certificate twice", and(&whole, own.clone())),
    ] {
        book.add(case(name, &pieces), behind);
    }
    for (name, piece) in [
        ("a bit of the end certificate is rotten", rotten(&own, 60)),
        ("the end certificate is cut", own[..own.len() - 1].to_vec()),
        (
            "a byte too many within the end certificate's frame",
            frame(FrameKind::Certificate, &[&codec::encode(&chain.own)[..], &[0]].concat()),
        ),
        ("an end certificate with more signatures than there may be", {
            let mut bytes = codec::encode(&chain.own);
            bytes[44..48].copy_from_slice(&513_u32.to_be_bytes());
            frame(FrameKind::Certificate, &bytes)
        }),
        ("the end certificate in a frame of states", frame(FrameKind::States, &codec::encode(&chain.own))),
        ("the end certificate in a frame of a foot", frame(FrameKind::Foot, &codec::encode(&chain.own))),
        ("a byte behind the last block", vec![4]),
    ] {
        book.add(case(name, &and(&growing, piece)), Answer::stops("unreadable", 5));
    }
    let spoilt = Certificate { round: Round(9), ..chain.own.clone() };
    book.add(
        case(
            "a byte behind an end certificate that does not hold: it was judged before",
            &and(&and(&growing, end(&spoilt)), vec![0]),
        ),
        Answer::altered(4),
    );
    let early: Pieces = [&whole[..place(3)], &[end(&chain.certificate(2))], &whole[place(3)..]].concat();
    book.add(
        case("the end certificate of block 2 stands behind it, and more blocks behind that", &early),
        Answer::stops("unreadable", 3).signed(2),
    );
    let empty = growing[..place(1)].to_vec();
    let zero = Certificate { height: Height(0), ..chain.own.clone() };
    let none = Certificate { signatures: List::default(), ..chain.own.clone() };
    for (name, pieces) in [
        ("no block, and an end certificate of height 0", and(&empty, end(&zero))),
        ("no block, and an end certificate of block 4 without signatures", and(&empty, end(&none))),
        ("no block, an end certificate, and a byte behind it", and(&and(&empty, end(&none)), vec![0])),
        ("no block, an end certificate, and a block behind it", and(&and(&empty, end(&none)), chain.block(1))),
    ] {
        book.add(case(name, &pieces), Answer::empty(0));
    }
    book.add(
        case("no block, and an end certificate that is none", &and(&empty, rotten(&own, 60))),
        Answer::stops("unreadable", 1),
    );
}

/// Block 4 holds an event with the whole frame of block 1 in it.
fn planted(book: &mut Book) {
    let mut network = grown(3);
    let bytes = frame(FrameKind::Block, &network.blocks[0]);
    network.block_of(vec![Event::Evidence(Evidence { form: 1, bytes: Bytes::new(bytes).unwrap() })]);
    let kept = network.at(Height(4));
    grow(&mut network, 1);
    let chain = Chain::of(&network);
    book.chain("with a planted frame", &chain);
    let whole = chain.whole();
    book.add(Case::new("16.1", "a block with the frame of another in an event", &chain, &whole), Answer::holds(5));
    for (name, at) in [
        ("a bit of a block with the frame of another in an event is rotten", 60),
        ("a bit of the length of a block with the frame of another in an event is rotten", 4),
    ] {
        let pieces = with(&whole, place(4), rotten(&whole[place(4)], at));
        book.add(Case::new("16.1", name, &chain, &pieces), Answer::stops("unreadable", 4));
        let name = format!("{name}, and the block was kept");
        book.add(Case::new("16.1", &name, &chain, &pieces).from(&Bookmark::of(&kept.tip)), Answer::missing(4));
    }
}
