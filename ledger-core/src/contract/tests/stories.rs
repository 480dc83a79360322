//! What two parties do together, line by line.

use super::*;

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
