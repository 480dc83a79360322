//! How long a round waits for whom, from the parameters of the chain.

use super::context::LinearTimeouts;
use std::time::Duration;

const MEBIBYTE: u32 = 1 << 20;
/// A full block reaches everybody at ten megabytes a second, with time to check it.
const A_MEBIBYTE: Duration = Duration::from_millis(120);
/// Up to so many validators the votes of all are there within the shortest waits.
const FEW: u32 = 7;

/// How long rounds wait.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// By how much all waits are divided: tests do not wait as a network does.
    divisor: u32,
}

impl Default for Tempo {
    fn default() -> Self {
        Self { divisor: 1 }
    }
}

impl Tempo {
    /// For tests of what comes about after many rounds only.
    #[cfg(test)]
    pub(crate) const fn hurried(divisor: u32) -> Self {
        Self { divisor }
    }

    /// The waits for a number of validators and a size of blocks.
    pub(crate) fn timeouts(self, validators: usize, block_bytes: u32) -> LinearTimeouts {
        let whole = timeouts(validators, block_bytes);
        let part = |wait: Duration| wait.checked_div(self.divisor).unwrap_or(wait);
        LinearTimeouts {
            propose: part(whole.propose),
            propose_delta: part(whole.propose_delta),
            prevote: part(whole.prevote),
            prevote_delta: part(whole.prevote_delta),
            precommit: part(whole.precommit),
            precommit_delta: part(whole.precommit_delta),
            rebroadcast: part(whole.rebroadcast),
            max_timeout: part(whole.max_timeout),
        }
    }
}

/// The whole waits. What a dead proposer costs is bounded by them: one wait for a proposal, a prevote and a
/// precommit for nil that everybody casts at once, and the wait for precommits, without which no round ends
/// undecided; then the next proposer in turn. With blocks of 4 MiB and up to seven validators that is 1.9 s, with
/// seventeen 4.6 s, and only in the rounds that are its own. The wait for prevotes runs only while they disagree.
fn timeouts(validators: usize, block_bytes: u32) -> LinearTimeouts {
    let crowd = u32::try_from(validators).unwrap_or(u32::MAX).max(FEW);
    let scaled = |wait: Duration| wait.saturating_mul(crowd) / FEW;
    let propose =
        scaled(Duration::from_secs(1).saturating_add(A_MEBIBYTE.saturating_mul(block_bytes.div_ceil(MEBIBYTE))));
    let vote = scaled(Duration::from_millis(400));
    LinearTimeouts {
        propose,
        propose_delta: Duration::from_millis(500),
        prevote: vote,
        prevote_delta: Duration::from_millis(300),
        precommit: vote,
        precommit_delta: Duration::from_millis(300),
        // What gossip lost is said again about once a round.
        rebroadcast: propose.saturating_add(vote.saturating_mul(2)),
        max_timeout: Duration::from_secs(30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_waits_the_whole_time() {
        assert_eq!(Tempo::default().timeouts(4, 4 << 20), timeouts(4, 4 << 20));
        assert_eq!(Tempo::hurried(8).timeouts(4, 4 << 20).prevote, Duration::from_millis(50));
    }

    #[test]
    fn waits_grow_with_the_crowd_and_with_the_blocks() {
        let few = timeouts(4, 4 << 20);
        assert_eq!(few.propose, Duration::from_millis(1480));
        assert_eq!(few.prevote, Duration::from_millis(400));
        assert_eq!(timeouts(7, 4 << 20), few);
        let crowd = timeouts(17, 4 << 20);
        assert!(crowd.propose > few.propose * 2 && crowd.propose < few.propose * 3, "{crowd:?}");
        assert!(timeouts(4, 32 << 20).propose > few.propose * 3);
        assert!(timeouts(usize::MAX, u32::MAX).max_timeout < Duration::from_secs(60));
    }
}
