//! The derived index rows of a store, to be held against what the chain says.
//!
//! Nothing an audit says rests on them; but who follows a contract's history does, so a row that
//! was altered is worth a word.

use super::Evidence;
use crate::store::hot::Part;
use crate::store::sealed::read_row;
use ledger_core::names::Height;
use std::fs::File;
use std::io::BufReader;
use std::iter::Peekable;

/// The index rows of a store, from low to high.
pub struct Rows<'a> {
    evidence: &'a Evidence,
    sealed: Peekable<Box<dyn Iterator<Item = (u64, Vec<u8>)> + Send + 'a>>,
}

impl Evidence {
    /// Its index rows.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        let files = self.sealed.iter().filter_map(|path| File::open(path.with_extension("rows")).ok());
        let rows = files.flat_map(|file| {
            let mut file = BufReader::new(file);
            std::iter::from_fn(move || read_row(&mut file))
        });
        // Of a row that is not as it was written, nothing is taken.
        let sealed: Box<dyn Iterator<Item = _> + Send> =
            Box::new(rows.filter_map(|(height, bytes)| Some((height, bytes?))));
        Rows { evidence: self, sealed: sealed.peekable() }
    }
}

impl Rows<'_> {
    /// The bytes of the row of a block, as far as there are any; each one above the one before.
    pub fn at(&mut self, Height(height): Height) -> Option<Vec<u8>> {
        while self.sealed.next_if(|(at, _)| *at < height).is_some() {}
        let sealed = self.sealed.next_if(|(at, _)| *at == height).map(|(_, row)| row);
        let hot = self.evidence.hot.as_ref().ok().and_then(|hot| hot.part(height, Part::Row).ok()?);
        hot.or(sealed)
    }
}
