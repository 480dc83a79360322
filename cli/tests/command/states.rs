//! How a node says that it stands, and with what `luqi status` ends: a network whose nodes come into trouble.

use crate::node::{Running, line_of, until};
use crate::{json, luqi};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Two validators and a replica, whose homes are `net/node1` to `net/node3`.
struct Nodes<'a>(&'a Path);

impl Nodes<'_> {
    fn start(&self, node: u32, more: &[&str], variables: &[(&str, &Path)]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_luqi"));
        command.current_dir(self.0).args(["node", "--home", &format!("net/node{node}")]).args(more);
        command.envs(variables.iter().copied());
        let log = std::fs::File::create(self.0.join(format!("log{node}"))).unwrap();
        Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    /// What `luqi status` says of one node, and with what it ends.
    fn look(&self, node: u32) -> (Option<i32>, Value) {
        let url = format!("unix:net/node{node}/node.sock");
        let said = luqi(self.0, &["status", "--url", &url, "--json"]);
        (said.status.code(), serde_json::from_slice::<Value>(&said.stdout).unwrap()["nodes"][0].clone())
    }

    /// Waits until a node stands so, and the command ends with this code.
    fn stands(&self, node: u32, state: &str, code: i32) -> Value {
        until(&format!("node {node} as {state}"), || {
            let (exit, row) = self.look(node);
            (row["state"] == state).then(|| {
                assert_eq!(exit, Some(code), "{row}");
                row
            })
        })
    }
}

#[test]
fn each_trouble_is_called_by_its_name_and_ends_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let nodes = Nodes(folder);
    let network = ["--validators", "2", "--replicas", "1", "--dir", "net"];
    let pace = ["--param", "pace_idle_ms=300", "--param", "pace_seal_ms=300"];
    let mut devnet = Running::start(folder, &[&["devnet"], &network[..], &pace[..]].concat());
    let line = line_of(folder, &mut devnet);
    nodes.stands(1, "voting", 0);
    nodes.stands(2, "voting", 0);
    let replica = nodes.stands(3, "replica", 0);
    assert_eq!((&replica["states"], &replica["ready"]), (&serde_json::json!(["replica"]), &true.into()));
    json(folder, 0, &["sample", "--contracts", "3", "--seed", "7", "--out", "s"]);
    let url = line["nodes"][1]["url"].as_str().unwrap();
    let _ = luqi(folder, &["submit", "--url", url, "s/messages", "--wait", "final"]);
    devnet.signal("TERM");
    assert_eq!(devnet.wait(), Some(0));

    let _one = nodes.start(1, &[], &[]);
    let row = until("node 1 alone", || Some(nodes.look(1).1).filter(|row| row["state"] == "unreachable"));
    assert_eq!(nodes.look(1).0, Some(14), "{row}");
    let why = row["why"].as_str().unwrap();
    assert!(why.contains("1 of 2 voting power") && why.contains("not connected: node 2 ("), "{why}");

    // What this node has sent is on the chain, and no more in its look-up.
    std::fs::remove_dir_all(folder.join("net/node2/intake")).unwrap();
    let mut two = nodes.start(2, &[], &[]);
    let row = nodes.stands(2, "closed", 13);
    assert!(row["why"].as_str().unwrap().contains("--new-look-up"), "{row}");
    assert!(row["states"].as_array().unwrap().contains(&"voting".into()), "{row}");
    nodes.stands(1, "voting", 0);

    // A disk on which each sync takes longer than the chain takes for a block.
    let library = folder.join("slow_sync.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command/failing_sync.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).args([source, "-ldl"]).status();
    assert!(built.unwrap().success());
    let _three = nodes.start(3, &[], &[("LD_PRELOAD", &library), ("SLOW_SYNC_MS", Path::new("1500"))]);
    let row = nodes.stands(3, "behind", 10);
    assert!(row["why"].as_str().unwrap().contains("blocks behind"), "{row}");

    two.signal("TERM");
    assert_eq!(two.wait(), Some(0));
    let _two = nodes.start(2, &["--restored", "--new-look-up"], &[]);
    let row = nodes.stands(2, "silent", 12);
    // Of two validators none makes a block without the other.
    let why = row["why"].as_str().unwrap();
    assert!(why.contains("restored from a copy") && why.contains("luqi node forget"), "{why}");
    assert_eq!((&row["ready"], row["states"].as_array().unwrap().contains(&"voting".into())), (&false.into(), false));
    // The worst of all that are asked.
    let urls = [1, 2].map(|node| format!("unix:net/node{node}/node.sock"));
    let both = luqi(folder, &["status", "--url", &urls[0], "--url", &urls[1]]);
    assert!(matches!(both.status.code(), Some(12 | 14)), "{}", String::from_utf8_lossy(&both.stdout));
}
