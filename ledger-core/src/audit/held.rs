//! The contract states that an audit folds into.

use crate::audit::Scope;
use crate::chain::{self, HashedBlock, Head, Overlay, States};
use crate::contract::{Outcome, State};
use crate::map::{ContractMap, MapKey, MapRoot, Table};
use crate::merkle::LogIndex;

/// States, hashed as often as the audit wants.
pub(super) enum Held {
    /// Hashed once, at the tip.
    Table(Table),
    /// Hashed at every block.
    Map(ContractMap),
    /// They are not here.
    Unknown,
}

impl States for Table {
    fn state(&self, key: &MapKey) -> Option<State> {
        self.get(key).copied()
    }
    fn set(&mut self, key: MapKey, state: State) {
        self.insert(key, state);
    }
}

impl Held {
    pub(super) fn new(table: Table, scope: Scope) -> Self {
        match scope {
            Scope::Tip => Self::Table(table),
            Scope::Every => Self::Map(ContractMap::from_table(table)),
        }
    }

    pub(super) const fn is_hashed(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    /// Folds a block; gives the map's root after it where it is computed at every block.
    pub(super) fn fold(
        &mut self,
        below: &Head,
        first: LogIndex,
        block: &HashedBlock,
        governed: &[Outcome],
    ) -> Option<MapRoot> {
        let submissions = &block.body().submissions;
        let governed = governed.to_vec();
        match self {
            Self::Table(table) => {
                chain::fold(below, first, submissions, block.leaves(), governed, table);
                None
            }
            Self::Map(map) => {
                let mut overlay = Overlay::over(map);
                chain::fold(below, first, submissions, block.leaves(), governed, &mut overlay);
                let staged = map.stage(overlay.into_changes());
                map.commit(staged);
                Some(map.root())
            }
            Self::Unknown => None,
        }
    }

    /// The root of all states, from scratch; none where they are not here.
    pub(super) fn root(&self) -> Option<MapRoot> {
        match self {
            Self::Table(table) => Some(table.root()),
            Self::Map(map) => Some(map.root()),
            Self::Unknown => None,
        }
    }

    /// How many contracts and employers there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Table(table) => table.len() as u64,
            Self::Map(map) => map.len() as u64,
            Self::Unknown => 0,
        }
    }
}
