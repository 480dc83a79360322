//! Rules that the verifier does not know (format.md §15.5).

use super::chain::{and, foot, governed, grown, place, rotten};
use super::starts::states;
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::archive::FrameKind;
use ledger_core::audit::Bookmark;
use ledger_core::certificate::Certificate;
use ledger_core::fixture::forger::{decoded, frame};
use ledger_core::governance::Change;
use ledger_core::names::{BlockHash, Height, Protocol, Round};

pub(super) fn add(book: &mut Book) {
    // From block 3 on protocol 2 is in force.
    let network = governed(Change::Activate(Protocol(2)), 2);
    let chain = Chain::of(&network);
    book.chain("activates protocol 2", &chain);
    above(book, &chain);
    kept(book, &chain);
    let mut named = Chain::of(&grown(3));
    let mut block = decoded(&named.blocks[2]);
    block.header.protocol = Protocol(2);
    named.blocks[2] = ledger_core::codec::encode(&block);
    book.add(
        Case::new(
            "15.5",
            "a header names another protocol than the one in force, which is known",
            &named,
            &named.whole(),
        ),
        Answer::altered(3),
    );
    feet(book, &network, &chain);
}

fn above(book: &mut Book, chain: &Chain) {
    let growing = chain.growing();
    let newer = Answer::stops("newer_protocol", 3);
    let case = |name: &str, pieces: &Pieces| Case::new("15.5", name, chain, pieces);
    book.add(case("a newer protocol is in force from block 3 on, and nothing stands above", &growing), newer);
    book.add(case("the end certificate of the last block stands above, and is not looked at", &chain.whole()), newer);
    let other = Certificate { round: Round(9), ..chain.own.clone() };
    book.add(
        case(
            "an end certificate that does not hold stands above, and is not held against the chain",
            &and(&growing, super::chain::end(&other)),
        ),
        newer,
    );
    let block = frame(FrameKind::Block, &[0, 2, 77]);
    let above: Pieces = and(&and(&growing, block.clone()), super::chain::end(&other));
    book.add(case("a block of the newer protocol stands above, and is not read", &above), newer);
    book.add(case("damage stands above, and is not looked at", &and(&growing, rotten(&block, 9))), newer);
    book.add(
        case("a block of protocol 1 stands above, and is not judged", &and(&growing, Chain::of(&grown(3)).block(3))),
        newer,
    );
    let mut altered = growing.clone();
    altered.remove(place(1));
    book.add(case("below the newer protocol a block is missing", &altered), Answer::altered(1));
    book.add(case("the chain is cut below the newer protocol", &growing[..place(2)].to_vec()), Answer::no_end(1));
}

fn kept(book: &mut Book, chain: &Chain) {
    let whole = chain.whole();
    let network = governed(Change::Activate(Protocol(2)), 2);
    let newer = Answer::stops("newer_protocol", 3);
    let of = |height: u64, block: BlockHash| Bookmark { height: Height(height), block, ..Bookmark::of(&network.tip) };
    let other = BlockHash([7; 32]);
    let case = |name: &str| Case::new("15.5", name, chain, &whole);
    book.add(case("what was kept of the first block of the newer protocol says nothing").from(&of(3, other)), newer);
    book.add(case("what was kept above says nothing").from(&of(9, other)), newer);
    book.add(case("a tip file that names a block of the newer protocol says nothing").tip_file(3, other), newer);
    book.add(case("what was kept of the last block of the known protocol").from(&of(2, chain.hash(2))), newer);
    book.add(
        case("the last block of the known protocol is not the one that was kept").from(&of(2, other)),
        Answer::altered(2),
    );
}

fn feet(book: &mut Book, network: &ledger_core::fixture::Network, chain: &Chain) {
    book.name("foot above a block that activates protocol 2", foot(&network.foot()));
    let stretch = chain.above(&network.foot(), &[states(&network.map)]);
    let newer = Answer::stops("newer_protocol", 3).unsigned();
    let case = |name: &str, pieces: &Pieces| Case::new("15.5", name, chain, pieces);
    book.add(case("the control state in a foot asks for a newer protocol", &stretch).kept(network), newer);
    book.add(
        case("the control state in a foot asks for a newer protocol, and an end certificate of the block above stands there", &{
            let mut above = chain.own.clone();
            above.height = Height(3);
            and(&stretch, super::chain::end(&above))
        }),
        newer,
    );
    let other = Bookmark { block: BlockHash([7; 32]), ..Bookmark::of(&network.tip) };
    book.add(
        case(
            "the control state in a foot asks for a newer protocol, and what was kept there is another block",
            &stretch,
        )
        .from(&other),
        Answer::altered_foot(2),
    );
}
