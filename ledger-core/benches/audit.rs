//! How fast a chain is audited, against the bare RFC 6962 root of the same leaves on the same cores.
//!
//! `cargo bench -p ledger-core --bench audit [-- EVENTS]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark has a clock and arguments, and may fail by panicking"
)]

use ledger_core::archive::{Last, Start};
use ledger_core::audit::{Depth, Judge, Judged, Options, Scope, Verdict, verdict};
use ledger_core::chain::{HashedBlock, check, replay};
use ledger_core::codec::encode;
use ledger_core::event::{Action, Entry, Event, Seal};
use ledger_core::fixture::{self, Network, code};
use ledger_core::map::ContractMap;
use ledger_core::merkle::{leaf_hash, root_parallel};
use ledger_core::submission::Submission;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::time::Instant;

/// A chain of `events` events over half as many contracts, a thousand a block.
fn chain(events: u64, per_submission: u64) -> Network {
    let mut network = Network::new(1);
    let mut made = 0;
    while made < events {
        let mut submissions = Vec::new();
        let mut sequence = network.tip.control().last_sequence(ledger_core::names::NodeNumber(1)).next();
        for _ in 0..1000 / per_submission {
            let of = |n: u64| {
                fixture::event(
                    n / 2,
                    if n.is_multiple_of(2) { Action::New { keeper: code("370000") } } else { Action::Renew },
                )
            };
            let list: Vec<Event> = (made..made + per_submission).map(of).collect();
            submissions.push(network.submission_at(1, sequence, list));
            sequence = sequence.next();
            made += per_submission;
        }
        network.block(submissions);
    }
    network
}

fn audit(network: &Network, depth: Depth) -> Judged {
    let mut judge = Judge::new(&network.genesis, &Start::default(), Options { depth, ..Options::default() });
    network.blocks.chunks(64).for_each(|batch| judge.take(batch));
    let certificate = network.certificate.clone().unwrap();
    judge.finish(Last::Certificate { certificate, behind: None })
}

/// Best time of each work, in seconds, over so many rounds of all of them: taken in turns, so that what
/// else the machine does in between slows none of them alone.
fn in_turns<const N: usize>(rounds: usize, mut works: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut best = [f64::INFINITY; N];
    for _ in 0..rounds {
        for (best, work) in best.iter_mut().zip(&mut works) {
            let start = Instant::now();
            work();
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    best
}

/// Every entry of the log, as bytes: the seals of what lies below each block, then its events.
fn entries(network: &Network) -> Vec<Vec<u8>> {
    let mut seals = network.genesis.seals();
    let mut entries = Vec::new();
    for bytes in &network.blocks {
        let block = HashedBlock::read(bytes).unwrap();
        entries.extend(seals.drain(..).map(|seal| encode(&Entry::Seal(seal))));
        seals.push(Seal { height: block.header().height, block: block.hash() });
        entries.extend(block.body().submissions.iter().flat_map(Submission::entries));
    }
    entries
}

fn main() {
    let events = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1_000_000);
    println!("| events a submission | bare root, events/s | audit, events/s | bare root ÷ audit | every state ÷ |");
    println!("|---|---|---|---|---|");
    for per_submission in [50, 500] {
        let network = chain(events, per_submission);
        let entries = entries(&network);
        let log_root = network.tip.frontier().root();
        let [bare, whole, every] = in_turns(
            5,
            [
                &mut || {
                    let leaves: Vec<_> = entries.par_iter().map(|entry| leaf_hash(entry)).collect();
                    assert_eq!(root_parallel(&leaves), log_root);
                },
                &mut || {
                    let judged = audit(&network, Depth::default());
                    let found = judged.sound().map(|tip| (tip.frontier().root(), tip.map_root()));
                    assert_eq!(found, Some((network.tip.frontier().root(), network.map.root())));
                    assert_eq!(verdict(&judged), Verdict::Holds);
                },
                &mut || {
                    let depth = Depth { states: Scope::Every, ..Depth::default() };
                    assert_eq!(verdict(&audit(&network, depth)), Verdict::Holds);
                },
            ],
        );
        let rate = |seconds: f64| events as f64 / seconds;
        println!(
            "| {per_submission} | {:.0} | {:.0} | {:.1} | {:.1} |",
            rate(bare),
            rate(whole),
            whole / bare,
            every / bare
        );
    }
    one_block();
}

/// Decoding and checking one block, in units of hashing its bytes: as far as it follows from the bytes
/// alone; with links, streams, log, control state and fold; and with signatures and map too.
fn one_block() {
    let network = chain(1000, 500);
    let bytes = &network.blocks[0];
    let fresh = Network::from_genesis(network.genesis.clone());
    // Many short times, so that the best of them has the processor to itself.
    let [hash, read, followed, checked] = in_turns(
        500,
        [
            &mut || {
                black_box(Sha256::digest(black_box(bytes)));
            },
            &mut || {
                black_box(HashedBlock::read(black_box(bytes)).unwrap());
            },
            &mut || {
                let block = HashedBlock::read(bytes).unwrap();
                let replayed = replay(&block, &fresh.tip).unwrap();
                black_box(replayed.fold_into(&mut ContractMap::new()));
                black_box(replayed.into_tip());
            },
            &mut || {
                let block = HashedBlock::read(bytes).unwrap();
                black_box(check(block, &fresh.tip, &fresh.map).unwrap());
            },
        ],
    );
    let block = HashedBlock::read(bytes).unwrap();
    let events = || block.body().submissions.iter().flat_map(|submission| &submission.events);
    let event_bytes: usize = events().map(|event| encode(event).len()).sum();
    println!();
    println!(
        "one block of 1,000 events of {} bytes on average, {} bytes; in units of hashing its bytes:",
        event_bytes / events().count(),
        bytes.len()
    );
    println!("| decoding, leaves and frames | with log and fold | with signatures and map too |");
    println!("|---|---|---|");
    println!("| {:.1} | {:.1} | {:.1} |", read / hash, followed / hash, checked / hash);
}
