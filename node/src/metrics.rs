//! What is counted, for Prometheus: names by its conventions, all of them in docs/operations.md.
//!
//! Counters are kept as things happen; what can be read off the chain and the node is read when it is asked
//! for, so that no figure can fall behind what it is about. Nothing here says anything about a record.

use crate::http::{Handles, ItemOutcome, Receipt, Status};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// Before every name of ours.
const PREFIX: &str = "luqi";

/// One label with its value.
type Label = [(&'static str, &'static str); 1];

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    messages: Counter,
    message_bytes: Counter,
    items: Family<Label, Counter>,
    busy: Counter,
    requests: Family<Label, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl Metrics {
    /// Nothing counted yet. Other parts of the node add their own to the registry, whose names begin
    /// with `luqi_`.
    pub fn new(more: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let (messages, message_bytes, busy) = (Counter::default(), Counter::default(), Counter::default());
        let (items, requests) = (Family::<Label, Counter>::default(), Family::<Label, Counter>::default());
        registry.register("messages", "Messages of the annex that were taken in", messages.clone());
        registry.register("message_bytes", "Their bytes", message_bytes.clone());
        registry.register("items", "Items of messages, by what became of them at the intake", items.clone());
        registry.register("busy_answers", "Messages that were sent away because too much was waiting", busy.clone());
        registry.register("http_requests", "Requests, by the class of the answer's status", requests.clone());
        more(&mut registry);
        Self { registry, messages, message_bytes, items, busy, requests }
    }

    /// A message was taken in.
    pub(crate) fn took(&self, bytes: usize, receipt: &Receipt) {
        self.messages.inc();
        self.message_bytes.inc_by(bytes as u64);
        for item in &receipt.items {
            let outcome = match item {
                ItemOutcome::Rejected(_) => "rejected",
                ItemOutcome::Duplicate => "duplicate",
                ItemOutcome::Accepted { .. } => "accepted",
                ItemOutcome::Parked => "parked",
            };
            self.items.get_or_create(&[("outcome", outcome)]).inc();
        }
    }

    /// A message was sent away.
    pub(crate) fn busy(&self) {
        self.busy.inc();
    }

    /// A request was answered.
    pub(crate) fn answered(&self, status: u16) {
        let class = match status {
            0..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.requests.get_or_create(&[("status", class)]).inc();
    }

    /// All of it, as OpenMetrics. Reads the disk.
    pub(crate) fn text(&self, handles: &Handles, uptime: Duration) -> String {
        let status = Status::of(handles, uptime.as_secs());
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_registry(&mut text, &of_node(handles, &status));
        let _ = encode_registry(&mut text, &of_process());
        let _ = encode_eof(&mut text);
        text
    }
}

/// What the node says of itself.
fn of_node(handles: &Handles, status: &Status) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let info = Info::new([
        ("version", status.version.clone()),
        ("chain", status.chain_id.to_string()),
        ("node", status.node.to_string()),
        ("member", status.member.map_or_else(String::new, |member| member.to_string())),
    ]);
    registry.register("node", "Which node this is", info);
    registry.register("events", "Events on the chain", ConstCounter::new(status.events));
    let mut gauge = |name: &str, help: &str, value: f64| registry.register(name, help, ConstGauge::new(value));
    let reached: u64 = {
        let membership = handles.chain.latest().tip.membership.clone();
        let known = |number| number == status.node || status.peers.iter().any(|peer| peer.node == number);
        membership.nodes().filter(|(_, node)| known(node.number)).map(|(_, node)| u64::from(node.power)).sum()
    };
    for (name, help, value) in [
        ("block_height", "Height of the last durable block", status.height.0),
        ("log_entries", "Entries of the log: events and seals", status.log_size.0),
        ("subjects", "Contracts and employers with a state", status.subjects),
        ("pending_events", "Events that wait for a block", status.pending),
        ("highest_block_height", "The highest tip that another node has told of", status.highest.0),
        ("deciding_height", "Height that is being decided", status.deciding.0),
        ("deciding_round", "Round of that height", u64::from(status.round.0)),
        ("peers", "Members' nodes that are connected", status.peers.len() as u64),
        ("own_power", "Voting power of this node", u64::from(status.power)),
        ("reached_power", "Voting power of this node and those connected", reached),
        ("total_power", "Voting power of all nodes", status.total_power),
        ("ready", "1 where /readyz says ready", u64::from(status.ready)),
        (
            "halted",
            "1 where the agreement stands still for a reason that it reports",
            u64::from(status.halted.is_some()),
        ),
        ("uptime_seconds", "How long the node has been running", status.uptime_s),
    ] {
        gauge(name, help, value as f64);
    }
    gauge("block_age_seconds", "Time since the last block's own", status.tip_age_ms as f64 / 1e3);
    if let Some(free) = status.disk_free {
        gauge("disk_free_bytes", "Free bytes where the home is", free as f64);
    }
    registry
}

/// What Linux says of the process, by the names that every exporter uses.
fn of_process() -> Registry {
    let mut registry = Registry::with_prefix("process");
    if let Some(bytes) = resident_bytes() {
        registry.register("resident_memory_bytes", "Memory of the process", ConstGauge::new(bytes as f64));
    }
    if let Some(seconds) = cpu_seconds() {
        registry.register("cpu_seconds", "Processor time of the process", ConstCounter::new(seconds));
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        registry.register("open_fds", "Open files and connections", ConstGauge::new(open.count() as f64));
    }
    registry
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn cpu_seconds() -> Option<f64> {
    /// Linux shows times in hundredths of a second, whatever its own clock is.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) as f64 / TICKS)
}
