//! One sealed file, with its rows beside it.
//!
//! ```text
//! NNNNNN.luqi   an archive: head, foot, blocks, and at the end the certificate of the last block
//! NNNNNN.rows   derived: for each block height(8) ‖ length(4) ‖ CRC-32(4) ‖ its index row
//! NNNNNN.index  a hint, beside closed files: where each block and row begins
//! ```
//!
//! Memory holds the places of the blocks of the file that grows; those of closed files are read from the index.

use super::index;
use super::places::{NOWHERE, Place, Places};
use crate::durable::replace;
use crate::store::StoreError;
use ledger_core::archive::{ArchiveError, FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind, HEAD_BYTES, head, read_head};
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Head of a row.
pub(super) const ROW_HEAD: usize = 16;
/// Where a block's header has its height.
const HEIGHT_AT: usize = 35;

/// A sealed file. It is open for reading alone: who writes opens it again, so that a closed one may be
/// write-protected.
pub(crate) struct Segment {
    pub(super) path: PathBuf,
    blocks: File,
    rows: File,
    /// Height of its first block.
    pub(super) first: u64,
    pub(super) places: Places,
    /// Where the next block begins.
    pub(super) end: u64,
    /// Where the certificate that ends it ends.
    pub(super) closes: u64,
    /// Where the next row begins.
    pub(super) rows_end: u64,
    /// Whether the certificate of the last block ends it.
    pub(super) closed: bool,
    /// Whether something follows that is no whole frame.
    pub(super) torn: bool,
}

pub(super) fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.luqi"))
}

fn rows_of(path: &Path) -> PathBuf {
    path.with_extension("rows")
}

impl Segment {
    /// Makes a file with its foot. Nothing is synced yet.
    pub(super) fn create(path: &Path, chain: &ChainId, foot: &Foot) -> Result<Self, StoreError> {
        let make = |path: &Path| {
            let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
            file.map_err(StoreError::io("create", path))
        };
        let mut bytes = head(chain).to_vec();
        frame(&mut bytes, FrameKind::Foot, &codec::encode(foot)).map_err(StoreError::archive(path))?;
        let rows = make(&rows_of(path))?;
        let blocks = make(path)?;
        blocks.write_all_at(&bytes, 0).map_err(StoreError::io("write", path))?;
        let first = first_above(foot);
        let (path, end) = (path.to_owned(), bytes.len() as u64);
        let places = Places::Held(Vec::new());
        Ok(Self { path, blocks, rows, first, places, end, closes: 0, rows_end: 0, closed: false, torn: false })
    }

    /// Opens a file; finds its blocks by the hint beside it, or else from frame to frame.
    pub(super) fn open(path: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let blocks = File::open(path).map_err(StoreError::io("open", path))?;
        let rows = open_rows(&rows_of(path))?;
        let (foot, end) = read_foot(&blocks, path, chain)?;
        let first = first_above(&foot);
        let path = path.to_owned();
        let mut segment = Self {
            path,
            blocks,
            rows,
            first,
            places: Places::Held(Vec::new()),
            end,
            closes: 0,
            rows_end: 0,
            closed: false,
            torn: false,
        };
        if !index::read(&mut segment)? {
            segment.scan()?;
            if segment.closed && !segment.torn {
                index::write_if_possible(&mut segment);
            }
        }
        Ok(segment)
    }

    /// Both files, to be written.
    pub(super) fn for_writing(&self) -> Result<(File, File), StoreError> {
        let open = |path: &Path| {
            File::options().read(true).write(true).open(path).map_err(StoreError::io("open for writing", path))
        };
        Ok((open(&self.path)?, open(&rows_of(&self.path))?))
    }

    /// The foot that the file begins with.
    pub(super) fn foot(&self, chain: &ChainId) -> Result<Foot, StoreError> {
        read_foot(&self.blocks, &self.path, chain).map(|(foot, _)| foot)
    }

    /// Height of the block after its last.
    pub(super) fn next(&self) -> u64 {
        self.first + self.places.len()
    }

    /// Lengths of the two files.
    pub(super) fn lengths(&self) -> Result<(u64, u64), StoreError> {
        let length = |file: &File| file.metadata().map(|data| data.len()).map_err(StoreError::io("read", &self.path));
        Ok((length(&self.blocks)?, length(&self.rows)?))
    }

