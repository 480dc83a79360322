//! Arbitrary states and actions, for properties.

use super::*;
use crate::event::{Action, EraseTarget, Step};
use crate::fixture::code;
use crate::merkle::{LeafHash, LogIndex};
use crate::names::{MemberCode, Ordinal};
use proptest::prelude::*;

/// The province, or one of two cities.
pub(crate) fn any_member() -> impl Strategy<Value = MemberCode> {
    prop::sample::select(vec![code("370000"), code("370100"), code("370200")])
}

fn any_ordinal() -> impl Strategy<Value = Ordinal> {
    (0_u32..7).prop_map(Ordinal)
}

/// Any action, on the members above and low ordinals.
pub(crate) fn any_action() -> impl Strategy<Value = Action> {
    let target = prop_oneof![
        any_ordinal().prop_map(EraseTarget::Event),
        any::<[u8; 32]>().prop_map(|hash| EraseTarget::Leaf(LeafHash(hash)))
    ];
    prop_oneof![
        any_member().prop_map(|keeper| Action::New { keeper }),
        any_ordinal().prop_map(|cites| Action::Correct { cites }),
        any_ordinal().prop_map(|cites| Action::Void { cites }),
        any_ordinal().prop_map(|cites| Action::Attach { cites }),
        any_ordinal().prop_map(|end| Action::Reopen(Step::Propose(end))),
        any_ordinal().prop_map(|cites| Action::Reopen(Step::Approve(cites))),
        any_member().prop_map(|to| Action::Transfer(Step::Propose(to))),
        any_ordinal().prop_map(|cites| Action::Transfer(Step::Approve(cites))),
        target.prop_map(|target| Action::Erase(Step::Propose(target))),
        any_ordinal().prop_map(|cites| Action::Erase(Step::Approve(cites))),
        prop::sample::select(vec![
            Action::Renew,
            Action::Dissolve,
            Action::Terminate,
            Action::Employer,
            Action::Amend,
            Action::Suspend,
            Action::Resume,
        ]),
    ]
}

/// Any state, also such as no fold reaches.
pub(crate) fn any_state() -> impl Strategy<Value = State> {
    let status =
        prop::sample::select(vec![Status::Active, Status::Suspended, Status::Ended, Status::Void, Status::Registered]);
    let numbers = (prop_oneof![4 => 1_u32..7, 1 => Just(u32::MAX)], any::<u64>(), any_ordinal());
    let opens = (prop::option::of(any_ordinal()), any_open(), any_open());
    (status, any_member(), numbers, any::<[u8; 32]>(), opens).prop_map(
        |(status, keeper, (count, index, last_new), history, (ended_by, by_keeper, by_province))| State {
            status,
            keeper,
            count,
            history: HistoryHash(history),
            last_index: LogIndex(index),
            last_new,
            ended_by,
            by_keeper,
            by_province,
        },
    )
}

fn any_open() -> impl Strategy<Value = Option<Open>> {
    let kind = prop_oneof![
        any_ordinal().prop_map(OpenKind::Reopen),
        any_member().prop_map(OpenKind::Transfer),
        Just(OpenKind::Erase)
    ];
    prop::option::of((any_ordinal(), kind).prop_map(|(ordinal, kind)| Open { ordinal, kind }))
}
