//! Any bytes: they are refused, or they are the one encoding of a value.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = ledger_core::codec::decode::<ledger_core::archive::Foot>(data) {
        assert_eq!(ledger_core::codec::encode(&value), data);
    }
});
