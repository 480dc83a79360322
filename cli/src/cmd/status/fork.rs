//! Whether nodes have the same blocks: each tip is held against the block that the higher nodes have there.

use super::{Asked, PATIENCE};
use ledger_core::chain::HashedBlock;
use ledger_core::crypto::ChainId;
use ledger_core::names::{BlockHash, Height};
use luqi_node::http::Status;
use std::collections::BTreeMap;
use tokio::time::timeout;

/// How a node differs from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fork {
    /// By a block.
    Block(Height),
    /// By its whole chain.
    Chain,
}

/// Which nodes differ from the most.
pub(super) struct Forks {
    of: BTreeMap<usize, Fork>,
}

impl Forks {
    /// Compares nodes that have answered.
    pub(super) async fn find(asked: &mut [Asked]) -> Self {
        let mut of = BTreeMap::new();
        let chain = most_common(asked.iter().filter_map(answer).map(|status| status.chain_id));
        let is_of = |status: &Status| Some(status.chain_id) == chain;
        for (place, status) in asked.iter().enumerate().filter_map(|(place, asked)| Some((place, answer(asked)?))) {
            if !is_of(status) {
                of.insert(place, Fork::Chain);
            }
        }
        let mut heights: Vec<Height> =
            asked.iter().filter_map(answer).filter(|status| is_of(status)).map(|status| status.height).collect();
        heights.sort_unstable();
        heights.dedup();
        for height in heights.into_iter().filter(|height| *height > Height(0)) {
            let mut blocks: Vec<(usize, BlockHash)> = Vec::new();
            for (place, asked) in asked.iter_mut().enumerate() {
                if !of.contains_key(&place) {
                    blocks.extend(block_at(asked, height).await.map(|block| (place, block)));
                }
            }
            of.extend(differing(&blocks).into_iter().map(|place| (place, Fork::Block(height))));
        }
        Self { of }
    }

    pub(super) fn at(&self, place: usize) -> Option<Fork> {
        self.of.get(&place).copied()
    }

    /// Whether two nodes of one chain have different blocks.
    pub(super) fn any(&self) -> bool {
        self.of.values().any(|fork| matches!(fork, Fork::Block(_)))
    }
}

fn answer(asked: &Asked) -> Option<&Status> {
    asked.status.as_ref().ok()
}

fn most_common(chains: impl Iterator<Item = ChainId>) -> Option<ChainId> {
    let mut counts: BTreeMap<ChainId, usize> = BTreeMap::new();
    chains.for_each(|chain| *counts.entry(chain).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(chain, _)| chain)
}

/// The block of a node at a height that it has reached, by its very bytes.
async fn block_at(asked: &mut Asked, height: Height) -> Option<BlockHash> {
    let status = asked.status.as_ref().ok()?;
    if status.height == height {
        return Some(status.tip);
    }
    if status.height < height {
        return None;
    }
    let bytes = timeout(PATIENCE, asked.client.bytes(&format!("/v1/blocks/{height}"))).await.ok()?.ok()?;
    let block = HashedBlock::read(&bytes).ok()?;
    Some(block.hash())
}

/// Who has another block than the most; where no block has the most, everybody.
fn differing(blocks: &[(usize, BlockHash)]) -> Vec<usize> {
    let mut holders: BTreeMap<BlockHash, Vec<usize>> = BTreeMap::new();
    for (place, block) in blocks {
        holders.entry(*block).or_default().push(*place);
    }
    if holders.len() < 2 {
        return Vec::new();
    }
    let most = holders.values().map(Vec::len).max().unwrap_or(0);
    let leading = holders.values().filter(|places| places.len() == most).count();
    holders.into_values().filter(|places| leading > 1 || places.len() < most).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_another_block_than_the_most_is_forked() {
        let blocks = |hashes: &[u8]| -> Vec<(usize, BlockHash)> {
            hashes.iter().map(|byte| BlockHash([*byte; 32])).enumerate().collect()
        };
        assert_eq!(differing(&blocks(&[])), [0_usize; 0]);
        assert_eq!(differing(&blocks(&[1, 1, 1])), [0_usize; 0]);
        assert_eq!(differing(&blocks(&[1, 2, 1])), [1]);
        let mut both = differing(&blocks(&[1, 2]));
        both.sort_unstable();
        assert_eq!(both, [0, 1], "of two nobody is in the right by their number");
        assert_eq!(differing(&blocks(&[1, 2, 3, 1])).len(), 2);
    }
}