    /// From the head of one frame to the head of the next.
    fn scan(&mut self) -> Result<(), StoreError> {
        let (length, rows_length) = self.lengths()?;
        let (mut at, mut places) = (self.end, Vec::new());
        while let Some(head) = self.frame_head(at, length)? {
            let next = at + FRAME_HEAD_BYTES as u64 + u64::from(head.length);
            match head.kind {
                FrameKind::Block if !self.closed => places.push(Place { block: at, row: NOWHERE }),
                FrameKind::Certificate if !self.closed && self.is_certificate(at)? => {
                    self.closed = true;
                    self.end = at;
                    self.closes = next;
                    at = next;
                    continue;
                }
                FrameKind::Foot | FrameKind::States | FrameKind::Block | FrameKind::Certificate => break,
            }
            at = next;
            self.end = next;
        }
        self.torn = at != length;
        self.scan_rows(rows_length, &mut places)?;
        self.places = Places::Held(places);
        Ok(())
    }

    /// Whether a certificate stands at some place as it was written. The signatures are judged by whoever climbs the
    /// ladder.
    pub(super) fn is_certificate(&self, at: u64) -> Result<bool, StoreError> {
        let whole = match self.frame(at) {
            Err(StoreError::File(error)) if error.kind() == Some(std::io::ErrorKind::UnexpectedEof) => {
                return Ok(false);
            }
            read => read?,
        };
        Ok(whole
            .is_ok_and(|(kind, bytes)| kind == FrameKind::Certificate && codec::decode::<Certificate>(&bytes).is_ok()))
    }

    /// The head of a whole frame at some place; none where none is.
    fn frame_head(&self, at: u64, length: u64) -> Result<Option<FrameHead>, StoreError> {
        if length.saturating_sub(at) < FRAME_HEAD_BYTES as u64 {
            return Ok(None);
        }
        let mut head = [0; FRAME_HEAD_BYTES];
        self.blocks.read_exact_at(&mut head, at).map_err(StoreError::io("read", &self.path))?;
        let left = length - at - FRAME_HEAD_BYTES as u64;
        Ok(FrameHead::decode(head).ok().filter(|head| u64::from(head.length) <= left))
    }

    fn scan_rows(&mut self, length: u64, places: &mut [Place]) -> Result<(), StoreError> {
        let mut at = 0;
        for (place, wanted) in places.iter_mut().zip(self.first..) {
            let mut head = [0; ROW_HEAD];
            if length - at < ROW_HEAD as u64 {
                break;
            }
            self.rows.read_exact_at(&mut head, at).map_err(StoreError::io("read", &rows_of(&self.path)))?;
            let (height, bytes, _) = row_head(head);
            let next = at + ROW_HEAD as u64 + u64::from(bytes);
            if height != wanted || next > length {
                break;
            }
            place.row = at;
            at = next;
        }
        self.rows_end = at;
        Ok(())
    }

