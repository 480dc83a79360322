//! What can go wrong with a file: what was tried, with which, and what to do.

use super::unsynced;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file or folder cannot be read, written or made durable.
#[derive(Debug, Error)]
pub enum IoError {
    /// No room.
    #[error("the disk is full: cannot {doing} {path}; nothing of it was acknowledged, make room and go on")]
    DiskFull {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} {path}: {source}")]
    Refused {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// A file that was written did not become durable. On Linux the next sync of it succeeds without what was lost,
    /// so nothing more may be acknowledged by this process.
    #[error(
        "cannot sync {path}: {source}; what was written there last may be lost, and the next sync would not tell: the process ends and acknowledges nothing more. Look at the disk, and start it again: it goes on from what is durable"
    )]
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The superuser would leave files here that their owner's node cannot open.
    #[error(
        "{path} belongs to user {owner}, and files that root makes there are closed to its node: run this as that user (runuser -u NAME -- luqi …)"
    )]
    OtherUser {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Somebody else writes here.
    #[error("another process{} has this home open ({path}): stop it, or use another home", process(.by))]
    InUse {
        /// The file that is locked.
        path: PathBuf,
        /// The process that holds it, where that is known.
        by: Option<u32>,
    },
    /// A file that is not as this program writes it.
    #[error("{path} is not as this program writes it: {why}; restore it from a backup")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

fn process(by: &Option<u32>) -> String {
    by.map_or_else(String::new, |id| format!(" (process {id})"))
}

impl IoError {
    /// An answer of the operating system, in its context.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            let full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            if full { Self::DiskFull { doing, path } } else { Self::Refused { doing, path, source } }
        }
    }

    /// A sync that failed: the process is told to end. Never to be tried again.
    pub(crate) fn sync(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            unsynced::note(format!("cannot sync {}: {source}", path.display()));
            Self::Sync { path, source }
        }
    }

    /// A file that is not as this program writes it.
    pub(crate) fn malformed(path: &Path, why: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), why: why.into() }
    }

    /// What the operating system said, where it said something.
    #[must_use]
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Refused { source, .. } | Self::Sync { source, .. } => Some(source.kind()),
            Self::DiskFull { .. } => Some(io::ErrorKind::StorageFull),
            Self::OtherUser { .. } | Self::InUse { .. } | Self::Malformed { .. } => None,
        }
    }

    /// Whether the machine refuses, whatever the bytes are: no room, no permission, no file handles, a disk
    /// that cannot be read. It says nothing of the evidence.
    pub(crate) fn is_of_the_machine(&self) -> bool {
        use io::ErrorKind as Kind;
        /// `EIO`, `ENFILE`, `EMFILE`.
        const REFUSED: [i32; 3] = [5, 23, 24];
        match self {
            Self::Refused { source, .. } => {
                let kinds = [Kind::PermissionDenied, Kind::ReadOnlyFilesystem, Kind::OutOfMemory];
                kinds.contains(&source.kind()) || source.raw_os_error().is_some_and(|code| REFUSED.contains(&code))
            }
            Self::DiskFull { .. } | Self::InUse { .. } | Self::Sync { .. } | Self::OtherUser { .. } => true,
            Self::Malformed { .. } => false,
        }
    }
}
