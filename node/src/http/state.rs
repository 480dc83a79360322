//! How a node stands, as one word: the worst of what is known of it.

use super::ready::Reason;
use serde::{Deserialize, Serialize};

/// How a node stands. A later one is worse than all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has power, and takes part.
    Voting,
    /// It has no power, and follows.
    Replica,
    /// Others have blocks that it lacks.
    Behind,
    /// Its clock is further from the others' than the chain tolerates.
    Clock,
    /// It has power, and does not vote.
    Silent,
    /// It takes no messages in.
    Closed,
    /// It hears no more than two thirds of the power.
    Unreachable,
    /// The membership has no such node, or has it with other keys.
    NoMember,
    /// It goes no further: its own computation contradicts a certified block, a protocol holds that it does not know,
    /// or a height stands still although enough of the power is heard.
    Halted,
    /// Two chains are certified.
    Forked,
}

impl State {
    /// Every state, from the best to the worst.
    pub const ALL: [Self; 10] = [
        Self::Voting,
        Self::Replica,
        Self::Behind,
        Self::Clock,
        Self::Silent,
        Self::Closed,
        Self::Unreachable,
        Self::NoMember,
        Self::Halted,
        Self::Forked,
    ];

    /// Its stable name, in JSON and as a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Voting => "voting",
            Self::Replica => "replica",
            Self::Behind => "behind",
            Self::Clock => "clock",
            Self::Silent => "silent",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
            Self::NoMember => "no_member",
            Self::Halted => "halted",
            Self::Forked => "forked",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Voting => "voting",
            Self::Replica => "replica",
            Self::Behind => "behind",
            Self::Clock => "wrong clock",
            Self::Silent => "silent",
            Self::Closed => "takes no messages",
            Self::Unreachable => "unreachable",
            Self::NoMember => "no member",
            Self::Halted => "halted",
            Self::Forked => "FORKED",
        }
    }

    /// Whether a node that stands so is of use: it votes, or has no vote and follows.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        match self {
            Self::Voting | Self::Replica => true,
            Self::Behind
            | Self::Clock
            | Self::Silent
            | Self::Closed
            | Self::Unreachable
            | Self::NoMember
            | Self::Halted
            | Self::Forked => false,
        }
    }
}

/// What is known of a node: for each trouble why it is in it; none where it is not.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The membership in force gives it power.
    pub(super) has_power: bool,
    pub(super) forked: Option<Reason>,
    pub(super) halted: Option<Reason>,
    pub(super) no_member: Option<Reason>,
    pub(super) unreachable: Option<Reason>,
    pub(super) closed: Option<Reason>,
    /// Why it signs nothing, whatever its power.
    pub(super) silent: Option<Reason>,
    pub(super) clock: Option<Reason>,
    pub(super) behind: Option<Reason>,
}

/// How a node stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The worst of all.
    pub(crate) state: State,
    /// All that are true, the worst first.
    pub(crate) all: Vec<State>,
    /// Why it is not well, the worst first.
    pub(crate) reasons: Vec<Reason>,
}

impl Standing {
    /// Judges what is known. A node votes only where nothing says otherwise: what has forked, halted or left the
    /// membership votes no more.
    pub(super) fn of(facts: Facts) -> Self {
        let Facts { has_power, forked, halted, no_member, unreachable, closed, silent, clock, behind } = facts;
        let silent = silent.filter(|_| has_power);
        let own = if forked.is_some() {
            State::Forked
        } else if halted.is_some() {
            State::Halted
        } else if no_member.is_some() {
            State::NoMember
        } else if !has_power {
            State::Replica
        } else if silent.is_some() {
            State::Silent
        } else {
            State::Voting
        };
        let troubles = [forked, halted, no_member, unreachable, closed, silent, clock, behind];
        let reasons: Vec<_> = troubles.into_iter().flatten().collect();
        let mut all: Vec<_> = reasons.iter().map(|reason| reason.state).chain([own]).collect();
        all.sort_unstable_by(|one, other| other.cmp(one));
        all.dedup();
        Self { state: all.iter().copied().fold(own, State::max), all, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TROUBLES: [State; 8] = [
        State::Forked,
        State::Halted,
        State::NoMember,
        State::Unreachable,
        State::Closed,
        State::Silent,
        State::Clock,
        State::Behind,
    ];

    /// Each combination of troubles, with power and without.
    fn combinations() -> impl Iterator<Item = (bool, Vec<State>)> {
        (0..1_u32 << 9).map(|bits| {
            let chosen = |(place, state): (usize, State)| (bits >> place & 1 == 1).then_some(state);
            (bits >> 8 == 1, TROUBLES.into_iter().enumerate().filter_map(chosen).collect())
        })
    }

    fn facts(has_power: bool, troubles: &[State]) -> Facts {
        let of = |state| {
            troubles.contains(&state).then(|| Reason {
                state,
                code: String::new(),
                en: String::new(),
                zh: String::new(),
            })
        };
        let [forked, halted, no_member, unreachable, closed, silent, clock, behind] = TROUBLES.map(of);
        Facts { has_power, forked, halted, no_member, unreachable, closed, silent, clock, behind }
    }

    #[test]
    fn the_worst_is_the_state_and_all_are_listed() {
        for (has_power, troubles) in combinations() {
            let standing = Standing::of(facts(has_power, &troubles));
            let is = |state| troubles.contains(&state);
            // Without power nobody is missed where it does not vote.
            let told: Vec<_> = troubles.iter().copied().filter(|state| *state != State::Silent || has_power).collect();
            let ended = [State::Forked, State::Halted, State::NoMember].into_iter().any(is);
            let part = match (ended, has_power, is(State::Silent)) {
                (true, _, _) | (false, true, true) => None,
                (false, true, false) => Some(State::Voting),
                (false, false, _) => Some(State::Replica),
            };
            let all: Vec<_> = told.iter().copied().chain(part).collect();
            assert_eq!(standing.all, all, "{has_power}, {troubles:?}");
            assert_eq!(standing.reasons.iter().map(|reason| reason.state).collect::<Vec<_>>(), told);
            assert_eq!(Some(standing.state), all.first().copied(), "{has_power}, {troubles:?}");
            assert_eq!(standing.state.is_ready(), told.is_empty(), "{has_power}, {troubles:?}");
            assert!(!(standing.all.contains(&State::Voting) && (ended || is(State::Silent) || !has_power)));
        }
    }

    #[test]
    fn states_have_names_of_their_own_and_an_order() {
        assert!(State::ALL.is_sorted());
        let names: std::collections::BTreeSet<_> = State::ALL.map(State::name).into();
        assert_eq!(names.len(), State::ALL.len());
        for state in State::ALL {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{}\"", state.name()));
        }
    }
}
