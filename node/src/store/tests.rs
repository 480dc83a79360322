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
        for index in 0..network.tip.frontier.size().0 {
            let found = store.find_by_log_index(LogIndex(index)).unwrap().unwrap();
            let size =
                |height: u64| height.checked_sub(1).map_or(0, |at| blocks[at as usize].after().frontier.size().0);
            assert!((size(found.0 - 1)..size(found.0)).contains(&index));
        }
        assert_eq!(store.find_by_log_index(LogIndex(network.tip.frontier.size().0)).unwrap(), None);
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

/// A crash at every step of appending and sealing, as the files then are.
#[test]
fn a_crash_at_any_step_ends_in_the_same_chain() {
    let (network, blocks) = chain(80);
    let home = tempfile::tempdir().unwrap();
    let images: Arc<Mutex<Vec<(Step, TempDir)>>> = Arc::default();
    let (folder, taken) = (home.path().to_owned(), Arc::clone(&images));
    let at = move |step| {
        let image = tempfile::tempdir().unwrap();
        copy_tree(&folder, image.path());
        taken.lock().unwrap().push((step, image));
    };
    let config = StoreConfig { at: Some(Arc::new(at)), ..small() };
    drop(filled(home.path(), &network, &blocks, config));
    let images = std::mem::take(&mut *images.lock().unwrap());
    for step in [Step::Appended, Step::Closed, Step::Begun, Step::Sealed, Step::HalfRemoved, Step::Removed] {
        assert!(images.iter().any(|(taken, _)| *taken == step), "{step:?} never happened");
    }
    for (number, (step, image)) in images.iter().enumerate() {
        let acknowledged = read_tip_file(&image.path().join("tip")).unwrap().tip.height;
        let ledger = Ledger::open(image.path(), network.genesis.clone(), small()).unwrap();
        let expected = acknowledged.0 + u64::from(*step == Step::Appended);
        assert_eq!(ledger.tip().height.0, expected, "image {number} at {step:?}");
        check_same(ledger.store(), &network, &blocks[..expected as usize]);
        // The rest can be appended, and ends in the same chain.
        if number % 9 == 0 {
            let mut ledger = ledger;
            blocks[expected as usize..].iter().for_each(|block| ledger.push_final(block.clone()).unwrap());
            ledger.sync().unwrap();
            ledger.store().seal().unwrap();
            check_same(ledger.store(), &network, &blocks);
        }
    }
}

#[test]
fn a_torn_tail_is_cut_as_far_as_the_database_has_the_blocks() {
    let (network, blocks) = chain(40);
    let home = tempfile::tempdir().unwrap();
    let image = tempfile::tempdir().unwrap();
    let (folder, to) = (home.path().to_owned(), image.path().to_owned());
    let at = move |step| {
        if step == Step::Sealed {
            let _ = fs::remove_dir_all(&to);
            copy_tree(&folder, &to);
        }
    };
    drop(filled(home.path(), &network, &blocks, StoreConfig { at: Some(Arc::new(at)), ..small() }));
    let height = read_tip_file(&image.path().join("tip")).unwrap().tip.height.0 as usize;
    let last = sealed_files(image.path()).pop().unwrap();
    let length = fs::metadata(&last).unwrap().len();
    for cut in [1, 5, 300, 700, 1500] {
        for rows in [false, true] {
            let torn = tempfile::tempdir().unwrap();
            copy_tree(image.path(), torn.path());
            let path = torn.path().join("sealed").join(last.file_name().unwrap());
            if rows {
                let path = path.with_extension("rows");
                let length = fs::metadata(&path).unwrap().len();
                fs::File::options().write(true).open(path).unwrap().set_len(length - cut.min(20)).unwrap();
            } else {
                fs::File::options().write(true).open(&path).unwrap().set_len(length - cut).unwrap();
            }
            let store = DiskStore::open(torn.path(), &network.genesis, small()).unwrap();
            assert_eq!(store.notes().len(), 1, "{:?}", store.notes());
            check_same(&store, &network, &blocks[..height]);
            store.seal().unwrap();
            check_same(&store, &network, &blocks[..height]);
        }
    }
    // Garbage where the next frame would stand.
    let mut bytes = fs::read(&last).unwrap();
    bytes.extend([0; 4096]);
    fs::write(&last, bytes).unwrap();
    check_same(&DiskStore::open(image.path(), &network.genesis, small()).unwrap(), &network, &blocks[..height]);
}

