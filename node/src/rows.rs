//! Append-only files of fixed rows: what a table in memory is rebuilt from at open.
//!
//! ```text
//! file   magic(8) ‖ rows
//! row    content(N) ‖ group(4) ‖ CRC-32 of content and group(4)
//! ```
//!
//! Rows that are synced together are one *group*, so that a torn end can be told from damage: nothing of
//! a group is written before the group before it is durable.

use crate::durable::{IoError, sync_folder};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const HEAD: usize = 8;
/// Group and checksum.
const FOOT: usize = 8;

/// What to do about rows that were durable and are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDamage {
    /// Give an error: nothing else says what stood there.
    Refuse,
    /// Cut there: the caller finds the rest again.
    Cut,
}

/// A file of rows with `N` bytes of content, open for appending.
#[derive(Debug)]
pub(crate) struct RowFile<const N: usize> {
    file: File,
    path: PathBuf,
    rows: u64,
    /// The first row of the last group, as it was found.
    last_group: u64,
    group: u32,
    waiting: Vec<u8>,
}

impl<const N: usize> RowFile<N> {
    /// Opens a file, or makes it, and gives its rows. A torn end is cut.
    pub(crate) fn open(path: &Path, magic: &[u8; HEAD], on_damage: OnDamage) -> Result<(Self, Vec<[u8; N]>), IoError> {
        let is_new = !path.exists();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(IoError::io("open", path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(IoError::io("read", path))?;
        if bytes.len() < HEAD {
            file.set_len(0).map_err(IoError::io("cut", path))?;
            file.rewind().and_then(|()| file.write_all(magic)).map_err(IoError::io("write", path))?;
            bytes = magic.to_vec();
        }
        let Some(stored) = bytes.strip_prefix(magic) else {
            return Err(IoError::malformed(path, "it begins with another word"));
        };
        let (rows, group, last_group) = read(stored, path, on_damage)?;
        let group = group.wrapping_add(1);
        let mut opened = Self { file, path: path.to_owned(), rows: 0, last_group, group, waiting: Vec::new() };
        opened.cut(rows.len() as u64)?;
        if is_new && let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        Ok((opened, rows))
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The first row of those that were synced last before the file was opened.
    pub(crate) const fn last_group(&self) -> u64 {
        self.last_group
    }

    /// Keeps so many rows and forgets the rest, durably.
    pub(crate) fn cut(&mut self, rows: u64) -> Result<(), IoError> {
        self.forget();
        let length = (HEAD as u64).saturating_add(rows.saturating_mul((N + FOOT) as u64));
        let too_long = self.file.metadata().map_err(IoError::io("read", &self.path))?.len() != length;
        if too_long {
            self.file.set_len(length).map_err(IoError::io("cut", &self.path))?;
            self.file.sync_all().map_err(IoError::sync(&self.path))?;
        }
        self.file.seek(SeekFrom::Start(length)).map_err(IoError::io("read", &self.path))?;
        self.rows = rows;
        Ok(())
    }

    /// Appends a row, to be durable after the next [`RowFile::sync`].
    pub(crate) fn push(&mut self, content: &[u8; N]) {
        let from = self.waiting.len();
        self.waiting.extend_from_slice(content);
        self.waiting.extend_from_slice(&self.group.to_be_bytes());
        let checksum = crc32fast::hash(self.waiting.get(from..).unwrap_or_default());
        self.waiting.extend_from_slice(&checksum.to_be_bytes());
    }

    /// Forgets what was pushed and not synced.
    pub(crate) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Writes what was pushed and makes it durable.
    pub(crate) fn sync(&mut self) -> Result<(), IoError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(&self.waiting).map_err(IoError::io("write", &self.path));
        let synced = written.and_then(|()| self.file.sync_data().map_err(IoError::sync(&self.path)));
        if let Err(error) = synced {
            // Half a row would hide what is appended once there is room.
            self.cut(self.rows)?;
            return Err(error);
        }
        self.rows = self.rows.saturating_add((self.waiting.len() / (N + FOOT)) as u64);
        self.waiting.clear();
        self.group = self.group.wrapping_add(1);
        Ok(())
    }
}

/// The good rows from the start, the last one's group, and the first row of that.
fn read<const N: usize>(stored: &[u8], path: &Path, on_damage: OnDamage) -> Result<(Vec<[u8; N]>, u32, u64), IoError> {
    let mut rows = Vec::with_capacity(stored.len() / (N + FOOT));
    let (mut last, mut first_of_last) = (0, 0);
    let mut all = stored.chunks_exact(N + FOOT);
    let bad = all.by_ref().find(|row| match checked::<N>(row) {
        Some((content, group)) => {
            if group != last {
                first_of_last = rows.len() as u64;
            }
            rows.push(content);
            last = group;
            false
        }
        None => true,
    });
    if let (Some(bad), OnDamage::Refuse) = (bad, on_damage) {
        let own = group_of::<N>(bad);
        // What was never synced may be missing in any part of its group, but nothing follows that.
        let next = last.wrapping_add(1);
        let is_torn_group = rows.is_empty() || own == next || bad.iter().all(|byte| *byte == 0);
        let follows = all.filter_map(checked::<N>).any(|(_, group)| group != next || !is_torn_group);
        if follows {
            let why = format!("row {} is damaged, and good ones follow it", rows.len());
            return Err(IoError::malformed(path, why));
        }
    }
    Ok((rows, last, first_of_last))
}

fn group_of<const N: usize>(row: &[u8]) -> u32 {
    row.get(N..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn checked<const N: usize>(row: &[u8]) -> Option<([u8; N], u32)> {
    let (covered, checksum) = row.split_last_chunk::<4>()?;
    let content = *covered.first_chunk::<N>()?;
    (crc32fast::hash(covered) == u32::from_be_bytes(*checksum)).then(|| (content, group_of::<N>(row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MAGIC: &[u8; 8] = b"luqitest";

    fn open(path: &Path, on_damage: OnDamage) -> Result<Vec<[u8; 5]>, IoError> {
        RowFile::<5>::open(path, MAGIC, on_damage).map(|(_, rows)| rows)
    }

    /// Three groups of two rows.
    fn filled(path: &Path) -> Vec<[u8; 5]> {
        let (mut file, _) = RowFile::<5>::open(path, MAGIC, OnDamage::Refuse).unwrap();
        let rows: Vec<_> = (0..6).map(|n| [n; 5]).collect();
        for group in rows.chunks(2) {
            group.iter().for_each(|row| file.push(row));
            file.sync().unwrap();
        }
        rows
    }

    #[test]
    fn a_file_cut_at_any_length_gives_the_whole_rows_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let rows = filled(&path);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 8 + 6 * 13);
        for length in 0..=bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            let whole = length.saturating_sub(8) / 13;
            let (mut file, found) = RowFile::<5>::open(&path, MAGIC, OnDamage::Refuse).unwrap();
            assert_eq!(found, rows[..whole], "{length}");
            file.push(&[99; 5]);
            file.sync().unwrap();
            assert_eq!(open(&path, OnDamage::Refuse).unwrap().last(), Some(&[99; 5]));
        }
    }

    #[test]
    fn damage_in_what_was_synced_is_told_from_a_torn_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let rows = filled(&path);
        let good = fs::read(&path).unwrap();
        for at in 8..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 4;
            fs::write(&path, &bytes).unwrap();
            let row = (at - 8) / 13;
            // Of the last group nothing that follows says that it was ever whole.
            match open(&path, OnDamage::Refuse) {
                Ok(found) => {
                    assert!(row >= 4, "byte {at}");
                    assert_eq!(found, rows[..row]);
                }
                Err(error) => assert!(row < 5 && error.to_string().contains("damaged"), "byte {at}: {error}"),
            }
            fs::write(&path, &bytes).unwrap();
            assert_eq!(open(&path, OnDamage::Cut).unwrap(), rows[..row]);
        }
        fs::write(&path, b"luqiothr").unwrap();
        assert!(open(&path, OnDamage::Cut).is_err());
    }

    #[test]
    fn rows_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let rows = filled(&path);
        let (mut file, _) = RowFile::<5>::open(&path, MAGIC, OnDamage::Refuse).unwrap();
        file.cut(3).unwrap();
        file.push(&rows[0]);
        file.sync().unwrap();
        drop(file);
        assert_eq!(open(&path, OnDamage::Refuse).unwrap(), [rows[0], rows[1], rows[2], rows[0]]);
    }
}
