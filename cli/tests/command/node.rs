//! A node as a process: it comes up, answers, refuses a second one, and ends when it is told to.

use crate::{json, luqi};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a slow machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is ended when the test is.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_luqi"));
        command.current_dir(folder).args(arguments).stdin(Stdio::null());
        // Into a file: a pipe that nobody reads would fill, and stop who logs into it.
        let log = std::fs::File::create(folder.join("stderr")).unwrap();
        Self(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap())
    }

    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(format!("-{signal}")).arg(self.0.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Its exit code, once it has ended.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// Waits until something is there.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Height of the first node that is asked, once it answers.
fn height_at(folder: &Path, url: &str) -> Option<u64> {
    let answer = luqi(folder, &["status", "--url", url, "--json"]);
    serde_json::from_slice::<Value>(&answer.stdout).ok()?["nodes"][0]["height"].as_u64()
}

/// A network of one, whose node takes whatever port is free.
pub(crate) fn network_of_one(folder: &Path) {
    // Blocks come soon, with nothing in them too.
    let pace = ["--param", "pace_seal_ms=300", "--param", "pace_idle_ms=300"];
    json(folder, 0, &[&["testnet", "--out", "net"], &pace[..]].concat());
    let file = "[network]\nlisten = \"127.0.0.1:0\"\n[http]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(folder.join("net/node1/node.toml"), file).unwrap();
}

#[test]
fn a_node_comes_up_once_and_ends_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    network_of_one(folder);
    for signal in ["TERM", "INT", "HUP"] {
        let mut node = Running::start(folder, &["node", "--home", "net/node1"]);
        until("the socket", || folder.join("net/node1/node.sock").exists().then_some(()));
        let second = luqi(folder, &["node", "--home", "net/node1"]);
        assert_eq!(second.status.code(), Some(4));
        let why = String::from_utf8(second.stderr).unwrap();
        assert!(why.contains(&format!("process {}", node.0.id())), "{why}");
        assert!(folder.join("net/node1/node.sock").exists(), "the second one leaves the socket alone");
        node.signal(signal);
        assert_eq!(node.wait(), Some(0));
        assert!(!folder.join("net/node1/node.sock").exists());
    }
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    network_of_one(folder);
    let (nobody, pipe) = std::io::pipe().unwrap();
    drop(nobody);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for log in [Stdio::from(pipe), Stdio::from(full)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_luqi"));
        command.current_dir(folder).args(["node", "--home", "net/node1"]).env("LUQI_LOG_LEVEL", "trace");
        let mut node = Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        until("the socket", || folder.join("net/node1/node.sock").exists().then_some(()));
        let height = || height_at(folder, "unix:net/node1/node.sock");
        let first = until("a first answer", height);
        until("a block more", || height().filter(|height| *height > first));
        node.signal("TERM");
        assert_eq!(node.wait(), Some(0));
    }
}

#[test]
fn a_command_whose_errors_nobody_reads_still_says_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_luqi"));
    command.current_dir(folder.path()).args(["export", "--home", "none", "--out", "file"]);
    assert_eq!(command.stderr(full).status().unwrap().code(), Some(2));
}

#[test]
fn a_healthy_start_says_nothing_above_info() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut devnet = Running::start(folder, &["devnet", "--validators", "2", "--dir", "net"]);
    let line = line_of(folder, &mut devnet);
    let url = line["nodes"][0]["url"].as_str().unwrap();
    until("a first block", || height_at(folder, url).filter(|height| *height > 0));
    for node in ["node1", "node2"] {
        let log = std::fs::read_to_string(folder.join("net").join(node).join("log")).unwrap();
        assert!(log.contains("INFO"), "{log}");
        // That a new home is silent until most others are there is said by agreement itself.
        let loud = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR"));
        let loud: Vec<_> = loud.filter(|line| !line.contains("this node is silent")).collect();
        assert!(loud.is_empty(), "{loud:#?}");
    }
}

#[test]
fn a_failed_sync_ends_the_process_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    network_of_one(folder);
    let (library, when) = (folder.join("failing_sync.so"), folder.join("now"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command/failing_sync.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).args([source, "-ldl"]).status();
    assert!(built.unwrap().success());
    let mut before = 0;
    for file in ["ledger/tip", "ledger/hot/db"] {
        let start = |of: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_luqi"));
            command.current_dir(folder).args(["node", "--home", "net/node1"]);
            command.env("LD_PRELOAD", &library).env("FAIL_SYNC_OF", of).env("FAIL_SYNC_WHEN", &when);
            let log = std::fs::File::create(folder.join("stderr")).unwrap();
            Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
        };
        let height = || height_at(folder, "unix:net/node1/node.sock");
        let mut node = start(file);
        let seen = until("blocks", || height().filter(|height| *height > before));
        std::fs::write(&when, "").unwrap();
        assert_eq!(node.wait(), Some(4), "{file}");
        let said = std::fs::read_to_string(folder.join("stderr")).unwrap();
        assert!(said.contains(&format!("net/node1/{file}")) && said.contains("os error 5"), "{said}");
        assert!(!when.exists(), "the sync failed once");
        let mut node = start(file);
        before = until("it to go on", || height().filter(|height| *height > seen + 1));
        node.signal("TERM");
        assert_eq!(node.wait(), Some(0));
    }
}

