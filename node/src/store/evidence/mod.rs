//! A store as evidence: read, and left byte for byte as it was.
//!
//! Sealed files are read in place, without the hints beside them. sled writes when it opens, so its small folder is
//! copied and the copy is opened. What they are worth is for `ledger_core::audit` to judge.

mod file;
mod rows;

pub use file::FileAt;
pub use rows::Rows;

use super::hot::{Hot, Part, check_blobs};
use super::sealed::{sealed_numbers, sealed_path};
use super::{StoreError, TipRecord, tip_file};
use ledger_core::archive::Archive;
use ledger_core::audit::{Home, HomeEnd, HomeWalk, Newest};
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;

/// The evidence in a ledger's folder.
pub struct Evidence {
    chain: ChainId,
    sealed: Vec<PathBuf>,
    hot: Result<Hot, String>,
    hot_range: Option<RangeInclusive<u64>>,
    tip: Option<TipRecord>,
    /// Height of the last block.
    last: u64,
    certificate: Option<Certificate>,
    notes: Mutex<Vec<String>>,
    copied: u64,
    /// Removed with the copy in it.
    _copy: TempDir,
    /// Held as long as the evidence is read.
    _locks: Vec<File>,
}

impl Evidence {
    /// Takes up the evidence of a chain. A store that a node has open is refused.
    ///
    /// # Errors
    /// [`StoreError`], when the folder cannot be read at all, or is in use.
    pub fn open(folder: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let hot_folder = folder.join("hot");
        let locks = [folder.join("lock"), hot_folder.join("db")];
        let locks = locks.iter().filter_map(|path| lock(path).transpose()).collect::<Result<_, _>>()?;
        let mut notes = Vec::new();

        let tip = match tip_file::read(&folder.join("tip")) {
            Ok(read) if read.chain != *chain => {
                let (path, wanted) = (folder.join("tip"), *chain);
                return Err(StoreError::OtherChain { path, wanted, found: read.chain });
            }
            Ok(read) => {
                if read.damaged {
                    notes.push("half of the tip file is damaged, or was torn by a crash; the other half counts".into());
                }
                Some(read.tip)
            }
            Err(error) => {
                notes.push(error.to_string());
                None
            }
        };

        let copy = tempfile::Builder::new().prefix("luqi-audit-").tempdir();
        let copy = copy.map_err(StoreError::io("make a folder for a copy in", &std::env::temp_dir()))?;
        let copied = copy_folder(&hot_folder, copy.path())?;
        let opened = check_blobs(&hot_folder).and_then(|()| Hot::open(copy.path()));
        let ranged = opened.and_then(|hot| hot.range().map(|range| (hot, range)));
        let (hot, hot_range) = match ranged {
            Ok((hot, range)) => (Ok(hot), range),
            Err(error) if error.is_of_the_machine() => return Err(error),
            Err(error) => (Err(error.to_string()), None),
        };
        let sealed = sealed_files(&folder.join("sealed"))?;
        let notes = Mutex::new(notes);
        let mut evidence = Self {
            chain: *chain,
            sealed,
            hot,
            hot_range,
            tip,
            last: 0,
            certificate: None,
            notes,
            copied,
            _copy: copy,
            _locks: locks,
        };
        evidence.last = evidence.highest();
        evidence.certificate = evidence.read_certificate(evidence.last);
        Ok(evidence)
    }

    /// What the tip file says, where it can be read.
    #[must_use]
    pub const fn tip_file(&self) -> Option<TipRecord> {
        self.tip
    }

    /// Where its chain ends. Without a tip file nothing here says so.
    fn end(&self) -> HomeEnd {
        match self.tip {
            Some(_) => HomeEnd { height: Some(Height(self.last)), certificate: self.certificate.clone() },
            None => HomeEnd { height: None, certificate: None },
        }
    }

    /// Its blocks, to be judged.
    ///
    /// # Errors
    /// [`StoreError`], when a sealed file cannot be opened.
    pub fn blocks(&self) -> Result<Home<FileAt, &Self>, StoreError> {
        Ok(Home::new(&self.chain, open_all(&self.sealed)?, self, self.end()))
    }

