//! Key files.

use crate::{json, luqi, mode};
use std::fs;

#[test]
fn one_key_and_a_whole_nodes_keys() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for purpose in ["consensus", "submission", "peer", "note", "governance", "vault"] {
        let file = format!("{purpose}.key");
        let answer = json(folder, 0, &["keygen", "--purpose", purpose, "--out", &file]);
        assert_eq!(answer["keys"][0]["purpose"], purpose);
        assert_eq!(mode(&folder.join(&file)), 0o600);
        let text = fs::read_to_string(folder.join(&file)).unwrap();
        let digits = text.strip_prefix(&format!("luqi-secret-{purpose}-1:")).unwrap().strip_suffix('\n').unwrap();
        assert_eq!(digits.len(), 64);
        assert_ne!(answer["keys"][0]["public"], digits);
    }
    let answer = json(folder, 0, &["keygen", "--purpose", "node", "--out", "keys"]);
    assert_eq!(answer["keys"].as_array().unwrap().len(), 4);
    assert_eq!(mode(&folder.join("keys")), 0o700);
    assert_eq!(mode(&folder.join("keys/note.key")), 0o600);
}

#[test]
fn public_halves_of_keys_that_are_there_are_shown_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = json(folder, 0, &["keygen", "--purpose", "node", "--out", "keys"]);
    let shown = json(folder, 0, &["keygen", "--show", "keys"]);
    let halves = |answer: &serde_json::Value| {
        let rows = answer["keys"].as_array().unwrap().iter();
        let mut rows: Vec<_> = rows.map(|row| (row["purpose"].to_string(), row["public"].to_string())).collect();
        rows.sort();
        rows
    };
    assert_eq!(halves(&shown), halves(&made));
    for purpose in ["governance", "vault"] {
        let file = format!("{purpose}.key");
        let made = json(folder, 0, &["keygen", "--purpose", purpose, "--out", &file]);
        assert_eq!(json(folder, 0, &["keygen", "--show", &file]), made);
    }
    // A home has also the key that makes subjects, and its vault one that has no public half.
    json(folder, 0, &["testnet", "--out", "net"]);
    let home = json(folder, 0, &["keygen", "--show", "net/node1/keys"]);
    assert_eq!(home["keys"].as_array().unwrap().len(), 6, "{home}");
    fs::write(folder.join("no.key"), "luqi-secret-governance-1:12\n").unwrap();
    std::process::Command::new("chmod").args(["600", "no.key"]).current_dir(folder).status().unwrap();
    json(folder, 4, &["keygen", "--show", "no.key"]);
    for wrong in [&["keygen"][..], &["keygen", "--show", "keys", "--out", "x"], &["keygen", "--purpose", "peer"]] {
        assert_eq!(luqi(folder, wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_key_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let keygen = ["keygen", "--purpose", "governance", "--out", "g.key"];
    json(folder.path(), 0, &keygen);
    let before = fs::read(folder.path().join("g.key")).unwrap();
    let refused = json(folder.path(), 2, &keygen);
    assert!(refused["error"].as_str().unwrap().contains("never overwritten"));
    assert_eq!(fs::read(folder.path().join("g.key")).unwrap(), before);
    json(folder.path(), 4, &["keygen", "--purpose", "governance", "--out", "no/such/folder/g.key"]);
    assert_eq!(luqi(folder.path(), &["keygen", "--purpose", "king", "--out", "k"]).status.code(), Some(2));
}
