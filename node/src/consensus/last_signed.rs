//! What this node signed last: never two things where one may stand.
//!
//! ```text
//! file   two slots of 512 bytes
//! slot   length(4) ‖ record ‖ CRC-32 of the record(4) ‖ zeros
//! ```
//!
//! The record is on disk before a signature leaves ([`LastSigned::allow`]). It names its own place on disk
//! ([`Disk`]), so a file that came out of a backup, or from another disk, is told: what was signed after the
//! copy is then unknown, and the node is silent until the chain has left every height that it could have
//! signed at. The slots are written in turn ([`Slots`]): a torn write leaves the other one, which is
//! then one signature behind, and that signature never left.

use super::another::Remembered;
use crate::durable::{IoError, SLOT, Slots, if_there};
use bincode::{Decode, Encode};
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::names::{BlockHash, Height, Round, Timestamp};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use thiserror::Error;

/// So far above where most stand a node can have signed: one height it knows to be certified and they do not, and the
/// one after that.
const SIGNED_ABOVE: u64 = 2;
/// The certificates of so many blocks in a row have to do without this node before it ends its silence. One has little
/// more than two thirds of the votes, so that of a node that votes elsewhere may be missing in it.
const WITHOUT: u64 = 3;
const MAGIC: [u8; 8] = *b"luqi-sig";

/// The three things that a validator signs in a round, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) enum Step {
    Proposal,
    Prevote,
    Precommit,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Proposal => "proposal",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
        })
    }
}

/// What was signed, or is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Signed {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) step: Step,
    /// None for nil.
    pub(crate) block: Option<BlockHash>,
    /// Of a proposal alone.
    pub(crate) valid_round: Option<Round>,
}

/// Where something is signed: nothing is signed below what was.
pub(crate) type Place = (Height, Round, Step);

impl Signed {
    pub(crate) const fn place(&self) -> Place {
        (self.height, self.round, self.step)
    }
}

/// Why a node that has power does not vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Silence {
    /// Nothing is on record here: this home is new, or it has lost all but its keys. It votes as soon as most
    /// others are at the very beginning too, or as one that was restored.
    New {
        /// When that was noticed, by the own clock: nothing is judged by it.
        since: Timestamp,
    },
    /// It may have signed what it does not know of: it votes once the chain has left every height at which that could
    /// be, by what more than two thirds of the power announce ([`LastSigned::ended_by`]).
    Restored {
        /// When that was noticed, by the own clock: nothing is judged by it.
        since: Timestamp,
    },
    /// It signed at this height and lost the votes that bound it there: it votes above it.
    Above(Height),
    /// At this height another process signed with its keys: it votes no more, until its operator says that it was
    /// restored.
    Another(Height),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New { .. } => f.write_str("its home is new, or has lost what it signed"),
            Self::Restored { .. } => f.write_str("its home was restored from a copy"),
            Self::Another(height) => {
                write!(f, "another node runs with its keys, and signed at height {height} what this one did not")
            }
            Self::Above(height) => write!(f, "it signed at height {height} and lost the log of that"),
        }
    }
}

/// Why the record cannot be kept.
#[derive(Debug, Error)]
pub enum LastSignedError {
    /// The file, or its folder.
    #[error("{0}; without the record of what was signed the node must not vote")]
    File(#[from] IoError),
    /// The file of another chain.
    #[error("{} belongs to chain {found}; this home is of another chain", path.display())]
    Chain {
        /// The file.
        path: PathBuf,
        /// The chain in it.
        found: ChainId,
    },
    /// A record that is longer than its slot.
    #[error("the record of what was signed does not fit its slot: this is a fault of the program")]
    Size,
}

/// Why something is not signed.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error("a {step} at height {height}, round {round} goes against what this node signed before", step = .0.step, height = .0.height, round = .0.round)]
    Conflict(Signed),
    #[error("this node is silent")]
    Silent,
    #[error(transparent)]
    File(#[from] LastSignedError),
}

/// Where a file lies. A copy of its bytes lies elsewhere: it has another inode, or was born at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Disk {
    /// By the order in which the system found its disks: another one after a reboot, maybe.
    device: u64,
    /// By the file system itself, but for some (XFS) that take the device's.
    file_system: u64,
    inode: u64,
    /// Nanoseconds since 1970; none where the file system does not tell. Nobody can set it.
    born: Option<u64>,
}

