//! Who is let in: one decision, taken as soon as Noise has told who is there, before a handler exists and
//! so before any protocol is negotiated.
//!
//! Members are let in; a pinned peer too, but only where this node called it; who was cut off is kept out
//! for a while. When the membership changes, connections that it no longer allows are closed.

use super::counters::Counters;
use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint, Multiaddr};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refused {
    #[error("{0} is no node of the membership")]
    Stranger(PeerId),
    #[error("{0} was cut off a moment ago")]
    CutOff(PeerId),
}

/// The gate.
pub(super) struct Gate {
    members: HashSet<PeerId>,
    pins: HashSet<PeerId>,
    cut_off: HashMap<PeerId, Instant>,
    /// Every connection, and whether this node called.
    connections: HashMap<ConnectionId, (PeerId, bool)>,
    closing: VecDeque<ConnectionId>,
    waker: Option<Waker>,
    counters: Arc<Counters>,
}

impl Gate {
    /// A gate that lets in nobody but the pinned peers that are called.
    pub(super) fn new(pins: HashSet<PeerId>, counters: Arc<Counters>) -> Self {
        Self {
            members: HashSet::new(),
            pins,
            cut_off: HashMap::new(),
            connections: HashMap::new(),
            closing: VecDeque::new(),
            waker: None,
            counters,
        }
    }

    /// Lets in these, and closes the connections of all that are not among them.
    pub(super) fn admit(&mut self, members: HashSet<PeerId>) {
        self.members = members;
        let now = Instant::now();
        let gone: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, (peer, called))| self.check(peer, *called, now).is_err())
            .map(|(connection, _)| *connection)
            .collect();
        self.close(gone);
    }

    /// Closes the connections of a peer and keeps it out for so long.
    pub(super) fn cut_off(&mut self, peer: PeerId, lasting: Duration) {
        let now = Instant::now();
        // Only members and pinned peers come here, so the list stays short; yet those who left fall out.
        self.cut_off.retain(|_, until| *until > now);
        self.cut_off.insert(peer, now + lasting);
        let gone: Vec<_> = self.connections.iter().filter(|(_, (of, _))| *of == peer).map(|(id, _)| *id).collect();
        self.close(gone);
    }

    fn close(&mut self, connections: Vec<ConnectionId>) {
        self.closing.extend(connections);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn check(&self, peer: &PeerId, called: bool, now: Instant) -> Result<(), Refused> {
        if self.cut_off.get(peer).is_some_and(|until| *until > now) {
            return Err(Refused::CutOff(*peer));
        }
        if self.members.contains(peer) || (called && self.pins.contains(peer)) {
            return Ok(());
        }
        Err(Refused::Stranger(*peer))
    }

    fn decide(&self, peer: &PeerId, called: bool) -> Result<(), ConnectionDenied> {
        self.check(peer, called, Instant::now()).map_err(|why| {
            if matches!(why, Refused::Stranger(_)) {
                self.counters.strangers.one();
            }
            ConnectionDenied::new(why)
        })
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.decide(&peer, false)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if let Some(peer) = peer {
            self.decide(&peer, true)?;
        }
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.decide(&peer, true)?;
        Ok(dummy::ConnectionHandler)
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "of the library's events two matter here")]
    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionEstablished(at) => {
                let called = matches!(at.endpoint, ConnectedPoint::Dialer { .. });
                self.connections.insert(at.connection_id, (at.peer_id, called));
            }
            FromSwarm::ConnectionClosed(at) => {
                self.connections.remove(&at.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        while let Some(connection) = self.closing.pop_front() {
            if let Some((peer_id, _)) = self.connections.get(&connection) {
                return Poll::Ready(ToSwarm::CloseConnection {
                    peer_id: *peer_id,
                    connection: CloseConnection::One(connection),
                });
            }
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