    /// A walk over all its blocks, past what is damaged.
    ///
    /// # Errors
    /// [`StoreError`], when a sealed file cannot be opened.
    pub fn walk(&self) -> Result<HomeWalk<FileAt, &Self>, StoreError> {
        Ok(HomeWalk::new(&self.chain, open_all(&self.sealed)?, self))
    }

    /// The same from the last sealed file on that begins above a header which `below` calls below what is looked for.
    ///
    /// # Errors
    /// [`StoreError`], when a sealed file cannot be opened.
    pub fn walk_from(&self, below: impl Fn(&Header) -> bool) -> Result<HomeWalk<FileAt, &Self>, StoreError> {
        let begins_below = |path: &PathBuf| {
            let opened = FileAt::open(path).ok().and_then(|file| Archive::open(file, &self.chain).ok());
            opened.and_then(|(start, _)| start.foot.below).is_some_and(|foot| below(&foot.header))
        };
        let from = self.sealed.iter().rposition(begins_below).unwrap_or(0);
        Ok(HomeWalk::new(&self.chain, open_all(self.sealed.get(from..).unwrap_or_default())?, self))
    }

    /// What is odd without being a block: a damaged foot, a torn tail, half a tip file. Complete once
    /// all blocks were read.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Bytes of the newest blocks' database, which were copied rather than read in place.
    #[must_use]
    pub const fn copied_bytes(&self) -> u64 {
        self.copied
    }

    fn note(&self, note: String) {
        self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(note);
    }

    /// The height of the last block: what the tip file says, or above it what was written, with its
    /// certificate, but not acknowledged yet.
    fn highest(&self) -> u64 {
        let here = self.hot_range.as_ref().map(|range| *range.end());
        match (self.tip, here) {
            (None, here) => here.unwrap_or(0),
            (Some(tip), Some(here)) if here > tip.height.0 && self.read_certificate(here).is_some() => here,
            (Some(tip), _) => tip.height.0,
        }
    }

    fn read_certificate(&self, height: u64) -> Option<Certificate> {
        let bytes = self.hot.as_ref().ok()?.part(height, Part::Certificate);
        match bytes.map(|bytes| bytes.map(|bytes| codec::decode(&bytes))) {
            Ok(None) => None,
            Ok(Some(Ok(certificate))) => Some(certificate),
            Ok(Some(Err(why))) => {
                self.note(format!("the certificate of block {} cannot be read: {why}", Height(height)));
                None
            }
            Err(error) => {
                self.note(error.to_string());
                None
            }
        }
    }
}

impl Newest for &Evidence {
    fn range(&self) -> Option<(Height, Height)> {
        let range = self.hot_range.as_ref()?;
        Some((Height(*range.start()), Height((*range.end()).min(self.last))))
    }

    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, String> {
        let hot = self.hot.as_ref().map_err(Clone::clone)?;
        hot.part(height.0, Part::Block).map_err(|error| error.to_string())
    }
}

fn open_all(paths: &[PathBuf]) -> Result<Vec<FileAt>, StoreError> {
    paths.iter().map(|path| FileAt::open(path).map_err(StoreError::io("open", path))).collect()
}

/// The sealed files, in order; each can be opened.
fn sealed_files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.try_exists().map_err(StoreError::io("look at", folder))? {
        return Ok(Vec::new());
    }
    let paths = sealed_numbers(folder)?.into_iter().map(|number| sealed_path(folder, number));
    paths.map(|path| File::open(&path).map(|_| path.clone()).map_err(StoreError::io("open", &path))).collect()
}

/// Locks a file that is there against writers, without changing it.
fn lock(path: &Path) -> Result<Option<File>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    // sled may release its lock some time after the store was closed.
    for _ in 0..40 {
        match file.try_lock_shared() {
            Ok(()) => return Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(std::fs::TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
        }
    }
    Err(StoreError::NodeRuns { path: path.to_owned() })
}

/// Copies the files of a folder; gives their bytes.
fn copy_folder(from: &Path, to: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(StoreError::io("read the folder", from)(error)),
    };
    for entry in entries {
        let path = entry.map_err(StoreError::io("read the folder", from))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            bytes += std::fs::copy(&path, to.join(name)).map_err(StoreError::io("copy", &path))?;
        }
    }
    Ok(bytes)
}
