//! The one swarm, and all that crosses it.
//!
//! Members alone are let in: a peer whose id is not the peer key of a node of the membership is cut off
//! as soon as Noise has told it. Gossip carries what everybody shall see and may drop it; requests fetch
//! what was dropped.

mod behaviour;
mod codec;
mod conduct;
mod config;
mod counters;
mod dial;
mod door;
mod events;
mod frame;
mod gate;
mod gossip;
mod inbox;
mod members;
mod passing;
mod rate;
mod swarm;
#[cfg(test)]
mod tests;
mod topics;
mod transport;
pub mod wire;

use bytes::Bytes;
use ledger_core::names::NodeNumber;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use topics::Lane;
use wire::{Request, Response};

pub use config::{NetworkConfig, NetworkError, PeerConfig};
pub use counters::{Counter, Counters, TopicCounters};
pub use libp2p::PeerId;
pub use members::peer_id;
pub use swarm::spawn;
pub use topics::{MAX_CONSENSUS, MAX_LIVENESS, MAX_PART, MAX_STATUS, MAX_SUBMISSION};

/// What gossip is about: one topic each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Votes and proposals.
    Consensus,
    /// Polka and round certificates, and votes sent again: without them one liar can stall every round.
    Liveness,
    /// Blocks under way, in parts.
    Parts,
    /// Who stands where.
    Status,
    /// Submissions.
    Submissions,
}

/// What a member's node said to all.
#[derive(Clone, Debug)]
pub struct Gossip {
    /// What it is about.
    pub topic: Topic,
    /// The peer that it came from.
    pub from: PeerId,
    /// The peer that said it, by its signature.
    pub author: PeerId,
    /// The node that said it, by the membership.
    pub node: NodeNumber,
    /// What it said, no longer than the topic's cap.
    pub data: Bytes,
}

/// A question of another node.
#[derive(Debug)]
pub struct Question {
    /// The peer that asks.
    pub from: PeerId,
    /// Its node.
    pub node: NodeNumber,
    /// What it asks.
    pub request: Request,
    /// Where the answer goes; a dropped one ends the question unanswered.
    pub answer: oneshot::Sender<Response>,
}

/// What the engine's adapter hears.
#[derive(Debug)]
pub enum EngineEvent {
    /// A node is connected.
    Connected(PeerId, NodeNumber),
    /// A node is gone.
    Disconnected(PeerId, NodeNumber),
    /// Consensus, liveness, parts or status.
    Gossip(Gossip),
    /// [`Request::Engine`].
    Question(Question),
}

/// What the mempool hears.
#[derive(Debug)]
pub enum MempoolEvent {
    /// A node is connected: it may lack what was gossiped before.
    Connected(PeerId, NodeNumber),
    /// A submission.
    Gossip(Gossip),
    /// [`Request::Submissions`].
    Question(Question),
}

/// What comes in from the network, to each of the three that listen. The queues are bounded: what finds
/// one full is dropped and counted.
#[derive(Debug)]
pub struct Inboxes {
    /// For the engine's adapter.
    pub engine: EngineInbox,
    /// For the mempool.
    pub mempool: mpsc::Receiver<MempoolEvent>,
    /// For whoever serves blocks: [`Request::Range`].
    pub blocks: mpsc::Receiver<Question>,
}

/// What comes in for the engine's adapter: votes and who comes and goes first, parts and questions then.
#[derive(Debug)]
pub struct EngineInbox {
    first: mpsc::Receiver<EngineEvent>,
    then: mpsc::Receiver<EngineEvent>,
}

impl EngineInbox {
    pub(crate) const fn new(first: mpsc::Receiver<EngineEvent>, then: mpsc::Receiver<EngineEvent>) -> Self {
        Self { first, then }
    }

