//! The contract states that an audit folds into.

use super::judged::Scope;
use super::shards::Shards;
use crate::chain::{Folding, Overlay, Trace};
use crate::map::ContractMap;
use crate::names::MapRoot;

/// States, hashed as often as the audit wants.
#[derive(Clone, Default)]
pub(super) enum Held {
    /// Hashed once, at the tip.
    Table(Shards),
    /// Hashed at every block.
    Map(ContractMap),
    /// They are not here.
    #[default]
    Unknown,
}

impl Held {
    pub(super) fn new(map: ContractMap, scope: Scope) -> Self {
        match scope {
            Scope::Tip => Self::Table(Shards::of(&map)),
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

    /// Folds many blocks at once, where no root is computed between them. Gives what became of the events of each
    /// block, if that is `wanted`.
    pub(super) fn fold_all(&mut self, blocks: &[&Folding<'_>], wanted: bool) -> Vec<Vec<Trace>> {
        let Self::Table(shards) = self else { return Vec::new() };
        shards.fold(blocks, wanted)
    }

    /// The root of all states, and how many there are; none where they are not here.
    pub(super) fn root(&mut self) -> Option<(MapRoot, u64)> {
        match self {
            Self::Table(shards) => Some(shards.take_root()),
            Self::Map(map) => Some((map.root(), map.len())),
            Self::Unknown => None,
        }
    }
}
