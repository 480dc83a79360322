//! Inclusion and consistency (`format.md §3`): made as RFC 6962 sections 2.1.1 and 2.1.2 define them, checked by the
//! algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2 (the same proofs, clearer steps).
//!
//! **Where implementations differ**, on size 0, we go with C2SP's witness protocol: an empty proof
//! shows that any log continues the log of size 0, provided that the earlier root is
//! [`LogRoot::EMPTY`]; so a witness takes a log's first checkpoint by the same code. From 0 to 0 both
//! roots must be that one. transparency-dev/merkle refuses every proof from size 0; of its public
//! cases, four turn on this, and we differ on one (`size1-is-zero-and-size2-is-not-zero`): the others
//! name a root that is not the empty log's, or one of no bytes, and a hash is 32 bytes by its type.

use super::hash::{LeafHash, LogIndex, LogRoot, LogSize, NodeHash, node_hash};
use super::reader::{MissingNode, NodeReader, middle, range};
use crate::codec::{List, TooMany};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The hashes of a proof, as RFC 6962 orders them: `count(4) ‖ hashes(32 each)`, at most 64.
type Path = List<NodeHash, 64>;

/// Shows that a leaf stands at an index of a log: the sibling hashes from the leaf up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InclusionProof(pub Path);

/// Shows that a log begins with an earlier one: the hashes that rebuild both roots.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsistencyProof(pub Path);

