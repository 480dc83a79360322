//! Proofs that are almost true: bytes over the true proof of some key, held against some key. What verifies says
//! what the map says.
#![no_main]

use ledger_core::codec::{decode, encode};
use ledger_core::fixture::{state, subject};
use ledger_core::map::{ContractMap, MapKey, MapProof, Shown};
use std::sync::LazyLock;

/// A map of the even ones among these keys.
static MAP: LazyLock<(ContractMap, Vec<MapKey>)> = LazyLock::new(|| {
    let keys: Vec<MapKey> = (0..64).map(|number| MapKey::of(&subject(number))).collect();
    let mut map = ContractMap::default();
    map.set(keys.iter().zip(0..).step_by(2).map(|(key, number)| (*key, state(number))).collect());
    (map, keys)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = decode::<MapProof>(data) {
        assert_eq!(encode(&value), data);
    }
    let [of, asked, high, low, patch @ ..] = data else { return };
    let (map, keys) = &*MAP;
    let key = |byte: u8| &keys[usize::from(byte) % keys.len()];
    let mut bytes = encode(&map.prove(key(*of)));
    let from = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
    bytes.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
    let Ok(proof) = decode::<MapProof>(&bytes) else { return };
    let truth = map.get(key(*asked)).map_or(Shown::Absent, |state| Shown::Present(state.hash()));
    if let Ok(said) = proof.verify(&map.root(), key(*asked)) {
        assert_eq!(said, truth);
    }
    let own = map.prove(key(*asked)).verify(&map.root(), key(*asked));
    assert_eq!(own, Ok(truth));
});
