//! Laws of the fold over every state that a few events of anybody lead to.

use super::*;
use crate::contract::Roles;
use std::collections::{BTreeMap, VecDeque};

const STRANGER: &str = "370300";
const NOBODY: &str = "379999";
const ACTORS: [&str; 4] = [PROVINCE, KEEPER, OTHER, STRANGER];
const NAMED: [&str; 6] = [PROVINCE, KEEPER, OTHER, STRANGER, NOBODY, REMOVED];

/// Every action, on the members and on the ordinals below `most`.
fn actions(most: u32) -> Vec<Action> {
    let cites = || (0..most).map(Ordinal);
    let mut all = vec![
        Action::Renew,
        Action::Amend,
        Action::Suspend,
        Action::Resume,
        Action::Dissolve,
        Action::Terminate,
        Action::Employer,
        Action::Erase(Step::Propose(EraseTarget::Leaf(LEAF))),
    ];
    all.extend(NAMED.map(|keeper| Action::New { keeper: code(keeper) }));
    all.extend(NAMED.map(|to| Action::Transfer(Step::Propose(code(to)))));
    all.extend(cites().map(|cites| Action::Correct { cites }));
    all.extend(cites().map(|cites| Action::Void { cites }));
    all.extend(cites().map(|cites| Action::Attach { cites }));
    all.extend(cites().map(|end| Action::Reopen(Step::Propose(end))));
    all.extend(cites().map(|of| Action::Reopen(Step::Approve(of))));
    all.extend(cites().map(|of| Action::Transfer(Step::Approve(of))));
    all.extend(cites().map(|of| Action::Erase(Step::Approve(of))));
    all.extend(cites().map(|of| Action::Erase(Step::Propose(EraseTarget::Event(of)))));
    all
}

/// A state without what differs by the place in the log alone.
fn folded(roles: &Roles, state: Option<&State>, by: &str, action: &Action) -> (Option<State>, Outcome) {
    let folded = step(state, roles.actor(code(by)), action, &LEAF, LogIndex(0));
    let plain = |state| State { history: HistoryHash::EMPTY, last_index: LogIndex(0), ..state };
    (folded.state.map(plain), folded.outcome)
}

/// All states within so many events.
fn reached(depth: u32) -> Vec<State> {
    let all = actions(depth + 1);
    let mut seen: BTreeMap<Vec<u8>, State> = BTreeMap::new();
    let mut queue: VecDeque<(Option<State>, u32)> = VecDeque::from([(None, 0)]);
    while let Some((state, way)) = queue.pop_front() {
        let next = ACTORS.iter().flat_map(|by| all.iter().map(move |action| (*by, action)));
        for (by, action) in next.filter(|_| way < depth) {
            let Some(next) = folded(&ROLES, state.as_ref(), by, action).0 else { continue };
            if seen.insert(codec::encode(&next), next).is_none() {
                queue.push_back((Some(next), way + 1));
            }
        }
    }
    seen.into_values().collect()
}

fn keeps(state: &State, by: &str) -> bool {
    state.keeper == code(by) || (state.keeper == code(REMOVED) && by == HEIR)
}

#[test]
fn what_a_state_says_is_below_its_count_and_its_keeper_is_somebodys() {
    for state in reached(4) {
        let below = |of: Ordinal| of.0 < state.count;
        assert!(below(state.last_new) && state.ended_by.is_none_or(below), "{state:?}");
        assert!([state.by_keeper, state.by_province].into_iter().flatten().all(|open| below(open.ordinal)));
        assert!(state.status == Status::Void || (state.status == Status::Ended) == state.ended_by.is_some());
        assert_ne!(state.keeper, code(NOBODY));
    }
}

#[test]
fn who_is_neither_keeper_nor_province_leaves_no_trace_but_by_accepting_what_the_province_offers() {
    let all = actions(5);
    for (state, by) in reached(4).iter().flat_map(|state| ACTORS.map(|by| (state, by))) {
        let has_right = by == PROVINCE || keeps(state, by);
        for action in &all {
            let (next, outcome) = folded(&ROLES, Some(state), by, action);
            let Some(next) = next else {
                assert!(!has_right && outcome == Outcome::Refused(Refusal::NotAuthorised));
                continue;
            };
            let accepts = matches!(action, Action::Transfer(Step::Approve(_))) && keeps(&next, by);
            assert!(has_right || (accepts && state.keeper == code(PROVINCE)), "{by} {action:?} on {state:?}");
            // Another keeper, and a contract that goes on, take the other party.
            let moved = next.keeper != state.keeper && !matches!(action, Action::New { .. } | Action::Employer);
            assert!(!moved || matches!(action, Action::Transfer(Step::Approve(_))), "{by} {action:?} on {state:?}");
            let reopened = state.status == Status::Ended && next.status == Status::Active;
            let both = matches!(action, Action::Reopen(Step::Approve(_)));
            assert!(!reopened || both || state.keeper == code(PROVINCE), "{by} {action:?} on {state:?}");
        }
    }
}

#[test]
fn the_province_alone_reaches_every_beginning_by_two_events_whatever_it_cites() {
    for state in reached(4) {
        for cites in (0..state.count).map(Ordinal) {
            let void = Action::Void { cites };
            let (void, _) = folded(&ROLES, Some(&state), PROVINCE, &void);
            for keeper in [PROVINCE, KEEPER, OTHER, STRANGER, REMOVED] {
                let (next, outcome) = folded(&ROLES, void.as_ref(), PROVINCE, &Action::New { keeper: code(keeper) });
                assert_eq!(outcome, Outcome::Applied, "{state:?}");
                assert!(next.is_some_and(|next| next.status == Status::Active && next.keeper == code(keeper)));
            }
            let (next, _) = folded(&ROLES, void.as_ref(), PROVINCE, &Action::Employer);
            assert!(next.is_some_and(|next| next.status == Status::Registered && next.keeper == code(PROVINCE)));
        }
    }
}
