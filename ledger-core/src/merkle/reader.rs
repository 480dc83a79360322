//! Where a prover finds the hashes of a log that somebody else keeps.

use super::hash::{LeafHash, LogRoot, LogSize, NodeHash, node_hash};
use thiserror::Error;

/// Reads the complete subtrees of a log.
pub trait NodeReader {
    /// Root of the complete subtree over the 2^level leaves that begin at `index` · 2^level; level 0
    /// are the leaf hashes. `None`, when the log does not reach so far or the hash is not kept.
    fn node(&self, level: u32, index: u64) -> Option<NodeHash>;
}

/// A hash that a [`NodeReader`] ought to have and does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the log's hash at level {level}, index {index} is missing: the log is shorter, or not all of it is kept")]
pub struct MissingNode {
    /// Level above the leaves.
    pub level: u32,
    /// Place within the level.
    pub index: u64,
}

/// Root that the log had when it was `size` long.
///
/// # Errors
/// [`MissingNode`], when the reader does not have what is needed.
pub fn root_at(log: &impl NodeReader, size: LogSize) -> Result<LogRoot, MissingNode> {
    if size.0 == 0 { Ok(LogRoot::EMPTY) } else { range(log, 0, size.0).map(LogRoot::from) }
}

/// Where RFC 6962 splits two or more leaves, from `start` to `end`: behind the largest power of two smaller than their
/// number, which is the smallest that is no less than half of it.
pub(super) const fn middle(start: u64, end: u64) -> u64 {
    start.saturating_add(end.saturating_sub(start).div_ceil(2).next_power_of_two())
}

/// MTH(D[start:end]) of a range that RFC 6962's splitting of some log leads to.
pub(super) fn range(log: &impl NodeReader, start: u64, end: u64) -> Result<NodeHash, MissingNode> {
    let width = end.saturating_sub(start);
    if width.is_power_of_two() {
        let level = width.ilog2();
        let index = start.unbounded_shr(level);
        return log.node(level, index).ok_or(MissingNode { level, index });
    }
    let middle = middle(start, end);
    Ok(node_hash(&range(log, start, middle)?, &range(log, middle, end)?))
}

/// A whole log's hashes in memory, level by level.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<NodeHash>>,
}

impl MemoryTree {
    /// Appends one leaf and every subtree that it completes.
    pub fn push(&mut self, leaf: LeafHash) {
        let mut node = NodeHash::from(leaf);
        for level in &mut self.levels {
            level.push(node);
            match level.as_chunks::<2>() {
                (pairs, []) => {
                    let Some([left, right]) = pairs.last() else { return };
                    node = node_hash(left, right);
                }
                (_, [_, ..]) => return,
            }
        }
        self.levels.push(vec![node]);
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> LogSize {
        LogSize(self.levels.first().map_or(0, |leaves| leaves.len() as u64))
    }
}

impl Extend<LeafHash> for MemoryTree {
    fn extend<I: IntoIterator<Item = LeafHash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}
impl FromIterator<LeafHash> for MemoryTree {
    fn from_iter<I: IntoIterator<Item = LeafHash>>(leaves: I) -> Self {
        let mut tree = Self::default();
        tree.extend(leaves);
        tree
    }
}

impl NodeReader for MemoryTree {
    fn node(&self, level: u32, index: u64) -> Option<NodeHash> {
        self.levels.get(level as usize)?.get(usize::try_from(index).ok()?).copied()
    }
}
