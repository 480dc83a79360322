//! Whole networks for tests.

use crate::{bytes, json, luqi, mode};
use serde_json::{Value, json};
use std::fs;

#[test]
fn the_province_comes_first_and_replicas_last() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let answer = json(folder, 0, &["testnet", "--validators", "3", "--replicas", "2", "--out", "net"]);
    let row = |place: &Value| (place["node"].clone(), place["member"].clone(), place["power"].clone());
    let rows: Vec<_> = answer["homes"].as_array().unwrap().iter().map(row).collect();
    let expected = [(1, "370000", 1), (2, "370100", 1), (3, "370200", 1), (4, "370200", 0), (5, "370200", 0)];
    assert_eq!(rows, expected.map(|(node, member, power)| (json!(node), json!(member), json!(power))));
    for node in 1..=5 {
        let home = folder.join(format!("net/node{node}"));
        let format: Value = serde_json::from_slice(&fs::read(home.join("format")).unwrap()).unwrap();
        assert_eq!(format, json!({"layout": 1, "chain_id": answer["chain_id"], "node": node}));
        assert_eq!(fs::read(home.join("genesis.json")).unwrap(), fs::read(folder.join("net/genesis.json")).unwrap());
        assert_eq!(mode(&home.join("keys/vrf.key")), 0o600);
        assert_eq!(mode(&home.join("keys")), 0o700);
    }
    assert_eq!(mode(&folder.join("net/members/370200/governance.key")), 0o600);
    let shown = json(folder, 0, &["genesis", "show", "net/genesis.json"]);
    assert_eq!(shown["parameters"]["pace_wait_ms"], 200);
    assert_eq!(shown["short"], answer["short"]);
}

#[test]
fn a_seed_gives_the_same_network_and_none_gives_another() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for out in ["a", "b"] {
        json(folder, 0, &["testnet", "--validators", "2", "--seed", "7", "--out", out]);
    }
    assert_eq!(bytes(&folder.join("a")), bytes(&folder.join("b")));
    let chain =
        |out: &str, more: &[&str]| json(folder, 0, &[&["testnet", "--out", out], more].concat())["chain_id"].clone();
    assert_ne!(chain("c", &["--seed", "7"]), chain("d", &["--seed", "8"]));
    assert_ne!(chain("e", &[]), chain("f", &[]));
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/file"), "kept").unwrap();
    let refused = json(folder, 2, &["testnet", "--out", "full"]);
    assert!(refused["next"].as_str().unwrap().contains("--out"));
    assert_eq!(fs::read_dir(folder.join("full")).unwrap().count(), 1);
    for wrong in [["--validators", "0"], ["--validators", "18"], ["--replicas", "8"], ["--param", "pace=1"]] {
        assert_eq!(
            luqi(folder, &[&["testnet", "--out", "x"], &wrong[..]].concat()).status.code(),
            Some(2),
            "{wrong:?}"
        );
    }
    json(folder, 0, &["testnet", "--validators", "17", "--out", "province"]);
}
