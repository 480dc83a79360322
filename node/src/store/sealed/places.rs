//! Where the blocks of one file begin, and their rows.
//!
//! In memory while the file grows; from the index beside it once that is closed, so that the blocks of ten years need
//! no memory. Where no index can be written (the folder is write-protected), the places of a closed file stay in memory.

use super::index::Index;
use crate::store::StoreError;

/// A row that is not here.
pub(super) const NOWHERE: u64 = u64::MAX;

/// Where a block stands in its file, and its row in the file beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: u64,
    pub(super) row: u64,
}

/// The places of a file's blocks, in order.
pub(super) enum Places {
    /// In memory.
    Held(Vec<Place>),
    /// In the index beside the closed file.
    Indexed(Index),
}

impl Places {
    /// How many blocks the file has.
    pub(super) const fn len(&self) -> u64 {
        match self {
            Self::Held(places) => places.len() as u64,
            Self::Indexed(index) => index.len(),
        }
    }

    /// Where the block with some number stands; none where the file ends below it.
    pub(super) fn get(&self, number: u64) -> Result<Option<Place>, StoreError> {
        match self {
            Self::Held(places) => Ok(usize::try_from(number).ok().and_then(|number| places.get(number)).copied()),
            Self::Indexed(index) => index.get(number),
        }
    }

    /// The places in memory, to be written.
    pub(super) fn held(&mut self) -> Result<&mut Vec<Place>, StoreError> {
        if let Self::Indexed(index) = self {
            *self = Self::Held(index.all()?);
        }
        match self {
            Self::Held(places) => Ok(places),
            Self::Indexed(index) => Err(index.changed()),
        }
    }

    /// Whether the row of some block is not here.
    pub(super) fn lacks_rows(&self) -> bool {
        match self {
            Self::Held(places) => places.iter().any(|place| place.row == NOWHERE),
            Self::Indexed(index) => index.lacks_rows(),
        }
    }
}
