//! How deep an audit looks, what an auditor keeps, and mistakes of whoever gives the input (format.md §15.3, §15.4).

use super::chain::{governed, grown};
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::audit::Bookmark;
use ledger_core::block::{Body, Header};
use ledger_core::codec;
use ledger_core::crypto::Signature;
use ledger_core::fixture::Network;
use ledger_core::fixture::forger::{Forgery, edit, shorten};
use ledger_core::governance::Change;
use ledger_core::merkle::{LogRoot, LogSize};
use ledger_core::names::{ControlHash, MapRoot, NodeNumber};
use serde_json::{Value, json};

pub(super) fn add(book: &mut Book) {
    certificates(book);
    map_roots(book);
    kept(book);
    mistakes(book);
}

/// The certificate that a block carries has two signatures of four; what stands above is signed again by all.
fn short_at(carrier: u64) -> impl Fn(u64, &mut Body) {
    move |height, body| {
        if height == carrier {
            body.parent_certificate.iter_mut().for_each(|certificate| shorten(certificate, 2));
        }
    }
}

fn certificates(book: &mut Book) {
    let short = short_at(3);
    let forged = Chain::forged(&grown(4), &Forgery { body: &short, signed: true, ..Forgery::default() });
    book.chain("two of four in block 3", &forged);
    let (whole, growing) = (forged.whole(), forged.growing());
    let case = |name: &str, pieces: &Pieces| Case::new("15.3", name, &forged, pieces);
    book.add(
        case("block 3 carries a certificate of two of four, and enough have signed it", &whole)
            .shorter(Answer::holds(4)),
        Answer::altered(3),
    );
    book.add(
        case("the same without end: where the shorter way does not hold, the answer is that of full depth", &growing),
        Answer::altered(3),
    );
    let below = grown(2);
    let stretch = forged.closed(forged.above(&super::starts::without_states(&below), &[]));
    book.add(
        case("the certificate in the first block above a foot is verified at every depth", &stretch).kept(&below),
        Answer::altered(3).unsigned(),
    );
    let short = |height, body: &mut Body| {
        short_at(3)(height, body);
        if height == 4 {
            edit(body, |list| list[0].signature = Signature([0; 64]));
        }
    };
    let forged = Chain::forged(&grown(4), &Forgery { body: &short, signed: true, ..Forgery::default() });
    book.add(
        Case::new(
            "15.3",
            "the shorter way finds a fault in block 4: at full depth there is one in block 3",
            &forged,
            &forged.whole(),
        ),
        Answer::altered(3),
    );
    let network = governed(Change::SetPower(NodeNumber(4), 0), 4);
    let short = short_at(3);
    let forged = Chain::forged(&network, &Forgery { body: &short, signed: true, ..Forgery::default() });
    book.add(
        Case::new(
            "15.3",
            "the certificate of a block that changed the membership is verified at every depth",
            &forged,
            &forged.whole(),
        ),
        Answer::altered(3),
    );
}

fn map_roots(book: &mut Book) {
    let lie_at = |at: u64| {
        move |height: u64, header: &mut Header| {
            if height == at {
                header.map_root = MapRoot([3; 32]);
            }
        }
    };
    let (lie_2, lie_3) = (lie_at(2), lie_at(3));
    let forged = Chain::forged(&grown(3), &Forgery { header: &lie_2, signed: true, ..Forgery::default() });
    book.add(
        Case::new(
            "15.3",
            "the header of block 2 names another map root, and enough have signed it",
            &forged,
            &forged.whole(),
        )
        .shorter(Answer::holds(3)),
        Answer::altered(2),
    );
    let forged = Chain::forged(&grown(3), &Forgery { header: &lie_3, signed: true, ..Forgery::default() });
    book.add(
        Case::new("15.3", "the map root of the last block is recomputed at every depth", &forged, &forged.whole()),
        Answer::altered(3),
    );
}

/// What the auditor gives is the whole report of an earlier audit.
fn report(verdict: &str, bookmark: Option<Bookmark>) -> Value {
    json!({ "verdict": verdict, "height": 4, "bookmark": bookmark })
}

