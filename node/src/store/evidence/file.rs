//! A file that is read anywhere.

use ledger_core::archive::{ReadAt, ReadFailed};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// An archive or a sealed file, as the core reads it.
#[derive(Debug)]
pub struct FileAt {
    file: File,
    length: u64,
}

impl FileAt {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// The error of the system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }
}

impl ReadAt for FileAt {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, to: &mut [u8]) -> Result<(), ReadFailed> {
        self.file.read_exact_at(to, at).map_err(|error| ReadFailed(error.to_string()))
    }
}
