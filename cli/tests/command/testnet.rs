//! Whole networks for tests.

use crate::{bytes, json, luqi, mode};
use luqi_node::config::Config;
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

/// What a node's configuration says of itself and of the others.
fn wiring(folder: &std::path::Path, node: u32) -> (String, String, Vec<(u32, String)>) {
    let config = Config::read(&folder.join(format!("net/node{node}/node.toml"))).unwrap();
    let peers = config.network.peers.iter().map(|peer| (peer.node.0, peer.address.clone())).collect();
    (config.network.listen.to_string(), config.http.listen.to_string(), peers)
}

#[test]
fn nodes_with_machines_of_their_own_find_each_other_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let members = ["testnet", "--out", "net", "--members", "370000,370100,370700:0"];
    let answer = json(folder, 0, &[&members[..], &["--hosts", "province,jinan,weifang.example"]].concat());
    let powers: Vec<_> = answer["homes"].as_array().unwrap().iter().map(|place| place["power"].clone()).collect();
    assert_eq!(powers, [1, 1, 0]);
    let hosts = [(1, "province:7070"), (2, "jinan:7070"), (3, "weifang.example:7070")];
    for node in 1..=3 {
        let others = hosts.iter().filter(|(other, _)| *other != node);
        let others: Vec<_> = others.map(|(other, address)| (*other, (*address).to_owned())).collect();
        assert_eq!(wiring(folder, node), ("0.0.0.0:7070".to_owned(), "127.0.0.1:7080".to_owned(), others));
    }
}

#[test]
fn nodes_on_one_machine_have_two_ports_each() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--out", "net", "--validators", "2", "--base-port", "7300"]);
    let one = ("127.0.0.1:7300".to_owned(), "127.0.0.1:7301".to_owned(), vec![(2, "127.0.0.1:7302".to_owned())]);
    let two = ("127.0.0.1:7302".to_owned(), "127.0.0.1:7303".to_owned(), vec![(1, "127.0.0.1:7300".to_owned())]);
    assert_eq!((wiring(folder, 1), wiring(folder, 2)), (one, two));
}

#[test]
fn as_many_machines_as_nodes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refused = |more: &[&str]| json(folder, 2, &[&["testnet", "--out", "net"], more].concat());
    let few = refused(&["--validators", "3", "--hosts", "province,jinan"]);
    assert!(few["error"].as_str().unwrap().contains("2 machines for 3 nodes"), "{few}");
    let address = refused(&["--hosts", "province:7070"]);
    assert!(address["error"].as_str().unwrap().contains("province:7070"), "{address}");
    assert!(!folder.join("net").exists());
}
