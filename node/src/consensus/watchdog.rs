//! Tells of a height that stands still although a block is due.

use ledger_core::names::{Height, NodeNumber};
use std::time::{Duration, Instant};

/// So long a block may be overdue.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A height that stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// Since when its block is due.
    pub since: Instant,
    /// The validators that said nothing about it for a while.
    pub missing: Vec<NodeNumber>,
    /// Whether the others, and the own node where it votes, have more than two thirds of the power.
    pub are_enough: bool,
}

/// Counts from when a block is due, and speaks up once in a while.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    told: Option<(Height, Instant)>,
}

impl Watchdog {
    /// Whether a height whose block is due since then stands still, and whether it is time to say so.
    pub(crate) fn look(&mut self, height: Height, due: Instant, now: Instant) -> (bool, bool) {
        if now.saturating_duration_since(due) < PATIENCE {
            return (false, false);
        }
        let told =
            self.told.filter(|(about, when)| *about == height && now.saturating_duration_since(*when) < PATIENCE);
        if told.is_none() {
            self.told = Some((height, now));
        }
        (true, told.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_when_a_block_is_due_and_repeats_itself_seldom() {
        let due = Instant::now() + Duration::from_secs(600);
        let mut dog = Watchdog::default();
        let mut look = |height, seconds| dog.look(Height(height), due, due + Duration::from_secs(seconds));
        assert_eq!(look(5, 0), (false, false));
        assert_eq!(look(5, 29), (false, false));
        assert_eq!(look(5, 30), (true, true));
        assert_eq!(look(5, 31), (true, false));
        assert_eq!(look(5, 61), (true, true));
        assert_eq!(look(6, 62), (true, true));
        // Long before it is due.
        assert_eq!(Watchdog::default().look(Height(5), due, Instant::now()), (false, false));
    }
}
