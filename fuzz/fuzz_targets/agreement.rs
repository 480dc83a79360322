//! Any bytes as each message of agreement: votes, proposals, liveness, statuses, the engine's questions and
//! answers, parts of blocks. They are refused, or they are the one encoding of a value.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| luqi_node::consensus::read_as_each_message(data));
