//! From the evidence into the auditor: one thread reads ahead, so that disk and cores are busy together.

use super::source::Source;
use crate::output::Output;
use ledger_core::audit::{Auditor, Evidence};
use ledger_core::names::Height;
use luqi_node::store::{EvidenceBlock, IndexRow};
use std::sync::mpsc::sync_channel;

/// Bytes and blocks of a batch.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_BLOCKS: usize = 512;
/// Batches that are read ahead of the one that is audited.
const AHEAD: usize = 2;

/// A block, and its row of the derived index where there is one and it is looked at.
type Read = (EvidenceBlock, Option<Vec<u8>>);

/// Gives the auditor every block of the evidence; if `index` is to be compared, gives the heights whose
/// row is not the one that follows from the chain, as far as the chain could be followed.
pub(super) fn feed(auditor: &mut Auditor, source: &mut Source, index: bool, output: &Output) -> Vec<Height> {
    let progress = output.progress(source.length(), "audit");
    let by_bytes = source.is_measured_in_bytes();
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let (sender, batches) = sync_channel(AHEAD);
        let send = move |blocks: &mut dyn Iterator<Item = Read>| {
            let mut blocks = blocks.peekable();
            while blocks.peek().is_some() {
                if sender.send(batch(&mut blocks)).is_err() {
                    return;
                }
            }
        };
        scope.spawn(move || source.read(index, send));
        for batch in batches {
            let evidence: Vec<Evidence<'_>> = batch.iter().map(|(block, _)| as_evidence(block)).collect();
            if index {
                wrong.extend(wrong_rows(auditor, &evidence, &batch));
            } else {
                auditor.blocks(&evidence);
            }
            let bytes: usize = batch.iter().map(|(block, _)| length(block)).sum();
            progress.inc(if by_bytes { bytes } else { batch.len() } as u64);
        }
    });
    progress.finish_and_clear();
    wrong
}

/// Audits a batch; gives the heights of the rows in it that do not follow from the chain.
fn wrong_rows(auditor: &mut Auditor, evidence: &[Evidence<'_>], batch: &[Read]) -> Vec<Height> {
    let traced = auditor.blocks_traced(evidence);
    let mut rows = batch.iter().map(|(block, row)| (block.height, row)).peekable();
    let is_wrong = |(height, traces)| {
        while rows.next_if(|(at, _)| *at < height).is_some() {}
        let row = rows.next_if(|(at, _)| *at == height).and_then(|(_, row)| row.as_deref());
        (row != Some(&IndexRow { traces }.encode())).then_some(height)
    };
    traced.into_iter().filter_map(is_wrong).collect()
}

fn batch(reads: &mut impl Iterator<Item = Read>) -> Vec<Read> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    for (block, row) in reads {
        bytes += length(&block);
        batch.push((block, row));
        if bytes >= BATCH_BYTES || batch.len() >= BATCH_BLOCKS {
            break;
        }
    }
    batch
}

fn length(block: &EvidenceBlock) -> usize {
    block.bytes.as_ref().map_or(0, Vec::len)
}

fn as_evidence(block: &EvidenceBlock) -> Evidence<'_> {
    match &block.bytes {
        Ok(bytes) => Evidence::Bytes(bytes),
        Err(why) => Evidence::Unreadable(why),
    }
}