/// Why a proof cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProveError {
    /// No such leaf: the caller's mistake.
    #[error("a log of {size} entries has no entry {index}")]
    NoSuchEntry {
        /// Index asked for.
        index: LogIndex,
        /// Size of the log.
        size: LogSize,
    },
    /// The earlier log is the longer one: the caller's mistake.
    #[error("a log of {earlier} entries is not the beginning of one of {later}")]
    Shrinks {
        /// Size of the earlier log.
        earlier: LogSize,
        /// Size of the later log.
        later: LogSize,
    },
    /// The keeper of the log lacks a hash.
    #[error(transparent)]
    Missing(#[from] MissingNode),
    /// A log of 2^63 entries or more; no real one is.
    #[error(transparent)]
    TooLong(#[from] TooMany),
}

/// Why a proof does not hold; whoever gave it is wrong or lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The index lies outside of the log, or the earlier log is the longer one.
    #[error("the proof is about sizes that cannot be")]
    Sizes,
    /// More or fewer hashes than the sizes ask for.
    #[error("the proof has not the number of hashes that the sizes ask for")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Proves that leaf `index` stands in the log as it was when `size` long: `PATH(index, D[size])`.
///
/// # Errors
/// [`ProveError`], when there is no such leaf or a hash is missing.
pub fn prove_inclusion(log: &impl NodeReader, index: LogIndex, size: LogSize) -> Result<InclusionProof, ProveError> {
    if index.0 >= size.0 {
        return Err(ProveError::NoSuchEntry { index, size });
    }
    let (mut start, mut end) = (0, size.0);
    let mut path = Vec::new();
    while end.saturating_sub(start) > 1 {
        let middle = middle(start, end);
        if index.0 < middle {
            path.push(range(log, middle, end)?);
            end = middle;
        } else {
            path.push(range(log, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(InclusionProof(List::new(path)?))
}

/// Proves that the log of size `later` begins with the log of size `earlier`:
/// `PROOF(earlier, D[later])`.
///
/// # Errors
/// [`ProveError`], when `earlier` is larger or a hash is missing.
pub fn prove_consistency(
    log: &impl NodeReader,
    earlier: LogSize,
    later: LogSize,
) -> Result<ConsistencyProof, ProveError> {
    if earlier > later {
        return Err(ProveError::Shrinks { earlier, later });
    }
    let mut path = Vec::new();
    if earlier.0 > 0 {
        let (mut start, mut end) = (0, later.0);
        while end > earlier.0 {
            let middle = middle(start, end);
            if earlier.0 <= middle {
                path.push(range(log, middle, end)?);
                end = middle;
            } else {
                path.push(range(log, start, middle)?);
                start = middle;
            }
        }
        // What is left is the last subtree of the earlier log. If it is all of that log, the
        // verifier has its root already.
        if start > 0 {
            path.push(range(log, start, end)?);
        }
    }
    path.reverse();
    Ok(ConsistencyProof(List::new(path)?))
}

/// Checks that `leaf` stands at `index` of the log of `size` entries with this root.
///
/// # Errors
/// [`VerifyError`], when that is not shown.
pub fn verify_inclusion(
    proof: &InclusionProof,
    leaf: &LeafHash,
    index: LogIndex,
    size: LogSize,
    root: &LogRoot,
) -> Result<(), VerifyError> {
    if index.0 >= size.0 {
        return Err(VerifyError::Sizes);
    }
    let mut climb = Climb { node: index.0, last: size.0.saturating_sub(1) };
    let mut hash = NodeHash::from(*leaf);
    for sibling in &proof.0 {
        hash = match climb.next()? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.finish()?;
    if root.0 == hash.0 { Ok(()) } else { Err(VerifyError::Root) }
}

/// Checks that the log of size `later` with `later_root` begins with the log of size `earlier` with
/// `earlier_root`.
///
/// # Errors
/// [`VerifyError`], when that is not shown.
pub fn verify_consistency(
    proof: &ConsistencyProof,
    earlier: LogSize,
    later: LogSize,
    earlier_root: &LogRoot,
    later_root: &LogRoot,
) -> Result<(), VerifyError> {
    if earlier > later {
        return Err(VerifyError::Sizes);
    }
    if earlier.0 == 0 || earlier == later {
        let roots_hold =
            (earlier.0 > 0 || *earlier_root == LogRoot::EMPTY) && (earlier < later || earlier_root == later_root);
        return match (proof.0.is_empty(), roots_hold) {
            (false, _) => Err(VerifyError::Length),
            (true, false) => Err(VerifyError::Root),
            (true, true) => Ok(()),
        };
    }
    // Begin at the last complete subtree of the earlier log. If it is the whole earlier log, its
    // root is known, and the proof leaves it out.
    let mut climb = Climb { node: earlier.0.saturating_sub(1), last: later.0.saturating_sub(1) };
    climb.skip_while_right_child();
    let mut siblings = proof.0.iter();
    let start = if earlier.0.is_power_of_two() {
        NodeHash(earlier_root.0)
    } else {
        *siblings.next().ok_or(VerifyError::Length)?
    };
    let (mut earlier_hash, mut later_hash) = (start, start);
    for sibling in siblings {
        match climb.next()? {
            Side::Left => {
                earlier_hash = node_hash(sibling, &earlier_hash);
                later_hash = node_hash(sibling, &later_hash);
            }
            Side::Right => later_hash = node_hash(&later_hash, sibling),
        }
    }
    climb.finish()?;
    if earlier_root.0 == earlier_hash.0 && later_root.0 == later_hash.0 { Ok(()) } else { Err(VerifyError::Root) }
}

/// On which side of the path a sibling stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: `fn` and `sn` of RFC 9162.
struct Climb {
    /// Place of the node within its level.
    node: u64,
    /// Place of the level's last node.
    last: u64,
}

impl Climb {
    /// One step up, past the levels on which the node is last and has no sibling.
    fn next(&mut self) -> Result<Side, VerifyError> {
        if self.last == 0 {
            return Err(VerifyError::Length);
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // As the last node of a level that has more than one, it is not 0.
            while self.node & 1 == 0 {
                self.up();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.up();
        Ok(side)
    }

    /// Up to the complete subtree that ends with the node and is no right child.
    fn skip_while_right_child(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// The root must be reached.
    fn finish(&self) -> Result<(), VerifyError> {
        if self.last == 0 { Ok(()) } else { Err(VerifyError::Length) }
    }
}
