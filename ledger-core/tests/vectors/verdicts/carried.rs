//! The certificate that a block carries may speak against the block below it (format.md §16.2).

use super::chain::grown;
use super::starts::without_states;
use super::{Answer, Book, Case, Chain};
use ledger_core::block::{Body, Header};
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::fixture::forger::{Forgery, decoded, shorten};
use ledger_core::names::{Height, Protocol};

pub(super) fn add(book: &mut Book) {
    of_another_block(book);
    what_was_signed(book);
    above_a_foot(book);
}

fn add_whole(book: &mut Book, name: &str, chain: &Chain, answer: Answer) {
    book.add(Case::new("16.2", name, chain, &chain.whole()), answer);
}

/// A second block 3, which all validators have signed, too.
fn fork() -> Chain {
    let mut network = grown(2);
    network.block(vec![]);
    Chain::of(&network)
}

/// The certificate that block 4 carries, with its header as it was: nobody has signed it again.
fn carrying(certificate: Option<Certificate>, header: impl Fn(&mut Header)) -> Chain {
    let mut chain = Chain::of(&grown(4));
    let mut block = decoded(&chain.blocks[3]);
    block.body.parent_certificate = certificate;
    header(&mut block.header);
    chain.blocks[3] = codec::encode(&block);
    chain
}

fn of_another_block(book: &mut Book) {
    let other = fork().certificate(3);
    let chain = carrying(Some(other.clone()), |_| {});
    add_whole(book, "block 4 carries a valid certificate of another block 3", &chain, Answer::altered(3));
    let chain = carrying(Some(other.clone()), |header| header.height = Height(9));
    add_whole(book, "the same, whatever its header says: height 9", &chain, Answer::altered(3));
    let chain = carrying(Some(other.clone()), |header| header.chain = ChainId([7; 32]));
    add_whole(book, "the same, whatever its header says: another chain", &chain, Answer::altered(3));
    let chain = carrying(Some(other.clone()), |header| header.protocol = Protocol(7));
    add_whole(book, "the same, whatever its header says: another protocol", &chain, Answer::altered(3));
    let mut short = other.clone();
    shorten(&mut short, 2);
    add_whole(
        book,
        "block 4 carries a certificate of another block 3 that two of four have signed",
        &carrying(Some(short), |_| {}),
        Answer::altered(4),
    );
    let elsewhere = Certificate { height: Height(4), ..other.clone() };
    add_whole(
        book,
        "block 4 carries a certificate of another block and another height",
        &carrying(Some(elsewhere), |_| {}),
        Answer::altered(4),
    );
    let mut network = grown(1);
    network.block(vec![]);
    let lower = network.certificate.clone();
    add_whole(
        book,
        "block 4 carries a valid certificate of another block 2",
        &carrying(lower, |_| {}),
        Answer::altered(4),
    );
    // All validators sign block 4, which carries the certificate of another block 3.
    let carries = |height: u64, body: &mut Body| {
        if height == 4 {
            body.parent_certificate = Some(other.clone());
        }
    };
    let forged = Chain::forged(&grown(4), &Forgery { body: &carries, signed: true, ..Forgery::default() });
    add_whole(
        book,
        "block 4 carries a valid certificate of another block 3, and all have signed block 4",
        &forged,
        Answer::altered(3),
    );
}

/// Block 3 is changed, and block 4 carries what was signed.
fn what_was_signed(book: &mut Book) {
    let mut chain = Chain::of(&grown(4));
    let mut block = decoded(&chain.blocks[2]);
    block.header.time.0 += 1;
    book.name("plain, header of block 3 with another time", codec::encode(&block.header));
    chain.blocks[2] = codec::encode(&block);
    add_whole(
        book,
        "the time of block 3 was changed, and block 4 carries the certificate of what it was",
        &chain,
        Answer::altered(3),
    );
    add_whole(
        book,
        "the time of block 3 was changed, and it is the last",
        &Chain { own: Chain::of(&grown(3)).own, ..chain.clone() }.first(3),
        Answer::altered(3),
    );
    let cut = chain.first(3).growing();
    book.add(
        Case::new("16.2", "the time of block 3 was changed, and no certificate of it is here", &chain, &cut),
        Answer::no_end(3),
    );
    let kept = grown(3);
    book.add(
        Case::new(
            "16.2",
            "the time of block 3 was changed, no certificate of it is here, and it was kept",
            &chain,
            &cut,
        )
        .kept(&kept),
        Answer::altered(3),
    );
}

impl Chain {
    /// The first blocks, with the certificate as it is.
    fn first(&self, blocks: usize) -> Self {
        Self { blocks: self.blocks[..blocks].to_vec(), ..self.clone() }
    }
}

fn above_a_foot(book: &mut Book) {
    let below = grown(3);
    let foot = without_states(&below);
    let other = fork().certificate(3);
    let chain = carrying(Some(other.clone()), |_| {});
    let pieces = chain.closed(chain.above(&foot, &[]));
    book.add(
        Case::new(
            "16.2",
            "the first block above a foot carries a valid certificate of another block than the header below",
            &chain,
            &pieces,
        ),
        Answer::altered_foot(3),
    );
    book.add(
        Case::new("16.2", "the same, and the auditor kept the header below", &chain, &pieces).kept(&below),
        Answer::altered_foot(3),
    );
    let mut short = other;
    shorten(&mut short, 2);
    let chain = carrying(Some(short), |_| {});
    let pieces = chain.closed(chain.above(&foot, &[]));
    book.add(
        Case::new(
            "16.2",
            "the first block above a foot carries a certificate of another block that two of four have signed",
            &chain,
            &pieces,
        )
        .kept(&below),
        Answer::altered(4).unsigned(),
    );
    let chain = carrying(None, |_| {});
    let pieces = chain.closed(chain.above(&foot, &[]));
    book.add(
        Case::new("16.2", "the first block above a foot carries no certificate", &chain, &pieces).kept(&below),
        Answer::altered(4).unsigned(),
    );
}
