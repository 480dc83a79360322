//! The store of a node: a folder, one process, one writer.

use super::hot::{Hot, Part, Parts};
use super::sealed::{Sealed, height_in};
use super::sealer::Sealer;
use super::times::Synced;
use super::tip_file::TipFile;
use super::{Ahead, HEADER_BYTES, IndexRow, Step, Store, StoreConfig, StoreError, TipRecord, header_of};
use crate::durable::{IoError, expect_owner, first_failed_sync, lock, make_folder};
use ledger_core::archive::Foot;
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::chain::FinalBlock;
use ledger_core::codec;
use ledger_core::genesis::Genesis;
use ledger_core::merkle::LogIndex;
use ledger_core::names::Height;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

/// So many blocks below the tip are held against each other at open.
const LINKS_AT_OPEN: u64 = 16;

/// The store of a node.
pub struct DiskStore {
    shared: Arc<Shared>,
    sealer: Sealer,
    notes: Vec<String>,
}

/// What writer, readers and the sealing thread share.
pub(super) struct Shared {
    folder: PathBuf,
    pub(super) genesis: Genesis,
    pub(super) config: StoreConfig,
    /// None after a failed write, until the next append opens it anew.
    hot: RwLock<Option<Hot>>,
    sealed: RwLock<Sealed>,
    tip: RwLock<TipRecord>,
    writer: Mutex<Writer>,
    /// Released last: the fields are dropped in this order.
    _lock: File,
}

/// What only an append touches.
struct Writer {
    tip_file: TipFile,
    /// The last append failed: the database may hold what was not acknowledged.
    failed: bool,
}

impl DiskStore {
    /// Opens the store in a folder, and makes it where there is none.
    ///
    /// # Errors
    /// [`StoreError`]: what is wrong, where, and what to do.
    pub fn open(folder: &Path, genesis: &Genesis, config: StoreConfig) -> Result<Self, StoreError> {
        make_folder(folder)?;
        expect_owner(folder)?;
        let lock = lock(&folder.join("lock"))?;
        let mut notes = Vec::new();
        let hot = Hot::open(&folder.join("hot"))?;
        let range = hot.range()?;
        let chain = genesis.chain_id();
        let from_hot = |height| hot.part(height, Part::Block);
        let sealed = Sealed::open(&folder.join("sealed"), chain, range.as_ref(), from_hot, &mut notes)?;
        let highest = range.map_or(0, |range| *range.end()).max(sealed.next() - 1);

        let path = folder.join("tip");
        let (tip_file, tip) = if path.exists() || highest > 0 {
            if !path.exists() {
                return Err(StoreError::TipFile { path, why: "is missing" });
            }
            let (file, read) = TipFile::open(&path)?;
            if read.chain != chain {
                return Err(StoreError::OtherChain { path, wanted: chain, found: read.chain });
            }
            if read.damaged {
                notes.push(format!(
                    "half of the tip file {} was torn by a crash, or is damaged; the other half counts",
                    path.display()
                ));
            }
            (file, read.tip)
        } else {
            (TipFile::create(&path, chain)?, TipRecord::genesis(&chain))
        };
        if tip.height.0 > highest {
            return Err(StoreError::RolledBack {
                path: folder.to_owned(),
                holds: Height(highest),
                tip_file: tip.height,
            });
        }
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            genesis: genesis.clone(),
            config,
            hot: RwLock::new(Some(hot)),
            sealed: RwLock::new(sealed),
            tip: RwLock::new(tip),
            writer: Mutex::new(Writer { tip_file, failed: false }),
            _lock: lock,
        });
        shared.check_links(highest)?;
        notes.iter().for_each(|note| tracing::warn!("{note}"));
        let sealer = Sealer::start(Arc::clone(&shared))?;
        Ok(Self { shared, sealer, notes })
    }

    /// What was mended when the store was opened, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Seals what is due, and waits for it.
    ///
    /// # Errors
    /// [`StoreError`]; the blocks are then still in the database.
    pub fn seal(&self) -> Result<(), StoreError> {
        self.sealer.run()
    }

    /// The blocks of each sealed file of which index rows are lost, in order.
    pub(crate) fn lost_rows(&self) -> Vec<RangeInclusive<u64>> {
        self.shared.sealed().lost_rows()
    }

    /// Takes other rows for those of the sealed file that begins with a block. Only before the first append: the sealing
    /// thread writes into the rows of the last file.
    ///
    /// # Errors
    /// [`StoreError`]; the file's rows are then what they were.
    pub(crate) fn restore_rows(&self, first: Height, rows: &[Vec<u8>]) -> Result<(), StoreError> {
        self.shared.sealed_mut().restore_rows(first.0, rows)
    }

    /// Why the background thread could not seal blocks the last time it tried; none where it could.
    #[must_use]
    pub fn sealing_error(&self) -> Option<String> {
        self.sealer.error()
    }

    /// Closes the database as a failed write does.
    #[cfg(test)]
    pub(super) fn close_hot(&self) {
        self.shared.writer().failed = true;
        *self.shared.hot.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Bytes in sealed files.
    #[must_use]
    pub fn sealed_bytes(&self) -> u64 {
        self.shared.sealed().bytes()
    }
}

