//! Reopen, transfer and erase: what one party proposes, and the other approves.

use super::*;

pub(super) fn add(cases: &mut Cases<'_>) {
    by_the_province_alone(cases);
    proposed(cases);
    approved(cases);
    offered(cases);
}

/// Where the province keeps a subject there is no second party.
fn by_the_province_alone(cases: &mut Cases<'_>) {
    let kept = |status| State { keeper: code("370000"), ..both_open(status) };
    for status in ALL {
        for (words, action) in [
            ("reopen 4", reopen(4)),
            ("reopen 3", reopen(3)),
            ("erase 4", erase(4)),
            ("erase 5", erase(5)),
            ("erase a leaf hash", erase_leaf()),
            ("transfer to 370200", offer("370200")),
            ("transfer to 370000", offer("370000")),
            ("transfer to a removed member's code, for which it answers", offer(OF_PROVINCE)),
            ("void 2", void(2)),
            ("void 4", void(4)),
            ("void 5", void(5)),
        ] {
            let name = format!("{}, kept by the province: {words}", status_name(status));
            cases.add(&name, Some(kept(status)), PROVINCE, action);
        }
    }
}

/// What a proposal leaves of what is open.
fn proposed(cases: &mut Cases<'_>) {
    for (node, of) in [(KEEPER, "the keeper"), (PROVINCE, "the province")] {
        for (words, action) in [
            ("reopen 4", reopen(4)),
            ("reopen 3", reopen(3)),
            ("transfer to 370300", offer("370300")),
            ("transfer to 370100", offer("370100")),
            ("transfer to nobody", offer(NOBODY)),
            ("erase 0", erase(0)),
            ("erase 5", erase(5)),
        ] {
            let name = format!("ended, both parties have something open: {words}, by {of}");
            cases.add(&name, Some(both_open(Status::Ended)), node, action);
        }
    }
}

/// Approvals of what the other party has open.
fn approved(cases: &mut Cases<'_>) {
    let kinds = [
        ("a reopen", OpenKind::Reopen(Ordinal(4))),
        ("a reopen of another end", OpenKind::Reopen(Ordinal(3))),
        ("a transfer to 370200", OpenKind::Transfer(code("370200"))),
        ("a transfer to the keeper", OpenKind::Transfer(code("370100"))),
        ("a transfer to a code of nobody", OpenKind::Transfer(code(NOBODY))),
        ("an erase", OpenKind::Erase),
    ];
    let approvals = [
        ("reopen", agree_to_reopen as fn(u32) -> Action),
        ("transfer", accept as fn(u32) -> Action),
        ("erase", agree_to_erase as fn(u32) -> Action),
    ];
    for (what, kind) in kinds {
        for (word, approve) in approvals {
            let other = Open { ordinal: Ordinal(1), kind: OpenKind::Erase };
            let open = Some(Open { ordinal: Ordinal(3), kind });
            let by_keeper = State { by_keeper: open, by_province: Some(other), ..state(Status::Ended, "370100") };
            let by_province = State { by_keeper: Some(other), by_province: open, ..state(Status::Ended, "370100") };
            let action = approve(3);
            cases.add(
                &format!("the keeper has {what} open: the province approves its {word}"),
                Some(by_keeper),
                PROVINCE,
                action,
            );
            cases.add(
                &format!("the province has {what} open: the keeper approves its {word}"),
                Some(by_province),
                KEEPER,
                action,
            );
        }
    }
    // Another ordinal, the own proposal, and nothing open.
    let erase_of = |ordinal| Some(Open { ordinal: Ordinal(ordinal), kind: OpenKind::Erase });
    let both = State { by_keeper: erase_of(3), by_province: erase_of(1), ..state(Status::Active, "370100") };
    for cites in [0, 1, 2, 3, 4, 5] {
        for node in [KEEPER, PROVINCE] {
            let name = format!("the keeper has erase 3 open and the province 1: {} approves {cites}", actor(node));
            cases.add(&name, Some(both), node, agree_to_erase(cites));
        }
    }
    for node in [KEEPER, PROVINCE] {
        let name = format!("nothing is open: {} approves an erase", actor(node));
        cases.add(&name, Some(state(Status::Active, "370100")), node, agree_to_erase(0));
    }
    cases.add("a stranger approves an erase", Some(both), STRANGER, agree_to_erase(1));
    for status in ALL {
        let open = State { by_province: erase_of(3), ..state(status, "370100") };
        let name = format!("{}: the keeper approves the province's erase", status_name(status));
        cases.add(&name, Some(open), KEEPER, agree_to_erase(3));
        let reopens = Some(Open { ordinal: Ordinal(3), kind: OpenKind::Reopen(Ordinal(4)) });
        let open = State { by_province: reopens, ..state(status, "370100") };
        let name = format!("{}: the keeper approves the province's reopen", status_name(status));
        cases.add(&name, Some(open), KEEPER, agree_to_reopen(3));
        let given = Some(Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code("370200")) });
        let open = State { by_keeper: given, ..state(status, "370100") };
        let name = format!("{}: the province approves the keeper's transfer", status_name(status));
        cases.add(&name, Some(open), PROVINCE, accept(3));
    }
}