    /// A block's bytes; none where it is not in this file.
    pub(super) fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = self.place(height)? else { return Ok(None) };
        let bad = |why: &dyn std::fmt::Display| self.damaged(height, why);
        let (kind, bytes) = self.frame(place.block)?.map_err(|why| bad(&why))?;
        if kind != FrameKind::Block || height_in(&bytes) != Some(height) {
            return Err(bad(&"another block stands there; where the file itself is good, remove the .index beside it"));
        }
        Ok(Some(bytes))
    }

    /// The first bytes of a block, at most so many.
    pub(super) fn block_head(&self, height: u64, bytes: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = self.place(height)? else { return Ok(None) };
        let mut head = vec![0; bytes];
        let at = place.block + FRAME_HEAD_BYTES as u64;
        self.blocks.read_exact_at(&mut head, at).map_err(StoreError::io("read", &self.path))?;
        if height_in(&head) != Some(height) {
            return Err(self.damaged(height, &"another block stands there"));
        }
        Ok(Some(head))
    }

    /// A block's row; none where the block is not in this file, or its row is not here.
    pub(super) fn row(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(at) = self.place(height)?.map(|place| place.row).filter(|at| *at != NOWHERE) else { return Ok(None) };
        let path = rows_of(&self.path);
        let mut head = [0; ROW_HEAD];
        self.rows.read_exact_at(&mut head, at).map_err(StoreError::io("read", &path))?;
        let (found, length, checksum) = row_head(head);
        let most = ledger_core::membership::MAX_BLOCK_EVENTS as usize * 9;
        let mut bytes = vec![0; (length as usize).min(most)];
        self.rows.read_exact_at(&mut bytes, at + ROW_HEAD as u64).map_err(StoreError::io("read", &path))?;
        if found != height || checksum != row_checksum(height, &bytes) {
            let why = "its index row is not the one that was written".to_owned();
            return Err(StoreError::Damaged { path, height: Height(height), why });
        }
        Ok(Some(bytes))
    }

    /// Whether the row of some block is not here.
    pub(super) fn lacks_rows(&self) -> bool {
        self.places.lacks_rows()
    }

    /// Takes other rows for those beside the file, which were lost in part or in all.
    pub(super) fn restore_rows(&mut self, rows: &[u8]) -> Result<(), StoreError> {
        let path = rows_of(&self.path);
        replace(&path, |to| to.write_all(rows).map_err(StoreError::io("write", &path)))?;
        self.rows = open_rows(&path)?;
        let mut places = std::mem::take(self.places.held()?);
        self.scan_rows(rows.len() as u64, &mut places)?;
        self.places = Places::Held(places);
        if self.closed && !self.torn {
            index::write_if_possible(self);
        }
        Ok(())
    }

    /// Cuts the file, so that a block and all above it are gone from it.
    pub(super) fn cut(&mut self, height: u64) -> Result<(), StoreError> {
        let keep = height.saturating_sub(self.first);
        if let Some(place) = self.places.get(keep)? {
            self.end = place.block;
            if place.row != NOWHERE {
                self.rows_end = place.row;
            }
            self.closed = false;
        }
        self.places.held()?.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        if !self.closed || self.torn {
            let (blocks, _) = self.for_writing()?;
            blocks
                .set_len(if self.closed { self.closes } else { self.end })
                .map_err(StoreError::io("cut", &self.path))?;
            blocks.sync_all().map_err(StoreError::sync(&self.path))?;
        }
        self.torn = false;
        Ok(())
    }

    /// Ends the file with the certificate of its last block.
    pub(super) fn close(&mut self, certificate: &Certificate) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        frame(&mut bytes, FrameKind::Certificate, &codec::encode(certificate))
            .map_err(StoreError::archive(&self.path))?;
        let (blocks, _) = self.for_writing()?;
        blocks.write_all_at(&bytes, self.end).map_err(StoreError::io("write", &self.path))?;
        let length = self.end + bytes.len() as u64;
        blocks.set_len(length).map_err(StoreError::io("cut", &self.path))?;
        blocks.sync_all().map_err(StoreError::sync(&self.path))?;
        (self.closed, self.closes) = (true, length);
        index::write(self)
    }

    fn place(&self, height: u64) -> Result<Option<Place>, StoreError> {
        height.checked_sub(self.first).map_or(Ok(None), |number| self.places.get(number))
    }

    fn frame(&self, at: u64) -> Result<Result<(FrameKind, Vec<u8>), ArchiveError>, StoreError> {
        read_frame_at(&self.blocks, &self.path, at)
    }

    pub(super) fn damaged(&self, height: u64, why: &dyn std::fmt::Display) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), height: Height(height), why: why.to_string() }
    }
}

/// Opens the rows beside a file; empty ones where there are none.
fn open_rows(path: &Path) -> Result<File, StoreError> {
    match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = File::options().read(true).write(true).create_new(true).open(path);
            made.map_err(StoreError::io("create", path))
        }
        opened => opened.map_err(StoreError::io("open", path)),
    }
}

/// The height that a block's header claims.
pub(in crate::store) fn height_in(block: &[u8]) -> Option<u64> {
    block.get(HEIGHT_AT..HEIGHT_AT + 8)?.try_into().ok().map(u64::from_be_bytes)
}

fn first_above(foot: &Foot) -> u64 {
    foot.below.as_ref().map_or(1, |below| below.header.height.0.saturating_add(1))
}

