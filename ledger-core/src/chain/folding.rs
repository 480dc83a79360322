//! The fold of a block: its contract events into the states of their subjects, and what became of each event
//! (format.md §13).

use crate::contract::{Roles, State, step};
use crate::event::{Action, ContractEvent};
use crate::map::{ContractMap, MapKey, Shard};
use crate::membership::Membership;
use crate::merkle::{LeafHash, LogIndex};
use crate::names::MemberCode;
use crate::outcome::Outcome;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The states that a fold reads and writes.
pub(crate) trait States {
    /// Hands the state of a subject, by its key in the map, to `step`, and sets it to the one that this gives; none
    /// leaves it as it is. Gives what `step` says beside it.
    fn update<T>(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> (Option<State>, T)) -> T;
}

impl States for Shard {
    fn update<T>(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> (Option<State>, T)) -> T {
        Self::update(self, key, step)
    }
}

/// States of the map with the changes of one block over them.
pub(crate) struct Overlay<'a> {
    map: &'a ContractMap,
    changed: BTreeMap<MapKey, State>,
}

impl<'a> Overlay<'a> {
    pub(crate) const fn over(map: &'a ContractMap) -> Self {
        Self { map, changed: BTreeMap::new() }
    }

    /// What changed, in order of keys.
    pub(crate) fn into_changes(self) -> Vec<(MapKey, State)> {
        self.changed.into_iter().collect()
    }
}

impl States for Overlay<'_> {
    fn update<T>(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> (Option<State>, T)) -> T {
        let (after, told) = step(self.changed.get(&key).or_else(|| self.map.get(&key)));
        self.changed.extend(after.map(|state| (key, state)));
        told
    }
}

/// What became of one event, for the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Applied, recorded, or refused with a code.
    pub outcome: Outcome,
    /// Log index of the entry that touched the same subject before; none for the first, and for an
    /// event that leaves no trace in a state.
    pub previous: Option<LogIndex>,
}

impl From<Outcome> for Trace {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, previous: None }
    }
}

/// What the fold does with an event.
#[derive(Clone, Copy)]
pub(crate) enum Deed<'a> {
    /// It folds a contract event, for the member that submitted it.
    Contract(MemberCode, &'a ContractEvent),
    /// Nothing: what became of the event is known.
    Done(Outcome),
}

impl From<Outcome> for Deed<'_> {
    fn from(outcome: Outcome) -> Self {
        Self::Done(outcome)
    }
}

/// A contract event with all that the fold is told of it. It owns that, so that it may wait for its turn apart from
/// its block.
#[derive(Clone, Copy)]
pub(crate) struct Act {
    pub(crate) key: MapKey,
    pub(crate) index: LogIndex,
    actor: MemberCode,
    action: Action,
    leaf: LeafHash,
}

impl Act {
    fn new(index: LogIndex, leaf: &LeafHash, actor: MemberCode, event: &ContractEvent) -> Self {
        Self { key: MapKey::of(&event.subject), index, actor, action: event.action, leaf: *leaf }
    }

    /// Folds it into the state of its subject.
    pub(crate) fn fold(&self, roles: &Roles, states: &mut impl States) -> Trace {
        states.update(self.key, |before| {
            let folded = step(before, roles.actor(self.actor), &self.action, &self.leaf, self.index);
            let previous = folded.state.and(before).map(|state| state.last_index);
            (folded.state, Trace { outcome: folded.outcome, previous })
        })
    }
}

/// A block whose events are to be folded.
pub(crate) struct Folding<'a> {
    /// The membership that judges it.
    pub(crate) membership: Arc<Membership>,
    /// Log index of its first event.
    pub(super) first: LogIndex,
    /// One an event, in order.
    pub(crate) deeds: Vec<Deed<'a>>,
    /// The events' leaf hashes, in order.
    pub(super) leaves: &'a [LeafHash],
}

impl Folding<'_> {
    /// Its events in order, each with its place in the log.
    fn placed(&self) -> impl Iterator<Item = (LogIndex, &LeafHash, &Deed<'_>)> {
        let places = (self.first.0..).map(LogIndex).zip(self.leaves);
        places.zip(&self.deeds).map(|((index, leaf), deed)| (index, leaf, deed))
    }

    /// What is to be folded.
    pub(crate) fn acts(&self) -> impl Iterator<Item = Act> {
        self.placed().filter_map(|(index, leaf, deed)| match deed {
            Deed::Contract(actor, event) => Some(Act::new(index, leaf, *actor, event)),
            Deed::Done(_) => None,
        })
    }

    /// What became of the events that are not folded.
    pub(crate) fn done(&self) -> impl Iterator<Item = (LogIndex, Outcome)> {
        self.placed().filter_map(|(index, _, deed)| match deed {
            Deed::Contract(..) => None,
            Deed::Done(outcome) => Some((index, *outcome)),
        })
    }

    /// Folds its contract events in order, and gives what became of each of its events.
    pub(crate) fn fold(&self, states: &mut impl States) -> Vec<Trace> {
        let roles = Roles::of(&self.membership);
        let trace = |(index, leaf, deed): (LogIndex, &LeafHash, &Deed<'_>)| match deed {
            Deed::Contract(actor, event) => Act::new(index, leaf, *actor, event).fold(&roles, states),
            Deed::Done(outcome) => Trace::from(*outcome),
        };
        self.placed().map(trace).collect()
    }
}

#[cfg(any(test, feature = "fixture"))]
impl<'a> Folding<'a> {
    /// The fold of a block whose streams do not hold: what nobody submitted is not folded, and nothing is governed.
    pub(crate) fn forged(head: &super::Head, block: &'a super::HashedBlock) -> Self {
        use crate::event::Event;
        let mut deeds = Vec::new();
        for submission in &block.body.submissions {
            let owner = head.membership().node(submission.stream).map(|(member, _)| member.code);
            deeds.extend(submission.events.iter().map(|event| match (owner, event) {
                (Some(owner), Event::Contract(event)) => Deed::Contract(owner, event),
                (None, Event::Contract(_))
                | (_, Event::Propose(_) | Event::Approve(_) | Event::Evidence(_) | Event::Anchor(_)) => {
                    Deed::Done(Outcome::Recorded)
                }
            }));
        }
        let membership = Arc::clone(head.membership());
        Self { membership, first: head.first_index(), deeds, leaves: &block.content.leaves }
    }
}
