//! Where the chain is kept: the newest blocks in sled, the older ones in sealed files.
//!
//! ```text
//! ledger/lock            held by the one process that has the store open
//! ledger/hot/            sled: the newest blocks, with index rows and certificates
//! ledger/sealed/         files of older blocks in the archive's format, never changed
//! ledger/tip             the last acknowledged block, in two slots
//! ledger/map.snapshot    the contract map as it was some thousand blocks ago; kept by the committer
//! ```
//!
//! What this module promises: [`Store::append_group`] is the only way in and takes only final
//! blocks; when it has returned, they survive a loss of power; when it fails, nothing of them is
//! acknowledged, and the next append goes on once there is room. A store that was cut short or
//! rolled back is told by its tip file. It believes nothing that it reads: whoever needs the truth
//! of a block climbs the ladder.

mod config;
mod disk;
mod error;
mod evidence;
mod hot;
mod index_row;
mod memory;
mod sealed;
mod sealer;
#[cfg(test)]
mod tests;
mod times;
mod tip_file;

pub(crate) use config::Step;
pub use config::StoreConfig;
pub use disk::DiskStore;
pub use error::StoreError;
pub use evidence::{Evidence, FileAt, Rows};
pub use index_row::IndexRow;
pub use memory::MemoryStore;
pub use times::StoreTimes;
pub use tip_file::{ReadTip, TipRecord, read as read_tip_file};

use ledger_core::archive::Foot;
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{FinalBlock, HashedBlock};
use ledger_core::codec;
use ledger_core::merkle::LogIndex;
use ledger_core::names::Height;

/// Length of an encoded header.
pub(crate) const HEADER_BYTES: usize = 255;

/// A block that stands above the tip: it was written, and the process died before it was
/// acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Its bytes.
    pub block: Vec<u8>,
    /// Its certificate, where that was stored.
    pub certificate: Option<Certificate>,
}

/// A chain of blocks that were acknowledged, from height 1.
pub trait Store: Send + Sync {
    /// The last acknowledged block.
    fn tip(&self) -> TipRecord;

    /// Appends blocks that follow the tip, and acknowledges them together.
    ///
    /// # Errors
    /// [`StoreError`]; then none of them is acknowledged.
    fn append_group(&self, blocks: &[FinalBlock]) -> Result<(), StoreError>;

    /// Appends one block.
    ///
    /// # Errors
    /// [`StoreError`]; then it is not acknowledged.
    fn append(&self, block: &FinalBlock) -> Result<(), StoreError> {
        self.append_group(std::slice::from_ref(block))
    }

    /// The bytes of a block; none above the tip.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read as it was written.
    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError>;

    /// The header of a block; none above the tip.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    fn header(&self, height: Height) -> Result<Option<Header>, StoreError>;

    /// What became of the events of a block: derived; none where it is not kept.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read as it was written.
    fn index_row(&self, height: Height) -> Result<Option<IndexRow>, StoreError>;

    /// The tip's own certificate; none where it is final by descent, and for the genesis.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    fn certificate(&self) -> Result<Option<Certificate>, StoreError>;

    /// The certificate of a block below the tip, as the block above it carries it; none where that one is final
    /// by descent.
    ///
    /// # Errors
    /// [`StoreError`], when there is no block above it, or it cannot be read.
    fn carried_certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        let above = height.next();
        let bytes = self.block(above)?.ok_or(StoreError::NoBlock(above))?;
        Ok(read_block(above, &bytes)?.body().parent_certificate.clone())
    }

    /// The foot of the highest stretch that begins at or below a height.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    fn foot(&self, height: Height) -> Result<Foot, StoreError>;

    /// The blocks above the tip, which nobody has been told of.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    fn ahead(&self) -> Result<Vec<Ahead>, StoreError>;

    /// The height of the block that holds a log entry: by the log sizes in the headers, so by
    /// nothing that is merely derived.
    ///
    /// # Errors
    /// [`StoreError`], when a header cannot be read.
    fn find_by_log_index(&self, index: LogIndex) -> Result<Option<Height>, StoreError> {
        let tip = self.tip().height;
        // The lowest block after which the log is longer than the index.
        let (mut low, mut high) = (1, tip.0.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let header = self.header(Height(middle))?.ok_or(StoreError::NoBlock(Height(middle)))?;
            if header.log_size.0 > index.0 { high = middle } else { low = middle + 1 }
        }
        Ok((low <= tip.0 && index >= self.first_entry()).then_some(Height(low)))
    }

    /// Log index of the first entry of block 1: not 0 where the chain continues another one.
    fn first_entry(&self) -> LogIndex;

    /// The blocks of some heights, in order, up to the tip.
    fn blocks(&self, from: Height, to: Height) -> Blocks<'_>
    where
        Self: Sized,
    {
        Blocks { store: self, next: from, last: to.min(self.tip().height) }
    }
}

impl<S: Store> Store for std::sync::Arc<S> {
    fn tip(&self) -> TipRecord {
        (**self).tip()
    }

    fn append_group(&self, blocks: &[FinalBlock]) -> Result<(), StoreError> {
        (**self).append_group(blocks)
    }

    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).block(height)
    }

    fn header(&self, height: Height) -> Result<Option<Header>, StoreError> {
        (**self).header(height)
    }

    fn index_row(&self, height: Height) -> Result<Option<IndexRow>, StoreError> {
        (**self).index_row(height)
    }

    fn certificate(&self) -> Result<Option<Certificate>, StoreError> {
        (**self).certificate()
    }

    fn foot(&self, height: Height) -> Result<Foot, StoreError> {
        (**self).foot(height)
    }

    fn ahead(&self) -> Result<Vec<Ahead>, StoreError> {
        (**self).ahead()
    }

    fn first_entry(&self) -> LogIndex {
        (**self).first_entry()
    }
}

/// The bytes of blocks in order of height.
pub struct Blocks<'a> {
    store: &'a dyn Store,
    next: Height,
    last: Height,
}

impl Iterator for Blocks<'_> {
    type Item = Result<(Height, Vec<u8>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let height = self.next;
        if height > self.last {
            return None;
        }
        self.next = height.next();
        let read = self.store.block(height);
        Some(read.and_then(|bytes| bytes.map(|bytes| (height, bytes)).ok_or(StoreError::NoBlock(height))))
    }
}

/// A block that was stored, in its parts.
pub(crate) fn read_block(height: Height, bytes: &[u8]) -> Result<HashedBlock, StoreError> {
    HashedBlock::read(bytes).map_err(|why| StoreError::Damaged {
        path: "the store".into(),
        height,
        why: why.to_string(),
    })
}

/// A header from the first bytes of a block.
pub(crate) fn header_of(block: &[u8]) -> Option<Header> {
    codec::decode(block.get(..HEADER_BYTES)?).ok()
}
