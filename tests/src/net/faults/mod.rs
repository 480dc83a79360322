//! Random faults under load, repeatable from a seed; and what must hold after all of them: one chain, every
//! acknowledged item applied exactly once, nobody signed twice, each node back by itself. Each fault shows that it
//! struck.

mod fault;
mod strike;

pub use fault::{Fault, Kind};

use super::fleet::Fleet;
use super::load::{Load, settled};
use super::node::{Node, copy};
use super::shim::{Orders, Shim};
use crate::dice::Dice;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Room on the small disk of a node.
const SMALL_DISK: &str = "size=192m";
/// How long a network may take to be one chain again, on a slow machine.
const BACK: Duration = Duration::from_secs(120);

/// What came of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Faults that struck, by kind.
    pub struck: BTreeMap<Kind, usize>,
    /// Kinds that this machine cannot do, and why.
    pub left_out: BTreeMap<Kind, String>,
    /// Items that were acknowledged, each of which is on the chain once.
    pub items: u64,
    /// The height at the end.
    pub height: u64,
    /// The longest that the network took to be one chain again after a fault.
    pub slowest: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.struck.values().sum();
        let kinds: Vec<_> = self.struck.iter().map(|(kind, count)| format!("{} {count}", kind.name())).collect();
        write!(f, "{total} faults struck ({}); ", kinds.join(", "))?;
        write!(f, "{} items acknowledged and on the chain once, height {}; ", self.items, self.height)?;
        write!(f, "back within {:.1} s", self.slowest.as_secs_f64())?;
        self.left_out.iter().try_for_each(|(kind, why)| write!(f, "; left out: {}: {why}", kind.name()))
    }
}

/// A fleet, and what is needed to do things to it.
struct Ground<'a> {
    fleet: &'a mut Fleet,
    /// The library that goes before the system's; none where it cannot be made.
    shim: Option<Shim>,
    /// Orders for it, by node.
    orders: BTreeMap<u32, Orders>,
    /// The program that plays a liar.
    helper: &'a Path,
}

/// Runs a new fleet of validators through faults; `helper` is the binary `faults`.
///
/// # Panics
/// When something does not hold: what, and what each node says then.
#[must_use]
pub fn at_once(validators: u32, faults: usize, seed: u64, helper: &Path) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), validators, 0, &[]);
    run(&mut fleet, faults, seed, helper).unwrap_or_else(|why| panic!("{why}"))
}

/// Runs a fleet under load through faults.
///
/// # Errors
/// What did not hold.
pub fn run(fleet: &mut Fleet, faults: usize, seed: u64, helper: &Path) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let disk = SmallDisk::give(fleet, 1);
    let mut ground = Ground { fleet, shim: None, orders: BTreeMap::new(), helper };
    let possible = possible(&mut ground, disk.is_some(), &mut tally);
    ground.fleet.start();
    ground.fleet.wait("all nodes ready", BACK, |fleet| fleet.nodes.iter().all(|node| node.ready().0))?;
    let addresses: Vec<SocketAddr> = ground.fleet.nodes.iter().map(|node| node.http).collect();
    let load = Load::start(&addresses, 2, Duration::from_millis(100));
    let validators = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for (number, fault) in fault::draw(&mut Dice::new(seed), validators, &possible, faults).iter().enumerate() {
        let failed = |why| format!("{fault:?} (number {}, seed {seed}): {why}", number + 1);
        let acknowledged = load.acknowledged();
        let shown = ground.strike(fault).map_err(failed)?;
        *tally.struck.entry(fault.kind).or_default() += 1;
        let healed = Instant::now();
        ground.back(fault, || load.acknowledged() > acknowledged).map_err(failed)?;
        let back = healed.elapsed();
        eprintln!("{:>4} of {faults}: {fault:?}: {shown}; back within {:.1} s", number + 1, back.as_secs_f64());
        tally.slowest = tally.slowest.max(back);
    }
    let acknowledged = load.end();
    tally.items = acknowledged.items;
    let mut open = Ok(());
    let settling = fleet.wait("every acknowledged item applied", BACK, |_| {
        open = settled(&acknowledged);
        open.is_ok()
    });
    settling.map_err(|why| format!("{why}\n{open:?}"))?;
    fleet.wait_for_one_tip(1, BACK)?;
    tally.height = fleet.nodes.first().and_then(Node::height).unwrap_or_default();
    let (_, events) = fleet.audit()?;
    drop(disk);
    if events == tally.items {
        Ok(tally)
    } else {
        Err(format!("{} items were acknowledged, and the chain has {events} events", tally.items))
    }
}

