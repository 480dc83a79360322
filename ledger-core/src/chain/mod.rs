//! The one ladder: bytes → [`HashedBlock`] → [`CheckedBlock`] (against the tip) → [`FinalBlock`]
//! (with its certificate).
//!
//! Proposing, voting, sync, import, start-up, scrub and audit all climb it; there is no second
//! verification path. What is stored is a [`FinalBlock`], and only this module makes one.

mod fault;
mod folding;
mod hashed;
mod ladder;
mod prefix;
mod protocol;
mod rules;
mod running;
mod settle;
mod telling;
#[cfg(test)]
mod tests;
mod tip;

pub use fault::{Commitment, Fault, Span};
pub use folding::Trace;
pub(crate) use folding::{Act, Folding, Overlay};
pub use hashed::HashedBlock;
pub use ladder::{CheckedBlock, FinalBlock, check};
pub use prefix::Prefix;
pub use protocol::{NewerProtocol, Rules};
pub(crate) use rules::{SignatureJob, carried, certified, links, of_another_block, signatures};
pub use running::{Descent, DescentError, OtherMap, Proposal, Replayed, assemble, check_clock, replay};
pub(crate) use settle::{extend, settle, tip_after};
pub use telling::Kind;
pub use tip::{Head, Tip};
