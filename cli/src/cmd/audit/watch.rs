//! Who looks on while evidence is judged: how far it has come, and whether the derived index says the same.

use super::Source;
use crate::output::Output;
use indicatif::ProgressBar;
use ledger_core::audit::Watch;
use ledger_core::chain::Trace;
use ledger_core::names::Height;
use luqi_node::store::{IndexRow, Rows};

/// Counts what was judged, and compares the derived index with it.
pub(super) struct Watching<'a> {
    progress: ProgressBar,
    counts_blocks: bool,
    rows: Option<Rows<'a>>,
    wrong: Vec<Height>,
}

impl<'a> Watching<'a> {
    pub(super) fn new(source: &Source, rows: Option<Rows<'a>>, output: &Output) -> Self {
        let blocks = source.blocks();
        let progress = output.progress(blocks.unwrap_or_else(|| source.bytes()), "audit");
        Self { progress, counts_blocks: blocks.is_some(), rows, wrong: Vec::new() }
    }

    /// The heights whose row is not the one that follows from the chain.
    pub(super) fn finish(self) -> Vec<Height> {
        self.progress.finish_and_clear();
        self.wrong
    }
}

impl Watch for Watching<'_> {
    fn wants_traces(&self) -> bool {
        self.rows.is_some()
    }

    fn judged(&mut self, batch: &[Vec<u8>], traces: Vec<(Height, Vec<Trace>)>) {
        let bytes: usize = batch.iter().map(Vec::len).sum();
        self.progress.inc(if self.counts_blocks { batch.len() } else { bytes } as u64);
        let Some(rows) = &mut self.rows else { return };
        for (height, traces) in traces {
            if rows.at(height) != Some(IndexRow { traces }.encode()) {
                self.wrong.push(height);
            }
        }
    }
}
