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

/// Plaintext is shown where the home's vault has it and `--reveal` asks for it, and nowhere else.
#[test]
fn a_record_is_revealed_only_when_it_is_asked_for() {
    let bed = tempfile::tempdir().unwrap();
    let folder = bed.path();
    json(folder, 0, &["testnet", "--seed", "5", "--out", "net"]);
    let message = r#"{"单位统一信用代码": "91370211MAFAK00020", "合同新订列表": [{"合同编号": "LD-7",
        "合同名称": "劳动合同书", "劳动者证件类型": "01", "劳动者姓名": "欧阳洋欣", "劳动者证件号码": "37050319641024994X",
        "劳动者联系电话": "17900002971", "合同期限类别": "01", "合同期限起始日期": "20190211",
        "合同期限终止日期": "20220210", "职工类别": "01", "合同类别": "04"}]}"#;
    fs::write(folder.join("new.json"), message).unwrap();
    assert_eq!(json(folder, 0, &["import", "--home", "net/node1", "new.json"])["applied"], 1);
    let show = ["show", "contract", "--home", "net/node1", "--uscc", "91370211MAFAK00020", "--contract-no", "LD-7"];
    let plain = json(folder, 0, &show);
    assert_eq!(plain["history"][0]["kind"], "new");
    assert!(!plain.to_string().contains("欧阳洋欣") && plain["history"][0].get("record").is_none());
    let revealed = json(folder, 0, &[&show[..], &["--reveal"]].concat());
    let record = revealed["history"][0]["record"].as_array().unwrap();
    let worker = record.iter().find(|slot| slot["key"] == "劳动者姓名").unwrap();
    assert_eq!(worker["value"], "欧阳洋欣");
    // The same where its event is looked at, or its block.
    let event = revealed["history"][0]["log_index"].to_string();
    let height = revealed["history"][0]["height"].to_string();
    for place in [["show", "event", event.as_str()], ["show", "block", height.as_str()]] {
        let at_home = [&place[..], &["--home", "net/node1"]].concat();
        let plain = json(folder, 0, &at_home).to_string();
        assert!(!plain.contains("欧阳洋欣") && !plain.contains("record\""), "{plain}");
        let revealed = json(folder, 0, &[&at_home[..], &["--reveal"]].concat()).to_string();
        assert!(revealed.contains("欧阳洋欣"), "{revealed}");
        assert_eq!(luqi(folder, &[&place[..], &["--archive", "a.luqi", "--reveal"]].concat()).status.code(), Some(2));
    }
    // A home that has the chain and not the record says so.
    fs::rename(folder.join("net/node1/vault"), folder.join("vault")).unwrap();
    let elsewhere = json(folder, 0, &[&show[..], &["--reveal"]].concat());
    assert_eq!(elsewhere["history"][0]["record"], "not_here");
}
