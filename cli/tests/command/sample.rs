//! Fictitious messages.

use crate::{bytes, json, luqi};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn sample(folder: &Path, contracts: &str, seed: &str, out: &str) -> Value {
    json(folder, 0, &["sample", "--contracts", contracts, "--seed", seed, "--out", out])
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (seed, out) in [("7", "a"), ("7", "b"), ("8", "c")] {
        sample(folder, "2000", seed, out);
    }
    let (a, b, c) = (bytes(&folder.join("a")), bytes(&folder.join("b")), bytes(&folder.join("c")));
    assert_eq!(a, b);
    assert_ne!(a, c);
    assert!(a.keys().all(|path| path == Path::new("manifest.json") || path.starts_with("messages")));
}

#[test]
fn the_manifest_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let manifest = sample(folder, "20000", "3", "s");
    let stored: Value = serde_json::from_slice(&std::fs::read(folder.join("s/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest, stored);
    let sum = |counts: &Value| counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
    let items = manifest["items"].as_u64().unwrap();
    assert_eq!(sum(&manifest["items_by_kind"]), items);
    assert_eq!(sum(&manifest["meant"]), items);
    assert_eq!(sum(&manifest["rejected"]), manifest["meant"]["rejected"].as_u64().unwrap());
    assert_eq!(sum(&manifest["refused"]), manifest["meant"]["refused"].as_u64().unwrap());
    assert_eq!(std::fs::read_dir(folder.join("s/messages")).unwrap().count() as u64, manifest["files"]);
    let bad = items - manifest["meant"]["applied"].as_u64().unwrap() + sum(&manifest["flagged"]);
    assert!((0.008..0.015).contains(&(bad as f64 / items as f64)), "{bad} of {items}");
    for outcome in ["pending", "refused", "rejected", "duplicates"] {
        assert!(manifest["meant"][outcome].as_u64().unwrap() > 0, "{outcome}");
    }
    assert!(manifest["late_parents"].as_u64().unwrap() > 20);
    assert!(sum(&manifest["broken_files"]) > 5);
    assert!(manifest["rejected"].as_object().unwrap().len() > 20);
}

/// Reads every file that can be read: items by kind, contract numbers by the first file that has them new,
/// and by the first file that has something else about them.
#[test]
fn messages_are_the_annexs_and_some_come_before_their_contract() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path(), "5000", "5", "s");
    let mut styles = BTreeSet::new();
    let (mut new, mut later): (BTreeMap<String, String>, BTreeMap<String, String>) = Default::default();
    let mut broken = 0;
    for (path, text) in bytes(&folder.path().join("s/messages")) {
        let Ok(message) = serde_json::from_slice::<Value>(&text) else {
            broken += 1;
            continue;
        };
        let name = path.to_str().unwrap().to_owned();
        let (list, number) = [("合同新订列表", "合同编号"), ("new_contracts", "contract_no")]
            .into_iter()
            .map(|(list, number)| (message.get(list).cloned(), number))
            .find(|(list, _)| list.is_some())
            .unwrap_or((None, ""));
        for item in list.iter().filter_map(Value::as_array).flatten() {
            styles.insert(number);
            if let Some(no) = item[number].as_str() {
                new.entry(no.to_owned()).or_insert_with(|| name.clone());
            }
        }
        for (list, number) in [
            ("续签合同信息列表", "合同编号"),
            ("解除合同信息列表", "合同编号"),
            ("终止合同信息列表", "合同编号"),
            ("renewals", "contract_no"),
            ("dissolutions", "contract_no"),
            ("terminations", "contract_no"),
        ] {
            let items = message.get(list).and_then(Value::as_array);
            assert!(items.is_none_or(|items| items.len() <= 51));
            for no in items.into_iter().flatten().filter_map(|item| item[number].as_str()) {
                later.entry(no.to_owned()).or_insert_with(|| name.clone());
            }
        }
    }
    assert_eq!(styles, BTreeSet::from(["contract_no", "合同编号"]));
    assert!(broken > 0);
    assert!(new.len() >= 5000);
    assert!(new.keys().any(|number| number.chars().count() > 50));
    let late = later.iter().filter(|(number, file)| new.get(*number).is_some_and(|parent| parent > *file)).count();
    let orphans = later.keys().filter(|number| !new.contains_key(*number)).count();
    assert!(late > 0 && orphans > 0, "{late} {orphans}");
}

#[test]
fn wrong_usage_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    sample(folder, "1", "1", "one");
    assert_eq!(json(folder, 2, &["sample", "--contracts", "1", "--out", "one"])["exit"], 2);
    assert_eq!(luqi(folder, &["sample", "--contracts", "0", "--out", "none"]).status.code(), Some(2));
    std::fs::write(folder.join("file"), "").unwrap();
    assert_eq!(luqi(folder, &["sample", "--contracts", "1", "--out", "file/under"]).status.code(), Some(4));
}
