//! The older blocks, in sealed files: synced before they leave the database, never changed after.

mod index;
mod places;
mod segment;
mod writer;

pub(crate) use segment::Segment;
pub(in crate::store) use segment::{height_in, read_row};

use super::StoreError;
use crate::durable::{IoError, make_folder};
use ledger_core::archive::Foot;
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// All sealed files of a ledger, in order.
pub(crate) struct Sealed {
    folder: PathBuf,
    chain: ChainId,
    segments: Vec<Segment>,
}

impl Sealed {
    /// Opens the files of a folder. `hot` are the blocks that the database holds, and `block` reads
    /// one of them: a tail that was torn, and what else does not hold there, is cut as far as the
    /// database still has the blocks. What was done is told in words.
    pub(crate) fn open(
        folder: &Path,
        chain: ChainId,
        hot: Option<&RangeInclusive<u64>>,
        block: impl Fn(u64) -> Result<Option<Vec<u8>>, StoreError>,
        notes: &mut Vec<String>,
    ) -> Result<Self, StoreError> {
        make_folder(folder)?;
        let mut sealed = Self { folder: folder.to_owned(), chain, segments: Vec::new() };
        let numbers = sealed_numbers(folder)?;
        let lowest_hot = hot.map_or(u64::MAX, |range| *range.start());
        for (number, wanted) in numbers.iter().zip(1..) {
            let path = segment::path_of(folder, *number);
            if *number != wanted {
                let (from, path) = (Height(sealed.next()), folder.to_owned());
                let to = Segment::open(&segment::path_of(folder, *number), &chain)?.first.saturating_sub(1);
                return Err(StoreError::Gap { path, from, to: Height(to) });
            }
            let is_last = Some(number) == numbers.last();
            let segment = match Segment::open(&path, &chain) {
                Err(StoreError::File(IoError::Malformed { why, .. })) if is_last && lowest_hot <= sealed.next() => {
                    notes.push(format!("{} was torn at its beginning ({why}) and is made again", path.display()));
                    std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
                    break;
                }
                opened => opened?,
            };
            sealed.push(segment, is_last)?;
        }
        sealed.compare(hot, block, notes)?;
        Ok(sealed)
    }

    fn push(&mut self, segment: Segment, is_last: bool) -> Result<(), StoreError> {
        let bad = |why: &str| StoreError::malformed(&segment.path, why);
        if segment.first != self.next() {
            return Err(bad("it does not go on where the file before it ends"));
        }
        if !is_last && !segment.closed {
            return Err(bad("it has no end, although another file follows"));
        }
        if segment.closed && segment.torn && !is_last {
            return Err(bad("something follows its end"));
        }
        self.segments.push(segment);
        Ok(())
    }

    /// What stands in both places must be the same; what was torn is cut.
    fn compare(
        &mut self,
        hot: Option<&RangeInclusive<u64>>,
        block: impl Fn(u64) -> Result<Option<Vec<u8>>, StoreError>,
        notes: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let (next, lowest) = (self.next(), hot.map_or(u64::MAX, |range| *range.start()));
        if let Some(hot) = hot
            && *hot.start() > next
        {
            let path = self.segments.last().map_or(&self.folder, |segment| &segment.path);
            return Err(StoreError::Gap { path: path.clone(), from: Height(next), to: Height(hot.start() - 1) });
        }
        let last_begins = self.segments.last().map_or(next, |last| last.first);
        for height in lowest..last_begins {
            let (sealed, hot) = (self.block(height)?, block(height)?);
            if sealed.is_some() && hot.is_some() && sealed != hot {
                let path = self.segment(height).map_or(&self.folder, |segment| &segment.path);
                return Err(StoreError::Differ { path: path.clone(), height: Height(height) });
            }
        }
        let Some(last) = self.segments.last_mut() else { return Ok(()) };
        let mut cut = last.torn.then_some(next);
        for height in lowest.max(last.first)..next {
            let sealed = match last.block(height) {
                Err(StoreError::Damaged { .. }) => None,
                read => read?,
            };
            let row_is_here = matches!(last.row(height), Ok(Some(_)));
            match (sealed, block(height)?) {
                (Some(sealed), Some(hot)) if sealed == hot && row_is_here => {}
                (Some(sealed), Some(hot)) if sealed != hot => {
                    return Err(StoreError::Differ { path: last.path.clone(), height: Height(height) });
                }
                (_, Some(_)) => {
                    cut = Some(height);
                    break;
                }
                (_, None) => {}
            }
        }
        let Some(cut) = cut else { return Ok(()) };
        if lowest > cut {
            // The tail does not hold, and the database no longer has what stood there.
            let why = "the file ends in the middle of something, and the database does not hold the blocks above";
            return Err(last.damaged(cut, &why));
        }
        notes.push(format!(
            "{} was torn by a crash and is cut below block {cut}, which is written again",
            last.path.display()
        ));
        last.cut(cut)
    }

    /// Height of the block after the last sealed one.
    pub(crate) fn next(&self) -> u64 {
        self.segments.last().map_or(1, Segment::next)
    }

    fn segment(&self, height: u64) -> Option<&Segment> {
        let above = self.segments.partition_point(|segment| segment.first <= height);
        self.segments.get(above.checked_sub(1)?)
    }

    /// A block's bytes.
    pub(crate) fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.segment(height).map_or(Ok(None), |segment| segment.block(height))
    }

    /// The first bytes of a block.
    pub(crate) fn head(&self, height: u64, bytes: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.segment(height).map_or(Ok(None), |segment| segment.block_head(height, bytes))
    }

    /// A block's index row.
    pub(crate) fn row(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.segment(height).map_or(Ok(None), |segment| segment.row(height))
    }

    /// The foot of the highest file that begins at or below a height.
    pub(crate) fn foot(&self, height: u64) -> Result<Foot, StoreError> {
        self.segment(height).map_or_else(|| Ok(Foot::default()), |segment| segment.foot(&self.chain))
    }

    /// The blocks of each file of which index rows are lost, in order.
    pub(crate) fn lost_rows(&self) -> Vec<RangeInclusive<u64>> {
        let lacking = self.segments.iter().filter(|segment| segment.lacks_rows());
        lacking.map(|segment| segment.first..=segment.next().saturating_sub(1)).collect()
    }

    /// Takes other rows for those of the file that begins with a block.
    pub(crate) fn restore_rows(&mut self, first: u64, rows: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for (row, height) in rows.iter().zip(first..) {
            segment::row_frame(&mut bytes, height, row);
        }
        let segment = self.segments.iter_mut().find(|segment| segment.first == first);
        segment.ok_or(StoreError::NoBlock(Height(first)))?.restore_rows(&bytes)
    }

    /// Bytes in all sealed files.
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end).sum()
    }
}

/// The numbers of the sealed files in a folder, in order.
pub(in crate::store) fn sealed_numbers(folder: &Path) -> Result<Vec<u32>, StoreError> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(StoreError::io("read the folder", folder))? {
        let path = entry.map_err(StoreError::io("read the folder", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "luqi") {
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            numbers.push(number.ok_or_else(|| StoreError::malformed(&path, "its name is no number"))?);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The path of a sealed file.
pub(in crate::store) fn sealed_path(folder: &Path, number: u32) -> PathBuf {
    segment::path_of(folder, number)
}
