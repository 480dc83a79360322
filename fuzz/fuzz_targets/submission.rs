//! Any bytes, as they come by gossip: they are refused, or they are the one encoding of a value.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = ledger_core::codec::decode::<ledger_core::submission::Submission>(data) {
        assert_eq!(ledger_core::codec::encode(&value), data);
        assert_eq!(value.frame(&value.leaf_hashes()).count as usize, value.events.len());
    }
});
