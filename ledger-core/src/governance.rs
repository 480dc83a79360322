//! How membership, parameters, trust and protocol change: proposals, approvals, and the control state (format.md §9).
//!
//! A proposal is adopted once members with more than two thirds of the voting power have approved
//! it. It then enters the next membership at block max(adopting block, effective − 1), so that it
//! governs from `effective` on; what is not adopted by block `effective` lapses.

mod change;
mod control;
mod fold;
mod sign;

pub use change::{Approve, Change, ChangeError, MAX_NEW_NODE, Propose};
pub use control::{
    Considered, Control, ControlError, MAX_APPROVED, MAX_OPEN, MAX_PROPOSALS, MAX_PROPOSED, MAX_STREAMS, MOST_AHEAD,
    OpenProposal, ProposeError, Stream,
};
pub(crate) use fold::{Motion, Moved, Turn, fold};

#[cfg(test)]
mod tests;
