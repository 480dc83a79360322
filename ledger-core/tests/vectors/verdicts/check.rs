//! Runs every case as the command line does, and says where the code is not the page's mind.

use crate::unhex;
use ledger_core::archive::Archive;
use ledger_core::audit::{Bookmark, Depth, Judged, Options, Report, Unwatched, judge, judge_deeply};
use ledger_core::codec;
use ledger_core::genesis::Genesis;
use ledger_core::names::{BlockHash, Height};
use serde_json::{Value, json};

/// A file of cases, by their names.
struct Stored(Vec<Value>);

impl Stored {
    fn named(&self, kind: &str, name: &Value) -> Option<&Value> {
        self.0.iter().find(|case| case["kind"] == kind && case["name"] == *name)
    }

    fn archive(&self, case: &Value) -> Vec<u8> {
        let part = |part: &Value| match self.named("part", part) {
            Some(part) => unhex(part["bytes"].as_str().unwrap()),
            None => unhex(part.as_str().unwrap()),
        };
        case["archive"].as_array().unwrap().iter().flat_map(part).collect()
    }

    /// What an audit says of a case at a depth, or the exit code of a mistake.
    fn said(&self, case: &Value, depth: Depth) -> Result<Report, u8> {
        let genesis = unhex(self.named("genesis", &case["genesis"]).unwrap()["bytes"].as_str().unwrap());
        let genesis: Genesis = codec::decode(&genesis).map_err(|_| 2)?;
        let kept = |name: &Value| {
            let file = self.named("kept", name).expect("what was kept has a name");
            let bytes = match file.get("text") {
                Some(text) => text.as_str().unwrap().as_bytes().to_vec(),
                None => serde_json::to_vec(&file["value"]).unwrap(),
            };
            Bookmark::from_json(&bytes, &genesis.chain_id()).map_err(|_| 2)
        };
        let from = case.get("from").map(kept).transpose()?;
        let tip_file = case.get("tip_file").map(|tip| {
            let block: BlockHash = serde_json::from_value(tip["block"].clone()).unwrap();
            (Height(tip["height"].as_u64().unwrap()), block)
        });
        let file = self.archive(case);
        let judged = judge_deeply(depth, |depth| match Archive::open(file.as_slice(), &genesis.chain_id()) {
            Ok((start, mut blocks)) => {
                let options = Options { depth, from: from.clone(), tip_file };
                Ok(judge(&genesis, &start, &mut blocks, options, &mut Unwatched))
            }
            Err(why) => Judged::not_opened(why).ok_or(2),
        })?;
        Ok(Report::of(&judged))
    }
}

/// What is normative of a report.
fn words(report: &Report) -> Value {
    json!({
        "verdict": report.verdict,
        "ended": report.ended,
        "height": report.height,
        "at": report.at,
        "signed": report.signed,
        "bookmark": report.bookmark.as_ref().map(|kept| kept.height),
        "tip": report.tip.map(|hash| hash.to_string()),
        "log_root": report.log_root.map(|root| root.to_string()),
        "map_root": report.map_root.map(|root| root.to_string()),
        "events": report.events,
    })
}

/// Where what is said at a depth is not what should be.
fn differs(case: &Value, said: Result<Report, u8>, depth: &str, wanted: &Value) -> Option<String> {
    let name = &case["name"];
    match (said, case.get("exit")) {
        (Ok(report), None) => {
            let found = words(&report);
            let fields = wanted.as_object().unwrap().iter();
            let other: Vec<String> = fields
                .filter(|(field, value)| found[field.as_str()] != **value)
                .map(|(field, value)| format!("{field} {}, not {value}", found[field.as_str()]))
                .collect();
            let why = report.findings.first().map(|finding| format!("{}: {}", finding.kind.as_str(), finding.detail));
            (!other.is_empty())
                .then(|| format!("{name}, {depth}: {}; {why:?} {:?}", other.join(", "), report.unchecked))
        }
        (Ok(report), Some(_)) => Some(format!("{name}, {depth}: {:?} {}, not a mistake", report.verdict, report.ended)),
        (Err(_), None) => Some(format!("{name}, {depth}: a mistake")),
        (Err(found), Some(exit)) => (json!(found) != *exit).then(|| format!("{name}, {depth}: {found}, not {exit}")),
    }
}

#[test]
fn every_archive_has_the_answer_that_the_page_gives() {
    let mut wrong = Vec::new();
    for file in [super::file(), crate::borders::file()] {
        wrong.extend(wrong_in(&Stored(file.cases)));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn wrong_in(stored: &Stored) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in stored.0.iter().filter(|case| case["kind"] == "verdict") {
        let shorter = case.get("shorter").unwrap_or(&case["says"]);
        wrong.extend(differs(case, stored.said(case, Depth::FULL), "at full depth", &case["says"]));
        wrong.extend(differs(case, stored.said(case, Depth::default()), "at the shorter depth", shorter));
        if let Some(keeps) = case.get("keeps") {
            let bookmark = stored.said(case, Depth::FULL).unwrap().bookmark;
            let found = serde_json::to_value(bookmark).unwrap();
            wrong.extend((found != *keeps).then(|| format!("{}: gives to keep {found}", case["name"])));
        }
    }
    wrong
}
