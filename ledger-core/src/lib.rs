//! Everything of luqi that must be *true*, as pure functions over bytes.
//!
//! This crate does no I/O, has no clock, draws no randomness and keeps no global state: time,
//! secrets and code tables are arguments. Who has read it knows what an audit proves. In the order
//! of reading, which `tests/spine.rs` keeps: a module uses only those above it.
//!
//! | module | says |
//! |---|---|
//! | [`crypto`] | suites, hashes, strict signatures; every domain string in one list |
//! | [`codec`] | the one encoding, strict and bounded |
//! | [`names`] | heights, numbers, codes, hashes: what each is of |
//! | [`outcome`] | what became of an event |
//! | [`merkle`] | RFC 6962 root, frontier, inclusion, consistency |
//! | [`membership`] | members, nodes, keys, parameters; who judges what |
//! | [`governance`] | how membership and protocol change; the control state |
//! | [`event`], [`submission`] | what happened; what one node signs at once |
//! | [`certificate`] | what validators sign; what makes a block final |
//! | [`block`] | header and body |
//! | [`contract`] | the state of a subject, and the fold: one total step |
//! | [`map`] | the contract map: root, inclusion and absence |
//! | [`lookup`] | the subject of a contract and its VRF proof |
//! | [`history`] | who judged which height |
//! | [`genesis`] | what a chain starts from |
//! | [`chain`] | the one ladder from bytes to a final block |
//! | [`archive`] | the portable form of a chain, read frame by frame |
//! | [`audit`] | the judgement and the verdict; and, apart from it, what else there is to tell |
//! | [`annex`] | the plaintext: the annex's five messages, one outcome an item |
//! | [`record`] | slots → leaves → commitment; disclosure |
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]
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
pub mod archive;
pub mod audit;
pub mod block;
pub mod certificate;
pub mod chain;
pub mod codec;
pub mod contract;
pub mod crypto;
pub mod event;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod genesis;
pub mod governance;
pub mod history;
#[cfg(test)]
mod laws;
pub mod lookup;
pub mod map;
pub mod membership;
pub mod merkle;
pub mod names;
pub mod outcome;
pub mod record;
#[cfg(any(test, feature = "fixture"))]
pub mod skipped;
pub mod submission;

#[cfg(test)]
mod vectors;
