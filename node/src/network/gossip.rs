//! Gossipsub, watched: what a peer sends wrong is told instead of being swallowed, and floods are thinned
//! before anything is done with them.
//!
//! The library's own handler closes a stream whose frame it cannot read and says nothing; a peer could go
//! on for ever. Here its streams are read in its place: what is read goes to the library, what cannot be
//! read becomes a [`Fault`].

use super::behaviour::MAX_FRAME;
use super::frame::frames;
use super::rate::Bucket;
use futures::{Stream, StreamExt as _};
use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::gossipsub::{self, IdentityTransform, WhitelistSubscriptionFilter};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// Gossipsub, which hears of no topics but ours.
pub(super) type Gossipsub = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;
type Inner = THandler<Gossipsub>;
type InnerEvent = <Inner as ConnectionHandler>::ToBehaviour;
type Frames = Pin<Box<dyn Stream<Item = Result<InnerEvent, io::ErrorKind>> + Send>>;

/// A peer may send so many bytes at once: twice the largest block.
const BURST: u32 = 64 << 20;
/// … and so many in a second after that.
const BYTES_A_SECOND: f64 = (32 << 20) as f64;
/// What a message costs besides its bytes: its signature is checked, and it is told to all.
const MESSAGE_COST: usize = 1 << 10;

/// What a peer did that no sound node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A frame longer than any, or no frame.
    Frame,
    /// A message whose author did not sign it, or which lacks what every message has.
    Message,
    /// More bytes than anybody has to say.
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
    flow: Bucket,
    told: VecDeque<Told>,
}

impl Handler {
    fn new(inner: Inner) -> Self {
        let flow = Bucket::new(BURST, BYTES_A_SECOND, Instant::now());
        Self { inner, frames: None, flow, told: VecDeque::new() }
    }

    /// Takes what a peer sent: to the library, as far as it is sound and not too much.
    fn take(&mut self, event: InnerEvent) {
        if let InnerEvent::Message { rpc, invalid_messages } = &event {
            self.told.extend(invalid_messages.iter().take(1).map(|_| Told::Fault(Fault::Message)));
            let cost: usize = rpc.messages.iter().map(|message| message.data.len() + MESSAGE_COST).sum();
            let refused: usize = invalid_messages.iter().map(|(message, _)| message.data.len() + MESSAGE_COST).sum();
            let control = (rpc.control_msgs.len() + rpc.subscriptions.len()).saturating_mul(MESSAGE_COST / 8);
            if !self.flow.take(cost + refused + control, Instant::now()) {
                self.told.push_back(Told::Fault(Fault::Flood));
                return;
            }
        }
        self.told.push_back(Told::Inner(event));
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
                    self.frames = Some(Box::pin(frames(parts.io, parts.codec, MAX_FRAME)));
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
                Poll::Ready(Some(Ok(event))) => self.take(event),
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

/// Gossipsub with those handlers.
pub(super) struct Gossip {
    pub(super) inner: Gossipsub,
    faults: VecDeque<(PeerId, Fault)>,
}

impl Gossip {
    pub(super) fn new(inner: Gossipsub) -> Self {
        Self { inner, faults: VecDeque::new() }
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
        self.inner.handle_established_inbound_connection(connection, peer, local, remote).map(Handler::new)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(connection, peer, address, role, port).map(Handler::new)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Told::Inner(event) => self.inner.on_connection_handler_event(peer, connection, event),
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
