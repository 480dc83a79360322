//! The bare RFC 6962 root, which an audit is measured against:
//! `cargo bench -p ledger-core --bench merkle`.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark has a clock")]

use ledger_core::merkle::{Frontier, LeafHash, LogRoot, leaf_hash, root, root_parallel};
use rayon::prelude::*;
use std::time::Instant;

const LEAVES: usize = 1_000_000;

/// The best of five runs: other processes can only slow them.
fn rate(what: &str, work: impl Fn() -> LogRoot) -> LogRoot {
    let run = || {
        let begun = Instant::now();
        (work(), begun.elapsed())
    };
    let (root, best) = (0..4).map(|_| run()).fold(run(), |best, run| if run.1 < best.1 { run } else { best });
    println!("{what:<44} {:>12.0} leaves/s", LEAVES as f64 / best.as_secs_f64());
    root
}

fn main() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for size in [92, 200, 500] {
        let mut bytes = vec![7; size * LEAVES];
        for (entry, n) in bytes.chunks_mut(size).zip(0_u64..) {
            entry.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
        }
        let one = rate(&format!("root of {size}-byte leaves, one core"), || {
            root(&bytes.chunks(size).map(leaf_hash).collect::<Vec<_>>())
        });
        let all = rate(&format!("root of {size}-byte leaves, {cores} cores"), || {
            root_parallel(&bytes.par_chunks(size).map(leaf_hash).collect::<Vec<_>>())
        });
        assert_eq!(one, all);
    }
    let leaves: Vec<LeafHash> = (0..LEAVES as u64).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let nodes = rate("nodes alone, one core", || root(&leaves));
    let batched = rate("frontier, batches of 1,000, one core", || {
        let mut frontier = Frontier::default();
        leaves.chunks(1000).for_each(|batch| frontier.extend(batch));
        frontier.root()
    });
    let single = rate("frontier, leaf by leaf, one core", || {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        frontier.root()
    });
    assert_eq!((nodes, nodes), (batched, single));
}
