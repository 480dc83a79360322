//! Kills at random moments, with and without the loss of what was not synced.

use super::chain::Chain;
use super::disks::Disk;
use crate::dice::Dice;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a kill takes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The process: what it has written stays.
    Process,
    /// The machine: what was not synced is gone.
    Power,
}

/// What came of some kills.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Kills.
    pub kills: usize,
    /// After which something was mended or taken over at open, and said.
    pub mended: usize,
    /// With a sealing pass half done.
    pub sealing: usize,
    /// After which blocks were there that were not acknowledged.
    pub ahead: usize,
    /// Blocks that were acknowledged.
    pub acknowledged: u64,
    /// Chains that were brought to their end, each the same.
    pub chains: usize,
    /// What must not be.
    pub failures: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, mended, sealing, ahead, acknowledged, chains, failures } = self;
        write!(
            f,
            "{kills} kills, {acknowledged} blocks acknowledged, {chains} chains to their end; after the kill: {mended} \
             times something was mended and said, {sealing} times a block stood in both places, {ahead} times a block \
             was there that was not acknowledged; {} failures",
            failures.len()
        )
    }
}

/// Kills a committing process so many times. `helper` is the binary that commits when it is called
/// with `commit CHAIN LEDGER`.
///
/// # Errors
/// Why power cannot be cut here.
///
/// # Panics
/// When the helper does not run.
pub fn kill(helper: &Path, loss: Loss, kills: usize, seed: u64) -> Result<Tally, String> {
    let chain = Chain::new(1_500);
    let disk = match loss {
        Loss::Process => None,
        Loss::Power => Some(Disk::ext4(256)?),
    };
    let folder = tempfile::Builder::new().prefix("luqi-kills-").tempdir().unwrap();
    let root = disk.as_ref().map_or_else(|| folder.path().to_owned(), Disk::path);
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    let mut ledger = root.join("ledger-0");
    // The highest height that was ever acknowledged in this ledger.
    let mut acknowledged = 0;
    while tally.kills < kills {
        let mut running = Running::start(helper, &chain, &ledger);
        // Some at once, while the ledger opens; most among blocks.
        let after = if dice.one_in(8) { 0 } else { dice.of(1..200) };
        let last = running.listen(after);
        std::thread::sleep(Duration::from_micros(dice.of(0..3_000) as u64));
        if let Some(disk) = &disk {
            disk.cut_power();
        }
        let rest = running.kill();
        let here = rest.or(last).unwrap_or(acknowledged);
        tally.acknowledged += here - acknowledged;
        acknowledged = here;
        tally.kills += 1;
        if let Some(disk) = &disk {
            disk.power_up();
        }
        tally.sealing += usize::from(stands_twice(&ledger));
        match chain.open(&ledger) {
            Err(error) => {
                tally.failures.push(format!("kill {} of seed {seed}: it does not open: {error}", tally.kills));
                return Ok(tally);
            }
            Ok(opened) => {
                tally.mended += usize::from(!opened.notes().is_empty());
                match chain.compare(&opened, acknowledged) {
                    Err(why) => tally.failures.push(format!("kill {} of seed {seed}: {why}", tally.kills)),
                    Ok(tip) => {
                        tally.ahead += usize::from(tip > acknowledged);
                        acknowledged = tip;
                    }
                }
            }
        }
        if acknowledged as usize + 200 > chain.hashes.len() {
            finish(helper, &chain, &ledger, &mut tally);
            std::fs::remove_dir_all(&ledger).unwrap();
            ledger = root.join(format!("ledger-{}", tally.kills));
            acknowledged = 0;
        }
    }
    finish(helper, &chain, &ledger, &mut tally);
    Ok(tally)
}

/// Undisturbed, the process goes on to the end of the same chain.
fn finish(helper: &Path, chain: &Chain, ledger: &Path, tally: &mut Tally) {
    let output = commands(helper, chain, ledger).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    match chain.open(ledger).map(|opened| chain.compare(&opened, chain.hashes.len() as u64)) {
        Ok(Ok(_)) => tally.chains += 1,
        Ok(Err(why)) => tally.failures.push(why),
        Err(error) => tally.failures.push(error.to_string()),
    }
}

/// Whether the last sealed file holds blocks that have not left the database: a sealing pass was half
/// done. The database is looked at in a copy.
fn stands_twice(ledger: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(ledger.join("sealed")) else { return false };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "luqi"));
    files.sort();
    let Some(last) = files.last().and_then(|path| std::fs::read(path).ok()) else { return false };
    let sealed = last_whole_block(&last);
    let copy = tempfile::tempdir().unwrap();
    crate::campaign::copy_folder(&ledger.join("hot"), copy.path());
    let config = sled::Config::new().path(copy.path()).segment_size(2 << 20).cache_capacity(1 << 20);
    let Ok(db) = config.flush_every_ms(None).open() else { return false };
    let first = db.first().ok().flatten().map(|(key, _)| u64::from_be_bytes(key[..8].try_into().unwrap()));
    first.is_some_and(|first| sealed.is_some_and(|sealed| first <= sealed))
}

/// Height of the last block of a file that may be torn.
fn last_whole_block(file: &[u8]) -> Option<u64> {
    use ledger_core::archive::{FRAME_HEAD_BYTES, FrameHead, FrameKind, HEAD_BYTES};
    let (mut at, mut height) = (HEAD_BYTES, None);
    while let Some(head) = file.get(at..at + FRAME_HEAD_BYTES) {
        let Ok(head) = FrameHead::decode(head.try_into().unwrap()) else { break };
        let body = at + FRAME_HEAD_BYTES;
        let Some(bytes) = file.get(body..body + head.length as usize) else { break };
        if head.kind == FrameKind::Block {
            height = Some(u64::from_be_bytes(bytes[35..43].try_into().unwrap()));
        }
        at = body + head.length as usize;
    }
    height
}

fn commands(helper: &Path, chain: &Chain, ledger: &Path) -> Command {
    let mut command = Command::new(helper);
    command.arg("commit").arg(chain.folder()).arg(ledger).stdin(Stdio::null());
    command
}

/// A committing process, and what it says.
struct Running {
    child: Child,
    lines: std::sync::mpsc::Receiver<u64>,
}

impl Running {
    fn start(helper: &Path, chain: &Chain, ledger: &Path) -> Self {
        let mut command = commands(helper, chain, ledger);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // A line that was cut off by the kill was not said.
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|length| length > 0) && line.ends_with('\n') {
                let _ = tell.send(line.trim().parse().unwrap());
                line.clear();
            }
        });
        Self { child, lines }
    }

    /// Waits for so many acknowledgements; gives the last.
    fn listen(&mut self, count: usize) -> Option<u64> {
        (0..count).map_while(|_| self.lines.recv_timeout(Duration::from_secs(60)).ok()).last()
    }

    /// Kills it; gives what it had acknowledged since.
    fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.iter().last()
    }
}
