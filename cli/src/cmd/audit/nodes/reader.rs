//! One node's blocks, as a thread of its own reads them ahead.

use crate::client::{Client, ClientError, Stream, Url};
use hyper::body::Bytes;
use ledger_core::archive::{Blocks, Last, Next};
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use luqi_node::archive::{ArchiveReader, Item};
use luqi_node::store::StoreError;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::runtime::Handle;

/// Blocks that are read ahead of the one that is judged.
const AHEAD: usize = 16;
/// How often a connection that is lost is made again without a block coming of it.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A node that is being read.
pub(super) struct Reading {
    blocks: Receiver<Next>,
}

impl Reading {
    /// Begins to read a node's blocks up to a height.
    pub(super) fn start(handle: &Handle, url: Url, chain: ChainId, to: Height) -> Self {
        let (sender, blocks) = sync_channel(AHEAD);
        let handle = handle.clone();
        std::thread::spawn(move || {
            let last = Reader { handle, url, chain, to, next: Height(1), sender: &sender }.read();
            // Nobody waits for it any more where the audit has ended.
            let _ = sender.send(last);
        });
        Self { blocks }
    }
}

impl Blocks for Reading {
    fn next(&mut self) -> Next {
        let ended = || Next::Last(Last::Unreadable("its thread has ended".to_owned()));
        self.blocks.recv().unwrap_or_else(|_| ended())
    }
}

struct Reader<'a> {
    handle: Handle,
    url: Url,
    chain: ChainId,
    to: Height,
    next: Height,
    sender: &'a SyncSender<Next>,
}

impl Reader<'_> {
    /// Reads to the end, over as many connections as that takes; gives how it ends.
    fn read(&mut self) -> Next {
        let mut tries = 0;
        loop {
            let begun = self.next;
            let (why, pause) = match self.read_on() {
                Ok(last) => return Next::Last(last),
                Err(Failed::For(why)) => return Next::Last(Last::Unreadable(why)),
                Err(Failed::Now(why, pause)) => (why, pause),
            };
            tries = if self.next > begun { 0 } else { tries + 1 };
            if tries >= TRIES {
                return Next::Last(Last::Unreadable(why));
            }
            std::thread::sleep(pause.clamp(PAUSE, LONGEST_PAUSE));
        }
    }

    /// Reads what one connection gives.
    fn read_on(&mut self) -> Result<Last, Failed> {
        if self.next > self.to {
            return Ok(Last::Cut);
        }
        let path = format!("/v1/blocks?from={}&to={}", self.next, self.to);
        let mut client = Client::new(self.url.clone());
        let stream = self.handle.block_on(client.stream(&path))?;
        let from = Pieces { handle: self.handle.clone(), stream, piece: Bytes::new() };
        let name = PathBuf::from(self.url.to_string());
        let mut archive = ArchiveReader::open_stretch(from, &name, &self.chain)?;
        while let Some(item) = archive.next_item()? {
            match item {
                Item::End(certificate) => return Ok(Last::Certificate { certificate, behind: None }),
                Item::Block(_) if self.next > self.to => {
                    return Err(Failed::For(format!(
                        "it serves more than the {} blocks that it was asked for",
                        self.to
                    )));
                }
                Item::Block(bytes) => {
                    self.next = self.next.next();
                    if self.sender.send(Next::Block(bytes)).is_err() {
                        return Err(Failed::For("the audit has ended".to_owned()));
                    }
                }
            }
        }
        Ok(Last::Cut)
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
        let text = error.to_string();
        if matches!(error, StoreError::Io { .. }) { Self::Now(text, PAUSE) } else { Self::For(text) }
    }
}

/// A stream, read as files are.
struct Pieces {
    handle: Handle,
    stream: Stream,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.handle.block_on(self.stream.next()) {
                Ok(Some(piece)) => self.piece = piece,
                Ok(None) => return Ok(0),
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        let piece = self.piece.split_to(to.len().min(self.piece.len()));
        to.iter_mut().zip(piece.iter()).for_each(|(to, from)| *to = *from);
        Ok(piece.len())
    }
}
