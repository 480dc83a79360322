//! The secrets of the records, in fixed slots, each sealed under the key-encryption key.
//!
//! ```text
//! kek-N.key   the key-encryption key with number N, as every key file, of mode 0600
//! keys        magic(8) ‖ N(8) ‖ slots
//! slot        nonce(24) ‖ XChaCha20-Poly1305(secret)(32 + 16), bound to N and the slot's number
//!             or 72 zeros, where the secret is destroyed
//! ```
//!
//! To rotate the key is to seal every slot again into a new file that takes the old one's place, and then
//! to destroy the old key. What the file says is what holds: after a crash, keys that it does not name
//! are destroyed.

use super::VaultError;
use super::seal::{self, NONCE, TAG};
use crate::durable::{IoError, remove, replace, sync_folder};
use crate::keys::{KeyName, draw_secret, read_key, system_rng, write_key};
use ledger_core::record::RecordSecret;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"luqikeys";
const HEAD: usize = 16;
const SLOT: usize = NONCE + 32 + TAG;

/// The key file, open.
pub(super) struct KeyFile {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    number: u64,
    key: Zeroizing<[u8; 32]>,
    slots: u64,
    waiting: Vec<u8>,
}

impl KeyFile {
    /// Opens the key file of a vault, or makes it with a new key-encryption key.
    pub(super) fn open(folder: &Path) -> Result<Self, VaultError> {
        let path = folder.join("keys");
        if !path.exists() {
            let first = draw_secret(&mut system_rng());
            destroy_others(folder, 0)?;
            write_key(&kek_path(folder, 1), KeyName::KeyEncryption, &first)?;
            sync_folder(folder)?;
            write_head(&path, 1)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(IoError::io("open", &path))?;
        let mut head = [0; HEAD];
        file.read_exact_at(&mut head, 0).map_err(IoError::io("read", &path))?;
        let number = match head.split_first_chunk::<8>() {
            Some((magic, rest)) if magic == MAGIC => rest.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)),
            Some(_) | None => None,
        };
        let other = || IoError::malformed(&path, "it is no key file of a vault");
        let number = number.ok_or_else(other)?;
        let key = read_key(&kek_path(folder, number), KeyName::KeyEncryption)?;
        destroy_others(folder, number)?;
        let length = file.metadata().map_err(IoError::io("read", &path))?.len();
        let slots = length.saturating_sub(HEAD as u64) / SLOT as u64;
        let keys = Self { folder: folder.to_owned(), path, file, number, key, slots, waiting: Vec::new() };
        keys.cut()?;
        Ok(keys)
    }

    /// Cuts half a slot at the end.
    fn cut(&self) -> Result<(), IoError> {
        self.file.set_len(at(self.slots)).map_err(IoError::io("cut", &self.path))
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> u64 {
        self.slots.saturating_add((self.waiting.len() / SLOT) as u64)
    }

    /// Appends a secret, durable after the next [`KeyFile::sync`], and gives its slot.
    pub(super) fn push(&mut self, secret: &RecordSecret) -> u64 {
        let slot = self.len();
        self.waiting.extend_from_slice(&seal_slot(&self.key, self.number, slot, secret.as_bytes()));
        slot
    }

    /// Makes what was pushed durable.
    pub(super) fn sync(&mut self) -> Result<(), IoError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all_at(&self.waiting, at(self.slots)).map_err(IoError::io("write", &self.path));
        let synced = written.and_then(|()| self.file.sync_data().map_err(IoError::sync(&self.path)));
        if let Err(error) = synced {
            self.waiting.clear();
            self.cut()?;
            return Err(error);
        }
        self.slots = self.len();
        self.waiting.clear();
        Ok(())
    }

    /// Forgets what was pushed and not synced.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// The secret in a slot; none where it is destroyed.
    pub(super) fn secret(&self, slot: u64) -> Result<Option<RecordSecret>, SlotError> {
        let waiting = slot.checked_sub(self.slots).map(|slot| slot as usize * SLOT);
        let mut sealed = [0; SLOT];
        match waiting {
            Some(from) => {
                let waiting = self.waiting.get(from..).and_then(|rest| rest.first_chunk());
                sealed = *waiting.ok_or(SlotError)?;
            }
            None => self.file.read_exact_at(&mut sealed, at(slot)).map_err(|_| SlotError)?,
        }
        open_slot(&self.key, self.number, slot, &sealed)
    }

    /// Seals every slot under a new key, then destroys the old one.
    pub(super) fn rotate(&mut self) -> Result<(), VaultError> {
        self.sync()?;
        // A rotation that failed before may have left its key.
        destroy_others(&self.folder, self.number)?;
        let number = self.number.saturating_add(1);
        let key = draw_secret(&mut system_rng());
        write_key(&kek_path(&self.folder, number), KeyName::KeyEncryption, &key)?;
        sync_folder(&self.folder)?;
        replace::<IoError>(&self.path, |to| {
            let failed = || IoError::io("write", &self.path);
            to.write_all(&head(number)).map_err(failed())?;
            for slot in 0..self.slots {
                let damaged = |_| IoError::malformed(&self.path, format!("slot {slot} does not open with its key"));
                let sealed = match self.secret(slot).map_err(damaged)? {
                    Some(secret) => seal_slot(&key, number, slot, secret.as_bytes()),
                    None => [0; SLOT],
                };
                to.write_all(&sealed).map_err(failed())?;
            }
            Ok(())
        })?;
        *self = Self::open(&self.folder)?;
        Ok(())
    }
}

