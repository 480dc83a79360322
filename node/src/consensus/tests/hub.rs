//! A network in memory: what one node publishes, all connected ones hear.

use crate::network::{Command, EngineEvent, EngineInbox, Gossip, Network, Peer, PeerId, Question, RequestError, Topic};
use bytes::Bytes;
use ledger_core::names::NodeNumber;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot, watch};

/// What a test does to the messages of a node: false drops one.
pub(super) type Filter = Arc<dyn Fn(NodeNumber, NodeNumber) -> bool + Send + Sync>;

struct Seat {
    id: PeerId,
    inbox: mpsc::Sender<EngineEvent>,
    peers: watch::Sender<Vec<Peer>>,
}

/// The hub. A clone is another handle on it.
#[derive(Clone)]
pub(super) struct Hub {
    seats: Arc<Mutex<BTreeMap<NodeNumber, Seat>>>,
    cut: Arc<Mutex<Vec<(NodeNumber, &'static str)>>>,
    filter: Arc<Mutex<Filter>>,
    muted: Arc<Mutex<Option<Topic>>>,
    /// How often each node said again what it had said, on the topic for that.
    again: Arc<Mutex<BTreeMap<NodeNumber, usize>>>,
}

impl Hub {
    pub(super) fn new() -> Self {
        let pass: Filter = Arc::new(|_, _| true);
        Self {
            seats: Arc::default(),
            cut: Arc::default(),
            filter: Arc::new(Mutex::new(pass)),
            muted: Arc::default(),
            again: Arc::default(),
        }
    }

    /// From now on only what the filter lets through arrives: sender, receiver.
    pub(super) fn only(&self, filter: impl Fn(NodeNumber, NodeNumber) -> bool + Send + Sync + 'static) {
        *self.filter.lock().unwrap() = Arc::new(filter);
    }

    /// From now on nothing on this topic arrives.
    pub(super) fn mute(&self, topic: Option<Topic>) {
        *self.muted.lock().unwrap() = topic;
    }

    /// Says something in the name of a node to these alone.
    pub(super) fn whisper(&self, node: NodeNumber, to: &[NodeNumber], topic: Topic, data: &Bytes) {
        let seats = self.seats.lock().unwrap();
        let from = seats[&node].id;
        for seat in to.iter().filter_map(|to| seats.get(to)) {
            let gossip = Gossip { topic, from, author: from, node, data: data.clone() };
            let _ = seat.inbox.try_send(EngineEvent::Gossip(gossip));
        }
    }

    /// How often a node said its votes again, since it waits for others.
    pub(super) fn said_again(&self, node: NodeNumber) -> usize {
        self.again.lock().unwrap().get(&node).copied().unwrap_or_default()
    }

    /// The peer id of a node.
    pub(super) fn id(&self, node: NodeNumber) -> PeerId {
        self.seats.lock().unwrap()[&node].id
    }

    /// Who was cut off, and why.
    pub(super) fn cut(&self) -> Vec<(NodeNumber, &'static str)> {
        self.cut.lock().unwrap().clone()
    }

    /// Connects a node with all others; its receiver is what its agreement hears.
    pub(super) fn join(&self, node: NodeNumber) -> (Network, EngineInbox) {
        let id = PeerId::random();
        let (inbox, heard) = mpsc::channel(1024);
        let (commands, mut told) = mpsc::channel(1024);
        let (peers, seen) = watch::channel(Vec::new());
        let mut seats = self.seats.lock().unwrap();
        for (other, seat) in seats.iter() {
            let _ = seat.inbox.try_send(EngineEvent::Connected(id, node));
            let _ = inbox.try_send(EngineEvent::Connected(seat.id, *other));
        }
        seats.insert(node, Seat { id, inbox, peers });
        Self::introduce(&seats);
        drop(seats);
        let hub = self.clone();
        tokio::spawn(async move {
            while let Some(command) = told.recv().await {
                hub.carry(node, id, command);
            }
        });
        let (_, nothing) = mpsc::channel(1);
        (Network::without_swarm(commands, seen, id), EngineInbox::new(heard, nothing))
    }

    /// Disconnects a node.
    pub(super) fn leave(&self, node: NodeNumber) {
        let mut seats = self.seats.lock().unwrap();
        let Some(gone) = seats.remove(&node) else { return };
        for seat in seats.values() {
            let _ = seat.inbox.try_send(EngineEvent::Disconnected(gone.id, node));
        }
        Self::introduce(&seats);
    }

    fn introduce(seats: &BTreeMap<NodeNumber, Seat>) {
        for (node, seat) in seats {
            let others = seats.iter().filter(|(other, _)| *other != node);
            let peer = |(node, seat): (&NodeNumber, &Seat)| Peer {
                node: *node,
                id: seat.id,
                address: String::new(),
                round_trip: None,
            };
            seat.peers.send_replace(others.map(peer).collect());
        }
    }

    fn carry(&self, node: NodeNumber, from: PeerId, command: Command) {
        let filter = Arc::clone(&self.filter.lock().unwrap());
        let seats = self.seats.lock().unwrap();
        if seats.get(&node).is_none_or(|seat| seat.id != from) {
            return;
        }
        if matches!(command, Command::Publish(Topic::Liveness, _)) {
            *self.again.lock().unwrap().entry(node).or_default() += 1;
        }
        match command {
            Command::Publish(topic, _) if *self.muted.lock().unwrap() == Some(topic) => {}
            Command::Publish(topic, data) => {
                for (_, seat) in seats.iter().filter(|(to, _)| **to != node && filter(node, **to)) {
                    let gossip = Gossip { topic, from, author: from, node, data: data.clone() };
                    let _ = seat.inbox.try_send(EngineEvent::Gossip(gossip));
                }
            }
            Command::Request(to, request, reply) => {
                let seat = seats.iter().find(|(other, seat)| seat.id == to && filter(node, **other));
                let Some((_, seat)) = seat else {
                    let _ = reply.send(Err(RequestError::NotConnected));
                    return;
                };
                let (answer, answered) = oneshot::channel();
                let _ = seat.inbox.try_send(EngineEvent::Question(Question { from, node, request, answer }));
                tokio::spawn(async move {
                    let _ = reply.send(answered.await.map_err(|_| RequestError::Lost));
                });
            }
            Command::Cut(peer, why) => {
                let cut = seats.iter().find(|(_, seat)| seat.id == peer).map(|(node, _)| *node);
                self.cut.lock().unwrap().extend(cut.map(|node| (node, why)));
            }
        }
    }
}
