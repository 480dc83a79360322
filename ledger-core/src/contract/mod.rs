//! The life of a contract: the state of a subject, and the one step that folds an event into it (`format.md §13`).
//!
//! The chain sees no dates and no plaintext: kind, submitting member and citation alone decide.

#[cfg(test)]
pub(crate) mod any;
mod fold;
mod roles;
mod state;
#[cfg(test)]
mod tests;

pub use fold::{Folded, step};
pub use roles::{Actor, Roles};
pub use state::{HistoryHash, Open, OpenKind, State, StateHash, Status};