impl Disk {
    fn of(file: &File) -> io::Result<Self> {
        let found = file.metadata()?;
        let born = found.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
        let file_system = rustix::fs::fstatvfs(file)?.f_fsid;
        Ok(Self { device: found.dev(), file_system, inode: found.ino(), born })
    }

    /// Whether a file that lies here is the one that lay there. Its disk may have another number since, where the file
    /// system is the same; a snapshot has both another one and another number.
    fn is_same(&self, there: &Self) -> bool {
        let is_same_disk = self.device == there.device || self.file_system == there.file_system;
        self.is_same_file(there) && is_same_disk
    }

    /// The same, whatever the disk.
    fn is_same_file(&self, there: &Self) -> bool {
        (self.inode, self.born) == (there.inode, there.born)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Record {
    magic: [u8; 8],
    chain: ChainId,
    turn: u64,
    disk: Disk,
    silence: Option<Silence>,
    /// The last of each step.
    proposal: Option<Signed>,
    prevote: Option<Signed>,
    precommit: Option<Signed>,
}

impl Record {
    const fn of(&self, step: Step) -> Option<Signed> {
        match step {
            Step::Proposal => self.proposal,
            Step::Prevote => self.prevote,
            Step::Precommit => self.precommit,
        }
    }

    fn set(&mut self, signed: Signed) {
        match signed.step {
            Step::Proposal => self.proposal = Some(signed),
            Step::Prevote => self.prevote = Some(signed),
            Step::Precommit => self.precommit = Some(signed),
        }
    }

    fn last(&self) -> Option<Signed> {
        [self.proposal, self.prevote, self.precommit].into_iter().flatten().max_by_key(Signed::place)
    }
}

/// What is known of a home before its file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// The chain here has blocks, or agreement ran in this home before: a missing file is then a lost one.
    pub(crate) used: bool,
    /// Where the chain here ends.
    pub(crate) tip: Height,
    /// It has all the power, so nobody could tell it what it has forgotten.
    pub(crate) alone: bool,
    /// The operator, or the store, says that this home was restored.
    pub(crate) restored: bool,
    /// The own clock.
    pub(crate) now: Timestamp,
}

/// What a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnRecord {
    /// It is not there.
    NoFile,
    /// Neither half of it is whole.
    Damaged,
    /// The node is silent, or this is a copy of what another file says.
    Silent,
    /// The node votes, and signed this last.
    Last(Option<Signed>),
}

/// The open file.
#[derive(Debug)]
pub(crate) struct LastSigned {
    slots: Slots,
    record: Record,
    remembered: Remembered,
    /// The highest block whose certificate has a signature of this node, since this process began.
    seen: Height,
}

impl LastSigned {
    /// Opens the file, or makes one where there is none.
    ///
    /// # Errors
    /// [`LastSignedError`].
    pub(crate) fn open(path: &Path, chain: ChainId, known: Known) -> Result<Self, LastSignedError> {
        let lost = Some(Silence::Restored { since: known.now });
        let Some(record) = read(path, chain)? else {
            let new = (!known.alone).then_some(Silence::New { since: known.now });
            let silence = if known.used || known.restored { lost } else { new };
            return Self::create(path, Record::new(chain, silence), known.tip);
        };
        // Neither half is whole: what stood there is lost.
        let Some(record) = record else { return Self::create(path, Record::new(chain, lost), known.tip) };
        let slots = Slots::open(path)?;
        if !Disk::of(slots.file()).map_err(IoError::io("look at", path))?.is_same(&record.disk) {
            let stays = |why: &Silence| match why {
                Silence::Restored { .. } => true,
                Silence::Another(_) => !known.restored,
                Silence::New { .. } | Silence::Above(_) => false,
            };
            let silence = record.silence.filter(stays).or(lost);
            return Self::create(path, Record { silence, ..record }, known.tip);
        }
        let remembered = Remembered::new(known.tip, record.last());
        let mut own = Self { slots, record, remembered, seen: Height(0) };
        if known.restored && !matches!(own.record.silence, Some(Silence::Restored { .. })) {
            own.write(Record { silence: lost, ..own.record.clone() })?;
        }
        Ok(own)
    }

