//! Any bytes as a question and as an answer between nodes: they are refused, or they are the one encoding
//! of a value.
#![no_main]

use luqi_node::network::wire::{Request, Response};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = ledger_core::codec::decode::<Request>(data) {
        assert_eq!(ledger_core::codec::encode(&value), data);
    }
    if let Ok(value) = ledger_core::codec::decode::<Response>(data) {
        assert_eq!(ledger_core::codec::encode(&value), data);
    }
});
