//! A network whose nodes have namespaces of their own: real wires, on which packets are lost without a word.
//!
//! ```text
//! node 1 ── veth ──┐
//! node 2 ── veth ──┤ bridge, in a namespace of its own
//! node 3 ── veth ──┘
//! ```
//!
//! A proxy that cuts a connection closes it at both ends, which no broken wire does. Here the kernels of both
//! sides go on as if nothing had happened. It takes the right to make namespaces, and `ip`, `iptables` and `ss`.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The port at which each node listens for the others.
pub const PORT: u16 = 7000;

/// The namespaces of one network; they are gone when this is.
#[derive(Debug)]
pub struct Namespaces {
    prefix: String,
    nodes: u32,
}

impl Namespaces {
    /// Makes them, one a node, all on one wire.
    ///
    /// # Errors
    /// Why this machine cannot.
    pub fn new(nodes: u32) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let own = Self { prefix: format!("luqi-{}-{number}-", std::process::id()), nodes };
        let switch = own.switch();
        run(&["ip", "netns", "add", &switch])?;
        let in_switch = |words: &[&str]| run(&[&["ip", "-n", &switch], words].concat());
        in_switch(&["link", "add", "bridge", "type", "bridge"])?;
        in_switch(&["link", "set", "bridge", "up"])?;
        for node in 1..=nodes {
            let (name, port, address) = (own.name(node), format!("node{node}"), format!("{}/24", own.address(node)));
            run(&["ip", "netns", "add", &name])?;
            in_switch(&["link", "add", &port, "type", "veth", "peer", "name", "wire", "netns", &name])?;
            in_switch(&["link", "set", &port, "master", "bridge", "up"])?;
            let in_node = |words: &[&str]| run(&[&["ip", "-n", &name], words].concat());
            in_node(&["address", "add", &address, "dev", "wire"])?;
            in_node(&["link", "set", "wire", "up"])?;
            in_node(&["link", "set", "lo", "up"])?;
        }
        own.heal()?;
        Ok(own)
    }

    fn switch(&self) -> String {
        format!("{}switch", self.prefix)
    }

    /// The namespace of a node.
    #[must_use]
    pub fn name(&self, node: u32) -> String {
        format!("{}{node}", self.prefix)
    }

    /// The address of a node.
    #[must_use]
    pub fn address(&self, node: u32) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, 0, u8::try_from(node).unwrap_or(u8::MAX))
    }

    /// From now on nothing that `from` sends comes to `to`.
    ///
    /// # Errors
    /// What the system says.
    pub fn lose(&self, from: u32, to: u32) -> Result<(), String> {
        self.firewall(to, &["-A", "INPUT", "-s", &self.address(from).to_string(), "-j", "DROP"])
    }

    /// So many ends of connections a node has.
    ///
    /// # Errors
    /// What the system says.
    pub fn flows(&self, node: u32) -> Result<usize, String> {
        self.established(node).map(|open| open.lines().count())
    }

    fn established(&self, node: u32) -> Result<String, String> {
        run(&["ip", "netns", "exec", &self.name(node), "ss", "-Htn", "state", "established"])
    }

    /// From now on nothing comes over the connections that a node has now. New ones pass.
    ///
    /// # Errors
    /// What the system says.
    pub fn lose_flows(&self, node: u32) -> Result<usize, String> {
        let open = self.established(node)?;
        let mut flows = 0;
        for line in open.lines() {
            let mut ends = line.split_whitespace().skip(2);
            let (Some(own), Some(other)) = (ends.next().and_then(port), ends.next()) else { continue };
            let Some((address, from)) = other.rsplit_once(':') else { continue };
            let rule = ["-A", "INPUT", "-p", "tcp", "-s", address, "--sport", from, "--dport", own, "-j", "DROP"];
            self.firewall(node, &rule)?;
            flows += 1;
        }
        Ok(flows)
    }

    /// From now on every packet arrives.
    ///
    /// # Errors
    /// What the system says.
    pub fn heal(&self) -> Result<(), String> {
        (1..=self.nodes).try_for_each(|node| self.firewall(node, &["-F", "INPUT"]))
    }

    fn firewall(&self, node: u32, rule: &[&str]) -> Result<(), String> {
        run(&[&["ip", "netns", "exec", &self.name(node), "iptables", "-w"], rule].concat()).map(drop)
    }
}

fn port(address: &str) -> Option<&str> {
    address.rsplit_once(':').map(|(_, port)| port)
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in (1..=self.nodes).map(|node| self.name(node)).chain([self.switch()]) {
            let _ = run(&["ip", "netns", "del", &name]);
        }
    }
}

fn run(words: &[&str]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let ran = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&ran.stderr).trim()))
}
