//! The table of the domain, cell by cell, and what two parties do together.
//!
//! An event is written in words, such as `transfer to 370200` or `approve reopen 3`. What it does is
//! written so too: `counts`, a code, or what changes, such as `→ ended, ended by 5`; in brackets
//! where it leaves the state untouched.

mod reached;
mod rights;

use super::any::{CODES, ROLES, any_actor, any_state};
use super::*;
use crate::codec;
use crate::event::{Action, EraseTarget, Step};
use crate::fixture::code;
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

/// A state after five events, of which number 2 was the last `new`, and number 4 the end.
fn state(status: Status, keeper: &str) -> State {
    State {
        status,
        keeper: code(keeper),
        count: 5,
        history: HistoryHash([5; 32]),
        last_index: LogIndex(50),
        last_new: Ordinal(2),
        ended_by: (status == Status::Ended).then_some(Ordinal(4)),
        by_keeper: None,
        by_province: None,
    }
}

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

/// Each line is `member: event | what it does`, each on the state that the line before left.
fn check_story(story: &str) {
    let mut state = None;
    for line in story.lines().filter(|line| line.contains('|')) {
        let (who_and_event, expected) = line.split_once('|').unwrap();
        let (actor, event) = who_and_event.split_once(':').unwrap();
        let (after, found) = fold(state.as_ref(), actor.trim(), event);
        assert_eq!(found, expected.trim(), "{}", line.trim());
        state = after.or(state);
    }
}

#[test]
fn the_keeper_proposes_and_the_province_approves() {
    check_story(
        "
        370100: new for 370100   | → active of 370100
        370100: dissolve         | → ended, ended by 1
        370100: reopen 1         | keeper has open: reopen 1 as 2
        370100: approve reopen 2 | BAD_CITATION
        370200: approve reopen 2 | (NOT_AUTHORISED)
        370000: approve erase 2  | BAD_CITATION
        370000: approve reopen 1 | BAD_CITATION
        370000: approve reopen 2 | → active, no end, keeper has open: nothing
        370000: approve reopen 2 | NOT_ENDED
        ",
    );
}

#[test]
fn the_province_proposes_and_the_keeper_approves() {
    check_story(
        "
        370100: new for 370100     | → active of 370100
        370000: transfer to 370200 | province has open: transfer to 370200 as 1
        370000: approve transfer 1 | BAD_CITATION
        370200: approve transfer 1 | (NOT_AUTHORISED)
        370100: approve transfer 1 | keeper 370200, province has open: nothing
        370100: renew              | (NOT_AUTHORISED)
        370200: renew              | counts
        ",
    );
}

#[test]
fn a_newer_proposal_replaces_the_older_one() {
    check_story(
        "
        370100: new for 370100     | → active of 370100
        370100: transfer to 370200 | keeper has open: transfer to 370200 as 1
        370100: transfer to 370300 | keeper has open: transfer to 370300 as 2
        370000: approve transfer 1 | BAD_CITATION
        370100: erase 0            | keeper has open: erase as 4
        370000: approve transfer 2 | BAD_CITATION
        370000: approve transfer 4 | BAD_CITATION
        370000: approve erase 4    | keeper has open: nothing
        370000: approve erase 4    | BAD_CITATION
        ",
    );
}

#[test]
fn an_applied_proposal_closes_both() {
    check_story(
        "
        370100: new for 370100     | → active of 370100
        370100: erase 0            | keeper has open: erase as 1
        370000: transfer to 370200 | province has open: transfer to 370200 as 2
        370100: approve transfer 2 | keeper 370200, keeper has open: nothing, province has open: nothing
        370000: approve erase 1    | BAD_CITATION
        ",
    );
}

#[test]
fn a_proposal_is_judged_again_by_the_state_at_its_approval() {
    check_story(
        "
        370100: new for 370100     | → active of 370100
        370100: dissolve           | → ended, ended by 1
        370100: reopen 1           | keeper has open: reopen 1 as 2
        370000: reopen 1           | province has open: reopen 1 as 3
        370100: approve reopen 3   | → active, no end, keeper has open: nothing, province has open: nothing
        370100: terminate          | → ended, ended by 5
        370000: approve reopen 2   | BAD_CITATION
        ",
    );
    // Nothing that is folded from the start leaves these open; a state alone does not say so.
    let stale = |status, kind| State { by_keeper: Some(Open { ordinal: Ordinal(3), kind }), ..state(status, KEEPER) };
    let reopen = stale(Status::Ended, OpenKind::Reopen(Ordinal(1)));
    assert_eq!(fold(Some(&reopen), PROVINCE, "approve reopen 3").1, "BAD_CITATION");
    let transfer = stale(Status::Active, OpenKind::Transfer(code(KEEPER)));
    assert_eq!(fold(Some(&transfer), PROVINCE, "approve transfer 3").1, "NO_CHANGE");
}

