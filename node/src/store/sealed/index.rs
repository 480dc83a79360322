//! The hint beside a closed file: where its blocks begin, so that opening reads no frame heads.
//!
//! ```text
//! magic "luqi-idx"(8) ‖ first height(8) ‖ lengths of the two files(8, 8) ‖ ends of blocks and rows(8, 8)
//! ‖ for each block: where it begins(8) ‖ where its row begins(8) ‖ CRC-32 of all this(4)
//! ```
//!
//! Nothing rests on it: one that does not fit its files is made again, and every block that is read
//! says itself which one it is.

use super::segment::{Place, Segment};
use crate::store::{StoreError, files};
use std::io::Write;

const MAGIC: &[u8; 8] = b"luqi-idx";

/// Takes over the hint, where there is one that fits.
pub(super) fn read(segment: &mut Segment) -> Result<bool, StoreError> {
    let path = segment.path.with_extension("index");
    let Ok(bytes) = std::fs::read(&path) else { return Ok(false) };
    let lengths = segment.lengths()?;
    let Some((ends, places)) = decode(&bytes, segment.first, lengths) else {
        tracing::warn!(path = %path.display(), "the index does not fit its file; it is made again");
        return Ok(false);
    };
    // The hint fits files whose end has been damaged since, too.
    if !segment.is_certificate(ends.0)? {
        return Ok(false);
    }
    (segment.end, segment.rows_end) = ends;
    (segment.closed, segment.closes) = (true, lengths.0);
    segment.places = places;
    Ok(true)
}

/// Writes the hint beside a file that was read from frame to frame. Where that cannot be (the folder is
/// write-protected), the next start reads it so again.
pub(super) fn write_if_possible(segment: &Segment) {
    if let Err(error) = write(segment) {
        tracing::debug!("no index can be written beside {}: {error}", segment.path.display());
    }
}

/// Writes the hint beside a closed file.
pub(super) fn write(segment: &Segment) -> Result<(), StoreError> {
    let path = segment.path.with_extension("index");
    let (blocks, rows) = segment.lengths()?;
    let numbers = [segment.first, blocks, rows, segment.end, segment.rows_end];
    let places = segment.places.iter().flat_map(|place| [place.block, place.row]);
    let mut bytes = MAGIC.to_vec();
    numbers.into_iter().chain(places).for_each(|number| bytes.extend_from_slice(&number.to_be_bytes()));
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    files::replace(&path, |to| to.write_all(&bytes).map_err(StoreError::io("write", &path)))
}

type Ends = (u64, u64);

fn decode(bytes: &[u8], first: u64, lengths: (u64, u64)) -> Option<(Ends, Vec<Place>)> {
    let (checked, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(checked) != u32::from_be_bytes(*checksum) {
        return None;
    }
    let (numbers, []) = checked.strip_prefix(MAGIC)?.as_chunks::<8>() else { return None };
    let mut numbers = numbers.iter().map(|number| u64::from_be_bytes(*number));
    let head = [numbers.next()?, numbers.next()?, numbers.next()?];
    let ends = (numbers.next()?, numbers.next()?);
    if head != [first, lengths.0, lengths.1] {
        return None;
    }
    let mut places = Vec::with_capacity(numbers.len() / 2);
    while let Some(block) = numbers.next() {
        places.push(Place { block, row: numbers.next()? });
    }
    let rising = places.is_sorted_by(|a, b| a.block < b.block);
    (rising && places.last().is_none_or(|last| last.block < ends.0 && ends.0 < lengths.0)).then_some((ends, places))
}
