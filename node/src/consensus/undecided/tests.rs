use super::*;
use ledger_core::certificate::Parts;
use ledger_core::crypto::Signature;
use ledger_core::names::{NodeNumber, Round};

fn hash(of: u64) -> BlockHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&of.to_be_bytes());
    BlockHash(bytes)
}

fn signed(height: u64, proposer: u32) -> Option<SignedParts> {
    let head = Parts {
        height: Height(height),
        round: Round(0),
        block: hash(1),
        parts: 1,
        bytes: 3,
        proposer: NodeNumber(proposer),
    };
    Some(SignedParts { head, signature: Signature([9; 64]) })
}

fn signed_in(height: u64, proposer: u32, round: u32) -> Option<SignedParts> {
    let signed = signed(height, proposer)?;
    Some(SignedParts { head: Parts { round: Round(round), ..signed.head }, ..signed })
}

fn quota(next: u64) -> Quota {
    Quota { next: Height(next), block_bytes: 1 << 10, locked: BTreeSet::new(), invalid: BTreeSet::new() }
}

#[test]
fn a_restart_finds_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    assert!(store.keep(Height(3), hash(1), None, b"abc", &quota(3)).unwrap());
    assert!(store.keep(Height(3), hash(2), signed(3, 1), b"def", &quota(3)).unwrap());
    let store = UndecidedStore::open(folder.path()).unwrap();
    assert_eq!(store.at(Height(3)).count(), 2);
    assert_eq!(store.block(Height(3), hash(1)), Some((None, b"abc".to_vec())));
    assert_eq!(store.block(Height(3), hash(2)), Some((signed(3, 1), b"def".to_vec())));
    assert_eq!(store.block(Height(4), hash(1)), None);
}

#[test]
fn a_head_that_comes_later_is_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    store.keep(Height(3), hash(1), None, b"abc", &quota(3)).unwrap();
    store.keep(Height(3), hash(1), signed(3, 1), b"abc", &quota(3)).unwrap();
    store.keep(Height(3), hash(1), None, b"abc", &quota(3)).unwrap();
    assert_eq!(store.block(Height(3), hash(1)), Some((signed(3, 1), b"abc".to_vec())));
}

#[test]
fn what_is_damaged_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    store.keep(Height(3), hash(1), None, b"abc", &quota(3)).unwrap();
    store.keep(Height(3), hash(2), None, b"abc", &quota(3)).unwrap();
    std::fs::write(store.path(Height(3), hash(1)), b"abc").unwrap();
    std::fs::write(folder.path().join("something"), b"else").unwrap();
    let store = UndecidedStore::open(folder.path()).unwrap();
    assert_eq!(store.at(Height(3)).map(|(block, _)| block).collect::<Vec<_>>(), [hash(2)]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn blocks_are_deleted_well_after_their_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    for height in 1..=6 {
        store.keep(Height(height), hash(height), None, b"abc", &quota(3)).unwrap();
    }
    store.settle(Height(4)).unwrap();
    assert_eq!(store.places().map(|(height, _)| height.0).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
}

/// Four of seventeen propose as much as they can, at the height under way and at all ahead, before anybody else.
#[test]
fn nobody_takes_the_room_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    let mut number = 0;
    let mut keep = |height, proposer, round, bytes: &[u8]| {
        number += 1;
        let (block, signed) = (hash(number), signed_in(height, proposer, round));
        store.keep(Height(height), block, signed, bytes, &quota(3)).unwrap()
    };
    let filled: usize =
        (3..=13).map(|height| (0..320).filter(|of| keep(height, 1 + of % 4, of / 4, b"abc")).count()).sum();
    assert!(filled > 0);
    for proposer in 5..=17 {
        assert!((0..3).all(|round| keep(3, proposer, round, b"abc")), "the height under way");
        assert!(keep(4, proposer, 0, b"abc") && keep(13, proposer, 0, b"abc"), "heights ahead");
    }
    let kept: Vec<_> = store.places().collect();
    assert!(kept.len() <= 17 * (UNDER_WAY + AHEAD), "{}", kept.len());
    // After a restart as well.
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    assert_eq!(store.places().count(), kept.len());
    assert!(store.keep(Height(3), hash(9_000), signed_in(3, 17, 3), b"abc", &quota(3)).unwrap());
}

#[test]
fn a_newer_round_takes_the_room_of_an_older_and_those_that_do_not_hold_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    let quota =
        Quota { locked: BTreeSet::from([(Height(3), hash(0))]), invalid: BTreeSet::from([hash(2)]), ..quota(3) };
    let mut keep = |of: u64, round| {
        let kept = store.keep(Height(3), hash(of), signed_in(3, 1, round), b"abc", &quota).unwrap();
        (kept, store.at(Height(3)).map(|(block, _)| block).collect::<Vec<_>>())
    };
    let of = |numbers: &[u64]| numbers.iter().map(|of| hash(*of)).collect::<Vec<_>>();
    (0..3).for_each(|at| assert!(keep(at, at as u32).0));
    assert_eq!(keep(3, 3), (true, of(&[0, 1, 2, 3])));
    assert_eq!(keep(4, 0), (true, of(&[0, 1, 3, 4])), "the one that does not hold goes, whatever its round");
    assert_eq!(keep(5, 0), (false, of(&[0, 1, 3, 4])), "of one round the first ones stay");
    assert_eq!(keep(6, 4), (true, of(&[0, 1, 3, 6])));
    assert_eq!(keep(7, 5), (true, of(&[0, 3, 6, 7])));
    assert_eq!(keep(8, 6), (true, of(&[0, 6, 7, 8])), "the one of the polka stays");
}

#[test]
fn ahead_a_nearer_block_takes_the_room_of_a_further_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    let large = vec![7; quota(3).block_bytes as usize];
    let mut keep =
        |height, of| store.keep(Height(height), hash(of), signed_in(height, 1, 0), &large, &quota(3)).unwrap();
    assert!(keep(9, 1) && keep(8, 2));
    assert!(!keep(9, 3) && !keep(10, 4), "two of the largest");
    assert!(keep(5, 5));
    assert!(keep(3, 6), "the height under way has room of its own");
    let kept: Vec<_> = store.places().map(|(height, _)| height.0).collect();
    assert_eq!(kept, [3, 5, 8]);
}
