//! The table of the domain, cell by cell, and what two parties do together.
//!
//! An event is written in words, such as `transfer to 370200` or `approve reopen 3`. What it does is
//! written so too: `counts`, a code, or what changes, such as `→ ended, ended by 5`; in brackets
//! where it leaves the state untouched.

mod law;
mod reached;
mod rights;
mod stories;

use super::any::{CODES, ROLES, any_actor, any_state};
use super::*;
use crate::codec;
use crate::event::{Action, EraseTarget, Step};
use crate::fixture::{after_five_events as state, code};
use crate::merkle::{LeafHash, LogIndex};
use crate::names::Ordinal;
use crate::outcome::{Outcome, Refusal};
use proptest::prelude::*;

const LEAF: LeafHash = LeafHash([0x1e; 32]);
const PROVINCE: &str = "370000";
const KEEPER: &str = "370100";
const OTHER: &str = "370200";
const REMOVED: &str = "371200";
/// Of the removed member.
const HEIR: &str = OTHER;

fn ordinal(text: &str) -> Ordinal {
    Ordinal(text.parse().unwrap())
}

fn action(text: &str) -> Action {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["new", "for", keeper] => Action::New { keeper: code(keeper) },
        ["renew"] => Action::Renew,
        ["amend"] => Action::Amend,
        ["suspend"] => Action::Suspend,
        ["resume"] => Action::Resume,
        ["dissolve"] => Action::Dissolve,
        ["terminate"] => Action::Terminate,
        ["employer"] => Action::Employer,
        ["correct", cites] => Action::Correct { cites: ordinal(cites) },
        ["attach", cites] => Action::Attach { cites: ordinal(cites) },
        ["void", cites] => Action::Void { cites: ordinal(cites) },
        ["reopen", end] => Action::Reopen(Step::Propose(ordinal(end))),
        ["transfer", "to", keeper] => Action::Transfer(Step::Propose(code(keeper))),
        ["erase", "leaf"] => Action::Erase(Step::Propose(EraseTarget::Leaf(LEAF))),
        ["erase", cites] => Action::Erase(Step::Propose(EraseTarget::Event(ordinal(cites)))),
        ["approve", "reopen", cites] => Action::Reopen(Step::Approve(ordinal(cites))),
        ["approve", "transfer", cites] => Action::Transfer(Step::Approve(ordinal(cites))),
        ["approve", "erase", cites] => Action::Erase(Step::Approve(ordinal(cites))),
        _ => panic!("no event: {text}"),
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Suspended => "suspended",
        Status::Ended => "ended",
        Status::Void => "void",
        Status::Registered => "registered",
    }
}

fn open_name(open: Option<Open>) -> String {
    open.map_or("nothing".to_owned(), |open| match open.kind {
        OpenKind::Reopen(end) => format!("reopen {end} as {}", open.ordinal),
        OpenKind::Transfer(to) => format!("transfer to {to} as {}", open.ordinal),
        OpenKind::Erase => format!("erase as {}", open.ordinal),
    })
}

/// What an event did, in words. What every touching event does is checked on the way.
fn words(before: Option<&State>, folded: Folded, leaf: &LeafHash, index: LogIndex) -> String {
    let outcome = match folded.outcome {
        Outcome::Applied => String::new(),
        Outcome::Recorded => "recorded".to_owned(),
        Outcome::Refused(why) => why.code().to_owned(),
    };
    let Some(after) = folded.state else {
        assert!(!outcome.is_empty(), "applied, and yet nothing changed");
        return format!("({outcome})");
    };
    let history = before.map_or(HistoryHash::EMPTY, |state| state.history).then(leaf);
    assert_eq!(after.count, before.map_or(0, |state| state.count) + 1);
    assert_eq!((after.history, after.last_index), (history, index));
    let Some(before) = before else {
        let rest = (after.last_new, after.ended_by, after.by_keeper, after.by_province);
        assert_eq!(rest, (Ordinal(0), None, None, None));
        return format!("→ {} of {}", status_name(after.status), after.keeper);
    };
    let mut changes = Vec::new();
    if after.status != before.status {
        changes.push(format!("→ {}", status_name(after.status)));
    }
    if after.keeper != before.keeper {
        changes.push(format!("keeper {}", after.keeper));
    }
    if after.last_new != before.last_new {
        changes.push(format!("last new {}", after.last_new));
    }
    if after.ended_by != before.ended_by {
        changes.push(after.ended_by.map_or("no end".to_owned(), |end| format!("ended by {end}")));
    }
    if after.by_keeper != before.by_keeper {
        changes.push(format!("keeper has open: {}", open_name(after.by_keeper)));
    }
    if after.by_province != before.by_province {
        changes.push(format!("province has open: {}", open_name(after.by_province)));
    }
    match (outcome.is_empty(), changes.is_empty()) {
        (true, true) => "counts".to_owned(),
        (true, false) => changes.join(", "),
        (false, true) => outcome,
        (false, false) => panic!("refused with {outcome}, and yet: {changes:?}"),
    }
}

