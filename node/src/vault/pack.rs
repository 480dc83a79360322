//! The packs: append-only files of sealed records, to be backed up freely.
//!
//! ```text
//! packs/NNNNNN.pack   magic(8) ‖ frames; no more than 256 MiB
//! frame               length of the rest(4) ‖ CRC-32 of the rest(4) ‖ rest
//! rest                commitment(32) ‖ subject(32) ‖ slot(8) ‖ XChaCha20-Poly1305(record) ‖ tag(16)
//! ```

use super::VaultError;
use super::seal::TAG;
use crate::durable::{self, IoError, sync_folder};
use ledger_core::names::{Commitment, Subject};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"luqipack";
/// Length and checksum before each frame.
const FRAME_HEAD: usize = 8;
/// What a frame says in clear.
const CLEAR: usize = 72;
/// No frame is longer.
const MAX_FRAME: usize = 8 << 20;

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pack: u32,
    pub(super) offset: u32,
}

/// A sealed record as it stands in a pack.
pub(super) struct Frame {
    pub(super) commitment: Commitment,
    pub(super) subject: Subject,
    pub(super) slot: u64,
    /// Ciphertext and tag.
    pub(super) sealed: Vec<u8>,
}

impl Frame {
    /// What the record is bound to when it is sealed.
    pub(super) fn bound_to(commitment: &Commitment, subject: &Subject) -> [u8; 64] {
        let mut bound = [0; 64];
        for (to, from) in bound.iter_mut().zip(commitment.as_bytes().iter().chain(subject.as_bytes())) {
            *to = *from;
        }
        bound
    }

    fn encode(&self) -> Vec<u8> {
        let mut rest = Vec::with_capacity(CLEAR + self.sealed.len());
        rest.extend_from_slice(self.commitment.as_bytes());
        rest.extend_from_slice(self.subject.as_bytes());
        rest.extend_from_slice(&self.slot.to_be_bytes());
        rest.extend_from_slice(&self.sealed);
        let mut frame = Vec::with_capacity(FRAME_HEAD + rest.len());
        frame.extend_from_slice(&u32::try_from(rest.len()).unwrap_or(u32::MAX).to_be_bytes());
        frame.extend_from_slice(&crc32fast::hash(&rest).to_be_bytes());
        frame.extend_from_slice(&rest);
        frame
    }

    fn decode(rest: &[u8]) -> Option<Self> {
        let (commitment, rest) = rest.split_first_chunk::<32>()?;
        let (subject, rest) = rest.split_first_chunk::<32>()?;
        let (slot, sealed) = rest.split_first_chunk::<8>()?;
        (sealed.len() >= TAG).then(|| Self {
            commitment: Commitment(*commitment),
            subject: Subject(*subject),
            slot: u64::from_be_bytes(*slot),
            sealed: sealed.to_vec(),
        })
    }
}

/// The packs of a vault, the last one open for appending.
pub(super) struct Packs {
    folder: PathBuf,
    limit: u64,
    pack: u32,
    file: File,
    length: u64,
    /// Where the durable part ends.
    durable: (u32, u64),
    /// Something stands behind the durable part, which goes with the next push and no earlier: whoever opens
    /// the vault may know that it was acknowledged.
    is_torn: bool,
}

impl Packs {
    /// Opens the packs in a folder; the last frames are still to be looked at.
    pub(super) fn open(folder: &Path, limit: u64) -> Result<Self, VaultError> {
        let last = numbers(folder)?.into_iter().max().unwrap_or(1);
        let (file, length) = open_pack(folder, last)?;
        Ok(Self { folder: folder.to_owned(), limit, pack: last, file, length, durable: (last, length), is_torn: false })
    }

    /// Appends a sealed record.
    pub(super) fn push(&mut self, frame: &Frame) -> Result<Place, VaultError> {
        let bytes = frame.encode();
        if bytes.len() > MAX_FRAME {
            return Err(VaultError::TooLong(bytes.len()));
        }
        if self.is_torn {
            self.cut(self.pack, self.length)?;
        }
        let is_begun = self.length > MAGIC.len() as u64;
        if is_begun && self.length.saturating_add(bytes.len() as u64) > self.limit {
            self.file.sync_data().map_err(IoError::sync(&self.path()))?;
            self.pack = self.pack.saturating_add(1);
            (self.file, self.length) = open_pack(&self.folder, self.pack)?;
        }
        let offset = u32::try_from(self.length).unwrap_or(u32::MAX);
        self.file.write_all_at(&bytes, self.length).map_err(IoError::io("write", &self.path()))?;
        self.length = self.length.saturating_add(bytes.len() as u64);
        Ok(Place { pack: self.pack, offset })
    }

    /// Makes what was pushed durable.
    pub(super) fn sync(&mut self) -> Result<(), IoError> {
        self.file.sync_data().map_err(IoError::sync(&self.path()))?;
        self.durable = (self.pack, self.length);
        Ok(())
    }

