//! One sealed file from frame to frame, past what is damaged.

use crate::store::sealed::height_in;
use crate::store::{HEADER_BYTES, StoreError};
use ledger_core::archive::{FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind, HEAD_BYTES, read_head};
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const HEAD: u64 = FRAME_HEAD_BYTES as u64;
/// No block is shorter: a header and two empty parts.
const SHORTEST_BLOCK: u64 = HEAD + HEADER_BYTES as u64;
/// Bytes in which the next block is looked for at once.
const WINDOW: usize = 1 << 20;

/// What comes next in a file.
pub(super) enum Found {
    /// A block's bytes.
    Block(Vec<u8>),
    /// A block whose bytes are not the ones that were written; its length is plausible.
    Damaged(String),
    /// Bytes that are no frames, before the block of the height that it claims; at most so many
    /// blocks can have stood there.
    Skipped { height: u64, most: u64 },
    /// No further block is to be found; whether all bytes up to the end were frames.
    End { whole: bool },
}

/// A sealed file that is read as evidence.
pub(super) struct Scan {
    file: File,
    chain: ChainId,
    at: u64,
    length: u64,
    ended: bool,
    whole: bool,
    pub(super) notes: Vec<String>,
    /// Height of its first block, as its foot has it; none where that cannot be read.
    pub(super) first: Option<u64>,
}

impl Scan {
    pub(super) fn open(path: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let length = file.metadata().map_err(StoreError::io("read", path))?.len();
        let (chain, at) = (*chain, HEAD_BYTES as u64);
        let mut scan = Self { file, chain, at, length, ended: false, whole: true, notes: Vec::new(), first: None };
        let mut head = [0; HEAD_BYTES];
        match scan.file.read_exact_at(&mut head, 0).map(|()| read_head(&head)) {
            Ok(Ok(found)) if found == scan.chain => {}
            Ok(Ok(found)) => scan.notes.push(format!("{}: its head names chain {found}", path.display())),
            Ok(Err(why)) => scan.notes.push(format!("{}: {why}", path.display())),
            Err(error) => scan.notes.push(format!("{}: its head cannot be read ({error})", path.display())),
        }
        scan.read_foot(path);
        Ok(scan)
    }

    fn read_foot(&mut self, path: &Path) {
        let bytes = match self.head(self.at) {
            Some(head) if head.kind == FrameKind::Foot => {
                let bytes = self.bytes(self.at, &head);
                // A length that was altered leads into the middle of something: then the first
                // block is looked for from here.
                let next = self.at + HEAD + u64::from(head.length);
                if bytes.is_ok() || self.head(next).is_some() {
                    self.at = next;
                }
                bytes
            }
            Some(_) | None => Err("there is none".to_owned()),
        };
        match bytes.and_then(|bytes| codec::decode::<Foot>(&bytes).map_err(|why| why.to_string())) {
            Ok(foot) => self.first = Some(foot.below.map_or(1, |below| below.header.height.0.saturating_add(1))),
            Err(why) => self.notes.push(format!("{}: its foot cannot be read: {why}", path.display())),
        }
    }

    /// The head of a frame that ends within the file.
    fn head(&self, at: u64) -> Option<FrameHead> {
        let mut head = [0; FRAME_HEAD_BYTES];
        self.file.read_exact_at(&mut head, at).ok()?;
        FrameHead::decode(head).ok().filter(|head| at + HEAD + u64::from(head.length) <= self.length)
    }

    fn bytes(&self, at: u64, head: &FrameHead) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; head.length as usize];
        self.file.read_exact_at(&mut bytes, at + HEAD).map_err(|error| error.to_string())?;
        head.check(&bytes).map(|()| bytes).map_err(|why| why.to_string())
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Found {
        while self.at < self.length && !self.ended {
            let Some(head) = self.head(self.at) else { return self.search() };
            let next = self.at + HEAD + u64::from(head.length);
            let bytes = self.bytes(self.at, &head);
            match (head.kind, bytes) {
                (FrameKind::Block, Ok(bytes)) => {
                    self.at = next;
                    return Found::Block(bytes);
                }
                (FrameKind::Block, Err(why)) if next == self.length || self.head(next).is_some() => {
                    self.at = next;
                    return Found::Damaged(why);
                }
                (FrameKind::Certificate, Ok(_)) if next == self.length => self.ended = true,
                (FrameKind::Certificate, Err(why)) if next == self.length => {
                    self.ended = true;
                    self.notes.push(format!("the certificate at its end is damaged: {why}"));
                }
                (FrameKind::Block | FrameKind::Foot | FrameKind::States | FrameKind::Certificate, _) => {
                    return self.search();
                }
            }
        }
        Found::End { whole: self.whole }
    }

    /// Looks for the next block whose checksum holds.
    fn search(&mut self) -> Found {
        let from = self.at;
        let mut window = vec![0; WINDOW + 64];
        let mut base = from + 1;
        while base + SHORTEST_BLOCK <= self.length {
            let wanted = usize::try_from(self.length - base).unwrap_or(usize::MAX).min(window.len());
            let Some(buffer) = window.get_mut(..wanted) else { break };
            if self.file.read_exact_at(buffer, base).is_err() {
                break;
            }
            // A block's chain id stands 3 bytes into its header, which follows the frame's head.
            let before = FRAME_HEAD_BYTES + 3;
            let found = buffer.windows(32).enumerate().filter(|(at, bytes)| *at >= before && bytes == &self.chain.0);
            for at in found.map(|(at, _)| base + (at - before) as u64) {
                let block = self.head(at).filter(|head| head.kind == FrameKind::Block);
                let bytes = block.and_then(|head| self.bytes(at, &head).ok());
                if let Some(height) = bytes.and_then(|bytes| height_in(&bytes)) {
                    self.at = at;
                    return Found::Skipped { height, most: (at - from) / SHORTEST_BLOCK + 1 };
                }
            }
            base += WINDOW as u64;
        }
        (self.at, self.whole) = (self.length, false);
        Found::End { whole: false }
    }
}
