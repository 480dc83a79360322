//! The queues towards those who listen: bounded in entries and in bytes. Agreement has two: what is small and waited
//! for comes before parts of blocks, and never finds its queue full of them.
//!
//! Gossip and questions that find a queue full are dropped, since both can be asked for again. Who came and
//! who went is never dropped: it waits here until there is room.

use super::counters::Counters;
use super::wire::Request;
use super::{EngineEvent, EngineInbox, Gossip, Inboxes, MempoolEvent, PeerId, Question, Topic};
use ledger_core::names::NodeNumber;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Entries in a queue.
const ENTRIES: usize = 4096;
/// Bytes of gossip in a queue: several blocks of the largest size …
const BYTES: usize = 96 << 20;
/// … and in that of votes.
const VOTE_BYTES: usize = 16 << 20;

/// One queue, and what waits for room in it.
struct Lane<T> {
    to: mpsc::Sender<T>,
    waiting: VecDeque<T>,
    /// Sizes of the entries that were sent; those still in the queue are the last of them.
    sizes: VecDeque<usize>,
    bytes: usize,
    most: usize,
}

impl<T> Lane<T> {
    fn new(entries: usize, most: usize) -> (Self, mpsc::Receiver<T>) {
        let (to, from) = mpsc::channel(entries);
        (Self { to, waiting: VecDeque::new(), sizes: VecDeque::new(), bytes: 0, most }, from)
    }

    /// Sends what may be dropped, or hands it back.
    fn may(&mut self, entry: T, size: usize) -> Result<(), T> {
        self.flush();
        if !self.waiting.is_empty() || self.bytes + size > self.most {
            return Err(entry);
        }
        self.send(entry, size)
    }

    /// Sends what must arrive, now or later.
    fn must(&mut self, entry: T) {
        self.waiting.push_back(entry);
        self.flush();
    }

    fn flush(&mut self) {
        let queued = self.to.max_capacity() - self.to.capacity();
        while self.sizes.len() > queued {
            self.bytes -= self.sizes.pop_front().unwrap_or_default();
        }
        while let Some(entry) = self.waiting.pop_front() {
            if let Err(entry) = self.send(entry, 0) {
                self.waiting.push_front(entry);
                break;
            }
        }
        if self.to.is_closed() {
            self.waiting.clear();
        }
    }

    fn send(&mut self, entry: T, size: usize) -> Result<(), T> {
        match self.to.try_send(entry) {
            Ok(()) => {
                self.sizes.push_back(size);
                self.bytes += size;
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(entry) | mpsc::error::TrySendError::Closed(entry)) => Err(entry),
        }
    }
}

/// The sending ends.
pub(super) struct Outlets {
    engine: Lane<EngineEvent>,
    later: Lane<EngineEvent>,
    mempool: Lane<MempoolEvent>,
    blocks: Lane<Question>,
    counters: Arc<Counters>,
}

impl Outlets {
    pub(super) fn new(counters: Arc<Counters>) -> (Self, Inboxes) {
        Self::with_room(ENTRIES, counters)
    }

    pub(super) fn with_room(entries: usize, counters: Arc<Counters>) -> (Self, Inboxes) {
        let (engine, first) = Lane::new(entries, VOTE_BYTES);
        let (later, then) = Lane::new(entries, BYTES);
        let (mempool, mempool_inbox) = Lane::new(entries, BYTES);
        let (blocks, blocks_inbox) = Lane::new(entries, BYTES);
        let inboxes = Inboxes { engine: EngineInbox::new(first, then), mempool: mempool_inbox, blocks: blocks_inbox };
        (Self { engine, later, mempool, blocks, counters }, inboxes)
    }

    /// A node has come.
    pub(super) fn connected(&mut self, peer: PeerId, node: NodeNumber) {
        self.engine.must(EngineEvent::Connected(peer, node));
        self.mempool.waiting.retain(|waiting| !matches!(waiting, MempoolEvent::Connected(known, _) if *known == peer));
        self.mempool.must(MempoolEvent::Connected(peer, node));
    }

    /// A node has gone. Where nobody has heard yet that it came, nobody needs to.
    pub(super) fn disconnected(&mut self, peer: PeerId, node: NodeNumber) {
        let last = |event: &EngineEvent| matches!(event, EngineEvent::Connected(known, _) if *known == peer);
        match self.engine.waiting.iter().rposition(last) {
            Some(at) => _ = self.engine.waiting.remove(at),
            None => self.engine.must(EngineEvent::Disconnected(peer, node)),
        }
    }

    /// Somebody said something to all.
    pub(super) fn gossip(&mut self, gossip: Gossip) {
        let (topic, size) = (gossip.topic, gossip.data.len());
        let arrived = match topic {
            Topic::Consensus | Topic::Liveness | Topic::Status => {
                self.engine.may(EngineEvent::Gossip(gossip), size).is_ok()
            }
            Topic::Parts => self.later.may(EngineEvent::Gossip(gossip), size).is_ok(),
            Topic::Submissions => self.mempool.may(MempoolEvent::Gossip(gossip), size).is_ok(),
        };
        if !arrived {
            self.counters.topic(topic).dropped.one();
        }
    }

    /// Somebody asks. Whether the question found room; where not, its answer is dropped with it.
    pub(super) fn question(&mut self, question: Question) -> bool {
        match question.request {
            Request::Engine(ref bytes) => {
                let size = bytes.len();
                self.later.may(EngineEvent::Question(question), size).is_ok()
            }
            Request::Submissions { .. } => self.mempool.may(MempoolEvent::Question(question), 0).is_ok(),
            Request::Range { .. } => self.blocks.may(question, 0).is_ok(),
        }
    }

    /// Whether something waits for room.
    pub(super) fn waits(&self) -> bool {
        !self.engine.waiting.is_empty() || !self.mempool.waiting.is_empty()
    }

    /// Sends what waits, as far as there is room.
    pub(super) fn flush(&mut self) {
        self.engine.flush();
        self.mempool.flush();
    }
}
