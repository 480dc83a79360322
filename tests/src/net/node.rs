//! One node: a home and a process that comes and goes.

use super::http;
use crate::luqi;
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a node may take to answer a question about itself.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A node of a fleet.
pub struct Node {
    /// Its number.
    pub number: u32,
    /// Its home.
    pub home: PathBuf,
    /// Where it listens for other nodes.
    pub p2p: SocketAddr,
    /// Where it answers.
    pub http: SocketAddr,
    /// Voting power at the genesis.
    pub power: u64,
    /// What the next start gets in its environment.
    pub environment: Vec<(String, String)>,
    /// Words that go behind `luqi node --home HOME` at the next start.
    pub flags: Vec<String>,
    /// The namespace in which it runs, where it is not that of the driver; it is then asked over its socket.
    pub namespace: Option<String>,
    child: Option<Child>,
}

impl Node {
    /// A node that is not running.
    #[must_use]
    pub const fn new(number: u32, home: PathBuf, p2p: SocketAddr, http: SocketAddr, power: u64) -> Self {
        Self {
            number,
            home,
            p2p,
            http,
            power,
            environment: Vec::new(),
            flags: Vec::new(),
            namespace: None,
            child: None,
        }
    }

    /// Starts its process; its log goes to `log` in its home.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn start(&mut self) {
        let log = self.log();
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = match &self.namespace {
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(luqi::binary());
                command
            }
            None => Command::new(luqi::binary()),
        };
        command.arg("node").arg("--home").arg(&self.home).args(&self.flags).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Where its log is.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.home.with_extension("log")
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_words(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Whether its process is there; one that ended is collected.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The process, where it is there.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Sends it a signal, such as `KILL`.
    pub fn signal(&self, signal: &str) {
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
        }
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = (child.kill(), child.wait());
        }
    }

    /// Asks it to end, and waits for that; gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }

    /// Waits until it has ended, after a signal; gives its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.take().and_then(|mut child| child.wait().ok()?.code())
    }

    /// What it says of itself; none when it does not answer.
    #[must_use]
    pub fn status(&self) -> Option<Value> {
        let answer = self.ask("/v1/status").ok()?;
        (answer.code == 200).then(|| answer.json())
    }

    /// Asks it for something.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn ask(&self, path: &str) -> io::Result<http::Answer> {
        match &self.namespace {
            Some(_) => http::get_over(&self.home.join("node.sock"), path, PATIENCE),
            None => http::get(self.http, path, PATIENCE),
        }
    }

    /// Whether it is ready, and if not, why.
    #[must_use]
    pub fn ready(&self) -> (bool, String) {
        self.ask("/readyz").map_or_else(
            |error| (false, error.to_string()),
            |answer| (answer.code == 200, String::from_utf8_lossy(&answer.body).into_owned()),
        )
    }

    /// The sum of what a metric says, over all its labels; none when it does not answer.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = String::from_utf8(self.ask("/metrics").ok()?.body).ok()?;
        let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
        let of_name = lines.filter(|(labels, _)| labels.is_empty() || labels.starts_with('{'));
        of_name
            .map(|(_, value)| value.parse::<f64>().ok())
            .try_fold(None, |sum, value| Some(Some(sum.unwrap_or(0.0) + value?)))?
    }

    /// Its height; none when it does not answer.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        self.status()?["height"].as_u64()
    }

    /// Bytes of memory that its process holds, and processor time that it has used.
    #[must_use]
    pub fn usage(&self) -> Option<(u64, Duration)> {
        let pid = self.pid()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = resident.trim().trim_end_matches(" kB").parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
        let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some((kib * 1024, Duration::from_millis(ticks * 10)))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.signal("CONT");
        self.kill();
    }
}

/// Copies a folder with all that is in it, and who may read it: keys are for their owner alone.
///
/// # Panics
/// When it cannot be copied.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.is_file() {
            match fs::copy(&path, &target) {
                // What disappears meanwhile was never part of the copy.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => _ = copied.unwrap(),
            }
        }
    }
}
