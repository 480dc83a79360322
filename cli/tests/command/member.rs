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

    // Of seven that are proposed at once the chain takes four; the others are told, by the chain or at the door.
    let how = ["--effective", "+5000", "--url", URL];
    let one = |power: &str| luqi(folder, &[&["member", "propose", "set-power", "1", power], &how[..]].concat());
    let ended: Vec<_> = std::thread::scope(|scope| {
        let all = ["2", "3", "4", "5", "6", "7", "8"].map(|power| scope.spawn(move || one(power)));
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (taken, refused): (Vec<_>, Vec<_>) = ended.iter().partition(|one| one.status.code() == Some(0));
    assert_eq!((taken.len(), refused.len()), (4, 3), "{ended:?}");
    for one in refused {
        assert_eq!(one.status.code(), Some(2), "{one:?}");
        let why = String::from_utf8_lossy(&one.stderr);
        assert!(why.contains("4 open proposals") || why.contains("TOO_MANY"), "{why}");
    }
    let open = members(folder)["proposals"].as_array().unwrap().clone();
    assert_eq!(open.len(), 4);
    // Taken back by its id as it was typed, for the height that it names; the place is free again.
    let id = open[0]["id"].as_str().unwrap()[..8].to_uppercase();
    let withdrawn = json(folder, 0, &["member", "propose", "withdraw", &id, "--url", URL]);
    assert_eq!(withdrawn["effective"], open[0]["effective"]);
    let left = members(folder)["proposals"].as_array().unwrap().clone();
    assert_eq!(left, open[1..]);
}

#[test]
fn what_changes_and_when_is_said_before_it_is_proposed_and_before_it_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _node = running(folder);
    let said = |exit: i32, arguments: &[&str]| {
        let ran = luqi(folder, &[arguments, &["--home", "net/node1"]].concat());
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!(ran.status.code(), Some(exit), "{arguments:?}: {err}");
        format!("{out}{err}")
    };
    let now = members(folder)["in_force"]["parameters"]["pace_idle_ms"].to_string();
    let set = ["member", "propose", "set-parameters", "pace_idle_ms=1234", "--effective"];
    let proposed = said(0, &[&set[..], &["+2h"]].concat());
    let change = format!("pace_idle_ms {now} → 1234 ms");
    assert!(proposed.contains(&change), "{proposed}");
    assert!(proposed.contains(", about 20") && proposed.contains("in block"), "{proposed}");
    let open = members(folder)["proposals"][0].clone();
    let id = open["id"].as_str().unwrap();
    assert!(said(0, &["member", "list"]).contains(&change));
    assert!(said(0, &["member", "show", id]).contains(&change));
    // Where the key is kept, without a network: what the node said stands beside the proposal.
    let shown = luqi(folder, &["member", "show", id, "--url", URL, "--json"]);
    fs::write(folder.join("proposal.json"), &shown.stdout).unwrap();
    let key = ["--member", "370000", "--key", "net/members/370000/governance.key"];
    let offline = ["member", "approve", "proposal.json", "--genesis", "net/genesis.json", "--sign-only"];
    let signed = luqi(folder, &[&offline[..], &key[..]].concat());
    assert_eq!(signed.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&signed.stderr).contains(&change));
    fs::write(folder.join("approval.json"), &signed.stdout).unwrap();
    assert!(said(0, &["member", "approve", "--approval", "approval.json"]).contains("adopted"));
    // Once is enough, and that it was there already is no success.
    assert!(said(2, &["member", "approve", "--approval", "approval.json"]).contains("BAD_APPROVAL"));

    // A file whose change is another one than its id says is signed by nobody.
    let mut other: Value = serde_json::from_slice(&shown.stdout).unwrap();
    other["change"]["set_parameters"]["pace_idle_ms"] = 4321.into();
    fs::write(folder.join("proposal.json"), other.to_string()).unwrap();
    assert_eq!(luqi(folder, &[&offline[..], &key[..]].concat()).status.code(), Some(1));

    let near = said(2, &[&set[..], &["+3"]].concat());
    assert!(near.contains("too near"), "{near}");
    assert!(said(2, &[&set[..], &["2020-01-01"]].concat()).contains("has passed"));
    let out = said(2, &["member", "propose", "set-parameters", "pace_idle_ms=0", "--effective", "+50"]);
    assert!(out.contains("between 1 and 86400000 ms"), "{out}");
    let known = json(folder, 0, &["member", "parameters", "--url", URL]);
    assert_eq!(known[7]["in_force"].to_string(), now);
    let unasked = json(folder, 0, &["member", "parameters"]);
    assert!(unasked[0]["in_force"].is_null() && unasked[0]["most"] == 33_554_432, "{unasked}");
}

#[test]
fn a_node_is_named_by_option_by_variable_or_by_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _node = running(folder);
    let asked = |here: &Path, variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_luqi"));
        command.current_dir(here).args(arguments).env_remove("LUQI_URL").env_remove("LUQI_HOME");
        command.envs(variables.iter().copied()).output().unwrap().status.code()
    };
    for what in [&["status"][..], &["member", "list"], &["submit", "s/messages", "--wait", "final"]] {
        json(folder, 0, &["sample", "--contracts", "1", "--seed", "3", "--out", "s"]);
        let with = |more: &[&'static str]| [what, more].concat();
        assert_eq!(asked(folder, &[], &with(&[])), Some(2));
        assert_eq!(asked(folder, &[], &with(&["--home", "net/node1"])), Some(0));
        assert_eq!(asked(folder, &[("LUQI_HOME", "net/node1")], &with(&[])), Some(0));
        assert_eq!(asked(folder, &[("LUQI_URL", URL), ("LUQI_HOME", "nowhere")], &with(&[])), Some(0));
        fs::rename(folder.join("s"), folder.join("net/node1/s")).unwrap();
        assert_eq!(asked(&folder.join("net/node1"), &[], &with(&[])), Some(0));
        fs::remove_dir_all(folder.join("net/node1/s")).unwrap();
    }
    assert_eq!(asked(folder, &[("LUQI_URL", URL)], &["status", "--home", "nowhere"]), Some(3), "an option goes before");
}
