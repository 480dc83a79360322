//! When a block is due. The clock is an argument.

use crate::mempool::Pending;
use ledger_core::membership::Parameters;
use std::time::{Duration, Instant};

/// What decides when the next block is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) parameters: Parameters,
    /// What waits for it.
    pub(crate) pending: Pending,
    /// When the last block was made; for the genesis, when the chain was opened.
    pub(crate) last: Instant,
    /// Whether the last block carried events: then its seal is to get into the log soon.
    pub(crate) with_events: bool,
    /// Whether another validator is at the next height: it knows of something that this node does not.
    pub(crate) called: bool,
}

/// When the next block is due: in the past where it is due already.
pub(crate) fn due_at(facts: &Facts) -> Instant {
    let Facts { parameters, pending, last, with_events, called } = facts;
    let after = |from: Instant, wait: u32| from + Duration::from_millis(u64::from(wait));
    if pending.events >= u64::from(parameters.pace_events) {
        return *last;
    }
    let idle = after(*last, parameters.pace_idle_ms);
    let empty = if *with_events { idle.min(after(*last, parameters.pace_seal_ms)) } else { idle };
    // One who lies about that drives the chain no faster than one who has an event for every block.
    let called = called.then_some(*last);
    let oldest = pending.oldest.filter(|_| pending.events > 0);
    let waits = [called, oldest].into_iter().flatten().map(|since| after(since, parameters.pace_wait_ms));
    waits.fold(empty, Instant::min)
}

/// When a block of this age was made, by a clock that never goes back.
pub(crate) fn made_at(now: Instant, age: Duration) -> Instant {
    now.checked_sub(age).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_due_when_the_first_reason_comes() {
        let last = Instant::now() + Duration::from_secs(1_000);
        let parameters = Parameters {
            pace_events: 500,
            pace_wait_ms: 5_000,
            pace_seal_ms: 60_000,
            pace_idle_ms: 600_000,
            ..Parameters::default()
        };
        // Events, milliseconds after the last block at which the oldest came, whether that had events, due after.
        let cases: [(u64, Option<i64>, bool, u64); 10] = [
            (0, None, false, 600_000),
            (0, None, true, 60_000),
            (1, Some(1_000), false, 6_000),
            (1, Some(1_000), true, 6_000),
            (499, Some(100), true, 5_100),
            (500, Some(100), true, 0),
            (9_000, Some(100), false, 0),
            // It waits longer than the next block would.
            (1, Some(59_000), true, 60_000),
            // It came before the last block, which had no room for it.
            (1, Some(-4_000), false, 1_000),
            (0, Some(1_000), false, 600_000),
        ];
        for (events, oldest, with_events, due) in cases {
            let oldest = oldest.map(|ms| match u64::try_from(ms) {
                Ok(ms) => last + Duration::from_millis(ms),
                Err(_) => last - Duration::from_millis(ms.unsigned_abs()),
            });
            let facts = Facts { parameters, pending: Pending { events, oldest }, last, with_events, called: false };
            let found = due_at(&facts).duration_since(last);
            assert_eq!(found, Duration::from_millis(due), "{events} {oldest:?} {with_events}");
            // Another validator is at it: as if an event had come with the last block.
            let called = due_at(&Facts { called: true, ..facts }).duration_since(last);
            assert_eq!(called, Duration::from_millis(due.min(5_000)), "{events} {oldest:?} {with_events}");
        }
    }

    #[test]
    fn a_seal_never_waits_longer_than_an_idle_chain_does() {
        let last = Instant::now();
        let parameters = Parameters { pace_seal_ms: 900, pace_idle_ms: 300, ..Parameters::default() };
        let facts = Facts { parameters, pending: Pending::default(), last, with_events: true, called: false };
        assert_eq!(due_at(&facts), last + Duration::from_millis(300));
    }
}