#[test]
fn a_sealed_file_that_lost_more_than_a_tail_is_an_error() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let files = sealed_files(home.path());
    for (path, keep) in [(files.last().unwrap(), 0.3), (&files[0], 0.5), (&files[0], 0.0)] {
        let torn = tempfile::tempdir().unwrap();
        copy_tree(home.path(), torn.path());
        let path = torn.path().join("sealed").join(path.file_name().unwrap());
        let length = fs::metadata(&path).unwrap().len() as f64 * keep;
        fs::File::options().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
        let opened = DiskStore::open(torn.path(), &network.genesis, small());
        assert!(opened.is_err(), "{} cut to {length}", path.display());
        fs::remove_file(&path).unwrap();
        assert!(DiskStore::open(torn.path(), &network.genesis, small()).is_err());
    }
}

#[test]
fn a_store_behind_its_tip_file_was_rolled_back() {
    let (network, blocks) = chain(30);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks[..28], small()));
    let old = tempfile::tempdir().unwrap();
    copy_tree(&home.path().join("hot"), old.path());
    drop(filled(home.path(), &network, &blocks[28..], small()));
    fs::remove_dir_all(home.path().join("hot")).unwrap();
    copy_tree(old.path(), &home.path().join("hot"));
    match DiskStore::open(home.path(), &network.genesis, small()).map(|_| ()) {
        Err(StoreError::RolledBack { holds: Height(28), tip_file: Height(30), .. }) => {}
        other => panic!("{other:?}"),
    }
    fs::remove_dir_all(home.path().join("hot")).unwrap();
    assert!(DiskStore::open(home.path(), &network.genesis, small()).is_err());
    fs::remove_file(home.path().join("tip")).unwrap();
    let opened = DiskStore::open(home.path(), &network.genesis, small()).map(|_| ());
    assert!(matches!(opened, Err(StoreError::TipFile { .. })), "{opened:?}");
}

#[test]
fn an_edited_tip_file_is_noticed() {
    let (network, blocks) = chain(3);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let path = home.path().join("tip");
    let (mut file, read) = super::tip_file::TipFile::open(&path).unwrap();
    file.write(&TipRecord { height: Height(3), block: ledger_core::block::BlockHash([1; 32]) }).unwrap();
    let opened = DiskStore::open(home.path(), &network.genesis, small()).map(|_| ());
    assert!(matches!(opened, Err(StoreError::OtherTip { height: Height(3), .. })), "{opened:?}");
    file.write(&TipRecord { height: Height(9), ..read.tip }).unwrap();
    let opened = DiskStore::open(home.path(), &network.genesis, small()).map(|_| ());
    assert!(matches!(opened, Err(StoreError::RolledBack { .. })), "{opened:?}");
    let other = Network::new(3);
    let opened = DiskStore::open(home.path(), &other.genesis, small()).map(|_| ());
    assert!(matches!(opened, Err(StoreError::OtherChain { .. })), "{opened:?}");
}

#[test]
fn one_process_has_a_store_open() {
    let (network, blocks) = chain(3);
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), &network, &blocks, small());
    let second = DiskStore::open(home.path(), &network.genesis, small()).map(|_| ());
    let own = std::process::id();
    assert!(matches!(second, Err(StoreError::InUse { by: Some(by), .. }) if by == own), "{second:?}");
    let audit = Evidence::open(home.path(), &network.tip.chain).map(|_| ());
    assert!(matches!(audit, Err(StoreError::NodeRuns { .. })), "{audit:?}");
    drop(store);
    for _ in 0..20 {
        drop(DiskStore::open(home.path(), &network.genesis, small()).unwrap());
    }
}

