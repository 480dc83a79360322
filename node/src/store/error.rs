//! Everything that can go wrong with a store: what, where, and what to do.

use crate::durable::IoError;
use ledger_core::archive::{ArchiveError, FootError};
use ledger_core::chain::Fault;
use ledger_core::crypto::ChainId;
use ledger_core::names::{BlockHash, Height};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a store cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file or folder.
    #[error(transparent)]
    File(#[from] IoError),
    /// An auditor came while a node runs.
    #[error("a node has this store open ({path}): stop it before auditing, or audit a copy or an export")]
    NodeRuns {
        /// The file that is locked.
        path: PathBuf,
    },
    /// sled does not open, or fails.
    #[error(
        "the database of the newest blocks in {path} fails: {why}; keep a copy of the folder, and restore it from a backup or fetch the blocks from the other nodes"
    )]
    Hot {
        /// sled's folder.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// sled put values where they are never synced.
    #[error(
        "{path} is not empty: the database wrote values there that it never syncs; keep a copy of the folder, export the chain, and import it into a new home"
    )]
    Blobs {
        /// The folder.
        path: PathBuf,
    },
    /// Blocks that were acknowledged are gone.
    #[error(
        "the store in {path} was rolled back, cut short or damaged: it holds {holds} blocks, its tip file says {tip_file}; restore a newer copy or fetch the missing blocks from the other nodes, and do not vote before"
    )]
    RolledBack {
        /// The ledger's folder.
        path: PathBuf,
        /// Height of the last block here.
        holds: Height,
        /// Height in the tip file.
        tip_file: Height,
    },
    /// Another block than the acknowledged one.
    #[error(
        "the tip file {path} names block {tip_file} at height {height}, here stands {found}: one of them was altered; restore both from one backup, or fetch the blocks from the other nodes"
    )]
    OtherTip {
        /// The tip file.
        path: PathBuf,
        /// The height.
        height: Height,
        /// In the tip file.
        tip_file: BlockHash,
        /// In the store.
        found: BlockHash,
    },
    /// The tip file says nothing.
    #[error(
        "the tip file {path} {why}, so nothing tells whether the store is whole; restore it from a backup, or compare the chain with another node's and import it into a new home"
    )]
    TipFile {
        /// The tip file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Bytes that are not the ones that were written.
    #[error(
        "block {height} in {path} is damaged: {why}; restore the file from a backup or fetch the block from the other nodes"
    )]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// The height.
        height: Height,
        /// What is wrong.
        why: String,
    },
    /// A block that stands in two places is not the same in both.
    #[error(
        "block {height} is not the same in the database and in {path}: one of them was altered; restore both from one backup, or fetch the block from the other nodes"
    )]
    Differ {
        /// The sealed file.
        path: PathBuf,
        /// The height.
        height: Height,
    },
    /// Blocks are missing in between.
    #[error(
        "blocks {from} to {to} are missing in {path}: restore the sealed files from a backup or fetch them from the other nodes"
    )]
    Gap {
        /// The folder.
        path: PathBuf,
        /// The first that is missing.
        from: Height,
        /// The last.
        to: Height,
    },
    /// Of another chain.
    #[error("{path} is of chain {found}, the genesis makes chain {wanted}: use the genesis that belongs to this home")]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// The genesis's.
        wanted: ChainId,
        /// In the file.
        found: ChainId,
    },
    /// A block that does not follow.
    #[error("block {found} cannot be appended: the store ends at {tip}, so {} follows", tip.next())]
    Order {
        /// The tip.
        tip: Height,
        /// The block's height.
        found: Height,
    },
    /// A block that is not there.
    #[error("block {0} is not here: the chain ends below it")]
    NoBlock(Height),
    /// A stored block that does not hold.
    #[error(
        "block {height} does not hold: {fault}; restore the store from a backup or fetch the block from the other nodes"
    )]
    Fault {
        /// The height.
        height: Height,
        /// What is wrong.
        fault: Fault,
    },
    /// A foot that bears nothing.
    #[error("what {path} stands on does not hold: {why}; restore the file from a backup")]
    Foot {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: FootError,
    },
    /// No thread to seal old blocks.
    #[error("the background thread that seals old blocks could not be started: {0}")]
    Thread(io::Error),
}

impl StoreError {
    /// An answer of the operating system, in its context.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let in_context = IoError::io(doing, path);
        move |source| Self::File(in_context(source))
    }

    /// A sync that failed: the process is told to end. Never to be tried again.
    pub(crate) fn sync(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let in_context = IoError::sync(path);
        move |source| Self::File(in_context(source))
    }

    /// A file that is not as this program writes it.
    pub(crate) fn malformed(path: &Path, why: impl Into<String>) -> Self {
        Self::File(IoError::malformed(path, why))
    }

    /// Whether the machine refuses, whatever the bytes are. It says nothing of the evidence.
    pub(crate) fn is_of_the_machine(&self) -> bool {
        matches!(self, Self::File(error) if error.is_of_the_machine())
    }

    /// A file that is no archive, in its context.
    pub(crate) fn archive(path: &Path) -> impl FnOnce(ArchiveError) -> Self {
        let path = path.to_owned();
        move |why| match why {
            ArchiveError::Chain { wanted, found } => Self::OtherChain { path, wanted, found },
            ArchiveError::Magic
            | ArchiveError::Format(_)
            | ArchiveError::Kind(_)
            | ArchiveError::TooLong(_)
            | ArchiveError::Checksum => Self::malformed(&path, why.to_string()),
        }
    }
}
