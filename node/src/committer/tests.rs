use super::*;
use crate::archive::ArchiveReader;
use crate::durable::IoError;
use crate::store::MemoryStore;
use ledger_core::archive::Archive;
use ledger_core::audit::{Options, Report, Unwatched, Verdict, judge};
use ledger_core::event::{Action, Event};
use ledger_core::fixture::{self, Network, code, governance_key};
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::names::{Height, NodeNumber};
use std::fs;
use std::path::Path;

fn small() -> StoreConfig {
    StoreConfig { hot_blocks: 10, batch_blocks: 5, segment_bytes: 15_000, snapshot_blocks: 8, ..StoreConfig::default() }
}

/// A chain in which the membership changes twice.
fn chain(blocks: u64) -> (Network, Vec<FinalBlock>) {
    let mut network = Network::new(4);
    let mut made = Vec::new();
    for height in 1..=blocks {
        let keeper = code("370100");
        let mut events: Vec<Event> = (0..4).map(|i| fixture::event(height * 10 + i, Action::New { keeper })).collect();
        events.push(fixture::event((height - 1) * 10 + 1, Action::Renew));
        if height == 6 || height == 21 {
            let change = Change::SetPower(NodeNumber(4), height as u32);
            let effective = Height(height + 2);
            let id = change.id(effective);
            events.push(Event::Propose(Box::new(Propose { change: change.into(), effective })));
            let chain = network.tip.chain();
            let approve = |(member, code_text)| {
                Event::Approve(Approve::sign(&chain, &governance_key(member), code(code_text), id))
            };
            events.extend((1..=4).zip(fixture::CODES).map(approve));
        }
        made.push(network.block_of(events));
    }
    assert!(blocks < 23 || network.tip.membership().node(NodeNumber(4)).unwrap().1.power == 21);
    (network, made)
}

fn filled(folder: &Path, network: &Network, blocks: &[FinalBlock]) -> Ledger<crate::store::DiskStore> {
    let mut ledger = Ledger::open(folder, network.genesis.clone(), small()).unwrap();
    for block in blocks {
        ledger.push_final(block.clone()).unwrap();
        ledger.sync().unwrap();
        ledger.store().seal().unwrap();
    }
    ledger
}

fn check_same<S: Store>(ledger: &Ledger<S>, network: &Network) {
    assert_eq!(*ledger.tip(), network.tip);
    assert_eq!(ledger.map().root(), network.map.root());
    assert_eq!(ledger.certificate(), network.certificate.as_ref());
}

#[test]
fn a_ledger_opens_where_it_was_closed_or_dropped() {
    let (network, blocks) = chain(50);
    for close in [true, false] {
        let home = tempfile::tempdir().unwrap();
        for part in blocks.chunks(17) {
            let ledger = filled(home.path(), &network, part);
            assert_eq!(ledger.notes(), [] as [String; 0]);
            if close {
                ledger.close();
            }
        }
        check_same(&Ledger::open(home.path(), network.genesis.clone(), small()).unwrap(), &network);
    }
}

#[test]
fn an_altered_or_missing_snapshot_is_rebuilt_and_said() {
    let (network, blocks) = chain(30);
    let home = tempfile::tempdir().unwrap();
    filled(home.path(), &network, &blocks).close();
    let path = home.path().join("map.snapshot");
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(97) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, bytes).unwrap();
        let ledger = Ledger::open(home.path(), network.genesis.clone(), small()).unwrap();
        assert_eq!(ledger.notes().len(), 1, "byte {at}");
        check_same(&ledger, &network);
    }
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert_eq!(Ledger::open(home.path(), network.genesis.clone(), small()).unwrap().notes().len(), 1);
    fs::remove_file(&path).unwrap();
    let ledger = Ledger::open(home.path(), network.genesis.clone(), small()).unwrap();
    assert_eq!(ledger.notes().len(), 1);
    check_same(&ledger, &network);
    ledger.close();
    let ledger = Ledger::open(home.path(), network.genesis.clone(), small()).unwrap();
    assert_eq!(ledger.notes(), [] as [String; 0], "closing made the snapshot again");
}

