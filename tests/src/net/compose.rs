//! The network of `docker-compose.yml`, in containers, and what can happen to them.
//!
//! Whatever is made has a name and a subnet of its own, and is removed when this is dropped.

use super::homes;
use super::load::message;
use super::node::PATIENCE;
use crate::luqi;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The services: four validators, and a replica.
pub const SERVICES: [&str; 5] = ["province", "jinan", "qingdao", "yantai", "weifang"];
/// Where each node listens for messages, within its container.
const SOCKET: &str = "unix:/data/node.sock";
/// Items in a message of the load.
const ITEMS: u64 = 5;
/// How long a message may take until a node has acknowledged it.
const TAKEN: Duration = Duration::from_secs(300);

/// The image that is to be tried, or why there is none: `LUQI_IMAGE`, or `luqi:local` where it is there, or
/// with `LUQI_CONTAINERS=1` one that is built now.
///
/// # Errors
/// What is missing.
///
/// # Panics
/// When the image cannot be built that was asked for.
pub fn image() -> Result<String, String> {
    let version = docker(&["version", "--format", "{{.Server.Version}}"]);
    if !version.as_ref().is_ok_and(|version| version.status.success()) {
        return Err("no Docker daemon answers".to_owned());
    }
    let composes = [&["docker", "compose", "version"][..], &["docker-compose", "version"]];
    let answers = |words: &[&str]| {
        let (program, arguments) = words.split_first().expect("a command has a name");
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    if !composes.into_iter().any(answers) {
        return Err("neither docker-compose nor docker compose is installed".to_owned());
    }
    if let Ok(image) = std::env::var("LUQI_IMAGE") {
        return Ok(image);
    }
    let local = "luqi:local".to_owned();
    if std::env::var("LUQI_CONTAINERS").is_ok_and(|asked| asked == "1") {
        let built = Command::new(root().join("tools/image.sh")).arg(&local).status().expect("tools/image.sh runs");
        assert!(built.success(), "the image does not build");
        return Ok(local);
    }
    let known = docker(&["image", "inspect", &local]).is_ok_and(|output| output.status.success());
    if known { Ok(local) } else { Err("there is no image luqi:local (make image)".to_owned()) }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn docker(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output()
}

/// A running network in containers.
pub struct Compose {
    project: String,
    subnet: String,
    image: String,
    /// Genesis, keys and copies of homes.
    folder: TempDir,
    /// The containers, in the order of [`SERVICES`].
    containers: Vec<String>,
}

impl Compose {
    /// Brings the network up by `tools/compose.sh`, as a user does.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn up(image: &str) -> Self {
        let own = std::process::id();
        let mut network = Self {
            project: format!("luqitest{own}"),
            // 172.30.0.0/16 is the project's own; the third number differs from run to run.
            subnet: format!("172.30.{}", 100 + own % 150),
            image: image.to_owned(),
            folder: tempfile::tempdir().unwrap(),
            containers: Vec::new(),
        };
        let up = network.script("up");
        assert!(up.status.success(), "{}", said(&up));
        let container = |service: &str| {
            let filter = format!("label=com.docker.compose.project={}", network.project);
            let service = format!("label=com.docker.compose.service={service}");
            let listed = docker(&["ps", "-a", "-q", "--filter", &filter, "--filter", &service]).unwrap();
            String::from_utf8(listed.stdout).unwrap().trim().to_owned()
        };
        network.containers = SERVICES.into_iter().map(container).collect();
        assert!(network.containers.iter().all(|container| container.len() == 12), "{:?}", network.containers);
        network
    }

    /// A folder that `down` may remove.
    fn folder(&self) -> PathBuf {
        self.folder.path().join("compose")
    }

    fn script(&self, what: &str) -> Output {
        let mut script = Command::new(root().join("tools/compose.sh"));
        script.arg(what).stdin(Stdio::null());
        script.env("COMPOSE_PROJECT_NAME", &self.project).env("LUQI_SUBNET", &self.subnet);
        script.env("LUQI_IMAGE", &self.image).env("LUQI", luqi::binary()).env("LUQI_NET", self.folder());
        script.output().expect("tools/compose.sh runs")
    }

    /// The container of a service.
    ///
    /// # Panics
    /// When there is no such service.
    #[must_use]
    pub fn container(&self, service: &str) -> &str {
        let place = SERVICES.iter().position(|known| *known == service).expect("a service of the network");
        &self.containers[place]
    }

    /// `docker WORDS… CONTAINER`, which has to succeed.
    ///
    /// # Panics
    /// When it does not.
    pub fn docker(&self, words: &[&str], service: &str) {
        let done = docker(&[words, &[self.container(service)]].concat()).unwrap();
        assert!(done.status.success(), "docker {words:?} {service}: {}", said(&done));
    }

    /// Takes a container off the network.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn disconnect(&self, service: &str) {
        self.docker(&["network", "disconnect", &format!("{}_ledger", self.project)], service);
    }

    /// Brings it back, with the address and the name that it had: without both it has others.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn connect(&self, service: &str) {
        let place = SERVICES.iter().position(|known| *known == service).expect("a service of the network");
        let address = format!("{}.{}", self.subnet, place + 2);
        let network = format!("{}_ledger", self.project);
        self.docker(&["network", "connect", "--ip", &address, "--alias", service, &network], service);
    }

    /// What `luqi status` says in a container; none where nobody answers.
    #[must_use]
    pub fn status(&self, service: &str) -> Option<Value> {
        let container = self.container(service);
        let said = docker(&["exec", container, "/luqi", "--json", "status", "--url", SOCKET]).ok()?;
        let said: Value = serde_json::from_slice(&said.stdout).ok()?;
        said["nodes"].get(0).filter(|node| node["state"] != "no_answer").cloned()
    }

    /// Its height.
    #[must_use]
    pub fn height(&self, service: &str) -> Option<u64> {
        self.status(service)?["height"].as_u64()
    }

    /// What an engine's own check of a container says: `starting`, `healthy`, `unhealthy`.
    ///
    /// # Panics
    /// When Docker does not answer.
    #[must_use]
    pub fn health(&self, service: &str) -> String {
        let container = self.container(service);
        let said = docker(&["inspect", "--format", "{{.State.Health.Status}}", container]).unwrap();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// After `within`, with what each node says then.
    pub fn wait(&self, what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < within, "{what}: not within {} s\n{}", within.as_secs(), self.report());
            thread::sleep(Duration::from_millis(300));
        }
    }

    /// What every node says of itself, and its last words.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = String::new();
        for service in SERVICES {
            let status = self.status(service).map_or_else(|| "silent".to_owned(), |status| status.to_string());
            let log = docker(&["logs", "--tail", "15", self.container(service)]).map(|log| said(&log));
            let _ = writeln!(text, "{service}: {status}\n{}", log.unwrap_or_default());
        }
        text
    }

    /// Stops all and audits a copy of each home from the genesis: one chain everywhere. Gives the highest tip, and
    /// how many events there are.
    ///
    /// # Panics
    /// When a home cannot be copied, or an audit says otherwise.
    #[must_use]
    pub fn audit(&self) -> (String, u64) {
        for service in SERVICES {
            self.docker(&["stop", "--time", "60"], service);
        }
        let copy = |service: &&str| {
            let copy = self.folder().join("copy").join(service);
            std::fs::create_dir_all(&copy).unwrap();
            let from = format!("{}:/data/.", self.container(service));
            let copied = docker(&["cp", &from, &copy.to_string_lossy()]).unwrap();
            assert!(copied.status.success(), "{service}: {}", said(&copied));
            ((*service).to_owned(), copy)
        };
        let homes: Vec<_> = SERVICES.iter().map(copy).collect();
        homes::one_chain(&homes, &self.folder().join("net/genesis.json")).unwrap_or_else(|why| panic!("{why}"))
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        // `down` cannot end what is paused.
        for container in &self.containers {
            let _ = docker(&["unpause", container]);
        }
        let down = self.script("down");
        if !down.status.success() {
            println!("what was left of {}: {}", self.project, said(&down));
        }
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Threads that hand messages to containers until they are told to end.
pub struct ContainerLoad {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl ContainerLoad {
    /// Submits at some services by `docker exec`; a message is sent again to the same node until it is
    /// acknowledged.
    #[must_use]
    pub fn start(network: &Compose, services: &[&str]) -> Self {
        let mut load = Self { stop: Arc::default(), acknowledged: Arc::default(), threads: Vec::new() };
        for (place, service) in (1..).zip(services) {
            let (stop, acknowledged) = (Arc::clone(&load.stop), Arc::clone(&load.acknowledged));
            let container = network.container(service).to_owned();
            load.threads.push(thread::spawn(move || {
                let mut next = place * 1_000_000_000;
                while !stop.load(Ordering::SeqCst) {
                    until_acknowledged(&container, &message(next, ITEMS));
                    acknowledged.fetch_add(ITEMS, Ordering::SeqCst);
                    next += ITEMS;
                }
            }));
        }
        load
    }

    /// Items that were acknowledged until now.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Ends: what is under way is sent until it is acknowledged. The nodes have to run.
    ///
    /// # Panics
    /// When a sending thread has.
    #[must_use]
    pub fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().expect("the load goes on to its end");
        }
        self.acknowledged.load(Ordering::SeqCst)
    }
}

