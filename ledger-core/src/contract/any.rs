//! Arbitrary states, actors and the parts of actions, for properties. Actions themselves are drawn from their table.

use super::*;
use crate::fixture::code;
use crate::merkle::{LeafHash, LogIndex};
use crate::names::{MemberCode, Ordinal};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The province, two cities, and one that was removed, whose heir is the second city.
pub(crate) const CODES: [&str; 4] = ["370000", "370100", "370200", "371200"];

/// The roles of those, and of a third city.
pub(crate) static ROLES: LazyLock<Roles> = LazyLock::new(|| {
    let members = ["370000", "370100", "370200", "370300"].map(code);
    Roles::new(code("370000"), &members, &[(code("371200"), code("370200"))])
});

/// The province, or one of the two cities: a removed member acts no more.
pub(crate) fn any_actor() -> impl Strategy<Value = Actor<'static>> {
    prop::sample::select(&CODES[..3]).prop_map(|member| ROLES.actor(code(member)))
}

impl Arbitrary for MemberCode {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;
    fn arbitrary_with((): ()) -> Self::Strategy {
        prop::sample::select(&CODES[..]).prop_map(code).boxed()
    }
}

/// Low ordinals, so that they meet.
impl Arbitrary for Ordinal {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;
    fn arbitrary_with((): ()) -> Self::Strategy {
        (0_u32..7).prop_map(Self).boxed()
    }
}

impl Arbitrary for LeafHash {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;
    fn arbitrary_with((): ()) -> Self::Strategy {
        any::<[u8; 32]>().prop_map(Self).boxed()
    }
}

/// A count: low, or where room ends for all but the province, or for the province too.
fn any_count() -> impl Strategy<Value = u32> {
    let ends = [u32::MAX - 65_536, u32::MAX - 65_535, u32::MAX - 1, u32::MAX];
    prop_oneof![4 => 1_u32..7, 1 => prop::sample::select(ends.to_vec())]
}

/// Any state, also such as no fold reaches.
pub(crate) fn any_state() -> impl Strategy<Value = State> {
    let numbers = (any_count(), any::<u64>(), any::<Ordinal>());
    let opens = (any::<Option<Ordinal>>(), any_open(), any_open());
    (any::<Status>(), any::<MemberCode>(), numbers, any::<[u8; 32]>(), opens).prop_map(
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
    prop::option::of(any::<(Ordinal, OpenKind)>().prop_map(|(ordinal, kind)| Open { ordinal, kind }))
}
