//! Who may knock: limits on connections that have not said yet who they are, before Noise costs anything.
//!
//! Whoever opens connections and says nothing takes room until the handshake's time is over. So each address has so
//! much of it, addresses at which no member is known share so much, and that is never all: a member that comes back
//! finds room, whatever strangers do.

use super::counters::Counters;
use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Connections from one address that have not said who they are.
const OF_STRANGER: usize = 8;
/// The same of an address at which a member is known: many may stand behind it.
const OF_MEMBER: usize = 64;
/// The same of all addresses at which no member is known.
const OF_STRANGERS: usize = 128;
/// Addresses of members that are remembered.
const KNOWN: usize = 4_096;
/// How often the log tells of those that were refused.
const SAY: Duration = Duration::from_secs(60);

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Refused {
    #[error("too many connections from {0} have not said who they are")]
    Address(IpAddr),
    #[error("too many connections from unknown addresses have not said who they are")]
    Strangers,
}

/// The door.
pub(super) struct Door {
    waiting: HashMap<ConnectionId, IpAddr>,
    known: HashSet<IpAddr>,
    counters: Arc<Counters>,
    said: Option<Instant>,
}

impl Door {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { waiting: HashMap::new(), known: HashSet::new(), counters, said: None }
    }

    /// A member was reached at an address, or is looked for there.
    pub(super) fn know(&mut self, address: &Multiaddr) {
        if let Some(place) = place(address)
            && self.known.len() < KNOWN
        {
            self.known.insert(place);
        }
    }

    fn check(&self, place: IpAddr) -> Result<(), Refused> {
        let same = self.waiting.values().filter(|waiting| **waiting == place).count();
        if self.known.contains(&place) {
            return if same < OF_MEMBER { Ok(()) } else { Err(Refused::Address(place)) };
        }
        if same >= OF_STRANGER {
            return Err(Refused::Address(place));
        }
        let strangers = self.waiting.values().filter(|waiting| !self.known.contains(waiting)).count();
        if strangers < OF_STRANGERS { Ok(()) } else { Err(Refused::Strangers) }
    }

    fn refuse(&mut self, why: Refused, now: Instant) -> ConnectionDenied {
        self.counters.handshakes_refused.one();
        if self.said.is_none_or(|said| now.saturating_duration_since(said) >= SAY) {
            self.said = Some(now);
            let refused = self.counters.handshakes_refused.value();
            tracing::warn!(refused, "{why}: refused; the firewall should let in members alone");
        }
        ConnectionDenied::new(why)
    }
}

/// What counts as one address: of IPv6 the network, of which a single machine has all addresses.
fn place(address: &Multiaddr) -> Option<IpAddr> {
    let first = address.iter().next()?;
    if let Protocol::Ip4(ip) = first {
        return Some(ip.into());
    }
    let Protocol::Ip6(ip) = first else { return None };
    Some(match ip.to_ipv4_mapped() {
        Some(ip) => ip.into(),
        None => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    })
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(place) = place(from) else { return Ok(()) };
        self.check(place).map_err(|why| self.refuse(why, Instant::now()))?;
        self.waiting.insert(connection, place);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "of the library's events these end a handshake")]
    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionEstablished(at) => {
                self.waiting.remove(&at.connection_id);
                self.know(at.endpoint.get_remote_address());
            }
            FromSwarm::ListenFailure(at) => {
                self.waiting.remove(&at.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many connections an address opens before one is refused.
    fn opens(door: &mut Door, address: &str) -> usize {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1_000_000);
        let (address, own): (Multiaddr, Multiaddr) = (address.parse().unwrap(), "/ip4/10.0.0.1/tcp/1".parse().unwrap());
        let next = || NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let open = |_: &usize| {
            door.handle_pending_inbound_connection(ConnectionId::new_unchecked(next()), &own, &address).is_ok()
        };
        (0..10_000).take_while(open).count()
    }

    #[test]
    fn an_address_has_so_much_room_and_members_always_have_some() {
        let mut door = Door::new(Arc::default());
        door.know(&"/ip4/10.0.0.9/tcp/7000".parse().unwrap());
        assert_eq!(opens(&mut door, "/ip4/10.0.0.8/tcp/1"), OF_STRANGER);
        assert_eq!(opens(&mut door, "/ip6/2001:db8::1/tcp/1"), OF_STRANGER);
        assert_eq!(opens(&mut door, "/ip6/2001:db8::ffff/tcp/1"), 0, "of the same network");
        let others: usize = (10..200).map(|last| opens(&mut door, &format!("/ip4/10.0.1.{last}/tcp/1"))).sum();
        assert_eq!(others, OF_STRANGERS - 2 * OF_STRANGER);
        assert_eq!(opens(&mut door, "/ip4/10.0.0.9/tcp/1"), OF_MEMBER);
        assert_eq!(door.counters.handshakes_refused.value(), 194);
    }
}
