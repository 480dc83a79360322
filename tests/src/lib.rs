//! Tests of luqi as a whole: what an attacker with full access to a store can do to it, and what a
//! crash or a full disk can.
//!
//! - [`campaign`]: no alteration escapes an audit;
//! - [`chains`]: no chain that a forger constructs is taken for one that was signed;
//! - [`readers`]: the two verifiers say the same of every alteration;
//! - [`crash`]: nothing that was acknowledged is lost;
//! - [`flood`]: members that say and ask all they may;
//! - [`net`]: whatever happens to nodes and wires, there is one chain.
//!
//! They are libraries with a short run under `cargo test` and a long one as a binary, so that the
//! same code answers for ten edits and for ten thousand. Every run is repeatable from its seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever a test cannot do ends the test"
)]

pub mod audit;
pub mod base;
pub mod campaign;
pub mod chains;
pub mod crash;
pub mod dice;
pub mod edits;
pub mod flood;
pub mod layout;
pub mod luqi;
pub mod net;
pub mod python;
pub mod readers;
pub mod said;
