//! Three members found a chain.

use crate::{json, luqi, mode};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const CODES: [&str; 3] = ["370200", "370000", "370100"];

/// Every member applies in a folder of its own; gives the paths of the applications.
fn apply(folder: &Path) -> Vec<String> {
    let one = |code: &&str| {
        fs::create_dir(folder.join(code)).unwrap();
        let (home, application) = (format!("{code}/home"), format!("{code}/application.json"));
        let answer = json(folder, 0, &["genesis", "apply", "--code", code, "--home", &home, "--out", &application]);
        assert_eq!(answer["member"], **code);
        assert_eq!(answer["governance"], format!("{code}/governance.key"));
        application
    };
    CODES.iter().map(one).collect()
}

fn collect(folder: &Path, applications: &[String], exit: i32) -> Value {
    let mut arguments = vec!["genesis", "collect", "--name", "luqi.example", "--out", "genesis.json"];
    arguments.extend(["--param", "pace_wait_ms=300"]);
    arguments.extend(applications.iter().map(String::as_str));
    json(folder, exit, &arguments)
}

#[test]
fn three_members_found_a_chain() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let collected = collect(folder, &apply(folder), 0);
    let shown = json(folder, 0, &["genesis", "show", "genesis.json"]);
    assert_eq!(collected, shown);
    assert_eq!((&shown["validators"], &shown["replicas"]), (&json!(3), &json!(0)));
    assert_eq!(shown["parameters"]["pace_wait_ms"], 300);
    let members: Vec<&str> = shown["members"].as_array().unwrap().iter().map(|m| m["code"].as_str().unwrap()).collect();
    assert_eq!(members, ["370000", "370100", "370200"]);
    assert_eq!(shown["members"][1]["name_zh"], "济南市");
    let short = shown["short"].as_str().unwrap();
    let digits = short.replace('-', "");
    assert_eq!((short.len(), digits.len()), (24, 20));
    assert!(shown["chain_id"].as_str().unwrap().starts_with(&digits));
    let text = String::from_utf8(luqi(folder, &["genesis", "show", "genesis.json"]).stdout).unwrap();
    assert!(text.contains(short));
    assert!(text.lines().any(|line| line.starts_with("2     1      370100  济南市")), "{text}");
    assert!(text.contains("3 in all; more than two thirds is 3"), "{text}");
    assert_eq!((&shown["total_power"], &shown["quorum"]), (&json!(3), &json!(3)));

    for (code, node) in [("370000", 1), ("370100", 2), ("370200", 3)] {
        let home = format!("{code}/home");
        let install = ["genesis", "install", "--genesis", "genesis.json", "--home", &home];
        let wrong = json(folder, 1, &[&install[..], &["--expect", "0000-0000-0000-0000-0000"]].concat());
        assert!(wrong["error"].as_str().unwrap().contains(short));
        let answer = json(folder, 0, &[&install[..], &["--expect", &short.to_uppercase().replace('-', "")]].concat());
        assert_eq!((&answer["node"], &answer["member"]), (&json!(node), &json!(code)));
        let keys = folder.join(&home).join("keys");
        for name in ["consensus", "submission", "peer", "note", "vault", "vrf"] {
            assert_eq!(mode(&keys.join(name).with_extension("key")), 0o600, "{name}");
        }
        assert!(!keys.join("governance.key").exists());
        let format: Value = serde_json::from_slice(&fs::read(folder.join(&home).join("format")).unwrap()).unwrap();
        assert_eq!(format, json!({"layout": 1, "chain_id": shown["chain_id"], "node": node}));
        // A second time nothing is touched.
        assert_eq!(json(folder, 2, &install)["exit"], 2);
    }
    let vrf = |code: &str| fs::read(folder.join(code).join("home/keys/vrf.key")).unwrap();
    assert_eq!(vrf("370000"), vrf("370200"));
}

#[test]
fn an_application_that_was_touched_is_provably_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let applications = apply(folder);
    let path = folder.join(&applications[2]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Jinan", "Binan")).unwrap();
    let answer = collect(folder, &applications, 1);
    assert!(answer["error"].as_str().unwrap().contains("370100"), "{answer}");
    assert!(!folder.join("genesis.json").exists());
}

#[test]
fn a_home_that_did_not_apply_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let applications = apply(folder);
    collect(folder, &applications, 0);
    let late = ["genesis", "apply", "--code", "370300", "--home", "late", "--out", "late.json"];
    json(folder, 0, &late);
    assert_eq!(json(folder, 2, &late)["exit"], 2);
    let refused = json(folder, 2, &["genesis", "install", "--genesis", "genesis.json", "--home", "late"]);
    assert!(refused["error"].as_str().unwrap().contains("names no node"));
    let nothing = json(folder, 2, &["genesis", "install", "--genesis", "genesis.json", "--home", "nowhere"]);
    assert!(nothing["error"].as_str().unwrap().contains("is no home"));
}

#[test]
fn two_provinces_or_none_found_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let applications = apply(folder.path());
    assert!(collect(folder.path(), &[applications[0].clone()], 2)["error"].as_str().unwrap().contains("province"));
    assert_eq!(collect(folder.path(), &[applications[1].clone(), applications[1].clone()], 2)["exit"], 2);
}

#[test]
fn a_member_may_have_several_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let apply = ["genesis", "apply", "--code", "370000", "--home", "homes", "--out", "a.json", "--nodes", "2"];
    let refused = json(folder.path(), 2, &[&apply[..], &["--power", "1,0,1"]].concat());
    assert!(refused["next"].as_str().unwrap().contains("one for each"));
    let answer = json(folder.path(), 0, &[&apply[..], &["--power", "3,0"]].concat());
    assert_eq!(answer["homes"], json!(["homes/node1", "homes/node2"]));
    let shown = collect(folder.path(), &["a.json".to_owned()], 0);
    assert_eq!(shown["members"][0]["nodes"], json!([{"number": 1, "power": 3}, {"number": 2, "power": 0}]));
    let install = ["genesis", "install", "--genesis", "genesis.json", "--home", "homes/node2"];
    assert_eq!(json(folder.path(), 0, &install)["node"], 2);
}

#[test]
fn a_key_that_others_may_read_is_refused_and_not_shown() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let applications = apply(folder);
    collect(folder, &applications, 0);
    let key = folder.join("370100/home/keys/peer.key");
    let secret = fs::read_to_string(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let output = luqi(folder, &["genesis", "install", "--genesis", "genesis.json", "--home", "370100/home"]);
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("chmod 600"), "{said}");
    assert!(!said.contains(secret.trim().rsplit(':').next().unwrap()));
}
