//! What is to be asked of whom: streams in which something is missing, and streams of nodes that have just
//! come. One question a stream at a time, a few in all, later and later while nobody answers.

use super::Gap;
use crate::network::{Peer, PeerId};
use ledger_core::names::NodeNumber;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Gossip in flight fills most gaps by itself.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);
/// The longest wait between two questions about a stream.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Questions at once.
const AT_ONCE: usize = 4;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// Of whom.
    pub(super) peer: PeerId,
    /// About which stream.
    pub(super) node: NodeNumber,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// With submissions that are held now: there may be more.
    Some,
    /// With nothing of use, or not at all.
    Nothing,
}

/// The questions, by stream: no more than there are nodes.
#[derive(Debug, Default)]
pub(super) struct Wants {
    wants: BTreeMap<NodeNumber, Want>,
}

#[derive(Debug)]
struct Want {
    /// Who has just come, and shall be asked for his own stream.
    newcomer: Option<PeerId>,
    attempts: u32,
    due: Instant,
    is_asked: bool,
}

impl Want {
    const fn new(due: Instant) -> Self {
        Self { newcomer: None, attempts: 0, due, is_asked: false }
    }
}

impl Wants {
    /// A node is connected: what it has signed and the chain lacks is asked for.
    pub(super) fn newcomer(&mut self, peer: PeerId, node: NodeNumber, now: Instant) {
        let want = self.wants.entry(node).or_insert_with(|| Want::new(now));
        (want.newcomer, want.attempts, want.due) = (Some(peer), 0, now);
    }

    /// The questions that are due, of those who are connected: the stream's own node first, then the
    /// others by turns.
    pub(super) fn due(&mut self, gaps: &[Gap], peers: &[Peer], now: Instant) -> Vec<Ask> {
        for gap in gaps.iter().filter(|gap| now.saturating_duration_since(gap.since) >= PATIENCE) {
            self.wants.entry(gap.node).or_insert_with(|| Want::new(now));
        }
        let has_gap = |node: &NodeNumber| gaps.iter().any(|gap| gap.node == *node);
        self.wants.retain(|node, want| want.is_asked || want.newcomer.is_some() || has_gap(node));
        let asked = self.wants.values().filter(|want| want.is_asked).count();
        let mut asks = Vec::new();
        for (node, want) in &mut self.wants {
            if asked + asks.len() >= AT_ONCE {
                break;
            }
            if want.is_asked || want.due > now {
                continue;
            }
            let peer = want.newcomer.take().or_else(|| turn(*node, want.attempts, peers));
            if let Some(peer) = peer {
                want.is_asked = true;
                asks.push(Ask { peer, node: *node });
            }
        }
        asks
    }

    /// A question ended.
    pub(super) fn ended(&mut self, node: NodeNumber, answered: Answered, now: Instant) {
        let Some(want) = self.wants.get_mut(&node) else { return };
        want.is_asked = false;
        match answered {
            Answered::Some => (want.attempts, want.due) = (0, now),
            Answered::Nothing => {
                let wait = PATIENCE.saturating_mul(1_u32.checked_shl(want.attempts.min(8)).unwrap_or(u32::MAX));
                want.attempts = want.attempts.saturating_add(1);
                want.due = now + wait.min(MAX_WAIT);
            }
        }
    }
}

/// Whose turn it is to be asked about a stream.
fn turn(node: NodeNumber, attempts: u32, peers: &[Peer]) -> Option<PeerId> {
    let own = peers.iter().filter(|peer| peer.node == node);
    let others = peers.iter().filter(|peer| peer.node != node);
    let all: Vec<_> = own.chain(others).collect();
    let place = attempts.checked_rem(u32::try_from(all.len()).ok()?)?;
    all.get(place as usize).map(|peer| peer.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::names::Sequence;

    fn peer(node: u32) -> Peer {
        Peer { node: NodeNumber(node), id: PeerId::random(), address: String::new(), round_trip: None }
    }

    #[test]
    fn the_streams_own_node_is_asked_first_and_the_others_by_turns_later_and_later() {
        let peers = [peer(1), peer(2), peer(3)];
        let begin = Instant::now();
        let node = NodeNumber(2);
        let gap = [Gap { node, from: Sequence(4), since: begin }];
        let mut wants = Wants::default();
        assert!(wants.due(&gap, &peers, begin).is_empty(), "gossip may still bring it");
        let mut now = begin + PATIENCE;
        let mut waits = Vec::new();
        for wanted in [1, 0, 2, 1, 0] {
            let asks = wants.due(&gap, &peers, now);
            assert_eq!(asks, [Ask { peer: peers[wanted].id, node }]);
            assert!(wants.due(&gap, &peers, now).is_empty(), "one question at a time");
            wants.ended(node, Answered::Nothing, now);
            waits.push(wants.wants[&node].due - now);
            now = wants.wants[&node].due;
        }
        assert!(waits.is_sorted() && waits[4] == PATIENCE * 16, "{waits:?}");
        // What came may not be all.
        assert_eq!(wants.due(&gap, &peers, now).len(), 1);
        wants.ended(node, Answered::Some, now);
        assert_eq!(wants.due(&gap, &peers, now).len(), 1);
        wants.ended(node, Answered::Some, now);
        assert!(wants.due(&[], &peers, now).is_empty());
        assert!(wants.wants.is_empty());
    }

    #[test]
    fn few_questions_at_once_and_newcomers_are_asked_for_their_own() {
        let peers: Vec<_> = (1..=9).map(peer).collect();
        let now = Instant::now();
        let mut wants = Wants::default();
        peers.iter().for_each(|peer| wants.newcomer(peer.id, peer.node, now));
        let asks = wants.due(&[], &peers, now);
        assert_eq!(asks.len(), AT_ONCE);
        assert!(asks.iter().zip(&peers).all(|(ask, peer)| (ask.peer, ask.node) == (peer.id, peer.node)));
        wants.ended(NodeNumber(1), Answered::Nothing, now);
        assert_eq!(wants.due(&[], &peers, now), [Ask { peer: peers[4].id, node: NodeNumber(5) }]);
        assert_eq!(Wants::default().due(&[], &[], now), []);
    }
}
