//! The fold of many blocks on all cores: speed only, equal to [`Folding::fold`] block by block, by test. Each shard of
//! the states takes its own events, in order.

use crate::chain::{Act, Folding, Trace};
use crate::contract::Roles;
use crate::map::{ContractMap, Table};
use crate::merkle::LogIndex;
use crate::names::MapRoot;
use rayon::prelude::*;
use std::sync::Arc;

/// States in shards, with a queue for each, kept for its room.
#[derive(Clone)]
pub(super) struct Shards {
    table: Table,
    queues: Vec<Vec<Act>>,
}

impl Shards {
    /// The states of a map.
    pub(super) fn of(map: &ContractMap) -> Self {
        Self { table: map.iter().copied().collect(), queues: Vec::new() }
    }

    /// Folds blocks. Gives what became of the events of each, if that is `wanted`.
    pub(super) fn fold(&mut self, blocks: &[&Folding<'_>], wanted: bool) -> Vec<Vec<Trace>> {
        let Self { table, queues } = self;
        // One membership judges a run of blocks, and gives the roles of all their events.
        let runs = blocks.chunk_by(|a, b| Arc::ptr_eq(&a.membership, &b.membership));
        let folded: Vec<_> = runs.flat_map(|run| fold_run(table, queues, run, wanted)).collect();
        if wanted { in_order(blocks, folded) } else { Vec::new() }
    }

    /// The root of all states, and how many there are; then there are none.
    pub(super) fn take_root(&mut self) -> (MapRoot, u64) {
        let subjects = self.table.len();
        (std::mem::take(&mut self.table).into_root(), subjects)
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
    let Some(roles) = run.first().map(|folding| Roles::of(&folding.membership)) else { return Vec::new() };
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
    blocks.iter().map(|folding| traces.by_ref().take(folding.deeds.len()).collect()).collect()
}
