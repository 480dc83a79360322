//! How long the disk takes, for the metrics.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Instant;

/// A file of the store, as the metrics call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    /// The database of the newest blocks.
    Hot,
    /// The tip file.
    Tip,
    /// A sealed file with its rows.
    Sealed,
}

/// Times of a store.
#[derive(Clone, Debug)]
pub struct StoreTimes {
    /// Until blocks that were handed over together are durable.
    pub(crate) append: Histogram,
    sync: Family<[(&'static str, &'static str); 1], Histogram>,
}

impl Default for StoreTimes {
    fn default() -> Self {
        let sync = Family::new_with_constructor(crate::metrics::times as fn() -> Histogram);
        Self { append: crate::metrics::times(), sync }
    }
}

impl StoreTimes {
    /// The times of syncs, by file.
    pub(crate) fn syncs(&self) -> Family<[(&'static str, &'static str); 1], Histogram> {
        self.sync.clone()
    }

    /// A sync that began at some time has ended.
    pub(crate) fn synced(&self, file: Synced, begun: Instant) {
        let file = match file {
            Synced::Hot => "hot",
            Synced::Tip => "tip",
            Synced::Sealed => "sealed",
        };
        self.sync.get_or_create(&[("file", file)]).observe(begun.elapsed().as_secs_f64());
    }
}
