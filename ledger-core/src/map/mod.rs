//! The contract map: one root over the state of every subject after a block.
//!
//! Its root stands in the header. Under it a proof shows the state of a contract (and, since the
//! state counts and chains its events, that these are all of them), or that a contract is unknown.
//! [`rule`](root_of) is the whole rule; [`ContractMap`] is one way to hold the map and is no part
//! of it.

mod bucket;
mod contract_map;
mod proof;
mod rule;
mod table;
#[cfg(test)]
mod tests;

pub use contract_map::{ContractMap, Staged};
pub use proof::{End, MapProof, MapProofError, Verdict};
pub use rule::{Keyed, MapKey, root_of, root_of_parallel};
pub use table::{Shard, Table};