/// Which kinds this machine can do; those that it cannot are noted.
fn possible(ground: &mut Ground<'_>, has_disk: bool, tally: &mut Tally) -> Vec<Kind> {
    let shim = Shim::make(ground.fleet.folder()).and_then(|shim| {
        for node in &mut ground.fleet.nodes {
            let orders = shim.give(node).map_err(|error| error.to_string())?;
            ground.orders.insert(node.number, orders);
        }
        Ok(shim)
    });
    let can = |kind: &Kind| -> Result<(), String> {
        if kind.needs_shim() {
            return shim.as_ref().map(|_| ()).map_err(Clone::clone);
        }
        if *kind == Kind::FullDisk && !has_disk {
            return Err("no right to mount a small disk".to_owned());
        }
        Ok(())
    };
    let mut possible = Vec::new();
    for kind in Kind::ALL {
        match can(&kind) {
            Ok(()) => possible.push(kind),
            Err(why) => _ = tally.left_out.insert(kind, why),
        }
    }
    ground.shim = shim.ok();
    possible
}

impl Ground<'_> {
    /// Waits until the network is what it was: every node at a height that nobody had, each voting, messages taken in;
    /// and nobody has signed twice.
    fn back(&mut self, fault: &Fault, mut goes_on: impl FnMut() -> bool) -> Result<(), String> {
        self.fleet.start();
        // The chain has to go on, with every node: not merely stand at one tip.
        let goal = self.fleet.nodes.iter().filter_map(Node::height).max().unwrap_or_default() + 1;
        self.fleet.wait("all nodes voting at a new height", BACK, |fleet| {
            // A node that ended, as it does when its disk is full, is started again by its supervisor.
            fleet.start();
            if fault.kind == Kind::TwoCopies {
                fleet.nodes.iter_mut().for_each(obey);
            }
            let votes = |node: &Node| {
                node.status()
                    .is_some_and(|status| status["height"].as_u64() >= Some(goal) && status["silent"].is_null())
            };
            fleet.nodes.iter().all(votes) && goes_on()
        })?;
        for metric in ["luqi_misbehaviour_total", "luqi_equivocations"] {
            let said: Vec<_> = self.fleet.nodes.iter().map(|node| node.metric(metric)).collect();
            if said.iter().any(|said| *said != Some(0.0)) {
                return Err(format!("somebody signed twice: {metric} is {said:?}\n{}", self.fleet.report()));
            }
        }
        Ok(())
    }
}

/// The operator of a node that says that another one runs with its keys does as it says, once that one is gone.
fn obey(node: &mut Node) {
    let silent = node.status().and_then(|status| Some(status["silent"].as_str()?.contains("another node runs")));
    if silent == Some(true) {
        node.stop();
        node.flags = vec!["--restored".to_owned()];
        node.start();
        node.flags.clear();
    }
}

/// A home on a disk of its own, as long as this lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn give(fleet: &Fleet, number: u32) -> Option<Self> {
        let home = fleet.node(number).home.clone();
        let aside = home.with_extension("template");
        copy(&home, &aside);
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SMALL_DISK, "luqi-test"]).arg(&home).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            return None;
        }
        copy(&aside, &home);
        Some(Self(home))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