#[test]
fn values_that_sled_does_not_sync_are_an_alarm() {
    let (network, blocks) = chain(12);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let blobs = home.path().join("hot/blobs");
    assert_eq!(fs::read_dir(&blobs).unwrap().count(), 0);
    fs::write(blobs.join("1"), b"x").unwrap();
    let opened = DiskStore::open(home.path(), &network.genesis, small()).map(|_| ());
    assert!(matches!(opened, Err(StoreError::Blobs { .. })), "{opened:?}");
}

#[test]
fn a_half_written_snapshot_of_sled_is_no_obstacle() {
    let (network, blocks) = chain(3);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    fs::write(home.path().join("hot/snap.FFFFFFFFFFFFFFFF.generating"), b"torn").unwrap();
    check_same(&DiskStore::open(home.path(), &network.genesis, small()).unwrap(), &network, &blocks);
}

#[test]
fn an_index_that_does_not_fit_is_made_again() {
    let (network, blocks) = chain(80);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    for path in sealed_files(home.path()) {
        let path = path.with_extension("index");
        if path.exists() {
            flip(&path, 60);
        }
    }
    check_same(&DiskStore::open(home.path(), &network.genesis, small()).unwrap(), &network, &blocks);
}

/// What evidence says of a chain: every block as it was, or something odd.
fn audit(folder: &Path, network: &Network) -> Result<(), String> {
    let evidence = Evidence::open(folder, &network.tip.chain).map_err(|error| error.to_string())?;
    let mut heights = 0;
    for (block, height) in evidence.blocks().zip(1..) {
        assert_eq!(block.height, Height(height));
        if block.bytes? != network.blocks[height as usize - 1] {
            return Err(format!("block {height} is another"));
        }
        heights = height;
    }
    if heights != network.tip.height.0 {
        return Err(format!("{heights} blocks"));
    }
    if evidence.certificate() != network.certificate.as_ref() {
        return Err("another certificate".into());
    }
    match evidence.notes().first() {
        None => Ok(()),
        Some(note) => Err(note.clone()),
    }
}

#[test]
fn evidence_is_read_and_left_as_it_was() {
    let (network, blocks) = chain(80);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let before = files_of(home.path());
    assert_eq!(audit(home.path(), &network), Ok(()));
    assert_eq!(before, files_of(home.path()));
}

#[test]
fn a_flipped_bit_in_a_sealed_file_is_found_and_located() {
    let (network, blocks) = chain(80);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let mut unreadable = 0;
    for path in sealed_files(home.path()).iter().take(2) {
        let good = fs::read(path).unwrap();
        for at in (0..good.len()).step_by(149).chain((0..120).step_by(3)) {
            flip(path, at);
            assert!(audit(home.path(), &network).is_err(), "{} byte {at}", path.display());
            // All other blocks can still be read.
            let evidence = Evidence::open(home.path(), &network.tip.chain).unwrap();
            let read: Vec<_> = evidence.blocks().collect();
            assert_eq!(read.len(), 80, "byte {at}");
            let bad: Vec<u64> = read.iter().filter(|block| block.bytes.is_err()).map(|block| block.height.0).collect();
            assert!(bad.len() <= 1, "byte {at} of {}: {bad:?}", path.display());
            unreadable += bad.len();
            // A store that opens gives every block as it was, or an error.
            if at % 3 == 0
                && let Ok(store) = DiskStore::open(home.path(), &network.genesis, small())
            {
                for height in 1..=80 {
                    let block = store.block(Height(height));
                    assert!(block.is_err() || block.unwrap().unwrap() == network.blocks[height as usize - 1]);
                }
            }
            fs::write(path, &good).unwrap();
        }
    }
    assert!(unreadable > 100);
}

