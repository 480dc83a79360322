//! The contract states that an audit folds into.

use crate::audit::Scope;
use crate::chain::{self, HashedBlock, Head, Overlay};
use crate::contract::Outcome;
use crate::map::{ContractMap, MapRoot};
use crate::merkle::LogIndex;

/// The contract map, whose hashes are computed as often as the audit wants.
#[derive(Clone)]
pub(super) struct Held {
    /// None where its states at the foot are not here.
    map: Option<ContractMap>,
    scope: Scope,
}

impl Held {
    pub(super) const fn new(map: Option<ContractMap>, scope: Scope) -> Self {
        Self { map, scope }
    }

    /// Whether a root is computed at every block.
    pub(super) fn is_hashed(&self) -> bool {
        self.map.is_some() && self.scope == Scope::Every
    }

    /// Folds a block; gives the map's root after it where it is computed at every block.
    pub(super) fn fold(
        &mut self,
        below: &Head,
        first: LogIndex,
        block: &HashedBlock,
        governed: &[Outcome],
    ) -> Option<MapRoot> {
        let map = self.map.as_mut()?;
        let mut overlay = Overlay::over(map);
        let submissions = &block.body().submissions;
        chain::fold(below, first, submissions, block.leaves(), governed.to_vec(), &mut overlay);
        let changes = overlay.into_changes();
        map.set(changes);
        (self.scope == Scope::Every).then(|| map.root())
    }

    /// The root of all states; none where they are not here.
    pub(super) fn root(&self) -> Option<MapRoot> {
        self.map.as_ref().map(ContractMap::root)
    }

    /// How many contracts and employers there are.
    pub(super) fn len(&self) -> u64 {
        self.map.as_ref().map_or(0, ContractMap::len)
    }
}
