//! The intake: from the messages of the annex to events on the chain.
//!
//! ```text
//! intake/lookup.key   what look-up tags are made with
//! intake/look-up      what was sent, by content; who waits for what
//! intake/requests     what was answered to whom, without a word of it
//! intake/final        in which blocks this node's submissions are
//! ```
//!
//! | step | module |
//! |---|---|
//! | messages are read and judged, on all cores | [`reader`](Reader) |
//! | duplicates, employers of contract numbers, who is parked | `plan` |
//! | subjects (VRF), on all cores | `desk` |
//! | records are sealed, synced | [`vault`](crate::vault) |
//! | events, and what waited behind its contract | `sequel` |
//! | the look-up says what is sent, synced | `journal` |
//! | submissions are signed | `desk` |
//! | a chain of one: blocks are committed together | `alone` |
//! | on a network: submissions go into the outbox, synced; the chain says what became of them | `member`, `finality` |
//! | requests of many at once, receipts, and what became of them | `service`, `requests` |
//!
//! What this module promises: every item has one outcome; an item whose outcome was counted is durable; an
//! item is recorded once, however often its message comes and whenever the process dies; nothing is signed
//! before its record is sealed. What comes before its contract is recorded, refused by the fold, kept, and
//! sent again as a new event right behind the contract, so that neither the size of windows nor a crash
//! changes the order of the log.

mod alone;
mod desk;
mod error;
mod finality;
mod journal;
mod member;
mod plan;
mod reader;
mod receipt;
mod report;
mod requests;
mod sequel;
mod service;
mod tags;
#[cfg(test)]
mod tests;
mod timings;
mod worker;

pub use alone::{Consent, Intake};
pub use error::IntakeError;
pub use reader::{Reader, Window};
pub use receipt::{Finding, ItemOutcome, ItemState, Receipt, SubmitError, Tracked, View};
pub use report::{Counts, Reason, Rejection};
pub use service::{Service, ServiceConfig};
pub use timings::Timings;

use crate::home::HomeKeys;
use ledger_core::crypto::Suite;
use ledger_core::membership::Membership;
use ledger_core::names::{NodeNumber, Subject};
use std::time::Instant;

const SUITE: Suite = Suite::Ed25519Sha256;
/// What a parked record is bound to: it has no subject yet.
const NO_SUBJECT: Subject = Subject([0; 32]);
/// Bytes of a block beside its submissions: header, certificate, counts.
const BLOCK_OVERHEAD: usize = 4096;
/// Bytes of a submission beside its events.
const SUBMISSION_OVERHEAD: usize = 80;
/// Subjects, and employers, that are remembered.
const REMEMBERED: usize = if cfg!(test) { 4 } else { 1 << 20 };

/// The steps of a window at which a crash is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Records are sealed and not synced.
    Sealed,
    /// Records are durable; no row names them.
    Durable,
    /// Rows name submissions that are not signed.
    Journaled,
    /// Blocks are made and not stored.
    Pushed,
    /// Submissions are in the outbox, or on the chain; the tables do not know.
    Committed,
    /// What the chain says of submissions is in the look-up, and nowhere else.
    Learned,
    /// It is written down that they are final; the outbox does not know.
    Final,
}

/// Laps of the clock on the wall.
struct Clock(Instant);

/// The membership has the node, with the keys that are in its home.
fn check_member(membership: &Membership, node: NodeNumber, keys: &HomeKeys) -> Result<(), IntakeError> {
    let named = membership.node(node).is_some_and(|(_, own)| *own.keys == keys.node.list());
    if named { Ok(()) } else { Err(IntakeError::NotAMember(node)) }
}
