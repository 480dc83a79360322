//! What holds of every state and every event.

use super::*;

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
