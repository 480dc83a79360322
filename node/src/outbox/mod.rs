//! The outbox: what this node has signed and the chain does not have yet, durably.
//!
//! ```text
//! outbox/submissions   magic(8) ‖ frames, appended and never changed
//! outbox/lock          held by the one process that has the outbox open
//! ```
//!
//! What this module promises: when [`Outbox::append`] has returned, its submissions are synced; they are
//! there until [`Outbox::final_up_to`] says that the chain has them, and nothing expires. Each append is one
//! frame, so a crash leaves all of it or none. The newest submission stays in the file even when it is
//! final, so that a store that lost its last blocks does not make this node sign a number again. What is
//! final is thrown out of the file when it is most of it: by a new file that takes the old one's place.
//! An outbox that lags behind the chain is right: what it lacks, the chain has.
//!
//! Where the chain's parameters were lowered, what waits may be *cut anew*: [`Outbox::recut`] puts other submissions
//! under the same numbers. What was signed under them before may be in other hands, and holds again once the
//! parameters are raised. So the file has the highest number that ever stood for something else, and up to it
//! submissions are said one at a time: the next only once it is known what the chain has under the number before.

mod frame;
#[cfg(test)]
mod tests;

use crate::durable::{IoError, lock, make_folder, replace, sync_folder};
use bincode::{Decode, Encode};
use frame::{Contents, MAGIC, Slot};
use ledger_core::codec;
use ledger_core::names::Sequence;
use ledger_core::submission::Submission;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use thiserror::Error;
use tokio::sync::watch;

/// A file is written anew once so many bytes of it are final, and they are more than half of it.
const REWRITE_BYTES: u64 = 4 << 20;

/// Why an outbox cannot be opened or written.
#[derive(Debug, Error)]
pub enum OutboxError {
    /// Its file.
    #[error(transparent)]
    File(#[from] IoError),
    /// Numbers that do not follow.
    #[error("submission {found} does not follow in the outbox, which has {last}: this is a fault of this program")]
    Order {
        /// The last one here.
        last: Sequence,
        /// The one that was to be appended.
        found: Sequence,
    },
    /// Bytes that are no submission.
    #[error("submission {sequence} in {} cannot be read: {why}; restore the file from a backup", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Its number.
        sequence: Sequence,
        /// What is wrong.
        why: String,
    },
}

/// How often what waits was cut anew, and which numbers have stood for something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Cut {
    /// So many times.
    pub generation: u64,
    /// Up to here another submission of the same number was signed before.
    pub signed: Sequence,
    /// The highest number after the last time.
    pub last: Sequence,
}

/// How far an outbox is, for who says its submissions to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The highest number.
    pub last: Sequence,
    /// Up to here they may be said.
    pub free: Sequence,
    /// How often what waits was cut anew: what was said before says nothing of what stands there now.
    pub generation: u64,
}

/// One node's outbox. A clone is another handle on the same one. It reads and writes files: on an
/// asynchronous thread, call it through `tokio::task::spawn_blocking`.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Mutex<Inner>>,
    extent: watch::Sender<Extent>,
}

struct Inner {
    path: PathBuf,
    file: File,
    /// Length of the file up to which frames are whole.
    length: u64,
    /// Submissions that are not final, in rising sequence.
    waiting: VecDeque<Waiting>,
    waiting_bytes: u64,
    last: Sequence,
    /// Up to here the chain has them.
    dropped: Sequence,
    cut: Cut,
    /// Up to here it is known what the chain has.
    learned: Sequence,
    /// There was no file: what it would say of cuts is not known.
    is_new: bool,
    /// The file may have been replaced behind this handle.
    stale: bool,
    /// What was not acknowledged may stand behind the end of the file.
    uncut: bool,
    _lock: File,
}

#[derive(Clone, Copy)]
struct Waiting {
    slot: Slot,
    since: Instant,
}

