//! Roots on all cores: speed only, equal to the rule by test.

use super::hash::{LeafHash, LogRoot, NodeHash, halves, node_hash, subtree};

/// The same root, computed on all cores.
#[must_use]
pub fn root_parallel(leaves: &[LeafHash]) -> LogRoot {
    subtree_parallel(leaves).map_or(LogRoot::EMPTY, LogRoot::from)
}

/// [`subtree`], whose halves are computed at the same time as long as that pays.
pub(super) fn subtree_parallel(leaves: &[LeafHash]) -> Option<NodeHash> {
    const WORTH_A_THREAD: usize = 1 << 8;
    if leaves.len() <= WORTH_A_THREAD {
        return subtree(leaves);
    }
    let (left, right) = halves(leaves);
    let (left, right) = rayon::join(|| subtree_parallel(left), || subtree_parallel(right));
    Some(node_hash(&left?, &right?))
}
