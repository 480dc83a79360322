//! Both sides of every bound and condition that the other files hold one side of: what kills a verifier with a single
//! fault. Each event's outcome is stated by itself, so that it is told where another verifier differs.

mod certified;
mod fold;
mod genesis;
mod governance;

use crate::File;
use crate::verdicts::Book;
use ledger_core::codec;
use ledger_core::fixture::{self, code, member};
use ledger_core::membership::{Heir, Member, Membership, MembershipDraft, Parameters};
use ledger_core::outcome::Outcome;

/// Four members, the province first, and two that were removed: the heir of one is a city, of the other the province.
fn with_heirs() -> Membership {
    let members = [(1, "370000"), (2, "370100"), (3, "370200"), (4, "370300")];
    let members = members.map(|(number, code)| member(number, code)).to_vec();
    let heir = |removed, heir| Heir { removed: code(removed), heir: code(heir) };
    edited(&fixture::membership(members, Parameters::default()), |draft| {
        draft.heirs.push(heir("371200", "370200")).unwrap();
        draft.heirs.push(heir("371300", "370000")).unwrap();
    })
}

fn edited(membership: &Membership, edit: impl FnOnce(&mut MembershipDraft)) -> Membership {
    let mut draft = membership.draft().clone();
    edit(&mut draft);
    Membership::new(draft).unwrap()
}

/// A member whose nodes have these numbers and voting powers.
fn with_nodes(number: u32, code: &str, nodes: &[(u32, u32)]) -> Member {
    let node = |(number, power): &(u32, u32)| ledger_core::membership::Node { power: *power, ..fixture::node(*number) };
    let nodes = codec::List::new(nodes.iter().map(node).collect()).unwrap();
    Member { nodes, ..member(number, code) }
}

pub(crate) fn file() -> File {
    let mut book = Book::new();
    certified::add(&mut book);
    governance::add(&mut book);
    fold::add(&mut book);
    genesis::add(&mut book);
    File {
        name: "edges",
        about: "Both sides of bounds and conditions, and every cell of the fold's table. Where a field is a list, it is the bytes of its parts, one after another: each is named, or written in hexadecimal. Of every event it is said what becomes of it. Format, sections 1, 8 to 10, 12 and 13.",
        cases: book.into_cases(),
    }
}

/// `applied`, `recorded`, or the code of a refusal.
fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Applied => "applied".to_owned(),
        Outcome::Recorded => "recorded".to_owned(),
        Outcome::Refused(why) => why.code().to_owned(),
    }
}