/// How the rows of a sealed file get lost.
fn lose(path: &Path, way: usize) {
    let (rows, index) = (path.with_extension("rows"), path.with_extension("index"));
    let good = fs::read(&rows).unwrap();
    match way {
        0 => fs::remove_file(&rows).unwrap(),
        1 => fs::write(&rows, &good[..good.len() - 1]).unwrap(),
        2 => fs::write(&rows, &good[..17]).unwrap(),
        _ => {
            fs::remove_file(&rows).unwrap();
            // The last file has none while it grows.
            let _ = fs::remove_file(index);
        }
    }
}

#[test]
fn index_rows_that_are_lost_are_made_again_at_the_next_start() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    filled(home.path(), &network, &blocks).close();
    let mut files: Vec<_> =
        fs::read_dir(home.path().join("sealed")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "luqi"));
    files.sort();
    assert!(files.len() > 2);
    for way in 0..4 {
        for lost in [&files[..1], &files[1..], &files[..]] {
            let rows: Vec<_> = lost.iter().map(|path| fs::read(path.with_extension("rows")).unwrap()).collect();
            lost.iter().for_each(|path| lose(path, way));
            let ledger = Ledger::open(home.path(), network.genesis.clone(), small()).unwrap();
            assert_eq!(ledger.notes().len(), lost.len(), "way {way}: {:?}", ledger.notes());
            for block in &blocks {
                let row = ledger.store().index_row(block.after().height()).unwrap().unwrap();
                assert_eq!(row.traces, block.traces());
            }
            ledger.close();
            let made: Vec<_> = lost.iter().map(|path| fs::read(path.with_extension("rows")).unwrap()).collect();
            assert!(made == rows, "way {way}");
            let ledger = Ledger::open(home.path(), network.genesis.clone(), small()).unwrap();
            assert_eq!(ledger.notes(), [] as [String; 0]);
        }
    }
}

#[test]
fn a_snapshot_whose_states_were_exchanged_with_their_checksum_is_rebuilt() {
    let (network, blocks) = chain(20);
    let (early, _) = chain(10);
    let home = tempfile::tempdir().unwrap();
    filled(home.path(), &network, &blocks).close();
    // The states of another height under the foot of this one.
    let path = home.path().join("map.snapshot");
    let (trail, _) = snapshot::read(&path, &network.genesis).unwrap();
    let foot = trail.foot(network.certificate.as_ref(), Some(early.map.len())).unwrap();
    let file = fs::File::create(&path).unwrap();
    crate::archive::ArchiveWriter::new(file, &path, &network.tip.chain(), &foot, Some(&early.map)).unwrap();
    let ledger = Ledger::open(home.path(), network.genesis.clone(), small()).unwrap();
    assert_eq!(ledger.notes().len(), 1);
    check_same(&ledger, &network);
}

#[test]
fn commits_climb_the_ladder() {
    let mut network = Network::new(4);
    let mut ledger = Ledger::over(MemoryStore::new(&network.genesis), network.genesis.clone()).unwrap();
    for number in 0..5 {
        let submission = network.submission(1, vec![fixture::event(number, Action::Employer)]);
        let checked = network.checked(vec![submission.clone()]);
        let mut certificate = network.certify(&checked);
        network.block(vec![submission]);
        let good = certificate.clone();
        certificate.block = ledger_core::names::BlockHash([0; 32]);
        assert!(matches!(ledger.commit(checked.clone(), certificate), Err(CommitError::Certificate(_))));
        ledger.commit(checked, good).unwrap();
        check_same(&ledger, &network);
    }
}

fn export(ledger: &Ledger<crate::store::DiskStore>, from: u64, to: u64, map: bool) -> Vec<u8> {
    ledger.export((Height(from), Height(to)), map, Vec::new(), Path::new("archive")).unwrap()
}

/// Audits an archive as an auditor would who has nothing else.
fn audit(bytes: &[u8], network: &Network) -> Report {
    let (start, mut blocks) = Archive::open(bytes, &network.tip.chain()).unwrap();
    Report::of(&judge(&network.genesis, &start, &mut blocks, Options::default(), &mut Unwatched))
}

