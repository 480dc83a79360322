//! What the engine says while this program ends it, and what is worth no word.
//!
//! Its actors are killed: one that hangs in a handler ends in no other way. Where the one of its log is waiting for the
//! thread that writes, that thread finishes its write and finds nobody to tell. It calls that an error. Nothing is lost:
//! the write is done, and whoever waited for it is to end.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many engines are being ended in this process.
static ENDING: AtomicUsize = AtomicUsize::new(0);

/// The module of the engine whose words are meant.
const MODULE: &str = "arc_malachitebft_engine::wal";
/// What it says where nobody waits for its answer any more.
const UNHEARD: [&str; 5] = [
    "Failed to send WAL replay reply",
    "Failed to send WAL reset reply",
    "Failed to send WAL append reply",
    "Failed to send WAL flush reply",
    "Failed to handle WAL message: Failed to send reply",
];

/// An engine is being ended as long as this is there.
pub(super) struct Ending(());

impl Ending {
    pub(super) fn begin() -> Self {
        ENDING.fetch_add(1, Ordering::AcqRel);
        Self(())
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        ENDING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether a line of the log, by its module and its words, only says that an engine is being ended by this program. The
/// same line at any other time is what it says it is.
#[must_use]
pub fn says_nothing_while_ending(module: &str, words: &str) -> bool {
    let is_unheard = || UNHEARD.iter().any(|unheard| words.starts_with(unheard));
    module.starts_with(MODULE) && is_unheard() && ENDING.load(Ordering::Acquire) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only test of this process that ends no engine of its own: nextest runs each in its own.
    #[test]
    fn a_line_is_passed_over_only_while_an_engine_is_ended() {
        let thread = "arc_malachitebft_engine::wal::thread";
        assert!(!says_nothing_while_ending(thread, UNHEARD[1]));
        let ending = Ending::begin();
        assert!(UNHEARD.iter().all(|words| says_nothing_while_ending(thread, words)));
        assert!(says_nothing_while_ending(MODULE, "Failed to handle WAL message: Failed to send reply: closed"));
        assert!(!says_nothing_while_ending(thread, "ATTENTION: Failed to flush WAL to disk: no space"));
        assert!(!says_nothing_while_ending("arc_malachitebft_engine::node", UNHEARD[1]));
        drop(ending);
        assert!(!says_nothing_while_ending(thread, UNHEARD[1]));
    }
}
