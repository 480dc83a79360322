//! The one ladder: bytes → [`HashedBlock`] → [`CheckedBlock`] (against the tip) → [`FinalBlock`]
//! (with its certificate).
//!
//! Proposing, voting, sync, import, start-up, scrub and audit all climb it; there is no second
//! verification path. What is stored is a [`FinalBlock`], and only this module makes one.

mod fault;
mod folding;
mod hashed;
mod ladder;
mod protocol;
mod rules;
mod running;
mod settle;
#[cfg(test)]
mod tests;
mod tip;

pub use fault::{Commitment, Fault, Kind, Span};
pub use folding::Trace;
pub(crate) use folding::{Act, Folding, Overlay};
pub use hashed::HashedBlock;
pub use ladder::{CheckedBlock, FinalBlock, OtherMap, check};
pub use protocol::{NewerProtocol, Prefix, Rules};
pub(crate) use rules::{SignatureJob, certificate_presence, certified, links, names, of_another_block, signatures};
pub use running::{Descent, DescentError, Proposal, Replayed, assemble, check_clock, replay};
pub(crate) use settle::{extend, settle, tip_after};
pub use tip::{Head, Tip};
