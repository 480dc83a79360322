//! Gossipsub, watched: what a peer sends wrong is told instead of being swallowed, and floods are thinned
//! before anything is done with them.
//!
//! The library's own handler closes a stream whose frame it cannot read and says nothing; a peer could go
//! on for ever. Here its streams are read in its place: what is read goes to the library, what cannot be
//! read becomes a [`Fault`].
//!
//! The library tells a peer of its topics on the first connection alone, and lets all connections of a peer take
//! from one queue. A peer that has started anew would never hear of the topics, and a dead connection would
//! swallow what is meant for it. So the library knows of one connection a peer, the newest: when another comes
//! it is told that the one before has ended, whose handler is heard no more.

use super::behaviour::frame_cap;
use super::conduct::passed_on;
use super::frame::{Came, Load, Pass, frames};
use super::rate::Bucket;
use super::topics::Lane;
use futures::{Stream, StreamExt as _};
use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint, Multiaddr};
use libp2p::gossipsub::{self, IdentityTransform, WhitelistSubscriptionFilter};
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

/// Gossipsub, which hears of no topics but ours.
pub(super) type Gossipsub = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;
type Inner = THandler<Gossipsub>;
type InnerEvent = <Inner as ConnectionHandler>::ToBehaviour;
type Frames = Pin<Box<dyn Stream<Item = Result<Came<InnerEvent>, io::ErrorKind>> + Send>>;

/// Of a peer so many bytes are read at once: twice the largest block; what is more is left unread.
const BURST: u32 = 64 << 20;
/// … and so many in a second after that.
const BYTES_A_SECOND: f64 = (32 << 20) as f64;
/// Of subscriptions and control a peer may send so many bytes at once …
const OTHER_BURST: u32 = 4 << 20;
/// … and so many in a second.
const OTHER_A_SECOND: f64 = (512 << 10) as f64;

/// What a peer did that no sound node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A frame longer than any, or no frame.
    Frame,
    /// A message whose author did not sign it, or which lacks what every message has.
    Message,
    /// More than all authors together have to say, or more control than any peer has.
    Flood,
}

/// What comes of it.
#[derive(Debug)]
pub(super) enum GossipEvent {
    /// What the library says.
    Said(gossipsub::Event),
    /// What a peer did.
    Fault(PeerId, Fault),
}

/// What the handler tells the behaviour.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all of them are the large one")]
pub(super) enum Told {
    Inner(InnerEvent),
    Fault(Fault),
}

/// The library's handler, but for the streams that come in.
pub(super) struct Handler {
    inner: Inner,
    frames: Option<Frames>,
    cap: usize,
    flow: Arc<Mutex<Flow>>,
    told: VecDeque<Told>,
}

impl Handler {
    fn new(inner: Inner, cap: usize, flow: Arc<Mutex<Flow>>) -> Self {
        Self { inner, frames: None, cap, flow, told: VecDeque::new() }
    }

    /// Takes what a peer sent to the library.
    fn take(&mut self, event: InnerEvent) {
        if let InnerEvent::Message { invalid_messages, .. } = &event {
            self.told.extend(invalid_messages.iter().take(1).map(|_| Told::Fault(Fault::Message)));
        }
        self.told.push_back(Told::Inner(event));
    }
}

/// What flows in from a peer on a lane. It outlasts the connections, so that to come again gains nothing.
struct Flow {
    messages: Bucket,
    bytes: Bucket,
    other: Bucket,
}

impl Flow {
    fn new(lane: Lane, authors: u32, now: Instant) -> Self {
        let (burst, a_second) = passed_on(lane, authors);
        Self {
            messages: Bucket::new(burst, f64::from(a_second), now),
            bytes: Bucket::new(BURST, BYTES_A_SECOND, now),
            other: Bucket::new(OTHER_BURST, OTHER_A_SECOND, now),
        }
    }

