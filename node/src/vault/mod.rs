//! The vault: the records in plaintext, sealed.
//!
//! ```text
//! vault/kek-N.key      the key-encryption key
//! vault/keys           one sealed secret a record
//! vault/packs/         the records, each sealed under the data key that its secret gives
//! vault/index          where each record stands, by the first 16 bytes of its commitment
//! vault/lock           held by the one process that has the vault open
//! ```
//!
//! What this module promises: after [`Vault::sync`], what [`Vault::seal_batch`] gave can be revealed after
//! a loss of power, so the events that carry its commitments may be signed; a crash before leaves at worst
//! a secret or a record that no event names. Plaintext is in no file, log or error. Whoever destroys a
//! secret and the key-encryption key that sealed it has erased the record. Look-ups by commitment are made
//! in memory; the index is written last and made again from the packs where it is missing or damaged.

mod error;
mod keys;
mod pack;
mod seal;
#[cfg(test)]
mod tests;

pub use error::VaultError;

use crate::durable::{IoError, lock, make_folder};
use crate::keys::{draw_secret, system_rng};
use crate::rows::{OnDamage, RowFile};
use keys::KeyFile;
use ledger_core::codec;
use ledger_core::crypto::Suite;
use ledger_core::names::{Commitment, Subject};
use ledger_core::record::{Record, RecordSecret};
use pack::{Frame, Packs, Place};
use rayon::prelude::*;
use seal::{NONCE, TAG};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use zeroize::Zeroizing;

/// A pack that would be longer is closed.
const PACK_BYTES: u64 = 256 << 20;
const SUITE: Suite = Suite::Ed25519Sha256;
/// A data key seals one record and nothing else, ever, so the nonce need not vary.
const DATA_NONCE: [u8; NONCE] = [0; NONCE];

/// By what records are looked up: the first half of a commitment.
pub type Handle = [u8; 16];

/// commitment's first half(16) ‖ pack(4) ‖ offset(4)
type IndexFile = RowFile<24>;

/// The records of a home, sealed; open for one process.
pub struct Vault {
    keys: KeyFile,
    packs: Packs,
    index: IndexFile,
    table: HashMap<Handle, Place>,
    /// Sealed since the last sync.
    fresh: Vec<Handle>,
    _lock: File,
}

/// A record that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its commitment.
    pub commitment: Commitment,
    /// What it is bound to.
    pub subject: Subject,
}

/// A record that was taken out of the vault, with the secret that its commitment was made with.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The record.
    pub record: Record,
    /// Its secret.
    pub secret: RecordSecret,
    /// What it is bound to.
    pub subject: Subject,
}

/// A record sealed in memory.
struct Prepared {
    commitment: Commitment,
    subject: Subject,
    secret: RecordSecret,
    sealed: Vec<u8>,
}

impl Vault {
    /// Opens the vault in a folder, and makes it where there is none. A torn end is cut with the first record
    /// that is sealed after it: before that, ask by [`Vault::has`] whether anything acknowledged is missing.
    ///
    /// # Errors
    /// [`VaultError`]: what is wrong, where, and what to do.
    pub fn open(folder: &Path) -> Result<Self, VaultError> {
        Self::open_with(folder, PACK_BYTES)
    }

    fn open_with(folder: &Path, pack_bytes: u64) -> Result<Self, VaultError> {
        make_folder(folder)?;
        let lock = lock(&folder.join("lock"))?;
        let packs = folder.join("packs");
        make_folder(&packs)?;
        let keys_path = folder.join("keys");
        if !keys_path.exists() && !pack::numbers(&packs)?.is_empty() {
            return Err(VaultError::KeysMissing { path: keys_path, found: 0, wanted: 1 });
        }
        let keys = KeyFile::open(folder)?;
        let mut packs = Packs::open(&packs, pack_bytes)?;
        let (mut index, rows) = IndexFile::open(&folder.join("index"), b"luqividx", OnDamage::Cut)?;
        let mut table: HashMap<_, _> = rows.iter().filter_map(read_row).collect();
        // An index without its pack, and a secret less than the last record names, are not of one vault.
        let last = rows.last().and_then(read_row).map(|(_, place)| place);
        if let Some(last) = last {
            let slot = packs.frame(last).map(|frame| frame.slot);
            let missing = || IoError::malformed(&packs.path_of(last), "its last record is damaged");
            let wanted = slot.ok_or_else(missing)?.saturating_add(1);
            if wanted > keys.len() {
                return Err(VaultError::KeysMissing { path: keys_path, found: keys.len(), wanted });
            }
        }
        packs.follow(last, keys.len(), |frame, place| {
            let handle = handle(&frame.commitment);
            index.push(&row(&handle, place));
            table.insert(handle, place);
        })?;
        packs.sync()?;
        index.sync()?;
        Ok(Self { keys, packs, index, table, fresh: Vec::new(), _lock: lock })
    }

    /// Seals records, each under a secret of its own, on all cores. They are durable, and events may be
    /// signed over their commitments, after the next [`Vault::sync`].
    ///
    /// # Errors
    /// [`VaultError`]; then nothing since the last sync is sealed.
    pub fn seal_batch<R: Borrow<Record> + Sync>(
        &mut self,
        records: &[(R, Subject)],
    ) -> Result<Vec<Sealed>, VaultError> {
        let prepared: Vec<_> = records.par_iter().map(|(record, subject)| prepare(record.borrow(), *subject)).collect();
        let sealed: Result<Vec<_>, _> = prepared.into_iter().map(|prepared| self.put(prepared)).collect();
        if sealed.is_err() {
            self.fall_back()?;
        }
        sealed
    }

