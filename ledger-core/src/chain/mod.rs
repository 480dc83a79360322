//! The one ladder: bytes → [`HashedBlock`] → [`CheckedBlock`] (against the tip) → [`FinalBlock`]
//! (with its certificate).
//!
//! Proposing, voting, sync, import, start-up, scrub and audit all climb it; there is no second
//! verification path. What is stored is a [`FinalBlock`], and only this module makes one.

mod fault;
mod hashed;
mod ladder;
mod replay;
mod rules;
#[cfg(test)]
mod tests;
mod tip;

pub use fault::{Fault, Span};
pub use hashed::HashedBlock;
pub(crate) use ladder::Overlay;
pub use ladder::{CheckedBlock, Descent, DescentError, FinalBlock, Proposal, assemble, check, check_clock};
pub use replay::{Replayed, replay};
pub(crate) use rules::{
    Place, SignatureJob, certificate_presence, first_index, fold, govern, links, log, placed, protocol, signatures,
    streams,
};
pub use rules::{States, Trace};
pub use tip::{Head, Tip};