    /// What is to be done with a frame. Duplicates count as well: only who reads them knows that they are some.
    fn gauge(&mut self, load: Load, now: Instant) -> Pass {
        if !self.messages.take(load.messages, now) || !self.other.take(load.other, now) {
            return Pass::Flood;
        }
        if self.bytes.take(load.bytes, now) { Pass::Read } else { Pass::Leave }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = <Inner as ConnectionHandler>::FromBehaviour;
    type ToBehaviour = Told;
    type InboundProtocol = <Inner as ConnectionHandler>::InboundProtocol;
    type OutboundProtocol = <Inner as ConnectionHandler>::OutboundProtocol;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        self.inner.listen_protocol()
    }

    fn connection_keep_alive(&self) -> bool {
        self.inner.connection_keep_alive()
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.inner.on_behaviour_event(event);
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "every other event is the library's own")]
    fn on_connection_event(&mut self, event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => match protocol {
                futures::future::Either::Left((framed, peer_kind)) => {
                    self.told.push_back(Told::Inner(InnerEvent::PeerKind(peer_kind)));
                    // A peer has one stream at a time: a new one takes the place of the old.
                    let parts = framed.into_parts();
                    let flow = Arc::clone(&self.flow);
                    let gauge =
                        move |load| flow.lock().unwrap_or_else(PoisonError::into_inner).gauge(load, Instant::now());
                    self.frames = Some(Box::pin(frames(parts.io, parts.codec, self.cap, gauge)));
                }
                futures::future::Either::Right(never) => match never {},
            },
            other => self.inner.on_connection_event(other),
        }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(told));
            }
            if let Poll::Ready(event) = self.inner.poll(cx) {
                return Poll::Ready(event.map_custom(Told::Inner));
            }
            let Some(frames) = &mut self.frames else { return Poll::Pending };
            match frames.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => self.frames = None,
                Poll::Ready(Some(Ok(Came::Item(event)))) => self.take(event),
                Poll::Ready(Some(Ok(Came::Flood))) => self.told.push_back(Told::Fault(Fault::Flood)),
                Poll::Ready(Some(Err(kind))) => {
                    self.frames = None;
                    // Any other kind is a connection that broke, which happens to the best.
                    if kind == io::ErrorKind::InvalidData {
                        self.told.push_back(Told::Fault(Fault::Frame));
                    }
                }
            }
        }
    }
}

/// Gossipsub with those handlers, for one lane.
pub(super) struct Gossip {
    pub(super) inner: Gossipsub,
    lane: Lane,
    /// Nodes of the membership, each of which may say something.
    authors: u32,
    flows: HashMap<PeerId, Arc<Mutex<Flow>>>,
    /// The newest connection of each peer, which is the one that the library knows.
    newest: HashMap<PeerId, (ConnectionId, ConnectedPoint)>,
    faults: VecDeque<(PeerId, Fault)>,
}

impl Gossip {
    pub(super) fn new(inner: Gossipsub, lane: Lane) -> Self {
        Self { inner, lane, authors: 1, flows: HashMap::new(), newest: HashMap::new(), faults: VecDeque::new() }
    }

    /// So many nodes there are now; what is remembered of others is forgotten.
    pub(super) fn admit(&mut self, authors: usize, known: impl Fn(&PeerId) -> bool) {
        self.authors = u32::try_from(authors).unwrap_or(u32::MAX);
        self.flows.retain(|peer, _| known(peer));
        let now = Instant::now();
        for flow in self.flows.values() {
            *flow.lock().unwrap_or_else(PoisonError::into_inner) = Flow::new(self.lane, self.authors, now);
        }
    }

    fn handler(&mut self, peer: PeerId, inner: Inner) -> Handler {
        let (lane, authors, now) = (self.lane, self.authors, Instant::now());
        let flow = self.flows.entry(peer).or_insert_with(|| Arc::new(Mutex::new(Flow::new(lane, authors, now))));
        Handler::new(inner, frame_cap(lane), Arc::clone(flow))
    }

