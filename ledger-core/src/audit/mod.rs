//! A streaming verifier over the ladder: it recomputes everything, names what does not hold, and
//! says what it could not judge.
//!
//! The tip's certificate covers every block below, since each header names its parent. So an audit
//! checks all links, all bodies, all submission signatures, log, fold, map, control state and
//! membership, the certificate at each change of membership, and the tip's; with
//! [`Scope::Every`] every certificate, or every block's map root, too. After the first finding
//! links, certificates and submission signatures go on to be checked; roots, fold and map do not,
//! since nothing can be said of them any more.

mod auditor;
mod finish;
mod held;
mod pass;
mod pin;
mod report;
#[cfg(test)]
mod tests;

pub use auditor::{Auditor, Evidence, Options, Scope};
pub use report::{Bookmark, Checked, Finding, Report, Verdict};