fn fold(before: Option<&State>, actor: &str, event: &str) -> (Option<State>, String) {
    let index = LogIndex(51);
    let folded = step(before, ROLES.actor(code(actor)), &action(event), &LEAF, index);
    (folded.state, words(before, folded, &LEAF, index))
}

/// Every row is an event, every column a status; `*` repeats the cell before.
fn check_table(actor: &str, keeper: &str, table: &str) {
    let statuses = [Status::Active, Status::Suspended, Status::Ended, Status::Void, Status::Registered];
    let befores: Vec<_> = [None].into_iter().chain(statuses.map(|status| Some(state(status, keeper)))).collect();
    for row in table.lines().filter(|line| line.contains('|')) {
        let (event, cells) = row.split_once('|').unwrap();
        let mut expected = "";
        let cells: Vec<_> = cells.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), befores.len(), "{row}");
        for (before, cell) in befores.iter().zip(cells) {
            expected = if cell == "*" { expected } else { cell };
            let status = before.map_or("no state", |state| status_name(state.status));
            let (_, found) = fold(before.as_ref(), actor, event);
            assert_eq!(found, expected, "{} by {actor}, {status}", event.trim());
        }
    }
}

#[test]
fn what_the_keeper_does() {
    check_table(
        KEEPER,
        KEEPER,
        "
        event                no state               active             suspended     ended         void                    registered
        new for 370100     | → active of 370100   | DUPLICATE          | *           | ENDED        | → active, last new 5 | WRONG_SUBJECT
        new for 370200     | (NOT_AUTHORISED)     | DUPLICATE          | *           | ENDED        | NOT_AUTHORISED       | WRONG_SUBJECT
        new for 370000     | (NOT_AUTHORISED)     | DUPLICATE          | *           | ENDED        | NOT_AUTHORISED       | WRONG_SUBJECT
        new for 379999     | (NOT_AUTHORISED)     | DUPLICATE          | *           | ENDED        | NOT_AUTHORISED       | WRONG_SUBJECT
        renew              | (UNKNOWN)            | counts             | *           | ENDED        | VOID                 | WRONG_SUBJECT
        amend              | (UNKNOWN)            | counts             | *           | ENDED        | VOID                 | WRONG_SUBJECT
        suspend            | (UNKNOWN)            | → suspended        | NO_CHANGE   | ENDED        | VOID                 | WRONG_SUBJECT
        resume             | (UNKNOWN)            | NO_CHANGE          | → active    | ENDED        | VOID                 | WRONG_SUBJECT
        dissolve           | (UNKNOWN)            | → ended, ended by 5 | *          | ENDED        | VOID                 | WRONG_SUBJECT
        terminate          | (UNKNOWN)            | → ended, ended by 5 | *          | ENDED        | VOID                 | WRONG_SUBJECT
        correct 0          | (UNKNOWN)            | counts             | *           | *            | VOID                 | counts
        correct 4          | (UNKNOWN)            | counts             | *           | *            | VOID                 | counts
        correct 5          | (UNKNOWN)            | BAD_CITATION       | *           | *            | VOID                 | BAD_CITATION
        attach 4           | (UNKNOWN)            | counts             | *           | *            | VOID                 | counts
        attach 5           | (UNKNOWN)            | BAD_CITATION       | *           | *            | VOID                 | BAD_CITATION
        void 2             | (UNKNOWN)            | → void             | *           | ENDED        | VOID                 | → void
        void 0             | (UNKNOWN)            | BAD_CITATION       | *           | ENDED        | VOID                 | BAD_CITATION
        reopen 4           | (UNKNOWN)            | NOT_ENDED          | *           | keeper has open: reopen 4 as 5 | VOID | WRONG_SUBJECT
        reopen 3           | (UNKNOWN)            | NOT_ENDED          | *           | BAD_CITATION | VOID                 | WRONG_SUBJECT
        approve reopen 3   | (UNKNOWN)            | NOT_ENDED          | *           | BAD_CITATION | VOID                 | WRONG_SUBJECT
        transfer to 370200 | (UNKNOWN)            | keeper has open: transfer to 370200 as 5 | * | * | *                 | *
        transfer to 370000 | (UNKNOWN)            | keeper has open: transfer to 370000 as 5 | * | * | *                 | *
        transfer to 370100 | (UNKNOWN)            | NO_CHANGE          | *           | *            | *                    | *
        transfer to 379999 | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        transfer to 371200 | (UNKNOWN)            | keeper has open: transfer to 371200 as 5 | * | * | * | *
        approve transfer 3 | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        erase 4            | (UNKNOWN)            | keeper has open: erase as 5 | *  | *            | *                    | *
        erase 5            | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        erase leaf         | (recorded)           | keeper has open: erase as 5 | *  | *            | *                    | *
        approve erase 3    | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        employer           | → registered of 370100 | WRONG_SUBJECT    | *           | *            | → registered, last new 5 | counts
        ",
    );
}

