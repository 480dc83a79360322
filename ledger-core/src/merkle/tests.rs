//! The tree against the public figures, and its laws.

use super::*;
use crate::codec::{DecodeError, List, decode, encode};
use proptest::prelude::*;

/// The eight leaves of the tree that every RFC 6962 implementation is tested with.
const REFERENCE_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
/// Its roots at sizes 0 to 8.
const REFERENCE_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn reference_leaves() -> Vec<LeafHash> {
    REFERENCE_LEAVES.iter().map(|text| leaf_hash(&crate::crypto::unhex_vec(text).unwrap())).collect()
}

fn some_leaves(count: usize) -> Vec<LeafHash> {
    (0..count as u64).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn frontier_of(leaves: &[LeafHash]) -> Frontier {
    let mut frontier = Frontier::default();
    frontier.extend(leaves);
    frontier
}

fn path(hashes: &[&str]) -> List<NodeHash, 64> {
    List::new(hashes.iter().map(|hash| hash.parse().unwrap()).collect()).unwrap()
}

#[test]
fn roots_of_the_reference_tree() {
    let leaves = reference_leaves();
    let tree: MemoryTree = leaves.iter().copied().collect();
    for (size, expected) in REFERENCE_ROOTS.iter().enumerate() {
        let expected: LogRoot = expected.parse().unwrap();
        assert_eq!(root(&leaves[..size]), expected, "{size}");
        assert_eq!(root_parallel(&leaves[..size]), expected, "{size}");
        assert_eq!(frontier_of(&leaves[..size]).root(), expected, "{size}");
        assert_eq!(root_at(&tree, LogSize(size as u64)), Ok(expected), "{size}");
    }
    assert_eq!(leaf_hash(b"L123456").to_string(), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

#[test]
fn proofs_of_the_reference_tree() {
    let leaves = reference_leaves();
    let tree: MemoryTree = leaves.iter().copied().collect();
    let inclusion = prove_inclusion(&tree, LogIndex(5), LogSize(8)).unwrap();
    assert_eq!(
        inclusion.0,
        path(&[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ])
    );
    let consistency = prove_consistency(&tree, LogSize(6), LogSize(8)).unwrap();
    assert_eq!(
        consistency.0,
        path(&[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ])
    );
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes().map(|c| DIGITS.iter().position(|d| *d == c).unwrap() as u32);
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits {
        (bits, held) = (bits << 6 | digit, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// A hash field; none, if it is not 32 bytes long: then our types have no such value.
fn hash<T: bincode::Decode<()>>(value: &serde_json::Value) -> Option<T> {
    decode(&base64(value.as_str().unwrap())).ok()
}

fn hashes(value: &serde_json::Value) -> Option<List<NodeHash, 64>> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    List::new(items.iter().map(hash).collect::<Option<_>>()?).ok()
}

fn hex_path(value: &serde_json::Value) -> List<NodeHash, 64> {
    List::new(serde_json::from_value(value.clone()).unwrap()).unwrap()
}

#[test]
fn shared_reference_tree() {
    let Some(file) = crate::vectors::json("merkle/reference_tree.json") else { return };
    let inputs: Vec<String> = serde_json::from_value(file["leaf_inputs"].clone()).unwrap();
    let roots: Vec<String> = serde_json::from_value(file["roots_by_size"].clone()).unwrap();
    assert_eq!(
        (&inputs[..], &roots[..]),
        (&REFERENCE_LEAVES.map(String::from)[..], &REFERENCE_ROOTS.map(String::from)[..])
    );
    let tree: MemoryTree = reference_leaves().into_iter().collect();
    for (level, nodes) in file["nodes_by_level"].as_array().unwrap().iter().enumerate() {
        for (index, node) in nodes.as_array().unwrap().iter().enumerate() {
            assert_eq!(tree.node(level as u32, index as u64).unwrap().to_string(), node.as_str().unwrap());
        }
    }
    for case in file["hashes"].as_array().unwrap() {
        let bytes = |field: &str| crate::crypto::unhex_vec(case[field].as_str().unwrap()).unwrap();
        let found = match case["what"].as_str().unwrap() {
            "empty tree" => LogRoot::EMPTY.to_string(),
            "leaf" => leaf_hash(&bytes("data")).to_string(),
            // Nodes of four bytes do not exist here: the two byte strings are only hashed.
            "node" => {
                use sha2::Digest;
                let preimage = [&[1][..], &bytes("left"), &bytes("right")].concat();
                NodeHash(sha2::Sha256::digest(preimage).into()).to_string()
            }
            other => panic!("{other}"),
        };
        assert_eq!(found, case["want"].as_str().unwrap());
    }
    for case in file["inclusion"].as_array().unwrap() {
        let (index, size) =
            (LogIndex(case["leaf_index"].as_u64().unwrap()), LogSize(case["tree_size"].as_u64().unwrap()));
        assert_eq!(prove_inclusion(&tree, index, size).unwrap().0, hex_path(&case["path"]), "{case}");
    }
    for case in file["consistency"].as_array().unwrap() {
        let (earlier, later) = (LogSize(case["size1"].as_u64().unwrap()), LogSize(case["size2"].as_u64().unwrap()));
        assert_eq!(prove_consistency(&tree, earlier, later).unwrap().0, hex_path(&case["proof"]), "{case}");
    }
}

#[test]
fn shared_inclusion_cases() {
    let Some(file) = crate::vectors::json("merkle/inclusion.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 98);
    for case in cases {
        let holds = (|| {
            let proof = InclusionProof(hashes(&case["proof"])?);
            let (index, size) = (LogIndex(case["leafIdx"].as_u64()?), LogSize(case["treeSize"].as_u64()?));
            verify_inclusion(&proof, &hash(&case["leafHash"])?, index, size, &hash(&case["root"])?).ok()
        })();
        assert_eq!(holds.is_none(), case["wantErr"].as_bool().unwrap(), "{}", case["path"]);
    }
}

/// The one shared case on which we take C2SP's side; the file takes the other.
const TAKEN_FROM_SIZE_0: &str = "consistency/additional/size1-is-zero-and-size2-is-not-zero";

#[test]
fn shared_consistency_cases() {
    let Some(file) = crate::vectors::json("merkle/consistency.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 98);
    // Some roots are short words that stand for any root.
    let root = |value: &serde_json::Value| {
        let mut bytes = base64(value.as_str().unwrap());
        bytes.resize(32, 0);
        LogRoot(bytes.try_into().unwrap())
    };
    for case in cases {
        let holds = (|| {
            let proof = ConsistencyProof(hashes(&case["proof"])?);
            let (earlier, later) = (LogSize(case["size1"].as_u64()?), LogSize(case["size2"].as_u64()?));
            verify_consistency(&proof, earlier, later, &root(&case["root1"]), &root(&case["root2"])).ok()
        })();
        let path = case["path"].as_str().unwrap();
        let expected = !case["wantErr"].as_bool().unwrap() || path == TAKEN_FROM_SIZE_0;
        assert_eq!(holds.is_some(), expected, "{path}");
    }
}

#[test]
fn any_log_continues_the_empty_one_and_only_an_empty_proof_says_so() {
    let empty = ConsistencyProof(List::default());
    let (some, other) = (LogRoot([1; 32]), LogRoot([2; 32]));
    let check = |proof: &ConsistencyProof, earlier, later, roots: (LogRoot, LogRoot)| {
        verify_consistency(proof, LogSize(earlier), LogSize(later), &roots.0, &roots.1)
    };
    assert_eq!(check(&empty, 0, 7, (LogRoot::EMPTY, some)), Ok(()));
    assert_eq!(check(&empty, 0, 0, (LogRoot::EMPTY, LogRoot::EMPTY)), Ok(()));
    assert_eq!(check(&empty, 7, 7, (some, some)), Ok(()));
    assert_eq!(check(&empty, 0, 7, (some, some)), Err(VerifyError::Root));
    assert_eq!(check(&empty, 0, 0, (some, some)), Err(VerifyError::Root));
    assert_eq!(check(&empty, 0, 0, (LogRoot::EMPTY, some)), Err(VerifyError::Root));
    assert_eq!(check(&empty, 7, 7, (some, other)), Err(VerifyError::Root));
    assert_eq!(check(&empty, 7, 6, (some, some)), Err(VerifyError::Sizes));
    assert_eq!(check(&empty, 4, 7, (some, some)), Err(VerifyError::Length));
    assert_eq!(check(&empty, 3, 7, (some, some)), Err(VerifyError::Length));
    let one = ConsistencyProof(List::new(vec![NodeHash([1; 32])]).unwrap());
    assert_eq!(check(&one, 0, 7, (LogRoot::EMPTY, some)), Err(VerifyError::Length));
    assert_eq!(check(&one, 7, 7, (some, some)), Err(VerifyError::Length));
}

#[test]
fn what_cannot_be_proved_is_said() {
    let tree: MemoryTree = some_leaves(5).into_iter().collect();
    assert_eq!(tree.size(), LogSize(5));
    assert_eq!(MemoryTree::default().size(), LogSize(0));
    assert_eq!(
        prove_inclusion(&tree, LogIndex(5), LogSize(5)),
        Err(ProveError::NoSuchEntry { index: LogIndex(5), size: LogSize(5) })
    );
    assert_eq!(
        prove_inclusion(&tree, LogIndex(0), LogSize(6)),
        Err(ProveError::Missing(MissingNode { level: 1, index: 2 }))
    );
    assert_eq!(
        prove_consistency(&tree, LogSize(3), LogSize(2)),
        Err(ProveError::Shrinks { earlier: LogSize(3), later: LogSize(2) })
    );
    assert_eq!(root_at(&tree, LogSize(8)), Err(MissingNode { level: 3, index: 0 }));
}

#[test]
fn a_frontier_has_one_encoding() {
    for size in [0, 1, 2, 3, 8, 255, 256, 257] {
        let frontier = frontier_of(&some_leaves(size));
        assert_eq!(frontier.size(), LogSize(size as u64));
        assert_eq!(
            serde_json::to_value(&frontier).unwrap()["peaks"].as_array().unwrap().len(),
            size.count_ones() as usize
        );
        let bytes = encode(&frontier);
        assert_eq!(bytes.len(), 8 + 32 * size.count_ones() as usize);
        assert_eq!(decode(&bytes), Ok(frontier.clone()));
        let text = serde_json::to_string(&frontier).unwrap();
        assert_eq!(serde_json::from_str::<Frontier>(&text).unwrap(), frontier);
    }
    let too_large = [&(1_u64 << 63).to_be_bytes()[..], &[7; 32]].concat();
    assert!(matches!(decode::<Frontier>(&too_large), Err(DecodeError::Refused(_))));
    let largest = [&(u64::MAX >> 1).to_be_bytes()[..], &[7; 63 * 32]].concat();
    assert!(decode::<Frontier>(&largest).is_ok());
    assert_eq!(decode::<Frontier>(&largest[..largest.len() - 1]), Err(DecodeError::Truncated));
    let wrong_count = serde_json::from_str::<Frontier>(r#"{"size":1,"peaks":[]}"#).unwrap_err();
    assert!(wrong_count.to_string().contains("1 entries has 1 peaks, not 0"), "{wrong_count}");
}

#[test]
fn proofs_are_bounded_and_have_one_encoding() {
    let tree: MemoryTree = some_leaves(257).into_iter().collect();
    let proof = prove_inclusion(&tree, LogIndex(100), LogSize(257)).unwrap();
    assert_eq!(encode(&proof).len(), 4 + 9 * 32);
    assert_eq!(decode(&encode(&proof)), Ok(proof.clone()));
    let text = serde_json::to_string(&proof).unwrap();
    assert!(text.starts_with("[\""), "{text}");
    assert_eq!(serde_json::from_str::<InclusionProof>(&text).unwrap(), proof);
    let long = [&65_u32.to_be_bytes()[..], &[0; 65 * 32]].concat();
    assert!(decode::<InclusionProof>(&long).is_err());
    assert!(decode::<ConsistencyProof>(&long).is_err());
}

#[test]
fn parallel_and_batched_roots_agree_on_a_large_log() {
    let leaves = some_leaves(20_001);
    let expected = root(&leaves);
    assert_eq!(root_parallel(&leaves), expected);
    assert_eq!(frontier_of(&leaves).root(), expected);
    let mut one_by_one = Frontier::default();
    leaves.iter().for_each(|leaf| one_by_one.push(*leaf));
    assert_eq!(one_by_one, frontier_of(&leaves));
}

/// A reader of a log of any size whose leaves are all the same: so its subtrees of one level are.
struct Uniform;
impl NodeReader for Uniform {
    fn node(&self, level: u32, _: u64) -> Option<NodeHash> {
        Some((0..level).fold(NodeHash([5; 32]), |node, _| node_hash(&node, &node)))
    }
}

#[test]
fn proofs_hold_up_to_the_largest_log() {
    let largest = LogSize(u64::MAX >> 1);
    let root = root_at(&Uniform, largest).unwrap();
    for index in [0, 1, largest.0 / 3, largest.0 - 1] {
        let proof = prove_inclusion(&Uniform, LogIndex(index), largest).unwrap();
        assert_eq!(verify_inclusion(&proof, &LeafHash([5; 32]), LogIndex(index), largest, &root), Ok(()));
    }
    for earlier in [1, 2, largest.0 / 3, largest.0 / 2, largest.0 - 1].map(LogSize) {
        let proof = prove_consistency(&Uniform, earlier, largest).unwrap();
        let earlier_root = root_at(&Uniform, earlier).unwrap();
        assert_eq!(verify_consistency(&proof, earlier, largest, &earlier_root, &root), Ok(()));
    }
    let beyond = prove_consistency(&Uniform, LogSize(1), LogSize(u64::MAX));
    assert_eq!(beyond.unwrap().0.len(), 64);
    assert!(matches!(prove_consistency(&Uniform, LogSize(3), LogSize(u64::MAX)), Err(ProveError::TooLong(_))));
}

/// Each side that a leaf's siblings stand on, from the leaf up, straight from RFC 6962's splitting.
fn sides(index: u64, size: u64) -> Vec<bool> {
    if size <= 1 {
        return Vec::new();
    }
    let half = size.next_power_of_two() / 2;
    let (mut below, left) =
        if index < half { (sides(index, half), false) } else { (sides(index - half, size - half), true) };
    below.push(left);
    below
}

/// Every inclusion and consistency proof of a small log, and everything near them.
#[test]
fn all_proofs_of_small_logs_and_no_others() {
    let leaves = some_leaves(17);
    let tree: MemoryTree = leaves.iter().copied().collect();
    let roots: Vec<_> = (0..=17).map(|size| root(&leaves[..size])).collect();
    for size in 1..=17_u64 {
        for index in 0..size {
            let proof = prove_inclusion(&tree, LogIndex(index), LogSize(size)).unwrap();
            for claimed in 0..=40 {
                for claimed_size in 0..=40 {
                    let root = &roots[size as usize];
                    let leaf = &leaves[index as usize];
                    let found = verify_inclusion(&proof, leaf, LogIndex(claimed), LogSize(claimed_size), root);
                    let same_claim = claimed < claimed_size && sides(claimed, claimed_size) == sides(index, size);
                    assert_eq!(found.is_ok(), same_claim, "{index} of {size} as {claimed} of {claimed_size}");
                    assert_eq!(found == Err(VerifyError::Sizes), claimed >= claimed_size);
                }
            }
        }
        for earlier in 0..=size {
            let proof = prove_consistency(&tree, LogSize(earlier), LogSize(size)).unwrap();
            let (from, to) = (&roots[earlier as usize], &roots[size as usize]);
            assert_eq!(verify_consistency(&proof, LogSize(earlier), LogSize(size), from, to), Ok(()));
            let mut longer = proof.0.to_vec();
            longer.push(NodeHash([9; 32]));
            let longer = ConsistencyProof(List::new(longer).unwrap());
            assert_eq!(
                verify_consistency(&longer, LogSize(earlier), LogSize(size), from, to),
                Err(VerifyError::Length)
            );
            if let Some((_, shorter)) = proof.0.split_last() {
                let shorter = ConsistencyProof(List::new(shorter.to_vec()).unwrap());
                assert_eq!(
                    verify_consistency(&shorter, LogSize(earlier), LogSize(size), from, to),
                    Err(VerifyError::Length)
                );
            }
            for other in (0..=17).filter(|other| *other != earlier) {
                assert!(
                    verify_consistency(&proof, LogSize(other), LogSize(size), from, to).is_err(),
                    "{earlier} {other}"
                );
            }
        }
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bit / 8 % bytes.len();
    bytes[at] ^= 1 << (bit % 8);
    bytes
}

fn flipped_hash<T: AsRef<[u8]> + bincode::Decode<()>>(hash: &T, bit: usize) -> T {
    decode(&flipped(hash.as_ref(), bit)).unwrap()
}

fn size_and_below(max: u64) -> impl Strategy<Value = (u64, u64)> {
    (1..=max).prop_flat_map(|size| (0..size, Just(size)))
}

proptest! {
    #[test]
    fn inclusion_holds_and_no_bit_of_it_can_change((index, size) in size_and_below(600), bit: usize) {
        let leaves = some_leaves(size as usize);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let (leaf, root) = (leaves[index as usize], root(&leaves));
        let (index, size) = (LogIndex(index), LogSize(size));
        let proof = prove_inclusion(&tree, index, size).unwrap();
        prop_assert_eq!(verify_inclusion(&proof, &leaf, index, size, &root), Ok(()));
        prop_assert!(verify_inclusion(&proof, &flipped_hash(&leaf, bit), index, size, &root).is_err());
        prop_assert!(verify_inclusion(&proof, &leaf, index, size, &flipped_hash(&root, bit)).is_err());
        prop_assert!(verify_inclusion(&proof, &leaf, LogIndex(index.0 ^ (1 << (bit % 64))), size, &root).is_err());
        if let Ok(other) = decode::<InclusionProof>(&flipped(&encode(&proof), bit)) {
            prop_assert!(verify_inclusion(&other, &leaf, index, size, &root).is_err());
        }
    }

    #[test]
    fn consistency_holds_and_no_bit_of_it_can_change((earlier, later) in size_and_below(600), bit: usize) {
        let leaves = some_leaves(later as usize);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let (from, to) = (root(&leaves[..earlier as usize]), root(&leaves));
        let (earlier, later) = (LogSize(earlier), LogSize(later));
        let proof = prove_consistency(&tree, earlier, later).unwrap();
        prop_assert_eq!(verify_consistency(&proof, earlier, later, &from, &to), Ok(()));
        prop_assert!(verify_consistency(&proof, earlier, later, &flipped_hash(&from, bit), &to).is_err());
        // Every log continues the empty one, so there the later root is free.
        prop_assert_eq!(verify_consistency(&proof, earlier, later, &from, &flipped_hash(&to, bit)).is_ok(), earlier.0 == 0);
        let other = LogSize(earlier.0 ^ (1 << (bit % 64)));
        prop_assert!(verify_consistency(&proof, other, later, &from, &to).is_err());
        if let Ok(other) = decode::<ConsistencyProof>(&flipped(&encode(&proof), bit)) {
            prop_assert!(verify_consistency(&other, earlier, later, &from, &to).is_err());
        }
    }

    #[test]
    fn a_frontier_does_not_depend_on_batches(batches in prop::collection::vec(0..40_usize, 0..20)) {
        let leaves = some_leaves(batches.iter().sum());
        let mut frontier = Frontier::default();
        let mut rest = &leaves[..];
        for batch in batches {
            let (now, later) = rest.split_at(batch);
            frontier.extend(now);
            rest = later;
        }
        prop_assert_eq!(frontier.root(), root(&leaves));
        prop_assert_eq!(frontier, frontier_of(&leaves));
    }
}
