//! All nodes of a network, and the wires between them.

use super::homes;
use super::namespaces::{self, Namespaces};
use super::node::Node;
use super::proxy::{Way, Wire};
use crate::luqi;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// A node tells of its tip every two seconds.
const STILL: Duration = Duration::from_secs(5);

/// A network on this machine.
pub struct Fleet {
    /// Its nodes, in order of number; those that were removed from the membership are not among them.
    pub nodes: Vec<Node>,
    /// What it starts from.
    pub genesis: PathBuf,
    /// Where each node finds each other one.
    wires: BTreeMap<(u32, u32), Wire>,
    folder: PathBuf,
}

impl Fleet {
    /// Makes homes, configurations and wires in a folder; nothing runs yet.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(folder: &Path, validators: u32, replicas: u32, parameters: &[&str]) -> Self {
        let mut fleet = Self::homes(folder, validators, replicas, parameters);
        let count = validators + replicas;
        for from in 1..=count {
            for to in (1..=count).filter(|to| *to != from) {
                let wire = Wire::to(fleet.node(to).p2p);
                fleet.wires.insert((from, to), wire);
            }
        }
        (1..=count).for_each(|number| {
            let wires = fleet.wires.iter().filter(|((from, _), _)| *from == number);
            fleet.configure(number, wires.map(|((_, to), wire)| (*to, wire.address)));
        });
        fleet
    }

    /// The same for validators that run in namespaces of their own, and call each other over the wires there.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn in_namespaces(folder: &Path, validators: u32, parameters: &[&str], namespaces: &Namespaces) -> Self {
        let mut fleet = Self::homes(folder, validators, 0, parameters);
        for node in &mut fleet.nodes {
            node.p2p = (namespaces.address(node.number), namespaces::PORT).into();
            node.namespace = Some(namespaces.name(node.number));
        }
        (1..=validators).for_each(|number| {
            let others = fleet.nodes.iter().filter(|node| node.number != number);
            fleet.configure(number, others.map(|node| (node.number, node.p2p)));
        });
        fleet
    }

    fn homes(folder: &Path, validators: u32, replicas: u32, parameters: &[&str]) -> Self {
        let net = folder.join("net");
        let (validators_text, replicas_text) = (validators.to_string(), replicas.to_string());
        let mut arguments: Vec<&std::ffi::OsStr> =
            ["testnet", "--validators", &validators_text].map(AsRef::as_ref).to_vec();
        arguments.extend(["--replicas", &replicas_text, "--out"].map(std::ffi::OsStr::new));
        arguments.push(net.as_os_str());
        for parameter in parameters {
            arguments.extend([std::ffi::OsStr::new("--param"), parameter.as_ref()]);
        }
        let made = luqi::run(&arguments);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let count = validators + replicas;
        let ports = free_ports(2 * count as usize);
        let node = |number: u32| {
            let place = number as usize - 1;
            let (p2p, http) = (ports[2 * place], ports[2 * place + 1]);
            Node::new(number, net.join(format!("node{number}")), p2p, http, u64::from(number <= validators))
        };
        let nodes: Vec<Node> = (1..=count).map(node).collect();
        Self { nodes, genesis: net.join("genesis.json"), wires: BTreeMap::new(), folder: folder.to_owned() }
    }

    /// Writes the configuration of a node, which calls these.
    fn configure(&self, number: u32, peers: impl Iterator<Item = (u32, SocketAddr)>) {
        let node = self.node(number);
        let mut text = format!("[http]\nlisten = \"{}\"\n\n[network]\nlisten = \"{}\"\n", node.http, node.p2p);
        for (to, address) in peers {
            let _ = write!(text, "\n[[network.peers]]\nnode = {to}\naddress = \"{address}\"\n");
        }
        fs::write(node.home.join("node.toml"), text).unwrap();
    }

    /// The folder of everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A node by its number.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn node(&self, number: u32) -> &Node {
        self.nodes.iter().find(|node| node.number == number).unwrap()
    }

    /// A node by its number.
    ///
    /// # Panics
    /// When there is none.
    pub fn node_mut(&mut self, number: u32) -> &mut Node {
        self.nodes.iter_mut().find(|node| node.number == number).unwrap()
    }

    /// Takes in a node that joins: its home has the configuration that `luqi node --write-config` wrote, in which
    /// the others are named now. They are not told of it.
    ///
    /// # Panics
    /// When its configuration cannot be changed.
    pub fn add(&mut self, number: u32, home: PathBuf, power: u64) {
        let ports = free_ports(2);
        let mut node = Node::new(number, home, ports[0], ports[1], power);
        let listens = [("LUQI_NETWORK_LISTEN", node.p2p), ("LUQI_HTTP_LISTEN", node.http)];
        node.environment = listens.map(|(key, address)| (key.to_owned(), address.to_string())).into();
        let mut peers = Vec::new();
        for other in &self.nodes {
            let wire = Wire::to(other.p2p);
            peers.push(format!("[[network.peers]]\nnode = {}\naddress = \"{}\"\n", other.number, wire.address));
            self.wires.insert((number, other.number), wire);
        }
        let file = node.home.join("node.toml");
        let written = fs::read_to_string(&file).unwrap();
        assert!(written.contains("# [[network.peers]]"), "the others stand there, to be filled in");
        let named = [written, peers.concat()].join("\n");
        fs::write(file, named).unwrap();
        self.nodes.push(node);
    }

    /// Lets go of a node that was removed from the membership: from now on it is none of the fleet's.
    ///
    /// # Panics
    /// When there is none.
    pub fn retire(&mut self, number: u32) -> Node {
        let place = self.nodes.iter().position(|node| node.number == number).unwrap();
        self.nodes.remove(place)
    }

    /// Starts all that do not run.
    pub fn start(&mut self) {
        for node in &mut self.nodes {
            if !node.runs() {
                node.start();
            }
        }
    }

    /// Cuts or joins the wires between two nodes, both ways.
    pub fn cut(&self, one: u32, other: u32, cut: bool) {
        for pair in [(one, other), (other, one)] {
            if let Some(wire) = self.wires.get(&pair) {
                wire.cut(cut);
            }
        }
    }

    /// Cuts every wire between the nodes of `side` and the others.
    pub fn split(&self, side: &[u32]) {
        for (from, to) in self.wires.keys() {
            if side.contains(from) != side.contains(to) {
                self.cut(*from, *to, true);
            }
        }
    }

    /// What the nodes of `side` say does not reach the others, who are heard by them.
    pub fn mute(&self, side: &[u32]) {
        for ((from, to), wire) in &self.wires {
            if side.contains(from) != side.contains(to) {
                wire.stop(if side.contains(from) { Way::There } else { Way::Back }, true);
            }
        }
    }

    /// How often wires did something to what they carry.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.wires.values().map(Wire::struck).sum()
    }

    /// Slows everything that comes to and goes from a node.
    pub fn slow(&self, number: u32, delay: Duration) {
        for ((from, to), wire) in &self.wires {
            if *from == number || *to == number {
                wire.slow(delay);
            }
        }
    }

    /// Joins and quickens every wire.
    pub fn heal(&self) {
        for wire in self.wires.values() {
            wire.cut(false);
            wire.slow(Duration::ZERO);
            wire.stop(Way::There, false);
            wire.stop(Way::Back, false);
        }
    }

    /// Waits until something holds.
    ///
    /// # Errors
    /// After `within`: what each node says then.
    pub fn wait(
        &mut self,
        what: &str,
        within: Duration,
        mut holds: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), String> {
        let start = Instant::now();
        while !holds(self) {
            if start.elapsed() > within {
                return Err(format!("{what}: not within {} s\n{}", within.as_secs(), self.report()));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Waits until all running nodes have the same tip, at a height at least.
    ///
    /// # Errors
    /// After `within`: what each node says then.
    pub fn wait_for_one_tip(&mut self, height: u64, within: Duration) -> Result<(), String> {
        self.wait("all nodes at one tip", within, |fleet| {
            let running: Vec<Option<Value>> = fleet.running().map(Node::status).collect();
            let tips: Vec<_> = running
                .iter()
                .map(|status| Some((status.as_ref()?["tip"].clone(), status.as_ref()?["height"].as_u64()?)))
                .collect();
            tips.first().is_some_and(|first| {
                first.as_ref().is_some_and(|(_, reached)| *reached >= height) && tips.iter().all(|tip| tip == first)
            })
        })
    }

    /// Waits until these nodes stand still at one height, which is given: for longer than what one tells of itself is
    /// on its way, so that nobody has a block that the others still lack.
    ///
    /// # Errors
    /// After `within`.
    pub fn wait_to_stand(&mut self, nodes: &[u32], within: Duration) -> Result<u64, String> {
        let mut since = (Instant::now(), None);
        self.wait("they stand still", within, |fleet| {
            let heights: Vec<_> = nodes.iter().map(|number| fleet.node(*number).height()).collect();
            let one =
                heights.first().copied().flatten().filter(|first| heights.iter().all(|height| *height == Some(*first)));
            if one.is_none() || one != since.1 {
                since = (Instant::now(), one);
            }
            since.0.elapsed() > STILL
        })?;
        since.1.ok_or_else(|| "they stand nowhere".to_owned())
    }

    fn running(&mut self) -> impl Iterator<Item = &Node> {
        self.nodes.iter_mut().filter_map(|node| node.runs().then_some(&*node))
    }

    /// What every node says of itself, and its last words.
    pub fn report(&mut self) -> String {
        let mut text = String::new();
        for node in &mut self.nodes {
            let runs = node.runs();
            let said = node.status().map_or_else(|| "silent".to_owned(), |status| status.to_string());
            let _ = writeln!(text, "node {} (runs: {runs}): {said}\n{}", node.number, node.last_words());
        }
        text
    }

    /// Stops all, and audits every home from the genesis: one chain everywhere. Gives the highest tip, and how many
    /// events there are. Whoever was stopped last may have a block more than the others.
    ///
    /// # Errors
    /// What an audit says otherwise.
    pub fn audit(&mut self) -> Result<(String, u64), String> {
        self.nodes.iter().for_each(|node| node.signal("CONT"));
        self.nodes.iter().for_each(|node| node.signal("TERM"));
        for node in &mut self.nodes {
            node.ended();
        }
        let homes: Vec<_> =
            self.nodes.iter().map(|node| (format!("node {}", node.number), node.home.clone())).collect();
        homes::one_chain(&homes, &self.genesis)
    }

    /// Audits the home of a node that does not run; gives the report.
    ///
    /// # Errors
    /// What the audit says, where it does not hold.
    pub fn audit_home(&self, node: &Node) -> Result<Value, String> {
        homes::audit(&node.home, &self.genesis).map_err(|why| format!("node {}: {why}", node.number))
    }
}

/// Ports of this machine that nobody listens on now, and that no outgoing connection is given while their node is
/// down: they lie below the range from which the system takes those. Each process of tests begins at its own place.
pub(super) fn free_ports(count: usize) -> Vec<SocketAddr> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    /// Where they are looked for: below 32,768, where that range begins unless a machine is told otherwise.
    const PORTS: std::ops::Range<u32> = 12_000..32_000;
    let begin = std::process::id().wrapping_mul(100);
    let mut held = Vec::new();
    while held.len() < count {
        let tried = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(tried < 20 * PORTS.len() as u32, "no port is free");
        let port = PORTS.start + begin.wrapping_add(tried) % PORTS.len() as u32;
        held.extend(TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())));
    }
    held.iter().map(|listener| listener.local_addr().unwrap()).collect()
}
