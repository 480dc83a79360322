//! Any history of one subject: the fold is total, counts what touches, touches for keeper and province alone, and
//! a refusal changes nothing but the count.
#![no_main]

use ledger_core::codec::decode;
use ledger_core::contract::{OpenKind, State, step};
use ledger_core::event::{Action, Event, Step};
use ledger_core::merkle::{LeafHash, LogIndex};
use ledger_core::names::MemberCode;
use ledger_core::outcome::Outcome;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let members: [MemberCode; 3] = ["370000", "370100", "370200"].map(|code| code.parse().expect("a code"));
    let mut state: Option<State> = None;
    // Each step takes an actor, the length of its event's arguments, and an event of those bytes.
    let mut rest = data;
    let mut index = 0;
    while let Some((&head, more)) = rest.split_first() {
        let actor = members[usize::from(head & 3).min(2)];
        let length = usize::from(head >> 2).min(more.len());
        let (arguments, more) = more.split_at(length);
        rest = more;
        let Some((&kind, arguments)) = arguments.split_first() else { continue };
        let bytes = [&[kind, 1][..], &[7; 64], arguments].concat();
        let Ok(Event::Contract(event)) = decode::<Event>(&bytes) else { continue };
        index += 1;
        let folded = step(state.as_ref(), actor, &event.action, &LeafHash([head; 32]), LogIndex(index));
        match (state, folded.state) {
            (Some(before), Some(after)) => {
                assert_eq!(after.count, before.count + 1);
                assert_eq!(after.last_index, LogIndex(index));
                assert_ne!(after.history, before.history);
                assert!(may_touch(&before, actor, &event.action, members[0]), "{actor} touched {before:?}");
                if folded.outcome != Outcome::Applied {
                    let only_counted =
                        State { count: after.count, history: after.history, last_index: after.last_index, ..before };
                    assert_eq!(after, only_counted, "a refusal changed the state");
                }
            }
            (None, Some(after)) => assert_eq!((after.count, folded.outcome), (1, Outcome::Applied)),
            (_, None) => {}
        }
        state = folded.state.or(state);
    }
});

/// The keeper and the province; and where the province keeps a contract, the member to which it proposes to
/// transfer it may approve that.
fn may_touch(before: &State, actor: MemberCode, action: &Action, province: MemberCode) -> bool {
    let offered = |open: &Option<ledger_core::contract::Open>| {
        open.is_some_and(|open| {
            before.keeper == province
                && open.kind == OpenKind::Transfer(actor)
                && *action == Action::Transfer(Step::Approve(open.ordinal))
        })
    };
    actor == before.keeper || actor == province || offered(&before.by_province)
}
