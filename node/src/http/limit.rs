//! How much one remote address may ask for: a token bucket for requests, a count for connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Addresses that are kept in mind; past it those are forgotten that have asked for least.
const MAX_ADDRESSES: usize = 4_096;

/// What every remote address may do.
pub(super) struct Limits {
    rate: f64,
    burst: f64,
    connections: u32,
    streams: u32,
    known: Mutex<HashMap<IpAddr, Remote>>,
}

#[derive(Clone, Copy)]
struct Remote {
    tokens: f64,
    since: Instant,
    connections: u32,
    streams: u32,
}

/// What is counted of an address as long as it lasts.
#[derive(Clone, Copy)]
enum Lasting {
    Connection,
    Stream,
}

/// A connection or a stream of an address that is counted until this is dropped.
pub(super) struct Counted {
    limits: Arc<Limits>,
    address: IpAddr,
    what: Lasting,
}

impl Limits {
    pub(super) fn new(requests_per_second: u32, burst: u32, connections: u32, streams: u32) -> Self {
        let (rate, burst) = (f64::from(requests_per_second), f64::from(burst));
        Self { rate, burst, connections, streams, known: Mutex::default() }
    }

    /// Takes one request of an address, or says how long to wait for the next.
    pub(super) fn request(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut known = self.lock();
        let remote = self.remote(&mut known, address, now);
        if remote.tokens >= 1.0 {
            remote.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - remote.tokens) / self.rate))
    }

    /// Counts a connection of an address; none where it has too many.
    pub(super) fn connection(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Counted> {
        self.count(address, Lasting::Connection, self.connections, now)
    }

    /// Counts a stream of blocks that an address reads; none where it reads too many.
    pub(super) fn stream(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Counted> {
        self.count(address, Lasting::Stream, self.streams, now)
    }

    fn count(self: &Arc<Self>, address: IpAddr, what: Lasting, most: u32, now: Instant) -> Option<Counted> {
        let mut known = self.lock();
        let count = self.remote(&mut known, address, now).count(what);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { limits: Arc::clone(self), address, what })
    }

    fn remote<'a>(&self, known: &'a mut HashMap<IpAddr, Remote>, address: IpAddr, now: Instant) -> &'a mut Remote {
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&address) {
            self.forget(known, now);
        }
        let fresh = Remote { tokens: self.burst, since: now, connections: 0, streams: 0 };
        let remote = known.entry(address).or_insert(fresh);
        remote.tokens = self.filled(remote, now);
        remote.since = now;
        remote
    }

    fn filled(&self, remote: &Remote, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(remote.since).as_secs_f64();
        (remote.tokens + passed * self.rate).min(self.burst)
    }

    /// Forgets who has no connection and has asked for least lately.
    fn forget(&self, known: &mut HashMap<IpAddr, Remote>, now: Instant) {
        let idle = known.iter().filter(|(_, remote)| remote.is_idle());
        let mut tokens: Vec<f64> = idle.map(|(_, remote)| self.filled(remote, now)).collect();
        tokens.sort_by(f64::total_cmp);
        let middle = tokens.get(tokens.len() / 2).copied().unwrap_or_default();
        known.retain(|_, remote| !remote.is_idle() || self.filled(remote, now) < middle);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Remote>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote {
    const fn count(&mut self, what: Lasting) -> &mut u32 {
        match what {
            Lasting::Connection => &mut self.connections,
            Lasting::Stream => &mut self.streams,
        }
    }

    const fn is_idle(&self) -> bool {
        self.connections == 0 && self.streams == 0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(remote) = self.limits.lock().get_mut(&self.address) {
            let count = remote.count(self.what);
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(number))
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let limits = Limits::new(10, 3, 1, 1);
        let now = Instant::now();
        assert!((0..3).all(|_| limits.request(address(1), now).is_ok()));
        let wait = limits.request(address(1), now).unwrap_err();
        assert!(wait <= Duration::from_millis(100) && !wait.is_zero(), "{wait:?}");
        assert!(limits.request(address(2), now).is_ok(), "each address has its own");
        assert!(limits.request(address(1), now + wait).is_ok());
        assert!(limits.request(address(1), now + wait).is_err());
        let later = now + Duration::from_secs(60);
        assert_eq!((0..9).filter(|_| limits.request(address(1), later).is_ok()).count(), 3, "never more than a burst");
    }

    #[test]
    fn connections_are_counted_until_they_end() {
        let limits = Arc::new(Limits::new(1, 1, 2, 1));
        let now = Instant::now();
        let first = limits.connection(address(1), now);
        let second = limits.connection(address(1), now);
        assert!(first.is_some() && second.is_some());
        assert!(limits.connection(address(1), now).is_none());
        drop(first);
        assert!(limits.connection(address(1), now).is_some());
        let stream = limits.stream(address(1), now);
        assert!(stream.is_some() && limits.stream(address(1), now).is_none());
        assert!(limits.stream(address(2), now).is_some());
        drop(stream);
        assert!(limits.stream(address(1), now).is_some());
    }

    #[test]
    fn many_addresses_take_bounded_memory() {
        let limits = Arc::new(Limits::new(10, 3, 1, 1));
        let now = Instant::now();
        let kept = limits.connection(address(0), now);
        for number in 1..20_000 {
            let _ = limits.request(address(number), now);
        }
        assert!(limits.lock().len() <= MAX_ADDRESSES);
        assert!(limits.connection(address(0), now).is_none(), "an open connection is never forgotten");
        drop(kept);
    }
}