#[test]
fn an_export_audits_and_imports() {
    let (network, blocks) = chain(50);
    let home = tempfile::tempdir().unwrap();
    let ledger = filled(home.path(), &network, &blocks);
    let whole = export(&ledger, 1, 50, false);
    let report = audit(&whole, &network);
    assert_eq!((report.verdict, report.height), (Verdict::Holds, Some(Height(50))));
    for (from, to, map) in [(1, 50, true), (2, 30, true), (9, 50, true), (23, 44, false), (50, 50, true), (7, 9, true)]
    {
        let bytes = export(&ledger, from, to, map);
        let report = audit(&bytes, &network);
        assert_eq!(report.findings, [], "{from} to {to}");
        assert_eq!(report.height, Some(Height(to)));
        assert_eq!(report.tip, Some(blocks[to as usize - 1].block().hash()));
    }
    assert!(ledger.export((Height(0), Height(3)), false, Vec::new(), Path::new("archive")).is_err());
    assert!(ledger.export((Height(2), Height(51)), false, Vec::new(), Path::new("archive")).is_err());

    let second = tempfile::tempdir().unwrap();
    let mut other = Ledger::open(second.path(), network.genesis.clone(), small()).unwrap();
    let read = |bytes: &[u8], other: &mut Ledger<crate::store::DiskStore>| {
        let mut archive = ArchiveReader::open(bytes, Path::new("archive"), &network.tip.chain()).unwrap();
        other.import_archive(&mut archive)
    };
    let later = export(&ledger, 20, 50, false);
    assert!(matches!(read(&later, &mut other), Err(CommitError::Gap { begins: Height(20), tip: Height(0) })));
    let first = export(&ledger, 1, 25, false);
    let all = Imported { appended: 25, known: 0, last_left_out: false };
    assert_eq!(read(&first, &mut other).unwrap(), all);
    assert_eq!(read(&later, &mut other).unwrap(), Imported { appended: 25, known: 6, last_left_out: false });
    assert_eq!(read(&whole, &mut other).unwrap(), Imported { appended: 0, known: 50, last_left_out: false });
    check_same(&other, &network);
}

#[test]
fn sealed_files_are_archives_that_audit_alone() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks));
    let mut files: Vec<_> = fs::read_dir(home.path().join("sealed"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "luqi"))
        .collect();
    files.sort();
    assert!(files.len() > 3);
    for path in files {
        let report = audit(&fs::read(&path).unwrap(), &network);
        assert_eq!(report.findings, [], "{}", path.display());
    }
}

#[test]
fn an_altered_archive_appends_nothing_that_is_not_final() {
    let (network, blocks) = chain(12);
    let home = tempfile::tempdir().unwrap();
    let good = export(&filled(home.path(), &network, &blocks), 1, 12, false);
    for at in (0..good.len()).step_by(101) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        let mut ledger = Ledger::over(MemoryStore::new(&network.genesis), network.genesis.clone()).unwrap();
        let archive = ArchiveReader::open(&bytes[..], Path::new("archive"), &network.tip.chain());
        let outcome = archive.map_err(CommitError::from).and_then(|mut archive| ledger.import_archive(&mut archive));
        assert!(outcome.is_err(), "byte {at}");
        let height = ledger.tip().height().0 as usize;
        assert!(height == 0 || ledger.tip().hash() == blocks[height - 1].block().hash());
    }
}

/// A store that can be told to fail, in writing and in reading.
struct Failing {
    store: MemoryStore,
    fails: std::sync::atomic::AtomicBool,
}

impl Failing {
    fn set(&self, fails: bool) {
        self.fails.store(fails, std::sync::atomic::Ordering::Relaxed);
    }

    fn try_it<T>(&self, work: impl FnOnce(&MemoryStore) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.fails.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(IoError::DiskFull { doing: "use", path: "a store".into() }.into());
        }
        work(&self.store)
    }
}

