//! The contract map at size: `cargo bench -p ledger-core --bench map -- [subjects]` (1,000,000).
//!
//! Everything but the root on all cores runs on one.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark has a clock and looks at its process"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may fail by panicking")]

use ledger_core::contract::State;
use ledger_core::fixture::state;
use ledger_core::map::{ContractMap, MapKey, Shown, root_of_parallel};
use ledger_core::names::Subject;
use std::time::Instant;

fn key(n: u64) -> MapKey {
    let mut subject = [0; 32];
    subject[..8].copy_from_slice(&n.to_be_bytes());
    MapKey::of(&Subject(subject))
}

/// Bytes of memory held by this process.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).unwrap_or(f64::NAN) * 4096.0
}

/// Seconds of processor time that this process has used.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    text.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// When a piece of work began, by the clock and by the processor (other processes do not count).
struct Begun(Instant, f64);

fn begin() -> Begun {
    Begun(Instant::now(), processor_seconds())
}

fn rate(what: &str, count: u64, Begun(clock, processor): Begun) {
    let by_clock = count as f64 / clock.elapsed().as_secs_f64();
    let by_processor = count as f64 / (processor_seconds() - processor);
    println!("{what:<50} {by_clock:>12.0}/s {by_processor:>12.0} a processor second");
}

/// Stages and commits, block by block.
fn run(map: &mut ContractMap, blocks: &[Vec<(MapKey, State)>]) {
    for block in blocks {
        let staged = map.stage(block.clone());
        map.commit(staged);
    }
}

fn main() {
    let subjects: u64 = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    println!("{subjects} subjects, states of {} bytes", size_of::<State>());

    let keys: Vec<MapKey> = (0..subjects).map(key).collect();
    let before = resident();
    let begun = begin();
    let mut map = ContractMap::new();
    one_core.install(|| {
        (0..subjects).collect::<Vec<_>>().chunks(1000).for_each(|block| {
            map.set(block.iter().map(|n| (keys[*n as usize], state(*n))).collect());
        });
    });
    rate("new keys, 1,000 a block, no root, one core", subjects, begun);
    println!("{:<50} {:>12.0}", "bytes a subject", (resident() - before) / subjects as f64);

    let begun = begin();
    let root = one_core.install(|| map.root());
    rate("first root, one core", subjects, begun);

    let entries: Vec<_> = map.iter().copied().collect();
    let begun = begin();
    assert_eq!(one_core.install(|| root_of_parallel(&entries)), root);
    rate("root from scratch by the rule, one core", subjects, begun);
    let begun = begin();
    assert_eq!(root_of_parallel(&entries), root);
    rate(&format!("root from scratch by the rule, {cores} cores"), subjects, begun);
    let begun = begin();
    let mut loaded = ContractMap::new();
    one_core.install(|| loaded.set(entries));
    rate("the whole map set at once, no root, one core", subjects, begun);
    drop(loaded);

    let blocks = 400_u64;
    let changes: Vec<Vec<_>> = (0..blocks)
        .map(|block| {
            let new = (0..600).map(|i| subjects + block * 600 + i);
            let old = (0..400).map(|i| (block * 400 + i).wrapping_mul(2_654_435_761) % subjects);
            new.chain(old).map(|n| (key(n), state(n + block))).collect()
        })
        .collect();
    let (for_one, for_all) = changes.split_at(changes.len() / 2);
    let begun = begin();
    one_core.install(|| run(&mut map, for_one));
    rate("updates, 600 new and 400 old a block, one core", blocks / 2 * 1000, begun);
    let begun = begin();
    run(&mut map, for_all);
    rate(&format!("updates, 600 new and 400 old a block, {cores} cores"), blocks / 2 * 1000, begun);

    // An attacker has ground 100,000 keys that share their first 20 bits.
    let ground = |n: u64| {
        let mut key = key(n);
        (key.0[0], key.0[1], key.0[2]) = (0, 0, key.0[2] & 0x0f);
        key
    };
    map.set((0..100_000).map(|n| (ground(n), state(n))).collect());
    assert_eq!(map.len(), subjects + 240_000 + 100_000);
    let fat: Vec<Vec<_>> =
        (0..100_u64).map(|block| (0..1000).map(|i| (ground(99_500 + block * 500 + i), state(i))).collect()).collect();
    let begun = begin();
    one_core.install(|| run(&mut map, &fat));
    rate("updates in one bucket of 100,000, one core", 100 * 1000, begun);
    let root = map.root();

    let begun = begin();
    let proofs: Vec<_> = keys.iter().take(100_000).map(|key| map.prove(key)).collect();
    rate("proofs made, one core", 100_000, begun);
    let begun = begin();
    for (key, proof) in keys.iter().zip(&proofs) {
        assert!(matches!(proof.verify(&root, key), Ok(Shown::Present(_))));
    }
    rate("proofs checked, one core", proofs.len() as u64, begun);
    let sizes: Vec<_> = proofs.iter().map(|proof| ledger_core::codec::encode(proof).len()).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    println!("{:<50} {:>12} mean, {} at most", "bytes a proof", mean, sizes.iter().max().unwrap());
}
