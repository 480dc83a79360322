//! One pass of sealing: some hundred blocks into the last file, synced, then known.

use super::Sealed;
use super::places::Place;
use super::segment::{self, Segment};
use crate::durable::sync_folder;
use crate::store::StoreError;
use ledger_core::archive::{Foot, FrameKind, Trail};
use ledger_core::certificate::Certificate;
use ledger_core::chain::HashedBlock;
use ledger_core::genesis::Genesis;
use ledger_core::names::Height;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 20;

/// Blocks on their way into the last file. Until [`Sealed::publish`] nobody reads them there.
pub(crate) struct Pass {
    path: PathBuf,
    blocks: File,
    rows: File,
    places: Vec<Place>,
    end: u64,
    rows_end: u64,
    gathered: Vec<u8>,
    gathered_rows: Vec<u8>,
    next: u64,
}

impl Sealed {
    /// Whether the next pass needs another file than the last one.
    pub(crate) fn needs_file(&self, segment_bytes: u64) -> bool {
        self.segments.last().is_none_or(|last| last.closed || last.end >= segment_bytes)
    }

    /// Ends the last file with the certificate of its last block.
    pub(crate) fn close_last(&mut self, certificate: Option<&Certificate>) -> Result<(), StoreError> {
        let Some(last) = self.segments.last_mut().filter(|last| !last.closed) else { return Ok(()) };
        last.close(certificate.ok_or(StoreError::NoBlock(Height(last.next())))?)
    }

    /// The foot of the file after the last one: what following that from its own foot leads to.
    pub(crate) fn next_foot(&self, genesis: &Genesis, certificate: Option<&Certificate>) -> Result<Foot, StoreError> {
        let Some(last) = self.segments.last() else { return Ok(Foot::default()) };
        let bad = |why| StoreError::Foot { path: last.path.clone(), why };
        let mut trail = Trail::on(&last.foot(&self.chain)?, genesis).map_err(bad)?;
        for height in last.first..last.next() {
            let bytes = last.block(height)?.ok_or(StoreError::NoBlock(Height(height)))?;
            let block = HashedBlock::read(&bytes).map_err(|why| last.damaged(height, &why))?;
            trail.replay(&block, |_| ()).map_err(|fault| StoreError::Fault { height: Height(height), fault })?;
        }
        trail.foot(certificate, None).ok_or(StoreError::NoBlock(Height(last.next())))
    }

    /// Begins the next file, durably.
    pub(crate) fn begin_file(&mut self, foot: &Foot) -> Result<(), StoreError> {
        let number = u32::try_from(self.segments.len()).unwrap_or(u32::MAX).saturating_add(1);
        let path = segment::path_of(&self.folder, number);
        let segment = Segment::create(&path, &self.chain, foot)?;
        let (blocks, _) = segment.for_writing()?;
        blocks.sync_all().map_err(StoreError::sync(&path))?;
        sync_folder(&self.folder)?;
        self.segments.push(segment);
        Ok(())
    }

    /// Begins a pass at the end of the last file.
    pub(crate) fn pass(&self) -> Result<Pass, StoreError> {
        let last = self.segments.last().ok_or(StoreError::NoBlock(Height(1)))?;
        let (blocks, rows) = last.for_writing()?;
        Ok(Pass {
            path: last.path.clone(),
            blocks,
            rows,
            places: Vec::new(),
            end: last.end,
            rows_end: last.rows_end,
            gathered: Vec::with_capacity(GATHERED),
            gathered_rows: Vec::new(),
            next: last.next(),
        })
    }

    /// Makes known what a pass has synced.
    ///
    /// # Errors
    /// [`StoreError`], when the places of the last file's blocks cannot be read.
    pub(crate) fn publish(&mut self, pass: Pass) -> Result<(), StoreError> {
        if let Some(last) = self.segments.last_mut() {
            last.places.held()?.extend(pass.places);
            (last.end, last.rows_end) = (pass.end, pass.rows_end);
        }
        Ok(())
    }
}

impl Pass {
    /// Height of the block that comes next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Appends a block and its row.
    pub(crate) fn push(&mut self, block: &[u8], row: &[u8]) -> Result<(), StoreError> {
        let place = Place {
            block: self.end + self.gathered.len() as u64,
            row: self.rows_end + self.gathered_rows.len() as u64,
        };
        segment::frame(&mut self.gathered, FrameKind::Block, block).map_err(StoreError::archive(&self.path))?;
        segment::row_frame(&mut self.gathered_rows, self.next, row);
        self.places.push(place);
        self.next += 1;
        if self.gathered.len() >= GATHERED { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let failed = StoreError::io("write", &self.path);
        let written = self.blocks.write_all_at(&self.gathered, self.end);
        written.and_then(|()| self.rows.write_all_at(&self.gathered_rows, self.rows_end)).map_err(failed)?;
        self.end += self.gathered.len() as u64;
        self.rows_end += self.gathered_rows.len() as u64;
        self.gathered.clear();
        self.gathered_rows.clear();
        Ok(())
    }

    /// Makes durable what was appended. Only then may it leave the database.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.write()?;
        // What an earlier pass left behind that failed half-way.
        let cut = self.blocks.set_len(self.end).and_then(|()| self.rows.set_len(self.rows_end));
        cut.map_err(StoreError::io("cut", &self.path))?;
        let synced = self.blocks.sync_all().and_then(|()| self.rows.sync_all());
        synced.map_err(StoreError::sync(&self.path))
    }
}
