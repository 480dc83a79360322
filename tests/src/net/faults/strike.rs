//! What each fault does, and how it shows that it did.

use super::{BACK, Fault, Ground, Kind};
use crate::luqi;
use crate::net::fleet::{Fleet, free_ports};
use crate::net::node::{Node, copy};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long a cut, a slow wire or a clock that is off lasts.
const LASTS: Duration = Duration::from_secs(4);
/// How often whoever repeats a flag starts the node.
const STARTS: usize = 3;
/// How long a copy of a home runs beside it.
const BESIDE: Duration = Duration::from_secs(8);
/// Blocks of each height ahead that a forger says: more than a validator has room for.
const FORGED: u64 = 12;

impl Ground<'_> {
    /// Lets it happen, and undoes it; a process that died of it is started again by the caller. Gives what shows that
    /// it struck.
    pub(super) fn strike(&mut self, fault: &Fault) -> Result<String, String> {
        match fault.kind {
            Kind::Kill => self.kill(fault.node()),
            Kind::Pause => self.pause(fault.node(), fault.by),
            Kind::Partition => self.wires(|fleet| fleet.split(&fault.nodes)),
            Kind::OneWay => self.wires(|fleet| fleet.mute(&fault.nodes)),
            Kind::Slow => {
                let delay = Duration::from_millis(fault.by.unsigned_abs());
                self.wires(|fleet| fleet.slow(fault.node(), delay))
            }
            Kind::FullDisk => self.full_disk(fault.node()),
            Kind::FailingSync => self.failing_sync(fault.node()),
            Kind::Clocks => self.clocks(&fault.nodes, fault.by),
            Kind::RolledBack => self.roll_back(fault.node()),
            Kind::RepeatedFlags => self.repeat_flags(fault.node()),
            Kind::Renumbered => self.renumber(fault.node(), fault.by),
            Kind::TwoCopies => self.two_copies(fault.node()),
            Kind::ReconnectingLiar => self.reconnecting_liar(fault.node()),
            Kind::Forger => self.forger(fault.node()),
        }
    }

    fn kill(&mut self, node: u32) -> Result<String, String> {
        let node = self.fleet.node_mut(node);
        let pid = node.pid().filter(|_| node.runs()).ok_or("it did not run")?;
        node.kill();
        match state(pid) {
            None => Ok(format!("process {pid} is gone")),
            Some(state) => Err(format!("process {pid} is {state} still")),
        }
    }

    fn pause(&mut self, node: u32, milliseconds: i64) -> Result<String, String> {
        let node = self.fleet.node(node);
        node.signal("STOP");
        thread::sleep(Duration::from_millis(milliseconds.unsigned_abs()));
        let state = node.pid().and_then(state);
        node.signal("CONT");
        if state == Some('T') {
            Ok(format!("{milliseconds} ms"))
        } else {
            Err(format!("it was not stopped: {state:?}"))
        }
    }

    fn wires(&mut self, change: impl FnOnce(&Fleet)) -> Result<String, String> {
        let before = self.fleet.struck();
        change(self.fleet);
        thread::sleep(LASTS);
        self.fleet.heal();
        match self.fleet.struck() - before {
            0 => Err("no wire did anything to what it carries".to_owned()),
            struck => Ok(format!("{struck} times on the wires")),
        }
    }

    fn full_disk(&mut self, number: u32) -> Result<String, String> {
        let filler = self.fleet.node(number).home.join("filler");
        let full = fill(&filler);
        let noticed = self.fleet.wait("the node of the full disk ends, or says that it is not ready", BACK, |fleet| {
            let node = fleet.node_mut(number);
            !node.runs() || !node.ready().0
        });
        let (runs, said) = (self.fleet.node_mut(number).runs(), self.fleet.node(number).ready().1);
        let _ = fs::remove_file(filler);
        noticed?;
        match full {
            Some(error) if error.kind() == io::ErrorKind::StorageFull => {
                Ok(if runs { format!("not ready: {said:.120}") } else { "it ended".to_owned() })
            }
            other => Err(format!("the disk was not filled: {other:?}")),
        }
    }

    fn failing_sync(&mut self, number: u32) -> Result<String, String> {
        let orders = self.orders.get(&number).ok_or("no orders")?;
        let before = orders.failed();
        orders.fail_syncs(true);
        let ended =
            self.fleet.wait("the process of the failing disk ends", BACK, |fleet| !fleet.node_mut(number).runs());
        orders.fail_syncs(false);
        ended?;
        let (code, failed) = (self.fleet.node_mut(number).ended(), orders.failed() - before);
        if code == Some(4) && failed > 0 {
            Ok(format!("exit 4 after {failed} failed syncs"))
        } else {
            Err(format!("exit {code:?} after {failed} failed syncs\n{}", self.fleet.node(number).last_words()))
        }
    }

    fn clocks(&mut self, nodes: &[u32], seconds: i64) -> Result<String, String> {
        let orders: Vec<_> = nodes.iter().filter_map(|node| self.orders.get(node)).collect();
        let before: Vec<_> = orders.iter().map(|orders| orders.shifted()).collect();
        orders.iter().for_each(|orders| orders.shift(seconds));
        thread::sleep(LASTS);
        orders.iter().for_each(|orders| orders.shift(0));
        let asked = orders.iter().zip(before).map(|(orders, before)| orders.shifted() - before);
        match asked.min() {
            Some(asked) if asked > 0 => Ok(format!("each asked its clock {asked} times or more")),
            _ => Err("a clock was not asked".to_owned()),
        }
    }

    fn roll_back(&mut self, number: u32) -> Result<String, String> {
        let node = self.fleet.node_mut(number);
        let (ledger, aside) = (node.home.join("ledger"), node.home.with_extension("aside"));
        let stood = node.height().ok_or("it does not say where it stands")?;
        node.stop();
        let _ = fs::remove_dir_all(&aside);
        copy(&ledger, &aside);
        node.start();
        // What it has then is at least two blocks more than what it had when it ended.
        self.fleet.wait("the chain goes on", BACK, |fleet| fleet.node(number).height() >= Some(stood + 4))?;
        let node = self.fleet.node_mut(number);
        let reached = node.height().ok_or("it does not say where it stands")?;
        node.kill();
        // The folder may be a mount of its own: its contents are replaced.
        fs::remove_dir_all(&ledger).map_err(|error| error.to_string())?;
        copy(&aside, &ledger);
        Ok(format!("from {reached} to {stood} or a little above"))
    }

    /// A supervisor that starts a node with what an operator said once: it is silent each time, and votes again once
    /// that is over.
    fn repeat_flags(&mut self, number: u32) -> Result<String, String> {
        for _ in 0..STARTS {
            let node = self.fleet.node_mut(number);
            node.kill();
            // Another height than that of its tip.
            let words = ["node", "forget", "--tip", "1", "--home"].map(OsStr::new);
            let forgotten = luqi::run(&[&words[..], &[node.home.as_os_str()]].concat());
            if forgotten.code == Some(0) || !forgotten.err.contains("nothing is forgotten") {
                return Err(format!("forget --tip 1 ended with {:?}: {}", forgotten.code, forgotten.err));
            }
            node.flags = ["--restored", "--new-look-up"].map(str::to_owned).to_vec();
            node.start();
            node.flags.clear();
            self.fleet.wait("it is silent", BACK, |fleet| is_silent(fleet.node(number)))?;
        }
        self.fleet.node_mut(number).kill();
        Ok(format!("silent at {STARTS} starts"))
    }

    fn renumber(&mut self, number: u32, by: i64) -> Result<String, String> {
        let orders = self.orders.get(&number).ok_or("no orders")?;
        let node = self.fleet.node_mut(number);
        node.stop();
        let before = orders.renumbered();
        orders.renumber(by.unsigned_abs());
        node.start();
        let mut silent = None;
        self.fleet.wait("it says where it stands", BACK, |fleet| {
            let status = fleet.node(number).status();
            silent = status.as_ref().and_then(|status| status["silent"].as_str().map(str::to_owned));
            status.is_some()
        })?;
        match (silent, orders.renumbered() - before) {
            (None, 1..) => Ok(format!("numbers higher by {by}, and it votes")),
            (None, 0) => Err("nobody asked for the number of a disk".to_owned()),
            (Some(why), _) => Err(format!("it is silent after a change of the number of its disk: {why}")),
        }
    }

    /// A copy of the whole home is started beside it, and ended. It has to be silent for as long as it runs.
    fn two_copies(&mut self, number: u32) -> Result<String, String> {
        let node = self.fleet.node_mut(number);
        let home = node.home.with_extension("copy");
        let _ = fs::remove_dir_all(&home);
        node.stop();
        copy(&node.home, &home);
        node.start();
        let ports = free_ports(2);
        let mut other = Node::new(number, home, ports[0], ports[1], node.power);
        let listens = [("LUQI_NETWORK_LISTEN", other.p2p), ("LUQI_HTTP_LISTEN", other.http)];
        other.environment = listens.map(|(key, address)| (key.to_owned(), address.to_string())).into();
        other.start();
        self.fleet.wait("the copy is silent", BACK, |_| is_silent(&other))?;
        let begun = Instant::now();
        let (mut asked, mut votes) = (0, 0);
        while begun.elapsed() < BESIDE {
            if let Some(status) = other.status() {
                asked += 1;
                votes += usize::from(status["silent"].is_null());
            }
            thread::sleep(Duration::from_millis(100));
        }
        other.kill();
        match votes {
            0 => Ok(format!("the copy was silent, asked {asked} times")),
            votes => Err(format!("the copy voted while its original ran: {votes} of {asked}\n{}", other.last_words())),
        }
    }

    /// It connects to one node after the other, each time with a clock that is an hour before the last. Nobody may be
    /// cut off for what it says through another.
    fn reconnecting_liar(&mut self, number: u32) -> Result<String, String> {
        let shim = self.shim.as_ref().ok_or("no clock can be shifted")?;
        let (environment, orders) =
            shim.orders(&self.fleet.folder().join("liar.orders")).map_err(|error| error.to_string())?;
        let honest = honest(self.fleet, number);
        self.fleet.node_mut(number).stop();
        let before = (cut(self.fleet, &honest)?, sum(self.fleet, &honest, "luqi_gossip_rejected_total")?);
        let mut said = 0;
        for (turn, peer) in (1_i64..).zip(&honest) {
            orders.shift(-3_600 * turn);
            let peer = [(*peer, self.fleet.node(*peer).p2p)];
            said += self.lie(number, 1, &peer, &environment)?;
        }
        let cut = cut(self.fleet, &honest)? - before.0;
        let refused = sum(self.fleet, &honest, "luqi_gossip_rejected_total")? - before.1;
        match (said, cut) {
            (1.., 0) => Ok(format!(
                "{said} blocks said through one after the other, {refused} messages refused, nobody cut off"
            )),
            (said, cut) => Err(format!("{said} blocks said; {cut} were cut off\n{}", self.fleet.report())),
        }
    }

    /// It says more blocks of all heights ahead than there is room for.
    fn forger(&mut self, number: u32) -> Result<String, String> {
        let honest = honest(self.fleet, number);
        self.fleet.node_mut(number).stop();
        let before = (cut(self.fleet, &honest)?, sum(self.fleet, &honest, "luqi_blocks_not_kept_total")?);
        let peers: Vec<_> = honest.iter().map(|node| (*node, self.fleet.node(*node).p2p)).collect();
        let said = self.lie(number, FORGED, &peers, &[])?;
        let cut = cut(self.fleet, &honest)? - before.0;
        let refused = sum(self.fleet, &honest, "luqi_blocks_not_kept_total")? - before.1;
        if refused > 0 && cut == 0 {
            Ok(format!("{said} blocks said, {refused} times one found no room"))
        } else {
            Err(format!("{said} blocks said, {refused} found no room, {cut} were cut off\n{}", self.fleet.report()))
        }
    }

    /// Runs a liar in the place of a node; gives how many blocks it said.
    fn lie(
        &self,
        number: u32,
        blocks: u64,
        peers: &[(u32, SocketAddr)],
        environment: &[(String, String)],
    ) -> Result<u64, String> {
        let first = peers.first().ok_or("nobody is there to be lied to")?.0;
        let mut command = Command::new(self.helper);
        command.args(["liar", &blocks.to_string(), &self.fleet.node(first).http.to_string()]);
        command.arg(&self.fleet.node(number).home);
        command.args(peers.iter().map(|(node, address)| format!("{node}={address}")));
        command.envs(environment.iter().map(|(key, value)| (key, value)));
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
        said.filter(|_| output.status.success())
            .ok_or_else(|| format!("the liar failed: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The others.
fn honest(fleet: &Fleet, liar: u32) -> Vec<u32> {
    fleet.nodes.iter().map(|node| node.number).filter(|node| *node != liar).collect()
}

fn cut(fleet: &Fleet, nodes: &[u32]) -> Result<u64, String> {
    sum(fleet, nodes, "luqi_peers_cut_total")
}

/// What these nodes say of a metric, together.
fn sum(fleet: &Fleet, nodes: &[u32], metric: &str) -> Result<u64, String> {
    let of = |node: &u32| fleet.node(*node).metric(metric).ok_or_else(|| format!("node {node} says no {metric}"));
    nodes.iter().map(of).sum::<Result<f64, String>>().map(|sum| sum as u64)
}

fn is_silent(node: &Node) -> bool {
    node.status().is_some_and(|status| status["silent"].is_string())
}

/// The letter that the system has for the state of a process; none when it is gone.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Writes until there is no room; gives what ended it.
fn fill(path: &Path) -> Option<io::Error> {
    use std::io::Write as _;
    let mut file = fs::File::create(path).ok()?;
    let piece = vec![0; 1 << 20];
    while file.write_all(&piece).is_ok() {}
    loop {
        if let Err(error) = file.write_all(&[0; 512]) {
            return Some(error);
        }
    }
}