fn kept(book: &mut Book) {
    let network = grown(4);
    let chain = Chain::of(&network);
    let whole = chain.whole();
    let case = |name: &str| Case::new("15.4", name, &chain, &whole);
    let kept = Bookmark::of(&grown(3).tip);
    book.add(
        case("a report that says holds is given").file("a report that holds", report("holds", Some(kept.clone()))),
        Answer::holds(4),
    );
    let other = Bookmark {
        log_size: LogSize(1),
        log_root: LogRoot([1; 32]),
        control: ControlHash([1; 32]),
        membership: ledger_core::names::MembershipHash([1; 32]),
        ..kept.clone()
    };
    book.add(
        case("only chain, height and block are compared")
            .file("other roots beside the right block 3", serde_json::to_value(other).unwrap()),
        Answer::holds(4),
    );
    let other = Bookmark { block: ledger_core::names::BlockHash([7; 32]), ..kept };
    book.add(
        case("a report that says holds names another block")
            .file("a report of another block 3", report("holds", Some(other))),
        Answer::altered(3),
    );
}

fn mistakes(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let case = |name: &str| Case::new("15.4", name, &chain, &whole);
    let kept = |network: &Network| Bookmark::of(&network.tip);
    let json = |bookmark: &Bookmark| serde_json::to_value(bookmark).unwrap();
    let mut other = Network::new(3);
    super::chain::grow(&mut other, 3);
    let mut nameless = json(&kept(&grown(3)));
    nameless.as_object_mut().unwrap().remove("block");
    for (name, file, given) in [
        ("what was kept is of another chain", "kept of another chain", json(&kept(&other))),
        ("what was kept is of height 0", "kept of height 0", json(&kept(&grown(0)))),
        (
            "a report that says altered is given",
            "a report of what was altered",
            report("altered", Some(kept(&grown(3)))),
        ),
        ("a report that says undecided is given", "an undecided report", report("undecided", Some(kept(&grown(3))))),
        (
            "a report that says altered and gives nothing to keep",
            "a report without anything to keep",
            report("altered", None),
        ),
        ("a report of another chain is given", "a report of another chain", report("holds", Some(kept(&other)))),
        ("a report of height 0 is given", "a report of height 0", report("holds", Some(kept(&grown(0))))),
        ("what was kept has no block", "nothing that an audit gives", nameless),
    ] {
        book.mistake(&case(name).file(file, given), "four members");
    }
    let rotten = vec![Vec::new()];
    let nothing = Case::new("15.4", "what was kept is of another chain, and the archive is nothing", &chain, &rotten);
    book.mistake(&nothing.file("kept of another chain", json(&kept(&other))), "four members");
    invalid_geneses(book, &chain);
}

fn invalid_geneses(book: &mut Book, chain: &Chain) {
    let (_, continued) = super::starts::succession();
    let (first, continued) = (&chain.genesis, &continued.genesis);
    let edited = |genesis: &ledger_core::genesis::Genesis, edit: &dyn Fn(&mut ledger_core::genesis::GenesisDraft)| {
        let mut draft = genesis.draft().clone();
        edit(&mut draft);
        codec::encode(&draft)
    };
    let bytes = codec::encode(first);
    let cut = bytes[..bytes.len() - 1].to_vec();
    let protocol = edited(first, &|genesis| genesis.protocol = ledger_core::names::Protocol(2));
    let forged = edited(continued, &|genesis| {
        genesis.predecessor.iter_mut().for_each(|old| shorten(&mut old.certificate, 2));
    });
    let time = edited(continued, &|genesis| genesis.time.0 -= 1);
    for (name, genesis, bytes) in [
        ("the genesis is cut short", "cut short", cut),
        ("the genesis has a protocol that is not known", "a newer protocol", protocol),
        (
            "the tip of the genesis's predecessor is signed by two of four",
            "a predecessor that two of four have signed",
            forged,
        ),
        ("the genesis is earlier than its predecessor", "a genesis before its predecessor", time),
    ] {
        book.invalid_genesis(genesis, bytes);
        let whole = chain.whole();
        book.mistake(&Case::new("15.4", name, chain, &whole), genesis);
    }
}
