//! The derived index rows of a store, held against what the chain says.
//!
//! Nothing an audit says rests on them; but who follows a contract's history does, so a row that
//! was altered is worth a word.

use super::Evidence;
use crate::store::IndexRow;
use crate::store::hot::Part;
use crate::store::sealed::read_row;
use crate::trail::Trail;
use ledger_core::chain::HashedBlock;
use ledger_core::genesis::Genesis;
use ledger_core::ids::Height;
use ledger_core::map::Table;
use std::fs::File;
use std::io::BufReader;

impl Evidence {
    /// The heights whose index row is not the one that follows from the chain, as far as the chain
    /// can be followed. Reads and folds the whole chain once more.
    #[must_use]
    pub fn wrong_rows(&self, genesis: &Genesis) -> Vec<Height> {
        let (mut trail, mut states) = (Trail::genesis(genesis), Table::default());
        let mut rows = self.sealed_rows().peekable();
        let mut wrong = Vec::new();
        for block in self.blocks() {
            let hashed = block.bytes.ok().and_then(|bytes| HashedBlock::read(&bytes).ok());
            let traces = hashed.and_then(|block| trail.replay(&block, |replayed| replayed.fold(&mut states)).ok());
            let Some(traces) = traces else { break };
            let Height(height) = block.height;
            while rows.next_if(|(at, _)| *at < height).is_some() {}
            let sealed = rows.next_if(|(at, _)| *at == height).map(|(_, row)| row);
            let row = self.hot_row(height).or(sealed);
            if row != Some(IndexRow { traces }) {
                wrong.push(block.height);
            }
        }
        wrong
    }

    fn hot_row(&self, height: u64) -> Option<IndexRow> {
        let bytes = self.hot.as_ref().ok()?.part(height, Part::Row).ok()??;
        IndexRow::decode(&bytes)
    }

    /// The rows beside the sealed files that are as they were written, in order.
    fn sealed_rows(&self) -> impl Iterator<Item = (u64, IndexRow)> {
        let files = self.sealed.iter().filter_map(|path| File::open(path.with_extension("rows")).ok());
        let rows = files.flat_map(|file| {
            let mut file = BufReader::new(file);
            std::iter::from_fn(move || read_row(&mut file))
        });
        rows.filter_map(|(height, bytes)| Some((height, IndexRow::decode(&bytes?)?)))
    }
}
