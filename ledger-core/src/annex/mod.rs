//! The five messages of the notice's annex (鲁人社函〔2025〕2号, 附件).

mod date;
pub mod resident_id;
pub mod uscc;

pub use date::Date;
pub use resident_id::{ResidentId, ResidentIdError};
pub use uscc::{Uscc, UsccError};
