//! How the membership changes, through a running network of one.

use crate::node::{Running, network_of_one, until};
use crate::{json, luqi};
use serde_json::Value;
use std::fs;
use std::path::Path;

const URL: &str = "unix:net/node1/node.sock";

fn running(folder: &Path) -> Running {
    network_of_one(folder);
    let node = Running::start(folder, &["node", "--home", "net/node1"]);
    until("the node", || (luqi(folder, &["status", "--url", URL]).status.code() == Some(0)).then_some(()));
    node
}

fn members(folder: &Path) -> Value {
    json(folder, 0, &["member", "list", "--url", URL])
}

#[test]
fn a_home_joins_with_a_sealed_key_and_a_further_node_without() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--out", "net"]);
    json(folder, 0, &["genesis", "apply", "--code", "370700", "--home", "new", "--out", "new.json"]);
    let application: Value = serde_json::from_slice(&fs::read(folder.join("new.json")).unwrap()).unwrap();
    let vault = application["member"]["vault"].as_str().unwrap();
    let join = ["member", "join", "--home", "new", "--genesis", "net/genesis.json", "--node", "2"];
    json(folder, 4, &join);
    json(folder, 0, &["member", "seal-vrf", "--home", "net/node1", "--to", vault, "--out", "vrf.json"]);
    json(folder, 2, &["member", "seal-vrf", "--home", "net/node1", "--to", vault, "--out", "vrf.json"]);
    let joined = json(folder, 0, &[&join[..], &["--vrf", "vrf.json"]].concat());
    assert_eq!(joined["node"], 2);
    let format: Value = serde_json::from_slice(&fs::read(folder.join("new/format")).unwrap()).unwrap();
    assert_eq!(format["joined"], true);

    json(folder, 0, &["member", "prepare", "--like", "net/node1", "--home", "second", "--out", "node.json"]);
    let second = ["member", "join", "--home", "second", "--genesis", "net/genesis.json", "--node"];
    json(folder, 2, &[&second[..], &["1"]].concat());
    json(folder, 0, &[&second[..], &["3"]].concat());
    assert_eq!(json(folder, 2, &[&second[..], &["3"]].concat())["exit"], 2);
}

#[test]
fn an_approval_is_signed_without_a_node() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--out", "net"]);
    let id = "ab".repeat(32);
    let sign = |more: &[&str]| {
        let key = ["--member", "370000", "--key", "net/members/370000/governance.key", "--sign-only"];
        luqi(folder, &[&["member", "approve", &id], &key[..], more].concat())
    };
    let signed = sign(&["--genesis", "net/genesis.json"]);
    assert_eq!(signed.status.code(), Some(0));
    let approval: Value = serde_json::from_slice(&signed.stdout).unwrap();
    assert_eq!(
        (&approval["approve"]["proposal"], &approval["approve"]["member"]),
        (&id.as_str().into(), &"370000".into())
    );
    assert_eq!(approval["approve"]["signature"].as_str().unwrap().len(), 128);
    assert_eq!(sign(&[]).status.code(), Some(2), "nothing says which chain");
    for wrong in [
        &["member", "approve"][..],
        &["member", "approve", "x", "--approval", "y"],
        &["member", "propose", "set-power", "1", "2"],
        &["member", "propose", "set-power", "1", "2", "--effective", "soon", "--url", URL],
        &["member", "list"],
    ] {
        assert_eq!(luqi(folder, wrong).status.code(), Some(2), "{wrong:?}");
    }
    let away = luqi(folder, &["member", "list", "--url", URL]);
    assert_eq!(away.status.code(), Some(3));
}

#[test]
fn a_change_is_proposed_approved_and_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _node = running(folder);
    let before = members(folder);
    assert_eq!(before["in_force"]["members"].as_array().unwrap().len(), 1);
    let propose = |change: &[&str]| {
        let how = ["--effective", "+40", "--url", URL, "--wait"];
        json(folder, 0, &[&["member", "propose"], change, &how[..]].concat())["proposal"].as_str().unwrap().to_owned()
    };
    let key = "net/members/370000/governance.key";
    let approve = |id: &str| {
        let how = ["--member", "370000", "--key", key, "--url", URL, "--wait"];
        json(folder, 0, &[&["member", "approve", id], &how[..]].concat())
    };
    json(folder, 0, &["genesis", "apply", "--code", "370700", "--power", "0", "--home", "new", "--out", "new.json"]);
    let id = propose(&["add-member", "new.json"]);
    let shown = luqi(folder, &["member", "show", &id[..8], "--url", URL, "--json"]);
    fs::write(folder.join("proposal.json"), &shown.stdout).unwrap();
    approve("proposal.json");
    until("the new member", || (members(folder)["in_force"]["members"].as_array().unwrap().len() == 2).then_some(()));
    let added = json(folder, 0, &["member", "show", "370700", "--url", URL]);
    assert_eq!(added["nodes"][0]["number"], 2);

    let refused = luqi(folder, &["member", "propose", "remove-node", "9", "--effective", "+9", "--url", URL]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("BAD_CHANGE"));

    // A member's fifth open proposal would be refused by the chain, and is here.
    let how = ["--effective", "+5000", "--url", URL, "--wait"];
    for power in ["2", "3", "4", "5"] {
        json(folder, 0, &[&["member", "propose", "set-power", "1", power], &how[..]].concat());
    }
    let fifth = luqi(folder, &[&["member", "propose", "set-power", "1", "6"], &how[..]].concat());
    assert_eq!(fifth.status.code(), Some(2));
    assert!(String::from_utf8(fifth.stderr).unwrap().contains("4 open proposals"));
}
