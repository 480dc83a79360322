//! Messages into a chain of one validator.

use crate::{bytes, json, luqi, mode};
use ledger_core::annex;
use ledger_core::names::Height;
use luqi_node::committer::Ledger;
use luqi_node::home::Home;
use luqi_node::store::StoreConfig;
use serde_json::Value;
use std::path::Path;

const NODE: &str = "net/node1";

/// A network of one in `net`, and messages in `s`.
fn prepare(folder: &Path, contracts: &str) -> Value {
    json(folder, 0, &["testnet", "--validators", "1", "--seed", "5", "--out", "net"]);
    json(folder, 0, &["sample", "--contracts", contracts, "--seed", "7", "--out", "s"])
}

fn import(folder: &Path, home: &str) -> Value {
    json(folder, 0, &["import", "--home", home, "s/messages"])
}

fn sum(answer: &Value) -> u64 {
    ["applied", "pending", "refused", "rejected", "duplicates"].map(|key| answer[key].as_u64().unwrap()).iter().sum()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_sample_becomes_what_it_was_meant_to_be_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let manifest = prepare(folder, "4000");
    let first = import(folder, NODE);
    let broken: u64 = manifest["broken_files"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    for key in ["applied", "pending", "refused", "duplicates"] {
        assert_eq!(first[key], manifest["meant"][key], "{key}");
    }
    let rejected = manifest["meant"]["rejected"].as_u64().unwrap() + broken;
    assert_eq!(first["rejected"], rejected);
    assert_eq!(first["items"], manifest["items"].as_u64().unwrap() + broken);
    assert_eq!(first["items"], sum(&first));
    assert!(first["flagged"].as_u64().unwrap() > 0);
    // What waited stands there twice.
    let recorded = ["applied", "pending", "refused"].map(|key| first[key].as_u64().unwrap()).iter().sum::<u64>();
    assert_eq!(first["events"], recorded + manifest["late_parents"].as_u64().unwrap());

    let path = folder.join(NODE).join("intake/rejected.jsonl");
    let told = lines(&path);
    assert_eq!(told.len() as u64, rejected);
    assert_eq!(mode(&path), 0o600);
    for line in &told {
        assert!(folder.join(line["file"].as_str().unwrap()).exists());
        assert!(annex::Code::ALL.iter().any(|code| line["code"] == code.as_str()), "{line}");
        assert!(line["pointer"].is_string() && line["zh"].is_string() && line["en"].is_string());
        assert!(line.get("value").is_none());
    }

    let second = import(folder, NODE);
    assert_eq!((&second["events"], &second["tip"]), (&first["events"], &first["tip"]));
    assert_eq!(second["rejected"], rejected);
    assert_eq!(second["duplicates"], first["items"].as_u64().unwrap() - rejected);
    assert_eq!(second["items"], sum(&second));
    assert_eq!(lines(&path), told);
}

/// No plaintext but in the messages: good items, bad ones, unreadable files.
#[test]
fn plaintext_is_found_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--validators", "1", "--out", "net"]);
    let marks =
        ["钱玄同文", "370102199003079993", "13977778888", "MARK-0042-合同", "马克标记有限公司", "91370102MAFAKE019M"];
    let [name, id, phone, number, company, code] = marks;
    let item = |name: &str, id: &str, phone: &str, start: &str| {
        format!(
            r#"{{"合同编号":"{number}","合同名称":"劳动合同","劳动者证件类型":"01","劳动者姓名":"{name}",
            "劳动者证件号码":"{id}","劳动者联系电话":"{phone}","合同期限类别":"2","合同期限起始日期":"{start}",
            "职工类别":"01","合同类别":"01"}}"#
        )
    };
    let new = |items: &[String]| format!(r#"{{"单位统一信用代码":"{code}","合同新订列表":[{}]}}"#, items.join(","));
    let bad_id = "370102199003079994";
    let texts = [
        format!(
            r#"{{"单位统一信用代码":"{code}","单位名称":"{company}","法人证件类型":"01","法人证件号码":"{id}",
            "法人姓名":"{name}","新增授权人标志":"0"}}"#
        ),
        new(&[item(name, id, phone, "20250301"), item(name, bad_id, phone, "20250301")]),
        new(&[item(name, id, "139777788889", "20250301"), item(name, id, phone, "20250230")]),
        new(&[item(&name.repeat(9), id, phone, "20250301")]),
        format!("{}x{name}{phone}", new(&[item(name, id, phone, "20250301")])),
        format!(
            r#"{{"续签合同信息列表":[{{"合同编号":"{number}-parked","合同期限类别":"2","合同期限起始日期":"20250301",
            "原合同签订日期":"20240301","单位签订日期":"20250301","个人签订日期":"20250301"}}]}}"#
        ),
    ];
    std::fs::create_dir(folder.join("messages")).unwrap();
    for (place, text) in texts.iter().enumerate() {
        std::fs::write(folder.join(format!("messages/{place}.json")), text).unwrap();
    }
    let outputs = [
        luqi(folder, &["import", "--home", NODE, "messages"]),
        luqi(folder, &["import", "--home", NODE, "messages", "--json", "--timings", "--strict"]),
    ];
    let second: Value = serde_json::from_slice(&outputs[1].stdout).unwrap();
    assert_eq!((&second["duplicates"], &second["rejected"]), (&Value::from(5), &Value::from(3)));
    let mut searched: Vec<_> = bytes(&folder.join("net")).into_iter().collect();
    assert!(searched.iter().any(|(path, _)| path.ends_with("vault/packs/000001.pack")));
    searched.extend(outputs.map(|output| ("output".into(), [output.stdout, output.stderr].concat())));
    for (path, content) in searched {
        for mark in marks.iter().chain([&bad_id, &"139777788889"]) {
            let found = content.windows(mark.len()).any(|window| window == mark.as_bytes());
            assert!(!found, "{mark} in {}", path.display());
        }
    }

    json(folder, 0, &["import", "--home", NODE, "messages", "--show-values", "--rejected", "told.jsonl"]);
    let told = lines(&folder.join("told.jsonl"));
    let value = told.iter().find(|line| line["code"] == "RESIDENT_ID_CHECK_DIGIT").unwrap();
    assert_eq!(value["value"], format!("\"{bad_id}\""));
    let broken = told.iter().find(|line| line["code"] == "JSON_TRAILING").unwrap();
    assert!(broken["line"].as_u64().unwrap() > 1 && broken["column"].is_u64());
}

