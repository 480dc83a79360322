//! The newest blocks, in sled: one tree, one batch a block, rising keys, small values, a real sync.
//!
//! ```text
//! key     height(8) ‖ part(1) ‖ piece(2)        all big-endian, so that keys only ever rise
//! part    0 the block, 1 its index row, 2 its certificate where it is known
//! value   at most 7 KiB of: length(4) ‖ sum(8) ‖ bytes
//! sum     bytes of all blocks up to this one, so that the size of the window is a difference
//! ```
//!
//! What sled 0.34.7 does to those who trust it, and what is done about it here:
//!
//! - `flush` is no fsync: every append syncs the file `db` through a handle of its own;
//! - values of more than a quarter segment go to `blobs/` and are never synced: pieces are small,
//!   and a `blobs/` that is not empty is an error at open;
//! - it panics on damaged bytes: each call is caught and turned into an error;
//! - after one failed write it fails for ever: then it is closed and opened anew;
//! - a snapshot that was half written when the process died is taken for a damaged one: it is
//!   removed before sled sees it;
//! - its lock may be released some time after it was closed: opening waits a little.

use super::times::Synced;
use super::{StoreError, StoreTimes};
use crate::durable::{IoError, closed_to_us, make_folder, sync_folder};
use ledger_core::names::Height;
use std::fs::File;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

const PIECE: usize = 7 << 10;
const PREFIX: usize = 12;
const CACHE: u64 = 64 << 20;
const SEGMENT: usize = 2 << 20;
/// Blocks that one batch removes: small, since a batch holds up all others.
const REMOVED_AT_ONCE: u64 = 50;

/// What is stored of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Part {
    /// Its bytes.
    Block = 0,
    /// Its index row.
    Row = 1,
    /// Its certificate.
    Certificate = 2,
}

/// One block, as it is appended.
pub(crate) struct Parts {
    pub(crate) height: Height,
    pub(crate) block: Vec<u8>,
    pub(crate) row: Vec<u8>,
    pub(crate) certificate: Option<Vec<u8>>,
}

/// The open database.
pub(crate) struct Hot {
    folder: PathBuf,
    db: sled::Db,
    file: File,
}

