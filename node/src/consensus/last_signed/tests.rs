use super::*;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;

const CHAIN: ChainId = ChainId([7; 32]);
const FRESH: Known = Known { used: false, tip: Height(0), alone: true, restored: false, now: Timestamp(1_000) };
const USED: Known = Known { used: true, ..FRESH };

fn signed(height: u64, round: u32, step: Step, block: Option<u8>) -> Signed {
    let block = block.map(|byte| BlockHash([byte; 32]));
    Signed { height: Height(height), round: Round(round), step, block, valid_round: None }
}

fn open(path: &Path, known: Known) -> LastSigned {
    LastSigned::open(path, CHAIN, known).unwrap()
}

fn refused(file: &mut LastSigned, signed: Signed) -> bool {
    matches!(file.allow(signed), Err(Refused::Conflict(found)) if found == signed)
}

#[test]
fn nothing_is_signed_twice_or_backwards() {
    use Step::{Precommit, Prevote, Proposal};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    let mut file = open(&path, FRESH);
    assert_eq!(file.silence(), None);
    file.allow(signed(5, 0, Proposal, Some(1))).unwrap();
    file.allow(signed(5, 0, Prevote, Some(1))).unwrap();
    for again in [signed(5, 0, Proposal, Some(1)), signed(5, 0, Prevote, Some(1))] {
        file.allow(again).unwrap();
    }
    // Another value, nil, an earlier step, round or height.
    assert!(refused(&mut file, signed(5, 0, Prevote, Some(2))));
    assert!(refused(&mut file, signed(5, 0, Prevote, None)));
    assert!(refused(&mut file, signed(5, 0, Proposal, Some(2))));
    file.allow(signed(5, 2, Precommit, None)).unwrap();
    assert!(refused(&mut file, signed(5, 2, Prevote, None)));
    assert!(refused(&mut file, signed(5, 1, Precommit, None)));
    assert!(refused(&mut file, signed(4, 9, Precommit, None)));
    let other = Signed { valid_round: Some(Round(0)), ..signed(5, 0, Proposal, Some(1)) };
    assert!(refused(&mut file, other));
    // And the same after a restart.
    drop(file);
    let mut file = open(&path, USED);
    assert_eq!(file.silence(), None);
    assert_eq!(file.last(), Some(signed(5, 2, Precommit, None)));
    file.allow(signed(5, 2, Precommit, None)).unwrap();
    assert!(refused(&mut file, signed(5, 2, Precommit, Some(1))));
    file.allow(signed(6, 0, Prevote, Some(3))).unwrap();
}

#[test]
fn a_copied_file_makes_silent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    open(&path, FRESH).allow(signed(5, 0, Step::Prevote, Some(1))).unwrap();
    let copy = folder.path().join("copy");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    let mut file = open(&path, USED);
    assert_eq!(file.silence(), Some(Silence::Restored { since: USED.now }));
    assert!(matches!(file.allow(signed(6, 0, Step::Prevote, None)), Err(Refused::Silent)));
    // It stays so over restarts, since the time at which it was noticed.
    drop(file);
    let later = Known { now: Timestamp(9_999), ..USED };
    assert_eq!(open(&path, later).silence(), Some(Silence::Restored { since: USED.now }));
    assert_eq!(open(&path, later).last(), Some(signed(5, 0, Step::Prevote, Some(1))));
}

#[test]
fn a_missing_or_damaged_file_makes_silent_where_there_was_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    assert_eq!(open(&path, FRESH).silence(), None);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(open(&path, USED).silence(), Some(Silence::Restored { since: USED.now }));
    std::fs::write(&path, [0x5a; 2 * SLOT]).unwrap();
    assert_eq!(open(&path, FRESH).silence(), Some(Silence::Restored { since: FRESH.now }));
    std::fs::remove_file(&path).unwrap();
    let told = Known { restored: true, ..FRESH };
    assert!(open(&path, told).silence().is_some());
    let other = LastSigned::open(&path, ChainId([8; 32]), FRESH);
    assert!(matches!(other, Err(LastSignedError::Chain { found: CHAIN, .. })));
}

#[test]
fn a_home_without_a_record_waits_for_what_others_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    let known = Known { alone: false, ..FRESH };
    let new = Silence::New { since: known.now };
    let mut file = open(&path, known);
    assert_eq!(file.silence(), Some(new));
    assert!(matches!(file.allow(signed(1, 0, Step::Prevote, None)), Err(Refused::Silent)));
    // Over restarts; and whoever knows that it was restored says more.
    assert_eq!(open(&path, Known { now: Timestamp(9_999), ..known }).silence(), Some(new));
    let restored = Some(Silence::Restored { since: known.now });
    assert_eq!(open(&path, Known { restored: true, ..known }).silence(), restored);
    assert_eq!(open(&path, known).silence(), restored);
}

#[test]
fn a_torn_write_leaves_what_was_signed_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    let mut file = open(&path, FRESH);
    file.allow(signed(5, 0, Step::Prevote, Some(1))).unwrap();
    let before = std::fs::read(&path).unwrap();
    file.allow(signed(5, 0, Step::Precommit, Some(1))).unwrap();
    drop(file);
    let after = std::fs::read(&path).unwrap();
    for torn in [0, 1, 40, 100] {
        // In place, so that the inode stays.
        let half = before.iter().zip(&after).enumerate();
        let half: Vec<_> = half.map(|(i, (old, new))| if i % SLOT < torn { *new } else { *old }).collect();
        OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&half, 0).unwrap();
        assert_eq!(open(&path, USED).last(), Some(signed(5, 0, Step::Prevote, Some(1))), "{torn}");
    }
}