fn until_acknowledged(container: &str, message: &[u8]) {
    let start = Instant::now();
    loop {
        let answer = submit(container, message);
        // What an interrupted attempt has brought already is a duplicate in the next one.
        let taken = ["accepted", "duplicates"].iter().filter_map(|what| answer[what].as_u64()).sum::<u64>();
        if taken == ITEMS && answer["error"].is_null() {
            return;
        }
        assert_eq!(answer["rejected"].as_u64().unwrap_or(0), 0, "a good message is rejected: {answer}");
        assert!(start.elapsed() < TAKEN, "{container} takes no message: {answer}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// One message through standard input; what `luqi submit` says, or nothing where it could not be run.
fn submit(container: &str, message: &[u8]) -> Value {
    let patience = PATIENCE.as_secs().to_string();
    let mut exec = Command::new("docker");
    exec.args(["exec", "-i", container, "/luqi", "--json", "submit", "--url", SOCKET, "--retry", &patience]);
    exec.args(["--rejected", "/data/rejected.jsonl", "/dev/stdin"]);
    let child = exec.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return Value::Null };
    if let Some(mut stdin) = child.stdin.take() {
        // A container that is gone takes nothing, and that shows below.
        let _ = stdin.write_all(message);
    }
    let output = child.wait_with_output();
    output.ok().and_then(|output| serde_json::from_slice(&output.stdout).ok()).unwrap_or(Value::Null)
}
