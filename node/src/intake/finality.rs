//! What the chain says of this node's submissions: in which blocks they are.
//!
//! ```text
//! row   last submission of this node in a block(8) ‖ height of the block(8)
//! ```
//!
//! Derived from the chain, and read from it again where the file is missing, damaged, or ahead of it. A row
//! is written once what follows from its block is in the look-up, so a block is learned from at least once.

use crate::chain::Chain;
use crate::durable::IoError;
use crate::rows::{OnDamage, RowFile};
use crate::store::{Store as _, StoreError};
use ledger_core::block::Block;
use ledger_core::codec;
use ledger_core::names::{Height, NodeNumber, Sequence};
use ledger_core::outcome::Outcome;
use ledger_core::submission::Submission;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// In which blocks submissions are, for whoever asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Heights(Arc<RwLock<Vec<(Sequence, Height)>>>);

impl Heights {
    /// The block that has a submission.
    pub(super) fn of(&self, sequence: Sequence) -> Option<Height> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(rows.partition_point(|(last, _)| *last < sequence)).map(|(_, height)| *height)
    }

    fn last(&self) -> (Sequence, Height) {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.last().copied().unwrap_or_default()
    }

    fn push(&self, row: (Sequence, Height)) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(row);
    }
}

/// The file.
pub(super) struct Finality {
    file: RowFile<16>,
    pub(super) heights: Heights,
    node: NodeNumber,
    /// Up to here blocks were looked through.
    scanned: Height,
}

/// A block with submissions of this node, and what the fold said of their events.
pub(super) struct Learned {
    pub(super) height: Height,
    pub(super) submissions: Vec<(Submission, Vec<Outcome>)>,
}

impl Finality {
    pub(super) fn open(path: &Path, chain: &Chain, node: NodeNumber) -> Result<Self, IoError> {
        let (mut file, stored) = RowFile::open(path, b"luqifinl", OnDamage::Cut)?;
        let tip = &chain.latest().tip;
        let (height, last) = (tip.height(), tip.control().last_sequence(node));
        let mut rows: Vec<(Sequence, Height)> = stored.iter().filter_map(|row| codec::decode(row).ok()).collect();
        let is_rising = rows.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1);
        let keep = if is_rising { rows.partition_point(|row| row.1 <= height && row.0 <= last) } else { 0 };
        rows.truncate(keep);
        file.cut(keep as u64)?;
        let scanned = rows.last().map_or(Height(0), |row| row.1);
        Ok(Self { file, heights: Heights(Arc::new(RwLock::new(rows))), node, scanned })
    }

    /// The last submission of which it is known in which block it is.
    pub(super) fn last(&self) -> Sequence {
        self.heights.last().0
    }

    /// The next block with submissions of this node, up to a height.
    pub(super) fn next(&mut self, chain: &Chain, upto: Height) -> Result<Option<Learned>, StoreError> {
        while self.scanned < upto {
            let height = self.scanned.next();
            let bytes = chain.store().block(height)?.ok_or(StoreError::NoBlock(height))?;
            let damaged = |why: String| StoreError::Damaged { path: "the store".into(), height, why };
            let block: Block = codec::decode(&bytes).map_err(|why| damaged(why.to_string()))?;
            self.scanned = height;
            if !block.body.submissions.iter().any(|submission| submission.stream == self.node) {
                continue;
            }
            let row = chain.store().index_row(height)?;
            let row = row.ok_or_else(|| damaged("what became of its events is not kept".to_owned()))?;
            let mut outcomes = row.traces.into_iter().map(|trace| trace.outcome);
            let mut submissions = Vec::new();
            for submission in block.body.submissions.into_vec() {
                let own: Vec<_> = outcomes.by_ref().take(submission.events.len()).collect();
                if submission.stream == self.node {
                    submissions.push((submission, own));
                }
            }
            return Ok(Some(Learned { height, submissions }));
        }
        Ok(None)
    }

    /// What follows from a block is in the look-up.
    pub(super) fn push(&mut self, last: Sequence, height: Height) {
        let mut row = [0; 16];
        row.iter_mut().zip(codec::encode(&(last, height))).for_each(|(to, from)| *to = from);
        self.file.push(&row);
        self.heights.push((last, height));
    }

    /// Makes durable what was pushed.
    pub(super) fn sync(&mut self) -> Result<(), IoError> {
        self.file.sync()
    }
}
