//! The verdict, what somebody kept outside the bytes, and the heights (format.md §15.1, §15.2).

use super::chain::{and, governed, grow, grown, place, rotten, with};
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::audit::Bookmark;
use ledger_core::block::Body;
use ledger_core::crypto::Signature;
use ledger_core::fixture::forger::{Forgery, edit};
use ledger_core::fixture::{self, Network};
use ledger_core::governance::Change;
use ledger_core::membership::{Membership, MembershipDraft, TrustPolicy};
use ledger_core::names::{BlockHash, Height};

pub(super) fn add(book: &mut Book) {
    order(book);
    outsiders(book);
    rewritten(book);
    missing(book);
    tip_file(book);
    heights(book);
}

/// The four blocks of most cases.
fn plain() -> Chain {
    Chain::of(&grown(4))
}

fn order(book: &mut Book) {
    let chain = plain();
    let (whole, growing) = (chain.whole(), chain.growing());
    let case = |name: &str, pieces: &Pieces| Case::new("15.1", name, &chain, pieces);
    book.add(case("an unaltered chain holds", &whole).keeps(&grown(4)), Answer::holds(4));
    let hole: Pieces = [&whole[..place(3)], &whole[place(4)..]].concat();
    book.add(case("a fault ended the reading: block 3 is taken out", &hole), Answer::altered(3));
    let fault_below = with(&hole, place(3), rotten(&hole[place(3)], 30));
    book.add(
        case("what cannot be read stands in the place of block 3, before what would be a fault", &fault_below),
        Answer::stops("unreadable", 3),
    );
    let damage_above = with(&hole, place(4), rotten(&hole[place(4)], 30));
    book.add(case("what cannot be read stands behind a fault", &damage_above), Answer::altered(3));
    book.add(case("no certificate of the last block's own", &growing), Answer::no_end(4));
    let empty = growing[..place(1)].to_vec();
    book.add(case("no block", &empty), Answer::empty(0));
    let rotten_4 = with(&whole, place(4), rotten(&whole[place(4)], 30));
    book.add(
        case("an end certificate behind what cannot be read says nothing", &rotten_4),
        Answer::stops("unreadable", 4),
    );
    let rotten_2 = with(&whole, place(2), rotten(&whole[place(2)], 30));
    book.add(case("a block behind what cannot be read says nothing", &rotten_2), Answer::stops("unreadable", 2));
    let below = with(&rotten_4, place(5), super::chain::end(&chain.certificate(3)));
    book.add(
        case("an end certificate of the block below what cannot be read says nothing", &below),
        Answer::stops("unreadable", 4),
    );
}

/// Four members with a trust policy in their genesis.
fn trusting(trust: TrustPolicy) -> Network {
    let genesis = Network::new(4).genesis;
    let membership = Membership::new(MembershipDraft { trust, ..genesis.membership.draft().clone() }).unwrap();
    Network::from_genesis(fixture::edited(&genesis, |genesis| genesis.membership = membership))
}

fn outsiders(book: &mut Book) {
    let TrustPolicy { witnesses, timestamp_roots, .. } = fixture::trust(1);
    let none = TrustPolicy::default;
    let wants = TrustPolicy { witnesses: witnesses.clone(), wanted: 1, ..none() };
    for (genesis, name, trust, is_open) in [
        (
            "members who name a witness",
            "witnesses that are named and not wanted",
            TrustPolicy { witnesses, ..none() },
            false,
        ),
        ("members who want a witness", "the trust policy asks for witnesses", wants.clone(), true),
        (
            "members who name a timestamp root",
            "the trust policy names timestamp roots",
            TrustPolicy { timestamp_roots, ..none() },
            true,
        ),
    ] {
        let mut network = trusting(trust);
        book.genesis(genesis, &network.genesis);
        grow(&mut network, 2);
        let chain = Chain::of(&network);
        book.chain(genesis, &chain);
        let whole = chain.whole();
        book.add(Case::new("15.1", name, &chain, &whole), if is_open { Answer::open(2) } else { Answer::holds(2) });
        if genesis == "members who want a witness" {
            book.add(
                Case::new(
                    "15.1",
                    "a fault where the trust policy asks for witnesses",
                    &chain,
                    &whole[..place(2)].iter().cloned().chain([chain.end()]).collect(),
                ),
                Answer::altered(2),
            );
        }
    }
    let network = governed(Change::SetTrust(wants), 3);
    let chain = Chain::of(&network);
    book.chain("a chain whose block 2 changes the trust policy", &chain);
    let (before, after) = (chain.up_to(2).whole(), chain.whole());
    book.add(
        Case::new(
            "15.1",
            "the last block changes the trust policy: the one that judged it asks for nothing",
            &chain,
            &before,
        ),
        Answer::holds(2),
    );
    book.add(
        Case::new(
            "15.1",
            "the trust policy that judged the last block asks for witnesses, and the genesis's for none",
            &chain,
            &after,
        ),
        Answer::open(3),
    );
}

