//! The one ladder: bytes → [`HashedBlock`] → [`CheckedBlock`] (against the tip) → [`FinalBlock`]
//! (with its certificate).
//!
//! Proposing, voting, sync, import, start-up, scrub and audit all climb it; there is no second
//! verification path. What is stored is a [`FinalBlock`], and only this module makes one.

mod fault;
mod hashed;
mod ladder;
mod protocol;
mod replay;
mod rules;
mod settle;
#[cfg(test)]
mod tests;
mod tip;

pub use fault::{Commitment, Fault, Kind, Span};
pub use hashed::HashedBlock;
pub(crate) use ladder::Overlay;
pub use ladder::{CheckedBlock, Descent, DescentError, FinalBlock, OtherMap, Proposal, assemble, check, check_clock};
pub use protocol::{NewerProtocol, Prefix, Rules};
pub use replay::{Replayed, replay};
pub(crate) use rules::{
    Place, SignatureJob, certificate_presence, certified, fold, links, names, of_another_block, placed, signatures,
};
pub use rules::{States, Trace};
pub(crate) use settle::{compare_roots, extend, settle, tip_after};
pub use tip::{Head, Tip};
