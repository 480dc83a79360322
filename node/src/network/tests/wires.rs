//! Wires that break without a word: two nodes in processes and namespaces of their own, between which packets are lost.
//!
//! Each process is this very program, which runs the ignored test below. Where the machine gives no namespaces, there
//! is nothing to see.

use super::*;
use std::collections::BTreeMap;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The node that a process is to be.
const NODE: &str = "LUQI_TEST_WIRES_NODE";
/// A dead connection is seen within this time, and called anew within a little more.
const SEEN: Duration = Duration::from_secs(7);
/// Once a wire is whole, both are connected again within this time.
const BACK: Duration = Duration::from_secs(5);

fn address(node: u32) -> String {
    format!("10.78.0.{node}")
}

/// What a process does: it runs the network of a node, and tells whenever others come and go.
#[tokio::test]
#[ignore = "only as a process of the test below"]
async fn the_process_of_a_node() {
    let Ok(number) = std::env::var(NODE) else { return };
    let number: u32 = number.parse().unwrap();
    let chain = Chain::new(2);
    let other = 3 - number;
    let peer = PeerConfig { node: NodeNumber(other), address: format!("{}:7000", address(other)), pin: None };
    let listen = format!("{}:7000", address(number));
    let node = Node::start_as(number, number, &listen, &chain, vec![peer]).await;
    let mut peers = node.network.peers();
    let mut before = None;
    loop {
        let now = peers.borrow_and_update().len();
        if before.replace(now) != Some(now) {
            println!("\nPEERS {now}");
        }
        peers.changed().await.unwrap();
    }
}

async fn run(words: &str) -> Result<String, String> {
    let mut parts = words.split_whitespace();
    let mut command = Command::new(parts.next().unwrap());
    let ran = command.args(parts).output().await.map_err(|error| format!("{words}: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(said(&ran.stdout)) } else { Err(format!("{words}: {}", said(&ran.stderr))) }
}

/// Two namespaces with a wire between them.
struct Wire(String);

impl Wire {
    async fn new() -> Result<Self, String> {
        let wire = Self(format!("luqi-wire-{}-", std::process::id()));
        let [one, two] = [wire.name(1), wire.name(2)];
        run(&format!("ip netns add {one}")).await?;
        run(&format!("ip netns add {two}")).await?;
        run(&format!("ip -n {one} link add wire type veth peer name wire netns {two}")).await?;
        for (node, name) in [(1, &one), (2, &two)] {
            run(&format!("ip -n {name} address add {}/24 dev wire", address(node))).await?;
            run(&format!("ip -n {name} link set wire up")).await?;
        }
        wire.heal().await?;
        Ok(wire)
    }

    fn name(&self, node: u32) -> String {
        format!("{}{node}", self.0)
    }

    /// From now on a node loses what fits.
    async fn lose(&self, node: u32, what: &str) {
        run(&format!("ip netns exec {} iptables -w -A INPUT {what} -j DROP", self.name(node))).await.unwrap();
    }

    /// The connections between the two: the ports of a node and of the other one.
    async fn flows(&self, node: u32) -> Vec<[String; 2]> {
        let open = run(&format!("ip netns exec {} ss -Htn state established", self.name(node))).await.unwrap();
        let port = |end: &str| end.rsplit_once(':').map(|(_, port)| port.to_owned());
        let ports = |line: &str| line.split_whitespace().skip(2).filter_map(port).collect::<Vec<_>>();
        open.lines().filter_map(|line| <[String; 2]>::try_from(ports(line)).ok()).collect()
    }

    async fn heal(&self) -> Result<(), String> {
        for node in [1, 2] {
            run(&format!("ip netns exec {} iptables -w -F INPUT", self.name(node))).await?;
        }
        Ok(())
    }

    fn node(&self, node: u32) -> (Child, Lines<BufReader<ChildStdout>>) {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(node)]).arg(program).env(NODE, node.to_string());
        let words =
            ["--exact", "network::tests::wires::the_process_of_a_node", "--ignored", "--nocapture", "--test-threads=1"];
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for node in [1, 2] {
            let _ = std::process::Command::new("ip").args(["netns", "del", &self.name(node)]).status();
        }
    }
}

/// Waits until both have so many peers; how long that took.
async fn both(nodes: &mut BTreeMap<u32, (Child, Lines<BufReader<ChildStdout>>)>, peers: usize) -> Duration {
    let begun = Instant::now();
    for (_, lines) in nodes.values_mut() {
        soon(async { while lines.next_line().await.unwrap().unwrap() != format!("PEERS {peers}") {} }).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_wire_that_breaks_without_a_word_is_noticed_and_made_anew() {
    let wire = match Wire::new().await {
        Ok(wire) => wire,
        Err(why) => {
            println!("skipped: wires in namespaces, since {why}");
            return;
        }
    };
    let mut nodes: BTreeMap<_, _> = [1, 2].map(|node| (node, wire.node(node))).into();
    both(&mut nodes, 1).await;

    // Nothing passes, then one way only: each time both notice it, and find each other again.
    for losing in [&[1, 2][..], &[1], &[2]] {
        for node in losing {
            wire.lose(*node, "-p tcp").await;
        }
        let seen = both(&mut nodes, 0).await;
        assert!(seen < SEEN, "{losing:?}: seen after {seen:?}");
        tokio::time::sleep(Duration::from_secs(3)).await;
        wire.heal().await.unwrap();
        let back = both(&mut nodes, 1).await;
        assert!(back < BACK, "{losing:?}: back after {back:?}");
    }

    // What flows is lost for good, what is new passes: one of them calls anew, and that connection stays.
    let old = wire.flows(1).await;
    for [own, other] in &old {
        wire.lose(1, &format!("-p tcp --sport {other} --dport {own}")).await;
        wire.lose(2, &format!("-p tcp --sport {own} --dport {other}")).await;
    }
    let begun = Instant::now();
    let is_new = |flows: Vec<[String; 2]>| flows.iter().any(|flow| !old.contains(flow));
    while !is_new(wire.flows(1).await) {
        assert!(begun.elapsed() < SEEN + BACK, "nobody calls anew");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(SEEN).await;
    assert!(is_new(wire.flows(1).await), "the new connection does not stay");
    for (child, _) in nodes.values_mut() {
        assert!(child.try_wait().unwrap().is_none(), "a node has ended");
    }
}
