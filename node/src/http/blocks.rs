//! `/v1/blocks`: single blocks as they are, and stretches of the chain as archives, streamed.

use super::limit::Counted;
use super::{Code, Problem, Side, Surface, blocking, json};
use crate::committer::export_stretch;
use crate::store::{Store as _, StoreError};
use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::Stream;
use ledger_core::block::Header;
use ledger_core::chain::HashedBlock;
use ledger_core::merkle::LogIndex;
use ledger_core::names::{BlockHash, Height, NodeNumber, Sequence, Subject};
use ledger_core::outcome::Outcome;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Bytes that are sent on together.
const PIECE: usize = 256 << 10;
/// Pieces that wait for a slow reader.
const PIECES: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    from: Option<u64>,
    to: Option<u64>,
}

/// A block for a person to read. It says nothing that the block does not, but for the outcomes, which
/// are derived.
#[derive(Serialize)]
struct Shown {
    hash: BlockHash,
    bytes: usize,
    header: Header,
    parent_certificate: Option<Signers>,
    events: Vec<Row>,
}

#[derive(Serialize)]
struct Signers {
    round: u32,
    nodes: Vec<NodeNumber>,
}

#[derive(Serialize)]
struct Row {
    log_index: LogIndex,
    node: NodeNumber,
    sequence: Sequence,
    position: usize,
    kind: &'static str,
    subject: Option<Subject>,
    outcome: Option<Outcome>,
}

pub(super) async fn block(
    State(surface): State<Arc<Surface>>,
    height: Result<Path<u64>, PathRejection>,
    form: Result<Query<Form>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(height) = height.map_err(|error| bad(&error.body_text()))?;
    let Query(form) = form.map_err(|error| bad(&error.body_text()))?;
    let height = Height(height);
    let as_json = match form.format.as_deref() {
        None | Some("bytes") => false,
        Some("json") => true,
        Some(other) => return Err(bad(&format!("format is {other}: it can be bytes or json"))),
    };
    let chain = surface.handles.chain.clone();
    blocking(move || {
        let tip = chain.latest().tip.height();
        let bytes = chain.store().block(height).map_err(|error| Problem::internal(&error))?;
        let bytes = bytes.ok_or_else(|| unknown(height, tip))?;
        if !as_json {
            return Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response());
        }
        let block = HashedBlock::read(&bytes).map_err(|error| Problem::internal(&error))?;
        // Derived: a row that cannot be read hides no block.
        let outcomes = chain.store().index_row(height).ok().flatten().map(|row| row.traces).unwrap_or_default();
        let outcomes = outcomes.into_iter().map(|trace| trace.outcome).collect();
        Ok(json(StatusCode::OK, &show(&block, outcomes)))
    })
    .await
}

pub(super) async fn stretch(
    State(surface): State<Arc<Surface>>,
    side: Option<Extension<Side>>,
    range: Result<Query<Range>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Range { from, to }) = range.map_err(|error| bad(&error.body_text()))?;
    let tip = surface.handles.chain.latest().tip.height();
    let from = Height(from.unwrap_or(1));
    let to = to.map_or(tip, |to| Height(to).min(tip));
    if from == Height(0) {
        return Err(bad("blocks are counted from 1"));
    }
    if from > tip {
        return Err(unknown(from, tip));
    }
    if to < from {
        return Err(bad(&format!("the stretch from {from} to {to} has no block")));
    }
    let permit = Arc::clone(&surface.streams).try_acquire_owned().map_err(|_| too_many_streams())?;
    let counted = match side {
        Some(Extension(Side::Remote(address))) => {
            Some(surface.limits.stream(address, Instant::now()).ok_or_else(too_many_streams)?)
        }
        Some(Extension(Side::Socket | Side::Loopback)) | None => None,
    };
    let (sender, pieces) = mpsc::channel(PIECES);
    let (chain, feet) = (surface.handles.chain.clone(), Arc::clone(&surface.feet));
    tokio::task::spawn_blocking(move || {
        let writer = Pieces { to: sender.clone(), waiting: Vec::with_capacity(PIECE), _permits: (permit, counted) };
        let (store, genesis) = (chain.store(), chain.genesis());
        let written = export_stretch(&**store, genesis, &feet, (from, to), writer, std::path::Path::new("the stream"));
        if let Err(error) = written {
            let gone = matches!(&error, StoreError::File(error) if error.kind() == Some(io::ErrorKind::BrokenPipe));
            if !gone {
                tracing::error!("the stretch from block {from} to {to} breaks off: {error}");
            }
            return;
        }
        // Nobody waits for the end where the reader has gone.
        let _ = sender.blocking_send(None);
    });
    let body = Body::from_stream(to_the_end(pieces));
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::HeaderName::from_static("luqi-from"), from.to_string()),
        (header::HeaderName::from_static("luqi-to"), to.to_string()),
    ];
    Ok((StatusCode::OK, headers, body).into_response())
}