#[test]
fn an_edited_index_row_is_reported() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let wrong = || Evidence::open(home.path(), &network.tip.chain).unwrap().wrong_rows(&network.genesis);
    assert_eq!(wrong(), []);
    let path = sealed_files(home.path())[1].with_extension("rows");
    let good = fs::read(&path).unwrap();
    for at in (16..good.len()).step_by(211) {
        flip(&path, at);
        // Where the length was altered, no later row of the file is found.
        assert!(!wrong().is_empty(), "byte {at}");
        fs::write(&path, &good).unwrap();
    }
    fs::remove_file(&path).unwrap();
    assert!(wrong().len() > 1);
}

/// sled takes damaged bytes for the end of its log and opens without the rest; the tip file tells.
#[test]
fn a_flipped_bit_in_the_database_is_never_taken_for_the_truth() {
    let (network, blocks) = chain(30);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let mut refused = 0;
    for reopened in [false, true] {
        if reopened {
            // Then sled has a snapshot of its own, and reads pages only when they are asked for.
            drop(DiskStore::open(home.path(), &network.genesis, small()).unwrap());
        }
        let db = fs::read(home.path().join("hot/db")).unwrap();
        let live: Vec<usize> = (0..db.len()).filter(|at| db[*at] != 0).collect();
        for number in 0..100 {
            let image = tempfile::tempdir().unwrap();
            copy_tree(home.path(), image.path());
            flip(&image.path().join("hot/db"), live[number * live.len() / 100]);
            // Each height is read as it was, or it is not.
            let evidence = Evidence::open(image.path(), &network.tip.chain).unwrap();
            for (block, height) in evidence.blocks().zip(1..) {
                assert_eq!(block.height, Height(height));
                assert!(block.bytes.is_err() || block.bytes.unwrap() == network.blocks[height as usize - 1]);
            }
            drop(evidence);
            match Ledger::open(image.path(), network.genesis.clone(), small()) {
                Err(_) => refused += 1,
                Ok(ledger) => (1..=30).for_each(|height| {
                    let block = ledger.store().block(Height(height));
                    assert!(block.is_err() || block.unwrap().unwrap() == network.blocks[height as usize - 1]);
                }),
            }
        }
    }
    assert!(refused > 100, "{refused} refused");
}

/// A file system of a few megabytes, where the machine lets us make one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new(16) else {
        println!("skipped: a file system of a fixed size cannot be mounted here");
        return;
    };
    let (network, blocks) = chain(60);
    let folder = disk.0.path().join("ledger");
    let config = StoreConfig { hot_blocks: 15, ..small() };
    let store = DiskStore::open(&folder, &network.genesis, config.clone()).unwrap();
    let filler = disk.0.path().join("filler");
    let (mut failures, mut appended) = (0, 0);
    for (number, block) in blocks.iter().enumerate() {
        if number % 12 == 7 {
            let mut file = fs::File::create(&filler).unwrap();
            while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
        }
        let mut tries = 0;
        while let Err(error) = store.append(block) {
            let full = matches!(error, StoreError::DiskFull { .. });
            assert!(full, "{error}");
            assert_eq!(store.tip().height.0, appended, "nothing was acknowledged");
            failures += 1;
            tries += 1;
            assert!(tries < 3);
            if tries == 2 {
                fs::remove_file(&filler).unwrap();
            }
        }
        appended += 1;
        if let Err(error) = store.seal() {
            assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
            assert!(store.sealing_error().is_some());
            failures += 1;
            fs::remove_file(&filler).unwrap();
            store.seal().unwrap();
        }
        let _ = fs::remove_file(&filler);
    }
    assert!(failures > 2, "{failures}");
    check_same(&store, &network, &blocks);
    drop(store);
    check_same(&DiskStore::open(&folder, &network.genesis, config).unwrap(), &network, &blocks);
}

#[test]
fn a_store_may_begin_anew_after_a_crash_while_it_was_made() {
    let network = Network::new(1);
    let home = tempfile::tempdir().unwrap();
    drop(DiskStore::open(home.path(), &network.genesis, small()).unwrap());
    fs::remove_file(home.path().join("tip")).unwrap();
    let store = DiskStore::open(home.path(), &network.genesis, small()).unwrap();
    assert_eq!(store.tip(), TipRecord::genesis(&Tip::genesis(&network.genesis).chain));
}
