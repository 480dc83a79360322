//! Who acts for whom, and what nobody can do to the province or give to nobody.

use super::*;

#[test]
fn an_heir_acts_for_a_removed_member() {
    let before = State { by_keeper: None, ..state(Status::Ended, REMOVED) };
    assert_eq!(fold(Some(&before), KEEPER, "reopen 4").1, "(NOT_AUTHORISED)");
    let (proposed, found) = fold(Some(&before), HEIR, "reopen 4");
    assert_eq!(found, "keeper has open: reopen 4 as 5");
    let (reopened, found) = fold(proposed.as_ref(), PROVINCE, "approve reopen 5");
    assert_eq!(found, "→ active, no end, keeper has open: nothing");
    // It takes the contract over under its own code, or keeps on acting for the other's.
    assert_eq!(fold(reopened.as_ref(), HEIR, "transfer to 370200").1, "keeper has open: transfer to 370200 as 7");
    assert_eq!(fold(reopened.as_ref(), HEIR, "transfer to 371200").1, "NO_CHANGE");
    assert_eq!(fold(reopened.as_ref(), HEIR, "void 2").1, "→ void");
    let void = state(Status::Void, REMOVED);
    assert_eq!(fold(Some(&void), HEIR, "new for 371200").1, "→ active, last new 5");
    assert_eq!(fold(Some(&void), HEIR, "new for 370200").1, "→ active, keeper 370200, last new 5");
    assert_eq!(fold(Some(&void), HEIR, "new for 370100").1, "NOT_AUTHORISED");
    assert_eq!(fold(Some(&void), HEIR, "employer").1, "→ registered, keeper 370200, last new 5");
    // What the province offered to the removed member, its heir accepts.
    let open = Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code(REMOVED)) };
    let offered = State { by_province: Some(open), ..state(Status::Active, PROVINCE) };
    assert_eq!(fold(Some(&offered), HEIR, "approve transfer 3").1, "keeper 371200, province has open: nothing");
    assert_eq!(fold(Some(&offered), KEEPER, "approve transfer 3").1, "(NOT_AUTHORISED)");
}

#[test]
fn where_the_province_is_the_heir_it_needs_no_second_party() {
    let members = [PROVINCE, KEEPER, OTHER].map(code);
    let roles = Roles::new(code(PROVINCE), &members, &[(code(REMOVED), code(PROVINCE))]);
    let fold = |state: &State, actor, event| {
        let folded = step(Some(state), roles.actor(code(actor)), &action(event), &LEAF, LogIndex(51));
        words(Some(state), folded, &LEAF, LogIndex(51))
    };
    let ended = state(Status::Ended, REMOVED);
    assert_eq!(fold(&ended, PROVINCE, "reopen 4"), "→ active, no end");
    assert_eq!(fold(&ended, PROVINCE, "erase 0"), "counts");
    assert_eq!(fold(&ended, PROVINCE, "transfer to 370100"), "province has open: transfer to 370100 as 5");
    let open = Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code(KEEPER)) };
    let offered = State { by_province: Some(open), ..ended };
    assert_eq!(fold(&offered, KEEPER, "approve transfer 3"), "keeper 370100, province has open: nothing");
    assert_eq!(fold(&ended, OTHER, "reopen 4"), "(NOT_AUTHORISED)");
}

#[test]
fn for_a_keeper_that_nobody_answers_for_the_province_acts_alone() {
    let gone = state(Status::Active, "371700");
    assert_eq!(fold(Some(&gone), KEEPER, "renew").1, "(NOT_AUTHORISED)");
    assert_eq!(fold(Some(&gone), PROVINCE, "renew").1, "counts");
    assert_eq!(fold(Some(&gone), PROVINCE, "erase 0").1, "province has open: erase as 5");
}

#[test]
fn a_code_says_nothing_of_who_the_province_is() {
    let roles = Roles::new(code("110000"), &["110000", "370000", "370100"].map(code), &[]);
    let found =
        |actor: &str| step(None, roles.actor(code(actor)), &action("new for 370100"), &LEAF, LogIndex(1)).outcome;
    assert_eq!(found("110000"), Outcome::Applied);
    assert_eq!(found("370000"), Outcome::Refused(Refusal::NotAuthorised));
}

#[test]
fn the_roles_are_those_of_the_membership() {
    let network = crate::fixture::Network::new(4);
    let members = [PROVINCE, KEEPER, OTHER, "370300"].map(code);
    assert_eq!(Roles::of(network.tip.membership()), Roles::new(code(PROVINCE), &members, &[]));
}

#[test]
fn nobody_gives_a_subject_to_nobody() {
    // Also when it was offered while somebody answered: no fold leaves that, a state alone does not say so.
    let to = Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code("379999")) };
    let offered = State { by_keeper: Some(to), by_province: Some(to), ..state(Status::Active, KEEPER) };
    for by in [PROVINCE, KEEPER] {
        assert_eq!(fold(Some(&offered), by, "approve transfer 3").1, "BAD_CITATION");
    }
}

#[test]
fn the_province_is_not_outrun() {
    // Whatever the occupier gets into the block before them, the two events that the province has signed undo it.
    let before =
        "new for 370100|new for 371200|void 0|void 1|employer|terminate|suspend|erase 0|transfer to 370000|attach 0";
    let begun = fold(None, KEEPER, "new for 370100").0.unwrap();
    for (one, two) in before.split('|').flat_map(|one| before.split('|').map(move |two| (one, two))) {
        let mut at = begun;
        for (by, event) in [(KEEPER, one), (KEEPER, two), (PROVINCE, "void 0"), (PROVINCE, "new for 370200")] {
            at = fold(Some(&at), by, event).0.unwrap_or(at);
        }
        assert_eq!((at.status, at.keeper), (Status::Active, code(OTHER)), "{one}, {two}");
    }
}

#[test]
fn nobody_can_fill_a_subject_against_the_province() {
    let with = |count| State { count, ..state(Status::Active, KEEPER) };
    let kept = u32::MAX - 65_535;
    assert_eq!(u64::from(kept), (1 << 32) - 65_536);
    assert_eq!(fold(Some(&with(kept - 1)), KEEPER, "renew").1, "counts");
    for count in [kept, u32::MAX - 1, u32::MAX] {
        assert_eq!(fold(Some(&with(count)), KEEPER, "renew").1, "(FULL)");
        assert_eq!(fold(Some(&with(count)), OTHER, "renew").1, "(NOT_AUTHORISED)");
    }
    assert_eq!(fold(Some(&with(kept)), PROVINCE, "void 2").1, "→ void");
    assert_eq!(fold(Some(&with(u32::MAX - 1)), PROVINCE, "renew").1, "counts");
    assert_eq!(fold(Some(&with(u32::MAX)), PROVINCE, "renew").1, "(FULL)");
    // Whoever is to take over what the province keeps is not the province.
    let open = Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code(OTHER)) };
    let offered = State { by_province: Some(open), ..state(Status::Active, PROVINCE) };
    assert_eq!(fold(Some(&State { count: kept, ..offered }), OTHER, "approve transfer 3").1, "(FULL)");
}
