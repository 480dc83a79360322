//! The contract states that an audit folds into.

use super::judged::Scope;
use crate::chain::{self, HashedBlock, Head, Overlay, Place, States, Trace};
use crate::contract::State;
use crate::event::{Action, ContractEvent, Event};
use crate::map::{ContractMap, MapKey, Table};
use crate::names::MapRoot;
use crate::outcome::Outcome;
use rayon::prelude::*;

/// States, hashed as often as the audit wants.
#[derive(Clone, Default)]
pub(super) enum Held {
    /// Hashed once, at the tip; with a queue for each shard, kept for its room.
    Table(Table, Vec<Vec<Queued>>),
    /// Hashed at every block.
    Map(ContractMap),
    /// They are not here.
    #[default]
    Unknown,
}

/// A block whose events are to be folded, with the head below it.
#[derive(Clone, Copy)]
pub(super) struct Folding<'a> {
    pub(super) below: &'a Head,
    pub(super) block: &'a HashedBlock,
    pub(super) governed: &'a [Outcome],
}

impl<'a> Folding<'a> {
    fn events(&self) -> impl Iterator<Item = (Place, &'a Event)> + use<'a> {
        chain::placed(self.below, &self.block.body().submissions, self.block.leaves())
    }
}

/// A contract event that waits for its shard, with all that the fold is told of it: so a shard reads its
/// queue from front to back, and goes to no block.
#[derive(Clone, Copy)]
pub(super) struct Queued {
    key: MapKey,
    place: Place,
    action: Action,
}

impl Queued {
    /// The event, where it is a contract's.
    fn of((place, event): (Place, &Event)) -> Option<Self> {
        let ContractEvent { subject, action, .. } = event.as_contract()?;
        Some(Self { key: MapKey::of(subject), place, action: *action })
    }
}

/// States that are folded elsewhere.
struct Elsewhere;

impl States for Elsewhere {
    fn update(&mut self, _: MapKey, _: impl FnOnce(Option<&State>) -> Option<State>) {}
}

impl Held {
    pub(super) fn new(map: ContractMap, scope: Scope) -> Self {
        match scope {
            Scope::Tip => Self::Table(map.iter().copied().collect(), Vec::new()),
            Scope::Every => Self::Map(map),
        }
    }

    /// Folds a block, where the map's root is computed at every block; gives that root, and what became of
    /// the events.
    pub(super) fn fold(&mut self, folding: &Folding<'_>) -> Option<(MapRoot, Vec<Trace>)> {
        let Self::Map(map) = self else { return None };
        let mut overlay = Overlay::over(map);
        let traces = chain::fold(folding.events(), folding.governed, &mut overlay);
        let staged = map.stage(overlay.into_changes());
        map.commit(staged);
        Some((map.root(), traces))
    }

    /// Folds many blocks at once, where no root is computed between them: each shard of the table
    /// takes its own events, in order. Gives what became of the events of each block, if that is `wanted`.
    pub(super) fn fold_all(&mut self, blocks: &[Folding<'_>], wanted: bool) -> Vec<Vec<Trace>> {
        let Self::Table(table, queues) = self else { return Vec::new() };
        let queued: Vec<Vec<Queued>> =
            blocks.par_iter().map(|block| block.events().filter_map(Queued::of).collect()).collect();
        let shards = table.shards_mut();
        queues.resize_with(shards.len(), Vec::new);
        for event in queued.into_iter().flatten() {
            if let Some(queue) = queues.get_mut(Table::shard_of(&event.key)) {
                queue.push(event);
            }
        }
        let folded = shards.par_iter_mut().zip(queues).map(|(shard, queue)| {
            let folded = queue.drain(..).map(|Queued { key, place, action }| (place, place.fold(key, &action, shard)));
            if wanted {
                return folded.collect();
            }
            folded.for_each(drop);
            Vec::new()
        });
        let folded: Vec<Vec<(Place, Trace)>> = folded.collect();
        if wanted { in_order(blocks, folded.into_iter().flatten()) } else { Vec::new() }
    }

    /// The root of all states, and how many there are; none where they are not here.
    pub(super) fn root(&mut self) -> Option<(MapRoot, u64)> {
        match self {
            Self::Table(table, _) => {
                let subjects = table.len();
                Some((std::mem::take(table).into_root(), subjects))
            }
            Self::Map(map) => Some((map.root(), map.len())),
            Self::Unknown => None,
        }
    }
}

/// What became of the events of each block, where that of the contract events comes in any order.
fn in_order(blocks: &[Folding<'_>], folded: impl Iterator<Item = (Place, Trace)>) -> Vec<Vec<Trace>> {
    let others = |block: &Folding<'_>| chain::fold(block.events(), block.governed, &mut Elsewhere);
    let mut traces: Vec<_> = blocks.par_iter().map(others).collect();
    for (place, trace) in folded {
        let block = blocks.partition_point(|block| block.below.first_index() <= place.index()).saturating_sub(1);
        let Some(first) = blocks.get(block).map(|block| block.below.first_index()) else { continue };
        let event = usize::try_from(place.index().0.saturating_sub(first.0)).unwrap_or(usize::MAX);
        let held = traces.get_mut(block).and_then(|traces| traces.get_mut(event));
        held.into_iter().for_each(|held| *held = trace);
    }
    traces
}