#[test]
fn an_open_proposal_to_reopen_waits_while_the_contract_stays_ended() {
    check_story(
        "
        370100: new for 370100   | → active of 370100
        370100: terminate        | → ended, ended by 1
        370000: reopen 1         | province has open: reopen 1 as 2
        370100: renew            | ENDED
        370100: correct 1        | counts
        370100: approve reopen 2 | → active, no end, province has open: nothing
        ",
    );
}

#[test]
fn the_province_as_keeper_transfers_when_the_new_keeper_approves() {
    check_story(
        "
        370000: new for 370000     | → active of 370000
        370000: transfer to 370200 | province has open: transfer to 370200 as 1
        370000: approve transfer 1 | BAD_CITATION
        370100: approve transfer 1 | (NOT_AUTHORISED)
        370200: approve transfer 0 | (NOT_AUTHORISED)
        370200: approve erase 1    | (NOT_AUTHORISED)
        370200: transfer to 370200 | (NOT_AUTHORISED)
        370200: approve transfer 1 | keeper 370200, province has open: nothing
        370200: terminate          | → ended, ended by 4
        ",
    );
}

#[test]
fn a_city_gives_a_contract_to_the_province() {
    check_story(
        "
        370100: new for 370100     | → active of 370100
        370100: transfer to 370000 | keeper has open: transfer to 370000 as 1
        370000: approve transfer 1 | keeper 370000, keeper has open: nothing
        370100: renew              | (NOT_AUTHORISED)
        370000: erase 0            | counts
        ",
    );
}

#[test]
fn a_void_contract_may_be_made_again() {
    check_story(
        "
        370100: new for 370100     | → active of 370100
        370100: transfer to 370200 | keeper has open: transfer to 370200 as 1
        370000: erase 0            | province has open: erase as 2
        370100: suspend            | → suspended
        370000: void 0             | → void
        370100: void 0             | VOID
        370200: new for 370200     | (NOT_AUTHORISED)
        370000: new for 370200     | → active, keeper 370200, last new 6, keeper has open: nothing, province has open: nothing
        370200: void 0             | BAD_CITATION
        370200: void 6             | → void
        ",
    );
}

// One story a right: what one member does to another's subject, and how it is undone.

#[test]
fn who_registers_an_employer_on_a_contracts_subject_is_undone() {
    check_story(
        "
        370200: employer       | → registered of 370200
        370100: new for 370100 | (NOT_AUTHORISED)
        370000: new for 370100 | WRONG_SUBJECT
        370000: void 0         | → void
        370200: renew          | VOID
        370000: new for 370100 | → active, keeper 370100, last new 4
        370200: employer       | (NOT_AUTHORISED)
        370100: renew          | counts
        ",
    );
}

#[test]
fn who_makes_a_contract_on_an_employers_subject_is_undone() {
    check_story(
        "
        370200: new for 370200     | → active of 370200
        370100: employer           | (NOT_AUTHORISED)
        370000: employer           | WRONG_SUBJECT
        370000: void 0             | → void
        370000: employer           | → registered, keeper 370000, last new 3
        370000: transfer to 370100 | province has open: transfer to 370100 as 4
        370100: approve transfer 4 | keeper 370100, province has open: nothing
        370100: employer           | counts
        370200: employer           | (NOT_AUTHORISED)
        ",
    );
}

#[test]
fn who_ends_a_contract_that_he_took_and_never_approves_is_undone() {
    check_story(
        "
        370200: new for 370200   | → active of 370200
        370200: terminate        | → ended, ended by 1
        370000: reopen 1         | province has open: reopen 1 as 2
        370000: approve reopen 2 | BAD_CITATION
        370200: void 0           | ENDED
        370000: void 5           | BAD_CITATION
        370000: void 0           | → void
        370000: new for 370100   | → active, keeper 370100, last new 7, no end, province has open: nothing
        370200: terminate        | (NOT_AUTHORISED)
        370100: terminate        | → ended, ended by 8
        ",
    );
}