#[test]
fn silence_ends_with_a_block_that_is_high_enough_whatever_a_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = open(&folder.path().join("last-signed"), FRESH);
    let block = Height(12);
    assert!(!file.ended_by(block, Some(Height(1))));
    // A clock that is slow, and one that is fast.
    for since in [Timestamp(0), Timestamp(u64::MAX)] {
        let (new, restored) = (Silence::New { since }, Silence::Restored { since });
        for (why, stood, ends) in [
            (Silence::Above(block), None, true),
            (Silence::Above(block.next()), Some(Height(1)), false),
            (new, None, false),
            (restored, None, false),
            (new, Some(Height(8)), true),
            (restored, Some(Height(8)), true),
            (new, Some(Height(9)), false),
            (restored, Some(Height(9)), false),
            (restored, Some(Height(u64::MAX)), false),
        ] {
            file.record.silence = Some(why);
            assert_eq!(file.ended_by(block, stood), ends, "{why:?} {stood:?}");
        }
    }
    file.speak(None).unwrap();
    file.allow(signed(1, 0, Step::Prevote, None)).unwrap();
    file.keep_silent(Silence::Above(Height(3))).unwrap();
    file.keep_silent(Silence::Above(Height(2))).unwrap();
    assert_eq!(file.silence(), Some(Silence::Above(Height(3))));
    file.keep_silent(Silence::Restored { since: Timestamp(5) }).unwrap();
    file.keep_silent(Silence::Above(Height(9))).unwrap();
    assert_eq!(file.silence(), Some(Silence::Restored { since: Timestamp(5) }));
    file.forget().unwrap();
    assert_eq!((file.silence(), file.last()), (None, None));
}

fn precommit(height: u64) -> Signed {
    signed(height, 0, Step::Precommit, Some(7))
}

#[test]
fn a_signature_that_is_not_on_record_shows_that_another_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    let known = Known { tip: Height(4), ..USED };
    let mut file = open(&path, FRESH);
    file.allow(precommit(5)).unwrap();
    drop(file);
    let mut file = open(&path, known);
    file.allow(precommit(6)).unwrap();
    // What it signed itself, before the start and since, and what nobody knows any more.
    let before = signed(5, 0, Step::Precommit, Some(9));
    assert_eq!(file.heed(&[precommit(5), precommit(6), before], None).unwrap(), None);
    file.allow(signed(7, 0, Step::Prevote, None)).unwrap();
    assert_eq!(file.heed(&[precommit(6), precommit(7)], None).unwrap(), Some(precommit(7)));
    let another = Some(Silence::Another(Height(7)));
    assert_eq!(file.silence(), another);
    assert!(matches!(file.allow(precommit(8)), Err(Refused::Silent)));
    // Nothing ends it: no block, no restart, no other reason, no copy; only the operator's word.
    assert!(!file.ended_by(Height(999), Some(Height(7))));
    file.keep_silent(Silence::Above(Height(99))).unwrap();
    drop(file);
    assert_eq!(open(&path, known).silence(), another);
    let copy = folder.path().join("copy");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    assert_eq!(open(&path, known).silence(), another);
    let restored = Some(Silence::Restored { since: known.now });
    assert_eq!(open(&path, Known { restored: true, ..known }).silence(), restored);
}

#[test]
fn a_silence_ends_by_blocks_that_this_node_did_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    let stood = Some(Height(10));
    let mut file = open(&path, Known { restored: true, ..USED });
    // What it may have signed before its start counts for nobody's, but it waits for three blocks without it.
    assert_eq!(file.heed(&[precommit(3)], None).unwrap(), None);
    assert!(file.ended_by(Height(14), stood) && !file.ended_by(Height(13), stood));
    assert_eq!(file.heed(&[precommit(12)], stood).unwrap(), None);
    assert!(!file.ended_by(Height(15), stood) && file.ended_by(Height(16), stood));
    file.speak(stood).unwrap();
    // From here on it knows what it signs.
    assert_eq!(file.heed(&[precommit(12)], stood).unwrap(), None);
    assert_eq!(file.heed(&[precommit(13)], stood).unwrap(), Some(precommit(13)));
    // And a copy that is still silent learns it sooner.
    std::fs::remove_file(&path).unwrap();
    let mut file = open(&path, USED);
    assert_eq!(file.heed(&[precommit(13)], stood).unwrap(), Some(precommit(13)));
    assert_eq!(file.silence(), Some(Silence::Another(Height(13))));
}

#[test]
fn a_disk_that_is_called_otherwise_after_a_reboot_makes_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last-signed");
    let silent = |change: fn(&mut Disk)| {
        let _ = std::fs::remove_file(&path);
        let mut file = open(&path, FRESH);
        let mut record = file.record.clone();
        change(&mut record.disk);
        file.write(record).unwrap();
        drop(file);
        let is_looked_on_as_copy = LastSigned::look(&path, CHAIN).unwrap() == OnRecord::Silent;
        (open(&path, USED).silence().is_some(), is_looked_on_as_copy)
    };
    assert_eq!(silent(|_| {}), (false, false));
    assert_eq!(silent(|disk| disk.device ^= 1), (false, false), "a reboot");
    assert_eq!(silent(|disk| disk.file_system ^= 1), (false, false), "its file system was given another id");
    assert_eq!(silent(|disk| (disk.device, disk.file_system) = (0, 0)), (true, false), "a snapshot");
    assert_eq!(silent(|disk| disk.inode ^= 1), (true, true), "a copy");
    assert_eq!(silent(|disk| disk.born = disk.born.map_or(Some(1), |_| None)), (true, true), "a copy in its place");
}
