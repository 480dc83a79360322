//! Cases of what platforms really send, which stand beside the project and may not be copied into it: as far as one
//! message, or the earlier records of one contract, can answer them. `LUQI_SHARED` names the folder that has them.

use super::config;
use ledger_core::annex::life::{Past, judge};
use ledger_core::annex::{Config, Date, Finding, Item, Verdict, parse};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What one step is answered with: of each item its outcome and the codes.
type Answer = Vec<(&'static str, Vec<&'static str>)>;

/// The earlier records of each contract, by employer and number.
type Pasts = BTreeMap<(String, String), Past>;

#[test]
#[allow(clippy::disallowed_methods, reason = "this test reads cases beside the project")]
fn shared_cases_as_far_as_core_can_answer() {
    let named = std::env::var_os("LUQI_SHARED").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = named.clone().unwrap_or_else(beside).join("cases/domain");
    let Ok(text) = std::fs::read_to_string(folder.join("cases.json")) else {
        assert!(named.is_none(), "LUQI_SHARED names a folder without cases/domain");
        return ledger_core::skipped::leave_out("the shared cases of the domain are not here (set LUQI_SHARED)");
    };
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    let config = Config { today: Date::new(2026, 11, 30).unwrap(), ..config(false) };
    let (mut wrong, mut steps, mut left) = (Vec::new(), 0, Vec::new());
    for case in cases.as_array().unwrap() {
        let mut pasts = Pasts::new();
        for step in case["steps"].as_array().unwrap() {
            let file = step["file"].as_str().unwrap();
            let bytes = std::fs::read(folder.join("messages").join(file)).unwrap();
            let answer = answer(&bytes, &config, &mut pasts);
            let expected: Vec<_> = step["expect"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            // Whether something is here already, or its contract, the intake alone knows.
            if expected.iter().any(|one| ["pending", "refused", "duplicate"].iter().any(|of| one.contains(of))) {
                left.push(file);
                continue;
            }
            steps += 1;
            let fits = answer.len() == expected.len() && answer.iter().zip(&expected).all(|(is, want)| meets(is, want));
            if !fits {
                wrong.push(format!("{} {file}: {expected:?}\n  found {answer:?}", case["title"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {steps} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(steps > 60 && left.len() < steps / 8, "{steps} steps, left to the intake: {left:?}");
}

fn answer(bytes: &[u8], config: &Config, pasts: &mut Pasts) -> Answer {
    let codes = |findings: &[Finding]| findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>();
    let message = match parse(bytes, None, config) {
        Ok(message) => message,
        Err(error) => return vec![("rejected", codes(&[error.finding]))],
    };
    let mut answer = Answer::new();
    for outcome in message.outcomes {
        let mut found = codes(&outcome.findings);
        if let Some(item) = &outcome.item {
            let past = pasts.entry(key(item)).or_default();
            found.extend(codes(&judge(past, item, &outcome.pointer, &config.tables)));
            past.add(item, &config.tables);
        }
        let accepted = outcome.verdict() == Verdict::Accepted;
        let verdict = if accepted && !found.is_empty() { Verdict::Flagged } else { outcome.verdict() };
        answer.push((verdict.as_str(), found));
    }
    answer
}

fn key(item: &Item) -> (String, String) {
    (item.employer().unwrap_or_default().to_owned(), item.contract_no().unwrap_or_default().to_owned())
}

/// `accepted|flagged:CODE`: one of the outcomes, with its code where one is named.
fn meets((outcome, codes): &(&str, Vec<&str>), expected: &str) -> bool {
    expected.split('|').any(|one| match one.split_once(':') {
        Some((wanted, code)) => *outcome == wanted && codes.contains(&code),
        None => *outcome == one,
    })
}
