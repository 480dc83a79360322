//! How long one node may keep an audit waiting.

use std::cell::Cell;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// What a node may take in all, whatever it gives, lost connections and pauses with it.
const GRACE: Duration = Duration::from_secs(120);
/// And for more, so many bytes of new blocks a second.
const RATE: u64 = 64 << 10;

/// The time that a node was waited for, held against what it gave. It counts only while the audit waits, and not while
/// blocks lie there to be judged.
pub(super) struct Patience {
    grace: Duration,
    rate: u64,
    waited: Cell<Duration>,
    /// Bytes of blocks that it gave.
    earned: Cell<u64>,
    /// Bytes of the block that it is giving.
    coming: Cell<u64>,
}

impl Default for Patience {
    fn default() -> Self {
        Self::of(GRACE, RATE)
    }
}

impl Patience {
    pub(super) const fn of(grace: Duration, rate: u64) -> Self {
        Self { grace, rate, waited: Cell::new(Duration::ZERO), earned: Cell::new(0), coming: Cell::new(0) }
    }

    /// Waits for something of the node; gives none where it took too long.
    pub(super) fn wait<T>(&self, handle: &Handle, what: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        let got = handle.block_on(async { timeout(self.left(), what).await.ok() });
        self.waited.set(self.waited.get().saturating_add(begun.elapsed()));
        got
    }

    /// Waits before it is asked again.
    pub(super) fn pause(&self, pause: Duration) {
        let pause = pause.min(self.left());
        std::thread::sleep(pause);
        self.waited.set(self.waited.get().saturating_add(pause));
    }

    /// It gave bytes, of which a block may come.
    pub(super) fn came(&self, bytes: usize) {
        self.coming.set(self.coming.get().saturating_add(bytes as u64));
    }

    /// They were a block. What is sent without a block coming of it earns nothing: it could be sent without end.
    pub(super) fn earn(&self, block: usize) {
        self.earned.set(self.earned.get().saturating_add(block as u64));
        self.coming.set(0);
    }

    /// It begins anew: what came of a block that did not end is lost.
    pub(super) fn begin(&self) {
        self.coming.set(0);
    }

    /// Whether it has taken too long.
    pub(super) fn is_spent(&self) -> bool {
        self.left().is_zero()
    }

    fn left(&self) -> Duration {
        let bytes = self.earned.get().saturating_add(self.coming.get());
        let for_bytes = Duration::from_millis(bytes.saturating_mul(1_000).checked_div(self.rate).unwrap_or(0));
        self.grace.saturating_add(for_bytes).saturating_sub(self.waited.get())
    }

    /// Why it is given up.
    pub(super) fn why(&self) -> String {
        format!(
            "it is too slow: the audit has waited {} s for it in all, for {} bytes of blocks; it may take {} s, and a second more for each {} bytes",
            self.waited.get().as_secs(),
            self.earned.get(),
            self.grace.as_secs(),
            self.rate
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_buy_time() {
        let patience = Patience::of(Duration::from_secs(10), 1_000);
        assert_eq!(patience.left(), Duration::from_secs(10));
        patience.came(5_000);
        assert_eq!(patience.left(), Duration::from_secs(15), "a long block may take long");
        patience.begin();
        assert_eq!(patience.left(), Duration::from_secs(10), "it came to nothing");
        patience.came(7_000);
        patience.earn(2_000);
        assert_eq!(patience.left(), Duration::from_secs(12));
        patience.waited.set(Duration::from_secs(12));
        assert!(patience.is_spent());
        patience.pause(Duration::from_secs(3_600));
    }
}
