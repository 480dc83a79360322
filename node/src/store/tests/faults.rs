//! Crashes, torn tails, rolled back stores, full disks.

use super::hot::{Hot, Part, Parts};
use super::*;
use crate::durable::IoError;

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
        assert_eq!(ledger.tip().height().0, expected, "image {number} at {step:?}");
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
    file.write(&TipRecord { height: Height(3), block: ledger_core::names::BlockHash([1; 32]) }).unwrap();
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
    assert!(matches!(second, Err(StoreError::File(IoError::InUse { by: Some(by), .. })) if by == own), "{second:?}");
    let audit = Evidence::open(home.path(), &network.tip.chain()).map(|_| ());
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
fn sealed_blocks_are_read_while_the_database_is_closed() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    let store = filled(home.path(), &network, &blocks, small());
    store.close_hot();
    let (first, tip) = (Height(1), store.tip().height);
    assert_eq!(store.block(first).unwrap().unwrap(), network.blocks[0]);
    assert!(store.header(first).unwrap().is_some() && store.index_row(first).unwrap().is_some());
    assert!(matches!(store.block(tip), Err(StoreError::Hot { .. })));
    store.append_group(&[]).unwrap();
    check_same(&store, &network, &blocks);
}

#[test]
fn the_end_of_the_last_closed_file_is_checked_and_cut() {
    let (network, blocks) = chain(40);
    let home = tempfile::tempdir().unwrap();
    let image = tempfile::tempdir().unwrap();
    let (folder, to) = (home.path().to_owned(), image.path().to_owned());
    let at = move |step| {
        if step == Step::Closed {
            let _ = fs::remove_dir_all(&to);
            copy_tree(&folder, &to);
        }
    };
    drop(filled(home.path(), &network, &blocks, StoreConfig { at: Some(Arc::new(at)), ..small() }));
    let height = read_tip_file(&image.path().join("tip")).unwrap().tip.height.0 as usize;
    let last = sealed_files(image.path()).pop().unwrap();
    let good = fs::read(&last).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (bytes, notes) in [
        (good.clone(), 0),
        ([&good[..], &[0; 300]].concat(), 1),
        // In the certificate that ends it, and in the head of its frame.
        (flipped(good.len() - 9), 1),
        (good[..good.len() - 20].to_vec(), 1),
    ] {
        for with_index in [true, false] {
            let torn = tempfile::tempdir().unwrap();
            copy_tree(image.path(), torn.path());
            let path = torn.path().join("sealed").join(last.file_name().unwrap());
            fs::write(&path, &bytes).unwrap();
            if !with_index {
                fs::remove_file(path.with_extension("index")).unwrap();
            }
            let store = DiskStore::open(torn.path(), &network.genesis, small()).unwrap();
            assert_eq!(store.notes().len(), notes, "{:?}", store.notes());
            check_same(&store, &network, &blocks[..height]);
            for block in &blocks[height..] {
                store.append(block).unwrap();
                store.seal().unwrap();
            }
            check_same(&store, &network, &blocks);
            drop(store);
            assert_eq!(DiskStore::open(torn.path(), &network.genesis, small()).unwrap().notes(), [] as [String; 0]);
            assert_eq!(fs::read(&path).unwrap(), good);
        }
    }
}

#[test]
fn an_index_that_is_lost_is_made_again() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let mut files = sealed_files(home.path());
    files.pop();
    let good: Vec<_> = files.iter().map(|path| fs::read(path.with_extension("index")).unwrap()).collect();
    files.iter().for_each(|path| fs::remove_file(path.with_extension("index")).unwrap());
    check_same(&DiskStore::open(home.path(), &network.genesis, small()).unwrap(), &network, &blocks);
    let made: Vec<_> = files.iter().map(|path| fs::read(path.with_extension("index")).unwrap()).collect();
    assert!(made == good);
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

#[test]
fn a_newest_block_with_another_body_does_not_open() {
    let (network, blocks) = chain(5);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let hot = Hot::open(&home.path().join("hot")).unwrap();
    let row = || hot.part(5, Part::Row).unwrap().unwrap();
    let put = |block| {
        hot.append(&[Parts { height: Height(5), block, row: row(), certificate: None }], &StoreTimes::default())
            .unwrap()
    };
    let mut block = hot.part(5, Part::Block).unwrap().unwrap();
    put(block.clone());
    let last = block.len() - 1;
    block[last] ^= 1;
    put(block);
    drop(hot);
    match DiskStore::open(home.path(), &network.genesis, small()).map(|_| ()) {
        Err(StoreError::Damaged { height: Height(5), why, .. }) => assert!(why.contains("its body"), "{why}"),
        other => panic!("{other:?}"),
    }
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
        return ledger_core::skipped::leave_out("a file system of a fixed size cannot be mounted here");
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
            let full = matches!(error, StoreError::File(IoError::DiskFull { .. }));
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
            assert!(matches!(error, StoreError::File(IoError::DiskFull { .. })), "{error}");
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
