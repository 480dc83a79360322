//! Stand-in until the module comes.
use crate::contract::State;
use crate::crypto::{Domain, Hasher, Suite, hash_newtype};
use crate::lookup::Subject;
use std::collections::BTreeMap;
hash_newtype! {
    /// Key.
    MapKey
}
hash_newtype! {
    /// Root.
    MapRoot
}
impl MapRoot {
    /// Of nothing.
    pub const EMPTY: Self = Self([0; 32]);
}
impl MapKey {
    /// Of a subject.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        Self(Hasher::new(Domain::MapKey, Suite::Ed25519Sha256).bytes(subject).finish())
    }
}
/// Table.
#[derive(Clone, Debug, Default)]
pub struct Table(BTreeMap<MapKey, State>);
#[allow(missing_docs, reason = "stand-in")]
impl Table {
    #[must_use]
    pub fn get(&self, k: &MapKey) -> Option<&State> {
        self.0.get(k)
    }
    pub fn insert(&mut self, k: MapKey, s: State) {
        self.0.insert(k, s);
    }
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
    #[must_use]
    pub fn root(&self) -> MapRoot {
        if self.0.is_empty() {
            return MapRoot::EMPTY;
        }
        let mut h = Hasher::new(Domain::MapNode, Suite::Ed25519Sha256);
        for (k, s) in &self.0 {
            h = h.bytes(k).bytes(s.hash());
        }
        MapRoot(h.finish())
    }
}
/// Map.
#[derive(Clone, Debug, Default)]
pub struct ContractMap(Table);
/// Staged.
#[derive(Clone, Debug)]
pub struct Staged(Table, MapRoot);
#[allow(missing_docs, reason = "stand-in")]
impl Staged {
    #[must_use]
    pub fn root(&self) -> MapRoot {
        self.1
    }
}
#[allow(missing_docs, reason = "stand-in")]
impl ContractMap {
    #[must_use]
    pub fn from_table(t: Table) -> Self {
        Self(t)
    }
    #[must_use]
    pub fn get(&self, k: &MapKey) -> Option<&State> {
        self.0.get(k)
    }
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
    #[must_use]
    pub fn root(&self) -> MapRoot {
        self.0.root()
    }
    #[must_use]
    pub fn stage(&self, c: Vec<(MapKey, State)>) -> Staged {
        let mut t = self.0.clone();
        for (k, s) in c {
            t.insert(k, s);
        }
        let r = t.root();
        Staged(t, r)
    }
    pub fn commit(&mut self, s: Staged) {
        self.0 = s.0;
    }
}
