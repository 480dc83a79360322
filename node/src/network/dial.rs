//! Persistent peers: called until they are connected, and again when they are lost.
//!
//! What to do next is decided here, without a network; the swarm does it.
//!
//! Who cannot be reached is called every two seconds or so, for as long as it takes: a network that was cut in two
//! goes on seconds after the wire is whole again. Who can be reached and closes at once does so by intent, and is
//! left alone for longer and longer.

use super::config::PeerConfig;
use super::members::Members;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use rand_core::{OsRng, RngCore as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::lookup_host;

/// How long a first attempt is waited for before the second; each doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// No wait is longer for who cannot be reached.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// … nor for who closes every connection at once, or is not known yet.
const LONGEST_REFUSAL: Duration = Duration::from_secs(15);
/// Who closes a connection before this was over refuses it.
const SOUND: Duration = Duration::from_secs(1);
/// How long a name may take to be resolved, before the addresses that it had last are called.
const RESOLVE_TIME: Duration = Duration::from_secs(2);
/// No more addresses of one name are tried.
const MAX_ADDRESSES: usize = 8;

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting { until: Instant },
    Resolving,
    Calling(ConnectionId),
    Connected { peer: PeerId, since: Instant },
}

struct Persistent {
    config: PeerConfig,
    stage: Stage,
    attempts: u32,
    /// Connections that it closed at once, one after the other.
    refusals: u32,
    /// What its name meant last.
    addresses: Vec<Multiaddr>,
}

/// A call that is due: the name to resolve, and who is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) entry: usize,
    pub(super) peer: PeerId,
    pub(super) address: String,
}

/// All persistent peers.
pub(super) struct Dialer {
    own: PeerId,
    peers: Vec<Persistent>,
}

impl Dialer {
    pub(super) fn new(own: PeerId, peers: Vec<PeerConfig>, now: Instant) -> Self {
        let stage = Stage::Waiting { until: now };
        let new = |config| Persistent { config, stage, attempts: 0, refusals: 0, addresses: Vec::new() };
        let peers = peers.into_iter().map(new).collect();
        Self { own, peers }
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Instant> {
        let until = |peer: &Persistent| if let Stage::Waiting { until } = peer.stage { Some(until) } else { None };
        self.peers.iter().filter_map(until).min()
    }

    /// What is due now; it counts as being resolved from here on.
    pub(super) fn due(&mut self, members: &Members, now: Instant) -> Vec<Due> {
        let own = self.own;
        let due = self.peers.iter_mut().enumerate().filter_map(|(entry, peer)| {
            if !matches!(peer.stage, Stage::Waiting { until } if until <= now) {
                return None;
            }
            let Some(expected) = peer.expected(&own, members) else {
                // Itself, or nobody yet: the membership may say another thing later.
                peer.stage = Stage::Waiting { until: now + LONGEST_REFUSAL };
                return None;
            };
            if peer.attempts == 0 && own > expected {
                // Of two that call each other at once, one waits for the other's call a moment.
                peer.attempts = 1;
                peer.stage = Stage::Waiting { until: now + FIRST_WAIT * 2 };
                return None;
            }
            peer.stage = Stage::Resolving;
            Some(Due { entry, peer: expected, address: peer.config.address.clone() })
        });
        due.collect()
    }

    /// Whether an entry still wants the call for which its name was resolved.
    pub(super) fn wants(&self, entry: usize) -> bool {
        self.peers.get(entry).is_some_and(|peer| peer.stage == Stage::Resolving)
    }

    /// Where to call an entry: where its name points now, or where it last did while nobody can tell.
    ///
    /// # Errors
    /// Why nobody can tell, and never could.
    pub(super) fn addresses(
        &mut self,
        entry: usize,
        found: Result<Vec<Multiaddr>, String>,
    ) -> Result<Vec<Multiaddr>, String> {
        let Some(peer) = self.peers.get_mut(entry) else { return found };
        match found {
            Ok(found) => peer.addresses = found,
            Err(why) if peer.addresses.is_empty() => return Err(why),
            Err(why) => tracing::debug!(why, "called where it was last"),
        }
        Ok(peer.addresses.clone())
    }

    /// An entry is being called.
    pub(super) fn calling(&mut self, entry: usize, connection: ConnectionId) {
        if let Some(peer) = self.peers.get_mut(entry) {
            peer.stage = Stage::Calling(connection);
        }
    }

    /// An entry could not be called.
    pub(super) fn failed(&mut self, entry: usize, now: Instant) {
        if let Some(peer) = self.peers.get_mut(entry) {
            peer.unreachable(now);
        }
    }

    /// A call came to nothing. Whether it was one of these.
    pub(super) fn call_failed(&mut self, connection: ConnectionId, now: Instant) -> bool {
        let called = self.peers.iter_mut().find(|peer| peer.stage == Stage::Calling(connection));
        called.map(|peer| peer.unreachable(now)).is_some()
    }

    /// A peer is connected, whoever called.
    pub(super) fn connected(&mut self, peer: PeerId, members: &Members, now: Instant) {
        for entry in &mut self.peers {
            if !matches!(entry.stage, Stage::Connected { .. }) && entry.is(&peer, members) {
                entry.stage = Stage::Connected { peer, since: now };
            }
        }
    }

    /// A peer has no connection any more.
    pub(super) fn disconnected(&mut self, gone: &PeerId, now: Instant) {
        for entry in &mut self.peers {
            if let Stage::Connected { peer, since } = entry.stage
                && peer == *gone
            {
                if now.saturating_duration_since(since) < SOUND {
                    entry.refusals = entry.refusals.saturating_add(1);
                    entry.wait(entry.refusals, LONGEST_REFUSAL, now);
                } else {
                    (entry.attempts, entry.refusals) = (0, 0);
                    entry.wait(0, LONGEST_WAIT, now);
                }
            }
        }
    }

    /// The membership has changed: who waits for a name may have one now.
    pub(super) fn membership_changed(&mut self, now: Instant) {
        for entry in &mut self.peers {
            if matches!(entry.stage, Stage::Waiting { .. }) {
                entry.stage = Stage::Waiting { until: now };
            }
        }
    }
}

impl Persistent {
    fn is(&self, peer: &PeerId, members: &Members) -> bool {
        members.node(peer) == Some(self.config.node) || self.config.pin.as_ref() == Some(peer)
    }

