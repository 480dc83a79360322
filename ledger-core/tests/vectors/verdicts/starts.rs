//! Stretches: what proves where they start, and the heights there (format.md §15.1, §15.2, §15.6).

use super::chain::{and, end, foot, grown, rotten, rows, with};
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::archive::{Foot, StateRows};
use ledger_core::audit::Bookmark;
use ledger_core::codec::List;
use ledger_core::crypto::Signature;
use ledger_core::fixture::Network;
use ledger_core::fixture::forger::{Forgery, edit};
use ledger_core::map::ContractMap;
use ledger_core::names::{BlockHash, Height, MapRoot};

pub(super) fn add(book: &mut Book) {
    let below = grown(2);
    book.name("plain, foot above block 2", foot(&below.foot()));
    book.name("plain, foot above block 2, without states", foot(&without_states(&below)));
    book.name("plain, states at block 2", states_frame(&below.map));
    proved(book);
    by_tip_file(book);
    heights(book);
    without_map(book);
    continued(book);
}

pub(super) fn without_states(below: &Network) -> Foot {
    Foot { states: None, ..below.foot() }
}

pub(super) fn states(map: &ContractMap) -> StateRows {
    List::new(rows(map)).unwrap()
}

fn states_frame(map: &ContractMap) -> Vec<u8> {
    ledger_core::fixture::forger::frame(
        ledger_core::archive::FrameKind::States,
        &ledger_core::codec::encode(&states(map)),
    )
}

/// Another block than the one that stands where a network does.
fn another(network: &Network) -> Bookmark {
    Bookmark { block: BlockHash([7; 32]), ..Bookmark::of(&network.tip) }
}

fn proved(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let below = grown(2);
    let growing = chain.above(&below.foot(), &[states(&below.map)]);
    let whole = chain.closed(growing.clone());
    let case = |name: &str, pieces: &Pieces| Case::new("15.1", name, &chain, pieces);
    book.add(
        case("a stretch above block 2 of which nothing was kept: its start is not proved", &whole),
        Answer::open(4),
    );
    for (name, kept, answer) in [
        ("a stretch above block 2, which was kept", 2, Answer::holds(4)),
        ("a stretch above block 2, in which block 3 was kept", 3, Answer::holds(4)),
        ("a stretch above block 2, whose last block was kept", 4, Answer::holds(4)),
        ("what was kept below the foot's height says nothing", 1, Answer::open(4)),
        ("a stretch up to block 4, and block 5 was kept", 5, Answer::missing(5).signed(4)),
    ] {
        book.add(case(name, &whole).kept(&grown(kept)), answer);
    }
    book.add(
        case("what was kept below the foot's height says nothing, also where it is another block", &whole)
            .from(&another(&grown(1))),
        Answer::open(4),
    );
    book.add(
        case("what was kept at the foot's height is another block", &whole).from(&another(&below)),
        Answer::altered_foot(2),
    );
    book.add(
        case("what was kept of the first block of a stretch is another block", &whole).from(&another(&grown(3))),
        Answer::altered(3).unsigned(),
    );
    book.add(case("a stretch without end certificate, whose start was kept", &growing).kept(&below), Answer::no_end(4));
    let rotten_4 = with(&whole, 4, rotten(&whole[4], 30));
    book.add(
        case("a stretch whose second block cannot be read, and whose start was kept", &rotten_4).kept(&below),
        Answer::stops("unreadable", 4),
    );
    book.add(
        case("what was kept would prove the start, and cannot be read", &rotten_4).kept(&grown(4)),
        Answer::missing(4),
    );
    let no_states = with(&whole, 2, rotten(&whole[2], 30));
    book.add(
        case("nothing is judged, since the states cannot be read, so what was kept says nothing", &no_states)
            .from(&another(&grown(3))),
        Answer::nothing("foot"),
    );
}

fn by_tip_file(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let below = grown(2);
    let whole = chain.closed(chain.above(&below.foot(), &[states(&below.map)]));
    let other = BlockHash([7; 32]);
    for (name, height, block, answer) in [
        ("a tip file never proves the start of a stretch: of its last block", 4, chain.hash(4), Answer::open(4)),
        ("a tip file never proves the start of a stretch: of the block below", 2, chain.hash(2), Answer::open(4)),
        ("a tip file that names another block below the stretch", 2, other, Answer::altered_foot(2)),
        ("a tip file that names a block below the foot's height says nothing", 1, other, Answer::open(4)),
        ("a tip file that names a block above the stretch", 6, other, Answer::missing(5).signed(4)),
    ] {
        book.add(Case::new("15.1", name, &chain, &whole).tip_file(height, block), answer);
    }
}

