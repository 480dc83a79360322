//! One node's blocks, as a thread of its own reads them ahead.

use super::patience::Patience;
use crate::client::{Client, ClientError, Stream, Url};
use hyper::body::Bytes;
use ledger_core::archive::{Blocks, Last, Next};
use ledger_core::certificate::Certificate;
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use luqi_node::archive::{ArchiveReader, Item};
use luqi_node::durable::IoError;
use luqi_node::store::StoreError;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Blocks that are read ahead of the one that is judged.
const AHEAD: usize = 16;
/// And bytes of them, of all nodes together; but of each node one block at least.
pub(super) const AHEAD_BYTES: usize = 64 << 20;
/// How often a connection that is lost is made again without a block coming of it.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A node that is being read.
pub(super) struct Reading {
    blocks: Receiver<Ahead>,
    room: Arc<Semaphore>,
}

/// What was read ahead, and the room that it takes.
type Ahead = (Next, Option<OwnedSemaphorePermit>);

impl Reading {
    /// Begins to read a node's blocks up to a height; so long as it may take, and so many bytes ahead.
    pub(super) fn start(
        handle: &Handle,
        url: Url,
        chain: ChainId,
        to: Height,
        (patience, ahead): (Patience, usize),
    ) -> Self {
        let (sender, blocks) = sync_channel(AHEAD);
        let handle = handle.clone();
        let whole = u32::try_from(ahead).unwrap_or(u32::MAX).max(1);
        let room = Arc::new(Semaphore::new(whole as usize));
        let of_reader = Arc::clone(&room);
        std::thread::spawn(move || {
            let room = Room { all: of_reader, whole };
            let last =
                Reader { handle: &handle, url, chain, to, last: Height(0), patience: &patience, sender: &sender, room };
            let last = last.read();
            // Nobody waits for it any more where the audit has ended.
            let _ = sender.send((Next::Last(last), None));
        });
        Self { blocks, room }
    }
}

impl Blocks for Reading {
    fn next(&mut self) -> Next {
        let ended = || Next::Last(Last::Unreadable("its thread has ended".to_owned()));
        self.blocks.recv().map_or_else(|_| ended(), |(next, _room)| next)
    }
}

impl Drop for Reading {
    /// Nobody waits for room any more.
    fn drop(&mut self) {
        self.room.close();
    }
}

/// Room for bytes that are read ahead.
struct Room {
    all: Arc<Semaphore>,
    whole: u32,
}

impl Room {
    /// Waits for room; a block that is longer than all of it takes all. None where the audit has ended.
    fn take(&self, handle: &Handle, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, self.whole);
        handle.block_on(Arc::clone(&self.all).acquire_many_owned(wanted)).ok()
    }
}

struct Reader<'a> {
    handle: &'a Handle,
    url: Url,
    chain: ChainId,
    to: Height,
    /// The last block that was read; 0 before the first.
    last: Height,
    patience: &'a Patience,
    sender: &'a SyncSender<Ahead>,
    room: Room,
}

impl<'a> Reader<'a> {
    /// Reads to the end, over as many connections as that takes; gives how it ends.
    fn read(mut self) -> Last {
        let mut tries = 0;
        loop {
            let begun = self.last;
            let (why, pause) = match self.read_on() {
                Ok(last) => return last,
                Err(Failed::For(why)) => return Last::Unreadable(why),
                Err(Failed::Now(why, pause)) => (why, pause),
            };
            tries = if self.last > begun { 0 } else { tries + 1 };
            if tries >= TRIES {
                return Last::Unreadable(why);
            }
            self.patience.pause(pause.clamp(PAUSE, LONGEST_PAUSE));
            if self.patience.is_spent() {
                return Last::Unreadable(self.patience.why());
            }
        }
    }

    /// Reads what one connection gives. The last block that was read is asked for again, and passed over: so there is
    /// something to ask for also where only the end is missing.
    fn read_on(&mut self) -> Result<Last, Failed> {
        let mut again = self.last > Height(0);
        let mut archive = self.connect()?;
        while let Some(item) = archive.next_item()? {
            match item {
                Item::End(certificate) => return Ok(end(certificate, &mut archive)),
                Item::Block(_) if again => again = false,
                Item::Block(_) if self.last >= self.to => {
                    return Err(Failed::For(format!(
                        "it serves more than the {} blocks that it was asked for",
                        self.to
                    )));
                }
                Item::Block(bytes) => self.give(bytes)?,
            }
        }
        Ok(Last::Cut)
    }

    fn connect(&self) -> Result<ArchiveReader<Pieces<'a>>, Failed> {
        self.patience.begin();
        let path = format!("/v1/blocks?from={}&to={}", self.last.max(Height(1)), self.to);
        let mut client = Client::new(self.url.clone());
        let stream = self.patience.wait(self.handle, client.stream(&path));
        let stream = stream.ok_or_else(|| Failed::For(self.patience.why()))??;
        let from = Pieces { handle: self.handle, patience: self.patience, stream, piece: Bytes::new() };
        Ok(ArchiveReader::open_stretch(from, &PathBuf::from(self.url.to_string()), &self.chain)?)
    }

    /// Hands a block on, as soon as there is room.
    fn give(&mut self, bytes: Vec<u8>) -> Result<(), Failed> {
        let ended = || Failed::For("the audit has ended".to_owned());
        self.last = self.last.next();
        self.patience.earn(bytes.len());
        let room = self.room.take(self.handle, bytes.len()).ok_or_else(ended)?;
        self.sender.send((Next::Block(bytes), Some(room))).map_err(|_| ended())
    }
}