impl Hot {
    /// Opens the database, and makes it where there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        make_folder(folder)?;
        check_blobs(folder)?;
        remove_half_snapshots(folder)?;
        let db = open_patiently(folder).map_err(|error| named(error, folder))?;
        let path = folder.join("db");
        let file = File::options().write(true).open(&path).map_err(StoreError::io("open", &path))?;
        file.sync_all().map_err(StoreError::sync(&path))?;
        sync_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), db, file })
    }

    /// The lowest and highest block here.
    pub(crate) fn range(&self) -> Result<Option<RangeInclusive<u64>>, StoreError> {
        let ends = self.call(|| Ok((self.db.first()?, self.db.last()?)))?;
        let height = |entry: Option<(sled::IVec, sled::IVec)>| match entry {
            None => Ok(None),
            Some((key, _)) => key_height(&key).map(Some).ok_or_else(|| self.error("a key is none of ours")),
        };
        Ok(match (height(ends.0)?, height(ends.1)?) {
            (Some(low), Some(high)) => Some(low..=high),
            (None, _) | (_, None) => None,
        })
    }

    /// Appends blocks in one batch, in place of all that stands from the first of them on, and
    /// syncs. Only what this function has returned from without an error is durable.
    pub(crate) fn append(&self, blocks: &[Parts], times: &StoreTimes) -> Result<(), StoreError> {
        let Some(first) = blocks.first() else { return Ok(()) };
        let mut batch = sled::Batch::default();
        self.remove_from(first.height.0, &mut batch)?;
        let mut sum = match first.height.0.checked_sub(1) {
            Some(below) => self.sum(below)?,
            None => 0,
        };
        for Parts { height, block, row, certificate } in blocks {
            sum += block.len() as u64;
            insert(&mut batch, height.0, Part::Block, sum, block);
            insert(&mut batch, height.0, Part::Row, sum, row);
            if let Some(certificate) = certificate {
                insert(&mut batch, height.0, Part::Certificate, sum, certificate);
            }
        }
        self.call(|| self.db.apply_batch(batch))?;
        let begun = Instant::now();
        self.sync().inspect(|()| times.synced(Synced::Hot, begun))
    }

    /// Removes every block above a height, and syncs.
    pub(crate) fn cut_above(&self, height: Height) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        self.remove_from(height.0.saturating_add(1), &mut batch)?;
        self.call(|| self.db.apply_batch(batch))?;
        self.sync()
    }

    fn remove_from(&self, height: u64, batch: &mut sled::Batch) -> Result<(), StoreError> {
        let from = height.to_be_bytes();
        self.call(|| {
            self.db.range(from..).keys().try_for_each(|key| {
                batch.remove(key?);
                Ok(())
            })
        })
    }

    /// Removes the lowest blocks, some at a time. Need not be durable: what comes back after a
    /// crash stands in a sealed file too. `step` is told after each batch.
    pub(crate) fn remove(&self, heights: RangeInclusive<u64>, mut step: impl FnMut()) -> Result<(), StoreError> {
        let mut low = *heights.start();
        while low <= *heights.end() {
            let above = low.saturating_add(REMOVED_AT_ONCE).min(heights.end().saturating_add(1));
            let mut batch = sled::Batch::default();
            self.call(|| {
                self.db.range(low.to_be_bytes()..above.to_be_bytes()).keys().try_for_each(|key| {
                    batch.remove(key?);
                    Ok(())
                })
            })?;
            self.call(|| self.db.apply_batch(batch))?;
            step();
            low = above;
        }
        Ok(())
    }

    /// One part of a block.
    pub(crate) fn part(&self, height: u64, part: Part) -> Result<Option<Vec<u8>>, StoreError> {
        let prefix = key(height, part, 0);
        let mut bytes = Vec::new();
        let mut wanted = None;
        let pieces = prefix.get(..9).unwrap_or_default();
        self.call(|| {
            for piece in self.db.scan_prefix(pieces).values() {
                let piece = piece?;
                match wanted {
                    Some(_) => bytes.extend_from_slice(&piece),
                    None => {
                        let Some((length, rest)) = first_piece(&piece) else { continue };
                        wanted = Some(length);
                        bytes.reserve(length.min(64 << 20));
                        bytes.extend_from_slice(rest);
                    }
                }
            }
            Ok(())
        })?;
        match wanted {
            None => Ok(None),
            Some(length) if length == bytes.len() => Ok(Some(bytes)),
            Some(length) => Err(StoreError::Damaged {
                path: self.folder.clone(),
                height: Height(height),
                why: format!("{} of {length} bytes are here", bytes.len()),
            }),
        }
    }

    /// The first bytes of a block, as many as one piece holds.
    pub(crate) fn head(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let piece = self.call(|| self.db.get(key(height, Part::Block, 0)))?;
        Ok(piece.and_then(|piece| first_piece(&piece).map(|(_, rest)| rest.to_vec())))
    }

    /// Bytes of all blocks up to this one, since the database was made; 0 for one that is not here.
    pub(crate) fn sum(&self, height: u64) -> Result<u64, StoreError> {
        let piece = self.call(|| self.db.get(key(height, Part::Block, 0)))?;
        let sum = piece.as_ref().and_then(|piece| piece.get(4..PREFIX)?.try_into().ok()).map(u64::from_be_bytes);
        Ok(sum.unwrap_or(0))
    }

    fn sync(&self) -> Result<(), StoreError> {
        if let Err(failure) = quietly(|| self.db.flush().map(|_| ())) {
            let error = failure.at(&self.folder);
            // No room is found while it writes; whatever else fails, the disk does.
            return Err(if let StoreError::File(IoError::Refused { source, .. }) = error {
                StoreError::sync(&self.folder.join("db"))(source)
            } else {
                error
            });
        }
        self.file.sync_data().map_err(StoreError::sync(&self.folder.join("db")))
    }

    fn call<T>(&self, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
        quietly(work).map_err(|failure| failure.at(&self.folder))
    }

    fn error(&self, why: &str) -> StoreError {
        StoreError::Hot { path: self.folder.clone(), why: why.to_owned() }
    }
}

fn key(height: u64, part: Part, piece: u16) -> [u8; 11] {
    let mut key = [0; 11];
    let bytes = height.to_be_bytes().into_iter().chain([part as u8]).chain(piece.to_be_bytes());
    key.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    key
}