/// The pieces of a stretch up to the mark of its end. Where that does not come (the stretch could not be read, or who
/// read it panicked) the stream ends as broken, so that nobody takes what was sent for the whole.
fn to_the_end(pieces: mpsc::Receiver<Option<Bytes>>) -> impl Stream<Item = io::Result<Bytes>> {
    futures::stream::unfold(Some(pieces), |pieces| async {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(pieces))),
            Some(None) => None,
            None => Some((Err(io::Error::other("the stretch cannot be read")), None)),
        }
    })
}

/// What is written goes out in pieces, as fast as the other side reads.
struct Pieces {
    /// None marks the end.
    to: mpsc::Sender<Option<Bytes>>,
    waiting: Vec<u8>,
    /// Held as long as the disk is read.
    _permits: (OwnedSemaphorePermit, Option<Counted>),
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE));
        self.to.blocking_send(Some(Bytes::from(piece))).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

fn show(block: &HashedBlock, outcomes: Vec<Outcome>) -> Shown {
    // Events are the last entries that a block adds to the log.
    let first = block.header().log_size.0.saturating_sub(block.leaves().len() as u64);
    let events = block.body().submissions.iter().flat_map(|submission| {
        let places = submission.events.iter().enumerate();
        places.map(move |(position, event)| (submission.stream, submission.sequence, position, event))
    });
    let outcomes = outcomes.into_iter().map(Some).chain(std::iter::repeat(None));
    let row = |((index, (node, sequence, position, event)), outcome): ((u64, _), _)| {
        let event: &ledger_core::event::Event = event;
        let (kind, subject) = (event.kind_name(), event.subject());
        Row { log_index: LogIndex(index), node, sequence, position, kind, subject, outcome }
    };
    Shown {
        hash: block.hash(),
        bytes: block.byte_length(),
        header: block.header().clone(),
        parent_certificate: block.body().parent_certificate.as_ref().map(|certificate| Signers {
            round: certificate.round.0,
            nodes: certificate.signatures.iter().map(|signature| signature.node).collect(),
        }),
        events: (first..).zip(events).zip(outcomes).map(row).collect(),
    }
}

fn bad(why: &str) -> Problem {
    Problem::new(Code::BadRequest, why, "请求参数有误")
}

fn too_many_streams() -> Problem {
    Problem::new(
        Code::TooManyStreams,
        "as many streams of blocks are read as the node allows, of all or of this address",
        "同时读取的区块流已达节点或该地址的上限",
    )
    .retry_after(Duration::from_secs(5))
}

fn unknown(height: Height, tip: Height) -> Problem {
    Problem::new(
        Code::UnknownBlock,
        format!("block {height} is not here: the chain begins with block 1 and ends at {tip}"),
        format!("此处没有第 {height} 块：本链自第 1 块起，现至第 {tip} 块"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;

    /// What comes of a stretch whose reader does something.
    async fn read(reader: impl FnOnce(mpsc::Sender<Option<Bytes>>) + Send + 'static) -> Vec<io::Result<Bytes>> {
        let (sender, pieces) = mpsc::channel(PIECES);
        let reading = tokio::task::spawn_blocking(move || reader(sender));
        let came = to_the_end(pieces).collect().await;
        // It may have panicked, on purpose.
        drop(reading.await);
        came
    }

    #[tokio::test]
    async fn a_stretch_whose_reader_panics_is_an_error_and_no_success() {
        let piece = || Some(Bytes::from_static(b"blocks"));
        let whole = read(move |to| {
            to.blocking_send(piece()).unwrap();
            to.blocking_send(None).unwrap();
        });
        let whole = whole.await;
        assert!(whole.len() == 1 && whole[0].is_ok());
        let broken = read(move |to| {
            to.blocking_send(piece()).unwrap();
            panic!("on purpose");
        });
        let broken = broken.await;
        assert!(broken.len() == 2 && broken[0].is_ok() && broken[1].is_err());
    }
}
