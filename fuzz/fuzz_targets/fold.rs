//! Any history of one subject: the fold is total, counts what touches, and never touches for others; a refusal changes
//! nothing else; and wherever it ends, the province alone makes a contract of it with any keeper, and an employer.
#![no_main]

use ledger_core::codec::decode;
use ledger_core::contract::{Actor, Folded, Roles, State, Status, step};
use ledger_core::event::{Action, Event, Step};
use ledger_core::merkle::{LeafHash, LogIndex};
use ledger_core::names::MemberCode;
use ledger_core::outcome::Outcome;
use std::sync::LazyLock;

/// The province, two cities, and one that was removed, whose heir is the second city.
static CODES: LazyLock<[MemberCode; 4]> =
    LazyLock::new(|| ["370000", "370100", "370200", "371200"].map(|code| code.parse().expect("a code")));
static ROLES: LazyLock<Roles> = LazyLock::new(|| Roles::new(CODES[0], &CODES[..3], &[(CODES[3], CODES[2])]));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut state: Option<State> = None;
    // Each step takes an actor, the length of its event's arguments, and an event of those bytes.
    let mut rest = data;
    let mut index = 0;
    while let Some((&head, more)) = rest.split_first() {
        let actor = ROLES.actor(CODES[usize::from(head & 3).min(2)]);
        let length = usize::from(head >> 2).min(more.len());
        let (arguments, more) = more.split_at(length);
        rest = more;
        let Some((&kind, arguments)) = arguments.split_first() else { continue };
        let bytes = [&[kind, 1][..], &[7; 64], arguments].concat();
        let Ok(Event::Contract(event)) = decode::<Event>(&bytes) else { continue };
        index += 1;
        let folded = step(state.as_ref(), actor, &event.action, &LeafHash([head; 32]), LogIndex(index));
        check(state.as_ref(), actor, &event.action, folded, LogIndex(index));
        state = folded.state.or(state);
    }
    undone(state.as_ref());
});

fn check(before: Option<&State>, actor: Actor<'_>, action: &Action, folded: Folded, index: LogIndex) {
    let Some(after) = folded.state else {
        assert_ne!(folded.outcome, Outcome::Applied, "applied, and it left no trace");
        return;
    };
    assert_eq!(after.last_index, index);
    let Some(before) = before else {
        assert_eq!((after.count, folded.outcome), (1, Outcome::Applied));
        return;
    };
    assert_eq!(after.count, before.count + 1);
    assert_ne!(after.history, before.history);
    if folded.outcome != Outcome::Applied {
        let State { count, history, last_index, .. } = after;
        assert_eq!(after, State { count, history, last_index, ..*before });
    }
    if !actor.is_province() && !actor.answers_for(before.keeper) {
        // The one thing that is open to a stranger: to take over what the province keeps, as it asks.
        assert!(actor.province_keeps(before) && actor.answers_for(after.keeper));
        assert!(matches!(action, Action::Transfer(Step::Approve(_))));
    }
}

/// The law of `format.md §13`.
fn undone(state: Option<&State>) {
    let by_province = |state: Option<&State>, action: Action| {
        let folded = step(state, ROLES.actor(CODES[0]), &action, &LeafHash([0; 32]), LogIndex(u64::MAX));
        assert_eq!(folded.outcome, Outcome::Applied, "{action:?} on {state:?}");
        folded.state
    };
    let cleared = match state {
        Some(held) if held.status != Status::Void => by_province(state, Action::Void { cites: held.last_new }),
        void_or_none => void_or_none.copied(),
    };
    for keeper in *CODES {
        let made = by_province(cleared.as_ref(), Action::New { keeper }).expect("it is made");
        assert_eq!((made.status, made.keeper), (Status::Active, keeper));
    }
    let registered = by_province(cleared.as_ref(), Action::Employer).expect("it is made");
    assert_eq!(registered.status, Status::Registered);
}
