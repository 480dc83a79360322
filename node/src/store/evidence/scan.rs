//! One sealed file from frame to frame, past what is damaged.

use crate::store::sealed::height_in;
use crate::store::{HEADER_BYTES, StoreError};
use ledger_core::archive::{FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind, HEAD_BYTES, StateRows, read_head};
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::contract::State;
use ledger_core::crypto::ChainId;
use ledger_core::map::MapKey;
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

/// A certificate at the end of a damaged file is looked for in so many of its last bytes.
const LAST: u64 = 64 << 10;

/// A sealed file, or an archive, that is read as evidence.
pub(super) struct Scan {
    file: File,
    chain: ChainId,
    at: u64,
    length: u64,
    whole: bool,
    pub(super) notes: Vec<String>,
    /// Height of its first block, as its foot has it; none where that cannot be read.
    pub(super) first: Option<u64>,
    /// The foot, where it can be read.
    pub(super) foot: Option<Foot>,
    /// The certificate at its end, once the end was reached.
    pub(super) certificate: Option<Certificate>,
    /// So many blocks can have stood where it cannot be read to its end.
    pub(super) most_at_end: u64,
    /// The chain that its head names, where that can be read.
    pub(super) named: Option<ChainId>,
}

impl Scan {
    pub(super) fn open(path: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let length = file.metadata().map_err(StoreError::io("read", path))?.len();
        let (chain, at) = (*chain, HEAD_BYTES as u64);
        let mut scan = Self {
            file,
            chain,
            at,
            length,
            whole: true,
            notes: Vec::new(),
            first: None,
            foot: None,
            certificate: None,
            most_at_end: 0,
            named: None,
        };
        let mut head = [0; HEAD_BYTES];
        match scan.file.read_exact_at(&mut head, 0).map(|()| read_head(&head)) {
            Ok(Ok(found)) => {
                scan.named = Some(found);
                if found != scan.chain {
                    scan.notes.push(format!("{}: its head names chain {found}", path.display()));
                }
            }
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
            Ok(foot) => {
                self.first = Some(foot.below.as_ref().map_or(1, |below| below.header.height.0.saturating_add(1)));
                self.foot = Some(foot);
            }
            Err(why) => self.notes.push(format!("{}: its foot cannot be read: {why}", path.display())),
        }
    }

    /// The states that follow the foot of an archive.
    pub(super) fn states(&mut self, wanted: u64) -> Result<Vec<(MapKey, State)>, String> {
        let mut states: Vec<(MapKey, State)> = Vec::new();
        let mut damage = None;
        while let Some(head) = self.head(self.at).filter(|head| head.kind == FrameKind::States) {
            let rows = match self.bytes(self.at, &head) {
                Ok(rows) => rows,
                Err(why) => {
                    // Its length may be false, too: the first block is looked for from here.
                    damage = Some(why);
                    break;
                }
            };
            self.at += HEAD + u64::from(head.length);
            match codec::decode::<StateRows>(&rows) {
                Ok(rows) => states.extend(rows.iter().map(|row| (row.key, row.state))),
                Err(why) => damage = Some(why.to_string()),
            }
        }
        match damage {
            Some(why) => Err(why),
            None if states.len() as u64 == wanted && states.is_sorted_by(|(a, _), (b, _)| a < b) => Ok(states),
            None => Err("they are not the ones that the foot counts, in order of their keys".to_owned()),
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
        while self.at < self.length {
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
                (FrameKind::Certificate, Ok(bytes)) => {
                    self.take_certificate(&bytes);
                    self.at = next;
                    if next < self.length {
                        self.notes.push("something follows the certificate that ends a file".to_owned());
                    }
                }
                (FrameKind::Certificate, Err(why)) if next == self.length => {
                    self.at = next;
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
        self.most_at_end = (self.length - from) / SHORTEST_BLOCK + 1;
        self.search_certificate(from);
        (self.at, self.whole) = (self.length, false);
        Found::End { whole: false }
    }

    fn take_certificate(&mut self, bytes: &[u8]) {
        match codec::decode(bytes) {
            Ok(certificate) => self.certificate = Some(certificate),
            Err(why) => self.notes.push(format!("the certificate at its end is none: {why}")),
        }
    }

    /// Looks for the certificate that ends the file, behind what is damaged.
    fn search_certificate(&mut self, from: u64) {
        let ends = |head: &FrameHead, at| {
            head.kind == FrameKind::Certificate && at + HEAD + u64::from(head.length) == self.length
        };
        let found = (from.max(self.length.saturating_sub(LAST))..self.length).find_map(|at| {
            let head = self.head(at).filter(|head| ends(head, at))?;
            self.bytes(at, &head).ok()
        });
        found.into_iter().for_each(|bytes| self.take_certificate(&bytes));
    }

    /// Length of the file.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}
