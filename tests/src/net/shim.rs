//! What a machine does to a node's process: its clock is off, its syncs fail, its disks have other numbers. A small
//! library goes before the system's in that process, and reads a file of orders that may change at any time.

use super::node::Node;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("shim.c");

/// The library, made.
pub struct Shim {
    library: PathBuf,
}

/// The orders of one node.
pub struct Orders(File);

/// Numbers of the file, in their order.
#[derive(Clone, Copy)]
enum Field {
    Seconds,
    Failing,
    Number,
    Shifted,
    Failed,
    Renumbered,
}

impl Shim {
    /// Makes it in a folder.
    ///
    /// # Errors
    /// Why this machine cannot.
    pub fn make(folder: &Path) -> Result<Self, String> {
        let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
        std::fs::write(&source, SOURCE).map_err(|error| error.to_string())?;
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let made = compiler.output().map_err(|error| format!("no C compiler: {error}"))?;
        if made.status.success() {
            Ok(Self { library })
        } else {
            Err(format!("no library goes before the system's here: {}", String::from_utf8_lossy(&made.stderr)))
        }
    }

    /// What a process of a node needs in its environment, and its orders: none yet.
    ///
    /// # Errors
    /// Of the file.
    pub fn orders(&self, path: &Path) -> io::Result<(Vec<(String, String)>, Orders)> {
        let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
        file.write_all_at(&[0; 6 * 8], 0)?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let environment = vec![("LD_PRELOAD".to_owned(), text(&self.library)), ("LUQI_SHIM".to_owned(), text(path))];
        Ok((environment, Orders(file)))
    }

    /// Gives it to a node from its next start on.
    ///
    /// # Errors
    /// Of the file of orders.
    pub fn give(&self, node: &mut Node) -> io::Result<Orders> {
        let (environment, orders) = self.orders(&node.home.with_extension("orders"))?;
        node.environment.extend(environment);
        Ok(orders)
    }
}

impl Orders {
    /// Its clock is so many seconds ahead, from now on.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn shift(&self, seconds: i64) {
        self.set(Field::Seconds, seconds.to_le_bytes());
    }

    /// Its syncs fail, or do not, from now on.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn fail_syncs(&self, fail: bool) {
        self.set(Field::Failing, u64::from(fail).to_le_bytes());
    }

    /// All disks have numbers that are so much higher, from now on.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn renumber(&self, by: u64) {
        self.set(Field::Number, by.to_le_bytes());
    }

    /// How often its clock was asked and gave another time.
    #[must_use]
    pub fn shifted(&self) -> u64 {
        self.get(Field::Shifted)
    }

    /// How many of its syncs failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.get(Field::Failed)
    }

    /// How often it was told another number of a disk.
    #[must_use]
    pub fn renumbered(&self) -> u64 {
        self.get(Field::Renumbered)
    }

    fn set(&self, field: Field, bytes: [u8; 8]) {
        self.0.write_all_at(&bytes, field as u64 * 8).unwrap();
    }

    fn get(&self, field: Field) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, field as u64 * 8).unwrap();
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that is not luqi, so that what is tried is the library alone.
    #[test]
    fn a_process_does_as_it_is_ordered() {
        if !Command::new("python3").arg("--version").output().is_ok_and(|said| said.status.success()) {
            return ledger_core::skipped::want("python3 is not here");
        }
        let folder = tempfile::tempdir().unwrap();
        let shim = Shim::make(folder.path()).unwrap();
        let (environment, orders) = shim.orders(&folder.path().join("orders")).unwrap();
        let file = folder.path().join("synced");
        let run = || {
            // Asks the clock, writes a file, and syncs it.
            let script = format!(
                "import os, time; f = open({file:?}, 'w'); print(int(time.clock_gettime(time.CLOCK_REALTIME))); os.fsync(f.fileno())"
            );
            let mut python = Command::new("python3");
            python.args(["-c", &script]).envs(environment.iter().map(|(key, value)| (key, value)));
            let output = python.output().unwrap();
            let time: i64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
            (output.status.success(), time)
        };
        let (is_well, time) = run();
        assert!(is_well && (orders.shifted(), orders.failed()) == (0, 0));
        orders.shift(-7_200);
        let (is_well, earlier) = run();
        assert!(is_well && (earlier - time + 7_200).abs() < 60 && orders.shifted() > 0);
        orders.shift(0);
        orders.fail_syncs(true);
        let (is_well, now) = run();
        assert!(!is_well && (now - time).abs() < 60 && orders.failed() == 1);
        orders.fail_syncs(false);
        assert!(run().0);
    }
}
