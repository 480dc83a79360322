//! How often a node says where it stands.

use ledger_core::names::Height;
use std::time::{Duration, Instant};

/// While its tip moves, and before the first block.
const MOVING: Duration = Duration::from_secs(2);
/// While it stands. Whoever connects is told at once, by the engine.
const STANDING: Duration = Duration::from_secs(10);

/// What it said last, and when.
#[derive(Debug, Default)]
pub(super) struct Says {
    last: Option<(Height, Instant)>,
}

impl Says {
    /// Whether it is to say so now; then it counts as said.
    pub(super) fn is_due(&mut self, tip: Height, now: Instant) -> bool {
        let is_due = self.last.is_none_or(|(said, at)| {
            let wait = if said == tip && tip > Height(0) { STANDING } else { MOVING };
            now.saturating_duration_since(at) >= wait
        });
        if is_due {
            self.last = Some((tip, now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_that_moves_is_told_soon_and_one_that_stands_now_and_then() {
        let (mut says, begun) = (Says::default(), Instant::now());
        let mut is_due = |tip, second| says.is_due(Height(tip), begun + Duration::from_secs(second));
        let told: Vec<_> = (0..=26).filter(|second| is_due(if *second < 4 { 0 } else { 7 }, *second)).collect();
        assert_eq!(told, [0, 2, 4, 14, 24]);
        assert!(is_due(8, 27) && !is_due(9, 28) && is_due(9, 29));
    }
}