    /// The library's connection of a peer has ended.
    fn end(&mut self, peer_id: PeerId) {
        if let Some((connection_id, endpoint)) = self.newest.remove(&peer_id) {
            let (endpoint, cause, remaining_established) = (&endpoint, None, 0);
            let closed = ConnectionClosed { peer_id, connection_id, endpoint, cause, remaining_established };
            self.inner.on_swarm_event(FromSwarm::ConnectionClosed(closed));
        }
    }

    fn is_newest(&self, peer: &PeerId, connection: ConnectionId) -> bool {
        self.newest.get(peer).is_some_and(|(newest, _)| *newest == connection)
    }
}

impl NetworkBehaviour for Gossip {
    type ConnectionHandler = Handler;
    type ToSwarm = GossipEvent;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.end(peer);
        let inner = self.inner.handle_established_inbound_connection(connection, peer, local, remote)?;
        Ok(self.handler(peer, inner))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.end(peer);
        let inner = self.inner.handle_established_outbound_connection(connection, peer, address, role, port)?;
        Ok(self.handler(peer, inner))
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "every other event is the library's own")]
    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionEstablished(at) => {
                self.newest.insert(at.peer_id, (at.connection_id, at.endpoint.clone()));
                let first = ConnectionEstablished { other_established: 0, ..at };
                self.inner.on_swarm_event(FromSwarm::ConnectionEstablished(first));
            }
            FromSwarm::ConnectionClosed(at) => {
                if self.is_newest(&at.peer_id, at.connection_id) {
                    self.end(at.peer_id);
                }
            }
            other => self.inner.on_swarm_event(other),
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Told::Inner(event) => {
                if self.is_newest(&peer, connection) {
                    self.inner.on_connection_handler_event(peer, connection, event);
                }
            }
            Told::Fault(fault) => self.faults.push_back((peer, fault)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some((peer, fault)) = self.faults.pop_front() {
            return Poll::Ready(ToSwarm::GenerateEvent(GossipEvent::Fault(peer, fault)));
        }
        self.inner.poll(cx).map(|event| event.map_out(GossipEvent::Said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_peer_brings_what_all_authors_may_say_and_no_more() {
        let begun = Instant::now();
        let small = Load { messages: 128, bytes: 128 * 200, other: 0 };
        // 32,000 small messages a second are more than seventeen nodes have to say, on either lane.
        for lane in Lane::ALL {
            let mut flow = Flow::new(lane, 17, begun);
            let seconds = (0..30).find(|second| {
                let now = begun + Duration::from_secs(*second);
                (0..250).any(|_| flow.gauge(small, now) == Pass::Flood)
            });
            assert!(seconds.is_some(), "{lane:?}");
        }
        // What all seventeen say at the full rate of each passes, after a pause of some seconds too.
        let mut flow = Flow::new(Lane::Votes, 17, begun);
        let all = Load { messages: 17 * 1_024, bytes: 1 << 20, other: 0 };
        for second in [1, 2, 3, 8, 8, 8, 8, 9, 10] {
            assert_eq!(flow.gauge(all, begun + Duration::from_secs(second)), Pass::Read, "{second}");
        }
    }

    #[test]
    fn what_is_too_much_to_read_is_left_and_control_is_the_peers_own_doing() {
        let now = Instant::now();
        let mut flow = Flow::new(Lane::Bulk, 4, now);
        let large = Load { messages: 1, bytes: 8 << 20, other: 0 };
        let passed: Vec<_> = (0..10).map(|_| flow.gauge(large, now)).collect();
        assert_eq!(passed[..8], [Pass::Read; 8]);
        assert_eq!(passed[8..], [Pass::Leave; 2]);
        let control = Load { messages: 0, bytes: 0, other: 1 << 20 };
        let passed: Vec<_> = (0..5).map(|_| flow.gauge(control, now)).collect();
        assert_eq!(passed, [Pass::Read, Pass::Read, Pass::Read, Pass::Read, Pass::Flood]);
    }
}
