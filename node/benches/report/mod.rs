//! What a benchmark says: a line for a person as it goes, and `target/bench/NAME.json` at the end.

use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

/// One run of a benchmark.
pub(crate) struct Report {
    name: &'static str,
    events: f64,
    bytes: f64,
    /// Seconds that all further lines are held against.
    pub(crate) base: Option<f64>,
    rows: Vec<Value>,
}

impl Report {
    /// Of work on so many events in so many bytes.
    pub(crate) fn new(name: &'static str, events: f64, bytes: f64) -> Self {
        Self { name, events, bytes, base: None, rows: Vec::new() }
    }

    /// What took how long; with a base also beside that, in the same run.
    pub(crate) fn line(&mut self, what: &str, took: Duration) {
        let seconds = took.as_secs_f64();
        let (rate, flow) = (self.events / seconds, self.bytes / seconds / 1e6);
        let ratio = self.base.map(|base| seconds / base);
        let beside = ratio.map_or_else(String::new, |ratio| format!("{ratio:>9.2} ×"));
        println!("{what:<52} {seconds:>8.2} s {rate:>10.0} events/s {flow:>7.0} MB/s {beside}");
        self.rows.push(json!({"what": what.trim(), "seconds": seconds, "events_per_second": rate, "to_base": ratio}));
    }

    /// A number by itself.
    pub(crate) fn number(&mut self, what: &str, value: f64, unit: &str) {
        println!("{what:<52} {value:>8.2} {unit}");
        self.rows.push(json!({"what": what.trim(), "value": value, "unit": unit}));
    }

    /// The most memory that this process has had.
    pub(crate) fn memory(&mut self, what: &str) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let peak = peak.and_then(|kilobytes| kilobytes.parse::<f64>().ok());
        peak.iter().for_each(|kilobytes| self.number(what, kilobytes / 1e3, "MB"));
    }

    /// Writes the file.
    pub(crate) fn write(self) {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"));
        let path = folder.join(self.name).with_extension("json");
        let mut whole = Map::new();
        whole.insert("events".to_owned(), json!(self.events));
        whole.insert("bytes".to_owned(), json!(self.bytes));
        whole.insert("rows".to_owned(), Value::Array(self.rows));
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, serde_json::to_vec_pretty(&whole).unwrap()).unwrap();
        println!("written: target/bench/{}.json", self.name);
    }
}
