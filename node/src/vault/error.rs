//! Everything that can go wrong with a vault. No text shows what is sealed in it.

use crate::durable::IoError;
use crate::keys::KeyFileError;
use ledger_core::names::Commitment;
use std::path::PathBuf;
use thiserror::Error;

/// Why a vault cannot be opened, or a record not be sealed or revealed.
#[derive(Debug, Error)]
pub enum VaultError {
    /// One of its files.
    #[error(transparent)]
    File(#[from] IoError),
    /// Its key-encryption key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No record with this commitment was sealed here.
    #[error("no record with the commitment {0} is in this vault: it was sealed by another node, or never")]
    NotHere(Commitment),
    /// Its secret is destroyed.
    #[error("the record with the commitment {0} was erased: its secret is destroyed")]
    Erased(Commitment),
    /// The sealed bytes, or their secret, are not what was written.
    #[error(
        "the record with the commitment {commitment} does not open: {} was altered or damaged, or the key file belongs to another vault; restore it from a backup",
        path.display()
    )]
    Damaged {
        /// The record's commitment.
        commitment: Commitment,
        /// The file.
        path: PathBuf,
    },
    /// Secrets that records need are gone.
    #[error(
        "the key file {} has {found} secrets, and the packs need {wanted}: it is an older copy; restore the newest one",
        path.display()
    )]
    KeysMissing {
        /// The key file.
        path: PathBuf,
        /// Secrets in it.
        found: u64,
        /// Secrets that the records name.
        wanted: u64,
    },
    /// A record too large for a pack.
    #[error("a record of {0} bytes is too long to be sealed")]
    TooLong(usize),
}
