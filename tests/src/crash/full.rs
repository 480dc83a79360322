//! A disk that runs full under a committing process.

use super::chain::Chain;
use super::disks::Disk;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What came of it.
#[derive(Clone, Debug)]
pub struct Full {
    /// The last block that was acknowledged before the disk was full.
    pub before: u64,
    /// What was said then.
    pub said: String,
    /// What was said last, before there was room.
    pub last: String,
    /// Whether the same process went on when there was room, to the end of the same chain.
    pub went_on: bool,
}

/// Commits on a tmpfs of 16 MB of which most is taken, until it is full; holds what is there against
/// what was acknowledged; then makes room.
///
/// # Errors
/// Why there can be no tmpfs here.
///
/// # Panics
/// When something acknowledged is not there.
pub fn fill(helper: &Path) -> Result<Full, String> {
    let chain = Chain::new(3_000);
    let disk = Disk::tmpfs(16)?;
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 9 << 20]).unwrap();
    let ledger = disk.path().join("ledger");
    let mut command = Command::new(helper);
    command.arg("commit").arg(chain.folder()).arg(&ledger).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let acknowledged = Arc::new(Mutex::new(0_u64));
    let (out, heard) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&acknowledged));
    let listener = std::thread::spawn(move || {
        out.lines().map_while(Result::ok).for_each(|line| *heard.lock().unwrap() = line.parse().unwrap());
    });
    let mut complaints = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    complaints.read_line(&mut said).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let before = *acknowledged.lock().unwrap();
    let complaints = std::thread::spawn(move || complaints.lines().map_while(Result::ok).last());

    // What it looks like to whoever finds the disk full: a copy, since the process lives.
    let copy = tempfile::tempdir().unwrap();
    crate::campaign::copy_folder(&ledger, copy.path());
    let opened = chain.open(copy.path()).unwrap();
    chain.compare(&opened, before).unwrap();
    drop(opened);

    std::fs::remove_file(&ballast).unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begun.elapsed() > Duration::from_secs(60) => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    listener.join().unwrap();
    let last = complaints.join().unwrap().unwrap_or_default();
    let all = chain.hashes.len() as u64;
    let went_on = status.is_some_and(|status| status.success()) && *acknowledged.lock().unwrap() == all;
    chain
        .compare(&chain.open(&ledger).map_err(|error| error.to_string()).unwrap(), *acknowledged.lock().unwrap())
        .unwrap();
    Ok(Full { before, said: said.trim().to_owned(), last, went_on })
}
