//! Random faults under load, repeatable from a seed; and what must hold after all of them: one chain, every
//! acknowledged item applied exactly once, each node back by itself.

use super::fleet::Fleet;
use super::load::{Load, settled};
use super::node::copy;
use crate::dice::Dice;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Room on the small disk of a node.
const SMALL_DISK: &str = "size=192m";
/// How long a network may take to be one chain again, on a slow machine.
const BACK: Duration = Duration::from_secs(120);

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A process dies at once, and comes back.
    Kill(u32),
    /// A process is stopped for some milliseconds, and goes on.
    Pause(u32, u64),
    /// The wires between two groups are cut; one of them.
    Split(Vec<u32>),
    /// A node's disk has no room left for a while.
    FullDisk(u32),
    /// A node's clock is some seconds off.
    Clock(u32, i64),
    /// A node's ledger is what it was some blocks ago.
    Rollback(u32),
    /// All that comes to and goes from a node takes some milliseconds more.
    Slow(u32, u64),
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Kill(_) => "kill -9",
            Self::Pause(..) => "pause",
            Self::Split(_) => "partition",
            Self::FullDisk(_) => "full disk",
            Self::Clock(..) => "shifted clock",
            Self::Rollback(_) => "rolled back",
            Self::Slow(..) => "slow peer",
        }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Faults of each kind.
    pub faults: BTreeMap<&'static str, usize>,
    /// Kinds that this machine cannot do, and why.
    pub left_out: Vec<String>,
    /// Items that were acknowledged.
    pub items: u64,
    /// Events on the chain at the end.
    pub events: u64,
    /// The height at the end.
    pub height: u64,
    /// The longest that the network took to be one chain again after a fault.
    pub slowest: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.faults.values().sum();
        write!(f, "{total} faults {:?}; ", self.faults)?;
        write!(f, "{} items acknowledged, {} events on the chain, height {}; ", self.items, self.events, self.height)?;
        write!(f, "back within {:.1} s", self.slowest.as_secs_f64())?;
        self.left_out.iter().try_for_each(|why| write!(f, "; left out: {why}"))
    }
}

/// Runs a new fleet of validators through faults.
///
/// # Panics
/// When something does not hold: what, and what each node says then.
#[must_use]
pub fn at_once(validators: u32, faults: usize, seed: u64) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), validators, 0, &[]);
    run(&mut fleet, faults, seed).unwrap_or_else(|why| panic!("{why}"))
}

/// Runs a fleet under load through faults.
///
/// # Errors
/// What did not hold.
pub fn run(fleet: &mut Fleet, faults: usize, seed: u64) -> Result<Tally, String> {
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    let disk = SmallDisk::give(fleet, 1, &mut tally);
    let faketime = faketime(&mut tally);
    fleet.start();
    fleet.wait("all nodes ready", BACK, |fleet| fleet.nodes.iter().all(|node| node.ready().0))?;
    let addresses: Vec<SocketAddr> = fleet.nodes.iter().map(|node| node.http).collect();
    let load = Load::start(&addresses, 2, Duration::from_millis(100));
    for number in 1..=faults {
        let fault = draw(&mut dice, fleet, disk.is_some(), faketime.is_some());
        let before = load.acknowledged();
        *tally.faults.entry(fault.kind()).or_default() += 1;
        strike(fleet, &fault, faketime.as_deref());
        let healed = Instant::now();
        let failed = |why| format!("after {fault:?} (seed {seed}): {why}");
        fleet.start();
        // The chain has to go on, with every node: not merely stand at one tip.
        let goal = fleet.nodes.iter().filter_map(super::node::Node::height).max().unwrap_or_default() + 1;
        fleet
            .wait("all nodes at a new height", BACK, |fleet| {
                // A node that ended, as it does when its disk is full, is started again by its supervisor.
                fleet.start();
                fleet.nodes.iter().all(|node| node.height().is_some_and(|height| height >= goal))
                    && load.acknowledged() > before
            })
            .map_err(failed)?;
        let back = healed.elapsed();
        eprintln!("{number:>4} of {faults}: {fault:?}, back within {:.1} s", back.as_secs_f64());
        tally.slowest = tally.slowest.max(back);
        if let Some(node) = fleet.nodes.iter_mut().position(|node| !node.runs()) {
            return Err(failed(format!("node {} is gone\n{}", node + 1, fleet.report())));
        }
    }
    let acknowledged = load.end();
    tally.items = acknowledged.items;
    let mut open = Ok(());
    fleet
        .wait("every acknowledged item applied", BACK, |_| {
            open = settled(&acknowledged);
            open.is_ok()
        })
        .map_err(|why| format!("{why}\n{open:?}"))?;
    fleet.wait_for_one_tip(1, BACK)?;
    tally.height = fleet.nodes.first().and_then(super::node::Node::height).unwrap_or_default();
    let (_, events) = fleet.audit()?;
    tally.events = events;
    drop(disk);
    if events == tally.items {
        Ok(tally)
    } else {
        Err(format!("{} items were acknowledged, and the chain has {events} events", tally.items))
    }
}

