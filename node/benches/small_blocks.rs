//! A long chain of small blocks, as a province makes it over years: how much disk and memory it takes, and how
//! long a node takes to open it. `cargo bench -p luqi-node --bench small_blocks -- [blocks] [folder]` leaves
//! the chain in the folder, for `luqi audit --home FOLDER/home --genesis FOLDER/genesis.json`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may fail by panicking")]

mod report;

use ledger_core::event::{Action, Event};
use ledger_core::fixture::{self, Network, code};
use ledger_core::genesis::Genesis;
use luqi_node::committer::Ledger;
use luqi_node::store::StoreConfig;
use report::Report;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Events a block: 4 to 5 kB of them.
const EACH: u64 = 50;
/// Events a contract.
const OF_ONE: u64 = 50;
/// Blocks that are made durable together, as by a node that catches up.
const GROUP: u64 = 20;

/// Every so many events there is a new contract; the others touch one that is there.
fn event(number: u64) -> Event {
    let contracts = number / OF_ONE;
    if number.is_multiple_of(OF_ONE) {
        return fixture::event(contracts, Action::New { keeper: code("370000") });
    }
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    fixture::event(scattered % (contracts + 1), Action::Renew)
}

fn make(folder: &Path, blocks: u64) {
    let mut network = Network::new(1);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("genesis.json"), serde_json::to_vec(&network.genesis).unwrap()).unwrap();
    let home = folder.join("home/ledger");
    let mut ledger = Ledger::open(&home, network.genesis.clone(), StoreConfig::default()).unwrap();
    let begun = Instant::now();
    let mut bytes = 0_u64;
    for block in 0..blocks {
        let made = network.block_of((block * EACH..(block + 1) * EACH).map(event).collect());
        bytes += network.blocks.drain(..).map(|bytes| bytes.len() as u64).sum::<u64>();
        ledger.push_final(made).unwrap();
        if (block + 1).is_multiple_of(GROUP) {
            ledger.sync().unwrap();
        }
    }
    ledger.sync().unwrap();
    ledger.store().seal().unwrap();
    let (events, contracts) = (blocks * EACH, ledger.map().len());
    ledger.close();
    println!("{blocks} blocks of {:.1} kB, {contracts} contracts", bytes as f64 / blocks as f64 / 1e3);
    let mut report = Report::new("small_blocks", events as f64, bytes as f64);
    report.line("made, signed, checked, stored", begun.elapsed());
    let disk = size(&folder.join("home")) as f64;
    report.number("disk", disk / 1e6, "MB");
    report.number("disk ÷ the blocks' bytes", disk / bytes as f64, "×");
    report.memory("peak memory of making it (chain and map twice)");
    report.write();
}

/// What a node does before it is there.
fn open(folder: &Path) {
    let genesis = Genesis::from_json(&std::fs::read(folder.join("genesis.json")).unwrap()).unwrap();
    let begun = Instant::now();
    let ledger = Ledger::open(&folder.join("home/ledger"), genesis, StoreConfig::default()).unwrap();
    let entries = ledger.tip().frontier().size().0 as f64;
    let mut report = Report::new("small_blocks_open", entries, size(&folder.join("home")) as f64);
    report.line(&format!("opened at height {}", ledger.tip().height()), begun.elapsed());
    report.memory("peak memory of opening it");
    report.write();
}

fn size(path: &Path) -> u64 {
    let found = path.symlink_metadata().unwrap();
    if !found.is_dir() {
        return found.len();
    }
    std::fs::read_dir(path).unwrap().map(|entry| size(&entry.unwrap().path())).sum()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [command, folder] = arguments.as_slice()
        && command == "open"
    {
        return open(Path::new(folder));
    }
    let blocks = arguments.first().and_then(|blocks| blocks.parse().ok()).unwrap_or(20_000);
    let kept = arguments.get(1).map(PathBuf::from);
    let own = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|| own.path().to_owned());
    make(&folder, blocks);
    // A process of its own, for a peak of its own.
    let opened = Command::new(std::env::current_exe().unwrap()).arg("open").arg(&folder).status().unwrap();
    assert!(opened.success());
}