/// A slot that is not there or does not open.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlotError;

fn at(slot: u64) -> u64 {
    (HEAD as u64).saturating_add(slot.saturating_mul(SLOT as u64))
}

fn head(number: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    for (to, from) in head.iter_mut().zip(MAGIC.iter().copied().chain(number.to_be_bytes())) {
        *to = from;
    }
    head
}

fn write_head(path: &Path, number: u64) -> Result<(), IoError> {
    replace(path, |to| to.write_all(&head(number)).map_err(IoError::io("write", path)))
}

fn bound_to(number: u64, slot: u64) -> [u8; 16] {
    (u128::from(number) << 64 | u128::from(slot)).to_be_bytes()
}

fn seal_slot(key: &[u8; 32], number: u64, slot: u64, secret: &[u8; 32]) -> [u8; SLOT] {
    let nonce = draw_nonce();
    let mut sealed = [0; SLOT];
    let tag = {
        let (head, rest) = sealed.split_at_mut(NONCE);
        head.copy_from_slice(&nonce);
        let (body, _) = rest.split_at_mut(32);
        body.copy_from_slice(secret);
        seal::encrypt(key, &nonce, &bound_to(number, slot), body)
    };
    sealed.iter_mut().skip(NONCE + 32).zip(tag).for_each(|(to, from)| *to = from);
    sealed
}

fn open_slot(key: &[u8; 32], number: u64, slot: u64, sealed: &[u8; SLOT]) -> Result<Option<RecordSecret>, SlotError> {
    if sealed.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(SlotError)?;
    let (body, tag) = rest.split_first_chunk::<32>().ok_or(SlotError)?;
    let tag = tag.first_chunk::<TAG>().ok_or(SlotError)?;
    let mut secret = Zeroizing::new(*body);
    seal::decrypt(key, nonce, &bound_to(number, slot), &mut *secret, tag).map_err(|_| SlotError)?;
    Ok(Some(RecordSecret::from_bytes(*secret)))
}

fn draw_nonce() -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    rand_core::RngCore::fill_bytes(&mut system_rng(), &mut nonce);
    nonce
}

fn kek_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("kek-{number}.key"))
}

/// Destroys the key-encryption keys that the key file does not name.
fn destroy_others(folder: &Path, number: u64) -> Result<(), IoError> {
    let kept = kek_path(folder, number);
    let entries = std::fs::read_dir(folder).map_err(IoError::io("read the folder", folder))?;
    let mut destroyed = false;
    for entry in entries {
        let path = entry.map_err(IoError::io("read the folder", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path != kept && name.starts_with("kek-") && name.ends_with(".key") {
            destroy(&path)?;
            destroyed = true;
        }
    }
    if destroyed { sync_folder(folder) } else { Ok(()) }
}

/// Overwrites a file and removes it. Where the disk keeps old blocks, its encryption has to do the rest.
fn destroy(path: &Path) -> Result<(), IoError> {
    let file = OpenOptions::new().write(true).open(path).map_err(IoError::io("overwrite", path))?;
    let length = file.metadata().map_err(IoError::io("overwrite", path))?.len();
    let zeros = vec![0; usize::try_from(length).unwrap_or_default()];
    file.write_all_at(&zeros, 0).map_err(IoError::io("overwrite", path))?;
    file.sync_all().map_err(IoError::sync(path))?;
    remove(path)
}
