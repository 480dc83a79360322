//! The Merkle tree of RFC 6962 section 2.1 with SHA-256 (`format.md §3`): the log's one tree over the history, and
//! the tree over the events of one submission.
//!
//! Promises: a root fixes every leaf and its place; [`Frontier`] gives the root of a growing log
//! from at most 63 hashes; an inclusion proof shows one leaf under a root, a consistency proof that
//! one log is the beginning of another. The module never stores a tree: who proves brings a
//! [`NodeReader`].

mod fast;
mod frontier;
mod hash;
mod proof;
mod reader;
#[cfg(test)]
mod tests;

pub use fast::root_parallel;
pub use frontier::{Frontier, FrontierError};
pub(crate) use hash::leaf_hash_of;
pub use hash::{LeafHash, LogIndex, LogRoot, LogSize, NodeHash, leaf_hash, node_hash, root};
pub use proof::{
    ConsistencyProof, InclusionProof, ProveError, VerifyError, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
pub use reader::{MemoryTree, MissingNode, NodeReader, root_at};
