//! What the task does about what it hears from the library.

use super::behaviour::{BehaviourEvent, QUESTION_TIME};
use super::codec::NoQuestion;
use super::conduct::Bringer;
use super::dial::socket_address;
use super::gossip::{Fault, GossipEvent};
use super::passing::Heard;
use super::swarm::{Connected, Task};
use super::wire::{Request, Response};
use super::{Gossip, Peer, PeerId, Question, RequestError, Topic};
use bytes::Bytes;
use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::{self, MessageAcceptance, TopicHash};
use libp2p::request_response::{self, OutboundFailure, ResponseChannel};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, ping};
use std::collections::BTreeSet;
use std::io;
use std::time::Instant;
use tokio::sync::oneshot;

/// What comes of a message.
enum Verdict {
    /// Pass it on, here and to others.
    Good(Topic, Gossip),
    /// Neither, yet whoever sent it may not know better.
    Stale(Topic),
    /// The same, and more than its author may say. Where who sent it is the author, he knows better.
    Excess(Topic),
    /// Whoever sent it is at fault: its bytes alone show that to everybody.
    Bad(Topic, &'static str),
}

impl Task {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the library's other events ask for nothing")]
    pub(super) fn hear(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Votes(event) | BehaviourEvent::Bulk(event)) => {
                self.hear_gossip(event)
            }
            SwarmEvent::Behaviour(BehaviourEvent::Questions(event)) => self.hear_question(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.hear_ping(event),
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => self.established(peer_id, &endpoint),
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => self.gone(peer_id),
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id, error } => {
                self.call_failed(connection_id, peer_id, &error);
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "a connection was refused or failed");
            }
            SwarmEvent::NewListenAddr { address, .. } => self.listens(&address),
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(?addresses, ?reason, "no longer listening: nobody can call this node");
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a connection could not be taken"),
            _ => {}
        }
    }

    fn listens(&mut self, address: &Multiaddr) {
        tracing::info!(%address, "listening");
        if let Some(address) = socket_address(address) {
            self.listening.send_modify(|addresses| addresses.push(address));
        }
    }

    fn established(&mut self, peer: PeerId, endpoint: &ConnectedPoint) {
        let now = Instant::now();
        if let Some(known) = self.connected.remove(&peer) {
            // It may have started anew, and what was said on the connection before may be lost.
            tracing::info!(node = %known.node, %peer, "came back while it was still connected");
            self.leave(peer, &known);
        }
        let Some(node) = self.node(&peer) else {
            let _ = self.swarm.disconnect_peer_id(peer);
            return;
        };
        if !self.conduct.may_come(peer, now) {
            tracing::debug!(%node, %peer, "comes too often: disconnected");
            let _ = self.swarm.disconnect_peer_id(peer);
            return;
        }
        let address = endpoint.get_remote_address().clone();
        tracing::debug!(%node, %address, %peer, "connected");
        self.connected.insert(peer, Connected { node, address, round_trip: None, hears: BTreeSet::new() });
        self.replays.begin(&peer);
        self.dialer.connected(peer, &self.members, now);
        self.announce();
    }

    /// A peer hears from now on what is said in a topic. Once it hears both lanes, those who say something are told
    /// that it is here.
    fn hears(&mut self, peer: PeerId, topic: &TopicHash) {
        let (Some(topic), Some(known)) = (self.topics.get(topic), self.connected.get_mut(&peer)) else { return };
        if known.hears.insert(topic.lane()) && known.hears_all() {
            self.outlets.connected(peer, known.node);
        }
    }

    fn leave(&mut self, peer: PeerId, known: &Connected) {
        if known.hears_all() {
            self.outlets.disconnected(peer, known.node);
        }
    }

    fn gone(&mut self, peer: PeerId) {
        let Some(known) = self.connected.remove(&peer) else { return };
        tracing::debug!(node = %known.node, %peer, "disconnected");
        self.dialer.disconnected(&peer, Instant::now());
        self.leave(peer, &known);
        self.announce();
    }

    /// Tells who watches which peers there are.
    fn announce(&mut self) {
        self.look_around();
        let peer = |(id, known): (&PeerId, &Connected)| Peer {
            node: known.node,
            id: *id,
            address: socket_address(&known.address).map_or_else(|| known.address.to_string(), |at| at.to_string()),
            round_trip: known.round_trip,
        };
        let mut peers: Vec<_> = self.connected.iter().map(peer).collect();
        peers.sort_by_key(|peer| (peer.node, peer.id));
        self.peers.send_replace(peers);
    }

    fn call_failed(&mut self, connection: ConnectionId, peer: Option<PeerId>, error: &DialError) {
        if self.dialer.call_failed(connection, Instant::now()) {
            self.counters.dials_failed.one();
        }
        if let (DialError::WrongPeerId { obtained, .. }, Some(expected)) = (error, peer) {
            let node = self.node(&expected).map(|node| node.0);
            tracing::warn!(node, %expected, %obtained, "another peer answers at a configured address");
        } else {
            tracing::debug!(?peer, %error, "could not be called");
        }
    }

    fn hear_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(round_trip) => {
                if let Some(known) = self.connected.get_mut(&event.peer) {
                    known.round_trip = Some(round_trip);
                    self.announce();
                }
            }
            // Whoever does not speak ping is judged by what he does speak.
            Err(ping::Failure::Unsupported) => {}
            // The transport ends what is dead. What lives and is late may have megabytes before the answer.
            Err(error @ (ping::Failure::Timeout | ping::Failure::Other { .. })) => {
                tracing::debug!(peer = %event.peer, %error, "a ping is not answered in time");
            }
        }
    }

    fn hear_gossip(&mut self, event: GossipEvent) {
        match event {
            GossipEvent::Said(gossipsub::Event::Message { propagation_source, message_id, message }) => {
                self.hear_message(propagation_source, message_id, message);
            }
            GossipEvent::Said(gossipsub::Event::SlowPeer { peer_id, failed_messages }) => {
                self.counters.slow.add(failed_messages.publish + failed_messages.forward);
                if failed_messages.publish > 0 && failed_messages.timeout > 0 {
                    // The library keeps the room of what grew too old in this queue: a new one has it back.
                    let node = self.node(&peer_id).map(|node| node.0);
                    tracing::info!(node, peer = %peer_id, "too slow for too long: disconnected");
                    let _ = self.swarm.disconnect_peer_id(peer_id);
                }
            }
            GossipEvent::Said(gossipsub::Event::Subscribed { peer_id, topic }) => self.hears(peer_id, &topic),
            GossipEvent::Said(
                gossipsub::Event::Unsubscribed { .. } | gossipsub::Event::GossipsubNotSupported { .. },
            ) => {}
            GossipEvent::Fault(peer, fault) => {
                self.counters.malformed.one();
                self.strike(
                    peer,
                    match fault {
                        Fault::Frame => "it sends gossip that is no frame, or one larger than any",
                        Fault::Message => "it passes on messages that their author did not sign",
                        Fault::Flood => "it sends more gossip than all have to say",
                    },
                );
            }
        }
    }

    fn hear_message(&mut self, source: PeerId, id: gossipsub::MessageId, message: gossipsub::Message) {
        let (topic, author) = (self.topics.get(&message.topic).copied(), message.source);
        let Some(topic) = topic else { return };
        let word = Heard { lane: topic.lane(), id, from: source };
        let (acceptance, fault) = match self.judge(topic, source, message) {
            None => (MessageAcceptance::Ignore, None),
            Some(Verdict::Good(topic, gossip)) => {
                self.counters.topic(topic).messages_in.one();
                self.counters.topic(topic).bytes_in.add(gossip.data.len());
                let is_validators = self.members.is_validator(&gossip.author);
                self.outlets.gossip(gossip);
                if let Some(word) = self.passing.take(word, is_validators, Instant::now()) {
                    self.judged(&word, MessageAcceptance::Accept);
                }
                return;
            }
            Some(Verdict::Stale(topic)) => {
                self.counters.topic(topic).rejected.one();
                (MessageAcceptance::Ignore, None)
            }
            Some(Verdict::Excess(topic)) => {
                self.counters.topic(topic).rejected.one();
                let is_own = author == Some(source);
                (MessageAcceptance::Ignore, is_own.then_some("it says more than anybody has to say"))
            }
            Some(Verdict::Bad(topic, why)) => {
                self.counters.topic(topic).rejected.one();
                (MessageAcceptance::Reject, Some(why))
            }
        };
        self.judged(&word, acceptance);
        if let Some(why) = fault {
            self.strike(source, why);
        }
    }

    /// Judges a message whose author's signature holds. None for one without an author.
    fn judge(&mut self, topic: Topic, from: PeerId, message: gossipsub::Message) -> Option<Verdict> {
        let (size, now) = (message.data.len(), Instant::now());
        if size > topic.longest() {
            return Some(Verdict::Bad(topic, "it sends messages larger than their topic allows"));
        }
        let author = message.source?;
        // Of a new member another node may know a block earlier, and of larger blocks; what is old here may be new
        // elsewhere. To pass such words on is no fault.
        let Some(node) = self.node(&author) else { return Some(Verdict::Stale(topic)) };
        if size > topic.cap(self.members.block_bytes()) {
            return Some(Verdict::Stale(topic));
        }
        let by = if author == from { Bringer::Author } else { Bringer::Another };
        if !self.replays.is_new(author, topic.lane(), message.sequence_number?, by, now) {
            return Some(Verdict::Stale(topic));
        }
        if !self.shares.take(author, topic.lane(), size, now) {
            return Some(Verdict::Excess(topic));
        }
        Some(Verdict::Good(topic, Gossip { topic, from, author, node, data: Bytes::from(message.data) }))
    }

    fn hear_question(&mut self, event: request_response::Event<Result<Request, NoQuestion>, Response>) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                request_response::Message::Request { request: Ok(request), channel, .. } => {
                    self.asked_by(peer, request, channel);
                }
                request_response::Message::Request { request: Err(NoQuestion(error)), .. } => {
                    tracing::debug!(%peer, %error, "no question");
                    self.strike(peer, "it asks what is no question, or one larger than any");
                }
                request_response::Message::Response { request_id, response } => {
                    if let Some(reply) = self.asked.remove(&request_id) {
                        let _ = reply.send(Ok(response));
                    }
                }
            },
            request_response::Event::OutboundFailure { peer, request_id, error, .. } => {
                if let Some(reply) = self.asked.remove(&request_id) {
                    let _ = reply.send(Err(reason(&error)));
                }
                if matches!(&error, OutboundFailure::Io(error) if error.kind() == io::ErrorKind::InvalidData) {
                    self.strike(peer, "it answers what is no answer, or one larger than any");
                }
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "a question stays unanswered");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn asked_by(&mut self, peer: PeerId, request: Request, channel: ResponseChannel<Response>) {
        let Some(node) = self.node(&peer) else { return };
        let (answer, answered) = oneshot::channel();
        let heard = self.conduct.may_ask(peer, Instant::now())
            && self.outlets.question(Question { from: peer, node, request, answer });
        if !heard {
            self.counters.questions_busy.one();
            let _ = self.swarm.behaviour_mut().questions.send_response(channel, Response::Busy);
            return;
        }
        self.counters.questions_in.one();
        self.answers.push(Box::pin(async move {
            let answer = tokio::time::timeout(QUESTION_TIME, answered).await;
            (channel, answer.ok().and_then(Result::ok))
        }));
    }

    /// Notes a fault of a peer, and cuts it off once they are too many.
    fn strike(&mut self, peer: PeerId, why: &'static str) {
        tracing::info!(node = self.node(&peer).map(|node| node.0), %peer, why, "a fault");
        if !self.conduct.bears(peer, Instant::now()) {
            self.cut(peer, why);
        }
    }
}

fn reason(error: &OutboundFailure) -> RequestError {
    match error {
        OutboundFailure::DialFailure => RequestError::NotConnected,
        OutboundFailure::Timeout => RequestError::Timeout,
        OutboundFailure::ConnectionClosed | OutboundFailure::UnsupportedProtocols | OutboundFailure::Io(_) => {
            RequestError::Lost
        }
    }
}