impl Store for Failing {
    fn tip(&self) -> crate::store::TipRecord {
        self.store.tip()
    }
    fn append_group(&self, blocks: &[FinalBlock]) -> Result<(), StoreError> {
        self.try_it(|store| store.append_group(blocks))
    }
    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        self.try_it(|store| store.block(height))
    }
    fn header(&self, height: Height) -> Result<Option<ledger_core::block::Header>, StoreError> {
        self.try_it(|store| store.header(height))
    }
    fn index_row(&self, height: Height) -> Result<Option<crate::store::IndexRow>, StoreError> {
        self.try_it(|store| store.index_row(height))
    }
    fn certificate(&self) -> Result<Option<Certificate>, StoreError> {
        self.try_it(Store::certificate)
    }
    fn foot(&self, height: Height) -> Result<ledger_core::archive::Foot, StoreError> {
        self.try_it(|store| store.foot(height))
    }
    fn ahead(&self) -> Result<Vec<crate::store::Ahead>, StoreError> {
        self.try_it(Store::ahead)
    }
    fn first_entry(&self) -> ledger_core::merkle::LogIndex {
        self.store.first_entry()
    }
}

#[test]
fn a_ledger_whose_store_failed_altogether_goes_on_where_the_store_is() {
    let (network, blocks) = chain(4);
    let store = MemoryStore::new(&network.genesis);
    let mut ledger = Ledger::over(Failing { store, fails: false.into() }, network.genesis.clone()).unwrap();
    ledger.push_final(blocks[0].clone()).unwrap();
    ledger.sync().unwrap();

    ledger.push_final(blocks[1].clone()).unwrap();
    ledger.push_final(blocks[2].clone()).unwrap();
    ledger.store().set(true);
    assert!(matches!(ledger.sync(), Err(CommitError::Store(StoreError::File(IoError::DiskFull { .. })))));
    assert!(ledger.sync().is_err());
    assert!(ledger.push_final(blocks[3].clone()).is_err());

    ledger.store().set(false);
    ledger.sync().unwrap();
    assert_eq!(ledger.tip().height(), Height(1));
    for block in &blocks[1..] {
        ledger.push_final(block.clone()).unwrap();
    }
    ledger.sync().unwrap();
    check_same(&ledger, &network);
}

/// A store that counts the blocks that are read.
struct Counting {
    store: MemoryStore,
    read: std::sync::atomic::AtomicUsize,
}

impl Store for Counting {
    fn tip(&self) -> crate::store::TipRecord {
        self.store.tip()
    }
    fn append_group(&self, blocks: &[FinalBlock]) -> Result<(), StoreError> {
        self.store.append_group(blocks)
    }
    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        self.read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.store.block(height)
    }
    fn header(&self, height: Height) -> Result<Option<ledger_core::block::Header>, StoreError> {
        self.store.header(height)
    }
    fn index_row(&self, height: Height) -> Result<Option<crate::store::IndexRow>, StoreError> {
        self.store.index_row(height)
    }
    fn certificate(&self) -> Result<Option<Certificate>, StoreError> {
        self.store.certificate()
    }
    fn foot(&self, height: Height) -> Result<ledger_core::archive::Foot, StoreError> {
        self.store.foot(height)
    }
    fn ahead(&self) -> Result<Vec<crate::store::Ahead>, StoreError> {
        self.store.ahead()
    }
    fn first_entry(&self) -> ledger_core::merkle::LogIndex {
        self.store.first_entry()
    }
}

#[test]
fn beginning_a_stretch_where_one_began_reads_nothing_below_it_again() {
    let (network, blocks) = chain(60);
    let store = Counting { store: MemoryStore::new(&network.genesis), read: Default::default() };
    store.append_group(&blocks).unwrap();
    let feet = Feet::default();
    let stretch = |from: u64, to: u64, feet: &Feet| {
        let before = store.read.load(std::sync::atomic::Ordering::Relaxed);
        let heights = (Height(from), Height(to));
        let bytes = export_stretch(&store, &network.genesis, feet, heights, Vec::new(), Path::new("s")).unwrap();
        (bytes, store.read.load(std::sync::atomic::Ordering::Relaxed) - before)
    };
    let (first, cold) = stretch(50, 52, &feet);
    assert!(cold > 49, "{cold}");
    let (again, warm) = stretch(50, 52, &feet);
    assert_eq!(first, again);
    // The stretch itself, and the certificates at both its ends.
    assert!(warm <= 6, "{warm}");
    let (later, warm) = stretch(55, 55, &feet);
    assert!(warm <= 5 + 4, "{warm}");
    assert_eq!(later, stretch(55, 55, &Feet::default()).0);
}
