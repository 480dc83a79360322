//! From the evidence into the auditor: one thread reads ahead, so that disk and cores are busy together.

use super::source::Source;
use crate::output::Output;
use ledger_core::audit::{Auditor, Evidence};
use luqi_node::store::EvidenceBlock;
use std::sync::mpsc::sync_channel;

/// Bytes and blocks of a batch.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_BLOCKS: usize = 512;
/// Batches that are read ahead of the one that is audited.
const AHEAD: usize = 2;

/// Gives the auditor every block of the evidence.
pub(super) fn feed(auditor: &mut Auditor, source: &mut Source, output: &Output) {
    let progress = output.progress(source.length(), "audit");
    let by_bytes = source.is_measured_in_bytes();
    std::thread::scope(|scope| {
        let (sender, batches) = sync_channel(AHEAD);
        scope.spawn(move || {
            source.read(|blocks| {
                let mut blocks = blocks.peekable();
                while blocks.peek().is_some() {
                    if sender.send(batch(&mut blocks)).is_err() {
                        return;
                    }
                }
            });
        });
        for batch in batches {
            let evidence: Vec<Evidence<'_>> = batch.iter().map(as_evidence).collect();
            auditor.blocks(&evidence);
            let bytes: usize = batch.iter().map(length).sum();
            progress.inc(if by_bytes { bytes } else { batch.len() } as u64);
        }
    });
    progress.finish_and_clear();
}

fn batch(blocks: &mut impl Iterator<Item = EvidenceBlock>) -> Vec<EvidenceBlock> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    for block in blocks {
        bytes += length(&block);
        batch.push(block);
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