fn heights(book: &mut Book) {
    let chain = Chain::of(&grown(3));
    let below = grown(2);
    let growing = chain.above(&below.foot(), &[states(&below.map)]);
    let case = |name: &str, pieces: &Pieces| Case::new("15.2", name, &chain, pieces);
    book.add(
        case("one block above a foot, without end: signed is the block below, whose certificate it carries", &growing)
            .kept(&below)
            .keeps(&below),
        Answer::no_end(3),
    );
    let empty = growing[..3].to_vec();
    book.add(
        case("no block above a foot: its header is the tip, and nothing is signed", &empty).kept(&below),
        Answer::empty(2),
    );
    book.add(
        case(
            "no block above a foot, and the certificate of the block below at the end",
            &and(&empty, end(&chain.certificate(2))),
        )
        .kept(&below),
        Answer::empty(2),
    );
    book.add(
        case("no block above a foot, and the block above it was kept", &empty).kept(&grown(3)),
        Answer::missing(3).unsigned(),
    );
    let unsigned = |height: u64, body: &mut ledger_core::block::Body| {
        if height == 3 {
            edit(body, |list| list[0].signature = Signature([0; 64]));
        }
    };
    let forged = Chain::forged(&grown(3), &Forgery { body: &unsigned, signed: true, ..Forgery::default() });
    let pieces = forged.closed(forged.above(&below.foot(), &[states(&below.map)]));
    book.add(
        Case::new(
            "15.2",
            "a fault in the first block above a foot: no block is sound, and nothing signed",
            &forged,
            &pieces,
        )
        .kept(&below),
        Answer::altered(3).unsigned(),
    );
    let unsigned = |height: u64, body: &mut ledger_core::block::Body| {
        if height == 4 {
            edit(body, |list| list[0].signature = Signature([0; 64]));
        }
    };
    let forged = Chain::forged(&grown(4), &Forgery { body: &unsigned, signed: true, ..Forgery::default() });
    let pieces = forged.closed(forged.above(&below.foot(), &[states(&below.map)]));
    book.add(
        Case::new(
            "15.2",
            "a fault in the second block above a foot: the first is sound, and the block below signed",
            &forged,
            &pieces,
        )
        .kept(&below),
        Answer::altered(4),
    );
}

fn without_map(book: &mut Book) {
    let below = grown(2);
    let foot = without_states(&below);
    let chain = Chain::of(&grown(4));
    let whole = chain.closed(chain.above(&foot, &[]));
    let case = |name: &str, pieces: &Pieces| Case::new("15.6", name, &chain, pieces);
    book.add(
        case("a stretch without states, whose start was kept, holds: of all but the map", &whole).kept(&below),
        Answer::holds(4),
    );
    book.add(case("a stretch without states, of which nothing was kept", &whole), Answer::open(4));
    let lie = |height: u64, header: &mut ledger_core::block::Header| {
        if height == 3 {
            header.map_root = MapRoot([3; 32]);
        }
    };
    let forged = Chain::forged(&grown(4), &Forgery { header: &lie, signed: true, ..Forgery::default() });
    book.chain("another map root in block 3", &forged);
    let whole = forged.closed(forged.above(&foot, &[]));
    book.add(
        Case::new("15.6", "without states a map root that all validators made up is not seen", &forged, &whole)
            .kept(&below),
        Answer::holds(4),
    );
    let whole = forged.closed(forged.above(&below.foot(), &[states(&below.map)]));
    book.add(
        Case::new("15.6", "with states it is", &forged, &whole).kept(&below).shorter(Answer::holds(4)),
        Answer::altered(3).unsigned(),
    );
    let empty = Foot { states: Some(0), ..Foot::default() };
    book.name("foot of a whole chain that counts no state", self::foot(&empty));
    let whole = chain.closed(chain.above(&empty, &[]));
    book.add(case("a whole chain whose foot counts its states: there are none", &whole), Answer::holds(4));
}

/// Three blocks of a chain, and the genesis that goes on from there.
pub(super) fn succession() -> (Network, Network) {
    let old = grown(3);
    let mut network = Network::from_genesis(old.successor());
    network.map = old.map.clone();
    super::chain::grow(&mut network, 2);
    (old, network)
}

fn continued(book: &mut Book) {
    let (old, network) = succession();
    book.genesis("members who go on from a chain", &network.genesis);
    let chain = Chain::of(&network);
    book.chain("goes on", &chain);
    let counted = |map: &ContractMap| Foot { states: Some(map.len()), below: None };
    book.name("foot that counts the states of the predecessor", foot(&counted(&old.map)));
    book.name("states of the predecessor", states_frame(&old.map));
    let case = |section, name: &str, pieces: &Pieces| Case::new(section, name, &chain, pieces);
    book.add(
        case(
            "15.6",
            "a chain that goes on from a predecessor, without its states, holds: of all but the map",
            &chain.whole(),
        ),
        Answer::holds(2),
    );
    let whole = chain.closed(chain.above(&counted(&old.map), &[states(&old.map)]));
    book.add(case("15.6", "a chain that goes on from a predecessor, with its states", &whole), Answer::holds(2));
    let fewer = grown(2).map;
    let pieces = chain.closed(chain.above(&counted(&fewer), &[states(&fewer)]));
    book.add(
        case("16", "below block 1, the states that are given are not the predecessor's", &pieces),
        Answer::altered_foot(0),
    );
    let none = chain.closed(chain.above(&Foot { states: Some(0), below: None }, &[]));
    book.add(
        case("16", "below block 1 no state is given, and the predecessor had some", &none),
        Answer::altered_foot(0),
    );
    let mut forged = chain.clone();
    let mut block = ledger_core::fixture::forger::decoded(&forged.blocks[1]);
    block.header.height = Height(5);
    forged.blocks[1] = ledger_core::codec::encode(&block);
    book.add(
        Case::new(
            "15.2",
            "on a chain that goes on, block 2 says height 5: heights begin at 1 again",
            &forged,
            &forged.whole(),
        ),
        Answer::altered(2),
    );
    // The head is damaged: what stands behind the states is of this chain.
    let head = rotten(&whole[0], 20);
    book.add(
        case(
            "16.1",
            "the head names another chain, and the first block behind the states is of this one",
            &with(&whole, 0, head.clone()),
        ),
        Answer::nothing("head"),
    );
    let cut = with(&with(&whole, 0, head.clone()), 2, rotten(&whole[2], 30));
    book.mistake(
        &case("16.1", "the head names another chain, and the states that the foot counts cannot be read", &cut),
        "members who go on from a chain",
    );
}
