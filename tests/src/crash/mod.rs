//! Nothing that was acknowledged is lost: a process that commits blocks is killed at random moments,
//! loses what it had not synced, or finds the disk full; after each the ledger opens, holds every
//! acknowledged block, and goes on to the same chain.

mod chain;
mod commit;
mod disks;
mod full;
mod imports;
mod kills;

pub use chain::Chain;
pub use commit::commit;
pub use full::{Full, fill};
pub use imports::{Imports, kill_imports};
pub use kills::{Loss, Tally, kill};
