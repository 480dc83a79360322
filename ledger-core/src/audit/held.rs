//! The contract states that an audit folds into.

use super::judged::Scope;
use crate::chain::{Act, Folding, Overlay, Trace};
use crate::contract::Roles;
use crate::map::{ContractMap, Table};
use crate::merkle::LogIndex;
use crate::names::MapRoot;
use rayon::prelude::*;
use std::sync::Arc;

/// States, hashed as often as the audit wants.
#[derive(Clone, Default)]
pub(super) enum Held {
    /// Hashed once, at the tip; with a queue for each shard, kept for its room.
    Table(Table, Vec<Vec<Act>>),
    /// Hashed at every block.
    Map(ContractMap),
    /// They are not here.
    #[default]
    Unknown,
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
        let traces = folding.fold(&mut overlay);
        let staged = map.stage(overlay.into_changes());
        map.commit(staged);
        Some((map.root(), traces))
    }

    /// Folds many blocks at once, where no root is computed between them: each shard of the table
    /// takes its own events, in order. Gives what became of the events of each block, if that is `wanted`.
    pub(super) fn fold_all(&mut self, blocks: &[&Folding<'_>], wanted: bool) -> Vec<Vec<Trace>> {
        let Self::Table(table, queues) = self else { return Vec::new() };
        // One membership judges a run of blocks, and gives the roles of all their events.
        let runs = blocks.chunk_by(|a, b| Arc::ptr_eq(a.membership(), b.membership()));
        let folded: Vec<_> = runs.flat_map(|run| fold_run(table, queues, run, wanted)).collect();
        if wanted { in_order(blocks, folded) } else { Vec::new() }
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

/// Folds blocks that one membership judges. Gives what became of each contract event, in any order, if that is
/// `wanted`.
fn fold_run(
    table: &mut Table,
    queues: &mut Vec<Vec<Act>>,
    run: &[&Folding<'_>],
    wanted: bool,
) -> Vec<(LogIndex, Trace)> {
    let Some(roles) = run.first().map(|folding| Roles::of(folding.membership())) else { return Vec::new() };
    let queued: Vec<Vec<Act>> = run.par_iter().map(|folding| folding.acts().collect()).collect();
    let shards = table.shards_mut();
    queues.resize_with(shards.len(), Vec::new);
    for act in queued.into_iter().flatten() {
        if let Some(queue) = queues.get_mut(Table::shard_of(&act.key)) {
            queue.push(act);
        }
    }
    let folded = shards.par_iter_mut().zip(queues).flat_map_iter(|(shard, queue)| {
        let folded = queue.drain(..).map(|act| (act.index, act.fold(&roles, shard)));
        if wanted {
            return folded.collect();
        }
        folded.for_each(drop);
        Vec::new()
    });
    folded.collect()
}

/// What became of the events of each block: of the contract events as they were `folded`, in any order, of the others
/// as it is known.
fn in_order(blocks: &[&Folding<'_>], mut folded: Vec<(LogIndex, Trace)>) -> Vec<Vec<Trace>> {
    let known = blocks.iter().flat_map(|folding| folding.done());
    folded.extend(known.map(|(index, outcome)| (index, Trace::from(outcome))));
    folded.par_sort_unstable_by_key(|(index, _)| *index);
    let mut traces = folded.into_iter().map(|(_, trace)| trace);
    blocks.iter().map(|folding| traces.by_ref().take(folding.events()).collect()).collect()
}
