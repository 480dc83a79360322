//! What is counted, for Prometheus: names by its conventions, all of them in docs/operations.md.
//!
//! Counters are kept as things happen; what can be read off the chain and the node is read when it is asked
//! for, so that no figure can fall behind what it is about. Nothing here says anything about a record.

use crate::http::{Handles, ItemOutcome, Receipt, State, Status};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// Before every name of ours.
const PREFIX: &str = "luqi";

/// One label with its value.
type Label = [(&'static str, &'static str); 1];

/// How the figures are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format 0.0.4 that Prometheus had before, which every tool reads.
    Plain,
}

impl Format {
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Times from a tenth of a millisecond to some 26 s, each bound twice the one below.
pub(crate) fn times() -> Histogram {
    Histogram::new(exponential_buckets(1e-4, 2.0, 19))
}

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    messages: Counter,
    message_bytes: Counter,
    items: Family<Label, Counter>,
    busy: Counter,
    requests: Family<Label, Counter>,
    request_times: Family<Label, Histogram>,
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
        let request_times = Family::new_with_constructor(times as fn() -> Histogram);
        registry.register("http_request_seconds", "Time to the head of an answer, by route", request_times.clone());
        more(&mut registry);
        Self { registry, messages, message_bytes, items, busy, requests, request_times }
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

    /// How long a request of a route took. Routes are those of the surface, so that nobody can make more of them.
    pub(crate) fn took_so_long(&self, route: &'static str, time: Duration) {
        self.request_times.get_or_create(&[("route", route)]).observe(time.as_secs_f64());
    }

    /// All of it. Reads the disk.
    pub(crate) fn text(&self, handles: &Handles, uptime: Duration, format: Format) -> String {
        let status = Status::of(handles, uptime.as_secs());
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_registry(&mut text, &of_node(handles, &status));
        let _ = encode_registry(&mut text, &of_process());
        let _ = encode_eof(&mut text);
        match format {
            Format::OpenMetrics => text,
            Format::Plain => plain(&text),
        }
    }
}

/// OpenMetrics as the text format before it: a counter is called as its samples are, an info is a gauge of 1.
fn plain(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    let mut kinds = std::collections::BTreeMap::new();
    for line in open.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            kinds.insert(name, kind);
        }
    }
    for line in open.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (Some(word @ ("HELP" | "TYPE")), Some(name)) = (words.next(), words.next()) else { continue };
        let (suffix, kind) = match kinds.get(name).copied() {
            Some("counter") => ("_total", "counter"),
            Some("info") => ("_info", "gauge"),
            Some("unknown") | None => ("", "untyped"),
            Some(kind) => ("", kind),
        };
        let said = if word == "TYPE" { kind } else { words.next().unwrap_or_default() };
        text.push_str(&format!("# {word} {name}{suffix} {said}\n"));
    }
    text
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
        let membership = handles.chain.latest().tip.membership().clone();
        let known = |number| number == status.node || status.peers.iter().any(|peer| peer.node == number);
        membership.nodes().filter(|(_, node)| known(node.number)).map(|(_, node)| u64::from(node.power)).sum()
    };
    let is = |state| u64::from(status.states.contains(&state));
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
        ("protocol_in_force", "Rules that the next block follows", u64::from(status.protocol.0)),
        ("protocol_known", "The newest rules that this version knows", u64::from(status.newest_protocol.0)),
        (
            "protocol_adopted",
            "Rules that are adopted and not in force yet; 0 where there are none",
            status.adopted_protocol.map_or(0, |adopted| u64::from(adopted.protocol.0)),
        ),
        (
            "protocol_known_power",
            "Voting power of the nodes that say they know the rules adopted, or else in force",
            status.knowing_power,
        ),
        ("ready", "1 where /readyz says ready", u64::from(status.ready)),
        (
            "halted",
            "1 where the agreement stands still for a reason that it reports",
            u64::from(status.halted.is_some()),
        ),
        ("equivocations", "Kept proofs that a validator signed two things", handles.equivocations.count() as u64),
        ("voting", "1 where the node has voting power and takes part", is(State::Voting)),
        ("quorum", "1 where it hears more than two thirds of the voting power", 1 - is(State::Unreachable)),
        ("intake_open", "1 where messages are taken in", 1 - is(State::Closed)),
        (
            "sealing_failed",
            "1 where old blocks could not be moved into sealed files when it was last tried",
            u64::from(handles.chain.store().sealing_error().is_some()),
        ),
        ("uptime_seconds", "How long the node has been running", status.uptime_s),
    ] {
        gauge(name, help, value as f64);
    }
    let states = Family::<Label, Gauge>::default();
    for state in State::ALL {
        states.get_or_create(&[("state", state.name())]).set(i64::from(status.states.contains(&state)));
    }
    gauge("block_age_seconds", "Time since the last block's own", status.tip_age_ms as f64 / 1e3);
    if let Some(free) = status.disk_free {
        gauge("disk_free_bytes", "Free bytes where the home is", free as f64);
    }
    registry.register("state", "1 for each state that is true of the node", states);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_calls_things_as_their_samples_are_called() {
        let open = "# HELP luqi_events Events on the chain.\n# TYPE luqi_events counter\nluqi_events_total 3\n\
                    # HELP luqi_node Which node this is.\n# TYPE luqi_node info\nluqi_node_info{node=\"1\"} 1\n\
                    # HELP luqi_peers Peers.\n# TYPE luqi_peers gauge\n# UNIT luqi_peers nodes\nluqi_peers 2\n# EOF\n";
        let wanted = "# HELP luqi_events_total Events on the chain.\n# TYPE luqi_events_total counter\nluqi_events_total 3\n\
                      # HELP luqi_node_info Which node this is.\n# TYPE luqi_node_info gauge\nluqi_node_info{node=\"1\"} 1\n\
                      # HELP luqi_peers Peers.\n# TYPE luqi_peers gauge\nluqi_peers 2\n";
        assert_eq!(plain(open), wanted);
    }
}
