//! How long a round waits for whom, from the parameters of the chain.

use super::context::LinearTimeouts;
use std::time::Duration;

const MEBIBYTE: u32 = 1 << 20;
/// A full block reaches everybody at ten megabytes a second, with time to check it.
const A_MEBIBYTE: Duration = Duration::from_millis(120);
/// Up to so many validators the votes of all are there within the shortest waits.
const FEW: u32 = 7;

/// The waits for a number of validators and a size of blocks.
///
/// What a dead proposer costs is bounded by them: one wait for a proposal, then a prevote and a
/// precommit for nil that everybody casts at once, then the next proposer in turn. With blocks of 4 MiB
/// and up to seven validators that is 1.5 s, with seventeen 3.6 s, and only in the rounds that are its own.
/// The waits for votes run only while votes disagree.
pub(crate) fn timeouts(validators: usize, block_bytes: u32) -> LinearTimeouts {
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
