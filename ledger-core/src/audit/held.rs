//! The contract states that an audit folds into.

use crate::audit::Scope;
use crate::chain::{self, HashedBlock, Head, Overlay, Placed, States};
use crate::contract::{Outcome, State};
use crate::event::{ContractEvent, Event};
use crate::map::{ContractMap, MapKey, MapRoot, Shard, Table};
use crate::merkle::LogIndex;
use rayon::prelude::*;

/// States, hashed as often as the audit wants.
#[derive(Clone, Default)]
pub(super) enum Held {
    /// Hashed once, at the tip.
    Table(Table),
    /// Hashed at every block.
    Map(ContractMap),
    /// They are not here.
    #[default]
    Unknown,
}

/// A block whose events are to be folded, with the head below it and the log index of its first
/// event.
pub(super) struct Folding<'a> {
    pub(super) below: &'a Head,
    pub(super) first: LogIndex,
    pub(super) block: &'a HashedBlock,
    pub(super) governed: &'a [Outcome],
}

impl<'a> Folding<'a> {
    fn events(&self) -> impl Iterator<Item = Placed<'a>> + use<'a> {
        chain::placed(self.below, self.first, &self.block.body().submissions, self.block.leaves())
    }
}

impl States for Shard {
    fn state(&self, key: &MapKey) -> Option<State> {
        self.get(key).copied()
    }
    fn set(&mut self, key: MapKey, state: State) {
        self.insert(key, state);
    }
}

impl Held {
    pub(super) fn new(map: ContractMap, scope: Scope) -> Self {
        match scope {
            Scope::Tip => Self::Table(map.iter().copied().collect()),
            Scope::Every => Self::Map(map),
        }
    }

    pub(super) const fn is_hashed(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    /// Folds a block; gives the map's root after it where it is computed at every block.
    pub(super) fn fold(&mut self, folding: &Folding<'_>) -> Option<MapRoot> {
        let Self::Map(map) = self else { return None };
        let mut overlay = Overlay::over(map);
        chain::fold(folding.events(), folding.governed, &mut overlay);
        let staged = map.stage(overlay.into_changes());
        map.commit(staged);
        Some(map.root())
    }

    /// Folds many blocks at once, where no root is computed between them: each shard of the table
    /// takes its own events, in order.
    pub(super) fn fold_all(&mut self, blocks: &[Folding<'_>]) {
        let Self::Table(table) = self else { return };
        let keyed: Vec<Vec<Keyed<'_>>> =
            blocks.par_iter().map(|block| block.events().filter_map(key).collect()).collect();
        let shards = table.shards_mut();
        let mut queues: Vec<Vec<Keyed<'_>>> = vec![Vec::new(); shards.len()];
        for event in keyed.into_iter().flatten() {
            if let Some(queue) = queues.get_mut(Table::shard_of(&event.0)) {
                queue.push(event);
            }
        }
        shards.par_iter_mut().zip(queues).for_each(|(shard, queue)| {
            for (key, placed, event) in queue {
                placed.fold(key, event, shard);
            }
        });
    }

    /// The root of all states, and how many there are; none where they are not here.
    pub(super) fn into_root(self) -> Option<(MapRoot, u64)> {
        match self {
            Self::Table(table) => {
                let subjects = table.len();
                Some((table.into_root(), subjects))
            }
            Self::Map(map) => Some((map.root(), map.len())),
            Self::Unknown => None,
        }
    }
}

type Keyed<'a> = (MapKey, Placed<'a>, &'a ContractEvent);

fn key(placed: Placed<'_>) -> Option<Keyed<'_>> {
    match placed.event {
        Event::Contract(event) => Some((MapKey::of(&event.subject), placed, event)),
        Event::Propose(_) | Event::Approve(_) | Event::Evidence(_) | Event::Anchor(_) => None,
    }
}
