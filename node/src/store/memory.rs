//! A store without a disk, for tests of what stands on it.

use super::disk::follow;
use super::{Ahead, IndexRow, Store, StoreError, TipRecord};
use ledger_core::archive::Foot;
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::chain::FinalBlock;
use ledger_core::genesis::Genesis;
use ledger_core::merkle::LogIndex;
use ledger_core::names::Height;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// A store in memory.
pub struct MemoryStore {
    first_entry: LogIndex,
    chain: RwLock<Chain>,
}

struct Chain {
    tip: TipRecord,
    certificate: Option<Certificate>,
    blocks: Vec<(Header, Vec<u8>, IndexRow)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let tip = TipRecord::genesis(&genesis.chain_id());
        let first_entry = LogIndex(genesis.predecessor.as_ref().map_or(0, |old| old.header.log_size.0));
        Self { first_entry, chain: RwLock::new(Chain { tip, certificate: None, blocks: Vec::new() }) }
    }

    fn chain(&self) -> RwLockReadGuard<'_, Chain> {
        self.chain.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn at<T>(&self, height: Height, read: impl FnOnce(&(Header, Vec<u8>, IndexRow)) -> T) -> Option<T> {
        let place = usize::try_from(height.0.checked_sub(1)?).ok()?;
        self.chain().blocks.get(place).map(read)
    }
}

impl Store for MemoryStore {
    fn tip(&self) -> TipRecord {
        self.chain().tip
    }

    fn append_group(&self, blocks: &[FinalBlock]) -> Result<(), StoreError> {
        let mut chain = self.chain.write().unwrap_or_else(PoisonError::into_inner);
        chain.tip = follow(chain.tip, blocks)?;
        for block in blocks {
            chain.certificate = block.certificate().cloned();
            let (hashed, row) = (block.block(), IndexRow::of(block.traces()));
            chain.blocks.push((hashed.header().clone(), hashed.encode(), row));
        }
        Ok(())
    }

    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.at(height, |(_, bytes, _)| bytes.clone()))
    }

    fn header(&self, height: Height) -> Result<Option<Header>, StoreError> {
        Ok(self.at(height, |(header, ..)| header.clone()))
    }

    fn index_row(&self, height: Height) -> Result<Option<IndexRow>, StoreError> {
        Ok(self.at(height, |(.., row)| row.clone()))
    }

    fn certificate(&self) -> Result<Option<Certificate>, StoreError> {
        Ok(self.chain().certificate.clone())
    }

    fn foot(&self, _: Height) -> Result<Foot, StoreError> {
        Ok(Foot::default())
    }

    fn ahead(&self) -> Result<Vec<Ahead>, StoreError> {
        Ok(Vec::new())
    }

    fn first_entry(&self) -> LogIndex {
        self.first_entry
    }
}
