//! Everything of luqi that must be *true*, as pure functions over bytes.
//!
//! This crate does no I/O, has no clock, draws no randomness and keeps no global state: time,
//! secrets and code tables are arguments. Who has read it knows what an audit proves. In the order
//! of reading (a module's rules rest on those above it; the types from events to blocks name each
//! other, since a proposal stands in an event and a change of membership in a proposal):
//!
//! | module | says |
//! |---|---|
//! | [`crypto`] | suites, hashes, strict signatures; every domain string in one list |
//! | [`codec`] | the one encoding, strict and bounded |
//! | [`ids`] | heights, numbers, member codes |
//! | [`merkle`] | RFC 6962 root, frontier, inclusion, consistency |
//! | [`annex`] | the annex's five messages: field tables, code tables, one outcome an item |
//! | [`record`] | slots → leaves → commitment; disclosure |
//! | [`lookup`] | the subject of a contract and its VRF proof |
//! | [`membership`] | members, nodes, keys, parameters |
//! | [`event`], [`submission`] | what happened; what one node signs at once |
//! | [`governance`] | how membership and protocol change; the control state |
//! | [`certificate`] | what validators sign; what makes a block final |
//! | [`contract`] | the state of a subject, and the fold: one total step |
//! | [`map`] | the contract map: root, inclusion and absence |
//! | [`block`], [`genesis`] | header and body; what a chain starts from |
//! | [`chain`] | the one ladder from bytes to a final block |
//! | [`archive`] | the portable form of a chain |
//! | [`audit`] | the streaming verifier and its findings |
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
pub mod ids;
#[cfg(test)]
mod laws;
pub mod lookup;
pub mod map;
pub mod membership;
pub mod merkle;
pub mod record;
pub mod submission;

#[cfg(test)]
mod vectors;
