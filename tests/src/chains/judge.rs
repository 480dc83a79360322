//! The audit of the library, over the bytes of an archive: what `luqi audit --archive` does, without a process.

use ledger_core::archive::Archive;
use ledger_core::audit::{Bookmark, Depth, Judged, Options, Report, Unwatched, judge};
use ledger_core::genesis::Genesis;
use serde_json::Value;

/// Audits at full depth; gives the report as the binary prints it, and none of an archive of another chain.
pub(super) fn audit(genesis: &Genesis, file: &[u8], kept: Option<&Value>) -> Value {
    let from: Option<Bookmark> = kept.map(|kept| serde_json::from_value(kept.clone()).unwrap());
    let options = Options { depth: Depth::FULL, from, tip_file: None };
    let judged = match Archive::open(file, &genesis.chain_id()) {
        Ok((start, mut archive)) => Some(judge(genesis, &start, &mut archive, options, &mut Unwatched)),
        Err(why) => Judged::not_opened(why),
    };
    judged.map_or(Value::Null, |judged| serde_json::to_value(Report::of(&judged)).unwrap())
}