#[test]
fn a_hangup_that_was_ignored_from_the_start_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    network_of_one(folder);
    let mut command = Command::new("nohup");
    command.current_dir(folder).arg(env!("CARGO_BIN_EXE_luqi")).args(["node", "--home", "net/node1"]);
    let output = || std::fs::File::create(folder.join("output")).unwrap();
    let mut node = Running(command.stdin(Stdio::null()).stdout(output()).stderr(output()).spawn().unwrap());
    until("the socket", || folder.join("net/node1/node.sock").exists().then_some(()));
    node.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(folder.join("net/node1/node.sock").exists());
    node.signal("TERM");
    assert_eq!(node.wait(), Some(0));
}

#[test]
fn an_empty_configuration_listens_on_this_machine_alone() {
    let config: luqi_node::config::Config = toml::from_str("").unwrap();
    assert!(config.network.listen.ip().is_loopback() && config.http.listen.ip().is_loopback());
}

#[test]
fn a_configuration_names_the_other_nodes_for_whoever_fills_in_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--validators", "3", "--out", "net"]);
    let file = folder.join("net/node2/node.toml");
    std::fs::remove_file(&file).unwrap();
    json(folder, 0, &["node", "--home", "net/node2", "--write-config"]);
    let text = std::fs::read_to_string(&file).unwrap();
    let filled: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key)
                if ["[[network.peers]]", "node = ", "address = "].iter().any(|begins| key.starts_with(begins)) =>
            {
                key.replace("HOST", "city.example") + "\n"
            }
            _ => line.to_owned() + "\n",
        })
        .collect();
    let config: luqi_node::config::Config = toml::from_str(&filled).unwrap();
    let peers: Vec<_> = config.network.peers.iter().map(|peer| (peer.node.0, peer.address.as_str())).collect();
    assert_eq!(peers, [(1, "city.example:7070"), (3, "city.example:7070")], "{text}");
    assert!(text.contains("# node = 3  # 370200 Qingdao"), "{text}");
}

#[test]
fn a_configuration_is_written_once_and_a_wrong_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--out", "net"]);
    assert_eq!(json(folder, 2, &["node", "--home", "net/node1", "--write-config"])["exit"], 2);
    let file = folder.join("net/node1/node.toml");
    std::fs::remove_file(&file).unwrap();
    json(folder, 0, &["node", "--home", "net/node1", "--write-config"]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("[http]"));
    std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:0\"\nlisen = 1\n").unwrap();
    let refused = json(folder, 2, &["node", "--home", "net/node1"]);
    assert!(refused["error"].as_str().unwrap().contains("line 3"), "{refused}");
    std::fs::write(&file, "[log]\nlevel = \"info,=,\"\n").unwrap();
    assert_eq!(luqi(folder, &["node", "--home", "net/node1"]).status.code(), Some(2));
}

/// The line that a devnet prints.
pub(crate) fn line_of(folder: &Path, devnet: &mut Running) -> Value {
    let mut line = String::new();
    BufReader::new(devnet.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "{}", std::fs::read_to_string(folder.join("stderr")).unwrap());
    serde_json::from_str(&line).unwrap()
}

fn is_there(pid: u64) -> bool {
    // One that has ended and was not waited for is a zombie, and there no more.
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_devnet_says_where_it_is_and_takes_its_nodes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for signal in ["TERM", "KILL"] {
        let mut devnet = Running::start(folder, &["devnet", "--validators", "1", "--dir", "net"]);
        let line = line_of(folder, &mut devnet);
        assert_eq!(line["genesis"], "net/genesis.json");
        let node = &line["nodes"][0];
        assert_eq!(
            (&node["name"], &node["role"], &node["home"]),
            (&"node1".into(), &"validator".into(), &"net/node1".into())
        );
        assert!(node["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        let pid = node["pid"].as_u64().unwrap();
        assert!(is_there(pid));
        devnet.signal(signal);
        let code = devnet.wait();
        assert_eq!(code, if signal == "TERM" { Some(0) } else { None });
        until("the node to end", || (!is_there(pid)).then_some(()));
        assert!(folder.join("net/node1/log").exists());
    }
}
