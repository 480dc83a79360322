//! What a running node does by the rules beside climbing the ladder: it makes blocks, it takes blocks below a certified
//! one for final, and it reads its own again. An auditor of a chain does none of it.

mod advance;
mod assemble;
mod descent;
mod kept;
mod replay;

pub use advance::OtherMap;
pub use assemble::{Proposal, assemble, check_clock};
pub use descent::{Descent, DescentError};
pub use replay::{Replayed, replay};
