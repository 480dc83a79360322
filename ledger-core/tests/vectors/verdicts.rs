//! Whole archives, and the one answer to each: a case for every sentence of sections 15 and 16 of the format.
//!
//! The answers are written here by hand, as the page gives them; nothing that judges has made one. So the test at the
//! end compares the code with the page. Archives are made of parts that many share, which keeps the file small.

mod below;
mod book;
pub(crate) mod borders;
mod carried;
mod chain;
mod check;
mod depth;
mod ends;
mod faults;
mod feet;
mod kept;
mod reading;
mod rules;
mod starts;

use crate::File;
pub(crate) use book::{Answer, Book, Case};
pub(crate) use chain::{Chain, Pieces};
use ledger_core::archive::Foot;
use ledger_core::fixture::Network;

pub(crate) fn file() -> File {
    let mut book = Book::new();
    book.genesis("four members", &Network::new(4).genesis);
    book.name("foot", chain::foot(&Foot::default()));
    book.chain("plain", &Chain::of(&chain::grown(6)));
    for height in [3, 4] {
        let block = Chain::of(&chain::grown(4)).block(height);
        book.name(&format!("plain, block {height} with a rotten bit"), chain::rotten(&block, 30));
    }
    kept::add(&mut book);
    starts::add(&mut book);
    depth::add(&mut book);
    rules::add(&mut book);
    feet::add(&mut book);
    reading::add(&mut book);
    below::add(&mut book);
    faults::add(&mut book);
    carried::add(&mut book);
    ends::add(&mut book);
    File {
        name: "verdicts",
        about: "Whole archives, and what an audit has to say of each. An archive is the bytes of its parts, one after another: each is named, or written in hexadecimal. `says` is the answer at full depth, and `shorter` what an audit that begins with less may say, where that is another; `from` is what the auditor kept, `tip_file` what a home's own tip file names; `exit` is 2 where the input is a mistake. Format, sections 15 and 16.",
        cases: book.into_cases(),
    }
}
