//! The streams together: what is let in, what is dropped, and what goes into a block.

use super::stream::{Held, Stream};
use super::{Gap, Level, Limits, Offered, Pending, Refused, weight};
use crate::chain::Latest;
use ledger_core::crypto::PublicKey;
use ledger_core::membership::{Membership, Purpose};
use ledger_core::names::{MemberCode, NodeNumber, Sequence};
use ledger_core::submission::Submission;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of a block beside certificate and submissions, generously.
const HEADER_ROOM: usize = 512;
/// Bytes of a vote in a certificate.
const VOTE_BYTES: usize = 68;

pub(super) struct Pool {
    limits: Limits,
    latest: Arc<Latest>,
    room: Room,
    streams: BTreeMap<NodeNumber, Stream>,
    /// What each member's submissions take.
    charged: BTreeMap<MemberCode, usize>,
    total: usize,
}

/// What fits into a block, and into a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// A block has at most so many events.
    pub(crate) events: usize,
    /// Encoded submissions of a block have at most so many bytes.
    pub(crate) bytes: usize,
    /// A submission has at most so many events.
    pub(crate) submission_events: usize,
}

impl Room {
    pub(crate) fn of(membership: &Membership) -> Self {
        let parameters = membership.parameters();
        let voters = membership.nodes().filter(|(_, node)| node.power > 0).count();
        let beside = HEADER_ROOM.saturating_add(voters.saturating_mul(VOTE_BYTES));
        Self {
            events: parameters.block_events as usize,
            bytes: (parameters.block_bytes as usize).saturating_sub(beside),
            submission_events: parameters.submission_events.min(parameters.block_events) as usize,
        }
    }

    /// Whether a submission of so many events and bytes can be in a block.
    pub(crate) const fn fits(&self, events: usize, bytes: usize) -> bool {
        events <= self.submission_events && bytes <= self.bytes
    }

    /// Whether something may fit into the other one that does not fit in here.
    const fn is_less_than(&self, other: &Self) -> bool {
        self.bytes < other.bytes || self.submission_events < other.submission_events
    }
}

impl Pool {
    pub(super) fn new(limits: Limits, latest: Arc<Latest>) -> Self {
        let room = Room::of(latest.tip.membership());
        Self { limits, latest, room, streams: BTreeMap::new(), charged: BTreeMap::new(), total: 0 }
    }

    pub(super) const fn latest(&self) -> &Arc<Latest> {
        &self.latest
    }

    /// What can be said of a submission without its signature: none, where it is to be verified and held.
    pub(super) fn judge(&self, submission: &Submission, bytes: usize) -> Result<Option<Offered>, Refused> {
        let Submission { stream, sequence, .. } = *submission;
        let tip = &self.latest.tip;
        let Some((member, _)) = tip.membership().node(stream) else { return Err(Refused::UnknownStream(stream)) };
        let last = tip.control().last_sequence(stream);
        if sequence <= last {
            return Ok(Some(Offered::Final));
        }
        if let Some(held) = self.streams.get(&stream).and_then(|streams| streams.held.get(&sequence)) {
            let same = *held.submission == *submission;
            return if same { Ok(Some(Offered::Known)) } else { Err(Refused::Conflict { stream, sequence }) };
        }
        let events = submission.events.len();
        if events == 0 {
            return Err(Refused::Empty { stream, sequence });
        }
        let limits = [("events", events, self.room.submission_events), ("bytes", bytes, self.room.bytes)];
        if let Some((what, found, max)) = limits.into_iter().find(|(_, found, max)| found > max) {
            return Err(Refused::TooLarge { stream, sequence, what, found, max });
        }
        if sequence.0.saturating_sub(last.0) > self.limits.ahead {
            return Err(Refused::TooFar { stream, sequence, last });
        }
        let more = weight(submission, bytes);
        let charged = self.charged.get(&member.code).copied().unwrap_or(0).saturating_add(more);
        if charged > self.share() || self.total.saturating_add(more) > self.limits.bytes {
            return Err(Refused::Busy { retry_after: self.retry_after() });
        }
        Ok(None)
    }

    /// Bytes of one member: what is left for it where every other one has filled its own.
    fn share(&self) -> usize {
        let members = self.latest.tip.membership().members().len().max(1);
        self.limits.member_bytes.min(self.limits.bytes / members)
    }