    /// What stands in the file, which is left as it is. A copy is told by its inode and its birth alone: what a disk is
    /// called may change when a machine starts anew, and whoever asks here has nobody who could end his silence.
    ///
    /// # Errors
    /// [`LastSignedError`].
    pub(crate) fn look(path: &Path, chain: ChainId) -> Result<OnRecord, LastSignedError> {
        let record = match read(path, chain)? {
            None => return Ok(OnRecord::NoFile),
            Some(None) => return Ok(OnRecord::Damaged),
            Some(Some(record)) => record,
        };
        let found = File::open(path).and_then(|file| Disk::of(&file)).map_err(IoError::io("look at", path))?;
        let is_copy = !found.is_same_file(&record.disk);
        Ok(if is_copy || record.silence.is_some() { OnRecord::Silent } else { OnRecord::Last(record.last()) })
    }

    /// A new file in the place of whatever is there, which knows its own inode.
    fn create(path: &Path, mut record: Record, tip: Height) -> Result<Self, LastSignedError> {
        let slots = Slots::create(path, |file| {
            record.disk = Disk::of(file).map_err(IoError::io("look at", path))?;
            // In both: whichever is written next, the other one holds.
            encode(&record).map(|slot| [slot; 2])
        })?;
        let remembered = Remembered::new(tip, record.last());
        Ok(Self { slots, record, remembered, seen: Height(0) })
    }

    /// Takes note of what is about to be signed; durable when it returns.
    ///
    /// # Errors
    /// [`Refused`]: then it must not be signed.
    pub(crate) fn allow(&mut self, signed: Signed) -> Result<(), Refused> {
        if self.record.silence.is_some() {
            return Err(Refused::Silent);
        }
        if self.record.of(signed.step) == Some(signed) {
            return Ok(());
        }
        if self.record.last().is_some_and(|last| signed.place() <= last.place()) {
            return Err(Refused::Conflict(signed));
        }
        let mut record = self.record.clone();
        record.set(signed);
        self.write(record)?;
        self.remembered.add(signed);
        Ok(())
    }

    /// The last thing that was signed.
    pub(crate) fn last(&self) -> Option<Signed> {
        self.record.last()
    }

    /// How often the record was written; each time it is one more.
    pub(crate) const fn turn(&self) -> u64 {
        self.record.turn
    }

    /// The block that was precommitted last.
    pub(crate) fn precommitted(&self) -> Option<(Height, BlockHash)> {
        self.record.precommit.and_then(|signed| Some((signed.height, signed.block?)))
    }

    /// Why this node does not vote; none where it does.
    pub(crate) const fn silence(&self) -> Option<Silence> {
        self.record.silence
    }

    /// From now on nothing is signed; durable when it returns. A reason that stands already stays.
    ///
    /// # Errors
    /// [`LastSignedError`].
    pub(crate) fn keep_silent(&mut self, why: Silence) -> Result<(), LastSignedError> {
        let silence = match (self.record.silence, why) {
            (Some(another @ Silence::Another(_)), _) | (_, another @ Silence::Another(_)) => another,
            (Some(restored @ Silence::Restored { .. }), _) => restored,
            (Some(Silence::Above(a)), Silence::Above(b)) => Silence::Above(a.max(b)),
            (Some(Silence::Above(_) | Silence::New { .. }) | None, why) => why,
        };
        self.write(Record { silence: Some(silence), ..self.record.clone() })
    }

    /// The height up to which this home may have signed what it does not know of; none where nobody can tell.
    ///
    /// `stood`: where more than two thirds of the power that certifies this block, the own not counted, stood when
    /// they told it after the silence began; none while too few have. Nothing more than one height above that was
    /// certified before, so nothing more than two above it was signed here. No clock is asked.
    fn unknown_to(&self, stood: Option<Height>) -> Option<Height> {
        match self.record.silence {
            None => Some(Height(0)),
            Some(Silence::Above(height)) => Some(height),
            Some(Silence::New { .. } | Silence::Restored { .. }) => {
                stood.map(|stood| Height(stood.0.saturating_add(SIGNED_ABOVE)))
            }
            Some(Silence::Another(_)) => None,
        }
    }

    /// The lowest block that ends the silence, for the heights above it; none where none does, as far as is known. Of
    /// one that was restored it also has to be the last of some whose certificates do without this node: else a copy of
    /// it that runs would seem to be the chain that goes on.
    pub(crate) fn ends_at(&self, stood: Option<Height>) -> Option<Height> {
        let unknown = self.unknown_to(stood)?;
        match self.record.silence {
            None | Some(Silence::Another(_)) => None,
            Some(Silence::Above(_)) => Some(unknown),
            Some(Silence::New { .. } | Silence::Restored { .. }) => {
                let without = stood?.max(self.seen).0.saturating_add(WITHOUT).saturating_add(1);
                Some(unknown.max(Height(without)))
            }
        }
    }