    /// The next event; none once the swarm has ended. What is waited for by all comes first. It cannot keep the rest away
    /// for good, since what each author says in a second is bounded; but all authors have one queue.
    pub async fn recv(&mut self) -> Option<EngineEvent> {
        tokio::select! {
            biased;
            Some(event) = self.first.recv() => Some(event),
            Some(event) = self.then.recv() => Some(event),
            else => None,
        }
    }

    /// The next event, where there is one now.
    #[cfg(test)]
    pub(crate) fn try_recv(&mut self) -> Option<EngineEvent> {
        self.first.try_recv().or_else(|_| self.then.try_recv()).ok()
    }
}

/// A node that is connected now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The node.
    pub node: NodeNumber,
    /// Its peer id.
    pub id: PeerId,
    /// Its address.
    pub address: String,
    /// How long a ping takes there and back, where one was answered.
    pub round_trip: Option<Duration>,
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The peer is not connected.
    #[error("the peer is not connected")]
    NotConnected,
    /// The peer did not answer in time.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The peer answered with what is no answer, or closed the connection.
    #[error("the connection to the peer was lost, or it answered what cannot be read")]
    Lost,
    /// This node's own queue is full, or its network has ended.
    #[error("the network of this node is busy or has ended")]
    Busy,
}

/// What the swarm is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    Publish(Topic, Bytes),
    Request(PeerId, Request, oneshot::Sender<Result<Response, RequestError>>),
    Cut(PeerId, &'static str),
}

/// A handle on the swarm.
#[derive(Clone, Debug)]
pub struct Network {
    /// Cuts, which wait behind nothing.
    pub(crate) cuts: mpsc::Sender<Command>,
    /// What goes out on the lane of votes.
    pub(crate) votes: mpsc::Sender<Command>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) peers: watch::Receiver<Vec<Peer>>,
    pub(crate) own: PeerId,
    pub(crate) listening: watch::Receiver<Vec<SocketAddr>>,
    pub(crate) counters: Arc<Counters>,
}

impl Network {
    /// A handle without a swarm: whoever makes it obeys the commands.
    #[cfg(test)]
    pub(crate) fn without_swarm(
        commands: mpsc::Sender<Command>,
        peers: watch::Receiver<Vec<Peer>>,
        own: PeerId,
    ) -> Self {
        let listening = watch::Sender::default().subscribe();
        let (cuts, votes) = (commands.clone(), commands.clone());
        Self { cuts, votes, commands, peers, own, listening, counters: Arc::default() }
    }

    /// Says something to all. It may get lost: whoever needs it asks for it.
    pub async fn publish(&self, topic: Topic, data: Bytes) {
        let lane = match topic.lane() {
            Lane::Votes => &self.votes,
            Lane::Bulk => &self.commands,
        };
        // Once the swarm has ended there is nobody to say it to.
        let _ = lane.send(Command::Publish(topic, data)).await;
    }

    /// Asks a peer.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn request(&self, to: PeerId, request: Request) -> Result<Response, RequestError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Request(to, request, reply)).await.map_err(|_| RequestError::Busy)?;
        answer.await.map_err(|_| RequestError::Busy)?
    }

    /// Closes the connection to a peer that misbehaves, and does not take it back for a while.
    pub async fn cut(&self, peer: PeerId, why: &'static str) {
        let _ = self.cuts.send(Command::Cut(peer, why)).await;
    }

    /// Who is connected.
    #[must_use]
    pub fn peers(&self) -> watch::Receiver<Vec<Peer>> {
        self.peers.clone()
    }

    /// The own peer id.
    #[must_use]
    pub const fn own(&self) -> PeerId {
        self.own
    }

    /// Where this node listens, once it does.
    #[must_use]
    pub fn listening(&self) -> watch::Receiver<Vec<SocketAddr>> {
        self.listening.clone()
    }

    /// Who was cut off last, and why.
    #[must_use]
    pub fn last_cut(&self) -> Option<(PeerId, String)> {
        let last = *self.counters.last_cut.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|(peer, why)| (peer, why.to_owned()))
    }

    /// What was counted since the start.
    #[must_use]
    pub const fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }
}