impl Outbox {
    /// Opens the outbox in a folder, and makes it where there is none. A torn end is cut.
    ///
    /// # Errors
    /// [`OutboxError`]: what is wrong, where, and what to do.
    pub fn open(folder: &Path) -> Result<Self, OutboxError> {
        make_folder(folder)?;
        let held = lock(&folder.join("lock"))?;
        let path = folder.join("submissions");
        let is_new = !path.exists();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(IoError::io("open", &path))?;
        let Contents { length, cut, slots } = frame::read_all(&file, &path)?;
        let found = file.metadata().map_err(IoError::io("read", &path))?.len();
        if length == 0 {
            file.set_len(0).map_err(IoError::io("cut", &path))?;
            file.write_all_at(MAGIC, 0).map_err(IoError::io("write", &path))?;
            file.sync_all().map_err(IoError::sync(&path))?;
        } else if found > length {
            tracing::warn!("{}: {} bytes of a write that was cut short are dropped", path.display(), found - length);
            file.set_len(length).map_err(IoError::io("cut", &path))?;
            file.sync_all().map_err(IoError::sync(&path))?;
        }
        if is_new {
            sync_folder(folder)?;
        }
        let (waiting, last, dropped) = (VecDeque::new(), cut.last, Sequence(0));
        let length = length.max(MAGIC.len() as u64);
        let mut inner = Inner {
            path,
            file,
            length,
            waiting,
            waiting_bytes: 0,
            last,
            dropped,
            cut,
            learned: Sequence(0),
            is_new,
            stale: false,
            uncut: false,
            _lock: held,
        };
        inner.take(slots);
        let extent = watch::Sender::new(inner.extent());
        Ok(Self { inner: Arc::new(Mutex::new(inner)), extent })
    }

    /// Appends submissions that follow one another, durably and together.
    ///
    /// # Errors
    /// [`OutboxError`]; then none of them is here.
    pub fn append(&self, submissions: &[Submission]) -> Result<(), OutboxError> {
        let mut inner = self.inner();
        let mut last = inner.last;
        for submission in submissions {
            if submission.sequence <= last {
                return Err(OutboxError::Order { last, found: submission.sequence });
            }
            last = submission.sequence;
        }
        if submissions.is_empty() {
            return Ok(());
        }
        inner.write(submissions)?;
        self.tell(&inner);
        Ok(())
    }

    /// Makes sure that what an append that failed has left is gone for good.
    ///
    /// # Errors
    /// [`OutboxError`]; then the file may come back with what was never acknowledged.
    pub fn mend(&self) -> Result<(), OutboxError> {
        self.inner().mend()
    }

    /// Puts submissions in the place of all that wait: they were signed again, under another key.
    ///
    /// # Errors
    /// [`OutboxError`]; then what waited still does.
    pub fn replace(&self, submissions: &[Submission]) -> Result<(), OutboxError> {
        let encoded: Vec<_> = submissions.iter().map(|one| (one.sequence, codec::encode(one))).collect();
        let mut inner = self.inner();
        let cut = inner.cut;
        inner.rewrite(&encoded, cut)
    }

    /// Puts submissions in the place of all that wait: they carry it cut otherwise, and other numbers.
    ///
    /// # Errors
    /// [`OutboxError`]; then either all is as it was, or all is as it was to be: [`Outbox::mend`] finds out.
    pub fn recut(&self, submissions: &[Submission], cut: Cut) -> Result<(), OutboxError> {
        let encoded: Vec<_> = submissions.iter().map(|one| (one.sequence, codec::encode(one))).collect();
        let mut inner = self.inner();
        let written = inner.rewrite(&encoded, cut);
        self.tell(&inner);
        written
    }

    /// How often what waits was cut anew, by the file; none where there was no file.
    #[must_use]
    pub fn cut(&self) -> Option<Cut> {
        let inner = self.inner();
        Some(inner.cut).filter(|cut| !inner.is_new || *cut != Cut::default())
    }

    /// It is known what the chain has under the numbers up to one, and what waits is what it lacks: what follows may
    /// be said.
    pub fn learned(&self, upto: Sequence) {
        let mut inner = self.inner();
        inner.learned = inner.learned.max(upto);
        self.tell(&inner);
    }

