//! What a commit costs beside a plain file append with the same syncs, and how long opening,
//! sealing and reading take: `cargo bench -p luqi-node --bench store -- [events] [events a block]`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may fail by panicking")]

mod report;

use ledger_core::archive::{Blocks as _, Next};
use ledger_core::certificate::Certificate;
use ledger_core::chain::{HashedBlock, check};
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, code};
use luqi_node::archive::ArchiveReader;
use luqi_node::committer::Ledger;
use luqi_node::store::{DiskStore, Evidence, Store, StoreConfig};
use report::Report;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

struct Chain {
    network: Network,
    certificates: Vec<Certificate>,
    events: f64,
    bytes: f64,
}

fn make(events: u64, each: u64) -> Chain {
    let mut network = Network::new(1);
    let mut certificates = Vec::new();
    for block in 0..events / each {
        let numbers: Vec<u64> = (block * each..(block + 1) * each).collect();
        let mut sequence = network.tip.control().last_sequence(ledger_core::names::NodeNumber(1));
        let submissions = numbers.chunks(50).map(|numbers| {
            sequence = sequence.next();
            let action =
                |number: u64| if number % 5 < 3 { Action::New { keeper: code("370000") } } else { Action::Renew };
            // Three of five events make a contract, two touch one that was made before.
            let subject = |number: u64| if number % 5 < 3 { number } else { number / 10 * 5 };
            let events = numbers.iter().map(|number| fixture::event(subject(*number), action(*number))).collect();
            network.submission_at(1, sequence, events)
        });
        let submissions = submissions.collect();
        let made = network.block(submissions);
        certificates.extend(made.certificate().cloned());
    }
    let bytes = network.blocks.iter().map(Vec::len).sum::<usize>() as f64;
    Chain { network, certificates, events: (events / each * each) as f64, bytes }
}

fn plain(chain: &Chain, folder: &Path) -> Duration {
    let mut file = std::fs::File::create(folder.join("plain")).unwrap();
    let begun = Instant::now();
    for block in &chain.network.blocks {
        file.write_all(block).unwrap();
        file.sync_data().unwrap();
    }
    begun.elapsed()
}

fn commit(chain: &Chain, folder: &Path, group: usize) -> (Duration, Duration, Duration) {
    let mut ledger = Ledger::open(folder, chain.network.genesis.clone(), StoreConfig::default()).unwrap();
    let (begun, mut stored, mut longest) = (Instant::now(), Duration::ZERO, Duration::ZERO);
    let blocks: Vec<_> = chain.network.blocks.iter().zip(&chain.certificates).collect();
    for blocks in blocks.chunks(group) {
        for (bytes, certificate) in blocks {
            let checked = check(HashedBlock::read(bytes).unwrap(), ledger.tip(), ledger.map()).unwrap();
            ledger.push(checked, (*certificate).clone()).unwrap();
        }
        let writing = Instant::now();
        ledger.sync().unwrap();
        stored += writing.elapsed();
        longest = longest.max(writing.elapsed());
    }
    let took = begun.elapsed();
    ledger.store().seal().unwrap();
    ledger.close();
    (took, stored, longest)
}

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let (events, each) = (numbers.next().unwrap_or(200_000), numbers.next().unwrap_or(1_000));
    let begun = Instant::now();
    let chain = make(events, each);
    let genesis = &chain.network.genesis;
    println!("{} blocks, {:.0} events, {:.1} MB", chain.network.blocks.len(), chain.events, chain.bytes / 1e6);
    let mut report = Report::new("store", chain.events, chain.bytes);
    report.line("made and signed", begun.elapsed());
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("ledger");
    let beside = plain(&chain, home.path());
    report.base = Some(beside.as_secs_f64());
    report.line("plain file, one sync a block", beside);
    let (took, stored, longest) = commit(&chain, &folder, 1);
    report.line("commit: check, map, store, one sync a block", took);
    report.line("  of it appending and syncing", stored);
    report.number("  longest append", longest.as_secs_f64() * 1e3, "ms");
    let (took, ..) = commit(&chain, &home.path().join("grouped"), 20);
    report.line("commit in groups of 20 blocks", took);

    let begun = Instant::now();
    let store = DiskStore::open(&folder, genesis, StoreConfig::default()).unwrap();
    report.line("store opened", begun.elapsed());
    report.number("  of it in sealed files", store.sealed_bytes() as f64 / 1e6, "MB");
    let begun = Instant::now();
    assert_eq!(store.blocks(ledger_core::names::Height(1), store.tip().height).count(), chain.network.blocks.len());
    report.line("all blocks read", begun.elapsed());
    drop(store);
    let begun = Instant::now();
    drop(Ledger::open(&folder, genesis.clone(), StoreConfig::default()).unwrap());
    report.line("ledger opened at its snapshot", begun.elapsed());
    std::fs::remove_file(folder.join("map.snapshot")).unwrap();
    let begun = Instant::now();
    let ledger = Ledger::open(&folder, genesis.clone(), StoreConfig::default()).unwrap();
    report.line("ledger opened by replay from block 1", begun.elapsed());
    let begun = Instant::now();
    let range = (ledger_core::names::Height(1), ledger.tip().height());
    let archive: Vec<u8> = ledger.export(range, false, Vec::new(), Path::new("archive")).unwrap();
    report.line("exported", begun.elapsed());
    drop(ledger);
    let begun = Instant::now();
    let mut reader = ArchiveReader::open(&archive[..], Path::new("archive"), &chain.network.tip.chain()).unwrap();
    let mut other = Ledger::open(&home.path().join("other"), genesis.clone(), StoreConfig::default()).unwrap();
    let imported = other.import_archive(&mut reader).unwrap();
    assert_eq!(imported.appended, chain.network.blocks.len() as u64);
    report.line("imported from an archive", begun.elapsed());
    let begun = Instant::now();
    let evidence = Evidence::open(&folder, &chain.network.tip.chain()).unwrap();
    let mut blocks = evidence.blocks().unwrap();
    let read = std::iter::from_fn(|| matches!(blocks.next(), Next::Block(_)).then_some(())).count();
    assert_eq!(read, chain.network.blocks.len());
    report.line("read as evidence", begun.elapsed());
    report.memory("peak memory of all of it");
    report.write();
}
