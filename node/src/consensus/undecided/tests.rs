use super::*;
use ledger_core::certificate::Parts;
use ledger_core::crypto::Signature;
use ledger_core::names::Round;

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

#[test]
fn a_restart_finds_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    assert!(store.keep(Height(3), hash(1), None, b"abc").unwrap());
    assert!(store.keep(Height(3), hash(2), signed(3, 1), b"def").unwrap());
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
    store.keep(Height(3), hash(1), None, b"abc").unwrap();
    store.keep(Height(3), hash(1), signed(3, 1), b"abc").unwrap();
    store.keep(Height(3), hash(1), None, b"abc").unwrap();
    assert_eq!(store.block(Height(3), hash(1)), Some((signed(3, 1), b"abc".to_vec())));
}

#[test]
fn what_is_damaged_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    store.keep(Height(3), hash(1), None, b"abc").unwrap();
    store.keep(Height(3), hash(2), None, b"abc").unwrap();
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
        store.keep(Height(height), hash(height), None, b"abc").unwrap();
    }
    store.settle(Height(4)).unwrap();
    assert_eq!(store.places().map(|(height, _)| height.0).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn one_proposer_and_one_height_have_only_so_much_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = UndecidedStore::open(folder.path()).unwrap();
    let mut keep =
        |height, of, proposer| store.keep(Height(height), hash(of), signed(height, proposer), b"abc").unwrap();
    let of_one = (0..20).filter(|of| keep(1, *of, 1)).count();
    assert_eq!(of_one, BY_PROPOSER);
    let of_others = (20..200).filter(|of| keep(1, *of, 2 + u32::try_from(*of).unwrap() % 20)).count();
    assert_eq!(of_one + of_others, AT_HEIGHT);
    assert!(keep(2, 0, 1));
}
