//! The thread that moves old blocks from the database into sealed files, off the commit path.
//!
//! The order keeps every block in at least one place: into the file, synced, known to readers, and
//! only then out of the database. A crash at any point leaves blocks in both places, which are
//! compared at the next open, or a torn tail, which is cut.

use super::disk::Shared;
use super::hot::{Hot, Part};
use super::times::Synced;
use super::{Step, StoreError, read_block};
use ledger_core::names::Height;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// The sealing thread; it ends when this is dropped.
pub(super) struct Sealer {
    sealing: Arc<Sealing>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Sealing {
    shared: Arc<Shared>,
    /// Held during a pass: there is one at a time.
    passing: Mutex<()>,
    error: Mutex<Option<String>>,
}

impl Sealer {
    pub(super) fn start(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let sealing = Arc::new(Sealing { shared, passing: Mutex::new(()), error: Mutex::new(None) });
        let (wake, woken) = sync_channel(1);
        let own = Arc::clone(&sealing);
        let thread = std::thread::Builder::new().name("luqi-sealer".to_owned()).spawn(move || work(&own, &woken));
        Ok(Self { sealing, wake: Some(wake), thread: Some(thread.map_err(StoreError::Thread)?) })
    }

    /// Tells the thread to look whether something is due. Where it is told already, that suffices.
    pub(super) fn wake(&self) {
        if let Some(wake) = &self.wake {
            let _ = wake.try_send(());
        }
    }

    /// Seals what is due in the caller's thread.
    pub(super) fn run(&self) -> Result<(), StoreError> {
        self.sealing.run()
    }

    pub(super) fn error(&self) -> Option<String> {
        self.sealing.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(sealing: &Sealing, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        if let Err(error) = sealing.run() {
            tracing::warn!("old blocks stay in the database for now: {error}");
        }
    }
}

impl Sealing {
    fn run(&self) -> Result<(), StoreError> {
        let _one = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.passes();
        let error = outcome.as_ref().err().map(ToString::to_string);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
        outcome
    }

    fn passes(&self) -> Result<(), StoreError> {
        let shared = &*self.shared;
        self.remove_sealed()?;
        while self.is_due()? {
            self.make_file()?;
            let mut pass = shared.sealed().pass()?;
            let (first, mut bytes) = (pass.next(), 0);
            // The newest block always stays in the database, since its certificate stands there.
            while pass.next() < shared.tip().height.0
                && pass.next() - first < shared.config.batch_blocks
                && bytes < shared.config.batch_bytes
            {
                let height = pass.next();
                let (block, row) =
                    shared.hot(|hot| Ok((part(hot, height, Part::Block)?, part(hot, height, Part::Row)?)))?;
                bytes += block.len() as u64;
                pass.push(&block, &row)?;
            }
            let begun = Instant::now();
            pass.sync()?;
            shared.config.times.synced(Synced::Sealed, begun);
            shared.sealed_mut().publish(pass)?;
            shared.config.step(Step::Sealed);
            self.remove_sealed()?;
        }
        Ok(())
    }

    /// Whether the database holds a batch more than it should.
    fn is_due(&self) -> Result<bool, StoreError> {
        let shared = &*self.shared;
        let config = &shared.config;
        let (tip, next) = (shared.tip().height.0, shared.sealed().next());
        if tip.saturating_sub(next) < 1 {
            return Ok(false);
        }
        let blocks = tip.saturating_sub(next) + 1;
        let bytes = shared.hot(|hot| Ok(hot.sum(tip)?.saturating_sub(hot.sum(next)?)))?;
        Ok(blocks >= config.hot_blocks.saturating_add(config.batch_blocks)
            || bytes >= config.hot_bytes.saturating_add(config.batch_bytes))
    }

    /// Removes from the database what stands in sealed files, after a pass or a crash.
    fn remove_sealed(&self) -> Result<(), StoreError> {
        let shared = &*self.shared;
        let next = shared.sealed().next();
        let Some(range) = shared.hot(Hot::range)? else { return Ok(()) };
        if *range.start() >= next {
            return Ok(());
        }
        shared.hot(|hot| hot.remove(*range.start()..=next - 1, || shared.config.step(Step::HalfRemoved)))?;
        shared.config.step(Step::Removed);
        Ok(())
    }

    /// Ends a file that is full, and begins the next.
    fn make_file(&self) -> Result<(), StoreError> {
        let shared = &*self.shared;
        if !shared.sealed().needs_file(shared.config.segment_bytes) {
            return Ok(());
        }
        let height = shared.sealed().next();
        let bytes = shared.hot(|hot| part(hot, height, Part::Block))?;
        let above = read_block(Height(height), &bytes)?;
        let certificate = above.body().parent_certificate.as_ref();
        shared.sealed_mut().close_last(certificate)?;
        shared.config.step(Step::Closed);
        // Reading a whole file again takes a second; meanwhile others may read too.
        let foot = shared.sealed().next_foot(&shared.genesis, certificate)?;
        shared.sealed_mut().begin_file(&foot)?;
        shared.config.step(Step::Begun);
        Ok(())
    }
}

fn part(hot: &Hot, height: u64, part: Part) -> Result<Vec<u8>, StoreError> {
    hot.part(height, part)?.ok_or(StoreError::NoBlock(Height(height)))
}