#[test]
fn what_the_province_does_where_a_city_is_the_keeper() {
    check_table(
        PROVINCE,
        KEEPER,
        "
        event                no state               active             suspended     ended         void                    registered
        new for 370100     | → active of 370100   | DUPLICATE          | *           | ENDED        | → active, last new 5 | WRONG_SUBJECT
        new for 370200     | → active of 370200   | DUPLICATE          | *           | ENDED        | → active, keeper 370200, last new 5 | WRONG_SUBJECT
        new for 370000     | → active of 370000   | DUPLICATE          | *           | ENDED        | → active, keeper 370000, last new 5 | WRONG_SUBJECT
        new for 371200     | → active of 371200   | DUPLICATE          | *           | ENDED        | → active, keeper 371200, last new 5 | WRONG_SUBJECT
        new for 379999     | (NOT_AUTHORISED)     | DUPLICATE          | *           | ENDED        | NOT_AUTHORISED       | WRONG_SUBJECT
        renew              | (UNKNOWN)            | counts             | *           | ENDED        | VOID                 | WRONG_SUBJECT
        amend              | (UNKNOWN)            | counts             | *           | ENDED        | VOID                 | WRONG_SUBJECT
        suspend            | (UNKNOWN)            | → suspended        | NO_CHANGE   | ENDED        | VOID                 | WRONG_SUBJECT
        resume             | (UNKNOWN)            | NO_CHANGE          | → active    | ENDED        | VOID                 | WRONG_SUBJECT
        dissolve           | (UNKNOWN)            | → ended, ended by 5 | *          | ENDED        | VOID                 | WRONG_SUBJECT
        terminate          | (UNKNOWN)            | → ended, ended by 5 | *          | ENDED        | VOID                 | WRONG_SUBJECT
        correct 4          | (UNKNOWN)            | counts             | *           | *            | VOID                 | counts
        correct 5          | (UNKNOWN)            | BAD_CITATION       | *           | *            | VOID                 | BAD_CITATION
        attach 4           | (UNKNOWN)            | counts             | *           | *            | VOID                 | counts
        attach 5           | (UNKNOWN)            | BAD_CITATION       | *           | *            | VOID                 | BAD_CITATION
        void 2             | (UNKNOWN)            | → void             | *           | *            | VOID                 | → void
        void 0             | (UNKNOWN)            | → void             | *           | *            | VOID                 | → void
        void 5             | (UNKNOWN)            | BAD_CITATION       | *           | *            | VOID                 | BAD_CITATION
        reopen 4           | (UNKNOWN)            | NOT_ENDED          | *           | province has open: reopen 4 as 5 | VOID | WRONG_SUBJECT
        reopen 3           | (UNKNOWN)            | NOT_ENDED          | *           | BAD_CITATION | VOID                 | WRONG_SUBJECT
        approve reopen 3   | (UNKNOWN)            | NOT_ENDED          | *           | BAD_CITATION | VOID                 | WRONG_SUBJECT
        transfer to 370200 | (UNKNOWN)            | province has open: transfer to 370200 as 5 | * | * | *               | *
        transfer to 370000 | (UNKNOWN)            | province has open: transfer to 370000 as 5 | * | * | *               | *
        transfer to 370100 | (UNKNOWN)            | NO_CHANGE          | *           | *            | *                    | *
        transfer to 379999 | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        transfer to 371200 | (UNKNOWN)            | province has open: transfer to 371200 as 5 | * | * | * | *
        approve transfer 3 | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        erase 4            | (UNKNOWN)            | province has open: erase as 5 | * | *           | *                    | *
        erase 5            | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        erase leaf         | (recorded)           | province has open: erase as 5 | * | *           | *                    | *
        approve erase 3    | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        employer           | → registered of 370000 | WRONG_SUBJECT    | *           | *            | → registered, keeper 370000, last new 5 | counts
        ",
    );
}