    /// Who is expected at the address: by the chain and by the pin in turns, where they differ.
    fn expected(&self, own: &PeerId, members: &Members) -> Option<PeerId> {
        let (member, pin) = (members.peer(self.config.node), self.config.pin);
        if member == Some(*own) || pin == Some(*own) {
            return None;
        }
        if self.attempts.is_multiple_of(2) { pin.or(member) } else { member.or(pin) }
    }

    /// It could not be called.
    fn unreachable(&mut self, now: Instant) {
        self.refusals = 0;
        self.wait(self.attempts, LONGEST_WAIT, now);
    }

    /// Waits before the next attempt: twice as long for each one before, half to all of it by chance, so
    /// that nodes that were lost together do not come back together.
    fn wait(&mut self, before: u32, longest: Duration, now: Instant) {
        let full = FIRST_WAIT.saturating_mul(1 << before.min(6)).min(longest);
        let chance = f64::from(OsRng.next_u32()) / f64::from(u32::MAX);
        self.stage = Stage::Waiting { until: now + full.mul_f64(0.5 + chance / 2.0) };
        self.attempts = self.attempts.saturating_add(1);
    }
}

/// The addresses of `host:port` now, or why there are none.
pub(super) async fn resolve(address: String) -> Result<Vec<Multiaddr>, String> {
    let found = tokio::time::timeout(RESOLVE_TIME, lookup_host(address.clone())).await;
    match found {
        Err(_) => Err(format!("{address} was not resolved in {} s", RESOLVE_TIME.as_secs())),
        Ok(Err(error)) => Err(format!("{address} cannot be resolved: {error}")),
        Ok(Ok(found)) => Ok(found.take(MAX_ADDRESSES).map(multiaddr).collect()),
    }
}

/// A socket address in the library's form.
pub(super) fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

/// The library's form of an address as a socket address, where it is one of TCP.
pub(super) fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        _ => return None,
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}
