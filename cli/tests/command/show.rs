//! Exports, and what is shown of a chain.

use crate::audit::Bed;
use crate::{bytes, json, luqi};
use serde_json::{Value, json as object};
use std::fs;

#[test]
fn an_export_is_what_it_says_and_overwrites_nothing() {
    let bed = Bed::new();
    let export = |exit, more: &[&str]| json(bed.path(), exit, &[&["export", "--home", "home"], more].concat());
    let answer = export(0, &["--out", "one.luqi"]);
    assert_eq!((&answer["from"], &answer["to"]), (&object!(1), &object!(24)));
    let bytes = fs::read(bed.path().join("one.luqi")).unwrap();
    assert_eq!(answer["bytes"], bytes.len());
    let sum = std::process::Command::new("sha256sum").arg(bed.path().join("one.luqi")).output().unwrap();
    assert!(String::from_utf8(sum.stdout).unwrap().starts_with(answer["sha256"].as_str().unwrap()));
    assert_eq!(bytes, fs::read(bed.path().join("all.luqi")).unwrap());
    assert_eq!(export(2, &["--out", "one.luqi"])["exit"], 2);
    export(2, &["--out", "two.luqi", "--from", "5", "--to", "25"]);
    export(2, &["--out", "two.luqi", "--from", "0"]);
    assert!(!bed.path().join("two.luqi").exists());
    export(0, &["--out", "two.luqi", "--from", "5", "--to", "20", "--with-map"]);
    export(0, &["--out", "three.luqi", "--from", "5", "--to", "20"]);
    let lengths = ["two.luqi", "three.luqi"].map(|name| fs::metadata(bed.path().join(name)).unwrap().len());
    assert!(lengths[0] > lengths[1]);
    // Nothing half made is left.
    assert!(
        fs::read_dir(bed.path()).unwrap().all(|entry| !entry.unwrap().file_name().to_str().unwrap().starts_with('.'))
    );
    let genesis = ["--genesis", "genesis.json"];
    for (archive, unchecked) in [("two.luqi", 1), ("three.luqi", 2)] {
        let answer = json(bed.path(), 3, &[&["audit", "--archive", archive], &genesis[..]].concat());
        assert_eq!(answer["unchecked"].as_array().unwrap().len(), unchecked, "{answer}");
    }
}

#[test]
fn blocks_and_events_are_shown_from_home_and_archive() {
    let bed = Bed::new();
    let before = bytes(&bed.path().join("home"));
    let show = |exit, what: &[&str]| {
        let home = json(bed.path(), exit, &[&["show"], what, &["--home", "home"]].concat());
        let archive = json(bed.path(), exit, &[&["show"], what, &["--archive", "all.luqi"]].concat());
        assert_eq!(home, archive);
        home
    };
    for height in [1_u64, 2, 11, 24] {
        let block = show(0, &["block", &height.to_string()]);
        assert_eq!(block["header"]["height"], height);
        assert_eq!(block["parent_certificate"].is_null(), height == 1);
        assert_eq!(block["events"].as_array().unwrap().len(), 4);
        let shown = &block["events"][3];
        let index = shown["log_index"].as_u64().unwrap();
        let event = show(0, &["event", &index.to_string()]);
        assert_eq!((&event["height"], &event["kind"]), (&object!(height), &object!("renew")));
        assert_eq!((&event["subject"], &event["block"]), (&shown["subject"], &block["hash"]));
        let seal = show(0, &["event", &(index - 4).to_string()]);
        assert_eq!((&seal["kind"], &seal["height"]), (&object!("seal"), &object!(height)));
    }
    show(2, &["block", "25"]);
    show(2, &["block", "0"]);
    show(2, &["event", "100000"]);
    let text = luqi(bed.path(), &["show", "block", "3", "--home", "home"]);
    assert!(String::from_utf8(text.stdout).unwrap().contains("by nodes 1, 2, 3, 4"));
    assert_eq!(bytes(&bed.path().join("home")), before);
}

#[test]
fn a_contract_is_shown_with_its_history() {
    let bed = Bed::new();
    let block = json(bed.path(), 0, &["show", "block", "3", "--home", "home"]);
    // The second contract of each block is renewed in the next one.
    let subject = block["events"][1]["subject"].as_str().unwrap();
    let answer = json(bed.path(), 0, &["show", "contract", "--home", "home", "--subject", subject]);
    assert_eq!((&answer["state"]["status"], &answer["state"]["count"]), (&object!("active"), &object!(2)));
    let history: Vec<(&Value, &Value)> =
        answer["history"].as_array().unwrap().iter().map(|step| (&step["kind"], &step["height"])).collect();
    assert_eq!(history, [(&object!("renew"), &object!(4)), (&object!("new"), &object!(3))]);
    assert_eq!(answer["history"][1]["log_index"], block["events"][1]["log_index"]);
    let unknown = "00".repeat(32);
    let answer = json(bed.path(), 0, &["show", "contract", "--home", "home", "--subject", &unknown]);
    assert_eq!(answer["state"], Value::Null);
    let show = |more: &[&str]| luqi(bed.path(), &[&["show", "contract", "--home", "home"], more].concat());
    assert_eq!(show(&["--uscc", "91370100MA3EXAMPLE"]).status.code(), Some(2));
    assert_eq!(show(&[]).status.code(), Some(2));
    json(bed.path(), 0, &["testnet", "--out", "net"]);
    let named = ["--uscc", "91370100MA3EXAMPLE", "--contract-no", "HT-1"];
    let answer = json(bed.path(), 0, &[&["show", "contract", "--home", "net/node1"], &named[..]].concat());
    assert_eq!(answer["subject"].as_str().unwrap().len(), 64);
}
