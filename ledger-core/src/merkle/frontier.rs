//! The right edge of a growing log: all that is needed to go on and to tell the root (`format.md §3`).

use super::fast::subtree_parallel;
use super::hash::{LeafHash, LogRoot, LogSize, NodeHash, node_hash};
use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// No log has more entries, so that counting on never overflows.
const MAX_SIZE: u64 = u64::MAX >> 1;

/// The roots of the complete subtrees that make up a log, largest (leftmost) first: one for each
/// bit of the size that is 1.
///
/// ```text
/// size(8) ‖ peaks(32 each, as many as bits of the size are 1)
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Frontier {
    size: u64,
    peaks: Vec<NodeHash>,
}

/// Bytes or text that are no frontier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrontierError {
    /// More entries than a log may have.
    #[error("a log of {0} entries is larger than any")]
    TooLarge(u64),
    /// The number of peaks does not follow from the size.
    #[error("a log of {size} entries has {} peaks, not {found}", size.count_ones())]
    PeakCount {
        /// Entries claimed.
        size: u64,
        /// Peaks found.
        found: usize,
    },
}

/// A frontier as it stands in JSON, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    size: u64,
    peaks: Vec<NodeHash>,
}

impl TryFrom<Parts> for Frontier {
    type Error = FrontierError;
    fn try_from(Parts { size, peaks }: Parts) -> Result<Self, FrontierError> {
        if size > MAX_SIZE {
            Err(FrontierError::TooLarge(size))
        } else if peaks.len() != size.count_ones() as usize {
            Err(FrontierError::PeakCount { size, found: peaks.len() })
        } else {
            Ok(Self { size, peaks })
        }
    }
}

impl Frontier {
    /// Entries so far.
    #[must_use]
    pub const fn size(&self) -> LogSize {
        LogSize(self.size)
    }

    /// Appends one leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        self.push_subtree(1, NodeHash::from(leaf));
    }

    /// Appends leaves, each time as many as fill one complete subtree.
    pub fn extend(&mut self, mut leaves: &[LeafHash]) {
        while let Some(longest) = leaves.len().checked_ilog2() {
            // A complete subtree of 2^level leaves begins at a multiple of 2^level.
            let level = longest.min(self.size.trailing_zeros());
            let (now, later) = leaves.split_at(2_usize.saturating_pow(level));
            if let Some(node) = subtree_parallel(now) {
                self.push_subtree(now.len() as u64, node);
            }
            leaves = later;
        }
    }

    /// The root of the log so far: the peaks, joined from the right.
    #[must_use]
    pub fn root(&self) -> LogRoot {
        let from_right = self.peaks.iter().rev().copied();
        from_right.reduce(|right, left| node_hash(&left, &right)).map_or(LogRoot::EMPTY, LogRoot::from)
    }

    /// Appends a complete subtree; the number of its leaves is a power of two, and the size a multiple of that. As in
    /// a binary counter, it joins with every peak of its own size.
    fn push_subtree(&mut self, leaves: u64, mut node: NodeHash) {
        let mut joined = leaves;
        while self.size & joined != 0
            && let Some(left) = self.peaks.pop()
        {
            node = node_hash(&left, &node);
            joined = joined.saturating_mul(2);
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(leaves);
    }
}

impl Encode for Frontier {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        self.size.encode(to)?;
        self.peaks.iter().try_for_each(|peak| peak.encode(to))
    }
}
impl<C> Decode<C> for Frontier {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, DecodeError> {
        let size = u64::decode(from)?;
        let peaks = (0..size.count_ones()).map(|_| NodeHash::decode(from)).collect::<Result<_, _>>()?;
        Self::try_from(Parts { size, peaks }).map_err(crate::codec::refuse)
    }
}
bincode::impl_borrow_decode!(Frontier);
