//! What only shows beside the earlier records of a contract: every row of `life.tsv`.
//!
//! A row: name, steps, findings, why. Steps stand between double bars, each a base and its edits as in the other files;
//! `put_off: day` is an agreed change of the last day. Findings are those of the last step, by the past that the steps
//! before it make.

use super::rows::{bases, build};
use super::{FIELDS, config, show};
use ledger_core::annex::life::{Past, judge};
use ledger_core::annex::{Code, Date, Item, parse};
use std::collections::BTreeSet;

static LIFE: &str = include_str!("../annex_cases/life.tsv");

fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    let rows = LIFE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| line.split('\t').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("columns of {line}")))
}

/// The codes that rows find.
pub(super) fn codes() -> BTreeSet<Code> {
    let named = rows().flat_map(|[_, _, expected, _]| expected.split(' ').filter_map(|one| one.strip_prefix('~')));
    let code = |one: &str| Code::ALL.iter().copied().find(|code| one.starts_with(&format!("{code}@")));
    named.filter_map(code).collect()
}

#[test]
fn every_life() {
    let (config, bases) = (config(false), bases(FIELDS));
    let item = |step: &str| -> Item {
        let (base, edits) = step.split_once(": ").unwrap_or((step, "-"));
        let bytes = build(Some(&bases[base]), edits);
        let message = parse(&bytes, None, &config).unwrap();
        message.outcomes[0].item.clone().unwrap_or_else(|| panic!("{step}: {:?}", message.outcomes[0].findings))
    };
    let (mut wrong, mut number) = (Vec::new(), 0);
    for [name, steps, expected, why] in rows() {
        number += 1;
        assert!(!why.is_empty(), "{name}");
        let steps: Vec<_> = steps.split(" || ").collect();
        let (last, earlier) = steps.split_last().unwrap();
        let mut past = Past::default();
        for step in earlier {
            match step.strip_prefix("put_off: ") {
                Some(day) => past.put_off(Date::parse(day).unwrap()),
                None => past.add(&item(step), &config.tables),
            }
        }
        let findings = judge(&past, &item(last), "/item", &config.tables);
        let fields = findings.iter().map(|finding| finding.field.unwrap().key);
        let found: String = show(&findings, "").trim().to_owned();
        let found: Vec<_> =
            found.split(' ').zip(fields).map(|(one, key)| one.replace("@/item", &format!("@{key}"))).collect();
        if found.join(" ") != expected {
            wrong.push(format!("{name}: {expected}\n  found {}", found.join(" ")));
        }
        assert!(!format!("{past:?}").contains("37083219880229996X"));
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(number >= 40, "{number} rows");
}