fn draw(dice: &mut Dice, fleet: &Fleet, disk: bool, clock: bool) -> Fault {
    let count = fleet.nodes.len();
    loop {
        let node = u32::try_from(dice.of(1..count + 1)).unwrap_or(1);
        let fault = match dice.of(0..7) {
            0 => Fault::Kill(node),
            1 => Fault::Pause(node, 500 + dice.next() % 4_000),
            2 => {
                // Every split has one side without node 1.
                let side: Vec<u32> = (2..=count as u32).filter(|_| dice.one_in(2)).collect();
                Fault::Split(side)
            }
            3 => Fault::FullDisk(1),
            4 => Fault::Clock(node, *dice.pick(&[-3_600, -60, -2, 2, 60, 3_600])),
            5 => Fault::Rollback(node),
            _ => Fault::Slow(node, 20 + dice.next() % 100),
        };
        let possible = match &fault {
            Fault::Split(side) => !side.is_empty(),
            Fault::FullDisk(_) => disk,
            Fault::Clock(..) => clock,
            Fault::Kill(_) | Fault::Pause(..) | Fault::Rollback(_) | Fault::Slow(..) => true,
        };
        if possible {
            return fault;
        }
    }
}

/// Lets it happen, and undoes it; a process that died of it is started again by the caller.
fn strike(fleet: &mut Fleet, fault: &Fault, faketime: Option<&str>) {
    match fault {
        Fault::Kill(node) => fleet.node_mut(*node).kill(),
        Fault::Pause(node, milliseconds) => {
            fleet.node(*node).signal("STOP");
            thread::sleep(Duration::from_millis(*milliseconds));
            fleet.node(*node).signal("CONT");
        }
        Fault::Split(side) => {
            fleet.split(side);
            thread::sleep(Duration::from_secs(3));
            fleet.heal();
        }
        Fault::FullDisk(node) => {
            let filler = fleet.node(*node).home.join("filler");
            fill(&filler);
            thread::sleep(Duration::from_secs(3));
            let _ = fs::remove_file(filler);
        }
        Fault::Clock(node, seconds) => {
            let node = fleet.node_mut(*node);
            node.kill();
            let library = faketime.unwrap_or_default().to_owned();
            node.environment = [
                ("LD_PRELOAD", library),
                ("FAKETIME", format!("{seconds:+}s")),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ]
            .map(|(key, value)| (key.to_owned(), value))
            .to_vec();
            node.start();
            thread::sleep(Duration::from_secs(4));
            node.kill();
            node.environment.clear();
        }
        Fault::Rollback(node) => {
            let node = fleet.node_mut(*node);
            let (ledger, aside) = (node.home.join("ledger"), node.home.with_extension("aside"));
            node.stop();
            let _ = fs::remove_dir_all(&aside);
            copy(&ledger, &aside);
            node.start();
            thread::sleep(Duration::from_secs(4));
            node.kill();
            // The folder may be a mount of its own: its contents are replaced.
            let _ = fs::remove_dir_all(&ledger);
            copy(&aside, &ledger);
        }
        Fault::Slow(node, milliseconds) => {
            fleet.slow(*node, Duration::from_millis(*milliseconds));
            thread::sleep(Duration::from_secs(4));
            fleet.heal();
        }
    }
}

/// Writes until there is no room.
fn fill(path: &Path) {
    use std::io::Write as _;
    let Ok(mut file) = fs::File::create(path) else { return };
    let piece = vec![0; 1 << 20];
    while file.write_all(&piece).is_ok() {}
    while file.write_all(&[0; 512]).is_ok() {}
}

/// A home on a disk of its own, as long as this lives.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn give(fleet: &mut Fleet, number: u32, tally: &mut Tally) -> Option<Self> {
        let home = fleet.node(number).home.clone();
        let aside = home.with_extension("template");
        copy(&home, &aside);
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SMALL_DISK, "luqi-test"]).arg(&home).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            tally.left_out.push("a full disk: no right to mount a small one".to_owned());
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

/// Where the library is that shifts a process's clock.
fn faketime(tally: &mut Tally) -> Option<String> {
    let places = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    ];
    let found = places.into_iter().find(|place| Path::new(place).exists()).map(str::to_owned);
    if found.is_none() {
        tally.left_out.push("a shifted clock: libfaketime is not installed".to_owned());
    }
    found
}
