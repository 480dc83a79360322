//! Who is let in: one decision, taken as soon as Noise has told who is there, before a handler exists and
//! so before any protocol is negotiated.
//!
//! Members are let in; a pinned peer too, but only where this node called it; who was cut off is kept out
//! for a while. When the membership changes, connections that it no longer allows are closed.
//!
//! A peer has one connection, and the newer one wins: whoever calls again has lost the old one, even where it
//! seems to live from here. Only where two have called each other in the same moment the older one may stay,
//! so that both keep the same one.

use super::counters::Counters;
use super::transport::HANDSHAKE_TIME;
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
    #[error("{0} and this node called each other in the same moment, and the other call stays")]
    SameMoment(PeerId),
}

/// Two nodes that call each other do so within this time, in which a call comes through or fails.
const SAME_MOMENT: Duration = HANDSHAKE_TIME;

/// A connection.
#[derive(Clone, Copy, Debug)]
struct Open {
    peer: PeerId,
    /// Whether this node called.
    called: bool,
    since: Instant,
    /// It is being closed, and counts no more.
    closing: bool,
}

/// The gate.
pub(super) struct Gate {
    own: PeerId,
    members: HashSet<PeerId>,
    pins: HashSet<PeerId>,
    cut_off: HashMap<PeerId, Instant>,
    connections: HashMap<ConnectionId, Open>,
    closing: VecDeque<ConnectionId>,
    waker: Option<Waker>,
    counters: Arc<Counters>,
}

impl Gate {
    /// A gate that lets in nobody but the pinned peers that are called.
    pub(super) fn new(own: PeerId, pins: HashSet<PeerId>, counters: Arc<Counters>) -> Self {
        Self {
            own,
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
        self.close(|gate, open| gate.check(&open.peer, open.called, now).is_err());
    }

    /// Closes the connections of a peer and keeps it out for so long.
    pub(super) fn cut_off(&mut self, peer: PeerId, lasting: Duration) {
        let now = Instant::now();
        // Only members and pinned peers come here, so the list stays short; yet those who left fall out.
        self.cut_off.retain(|_, until| *until > now);
        self.cut_off.insert(peer, now + lasting);
        self.close(|_, open| open.peer == peer);
    }

    fn close(&mut self, which: impl Fn(&Self, &Open) -> bool) {
        let gone = self.connections.iter().filter(|(_, open)| !open.closing && which(self, open));
        let gone: Vec<_> = gone.map(|(connection, _)| *connection).collect();
        for connection in gone {
            if let Some(open) = self.connections.get_mut(&connection) {
                open.closing = true;
            }
            self.closing.push_back(connection);
        }
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

    /// Whether a connection that comes now takes the place of the one that a peer has.
    fn wins(&self, open: &Open, called: bool, now: Instant) -> bool {
        let caller_is_first = called == (self.own < open.peer);
        open.closing
            || open.called == called
            || now.saturating_duration_since(open.since) > SAME_MOMENT
            || caller_is_first
    }

    fn establish(&self, peer: &PeerId, called: bool) -> Result<(), ConnectionDenied> {
        self.decide(peer, called)?;
        let now = Instant::now();
        let wins = self.connections.values().all(|open| open.peer != *peer || self.wins(open, called, now));
        if wins { Ok(()) } else { Err(ConnectionDenied::new(Refused::SameMoment(*peer))) }
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
        self.establish(&peer, false)?;
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
        self.establish(&peer, true)?;
        Ok(dummy::ConnectionHandler)
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "of the library's events two matter here")]
    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionEstablished(at) => {
                let called = matches!(at.endpoint, ConnectedPoint::Dialer { .. });
                let (peer, since, closing) = (at.peer_id, Instant::now(), false);
                self.close(|_, open| open.peer == peer);
                self.connections.insert(at.connection_id, Open { peer, called, since, closing });
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
            if let Some(open) = self.connections.get(&connection) {
                return Poll::Ready(ToSwarm::CloseConnection {
                    peer_id: open.peer,
                    connection: CloseConnection::One(connection),
                });
            }
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether, on a node that is the lower of the two or not, a call in or out wins against an older connection
    /// of this direction and age.
    fn wins(own_is_lower: bool, old_called: bool, called: bool, age: Duration) -> bool {
        let (one, other) = (PeerId::random(), PeerId::random());
        let (own, peer) = if (one < other) == own_is_lower { (one, other) } else { (other, one) };
        let now = Instant::now();
        let open = Open { peer, called: old_called, since: now, closing: false };
        Gate::new(own, HashSet::new(), Arc::default()).wins(&open, called, now + age)
    }

    #[test]
    fn the_newer_connection_wins_but_of_two_calls_in_one_moment_both_keep_the_same() {
        let (now, later) = (Duration::from_millis(20), SAME_MOMENT + Duration::from_millis(1));
        for lower in [false, true] {
            for called in [false, true] {
                assert!(wins(lower, called, called, now), "who calls again has lost the first one");
                assert!(wins(lower, !called, called, later));
            }
        }
        // One call is A's, the other B's. A has B's first and then its own, or the other way round; so does B.
        for a_is_lower in [false, true] {
            let a_keeps_own = [wins(a_is_lower, false, true, now), !wins(a_is_lower, true, false, now)];
            let b_keeps_as = [!wins(!a_is_lower, true, false, now), wins(!a_is_lower, false, true, now)];
            assert_eq!(a_keeps_own, [a_is_lower; 2]);
            assert_eq!(b_keeps_as, [!a_is_lower; 2]);
        }
    }
}