#[test]
fn a_keeper_undoes_its_own_mistake_on_a_subject() {
    check_story(
        "
        370100: new for 370100 | → active of 370100
        370100: void 0         | → void
        370200: employer       | (NOT_AUTHORISED)
        370100: employer       | → registered, last new 2
        370100: void 0         | BAD_CITATION
        370100: void 2         | → void
        370100: new for 370100 | → active, last new 5
        ",
    );
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

/// What the law below asks of a state: the province alone makes a contract of it with any keeper, and an employer.
fn province_undoes(before: Option<&State>) {
    let by_province = |state: Option<&State>, action| {
        let folded = step(state, ROLES.actor(code(PROVINCE)), &action, &LEAF, LogIndex(9));
        assert_eq!(folded.outcome, Outcome::Applied, "{action:?} on {state:?}");
        folded.state
    };
    let cleared = match before {
        Some(state) if state.status != Status::Void => {
            by_province(before, Action::Void { cites: Ordinal(state.count - 1) })
        }
        void_or_none => void_or_none.copied(),
    };
    for keeper in CODES.map(code) {
        let made = by_province(cleared.as_ref(), Action::New { keeper }).unwrap();
        assert_eq!((made.status, made.keeper), (Status::Active, keeper));
        assert_eq!((made.ended_by, made.by_keeper, made.by_province), (None, None, None));
    }
    let registered = by_province(cleared.as_ref(), Action::Employer).unwrap();
    assert_eq!((registered.status, registered.keeper), (Status::Registered, code(PROVINCE)));
}

/// Every action that names these members, and no ordinal above `here`.
fn every_action(here: u32) -> Vec<Action> {
    let plain = [Action::Renew, Action::Dissolve, Action::Terminate, Action::Employer];
    let plain = plain.into_iter().chain([Action::Amend, Action::Suspend, Action::Resume]);
    let members = CODES.map(code).into_iter();
    let members = members.flat_map(|keeper| [Action::New { keeper }, Action::Transfer(Step::Propose(keeper))]);
    let ordinals = (0..=here).map(Ordinal).flat_map(|at| {
        [
            Action::Correct { cites: at },
            Action::Attach { cites: at },
            Action::Void { cites: at },
            Action::Reopen(Step::Propose(at)),
            Action::Reopen(Step::Approve(at)),
            Action::Transfer(Step::Approve(at)),
            Action::Erase(Step::Propose(EraseTarget::Event(at))),
            Action::Erase(Step::Approve(at)),
        ]
    });
    let leaf = [Action::Erase(Step::Propose(EraseTarget::Leaf(LEAF)))];
    plain.chain(members).chain(ordinals).chain(leaf).collect()
}

/// Only the keeper (or its heir) and the province touch a state, or whoever takes over what the province offers.
fn only_parties_touch(before: &State, actor: Actor<'_>, action: &Action, folded: Folded) {
    if folded.state.is_none() || actor.is_province() || actor.answers_for(before.keeper) {
        return;
    }
    let became = folded.state.is_some_and(|state| actor.answers_for(state.keeper));
    let asked = matches!(action, Action::Transfer(Step::Approve(_)));
    assert!(became && asked && actor.province_keeps(before), "{action:?} by {actor:?} on {before:?}");
}

/// The law, over every state that five events reach: by all actors, with every action. Leaf and log index are the same
/// for all, so that two ways to the same state are one.
#[test]
fn from_every_state_the_province_alone_makes_a_contract_with_any_keeper_and_an_employer() {
    let mut seen = std::collections::BTreeSet::new();
    let mut reached = vec![None];
    for count in 0..5 {
        let mut next = Vec::new();
        for before in &reached {
            province_undoes(before.as_ref());
            for (actor, action) in
                CODES[..3].iter().flat_map(|code| every_action(count).into_iter().map(move |action| (code, action)))
            {
                let actor = ROLES.actor(code(actor));
                let folded = step(before.as_ref(), actor, &action, &LEAF, LogIndex(9));
                if let Some(before) = before {
                    only_parties_touch(before, actor, &action, folded);
                }
                next.extend(folded.state.filter(|state| seen.insert(codec::encode(state))).map(Some));
            }
        }
        reached = next;
    }
    reached.iter().for_each(|state| province_undoes(state.as_ref()));
    assert!(seen.len() > 5_000, "only {} states", seen.len());
}

proptest! {
    #[test]
    fn the_province_undoes_whatever_a_state_says(state in any_state()) {
        prop_assume!(state.count <= u32::MAX - 2);
        province_undoes(Some(&state));
    }

    #[test]
    fn the_step_is_total_and_says_one_thing(
        before in prop::option::of(any_state()),
        actor in any_actor(),
        action: Action,
        leaf: LeafHash,
        index: u64,
    ) {
        let index = LogIndex(index);
        let folded = step(before.as_ref(), actor, &action, &leaf, index);
        prop_assert_eq!(folded, step(before.as_ref(), actor, &action, &leaf, index));
        // A refusal changes nothing, and what touches is counted: `words` looks.
        words(before.as_ref(), folded, &leaf, index);
        if let Some(before) = &before {
            only_parties_touch(before, actor, &action, folded);
            prop_assert!(actor.is_province() || folded.state.is_none() || before.count < u32::MAX - 65_535);
        }
    }
}