/// Appends a frame to bytes that are still to be written.
pub(super) fn frame(to: &mut Vec<u8>, kind: FrameKind, bytes: &[u8]) -> Result<(), ArchiveError> {
    to.extend_from_slice(&FrameHead::of(kind, bytes)?.encode());
    to.extend_from_slice(bytes);
    Ok(())
}

/// Appends a row to bytes that are still to be written.
pub(super) fn row_frame(to: &mut Vec<u8>, height: u64, row: &[u8]) {
    to.extend_from_slice(&height.to_be_bytes());
    to.extend_from_slice(&u32::try_from(row.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(&row_checksum(height, row).to_be_bytes());
    to.extend_from_slice(row);
}

/// Reads the next row of a file: its height, and its bytes if they are the ones that were written;
/// none at the end of the file.
pub(in crate::store) fn read_row(from: &mut impl Read) -> Option<(u64, Option<Vec<u8>>)> {
    let mut head = [0; ROW_HEAD];
    from.read_exact(&mut head).ok()?;
    let (height, length, checksum) = row_head(head);
    let mut bytes = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut bytes).ok()?;
    let whole = bytes.len() == length as usize && row_checksum(height, &bytes) == checksum;
    Some((height, whole.then_some(bytes)))
}

fn row_checksum(height: u64, row: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&height.to_be_bytes());
    crc.update(row);
    crc.finalize()
}

fn row_head(head: [u8; ROW_HEAD]) -> (u64, u32, u32) {
    let number = u128::from_be_bytes(head);
    ((number >> 64) as u64, (number >> 32) as u32, number as u32)
}

fn read_frame_at(file: &File, path: &Path, at: u64) -> Result<Result<(FrameKind, Vec<u8>), ArchiveError>, StoreError> {
    let mut head = [0; FRAME_HEAD_BYTES];
    file.read_exact_at(&mut head, at).map_err(StoreError::io("read", path))?;
    let head = match FrameHead::decode(head) {
        Ok(head) => head,
        Err(why) => return Ok(Err(why)),
    };
    let mut bytes = vec![0; head.length as usize];
    let whole = file.read_exact_at(&mut bytes, at + FRAME_HEAD_BYTES as u64);
    if whole.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof) {
        return Ok(Err(ArchiveError::Checksum));
    }
    whole.map_err(StoreError::io("read", path))?;
    Ok(head.check(&bytes).map(|()| (head.kind, bytes)))
}

fn read_foot(file: &File, path: &Path, chain: &ChainId) -> Result<(Foot, u64), StoreError> {
    let bad = |why: String| StoreError::malformed(path, why);
    let mut bytes = [0; HEAD_BYTES];
    file.read_exact_at(&mut bytes, 0).map_err(|error| bad(format!("its head cannot be read ({error})")))?;
    let found = read_head(&bytes).map_err(StoreError::archive(path))?;
    if found != *chain {
        return Err(StoreError::OtherChain { path: path.to_owned(), wanted: *chain, found });
    }
    let frame = read_frame_at(file, path, HEAD_BYTES as u64);
    let (kind, bytes) = frame.map_err(|error| bad(error.to_string()))?.map_err(|why| bad(why.to_string()))?;
    if kind != FrameKind::Foot {
        return Err(bad("it does not begin with a foot".to_owned()));
    }
    let foot = codec::decode(&bytes).map_err(|why| bad(why.to_string()))?;
    Ok((foot, (HEAD_BYTES + FRAME_HEAD_BYTES + bytes.len()) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::IoError;
    use ledger_core::codec::List;
    use ledger_core::fixture::Network;
    use ledger_core::governance::Change;
    use ledger_core::names::{Height, NodeNumber};

    /// A foot that no frame can hold: the home is left as it was, so that it opens again.
    #[test]
    fn a_file_that_cannot_begin_leaves_nothing_behind() {
        let mut network = Network::new(4);
        network.govern(Change::SetPower(NodeNumber(4), 2), Height(2));
        network.block(vec![]);
        let mut foot = network.foot();
        let below = foot.below.as_mut().unwrap();
        let change = below.changes[0].clone();
        let wanted = codec::MAX_BYTES / codec::encode(&change).len() + 1;
        below.changes = List::new(vec![change; wanted]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let created = Segment::create(&path_of(folder.path(), 1), &network.tip.chain(), &foot);
        assert!(matches!(created, Err(StoreError::File(IoError::Malformed { .. }))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