impl Shared {
    /// The database, as long as no write has failed.
    pub(super) fn hot<T>(&self, read: impl FnOnce(&Hot) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let guard = self.hot.read().unwrap_or_else(PoisonError::into_inner);
        let closed = || StoreError::Hot {
            path: self.folder.join("hot"),
            why: "it is closed after an error, until the next block is appended".to_owned(),
        };
        guard.as_ref().ok_or_else(closed).and_then(read)
    }

    pub(super) fn sealed(&self) -> RwLockReadGuard<'_, Sealed> {
        self.sealed.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sealed_mut(&self) -> RwLockWriteGuard<'_, Sealed> {
        self.sealed.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tip(&self) -> TipRecord {
        *self.tip.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The acknowledged tip is the block that the tip file names, and the newest blocks are whole and hang on
    /// each other.
    fn check_links(&self, highest: u64) -> Result<(), StoreError> {
        let tip = self.tip();
        let mut above: Option<Header> = None;
        for height in (tip.height.0.saturating_sub(LINKS_AT_OPEN).max(1)..=highest).rev() {
            let missing = || {
                let (path, missing) = (self.folder.clone(), Height(height));
                StoreError::Gap { path, from: missing, to: missing }
            };
            let block = super::read_block(Height(height), &self.read_block(height)?.ok_or_else(missing)?)?;
            let (header, hash) = (block.header().clone(), block.hash());
            let damaged = |why: &str| StoreError::Damaged {
                path: self.folder.clone(),
                height: Height(height),
                why: why.to_owned(),
            };
            if header.chain != self.genesis.chain_id() {
                return Err(damaged("it is of another chain"));
            }
            if header.height.0 != height {
                return Err(damaged("it is of another height"));
            }
            if !block.is_whole() {
                return Err(damaged("its body is not the one that its header commits to"));
            }
            if above.is_some_and(|above| above.parent != hash) {
                return Err(damaged("the block above names another parent"));
            }
            if height == tip.height.0 && hash != tip.block {
                let path = self.folder.join("tip");
                return Err(StoreError::OtherTip { path, height: tip.height, tip_file: tip.block, found: hash });
            }
            above = Some(header);
        }
        Ok(())
    }

    fn read_block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.either(|hot| hot.part(height, Part::Block), |sealed| sealed.block(height))
    }

    /// What the database has, or else the sealed files: a block is in those before it leaves the database, so one of
    /// the two has it. Where the database is closed after a failure, the sealed files still answer.
    fn either<T>(
        &self,
        hot: impl FnOnce(&Hot) -> Result<Option<T>, StoreError>,
        sealed: impl FnOnce(&Sealed) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.hot(hot) {
            Ok(Some(found)) => Ok(Some(found)),
            Ok(None) => sealed(&self.sealed()),
            Err(error) => sealed(&self.sealed())?.map(Some).ok_or(error),
        }
    }

    fn read_header(&self, height: u64) -> Result<Option<Header>, StoreError> {
        let bytes = self.either(|hot| hot.head(height), |sealed| sealed.head(height, HEADER_BYTES))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let header = header_of(&bytes).filter(|_| height_in(&bytes) == Some(height));
        let path = self.folder.clone();
        let why = "its header cannot be read".to_owned();
        header.map(Some).ok_or(StoreError::Damaged { path, height: Height(height), why })
    }

    /// Opens the database anew after a failed write, without what was not acknowledged.
    fn mend(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let mut hot = self.hot.write().unwrap_or_else(PoisonError::into_inner);
        drop(hot.take());
        let opened = Hot::open(&self.folder.join("hot"))?;
        let tip = self.tip().height;
        opened.cut_above(tip)?;
        let highest = opened.range()?.map_or(0, |range| *range.end()).max(self.sealed().next() - 1);
        if highest < tip.0 {
            let path = self.folder.clone();
            return Err(StoreError::RolledBack { path, holds: Height(highest), tip_file: tip });
        }
        *hot = Some(opened);
        writer.failed = false;
        Ok(())
    }

