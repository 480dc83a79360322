//! Both sides of every bound and condition that the other files hold one side of: what kills a verifier with a single
//! fault. Each event's outcome is stated by itself, so that it is told where another verifier differs.

pub(crate) mod borders;
mod certified;
mod encoded;
mod fold;
mod genesis;
mod governance;
mod records;

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
    encoded::add(&mut book);
    records::add(&mut book);
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

/// So many members, of whom the province alone has a node, and heirs; also more than there may be.
fn members_and_heirs(members: u32, heirs: u32) -> Vec<u8> {
    let code_of = |at: u32| format!("{:06}", 370_000 + at);
    let first = codec::encode(&fixture::membership(vec![member(1, &code_of(0))], Parameters::default()));
    // Next number(4), the province(6), then the lists.
    let tail = first.len() - 32 - 20;
    let heir = |at| Heir { removed: code(&format!("{:06}", 400_000 + at)), heir: code(&code_of(0)) };
    let heirs_of: Vec<u8> = (0..heirs).flat_map(|at| codec::encode(&heir(at))).collect();
    let of = |at: u32| with_nodes(at + 1, &code_of(at), if at == 0 { &[(1, 1)] } else { &[] });
    let members_of: Vec<u8> = (0..members).flat_map(|at| codec::encode(&of(at))).collect();
    let (heirs, members) = (heirs.to_be_bytes(), members.to_be_bytes());
    [&first[..10], &heirs, &heirs_of, &members, &members_of, &first[tail..]].concat()
}

/// `applied`, `recorded`, or the code of a refusal.
fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Applied => "applied".to_owned(),
        Outcome::Recorded => "recorded".to_owned(),
        Outcome::Refused(why) => why.code().to_owned(),
    }
}
