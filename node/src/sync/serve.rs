//! Answers to who asks for blocks.

use crate::chain::Chain;
use crate::network::Question;
use crate::network::wire::{MAX_BLOCKS, MAX_RANGE_BYTES, Request, Response};
use crate::store::{Store, StoreError};
use ledger_core::codec::{Bytes, List};
use ledger_core::names::Height;
use std::cmp::Ordering;
use tokio::sync::{mpsc, watch};

/// Serves ranges of blocks until it is told to stop, one question after the other.
pub async fn serve(chain: Chain, mut questions: mpsc::Receiver<Question>, mut stop: watch::Receiver<bool>) {
    loop {
        let question = tokio::select! {
            question = questions.recv() => question,
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let Some(Question { node, request, answer, .. }) = question else { return };
        let chain = chain.clone();
        let answered = tokio::task::spawn_blocking(move || match request {
            Request::Range { from, to } => range(&chain, from, to).inspect_err(|error| {
                tracing::error!("node {node} asks for blocks {from} to {to}, and they cannot be read here: {error}");
            }),
            Request::Engine(_) | Request::Submissions { .. } => Ok(Response::Busy),
        });
        // A question that is dropped is one that the peer asks another node.
        if let Ok(Ok(response)) = answered.await {
            let _ = answer.send(response);
        }
    }
}

/// Blocks of some heights, as many as fit.
///
/// # Errors
/// [`StoreError`], when one cannot be read as it was written.
pub(super) fn range(chain: &Chain, from: Height, to: Height) -> Result<Response, StoreError> {
    let (store, latest) = (chain.store(), chain.latest());
    let tip = latest.tip.height();
    let (mut blocks, mut bytes) = (Vec::new(), 0);
    for block in store.blocks(from.max(Height(1)), to.min(tip)).take(MAX_BLOCKS) {
        let (_, block) = block?;
        bytes += block.len();
        if !blocks.is_empty() && bytes > MAX_RANGE_BYTES {
            break;
        }
        // No block of this chain is longer than the frame of an answer.
        blocks.extend(Bytes::new(block));
    }
    let last = Height(from.max(Height(1)).0.saturating_add(blocks.len() as u64).saturating_sub(1));
    let certificate = match last.cmp(&tip) {
        Ordering::Less => store.carried_certificate(last)?,
        Ordering::Equal => latest.certificate.clone(),
        Ordering::Greater => None,
    };
    let blocks = List::new(blocks).unwrap_or_default();
    Ok(Response::Range { tip, blocks, certificate })
}
