//! Blocks by range: served to others, and fetched by who is far behind.
//!
//! What is promised: a fetched block becomes final only by descent from a certificate that the
//! membership in force judges, and climbs the same ladder as any other; a peer that serves what does not
//! hold is cut off and named; what was fetched is durable, so that an interruption costs one range.

mod catch_up;
mod serve;
mod stretch;
#[cfg(test)]
mod tests;

pub use catch_up::{CaughtUp, SyncError, catch_up};
pub use serve::serve;
