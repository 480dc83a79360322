//! The audit of the library, over the bytes of an archive: what `luqi audit --archive` does, without a process.

use ledger_core::audit::{Auditor, Bookmark, Evidence, Options, Scope, Verdict};
use ledger_core::genesis::Genesis;
use ledger_core::names::Height;
use luqi_node::store::ArchiveEvidence;
use serde_json::{Value, json};
use std::path::Path;

/// Audits at full depth; gives the report as the binary prints it.
pub(super) fn audit(genesis: &Genesis, path: &Path, kept: Option<&Value>) -> Value {
    let from: Option<Bookmark> = kept.map(|kept| serde_json::from_value(kept.clone()).unwrap());
    let options = Options { certificates: Scope::Every, states: Scope::Every, from, tip_file: None };
    let Ok(mut archive) = ArchiveEvidence::open(path, &genesis.chain_id()) else { return Value::Null };
    let Some(foot) = archive.foot().cloned() else {
        return json!({ "verdict": "undecided", "height": 0, "signed": null, "findings": [] });
    };
    let below = foot.below.as_ref().map_or(Height(0), |below| below.header.height);
    let Ok(mut auditor) = Auditor::new(genesis, &foot, archive.take_map(), options) else {
        return json!({ "verdict": "altered", "height": 0, "signed": null, "findings": [{ "height": below }] });
    };
    while let Some(block) = archive.next_block() {
        match &block.bytes {
            Ok(bytes) => auditor.blocks(&[Evidence::Bytes(bytes)]),
            Err(why) => auditor.blocks(&[Evidence::Unreadable(why)]),
        }
    }
    let mut report = auditor.finish(archive.certificate());
    if report.verdict == Verdict::Holds && !archive.damage().is_empty() {
        report.verdict = Verdict::Undecided;
    }
    serde_json::to_value(report).unwrap()
}
