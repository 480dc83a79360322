//! Everything of luqi that *happens*: the store, the vault, the intake.
//!
//! Data flows one way: intake → vault; committer → store. What is true is decided in `ledger-core`;
//! nothing here is believed that did not climb its ladder.
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

pub mod archive;
pub mod called;
pub mod ceremony;
pub mod chain;
pub mod committer;
pub mod config;
pub mod consensus;
pub mod durable;
pub mod home;
pub mod http;
pub mod intake;
pub mod keys;
pub mod mempool;
pub mod metrics;
pub mod network;
pub mod outbox;
mod rows;
pub mod run;
pub mod store;
pub mod sync;
pub mod vault;
