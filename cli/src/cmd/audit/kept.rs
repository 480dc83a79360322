//! What an auditor kept of an earlier audit.

use crate::exit::Problem;
use ledger_core::audit::{Bookmark, BookmarkError};
use ledger_core::crypto::ChainId;
use std::path::Path;

/// Reads what was kept: the file that `--keep` wrote, or the whole answer of `--json`.
pub(super) fn read(path: &Path, chain: &ChainId) -> Result<Bookmark, Problem> {
    if !path.exists() {
        return Err(Problem::usage(format!("there is no file {}", path.display()))
            .next("name the file that an earlier audit wrote with --keep, or its answer with --json"));
    }
    let bytes = std::fs::read(path).map_err(|why| Problem::usage(format!("cannot read {}: {why}", path.display())))?;
    Bookmark::from_json(&bytes, chain).map_err(|why| {
        let next = match &why {
            BookmarkError::Json(_) | BookmarkError::Zero => {
                "name the file that an earlier audit wrote with --keep, or its answer with --json"
            }
            BookmarkError::Verdict => "only what was found to hold can vouch for anything: audit that again first",
            BookmarkError::Chain { .. } => "use the genesis and the kept file of one chain",
        };
        Problem::usage(format!("{}: {why}", path.display())).next(next)
    })
}