#[test]
fn a_network_is_told_to_submit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--validators", "2", "--out", "net"]);
    json(folder, 0, &["sample", "--contracts", "1", "--out", "s"]);
    let answer = json(folder, 2, &["import", "--home", NODE, "s/messages"]);
    assert!(answer["next"].as_str().unwrap().contains("luqi submit"));
    assert_eq!(json(folder, 2, &["import", "--home", NODE, "missing"])["exit"], 2);
    assert_eq!(luqi(folder, &["import", "--home", NODE]).status.code(), Some(2));
}

#[test]
fn an_archive_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepare(folder, "300");
    let first = import(folder, NODE);
    let home = Home::open(&folder.join(NODE)).unwrap();
    let ledger = Ledger::open(&home.ledger(), home.genesis().clone(), StoreConfig::default()).unwrap();
    let path = folder.join("archive.luqi");
    let to = std::fs::File::create(&path).unwrap();
    ledger.export((Height(1), ledger.tip().height()), false, to, &path).unwrap();
    drop(ledger);
    json(folder, 0, &["testnet", "--validators", "1", "--seed", "5", "--out", "other"]);
    let take = || json(folder, 0, &["import", "--home", "other/node1", "--archive", "archive.luqi"]);
    let taken = take();
    assert_eq!(taken["tip"], first["tip"]);
    assert_eq!((&taken["appended"], &taken["known"]), (&first["height"], &Value::from(0)));
    assert_eq!(take()["known"], first["height"]);
    // Nothing here says what the validator signed above the archive, and a look-up that knows nothing of what
    // came with it would record that twice.
    let import = ["import", "--home", "other/node1", "s/messages"];
    let refused = json(folder, 4, &import);
    let tip = first["height"].to_string();
    assert!(refused["error"].as_str().unwrap().contains(&format!("node forget --home HOME --tip {tip}")), "{refused}");
    let forget = |exit, tip: &str| json(folder, exit, &["node", "forget", "--home", "other/node1", "--tip", tip]);
    let other = forget(2, &(first["height"].as_u64().unwrap() + 1).to_string());
    assert!(other["error"].as_str().unwrap().contains(&format!("the height to be named is {tip}")), "{other}");
    assert_eq!(json(folder, 4, &import), refused, "nothing was forgotten");
    assert_eq!(forget(0, &tip)["tip"], first["height"]);
    // Neither is there anything more to forget, nor would it be done twice.
    forget(2, &tip);
    let refused = json(folder, 4, &import);
    assert!(refused["next"].as_str().unwrap().contains("--new-look-up"));
    let forced = json(folder, 0, &[&import[..], &["--new-look-up"]].concat());
    assert_eq!(forced["items"], first["items"]);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    json(folder, 0, &["testnet", "--validators", "1", "--seed", "5", "--out", "third"]);
    let output = luqi(folder, &["import", "--home", "third/node1", "--archive", "archive.luqi"]);
    assert_ne!(output.status.code(), Some(0));
}

/// Another user than the superuser: for whom permissions mean something.
const SOMEBODY: u32 = 65_534;

#[test]
fn the_superuser_leaves_nothing_in_a_home_that_its_owner_cannot_open() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if std::fs::metadata(folder).unwrap().uid() != 0 {
        return; // Only the superuser can play this.
    }
    prepare(folder, "20");
    import(folder, NODE);
    let own = |path: &Path| chown(path, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        own(&next);
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { own(&path) }
        }
    }
    let refused = json(folder, 2, &["export", "--home", NODE, "--out", "root.luqi"]);
    assert!(refused["error"].as_str().unwrap().contains("65534"), "{refused}");
    assert!(!folder.join("root.luqi").exists());
    let export = |out: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_luqi"));
        command.current_dir(folder).args(["export", "--home", NODE, "--out", out]).uid(SOMEBODY).gid(SOMEBODY);
        command.output().unwrap()
    };
    assert!(export("own.luqi").status.success());
    // A home that somebody else may not enter is not taken for none.
    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::rename(folder.join(NODE), elsewhere.join("node1")).unwrap();
    std::fs::set_permissions(&elsewhere, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_luqi"));
    command.current_dir(folder).args(["node", "--home", "elsewhere/node1"]).uid(SOMEBODY).gid(SOMEBODY);
    let closed = command.output().unwrap();
    let why = String::from_utf8(closed.stderr).unwrap();
    assert!(closed.status.code() == Some(4) && why.contains("Permission denied"), "{why}");
    std::fs::rename(elsewhere.join("node1"), folder.join(NODE)).unwrap();
    // What an earlier version left behind as root is named.
    let file = folder.join(NODE).join("ledger/hot/db");
    chown(&file, Some(0), Some(0)).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let closed = export("again.luqi");
    let why = String::from_utf8(closed.stderr).unwrap();
    assert!(closed.status.code() == Some(4) && why.contains("ledger/hot/db") && why.contains("chown"), "{why}");
}