fn key_height(key: &[u8]) -> Option<u64> {
    match (key.len(), key.first_chunk::<8>()) {
        (11, Some(height)) => Some(u64::from_be_bytes(*height)),
        _ => None,
    }
}

fn first_piece(piece: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = piece.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*length) as usize, rest.get(8..)?))
}

fn insert(batch: &mut sled::Batch, height: u64, part: Part, sum: u64, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (first, rest) = bytes.split_at(bytes.len().min(PIECE - PREFIX));
    let first = [&length.to_be_bytes(), &sum.to_be_bytes()[..], first].concat();
    batch.insert(&key(height, part, 0), first);
    for (piece, number) in rest.chunks(PIECE).zip(1_u16..) {
        batch.insert(&key(height, part, number), piece);
    }
}

/// Whether sled put anything where it never syncs.
pub(crate) fn check_blobs(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join("blobs");
    match std::fs::read_dir(&path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(StoreError::Blobs { path }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("read the folder", &path)(error)),
    }
}

fn remove_half_snapshots(folder: &Path) -> Result<(), StoreError> {
    let entries = std::fs::read_dir(folder).map_err(StoreError::io("read the folder", folder))?;
    for entry in entries {
        let path = entry.map_err(StoreError::io("read the folder", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

fn open_patiently(folder: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(folder).cache_capacity(CACHE).segment_size(SEGMENT).flush_every_ms(None);
    for _ in 0..40 {
        match quietly(|| config.open()) {
            Ok(db) => return Ok(db),
            Err(Failure::Locked) => std::thread::sleep(Duration::from_millis(50)),
            Err(failure) => return Err(failure.at(folder)),
        }
    }
    Err(Failure::Locked.at(folder))
}

/// sled does not say which of its files it may not open.
fn named(error: StoreError, folder: &Path) -> StoreError {
    match (error, closed_to_us(folder)) {
        (StoreError::File(IoError::Refused { source, .. }), Some(path))
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            StoreError::io("open", &path)(source)
        }
        (error, _) => error,
    }
}

/// How a call of sled fails.
enum Failure {
    Locked,
    Error(sled::Error),
    Panic(String),
}

impl Failure {
    fn at(self, folder: &Path) -> StoreError {
        let path = folder.to_owned();
        match self {
            Self::Locked => IoError::InUse { path: path.join("db"), by: None }.into(),
            Self::Error(sled::Error::Io(source)) => StoreError::io("use the database in", folder)(source),
            Self::Error(error) => StoreError::Hot { path, why: error.to_string() },
            // In places sled unwraps what the system says.
            Self::Panic(why) => match answer_in(&why) {
                Some(source) => StoreError::io("write or read", &path.join("db"))(source),
                None => StoreError::Hot { path, why },
            },
        }
    }
}

/// The answer of the system that a panic quotes: `Os { code: 5, kind: …`.
fn answer_in(panic: &str) -> Option<std::io::Error> {
    let (_, code) = panic.split_once("Os { code: ")?;
    let (code, _) = code.split_once(',')?;
    code.parse().ok().map(std::io::Error::from_raw_os_error)
}

/// Calls sled, whose panics become errors and are not printed.
fn quietly<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    thread_local! {
        static QUIET: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) if error.to_string().contains("could not acquire lock") => Err(Failure::Locked),
        Ok(Err(error)) => Err(Failure::Error(error)),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Failure::Panic(format!("it stopped with \"{}\"", text.unwrap_or_default())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_disk_that_sled_unwraps_is_named_with_its_file() {
        let panic =
            "called `Result::unwrap()` on an `Err` value: Io(Os { code: 5, kind: Uncategorized, message: \"…\" })";
        let failure = Failure::Panic(format!("it stopped with \"{panic}\""));
        let error = failure.at(Path::new("home/ledger/hot"));
        assert!(error.is_of_the_machine());
        let said = error.to_string();
        assert!(
            said.contains("home/ledger/hot/db") && said.contains("os error 5") && !said.contains("unwrap"),
            "{said}"
        );
        let full = Failure::Panic("Io(Os { code: 28, kind: StorageFull })".to_owned()).at(Path::new("hot"));
        assert!(matches!(full, StoreError::File(IoError::DiskFull { .. })));
        let other = Failure::Panic("index out of range".to_owned()).at(Path::new("hot"));
        assert!(matches!(other, StoreError::Hot { .. }));
    }
}
