//! What this node passes on of what others say, and when.
//!
//! Whoever says something sends it to every peer that it has. So where all validators are connected with one another
//! nobody lacks anything, and all that is passed on comes a second, third and fourth time: of seventeen nodes at rest
//! that was four fifths of all bytes. Here a word of a validator waits for [`PATIENCE`] before it is passed on, and is
//! not passed on at all once another block is final: mostly it was about the height that has ended. One about the height
//! that has just begun may be lost so for two validators that are not connected; votes are said again, and a proposal costs
//! them a round.
//!
//! A node that lacks a validator itself takes it that others lack one too, and passes everything on at once. So do all
//! for what a node without voting power says, since that one need not be connected with everybody.

use super::PeerId;
use super::members::Members;
use super::topics::Lane;
use ledger_core::names::Height;
use libp2p::gossipsub::MessageId;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a validator's word waits before it is passed on: less than a validator waits at the least for votes that
/// have not come (400 ms, `consensus/tempo`), and than gossip keeps what waits (five heartbeats of 300 ms).
const PATIENCE: Duration = Duration::from_millis(250);
/// Words that wait at once; beyond that the oldest is passed on.
const MOST: usize = 16_384;

/// A message that was heard and is sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) lane: Lane,
    pub(super) id: MessageId,
    /// Who brought it.
    pub(super) from: PeerId,
}

#[derive(Debug)]
struct Waiting {
    word: Heard,
    /// The last final block when it was heard.
    at: Height,
    due: Instant,
}

/// What waits, in the order in which it is due.
#[derive(Debug, Default)]
pub(super) struct Passing {
    waiting: VecDeque<Waiting>,
    /// The last final block.
    tip: Height,
    /// Whether this node is connected with every validator.
    is_whole: bool,
}

impl Passing {
    /// The chain has come to a tip.
    pub(super) fn reach(&mut self, tip: Height) {
        self.tip = tip;
    }

    /// Looks which validators this node is connected with.
    pub(super) fn look(&mut self, members: &Members, own: PeerId, is_connected: impl Fn(&PeerId) -> bool) {
        self.is_whole = members.validators().all(|peer| peer == own || is_connected(&peer));
    }

    /// Takes a word that was heard, and gives back one that is to be passed on at once.
    pub(super) fn take(&mut self, word: Heard, is_validators: bool, now: Instant) -> Option<Heard> {
        if !self.is_whole || !is_validators {
            return Some(word);
        }
        self.waiting.push_back(Waiting { word, at: self.tip, due: now + PATIENCE });
        let oldest = if self.waiting.len() > MOST { self.waiting.pop_front() } else { None };
        oldest.map(|oldest| oldest.word)
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.front().map(|waiting| waiting.due)
    }

    /// The next word that is due, and whether it is passed on.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Heard, bool)> {
        let Waiting { word, at, .. } = self.waiting.pop_front_if(|waiting| waiting.due <= now)?;
        Some((word, at == self.tip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Latest;
    use ledger_core::fixture::{Network as Chain, node_key};
    use ledger_core::membership::Purpose;

    fn peer(node: u32) -> PeerId {
        super::super::peer_id(&node_key(node, Purpose::Peer).public()).unwrap()
    }

    fn word(number: u8) -> Heard {
        Heard { lane: Lane::Votes, id: MessageId(vec![number]), from: peer(2) }
    }

    fn whole() -> Passing {
        let chain = Chain::new(4);
        let latest = Latest { tip: chain.tip, header: None, certificate: None, since: Instant::now() };
        let (members, mut passing) = (Members::at(&latest), Passing::default());
        passing.look(&members, peer(1), |other| *other != peer(3));
        assert_eq!(passing.take(word(0), true, Instant::now()), Some(word(0)), "one validator is not connected");
        passing.look(&members, peer(1), |other| *other != peer(1));
        passing
    }

    #[test]
    fn a_validators_word_is_passed_on_late_and_only_while_its_height_stands() {
        let (mut passing, now) = (whole(), Instant::now());
        assert_eq!(passing.take(word(1), false, now), Some(word(1)), "a node without voting power");
        assert_eq!(passing.take(word(2), true, now), None);
        assert_eq!(passing.due(now + PATIENCE / 2), None);
        assert_eq!(passing.next(), Some(now + PATIENCE));
        assert_eq!(passing.due(now + PATIENCE), Some((word(2), true)));
        assert_eq!(passing.take(word(3), true, now), None);
        passing.reach(Height(1));
        assert_eq!(passing.take(word(4), true, now), None);
        assert_eq!(passing.due(now + PATIENCE), Some((word(3), false)), "another block is final");
        assert_eq!(passing.due(now + PATIENCE), Some((word(4), true)));
        assert_eq!((passing.due(now + PATIENCE), passing.next()), (None, None));
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut passing, now) = (whole(), Instant::now());
        let at_once = (0..MOST + 3).filter_map(|_| passing.take(word(5), true, now)).count();
        assert_eq!(at_once, 3);
    }
}