    /// Of the submissions that wait, those from a sequence up that may be said to others, as [`Outbox::from`] gives
    /// them.
    ///
    /// # Errors
    /// [`OutboxError`]: the file cannot be read as it was written.
    pub fn sayable(&self, from: Sequence, count: usize, bytes: usize) -> Result<Vec<Submission>, OutboxError> {
        let free = self.inner().free();
        let mut found = self.from(from, count, bytes)?;
        found.retain(|one| one.sequence <= free);
        Ok(found)
    }

    /// The submissions that wait, from a sequence up, in order, until there are `count` of them or they
    /// have `bytes` bytes, but that the first one is always there.
    ///
    /// # Errors
    /// [`OutboxError`]: the file cannot be read as it was written.
    pub fn from(&self, from: Sequence, count: usize, bytes: usize) -> Result<Vec<Submission>, OutboxError> {
        let mut inner = self.inner();
        inner.reload()?;
        let begin = inner.waiting.partition_point(|waiting| waiting.slot.sequence < from);
        let mut room = bytes;
        let mut found = Vec::new();
        for waiting in inner.waiting.range(begin..).take(count) {
            let length = waiting.slot.length as usize;
            if !found.is_empty() && length > room {
                break;
            }
            room = room.saturating_sub(length);
            found.push(inner.read(&waiting.slot)?);
        }
        Ok(found)
    }

    /// One submission that waits.
    ///
    /// # Errors
    /// [`OutboxError`]: the file cannot be read as it was written.
    pub fn get(&self, sequence: Sequence) -> Result<Option<Submission>, OutboxError> {
        let first = self.from(sequence, 1, 0)?.pop();
        Ok(first.filter(|submission| submission.sequence == sequence))
    }

    /// The highest sequence that was ever appended, as far as the file knows; 0 where none was.
    #[must_use]
    pub fn last(&self) -> Sequence {
        self.inner().last
    }

