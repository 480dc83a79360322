//! The contract map: one root over the state of every subject after a block.
//!
//! Its root stands in the header. Under it a proof shows the state of a contract (and, since the
//! state counts and chains its events, that these are all of them), or that a contract is unknown.
//! `rule` and `proof` are the promise. All else stands in `fast`: ways to hold the map, which are no
//! part of it.

mod fast;
mod proof;
mod rule;
#[cfg(test)]
mod tests;

pub use fast::{ContractMap, Shard, Staged, Table, root_of_parallel};
pub use proof::{End, MapProof, MapProofError, Shown};
pub use rule::{Keyed, MapKey, root_of};
