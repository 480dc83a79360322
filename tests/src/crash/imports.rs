//! Kills of `luqi import` at random moments, with and without the loss of what was not synced: it goes on
//! where it was, and in the end the same items stand on the chain, each once.

use super::disks::Disk;
use super::kills::Loss;
use crate::dice::Dice;
use crate::luqi;
use ledger_core::chain::HashedBlock;
use ledger_core::names::{BlockHash, Height};
use luqi_node::committer::Ledger;
use luqi_node::home::Home;
use luqi_node::store::{DiskStore, Store, StoreConfig};
use serde_json::Value;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Kills of one home, before its import may end.
const KILLS_A_HOME: usize = 4;

/// What came of some kills.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// Kills.
    pub kills: usize,
    /// Which met a running import.
    pub met: usize,
    /// Homes whose import was killed, and then went on to its end.
    pub homes: usize,
    /// Of which had recorded something before the last start.
    pub in_the_middle: usize,
    /// What must not be.
    pub failures: Vec<String>,
}

impl fmt::Display for Imports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, met, homes, in_the_middle, failures } = self;
        write!(
            f,
            "{kills} kills, {met} of a running import; {homes} imports brought to their end, {in_the_middle} of them \
             from the middle; {} failures",
            failures.len()
        )
    }
}

/// Kills imports of a sample so many times, a few a home; then brings each to its end, and takes the power
/// once more as soon as it has answered.
///
/// # Errors
/// Why power cannot be cut here.
///
/// # Panics
/// When `luqi` does not run.
pub fn kill_imports(loss: Loss, kills: usize, seed: u64) -> Result<Imports, String> {
    let disk = match loss {
        Loss::Process => None,
        Loss::Power => Some(Disk::ext4(512)?),
    };
    let work = Work::new(disk);
    let mut dice = Dice::new(seed);
    let mut tally = Imports::default();
    while tally.kills < kills {
        let name = format!("net-{}", tally.homes);
        let home = work.home(&name);
        if let Err(why) = one_home(&work, &home, &mut dice, &mut tally) {
            tally.failures.push(format!("home {} of seed {seed}, {} kills: {why}", tally.homes, tally.kills));
        }
        tally.homes += 1;
        std::fs::remove_dir_all(work.root().join(name)).unwrap();
    }
    Ok(tally)
}

fn one_home(work: &Work, home: &Path, dice: &mut Dice, tally: &mut Imports) -> Result<(), String> {
    let mut seen = Vec::new();
    for _ in 0..KILLS_A_HOME {
        let mut child = work.import(home).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(work.took.mul_f64(dice.of(0..1000) as f64 / 2000.0));
        work.lose(|| {
            tally.met += usize::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
        });
        tally.kills += 1;
        see(home, &mut seen)?;
    }
    let last = answer(work.import(home));
    tally.in_the_middle += usize::from(last["duplicates"] != work.whole["duplicates"]);
    // What is answered is durable.
    work.lose(|| {});
    see(home, &mut seen)?;
    for key in ["events", "items", "rejected"] {
        if last[key] != work.whole[key] {
            return Err(format!("{key}: {}, and {} of an import nobody killed", last[key], work.whole[key]));
        }
    }
    if story(&open(home)?) != work.story {
        return Err("another log than that of an import nobody killed".to_owned());
    }
    let audit = work.audit(home);
    if audit["verdict"] != "holds" || audit["tip"] != last["tip"] {
        return Err(format!("the audit says {audit}, the import said {last}"));
    }
    Ok(())
}

/// The sample, where homes stand, and what an import that nobody kills comes to.
struct Work {
    folder: tempfile::TempDir,
    disk: Option<Disk>,
    took: Duration,
    whole: Value,
    story: Vec<(String, &'static str)>,
}

impl Work {
    fn new(disk: Option<Disk>) -> Self {
        let folder = tempfile::Builder::new().prefix("luqi-imports-").tempdir().unwrap();
        let mut own = Self { folder, disk, took: Duration::ZERO, whole: Value::Null, story: Vec::new() };
        let mut sample = Command::new(luqi::binary());
        sample.args(["sample", "--contracts", "3000", "--seed", "7", "--out"]).arg(own.folder.path().join("s"));
        answer(sample);
        let home = own.home("whole");
        let begun = Instant::now();
        own.whole = answer(own.import(&home));
        own.took = begun.elapsed();
        own.story = story(&open(&home).unwrap());
        own
    }

    fn root(&self) -> PathBuf {
        self.disk.as_ref().map_or_else(|| self.folder.path().to_owned(), Disk::path)
    }

    /// A new home, safe on its disk.
    fn home(&self, name: &str) -> PathBuf {
        let net = self.root().join(name);
        let mut made = Command::new(luqi::binary());
        made.args(["testnet", "--validators", "1", "--seed", "5", "--out"]).arg(&net);
        answer(made);
        if let Some(disk) = &self.disk {
            disk.sync();
        }
        net.join("node1")
    }

    /// An import in small windows, so that there is much to interrupt.
    fn import(&self, home: &Path) -> Command {
        let mut command = Command::new(luqi::binary());
        command.args(["import", "--together", "40", "--home"]).arg(home);
        command.arg(self.folder.path().join("s/messages"));
        command
    }

    fn audit(&self, home: &Path) -> Value {
        let mut command = Command::new(luqi::binary());
        let genesis = home.with_file_name("genesis.json");
        command.args([OsStr::new("audit"), "--home".as_ref(), home.as_ref(), "--genesis".as_ref(), genesis.as_ref()]);
        answer(command)
    }

    /// Ends what runs, after its power was cut, and gives the power back.
    fn lose(&self, end: impl FnOnce()) {
        if let Some(disk) = &self.disk {
            disk.cut_power();
        }
        end();
        if let Some(disk) = &self.disk {
            disk.power_up();
        }
    }
}

/// What a run that must end well answers.
fn answer(mut command: Command) -> Value {
    let output = command.arg("--json").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn open(home: &Path) -> Result<Ledger<DiskStore>, String> {
    let home = Home::open(home).map_err(|error| error.to_string())?;
    Ledger::open(&home.ledger(), home.genesis().clone(), StoreConfig::default()).map_err(|error| error.to_string())
}

fn block(ledger: &Ledger<DiskStore>, height: u64) -> Result<HashedBlock, String> {
    let bytes = ledger.store().block(Height(height)).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| format!("block {height} is not there"))?;
    HashedBlock::read(&bytes).map_err(|why| format!("block {height}: {why}"))
}

/// Every block that was once seen is there; those above it are seen now.
fn see(home: &Path, seen: &mut Vec<BlockHash>) -> Result<(), String> {
    let ledger = open(home)?;
    let tip = ledger.tip().height().0;
    for (height, hash) in (1..).zip(seen.iter()) {
        if block(&ledger, height)?.hash() != *hash {
            return Err(format!("block {height} was another one before"));
        }
    }
    for height in seen.len() as u64 + 1..=tip {
        seen.push(block(&ledger, height)?.hash());
    }
    Ok(())
}

/// What the chain says of which subject, in order.
fn story(ledger: &Ledger<DiskStore>) -> Vec<(String, &'static str)> {
    let mut story = Vec::new();
    for height in 1..=ledger.tip().height().0 {
        let block = block(ledger, height).unwrap();
        let events = block.body().submissions.iter().flat_map(|submission| submission.events.iter());
        story.extend(events.map(|event| (event.subject().unwrap().to_string(), event.kind_name())));
    }
    story
}
