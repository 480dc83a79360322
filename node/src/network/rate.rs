//! A token bucket: so much at once, so much a second after that.

use std::time::Instant;

/// What may flow, in whatever unit its owner counts.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    level: f64,
    burst: f64,
    a_second: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(burst: u32, a_second: f64, now: Instant) -> Self {
        Self { level: f64::from(burst), burst: f64::from(burst), a_second, at: now }
    }

    /// Takes so much out of it. Where it holds less, nothing is taken and the answer is no.
    pub(super) fn take(&mut self, amount: usize, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + since * self.a_second).min(self.burst);
        self.at = self.at.max(now);
        // Far below 2^52: every cap here is a number of bytes in memory.
        let amount = amount as f64;
        let enough = self.level >= amount;
        if enough {
            self.level -= amount;
        }
        enough
    }
}