    /// Whether a block that was committed just now ends the silence.
    pub(crate) fn ended_by(&self, block: Height, stood: Option<Height>) -> bool {
        self.ends_at(stood).is_some_and(|end| block >= end)
    }

    /// Signatures of this node were shown, and verified. Gives one that another process made; then this one is silent
    /// from here on, which is durable.
    ///
    /// # Errors
    /// [`LastSignedError`].
    pub(crate) fn heed(&mut self, shown: &[Signed], stood: Option<Height>) -> Result<Option<Signed>, LastSignedError> {
        let highest = shown.iter().map(|signed| signed.height).max();
        self.seen = self.seen.max(highest.unwrap_or_default());
        let Some(unknown) = self.unknown_to(stood) else { return Ok(None) };
        let is_anothers = |signed: &&Signed| signed.height > unknown && self.remembered.is_anothers(signed);
        let Some(found) = shown.iter().find(is_anothers).copied() else { return Ok(None) };
        self.keep_silent(Silence::Another(found.height))?;
        Ok(Some(found))
    }

    /// From now on the node votes again; durable when it returns. What it signed stays on record; up to where most
    /// `stood` and a little above it may have signed more.
    ///
    /// # Errors
    /// [`LastSignedError`].
    pub(crate) fn speak(&mut self, stood: Option<Height>) -> Result<(), LastSignedError> {
        if let Some(unknown) = self.unknown_to(stood) {
            self.remembered.unknown_to(unknown);
        }
        self.write(Record { silence: None, ..self.record.clone() })
    }

    /// The operator takes it on himself that nothing was signed that stands against what follows.
    ///
    /// # Errors
    /// [`LastSignedError`].
    pub(crate) fn forget(&mut self) -> Result<(), LastSignedError> {
        let (proposal, prevote, precommit) = (None, None, None);
        self.write(Record { silence: None, proposal, prevote, precommit, ..self.record.clone() })
    }

    fn write(&mut self, mut record: Record) -> Result<(), LastSignedError> {
        record.turn = self.record.turn.saturating_add(1);
        self.slots.write(record.turn, &encode(&record)?)?;
        self.record = record;
        Ok(())
    }
}

impl Record {
    const fn new(chain: ChainId, silence: Option<Silence>) -> Self {
        let disk = Disk { device: 0, file_system: 0, inode: 0, born: None };
        let (proposal, prevote, precommit) = (None, None, None);
        Self { magic: MAGIC, chain, turn: 0, disk, silence, proposal, prevote, precommit }
    }
}

fn encode(record: &Record) -> Result<[u8; SLOT], LastSignedError> {
    let record = codec::encode(record);
    let mut bytes = u32::try_from(record.len()).map_err(|_| LastSignedError::Size)?.to_be_bytes().to_vec();
    bytes.extend_from_slice(&record);
    bytes.extend_from_slice(&crc32fast::hash(&record).to_be_bytes());
    let mut slot = [0; SLOT];
    slot.get_mut(..bytes.len()).ok_or(LastSignedError::Size)?.copy_from_slice(&bytes);
    Ok(slot)
}

fn decode(slot: &[u8]) -> Option<Record> {
    let (length, rest) = slot.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (record, rest) = (rest.get(..length)?, rest.get(length..)?);
    let (checksum, _) = rest.split_first_chunk::<4>()?;
    if crc32fast::hash(record) != u32::from_be_bytes(*checksum) {
        return None;
    }
    codec::decode::<Record>(record).ok().filter(|record| record.magic == MAGIC)
}

/// The record of a file: none where there is no file, and an inner none where no half is whole.
fn read(path: &Path, chain: ChainId) -> Result<Option<Option<Record>>, LastSignedError> {
    let Some((slots, _)) = if_there(Slots::read(path))? else { return Ok(None) };
    // The newest slot that is whole.
    match slots.iter().filter_map(|slot| decode(slot)).max_by_key(|record| record.turn) {
        Some(record) if record.chain != chain => {
            Err(LastSignedError::Chain { path: path.to_owned(), found: record.chain })
        }
        record => Ok(Some(record)),
    }
}

#[cfg(test)]
mod tests;