    fn put(&mut self, prepared: Prepared) -> Result<Sealed, VaultError> {
        let Prepared { commitment, subject, secret, sealed } = prepared;
        let slot = self.keys.push(&secret);
        let place = self.packs.push(&Frame { commitment, subject, slot, sealed })?;
        let handle = handle(&commitment);
        self.index.push(&row(&handle, place));
        self.table.insert(handle, place);
        self.fresh.push(handle);
        Ok(Sealed { commitment, subject })
    }

    /// Makes what was sealed durable: first the secrets, then the records, then where they stand.
    ///
    /// # Errors
    /// [`VaultError`]; then nothing since the last sync is sealed.
    pub fn sync(&mut self) -> Result<(), VaultError> {
        let synced = self.keys.sync().and_then(|()| self.packs.sync()).and_then(|()| self.index.sync());
        if let Err(error) = synced {
            self.fall_back()?;
            return Err(error.into());
        }
        self.fresh.clear();
        Ok(())
    }

    fn fall_back(&mut self) -> Result<(), VaultError> {
        self.keys.forget();
        self.index.forget();
        for handle in self.fresh.drain(..) {
            self.table.remove(&handle);
        }
        self.packs.fall_back()
    }

    /// The record behind a commitment: opened, and compared with it.
    ///
    /// # Errors
    /// [`VaultError::NotHere`], [`VaultError::Erased`], [`VaultError::Damaged`].
    pub fn reveal(&self, commitment: &Commitment) -> Result<Opened, VaultError> {
        let commitment = *commitment;
        let place = self.table.get(&handle(&commitment)).copied().ok_or(VaultError::NotHere(commitment))?;
        let damaged = || VaultError::Damaged { commitment, path: self.packs.path_of(place) };
        let frame = self.packs.frame(place).ok_or_else(damaged)?;
        if frame.commitment != commitment {
            return Err(VaultError::NotHere(commitment));
        }
        let secret = self.keys.secret(frame.slot).map_err(|_| damaged())?.ok_or(VaultError::Erased(commitment))?;
        let record = open(&frame, &secret).ok_or_else(damaged)?;
        if record.commitment(&secret, SUITE) != commitment {
            return Err(damaged());
        }
        Ok(Opened { record, secret, subject: frame.subject })
    }

    /// Whether a record is here, erased or not.
    #[must_use]
    pub fn has(&self, handle: &Handle) -> bool {
        self.table.contains_key(handle)
    }

    /// The whole commitment of a record, and what it is bound to.
    #[must_use]
    pub fn find(&self, handle: &Handle) -> Option<Sealed> {
        let frame = self.packs.frame(*self.table.get(handle)?)?;
        Some(Sealed { commitment: frame.commitment, subject: frame.subject })
    }

    /// Seals every secret under a new key-encryption key and destroys the old one.
    ///
    /// # Errors
    /// [`VaultError`]; then the old key still holds.
    pub fn rotate(&mut self) -> Result<(), VaultError> {
        self.sync()?;
        self.keys.rotate()
    }

    /// How many records are sealed here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} records, not shown)", self.table.len())
    }
}

/// By what the record of a commitment is looked up.
#[must_use]
pub fn handle(commitment: &Commitment) -> Handle {
    commitment.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn prepare(record: &Record, subject: Subject) -> Prepared {
    let secret = RecordSecret::from_bytes(*draw_secret(&mut system_rng()));
    let commitment = record.commitment(&secret, SUITE);
    // Sealed in place: the buffer of the plaintext becomes that of the ciphertext.
    let mut sealed = codec::encode(record);
    let bound_to = Frame::bound_to(&commitment, &subject);
    let tag = seal::encrypt(&secret.data_key(SUITE), &DATA_NONCE, &bound_to, &mut sealed);
    sealed.extend_from_slice(&tag);
    Prepared { commitment, subject, secret, sealed }
}

fn open(frame: &Frame, secret: &RecordSecret) -> Option<Record> {
    let (message, tag) = frame.sealed.split_last_chunk::<TAG>()?;
    let mut plain = Zeroizing::new(message.to_vec());
    let bound_to = Frame::bound_to(&frame.commitment, &frame.subject);
    seal::decrypt(&secret.data_key(SUITE), &DATA_NONCE, &bound_to, &mut plain, tag).ok()?;
    codec::decode(&plain).ok()
}

fn row(handle: &Handle, place: Place) -> [u8; 24] {
    let mut row = [0; 24];
    let content = handle.iter().copied().chain(place.pack.to_be_bytes()).chain(place.offset.to_be_bytes());
    row.iter_mut().zip(content).for_each(|(to, from)| *to = from);
    row
}

fn read_row(row: &[u8; 24]) -> Option<(Handle, Place)> {
    let (handle, rest) = row.split_first_chunk::<16>()?;
    let (pack, offset) = rest.split_first_chunk::<4>()?;
    let offset = u32::from_be_bytes(*offset.first_chunk()?);
    Some((*handle, Place { pack: u32::from_be_bytes(*pack), offset }))
}