/// The end of what a node serves. The certificate counts, whatever stands behind it (format.md §15.7).
fn end(certificate: Certificate, archive: &mut ArchiveReader<impl Read>) -> Last {
    let behind = archive.next_item().err().map(|error| told(&error));
    Last::Certificate { certificate, behind }
}

/// What is wrong with what a node serves. (What else a file's error says, is said to its owner.)
fn told(error: &StoreError) -> String {
    if let StoreError::File(IoError::Malformed { why, .. }) = error {
        format!("what it serves is no archive: {why}")
    } else {
        error.to_string()
    }
}

/// Why reading stops.
enum Failed {
    /// Another try may do, after a while.
    Now(String, Duration),
    /// No other try will.
    For(String),
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        let (text, pause) = (error.to_string(), error.retry_after().unwrap_or(PAUSE));
        if error.may_be_tried_again() { Self::Now(text, pause) } else { Self::For(text) }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        let text = told(&error);
        if matches!(error, StoreError::File(IoError::Refused { .. })) {
            Self::Now(text, PAUSE)
        } else {
            Self::For(text)
        }
    }
}

/// A stream, read as files are.
struct Pieces<'a> {
    handle: &'a Handle,
    patience: &'a Patience,
    stream: Stream,
    piece: Bytes,
}

impl Read for Pieces<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.patience.wait(self.handle, self.stream.next()) {
                Some(Ok(Some(piece))) => {
                    self.patience.came(piece.len());
                    self.piece = piece;
                }
                Some(Ok(None)) => return Ok(0),
                Some(Err(error)) => return Err(io::Error::other(error.to_string())),
                None => return Err(io::Error::other(self.patience.why())),
            }
        }
        let piece = self.piece.split_to(to.len().min(self.piece.len()));
        to.iter_mut().zip(piece.iter()).for_each(|(to, from)| *to = *from);
        Ok(piece.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::runtime;
    use ledger_core::archive::{Foot, FrameHead, FrameKind, head};
    use ledger_core::codec;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::TryRecvError;

    const CHAIN: ChainId = ChainId([7; 32]);

    /// A node that answers each request as `serve` does; gives its URL.
    fn serving(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n").unwrap();
                    // An audit that has gone has heard enough.
                    let _ = serve(stream);
                });
            }
        });
        url
    }

    fn archive() -> Vec<u8> {
        [head(&CHAIN).to_vec(), frame(FrameKind::Foot, &codec::encode(&Foot::default()))].concat()
    }

    fn frame(kind: FrameKind, body: &[u8]) -> Vec<u8> {
        [&FrameHead::of(kind, body).unwrap().encode()[..], body].concat()
    }

    /// Time that is short for a test, and far more than a local answer takes.
    fn short() -> Patience {
        Patience::of(Duration::from_secs(2), 1 << 30)
    }

    fn start(handle: &Handle, url: Url, patience: Patience, ahead: usize) -> Reading {
        Reading::start(handle, url, CHAIN, Height(1_000), (patience, ahead))
    }

    #[test]
    fn a_node_that_gives_a_byte_now_and_then_is_given_up() {
        let runtime = runtime().unwrap();
        let url = serving(|mut stream| {
            for byte in [archive(), frame(FrameKind::Block, &[0; 9_999])].concat() {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        });
        let Next::Last(Last::Unreadable(why)) = start(runtime.handle(), url, short(), 1 << 20).next() else {
            panic!("it gives no block");
        };
        assert!(why.starts_with("it is too slow: "), "{why}");
        runtime.shutdown_background();
    }

    /// Each block begins the tries anew, but buys no more time than its bytes do.
    #[test]
    fn a_node_whose_connection_breaks_behind_each_block_is_given_up() {
        let runtime = runtime().unwrap();
        let url = serving(|mut stream| {
            let block = frame(FrameKind::Block, &[0; 10]);
            stream.write_all(&[archive(), block.clone(), block].concat())
        });
        let mut reading = start(runtime.handle(), url, short(), 1 << 20);
        let mut blocks = 0;
        let why = loop {
            match reading.next() {
                Next::Block(_) => blocks += 1,
                Next::Last(last) => break last,
            }
        };
        assert!(matches!(&why, Last::Unreadable(why) if why.starts_with("it is too slow: ")), "{why:?}");
        assert!((1..10).contains(&blocks), "{blocks}");
        runtime.shutdown_background();
    }

    #[test]
    fn no_more_bytes_are_read_ahead_than_there_is_room_for_but_one_block_at_least() {
        let runtime = runtime().unwrap();
        let url = serving(|mut stream| {
            stream.write_all(&archive())?;
            (0..16).try_for_each(|_| stream.write_all(&frame(FrameKind::Block, &[0; 1_000])))?;
            std::thread::park();
            Ok(())
        });
        for (ahead, at_once) in [(3_000, 3), (3_999, 3), (1_000, 1), (10, 1)] {
            let reading = start(runtime.handle(), url.clone(), Patience::default(), ahead);
            let mut held: Vec<Ahead> = (0..at_once).map(|_| reading.blocks.recv().unwrap()).collect();
            for _ in at_once..16 {
                assert!(matches!(reading.blocks.try_recv(), Err(TryRecvError::Empty)), "{ahead}");
                held.remove(0);
                held.push(reading.blocks.recv().unwrap());
            }
        }
        runtime.shutdown_background();
    }
}