    /// A block takes about so long.
    fn retry_after(&self) -> Duration {
        let parameters = self.latest.tip.membership().parameters();
        Duration::from_millis(u64::from(parameters.pace_wait_ms)).clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Holds a submission that was verified with a key.
    pub(super) fn hold(&mut self, submission: Submission, bytes: usize, key: PublicKey) -> Result<Offered, Refused> {
        let Submission { stream, sequence, .. } = submission;
        // The chain may have gone on, or somebody else been faster, while the signature was verified.
        if let Some(offered) = self.judge(&submission, bytes)? {
            return Ok(offered);
        }
        let (Some(in_force), Some((member, _))) = (self.key(stream), self.latest.tip.membership().node(stream)) else {
            return Err(Refused::UnknownStream(stream));
        };
        if in_force != key {
            return Err(Refused::Early { stream, sequence });
        }
        let (member, weight) = (member.code, weight(&submission, bytes));
        let last = self.latest.tip.control().last_sequence(stream);
        let events = submission.events.len();
        let held = Held { submission: Arc::new(submission), events, bytes, weight, key, since: Instant::now() };
        let entry = self.streams.entry(stream).or_insert_with(|| Stream::new(member, last));
        entry.held.insert(sequence, held);
        entry.extend();
        let charged = self.charged.entry(member).or_default();
        *charged = charged.saturating_add(weight);
        self.total = self.total.saturating_add(weight);
        Ok(Offered::Held)
    }

    fn key(&self, stream: NodeNumber) -> Option<PublicKey> {
        self.latest.tip.membership().node(stream).and_then(|(_, node)| node.key(Purpose::Submission)).copied()
    }

    /// Follows the chain: drops what it has, and what its membership and parameters allow no longer.
    pub(super) fn follow(&mut self, latest: &Arc<Latest>) {
        if self.latest.tip.hash() == latest.tip.hash() {
            return;
        }
        let changed = self.latest.tip.membership_hash() != latest.tip.membership_hash();
        self.latest = Arc::clone(latest);
        let before = self.room;
        if changed {
            self.room = Room::of(latest.tip.membership());
        }
        let (room, is_less) = (self.room, self.room.is_less_than(&before));
        let tip = &latest.tip;
        self.streams.retain(|node, stream| {
            let present = tip.membership().node(*node);
            let key = present.and_then(|(_, node)| node.key(Purpose::Submission));
            let last = tip.control().last_sequence(*node);
            if !changed && last == stream.last {
                return true;
            }
            stream.last = last;
            if let Some((member, _)) = present {
                stream.member = member.code;
            }
            stream.held.retain(|sequence, held| *sequence > last && key == Some(&held.key));
            if is_less {
                stream.cut(|held| room.fits(held.events, held.bytes));
            }
            stream.reckon();
            !stream.held.is_empty()
        });
        self.charge();
    }

    /// Drops a submission and what follows it in its stream.
    pub(super) fn put_aside(&mut self, stream: NodeNumber, sequence: Sequence) {
        let Some(stream) = self.streams.get_mut(&stream) else { return };
        drop(stream.held.split_off(&sequence));
        stream.reckon();
        self.charge();
    }

    /// Reckons anew who takes how much.
    fn charge(&mut self) {
        self.charged.clear();
        self.total = 0;
        for stream in self.streams.values() {
            let weight: usize = stream.held.values().map(|held| held.weight).sum();
            *self.charged.entry(stream.member).or_default() += weight;
            self.total += weight;
        }
    }

    /// By turns: each stream's next one, beginning with another stream at each height.
    pub(super) fn fill(&self) -> Vec<Submission> {
        let (mut events, mut bytes) = (self.room.events, self.room.bytes);
        let mut turns: Vec<_> = self.streams.values().map(|stream| (stream, stream.last.next())).collect();
        let begin = self.latest.tip.height().0.checked_rem(turns.len() as u64).unwrap_or(0);
        turns.rotate_left(usize::try_from(begin).unwrap_or(0));
        let mut filled = Vec::new();
        while !turns.is_empty() {
            turns.retain_mut(|(stream, next)| {
                let Some(held) = stream.held.get(next) else { return false };
                // What does not fit ends its stream's turns in this block, and nobody else's.
                let (Some(more_events), Some(more_bytes)) =
                    (events.checked_sub(held.events), bytes.checked_sub(held.bytes))
                else {
                    return false;
                };
                (events, bytes) = (more_events, more_bytes);
                filled.push((*held.submission).clone());
                *next = next.next();
                true
            });
        }
        filled
    }

    pub(super) fn pending(&self) -> Pending {
        let events = self.streams.values().map(|stream| stream.events).sum();
        Pending { events, oldest: self.streams.values().filter_map(Stream::oldest).min() }
    }

    pub(super) fn level(&self) -> Level {
        let submissions = self.streams.values().map(|stream| stream.held.len() as u64).sum();
        Level { submissions, bytes: self.total as u64 }
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.streams.iter().filter_map(|(node, stream)| stream.gap(*node)).collect()
    }

    pub(super) fn complete(&self, node: NodeNumber) -> Sequence {
        let on_chain = || self.latest.tip.control().last_sequence(node);
        self.streams.get(&node).map_or_else(on_chain, |stream| stream.complete)
    }

    pub(super) fn held(&self, node: NodeNumber, from: Sequence, count: usize) -> Vec<Arc<Submission>> {
        let held = self.streams.get(&node).into_iter().flat_map(|stream| stream.held.range(from..));
        held.take(count).map(|(_, held)| Arc::clone(&held.submission)).collect()
    }
}