/// All validators and node 1 make another block 3, and sign everything above again.
fn rewritten_from_3() -> (Network, Chain) {
    let mut network = grown(2);
    network.block(vec![]);
    grow(&mut network, 1);
    let chain = Chain::of(&network);
    (network, chain)
}

fn rewritten(book: &mut Book) {
    let (_, chain) = rewritten_from_3();
    book.chain("rewritten", &chain);
    let (whole, growing) = (chain.whole(), chain.growing());
    let case = |name: &str, pieces: &Pieces, kept: u64| Case::new("15.1", name, &chain, pieces).kept(&grown(kept));
    book.add(
        Case::new(
            "15.1",
            "all validators have rewritten block 3 and signed again, and nothing was kept",
            &chain,
            &whole,
        ),
        Answer::holds(4),
    );
    book.add(case("they have, and block 2 was kept", &whole, 2), Answer::holds(4));
    book.add(
        case("they have, and block 3 was kept: another block stands at its height", &whole, 3),
        Answer::altered(3),
    );
    book.add(case("they have, and block 4 was kept", &whole, 4), Answer::altered(4));
    book.add(case("they have, block 4 was kept, and there is no end certificate", &growing, 4), Answer::altered(4));
    book.add(case("they have, and block 5 was kept, which is above the end", &whole, 5), Answer::missing(5).signed(4));

    let chain = plain();
    let whole = chain.whole();
    let case = |name: &str, pieces: &Pieces| Case::new("15.1", name, &chain, pieces);
    book.add(case("the last block was kept", &whole).kept(&grown(4)), Answer::holds(4));
    let kept_2 = Bookmark { block: BlockHash([7; 32]), ..Bookmark::of(&grown(2).tip) };
    let hole: Pieces = [&whole[..place(3)], &whole[place(4)..]].concat();
    book.add(case("what was kept of block 2 comes before a fault in block 3", &hole).from(&kept_2), Answer::altered(2));
    let kept_4 = Bookmark { block: BlockHash([7; 32]), ..Bookmark::of(&grown(4).tip) };
    book.add(case("a fault in block 3 comes before what was kept of block 4", &hole).from(&kept_4), Answer::altered(3));
}

fn missing(book: &mut Book) {
    let chain = plain();
    let (whole, growing) = (chain.whole(), chain.growing());
    let rotten_3 = with(&whole, place(3), rotten(&whole[place(3)], 30));
    let empty = growing[..place(1)].to_vec();
    let behind = and(&whole, vec![0]);
    let no_block =
        with(&whole, place(3), ledger_core::fixture::forger::frame(ledger_core::archive::FrameKind::Block, b"none"));
    for (name, pieces, kept, answer) in [
        ("the chain is complete, and block 5 was kept", &whole, 5, Answer::missing(5).signed(4)),
        (
            "the chain is complete, and block 6 was kept: what follows the last block is missing",
            &whole,
            6,
            Answer::missing(5).signed(4),
        ),
        ("there is no end certificate, and block 5 was kept", &growing, 5, Answer::missing(5)),
        ("there is no end certificate, and the last block was kept", &growing, 4, Answer::no_end(4)),
        ("block 3 cannot be read, and was kept", &rotten_3, 3, Answer::missing(3)),
        ("block 3 cannot be read, and block 4 was kept", &rotten_3, 4, Answer::missing(3)),
        ("block 3 cannot be read, and block 2 was kept", &rotten_3, 2, Answer::stops("unreadable", 3)),
        ("there is no block, and block 1 was kept", &empty, 1, Answer::missing(1)),
        ("a byte stands behind the end certificate, and block 5 was kept", &behind, 5, Answer::missing(5).signed(4)),
        (
            "a byte stands behind the end certificate, and block 4 was kept",
            &behind,
            4,
            Answer::stops("unreadable", 5).signed(4),
        ),
        ("a fault in block 3, and block 5 was kept: the fault alone is named", &no_block, 5, Answer::altered(3)),
    ] {
        book.add(Case::new("15.1", name, &chain, pieces).kept(&grown(kept)), answer);
    }
    let kept = grown(3);
    for (name, pieces, ended) in [
        (
            "nothing is judged, since the head cannot be read, so what was kept says nothing",
            with(&whole, 0, rotten(&whole[0], 0)),
            "head",
        ),
        (
            "nothing is judged, since the foot cannot be read, so what was kept says nothing",
            with(&whole, 1, rotten(&whole[1], 6)),
            "foot",
        ),
    ] {
        book.add(Case::new("15.1", name, &chain, &pieces).kept(&kept), Answer::nothing(ended));
    }
}

