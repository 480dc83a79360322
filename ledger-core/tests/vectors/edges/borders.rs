//! Single rules at borders that the other cases leave open (format.md §1, §12, §13).

use super::encoded::{add_case, once};
use super::fold::{Cases, KEEPER, PROVINCE, reopen};
use super::genesis::{Texts, founding};
use crate::verdicts::{Book, borders::twice};
use ledger_core::codec;
use ledger_core::contract::{State, Status};
use ledger_core::event::{Action, Entry};
use ledger_core::fixture::{self, Network, after_five_events};
use ledger_core::names::{NodeNumber, Sequence};
use ledger_core::submission::Submission;

pub(crate) fn add(book: &mut Book) {
    sequence_zero(book);
    without_an_end(book);
    texts(book);
    founding::Cases::new(book).old("a frontier of twice the size, and the same roots", false, |old| {
        old.frontier = twice(&old.frontier);
    });
}

/// It can be written; that it follows nothing is for the block's rules to say.
fn sequence_zero(book: &mut Book) {
    let network = Network::new(4);
    for (number, holds) in [(0, true), ((1 << 53) - 1, true), (1 << 53, false)] {
        let event = fixture::event(1, Action::Renew);
        let submission = network.submission_at(1, Sequence(number), vec![event.clone()]);
        let name = format!("sequence {number}");
        add_case::<Submission>(book, "submission", &name, once(codec::encode(&submission)), holds);
        let entry = Entry::Event { stream: NodeNumber(1), sequence: Sequence(number), position: 0, event };
        add_case::<Entry>(book, "entry", &name, once(codec::encode(&entry)), holds);
    }
}

fn without_an_end(book: &mut Book) {
    let mut cases = Cases::new(book);
    for (keeper, of) in [("370100", "370100"), ("370000", "the province")] {
        let ended = State { ended_by: None, ..after_five_events(Status::Ended, keeper) };
        for (node, by) in [(KEEPER, "370100"), (PROVINCE, "the province")] {
            for end in [0, 4, u32::MAX] {
                let name = format!("ended, does not say by what, kept by {of}: reopen {end}, by {by}");
                cases.add(&name, Some(ended), node, reopen(end));
            }
        }
    }
}

/// Halves of a pair at the ends of their ranges, and names and values that are not there.
fn texts(book: &mut Book) {
    let mut texts = Texts::new(book, "genesis.json of one member", &Network::new(1).genesis);
    for (escaped, holds) in [
        ("\\ud7ff", true),
        ("\\ud800", false),
        ("\\udbff", false),
        ("\\udc00", false),
        ("\\udfff", false),
        ("\\ud800\\ue000", false),
        ("\\ud800\\udbff", false),
        ("\\ud800\\udc00", true),
        ("\\udbff\\udfff", true),
        ("\\ud83d\\udfff", true),
        ("\\ue000", true),
        ("\\uffff", true),
    ] {
        let put = format!("\"name_en\":\"{escaped}\"");
        texts.edit(&format!("the name is {escaped}"), "\"name_en\":\"Member 1\"", &put, holds);
    }
    texts.edit("a name that is misspelt", "\"predecessor\":null", "\"predecesor\":null", false);
    texts.edit("a vault key of null, beside another name", "\"vault\":\"", "\"vault\":null,\"w\":\"", false);
}
