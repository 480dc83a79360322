//! The map against its rule, and the laws of its proofs.

use super::*;
use crate::codec::{DecodeError, decode, encode};
use crate::contract::{State, StateHash};
use crate::crypto::{Domain, Hasher, Suite};
use crate::fixture::state;
use crate::names::{MapRoot, Subject};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) fn key(n: u64) -> MapKey {
    let mut subject = [0; 32];
    subject[..8].copy_from_slice(&n.to_be_bytes());
    MapKey::of(&Subject(subject))
}

/// A key that begins with the first `shared` bits of a fixed one, then differs, then is random.
fn near(shared: usize, n: u64) -> MapKey {
    let (fixed, mut near) = (key(u64::MAX), key(n));
    for bit in 0..=shared {
        let mask = 0x80 >> (bit % 8);
        near.0[bit / 8] = near.0[bit / 8] & !mask | (fixed.0[bit / 8] & mask) ^ if bit == shared { mask } else { 0 };
    }
    near
}

fn map_of(pairs: &[(MapKey, State)]) -> ContractMap {
    let mut map = ContractMap::new();
    map.set(pairs.to_vec());
    map
}

/// Pairs in order, the later of two under one key.
fn sorted(pairs: &[(MapKey, State)]) -> Vec<(MapKey, State)> {
    pairs.iter().copied().collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// The rule, said once more in the dullest way: by lists, bit for bit, with hashes spelt out.
fn dull_root(pairs: &[(MapKey, State)], depth: usize) -> [u8; 32] {
    let hash = |domain, a: &[u8], b: &[u8]| Hasher::new(domain, Suite::Ed25519Sha256).bytes(a).bytes(b).finish();
    match pairs {
        [] => [0; 32],
        [(key, state)] => hash(Domain::MapLeaf, &key.0, &state.hash().0),
        _ => {
            let bit = |key: &MapKey| key.0[depth / 8] & (0x80 >> (depth % 8)) != 0;
            let (one, zero): (Vec<_>, Vec<_>) = pairs.iter().partition(|(key, _)| bit(key));
            hash(Domain::MapNode, &dull_root(&zero, depth + 1), &dull_root(&one, depth + 1))
        }
    }
}

/// A map holds exactly these pairs, by every way of asking.
fn check(map: &ContractMap, pairs: &[(MapKey, State)]) {
    let pairs = sorted(pairs);
    let root = MapRoot(dull_root(&pairs, 0));
    assert_eq!(map.root(), root);
    assert_eq!(root_of(&pairs), root);
    assert_eq!(root_of_parallel(&pairs), root);
    let hashes: Vec<(MapKey, StateHash)> = pairs.iter().map(|(key, state)| (*key, state.hash())).collect();
    assert_eq!(root_of(&hashes), root);
    assert_eq!((map.len(), map.is_empty()), (pairs.len() as u64, pairs.is_empty()));
    assert!(map.iter().eq(&pairs));
    for (key, state) in &pairs {
        assert_eq!(map.get(key), Some(state));
    }
}

fn check_proof(map: &ContractMap, key: &MapKey) -> MapProof {
    let expected = map.get(key).map_or(Shown::Absent, |state| Shown::Present(state.hash()));
    let proof = map.prove(key);
    assert_eq!(proof.verify(&map.root(), key), Ok(expected), "{key}");
    assert_eq!(decode(&encode(&proof)), Ok(proof.clone()));
    assert_eq!(serde_json::from_str::<MapProof>(&serde_json::to_string(&proof).unwrap()).unwrap(), proof);
    proof
}

#[test]
fn the_rule_as_drawn() {
    let sha = |text: &[&[u8]]| -> [u8; 32] {
        use sha2::Digest;
        sha2::Sha256::digest(text.concat()).into()
    };
    assert_eq!(MapKey::of(&Subject([5; 32])).0, sha(&[b"\x0cluqi/map-key\x01", &[5; 32]]));
    let (low, high) = (MapKey([0x10; 32]), MapKey([0x20; 32]));
    let leaf = |key: &MapKey, n| sha(&[b"\x0dluqi/map-leaf\x01", &key.0, &state(n).hash().0]);
    let inner = |zero: &[u8; 32], one: &[u8; 32]| sha(&[b"\x0dluqi/map-node\x01", zero, one]);
    assert_eq!(map_of(&[]).root(), MapRoot([0; 32]));
    assert_eq!(map_of(&[(high, state(1))]).root().0, leaf(&high, 1));
    // 0x10 and 0x20 agree in two bits, then differ: 00|01… and 00|10….
    let pair = inner(&leaf(&low, 2), &leaf(&high, 1));
    let expected = inner(&inner(&pair, &[0; 32]), &[0; 32]);
    assert_eq!(map_of(&[(high, state(1)), (low, state(2))]).root().0, expected);
}

#[test]
fn a_list_that_breaks_the_promise_of_different_keys_still_ends() {
    let twice = vec![(key(1), state(1)); 2];
    assert_ne!(root_of(&twice), root_of(&twice[1..]));
    assert_eq!(root_of_parallel(&vec![twice[0]; 2000]), root_of(&twice));
}

#[test]
fn small_maps_and_all_that_is_not_in_them() {
    for size in (0..=40).chain([255, 256, 257, 2048, 2049]) {
        let pairs: Vec<_> = (0..size).map(|n| (key(n), state(n))).collect();
        let map = map_of(&pairs);
        check(&map, &pairs);
        for n in (0..2 * size.max(1)).step_by(1 + size as usize / 100) {
            check_proof(&map, &key(n));
        }
    }
}

#[test]
fn keys_that_differ_in_the_last_bit_alone() {
    let (even, odd) = (near(255, 0), key(u64::MAX));
    let map = map_of(&[(even, state(1)), (odd, state(2))]);
    check(&map, &[(even, state(1)), (odd, state(2))]);
    for key in [even, odd, near(254, 0), near(100, 7), near(0, 7)] {
        let bytes = encode(&check_proof(&map, &key)).len();
        assert!(bytes <= 1 + 64 + 2 + 32 + 2 * 32, "{bytes}");
    }
    let text = serde_json::to_string(&map.prove(&even)).unwrap();
    assert_eq!(text.matches(&MapRoot::EMPTY.to_string()).count(), 255);
}

#[test]
fn many_keys_with_one_long_prefix() {
    // More than a list holds at every depth, and several thousand behind the same 20 bits.
    let mut pairs: Vec<_> = (0..3000).map(|n| (near(20 + n as usize % 60, n), state(n))).collect();
    pairs.extend((0..300).map(|n| (key(n), state(n))));
    let map = map_of(&pairs);
    check(&map, &pairs);
    for n in (0..6000).step_by(37) {
        check_proof(&map, &near(20 + n as usize % 60, n));
        check_proof(&map, &key(n));
    }
    let changes: Vec<_> = (2900..3100).map(|n| (near(20 + n as usize % 60, n), state(n + 9))).collect();
    let mut after = map_of(&pairs);
    let staged = after.stage(changes.clone());
    after.commit(staged);
    check(&after, &[pairs, changes].concat());
}

#[test]
fn staging_changes_nothing_and_committing_everything() {
    let before: Vec<_> = (0..700).map(|n| (key(n), state(n))).collect();
    let changes: Vec<_> = (600..1300).map(|n| (key(n), state(n + 1))).collect();
    let after = [before.clone(), changes.clone()].concat();
    let mut map = map_of(&before);
    let staged = map.stage(changes.clone());
    check(&map, &before);
    assert_eq!(staged.root(), MapRoot(dull_root(&sorted(&after), 0)));
    assert!(format!("{staged:?} {map:?}").starts_with("Staged(700 changes, from "));
    map.commit(staged);
    check(&map, &after);
    assert_eq!(format!("{map:?}"), "ContractMap(1300 keys)");
}

#[test]
fn what_was_staged_on_another_map_is_made_all_the_same() {
    let mut map = map_of(&[(key(1), state(1))]);
    let first = map.stage(vec![(key(2), state(2))]);
    let second = map.stage(vec![(key(2), state(3)), (key(3), state(3))]);
    map.commit(first);
    map.commit(second);
    check(&map, &[(key(1), state(1)), (key(2), state(3)), (key(3), state(3))]);
}

#[test]
fn of_two_changes_under_one_key_the_later_holds() {
    let changes = vec![(key(1), state(1)), (key(2), state(2)), (key(1), state(3)), (key(1), state(4))];
    let expected = [(key(1), state(4)), (key(2), state(2))];
    check(&map_of(&changes), &expected);
    let mut map = ContractMap::new();
    map.commit(map.stage(changes));
    check(&map, &expected);
}

#[test]
fn an_empty_change_changes_nothing() {
    let mut map = map_of(&[(key(1), state(1))]);
    map.set(vec![]);
    map.commit(map.stage(vec![]));
    check(&map, &[(key(1), state(1))]);
}

#[test]
fn a_proof_has_one_encoding() {
    let pairs: Vec<_> = (0..50).map(|n| (near(20 + n as usize % 3, n), state(n))).collect();
    let proof = encode(&map_of(&pairs).prove(&pairs[0].0));
    assert_eq!(proof[0], 1);
    let depth = usize::from(u16::from_be_bytes([proof[33], proof[34]]));
    assert!(depth > 20 && depth % 8 != 0, "{depth}");
    let refused = |bytes: &[u8], why: &str| match decode::<MapProof>(bytes) {
        Err(DecodeError::Refused(said)) => assert!(said.contains(why), "{said}"),
        other => panic!("{other:?}"),
    };
    let mut tagged = proof.clone();
    tagged[0] = 3;
    refused(&tagged, "3 is no end");
    let mut padded = proof.clone();
    padded[34 + depth.div_ceil(8)] |= 1;
    refused(&padded, "beyond the path");
    let mut deep = vec![0, 1, 1];
    deep.extend([0; 33]);
    refused(&deep, "257 steps");
    let mut zero = vec![0, 0, 1, 0x80];
    zero.extend([0; 32]);
    refused(&zero, "written out");
    zero[35] = 1;
    assert!(decode::<MapProof>(&zero).is_ok());
    let deepest = [&[0, 1, 0][..], &[0; 32]].concat();
    assert_eq!(encode(&decode::<MapProof>(&deepest).unwrap()), deepest);
    assert!(serde_json::from_str::<MapProof>(r#"{"end":"empty","siblings":[]}"#).is_ok());
    assert!(serde_json::from_str::<MapProof>(r#"{"end":"empty","siblings":[],"more":1}"#).is_err());
}

#[test]
fn the_key_itself_is_no_other_key() {
    let map = map_of(&[(key(1), state(1)), (key(2), state(2))]);
    let bytes = encode(&map.prove(&key(1)));
    // Passes the key off as a neighbour of itself, which would hide it.
    let hidden = [&[2][..], &key(1).0, &bytes[1..]].concat();
    let hidden: MapProof = decode(&hidden).unwrap();
    assert_eq!(hidden.verify(&map.root(), &key(1)), Err(MapProofError::OtherPath));
}

#[test]
fn a_neighbour_from_another_path_shows_nothing() {
    let pairs: Vec<_> = (0..8).map(|n| (key(n), state(n))).collect();
    let map = map_of(&pairs);
    // An honest proof that a leaf stands somewhere, offered for keys that go elsewhere.
    for n in 0..8 {
        let bytes = encode(&map.prove(&key(n)));
        let as_other: MapProof = decode(&[&[2][..], &key(n).0, &bytes[1..]].concat()).unwrap();
        for m in (0..200).filter(|m| *m != n) {
            match as_other.verify(&map.root(), &key(m)) {
                Ok(verdict) => assert_eq!((verdict, map.get(&key(m))), (Shown::Absent, None)),
                Err(why) => assert_eq!(why, MapProofError::OtherPath),
            }
        }
    }
}

fn pairs(max: usize) -> impl Strategy<Value = Vec<(MapKey, State)>> {
    let key = prop_oneof![(0..60_u64).prop_map(key), (0..60_usize, 0..200_u64).prop_map(|(bits, n)| near(bits, n))];
    prop::collection::vec((key, (0..1000_u64).prop_map(state)), 0..max)
}

proptest! {
    #[test]
    fn any_batching_gives_the_root_of_the_rule(batches in prop::collection::vec((pairs(40), any::<bool>()), 0..8)) {
        let mut map = ContractMap::new();
        for (batch, stage) in &batches {
            if *stage {
                let (before, staged) = (map.root(), map.stage(batch.clone()));
                prop_assert_eq!(map.root(), before);
                let after = staged.root();
                map.commit(staged);
                prop_assert_eq!(map.root(), after);
            } else {
                map.set(batch.clone());
            }
        }
        check(&map, &batches.into_iter().flat_map(|(batch, _)| batch).collect::<Vec<_>>());
    }

    #[test]
    fn order_does_not_matter(all in pairs(300), seed: u64) {
        let all = sorted(&all);
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|(key, _)| Hasher::new(Domain::MapKey, Suite::Ed25519Sha256).bytes(key).value(&seed).finish());
        let mut one_by_one = ContractMap::new();
        shuffled.iter().for_each(|pair| one_by_one.set(vec![*pair]));
        prop_assert_eq!(one_by_one.root(), map_of(&all).root());
        check(&one_by_one, &all);
    }

    #[test]
    fn every_proof_holds_and_no_bit_of_it_can_change(all in pairs(200), asked in pairs(4), bit: usize) {
        let map = map_of(&all);
        let root = map.root();
        for (key, _) in asked.iter().chain(all.first()) {
            let proof = check_proof(&map, key);
            let flip = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let at = bit / 8 % bytes.len();
                bytes[at] ^= 1 << (bit % 8);
                bytes
            };
            let other_root = MapRoot(flip(&root.0).try_into().unwrap());
            prop_assert!(proof.verify(&other_root, key).is_err());
            if let Ok(other) = decode::<MapProof>(&flip(&encode(&proof))) {
                prop_assert!(other.verify(&root, key).is_err());
            }
            // Under another key the proof may hold only for what is true of that key.
            let other_key = MapKey(flip(&key.0).try_into().unwrap());
            if let Ok(verdict) = proof.verify(&root, &other_key) {
                prop_assert_eq!((verdict, map.get(&other_key)), (Shown::Absent, None));
            }
        }
    }
}

#[test]
fn all_one_bit_changes_of_some_proofs() {
    let pairs: Vec<_> = (0..60).map(|n| (if n < 30 { key(n) } else { near(n as usize, n) }, state(n))).collect();
    let map = map_of(&pairs);
    for asked in [key(0), near(40, 40), near(40, 7), near(59, 1), key(1000)] {
        let bytes = encode(&check_proof(&map, &asked));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let holds = decode::<MapProof>(&bytes).is_ok_and(|proof| proof.verify(&map.root(), &asked).is_ok());
            assert!(!holds, "bit {bit} of the proof of {asked}");
        }
    }
}

proptest! {
    #[test]
    fn a_table_has_the_root_of_the_rule(sets in proptest::collection::vec((0..60_u64, any::<u8>()), 0..200)) {
        let mut table = Table::default();
        let mut rows = BTreeMap::new();
        for (n, version) in sets {
            table.insert(key(n), state(u64::from(version)));
            rows.insert(key(n), state(u64::from(version)));
        }
        prop_assert_eq!(table.len(), rows.len() as u64);
        for (key, state) in &rows {
            prop_assert_eq!(table.get(key), Some(state));
        }
        prop_assert_eq!(table.get(&key(61)), None);
        let sorted: Vec<(MapKey, State)> = rows.into_iter().collect();
        prop_assert_eq!(table.clone().into_map().root(), root_of(&sorted));
        prop_assert_eq!(table.into_root(), root_of(&sorted));
    }
}
