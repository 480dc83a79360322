//! Everything of luqi that must be *true*, as pure functions over bytes.
//!
//! This crate does no I/O, has no clock, draws no randomness and keeps no global state: time,
//! secrets and code tables are arguments. Who has read it knows what an audit proves. Each module
//! uses only the ones above it:
//!
//! | module | says |
//! |---|---|
//! | [`crypto`] | suites, hashes, strict signatures; every domain string in one list |
//! | [`codec`] | the one encoding, strict and bounded |
//! | [`annex`] | the annex's five messages: field tables, code tables, one outcome an item |
//! | [`record`] | slots, commitment, disclosure of chosen slots |
//! | [`lookup`] | the handle of a contract, and its proof |
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test may fail by panicking"
    )
)]

pub mod annex;
pub mod codec;
pub mod crypto;
pub mod lookup;
pub mod record;

#[cfg(test)]
mod vectors;