    /// Takes back what was pushed and not synced.
    pub(super) fn fall_back(&mut self) -> Result<(), VaultError> {
        let (pack, length) = self.durable;
        self.cut(pack, length)
    }

    fn cut(&mut self, pack: u32, length: u64) -> Result<(), VaultError> {
        for number in numbers(&self.folder)?.into_iter().filter(|number| *number > pack) {
            durable::remove(&path(&self.folder, number))?;
        }
        (self.file, _) = open_pack(&self.folder, pack)?;
        (self.pack, self.length, self.durable, self.is_torn) = (pack, length, (pack, length), false);
        self.file.set_len(length).map_err(IoError::io("cut", &self.path()))?;
        self.file.sync_all().map_err(IoError::sync(&self.path()))?;
        Ok(sync_folder(&self.folder)?)
    }

    /// The frame at a place, if it stands there whole.
    pub(super) fn frame(&self, place: Place) -> Option<Frame> {
        if place.pack == self.pack {
            return read_frame(&self.file, place.offset.into()).map(|(frame, _)| frame);
        }
        let file = File::open(path(&self.folder, place.pack)).ok()?;
        read_frame(&file, place.offset.into()).map(|(frame, _)| frame)
    }

    /// Looks through the packs from a place on. A torn end, or frames whose secret is in none of so many
    /// slots, are left out: as far as the vault knows they were never acknowledged.
    pub(super) fn follow(
        &mut self,
        from: Option<Place>,
        slots: u64,
        mut found: impl FnMut(&Frame, Place),
    ) -> Result<(), VaultError> {
        let first = from.map_or(1, |place| place.pack);
        for pack in (first..=self.pack).filter(|pack| path(&self.folder, *pack).exists()) {
            let (file, length) = open_pack(&self.folder, pack)?;
            let mut offset = match from.filter(|place| place.pack == pack) {
                Some(place) => read_frame(&file, place.offset.into()).map_or(u64::from(place.offset), |(_, end)| end),
                None => MAGIC.len() as u64,
            };
            while offset < length {
                let Some((frame, end)) = read_frame(&file, offset).filter(|(frame, _)| frame.slot < slots) else {
                    if pack < self.pack {
                        let why = format!("the frame at byte {offset} is damaged");
                        return Err(IoError::malformed(&path(&self.folder, pack), why).into());
                    }
                    (self.length, self.durable, self.is_torn) = (offset, (pack, offset), true);
                    return Ok(());
                };
                found(&frame, Place { pack, offset: u32::try_from(offset).unwrap_or(u32::MAX) });
                offset = end;
            }
        }
        Ok(())
    }

    /// The file that a place is in.
    pub(super) fn path_of(&self, place: Place) -> PathBuf {
        path(&self.folder, place.pack)
    }

    fn path(&self) -> PathBuf {
        path(&self.folder, self.pack)
    }
}

fn path(folder: &Path, pack: u32) -> PathBuf {
    folder.join(format!("{pack:06}.pack"))
}

/// The numbers of the packs in a folder.
pub(super) fn numbers(folder: &Path) -> Result<Vec<u32>, IoError> {
    let entries = std::fs::read_dir(folder).map_err(IoError::io("read the folder", folder))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.strip_suffix(".pack")?.parse().ok()).collect())
}

/// Opens a pack, or makes it, and gives its length.
fn open_pack(folder: &Path, pack: u32) -> Result<(File, u64), VaultError> {
    let path = path(folder, pack);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(IoError::io("open", &path))?;
    let length = file.metadata().map_err(IoError::io("read", &path))?.len();
    if length < MAGIC.len() as u64 {
        file.set_len(0).and_then(|()| file.write_all(MAGIC)).map_err(IoError::io("write", &path))?;
        file.sync_all().map_err(IoError::sync(&path))?;
        sync_folder(folder)?;
        return Ok((file, MAGIC.len() as u64));
    }
    let mut magic = [0; 8];
    file.read_exact_at(&mut magic, 0).map_err(IoError::io("read", &path))?;
    if magic != *MAGIC {
        return Err(IoError::malformed(&path, "it is no pack of a vault").into());
    }
    Ok((file, length))
}

/// The frame at an offset and where it ends, if it is whole.
fn read_frame(file: &File, offset: u64) -> Option<(Frame, u64)> {
    let mut head = [0; FRAME_HEAD];
    file.read_exact_at(&mut head, offset).ok()?;
    let (length, checksum) = head.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length) as usize;
    let checksum = u32::from_be_bytes(*checksum.first_chunk()?);
    if length > MAX_FRAME {
        return None;
    }
    let start = offset.checked_add(FRAME_HEAD as u64)?;
    let mut rest = vec![0; length];
    file.read_exact_at(&mut rest, start).ok()?;
    let frame = (crc32fast::hash(&rest) == checksum).then(|| Frame::decode(&rest))??;
    Some((frame, start.checked_add(length as u64)?))
}
