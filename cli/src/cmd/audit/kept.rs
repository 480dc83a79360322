//! What an auditor kept of an earlier audit.

use crate::exit::Problem;
use ledger_core::audit::{Bookmark, Verdict};
use ledger_core::crypto::ChainId;
use luqi_node::home::read_json;
use serde::Deserialize;
use std::path::Path;

/// An audit's whole answer, of which only this is wanted.
#[derive(Deserialize)]
struct Whole {
    verdict: Verdict,
    bookmark: Option<Bookmark>,
}

/// Reads what was kept: the file that `--keep` wrote, or the whole answer of `--json`.
pub(super) fn read(path: &Path, chain: &ChainId) -> Result<Bookmark, Problem> {
    if !path.exists() {
        return Err(Problem::usage(format!("there is no file {}", path.display()))
            .next("name the file that an earlier audit wrote with --keep, or its answer with --json"));
    }
    let json: serde_json::Value = read_json(path).map_err(Problem::usage)?;
    let kept = match json.get("bookmark") {
        Some(_) => serde_json::from_value::<Whole>(json).map(|whole| (whole.verdict, whole.bookmark)),
        None => serde_json::from_value(json).map(|kept| (Verdict::Holds, Some(kept))),
    };
    let (verdict, kept) = kept.map_err(|why| {
        Problem::usage(format!("{} is not what an audit gives to keep: {why}", path.display()))
            .next("name the file that an earlier audit wrote with --keep, or its answer with --json")
    })?;
    let Some(kept) = kept.filter(|_| verdict == Verdict::Holds) else {
        let what = format!("{} is of an audit that did not find that the chain holds", path.display());
        return Err(
            Problem::usage(what).next("only what was found to hold can vouch for anything: audit that again first")
        );
    };
    if kept.chain != *chain {
        let what = format!("{} is of chain {}, the genesis makes chain {chain}", path.display(), kept.chain);
        return Err(Problem::usage(what).next("use the genesis and the kept file of one chain"));
    }
    Ok(kept)
}
