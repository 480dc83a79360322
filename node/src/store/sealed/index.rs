//! The hint beside a closed file: where its blocks begin, so that opening reads no frame heads, and memory holds none.
//!
//! ```text
//! magic "luqi-idx"(8) ‖ first height(8) ‖ lengths of the two files(8, 8) ‖ ends of blocks and rows(8, 8)
//! ‖ for each block: where it begins(8) ‖ where its row begins(8) ‖ CRC-32 of all this(4)
//! ```
//!
//! Nothing rests on it: one that does not fit its files is made again, and every block that is read
//! says itself which one it is.

use super::places::{NOWHERE, Place, Places};
use super::segment::Segment;
use crate::durable::replace;
use crate::store::StoreError;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"luqi-idx";
/// What stands before the places.
const HEAD: usize = 48;
/// A place.
const ENTRY: usize = 16;

/// An index that was read once from its front to its end, and fits its file.
pub(super) struct Index {
    path: PathBuf,
    file: File,
    blocks: u64,
    lacks_rows: bool,
}

impl Index {
    /// How many blocks it has places of.
    pub(super) const fn len(&self) -> u64 {
        self.blocks
    }

    /// Whether the row of some block was not there when it was written.
    pub(super) const fn lacks_rows(&self) -> bool {
        self.lacks_rows
    }

    /// One place; none above the last.
    pub(super) fn get(&self, number: u64) -> Result<Option<Place>, StoreError> {
        if number >= self.blocks {
            return Ok(None);
        }
        let mut entry = [0; ENTRY];
        let at = (HEAD as u64).saturating_add(number.saturating_mul(ENTRY as u64));
        self.file.read_exact_at(&mut entry, at).map_err(StoreError::io("read", &self.path))?;
        Ok(Some(place(entry)))
    }

    /// All places.
    pub(super) fn all(&self) -> Result<Vec<Place>, StoreError> {
        (0..self.blocks).map(|number| self.get(number)?.ok_or_else(|| self.changed())).collect()
    }

    /// It is not what it was when it was opened.
    pub(super) fn changed(&self) -> StoreError {
        StoreError::malformed(&self.path, "it was changed while the node runs")
    }
}

/// Takes over the hint, where there is one that fits.
pub(super) fn read(segment: &mut Segment) -> Result<bool, StoreError> {
    let path = segment.path.with_extension("index");
    let Ok(file) = File::open(&path) else { return Ok(false) };
    let lengths = segment.lengths()?;
    let Some((ends, index)) = checked(&path, file, segment.first, lengths) else {
        tracing::warn!(path = %path.display(), "the index does not fit its file; it is made again");
        return Ok(false);
    };
    // The hint fits files whose end has been damaged since, too.
    if !segment.is_certificate(ends.0)? {
        return Ok(false);
    }
    (segment.end, segment.rows_end) = ends;
    (segment.closed, segment.closes) = (true, lengths.0);
    segment.places = Places::Indexed(index);
    Ok(true)
}

/// Writes the hint beside a file that was read from frame to frame, and reads the places there from now on. Where that
/// cannot be (the folder is write-protected), they stay in memory, and the next start reads the file so again.
pub(super) fn write_if_possible(segment: &mut Segment) {
    if let Err(error) = write(segment) {
        tracing::debug!("no index can be written beside {}: {error}", segment.path.display());
    }
}

/// Writes the hint beside a closed file, and reads the places there from now on.
pub(super) fn write(segment: &mut Segment) -> Result<(), StoreError> {
    let path = segment.path.with_extension("index");
    let (blocks, rows) = segment.lengths()?;
    let numbers = [segment.first, blocks, rows, segment.end, segment.rows_end];
    let mut bytes = MAGIC.to_vec();
    let places = segment.places.held()?.iter().flat_map(|place| [place.block, place.row]);
    numbers.into_iter().chain(places).for_each(|number| bytes.extend_from_slice(&number.to_be_bytes()));
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    replace(&path, |to| to.write_all(&bytes).map_err(StoreError::io("write", &path)))?;
    let file = File::open(&path).map_err(StoreError::io("open", &path))?;
    let (blocks, lacks_rows) = (segment.places.len(), segment.places.lacks_rows());
    segment.places = Places::Indexed(Index { path, file, blocks, lacks_rows });
    Ok(())
}

type Ends = (u64, u64);

/// Reads an index from its front to its end, holding one place at a time; none where it does not fit the file whose
/// first height and lengths are given.
fn checked(path: &Path, file: File, first: u64, lengths: (u64, u64)) -> Option<(Ends, Index)> {
    let length = file.metadata().ok()?.len();
    let places = length.checked_sub((HEAD + 4) as u64).filter(|bytes| bytes.is_multiple_of(ENTRY as u64))?;
    let blocks = places / ENTRY as u64;
    let mut from = BufReader::with_capacity(1 << 16, &file);
    let mut crc = crc32fast::Hasher::new();
    let mut head = [0; HEAD];
    from.read_exact(&mut head).ok()?;
    crc.update(&head);
    let (numbers, []) = head.strip_prefix(MAGIC)?.as_chunks::<8>() else { return None };
    let numbers: Vec<_> = numbers.iter().map(|number| u64::from_be_bytes(*number)).collect();
    let [of, length, rows, end, rows_end] = *numbers else { return None };
    let (mut last, mut rising, mut lacks_rows) = (None, true, false);
    for _ in 0..blocks {
        let mut entry = [0; ENTRY];
        from.read_exact(&mut entry).ok()?;
        crc.update(&entry);
        let place = place(entry);
        rising &= last.is_none_or(|last| last < place.block);
        lacks_rows |= place.row == NOWHERE;
        last = Some(place.block);
    }
    let mut checksum = [0; 4];
    from.read_exact(&mut checksum).ok()?;
    drop(from);
    let whole = crc.finalize() == u32::from_be_bytes(checksum);
    let fits =
        (of, length, rows) == (first, lengths.0, lengths.1) && last.is_none_or(|last| last < end && end < length);
    let index = Index { path: path.to_owned(), file, blocks, lacks_rows };
    (whole && rising && fits).then_some(((end, rows_end), index))
}

fn place(entry: [u8; ENTRY]) -> Place {
    let number = u128::from_be_bytes(entry);
    Place { block: (number >> 64) as u64, row: number as u64 }
}
