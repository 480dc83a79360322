//! A wire between two nodes: it can be cut and slowed, and it can stop carrying one way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A way over a wire, from who dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To who was dialled.
    There,
    /// From who was dialled.
    Back,
}

/// One direction of dialling between two nodes.
pub struct Wire {
    /// Where the dialling node finds the other.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<SocketAddr>,
    cut: AtomicBool,
    /// How long each piece of data is held, in milliseconds.
    delay: AtomicU64,
    /// Whether what comes that way is kept until the wire carries again.
    stopped: [AtomicBool; 2],
    /// How often it did something to what it carries.
    struck: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire to an address.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, delay, stopped, struck, open) = Default::default();
        let shared = Arc::new(Shared { target: Mutex::new(target), cut, delay, stopped, struck, open });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.carry(stream));
            }
        });
        Self { address, shared }
    }

    /// Cuts the wire, connections and all, or joins it.
    ///
    /// # Panics
    /// Never in fact.
    pub fn cut(&self, cut: bool) {
        self.shared.cut.store(cut, Ordering::SeqCst);
        if cut {
            for stream in self.shared.open.lock().unwrap().drain(..) {
                if stream.shutdown(Shutdown::Both).is_ok() {
                    self.shared.struck.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    /// Stops carrying one way, or carries again: nobody is told, and nothing that was sent is lost, as where packets
    /// are sent again until they come.
    pub fn stop(&self, way: Way, stop: bool) {
        self.shared.stopped[way as usize].store(stop, Ordering::SeqCst);
    }

    /// How often it ended a connection or refused one, or held what it carries.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// Holds every piece of data for so long.
    pub fn slow(&self, delay: Duration) {
        self.shared.delay.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

impl Shared {
    fn carry(self: Arc<Self>, from: TcpStream) {
        if self.cut.load(Ordering::SeqCst) {
            self.struck.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let target = *self.target.lock().unwrap();
        let Ok(to) = TcpStream::connect_timeout(&target, Duration::from_secs(2)) else { return };
        let pairs = [(Way::There, from.try_clone(), to.try_clone()), (Way::Back, to.try_clone(), from.try_clone())];
        {
            let mut open = self.open.lock().unwrap();
            open.retain(|stream| stream.peer_addr().is_ok());
            open.extend([from, to]);
        }
        for pair in pairs {
            let (way, Ok(from), Ok(to)) = pair else { return };
            let shared = Arc::clone(&self);
            thread::spawn(move || shared.pump(way, from, to));
        }
    }

    fn pump(&self, way: Way, mut from: TcpStream, mut to: TcpStream) {
        let _ = (from.set_nodelay(true), to.set_nodelay(true));
        let mut piece = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let delay = self.delay.load(Ordering::SeqCst);
            if delay > 0 {
                self.struck.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(delay));
            }
            let is_stopped = || self.stopped[way as usize].load(Ordering::SeqCst);
            if is_stopped() {
                self.struck.fetch_add(1, Ordering::SeqCst);
            }
            while is_stopped() && !self.cut.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
            let sent = piece.get(..length).is_some_and(|piece| to.write_all(piece).is_ok());
            if !sent || self.cut.load(Ordering::SeqCst) {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
