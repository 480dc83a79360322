//! A small record that is written often: two slots in turn, in place.
//!
//! ```text
//! file   two slots of 512 bytes; what a slot says is the record's own business
//! ```
//!
//! Each write is one slot and one `fdatasync`, of space that is allocated already, so that it cannot fail for want of
//! room. (A new file with a rename would take two syncs, of file and folder.) A write that was torn leaves the other
//! slot, which says what was written before.

use super::{IoError, read_start, replace};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Length of a slot.
pub(crate) const SLOT: usize = 512;

/// The open file.
#[derive(Debug)]
pub(crate) struct Slots {
    path: PathBuf,
    file: File,
}

impl Slots {
    /// Makes the file, in the place of whatever is there, with what `first` puts into both slots. It is given the file
    /// that will have the name.
    pub(crate) fn create<E: From<IoError>>(
        path: &Path,
        first: impl FnOnce(&File) -> Result<[[u8; SLOT]; 2], E>,
    ) -> Result<Self, E> {
        replace::<E>(path, |to| {
            let slots = first(to.get_ref())?;
            Ok(to.write_all(slots.as_flattened()).map_err(IoError::io("write", path))?)
        })?;
        Ok(Self::open(path)?)
    }

    /// Opens the file that is there, for writing.
    pub(crate) fn open(path: &Path) -> Result<Self, IoError> {
        let file = OpenOptions::new().write(true).open(path).map_err(IoError::io("open", path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// What stands in both slots, and whether the file has its length: what is missing is zeros.
    pub(crate) fn read(path: &Path) -> Result<([[u8; SLOT]; 2], bool), IoError> {
        let bytes = read_start(path, 2 * SLOT as u64 + 1)?;
        let mut slots = [[0; SLOT]; 2];
        slots.as_flattened_mut().iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
        Ok((slots, bytes.len() == 2 * SLOT))
    }

    /// Writes the slot of a turn; durable when it returns.
    pub(crate) fn write(&self, turn: u64, slot: &[u8; SLOT]) -> Result<(), IoError> {
        self.file.write_all_at(slot, turn % 2 * SLOT as u64).map_err(IoError::io("write", &self.path))?;
        self.file.sync_data().map_err(IoError::sync(&self.path))
    }

    /// The file, for whoever asks where it lies.
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }
}
