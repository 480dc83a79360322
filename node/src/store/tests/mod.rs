//! What a store promises, in memory and on disk.

mod evidence;
mod faults;

use super::*;
use crate::committer::Ledger;
use ledger_core::chain::Tip;
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, code};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

fn small() -> StoreConfig {
    StoreConfig { hot_blocks: 20, batch_blocks: 5, segment_bytes: 12_000, snapshot_blocks: 7, ..StoreConfig::default() }
}

/// A chain of small blocks; every tenth one has enough events for several pieces.
fn chain(blocks: u64) -> (Network, Vec<FinalBlock>) {
    let mut network = Network::new(2);
    let made = (1..=blocks).map(|height| {
        let events = if height % 10 == 0 { 120 } else { 2 };
        let new = (0..events).map(|i| fixture::event(height * 1000 + i, Action::New { keeper: code("370100") }));
        let renew = fixture::event((height - 1) * 1000 + 1, Action::Renew);
        network.block_of(new.chain([renew]).collect())
    });
    let made = made.collect();
    (network, made)
}

fn filled(folder: &Path, network: &Network, blocks: &[FinalBlock], config: StoreConfig) -> DiskStore {
    let store = DiskStore::open(folder, &network.genesis, config).unwrap();
    for block in blocks {
        store.append(block).unwrap();
        store.seal().unwrap();
    }
    store
}

fn check_same(store: &dyn Store, network: &Network, blocks: &[FinalBlock]) {
    let tip = store.tip();
    assert_eq!(tip.height.0 as usize, blocks.len());
    for (block, height) in blocks.iter().zip(1..) {
        let height = Height(height);
        assert_eq!(store.block(height).unwrap().unwrap(), network.blocks[height.0 as usize - 1]);
        assert_eq!(store.header(height).unwrap().unwrap(), *block.block().header());
        assert_eq!(store.index_row(height).unwrap().unwrap().traces, block.traces());
    }
    assert_eq!(store.block(tip.height.next()).unwrap(), None);
    assert_eq!(store.block(Height(0)).unwrap(), None);
    assert_eq!(store.certificate().unwrap().as_ref(), blocks.last().and_then(FinalBlock::certificate));
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_tree(&path, &to) } else { assert!(fs::copy(&path, to).is_ok()) }
    }
}

fn files_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_of(&path)) } else { files.push((path.clone(), fs::read(&path).unwrap())) }
    }
    files.sort();
    files
}

fn sealed_files(folder: &Path) -> Vec<PathBuf> {
    let sealed = folder.join("sealed");
    super::sealed::sealed_numbers(&sealed)
        .unwrap()
        .into_iter()
        .map(|n| super::sealed::sealed_path(&sealed, n))
        .collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1 << (at % 8);
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_encoded_header_is_as_long_as_is_assumed() {
    let (_, blocks) = chain(1);
    assert_eq!(codec::encode(blocks[0].block().header()).len(), HEADER_BYTES);
}

#[test]
fn what_goes_in_comes_out_before_and_after_a_roll() {
    for count in [0, 1, 24, 25, 26, 255, 256, 257] {
        let (network, blocks) = chain(count);
        let home = tempfile::tempdir().unwrap();
        let store = filled(home.path(), &network, &blocks, small());
        check_same(&store, &network, &blocks);
        drop(store);
        let store = DiskStore::open(home.path(), &network.genesis, small()).unwrap();
        assert_eq!(store.notes(), [] as [String; 0]);
        check_same(&store, &network, &blocks);
        assert_eq!(sealed_files(home.path()).is_empty(), count < 25);
        for index in 0..network.tip.frontier().size().0 {
            let found = store.find_by_log_index(LogIndex(index)).unwrap().unwrap();
            let size =
                |height: u64| height.checked_sub(1).map_or(0, |at| blocks[at as usize].after().frontier().size().0);
            assert!((size(found.0 - 1)..size(found.0)).contains(&index));
        }
        assert_eq!(store.find_by_log_index(LogIndex(network.tip.frontier().size().0)).unwrap(), None);
    }
}

#[test]
fn memory_is_a_store_too() {
    let (network, blocks) = chain(30);
    let store = MemoryStore::new(&network.genesis);
    store.append_group(&blocks).unwrap();
    check_same(&store, &network, &blocks);
}

#[test]
fn blocks_that_do_not_follow_are_refused() {
    let (network, blocks) = chain(4);
    let home = tempfile::tempdir().unwrap();
    let store = DiskStore::open(home.path(), &network.genesis, small()).unwrap();
    assert!(matches!(store.append(&blocks[1]), Err(StoreError::Order { .. })));
    store.append_group(&blocks[..3]).unwrap();
    assert!(matches!(store.append(&blocks[2]), Err(StoreError::Order { .. })));
    store.append(&blocks[3]).unwrap();
    check_same(&store, &network, &blocks);
}

#[test]
fn old_blocks_leave_the_database() {
    let (network, blocks) = chain(257);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    assert!(sealed_files(home.path()).len() > 3);
    let hot = super::hot::Hot::open(&home.path().join("hot")).unwrap();
    let range = hot.range().unwrap().unwrap();
    assert_eq!(*range.end(), 257);
    assert!(range.count() < 25);
}

#[test]
fn a_store_may_begin_anew_after_a_crash_while_it_was_made() {
    let network = Network::new(1);
    let home = tempfile::tempdir().unwrap();
    drop(DiskStore::open(home.path(), &network.genesis, small()).unwrap());
    fs::remove_file(home.path().join("tip")).unwrap();
    let store = DiskStore::open(home.path(), &network.genesis, small()).unwrap();
    assert_eq!(store.tip(), TipRecord::genesis(&Tip::genesis(&network.genesis).chain()));
}

#[test]
fn sealed_files_that_are_write_protected_are_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let mut files = sealed_files(home.path());
    files.pop();
    assert!(!files.is_empty());
    let all = || files.iter().flat_map(|path| [path.clone(), path.with_extension("rows")]);
    all().for_each(|path| fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap());
    let store = DiskStore::open(home.path(), &network.genesis, small()).unwrap();
    check_same(&store, &network, &blocks);
    // The superuser is refused nothing: whether a file is open for writing says its descriptor.
    let mut open = 0;
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        let Ok(path) = fs::read_link(entry.path()) else { continue };
        if all().any(|file| file == path) {
            let info = fs::read_to_string(Path::new("/proc/self/fdinfo").join(entry.file_name())).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
            assert_eq!(u32::from_str_radix(flags, 8).unwrap() & 3, 0, "{} is open for reading", path.display());
            open += 1;
        }
    }
    assert_eq!(open, all().count());
}