/// What the province keeps, and offers to another member.
fn offered(cases: &mut Cases<'_>) {
    let open = |kind| Some(Open { ordinal: Ordinal(3), kind });
    let to = |code_of: &str| open(OpenKind::Transfer(code(code_of)));
    let kept = |keeper, by_province| State { by_province, ..state(Status::Active, keeper) };
    for (keeper, of) in
        [("370000", "the province's"), (OF_PROVINCE, "of one for whom the province answers"), ("370100", "a city's")]
    {
        for (to_code, whom) in
            [("370200", "370200"), (OF_OTHER, "one for whom 370200 answers"), ("370300", "370300"), (NOBODY, "nobody")]
        {
            for (words, action) in [("accepts", accept(3)), ("accepts another", accept(2))] {
                let name = format!("{of}, offered to {whom}: 370200 {words}");
                cases.add(&name, Some(kept(keeper, to(to_code))), OTHER, action);
            }
        }
        cases.add(
            &format!("{of}, offered to 370200: 370200 renews"),
            Some(kept(keeper, to("370200"))),
            OTHER,
            Action::Renew,
        );
        cases.add(
            &format!("{of}, offered to 370200: 370200 proposes a transfer to itself"),
            Some(kept(keeper, to("370200"))),
            OTHER,
            offer("370200"),
        );
        cases.add(
            &format!("{of}, offered to 370200: 370200 approves an erase"),
            Some(kept(keeper, to("370200"))),
            OTHER,
            agree_to_erase(3),
        );
        cases.add(
            &format!("{of}, an erase is open: 370200 accepts"),
            Some(kept(keeper, open(OpenKind::Erase))),
            OTHER,
            accept(3),
        );
        cases.add(
            &format!("{of}, a reopen is open: 370200 accepts"),
            Some(kept(keeper, open(OpenKind::Reopen(Ordinal(4))))),
            OTHER,
            accept(3),
        );
        cases.add(&format!("{of}, nothing is open: 370200 accepts"), Some(kept(keeper, None)), OTHER, accept(3));
        let by_keeper = State { by_keeper: to("370200"), ..state(Status::Active, keeper) };
        cases.add(&format!("{of}, offered by the keeper: 370200 accepts"), Some(by_keeper), OTHER, accept(3));
        cases.add(
            &format!("{of}, offered to 370200: the province accepts"),
            Some(kept(keeper, to("370200"))),
            PROVINCE,
            accept(3),
        );
    }
    for status in ALL {
        let name = format!("{}, kept by the province and offered to 370200, which accepts", status_name(status));
        let state = State { by_province: to("370200"), by_keeper: open(OpenKind::Erase), ..state(status, "370000") };
        cases.add(&name, Some(state), OTHER, accept(3));
    }
}