fn tip_file(book: &mut Book) {
    let chain = plain();
    let (whole, growing) = (chain.whole(), chain.growing());
    let six = Chain::of(&grown(6));
    let other = BlockHash([7; 32]);
    let case =
        |name: &str, pieces: &Pieces, height, block| Case::new("15.1", name, &chain, pieces).tip_file(height, block);
    book.add(case("the tip file names the last block", &whole, 4, chain.hash(4)), Answer::holds(4));
    book.add(case("the tip file names a block below the last", &whole, 2, chain.hash(2)), Answer::holds(4));
    book.add(case("the tip file names another block", &whole, 3, other), Answer::altered(3));
    book.add(case("the tip file names a block above the last", &whole, 6, six.hash(6)), Answer::missing(5).signed(4));
    book.add(
        case("the tip file names a block above a chain without end", &growing, 5, six.hash(5)),
        Answer::missing(5),
    );
    let rotten_3 = with(&whole, place(3), rotten(&whole[place(3)], 30));
    book.add(case("the tip file names a block that cannot be read", &rotten_3, 3, chain.hash(3)), Answer::missing(3));
    book.add(
        case("the tip file names the block below the one that cannot be read", &rotten_3, 2, chain.hash(2)),
        Answer::stops("unreadable", 3),
    );
}

fn heights(book: &mut Book) {
    let chain = plain();
    let case = |name: &str, pieces: &Pieces| Case::new("15.2", name, &chain, pieces);
    let one = chain.up_to(1);
    book.add(case("nothing is signed where the only block carries no certificate", &one.growing()), Answer::no_end(1));
    book.add(case("the only block is signed by its end certificate", &one.whole()).keeps(&grown(1)), Answer::holds(1));
    book.add(
        case("block 2 carries the certificate of block 1, and has none of its own", &chain.up_to(2).growing())
            .keeps(&grown(1)),
        Answer::no_end(2),
    );
    let unsigned = |at: u64| {
        move |height: u64, body: &mut Body| {
            if height == at {
                edit(body, |list| list[0].signature = Signature([0; 64]));
            }
        }
    };
    for (name, at) in [
        ("what a block carries that was not judged sound counts for nothing: block 3", 3),
        ("what a block carries that was not judged sound counts for nothing: block 2", 2),
        ("nothing is sound, and nothing signed", 1),
    ] {
        let forged = Chain::forged(&grown(3), &Forgery { body: &unsigned(at), signed: true, ..Forgery::default() });
        let forged = forged.up_to(at as usize);
        let whole = forged.whole();
        book.add(Case::new("15.2", name, &forged, &whole), Answer::altered(at));
    }
    for (name, at, claimed) in [
        ("the header of block 3 says height 1, and is not believed", 3, 1),
        ("the header of block 3 says height 2, and is not believed", 3, 2),
        ("the header of block 3 says height 9, and is not believed", 3, 9),
        ("the header of the last block says height 5, and is not believed", 4, 5),
    ] {
        let mut block = ledger_core::fixture::forger::decoded(&chain.blocks[at - 1]);
        block.header.height = Height(claimed);
        let mut forged = chain.clone();
        forged.blocks[at - 1] = ledger_core::codec::encode(&block);
        let whole = forged.whole();
        book.add(Case::new("15.2", name, &forged, &whole), Answer::altered(at as u64));
    }
}