#[test]
fn where_the_province_is_the_keeper_it_needs_no_second_party_but_for_a_transfer() {
    check_table(
        PROVINCE,
        PROVINCE,
        "
        event                no state               active             suspended     ended         void                    registered
        new for 370100     | → active of 370100   | DUPLICATE          | *           | ENDED        | → active, keeper 370100, last new 5 | WRONG_SUBJECT
        dissolve           | (UNKNOWN)            | → ended, ended by 5 | *          | ENDED        | VOID                 | WRONG_SUBJECT
        void 2             | (UNKNOWN)            | → void             | *           | *            | VOID                 | → void
        reopen 4           | (UNKNOWN)            | NOT_ENDED          | *           | → active, no end | VOID             | WRONG_SUBJECT
        reopen 3           | (UNKNOWN)            | NOT_ENDED          | *           | BAD_CITATION | VOID                 | WRONG_SUBJECT
        approve reopen 3   | (UNKNOWN)            | NOT_ENDED          | *           | BAD_CITATION | VOID                 | WRONG_SUBJECT
        transfer to 370100 | (UNKNOWN)            | province has open: transfer to 370100 as 5 | * | * | *               | *
        transfer to 370000 | (UNKNOWN)            | NO_CHANGE          | *           | *            | *                    | *
        approve transfer 3 | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        erase 4            | (UNKNOWN)            | counts             | *           | *            | *                    | *
        erase 5            | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        erase leaf         | (recorded)           | counts             | *           | *            | *                    | *
        approve erase 3    | (UNKNOWN)            | BAD_CITATION       | *           | *            | *                    | *
        employer           | → registered of 370000 | WRONG_SUBJECT    | *           | *            | → registered, last new 5 | counts
        ",
    );
}

#[test]
fn nobody_else_touches_a_state() {
    for keeper in [KEEPER, PROVINCE] {
        check_table(
            OTHER,
            keeper,
            "
            event                no state               with any state
            new for 370200     | → active of 370200   | (NOT_AUTHORISED) | * | * | * | *
            new for 370100     | (NOT_AUTHORISED)     | *                | * | * | * | *
            new for 370000     | (NOT_AUTHORISED)     | *                | * | * | * | *
            renew              | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            amend              | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            suspend            | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            resume             | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            dissolve           | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            terminate          | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            correct 4          | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            attach 4           | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            void 2             | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            reopen 4           | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            approve reopen 3   | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            transfer to 370200 | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            approve transfer 3 | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            erase 4            | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            erase leaf         | (recorded)           | (NOT_AUTHORISED) | * | * | * | *
            approve erase 3    | (UNKNOWN)            | (NOT_AUTHORISED) | * | * | * | *
            employer           | → registered of 370200 | (NOT_AUTHORISED) | * | * | * | *
            ",
        );
    }
}

#[test]
fn every_outcome_has_a_byte_and_every_byte_at_most_one() {
    let refusals = Refusal::ALL.iter().map(|why| Outcome::Refused(*why));
    for (byte, outcome) in (0..).zip([Outcome::Applied].into_iter().chain(refusals)) {
        assert_eq!(outcome.byte(), byte);
    }
    assert_eq!(Outcome::Recorded.byte(), 255);
    let known = (0..=255).filter_map(|byte| Outcome::from_byte(byte).map(|outcome| (byte, outcome)));
    assert!(known.clone().all(|(byte, outcome)| outcome.byte() == byte));
    assert_eq!(known.count(), Refusal::ALL.len() + 2);
    assert_eq!(serde_json::to_string(&Outcome::Refused(Refusal::NoChange)).unwrap(), r#"{"refused":"NO_CHANGE"}"#);
    assert_eq!(serde_json::to_string(&Outcome::Recorded).unwrap(), r#""recorded""#);
}

#[test]
fn a_state_is_hashed_as_it_is_laid_out() {
    let open = Some(Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code(OTHER)) });
    let state = State { by_province: open, ..state(Status::Ended, KEEPER) };
    let bytes = codec::encode(&state);
    let end = b"\x00\x00\x00\x00\x00\x00\x00\x32\x00\x00\x00\x02\x01\x00\x00\x00\x04\x00\x01\x00\x00\x00\x03\x02370200";
    assert_eq!(bytes, [b"\x03370100\x00\x00\x00\x05", &[5; 32][..], end].concat());
    let hasher = crate::crypto::Hasher::new(crate::crypto::Domain::State, crate::crypto::Suite::Ed25519Sha256);
    assert_eq!(state.hash(), StateHash(hasher.bytes(bytes).finish()));
}
