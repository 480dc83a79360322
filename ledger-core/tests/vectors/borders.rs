//! Borders that the other files leave open, each with the answer on both sides of it where there are two.
//!
//! They stand in a file of their own, since the others are frozen.

use crate::File;
use crate::verdicts::Book;

pub(crate) fn file() -> File {
    let mut book = Book::new();
    crate::verdicts::borders::add(&mut book);
    crate::edges::borders::add(&mut book);
    File {
        name: "borders",
        about: "Borders that the other files leave open: whole archives as in `verdicts.json`, of which some say how many `events` there are, and single rules as in `edges.json`. What an auditor kept stands under `text` where it is written just so. Format, sections 1, 5, 11 to 13, 15 and 16.",
        cases: book.into_cases(),
    }
}