    fn append(&self, blocks: &[FinalBlock]) -> Result<(), StoreError> {
        let mut writer = self.writer();
        if let Some(why) = first_failed_sync() {
            // Nor is the database opened anew: it would take for durable what the disk does not have, and cut away
            // what the tip file may already name.
            let path = self.folder.clone();
            let source = std::io::Error::other(format!("an earlier sync failed: {why}"));
            return Err(IoError::Sync { path, source }.into());
        }
        if writer.failed {
            self.mend(&mut writer)?;
        }
        let tip = follow(self.tip(), blocks)?;
        let parts: Vec<Parts> = blocks.iter().map(parts).collect();
        let (begun, times) = (Instant::now(), &self.config.times);
        let written = self.hot(|hot| hot.append(&parts, times)).and_then(|()| {
            self.config.step(Step::Appended);
            let begun = Instant::now();
            writer.tip_file.write(&tip).inspect(|()| times.synced(Synced::Tip, begun))
        });
        times.append.observe(begun.elapsed().as_secs_f64());
        writer.failed = written.is_err();
        written?;
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }
}

fn parts(block: &FinalBlock) -> Parts {
    Parts {
        height: block.after().height(),
        block: block.block().encode(),
        row: IndexRow::of(block.traces()).encode(),
        certificate: block.certificate().map(codec::encode),
    }
}

/// The tip after blocks that follow each other.
pub(super) fn follow(tip: TipRecord, blocks: &[FinalBlock]) -> Result<TipRecord, StoreError> {
    blocks.iter().try_fold(tip, |tip, block| {
        let (header, hash) = (block.block().header(), block.block().hash());
        let parent = header.parent == tip.block;
        if header.height != tip.height.next() || !parent {
            return Err(StoreError::Order { tip: tip.height, found: header.height });
        }
        Ok(TipRecord { height: header.height, block: hash })
    })
}

impl Store for DiskStore {
    fn tip(&self) -> TipRecord {
        self.shared.tip()
    }

    fn append_group(&self, blocks: &[FinalBlock]) -> Result<(), StoreError> {
        self.shared.append(blocks)?;
        self.sealer.wake();
        Ok(())
    }

    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        if height > self.tip().height { Ok(None) } else { self.shared.read_block(height.0) }
    }

    fn header(&self, height: Height) -> Result<Option<Header>, StoreError> {
        if height > self.tip().height { Ok(None) } else { self.shared.read_header(height.0) }
    }

    fn index_row(&self, height: Height) -> Result<Option<IndexRow>, StoreError> {
        if height > self.tip().height {
            return Ok(None);
        }
        let bytes = self.shared.either(|hot| hot.part(height.0, Part::Row), |sealed| sealed.row(height.0))?;
        let path = self.shared.folder.clone();
        let why = "its index row cannot be read".to_owned();
        let damaged = StoreError::Damaged { path, height, why };
        bytes.map(|bytes| IndexRow::decode(&bytes).ok_or(damaged)).transpose()
    }

    fn certificate(&self) -> Result<Option<Certificate>, StoreError> {
        self.shared.certificate(self.tip().height)
    }

    fn foot(&self, height: Height) -> Result<Foot, StoreError> {
        self.shared.sealed().foot(height.0)
    }

    fn ahead(&self) -> Result<Vec<Ahead>, StoreError> {
        let highest = self.shared.hot(Hot::range)?.map_or(0, |range| *range.end());
        let above = self.tip().height.0.saturating_add(1)..=highest;
        let read = |height| {
            let block = self.shared.hot(|hot| hot.part(height, Part::Block))?;
            let block = block.ok_or(StoreError::NoBlock(Height(height)))?;
            Ok(Ahead { block, certificate: self.shared.certificate(Height(height))? })
        };
        above.map(read).collect()
    }

    fn first_entry(&self) -> LogIndex {
        LogIndex(self.shared.genesis.predecessor.as_ref().map_or(0, |old| old.header.log_size.0))
    }
}

impl Shared {
    fn certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        let bytes = self.hot(|hot| hot.part(height.0, Part::Certificate))?;
        let damaged = |why: codec::DecodeError| StoreError::Damaged {
            path: self.folder.join("hot"),
            height,
            why: format!("its certificate cannot be read: {why}"),
        };
        bytes.map(|bytes| codec::decode(&bytes).map_err(damaged)).transpose()
    }
}