    /// How far it is, from now on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Extent> {
        self.extent.subscribe()
    }

    fn tell(&self, inner: &Inner) {
        let now = inner.extent();
        self.extent.send_if_modified(|extent| std::mem::replace(extent, now) != now);
    }

    /// How many submissions wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner().waiting.is_empty()
    }

    /// Bytes of those that wait.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner().waiting_bytes
    }

    /// Since when the oldest one waits in this process.
    #[must_use]
    pub fn oldest(&self) -> Option<Instant> {
        self.inner().waiting.front().map(|waiting| waiting.since)
    }

    /// Drops what the chain has.
    ///
    /// # Errors
    /// [`OutboxError`]: the file could not be written anew; what is dropped stays dropped.
    pub fn final_up_to(&self, sequence: Sequence) -> Result<(), OutboxError> {
        let mut inner = self.inner();
        let newest = inner.drop_up_to(sequence);
        let dead = inner.length.saturating_sub(inner.waiting_bytes);
        if newest.is_none() || dead < REWRITE_BYTES || dead < inner.waiting_bytes {
            return Ok(());
        }
        // The newest one stays in the file, final or not.
        let kept = newest.filter(|_| inner.waiting.is_empty()).into_iter();
        let slots: Vec<_> = kept.chain(inner.waiting.iter().map(|waiting| waiting.slot)).collect();
        let bytes = slots.iter().map(|slot| Ok((slot.sequence, inner.bytes_of(slot)?)));
        let bytes: Vec<_> = bytes.collect::<Result<_, OutboxError>>()?;
        let cut = inner.cut;
        inner.rewrite(&bytes, cut)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Up to here submissions may be said: to the one behind what is known, while others of their numbers were signed.
    fn free(&self) -> Sequence {
        if self.learned >= self.cut.signed { Sequence(u64::MAX) } else { self.learned.next() }
    }

    fn extent(&self) -> Extent {
        Extent { last: self.last, free: self.free(), generation: self.cut.generation }
    }

    fn write(&mut self, submissions: &[Submission]) -> Result<(), OutboxError> {
        self.mend()?;
        let encoded: Vec<_> = submissions.iter().map(|one| (one.sequence, codec::encode(one))).collect();
        let (frame, slots) = frame::encode(self.length, &encoded);
        let written = self.file.write_all_at(&frame, self.length).map_err(IoError::io("write", &self.path));
        let synced = written.and_then(|()| self.file.sync_data().map_err(IoError::sync(&self.path)));
        if let Err(error) = synced {
            self.uncut = true;
            self.mend()?;
            return Err(error.into());
        }
        self.length = self.length.saturating_add(frame.len() as u64);
        self.take(slots);
        Ok(())
    }

    fn take(&mut self, slots: Vec<Slot>) {
        let since = Instant::now();
        for slot in slots {
            self.last = self.last.max(slot.sequence);
            if slot.sequence > self.dropped {
                self.waiting_bytes = self.waiting_bytes.saturating_add(u64::from(slot.length));
                self.waiting.push_back(Waiting { slot, since });
            }
        }
    }

    /// Drops what is final; gives the newest of it.
    fn drop_up_to(&mut self, sequence: Sequence) -> Option<Slot> {
        self.dropped = self.dropped.max(sequence);
        let mut newest = None;
        while let Some(first) = self.waiting.front().copied().filter(|first| first.slot.sequence <= sequence) {
            self.waiting.pop_front();
            self.waiting_bytes = self.waiting_bytes.saturating_sub(u64::from(first.slot.length));
            newest = Some(first.slot);
        }
        newest
    }

    /// A new file with these submissions alone, in the old one's place.
    fn rewrite(&mut self, encoded: &[(Sequence, Vec<u8>)], cut: Cut) -> Result<(), OutboxError> {
        // Where the frame stands is read from the file again.
        let (bytes, _) = frame::encode(MAGIC.len() as u64, encoded);
        let bytes = if encoded.is_empty() { Vec::new() } else { bytes };
        let all = [MAGIC.as_slice(), &frame::encode_cut(&cut), &bytes].concat();
        self.stale = true;
        let replaced = replace(&self.path, |to| to.write_all(&all).map_err(IoError::io("write", &self.path)));
        self.reload()?;
        Ok(replaced?)
    }

    /// What was not acknowledged must not come back when the file is opened again.
    fn mend(&mut self) -> Result<(), OutboxError> {
        self.reload()?;
        if self.uncut {
            self.file.set_len(self.length).map_err(IoError::io("cut", &self.path))?;
            self.file.sync_all().map_err(IoError::sync(&self.path))?;
            self.uncut = false;
        }
        Ok(())
    }

    /// Opens the file again, which may be another one by now.
    fn reload(&mut self) -> Result<(), OutboxError> {
        if !self.stale {
            return Ok(());
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.path);
        let file = file.map_err(IoError::io("open", &self.path))?;
        let Contents { length, cut, slots } = frame::read_all(&file, &self.path)?;
        (self.file, self.length) = (file, length);
        if cut.generation > 0 {
            // What was cut anew may end lower than what stood there before.
            self.last = cut.last.max(self.dropped);
        }
        self.cut = cut;
        let before = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.take(slots);
        for waiting in &mut self.waiting {
            let old = before.binary_search_by_key(&waiting.slot.sequence, |old| old.slot.sequence);
            waiting.since = old.ok().and_then(|at| before.get(at)).map_or(waiting.since, |old| old.since);
        }
        self.stale = false;
        Ok(())
    }

    fn bytes_of(&self, slot: &Slot) -> Result<Vec<u8>, OutboxError> {
        let mut bytes = vec![0; slot.length as usize];
        self.file.read_exact_at(&mut bytes, slot.offset).map_err(IoError::io("read", &self.path))?;
        Ok(bytes)
    }

    fn read(&self, slot: &Slot) -> Result<Submission, OutboxError> {
        let (path, sequence) = (self.path.clone(), slot.sequence);
        let unreadable = |why| OutboxError::Unreadable { path, sequence, why };
        let submission: Submission = match codec::decode(&self.bytes_of(slot)?) {
            Ok(submission) => submission,
            Err(why) => return Err(unreadable(why.to_string())),
        };
        if submission.sequence == sequence {
            Ok(submission)
        } else {
            Err(unreadable("another one stands there".to_owned()))
        }
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inner = self.inner();
        write!(f, "Outbox({} waiting, last {})", inner.waiting.len(), inner.last)
    }
}
