//! Where every field stands: in an archive or sealed file, in a block, in sled's log.
//!
//! Written from `docs/format.md`, and for sled from its source (0.34.7, `pagecache/logger.rs` and
//! `serialization.rs`):
//!
//! ```text
//! segment   2 MiB: crc ‖ lsn ‖ stable lsn (20 bytes) ‖ messages
//! message   crc(4, little-endian) ‖ kind(1) ‖ length ‖ segment number ‖ page id ‖ body
//!           the three numbers with sled's variable length; crc: CRC-32 of body ‖ what follows the crc in the
//!           head, all bits inverted
//! ```

use ledger_core::archive::{FRAME_HEAD_BYTES, FrameHead, FrameKind, HEAD_BYTES};
use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::chain::Prefix;
use ledger_core::codec;
use std::ops::Range;

/// Length of an encoded header.
pub const HEADER_BYTES: usize = 255;

/// A field, and where it stands.
#[derive(Clone, Debug)]
pub struct Span {
    /// Which part of the whole it belongs to.
    pub group: &'static str,
    /// Its name.
    pub field: &'static str,
    /// Its bytes.
    pub range: Range<usize>,
}

struct Spans {
    spans: Vec<Span>,
    at: usize,
}

impl Spans {
    const fn from(at: usize) -> Self {
        Self { spans: Vec::new(), at }
    }

    fn push(&mut self, group: &'static str, field: &'static str, length: usize) {
        if length > 0 {
            self.spans.push(Span { group, field, range: self.at..self.at + length });
        }
        self.at += length;
    }

    fn fields(&mut self, group: &'static str, fields: &[(&'static str, usize)]) {
        fields.iter().for_each(|(field, length)| self.push(group, field, *length));
    }

    fn certificate(&mut self, group: &'static str, certificate: &Certificate) {
        self.fields(group, &[("height", 8), ("round", 4), ("block", 32), ("count", 4)]);
        for _ in certificate.signatures.iter() {
            self.fields(group, &[("node", 4), ("signature", 64)]);
        }
    }
}

/// The fields of a certificate that stands at some place.
#[must_use]
pub fn certificate_spans(certificate: &Certificate, at: usize) -> Vec<Span> {
    let mut spans = Spans::from(at);
    spans.certificate("certificate", certificate);
    spans.spans
}

/// The fields of a block that stands at some place.
#[must_use]
pub fn block_spans(block: &Block, at: usize) -> Vec<Span> {
    let mut spans = Spans::from(at);
    let header = [
        ("protocol", 2),
        ("suite", 1),
        ("chain", 32),
        ("height", 8),
        ("time", 8),
        ("parent", 32),
        ("body", 32),
        ("log size", 8),
        ("log root", 32),
        ("map root", 32),
        ("control", 32),
        ("next membership", 32),
        ("proposer", 4),
    ];
    spans.fields("header", &header);
    assert_eq!(spans.at - at, HEADER_BYTES);
    spans.push("body", "parent certificate", 1);
    if let Some(certificate) = &block.body.parent_certificate {
        spans.certificate("parent certificate", certificate);
    }
    spans.push("body", "submissions", 4);
    for submission in block.body.submissions.iter() {
        spans.fields("submission", &[("stream", 4), ("sequence", 8), ("events", 4)]);
        for event in submission.events.iter() {
            let length = codec::encode(event).len();
            let mut rest = length;
            if event.as_contract().is_some() {
                for (field, length) in [("kind", 1), ("version", 1), ("subject", 32), ("commitment", 32)] {
                    spans.push("event", field, length);
                    rest -= length;
                }
            }
            spans.push("event", "action", rest);
        }
        spans.push("submission", "signature", 64);
    }
    assert_eq!(spans.at - at, codec::encode(block).len());
    spans.spans
}

/// A frame of an archive or sealed file.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What it holds.
    pub kind: FrameKind,
    /// Its head and its bytes.
    pub range: Range<usize>,
    /// Height of the block in it.
    pub height: Option<u64>,
}

impl Frame {
    /// Its bytes without the head.
    #[must_use]
    pub const fn body(&self) -> Range<usize> {
        self.range.start + FRAME_HEAD_BYTES..self.range.end
    }
}

/// The frames of a file.
#[must_use]
pub fn frames(file: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = HEAD_BYTES;
    while at < file.len() {
        let head = FrameHead::decode(file[at..at + FRAME_HEAD_BYTES].try_into().unwrap()).unwrap();
        let range = at..at + FRAME_HEAD_BYTES + head.length as usize;
        at = range.end;
        let mut frame = Frame { kind: head.kind, range, height: None };
        if head.kind == FrameKind::Block {
            // Also of a header whose height is none.
            frame.height = Prefix::read(&file[frame.body()]).map(|prefix| prefix.height.0);
        }
        frames.push(frame);
    }
    frames
}

/// A frame around bytes.
#[must_use]
pub fn framed(kind: FrameKind, bytes: &[u8]) -> Vec<u8> {
    let mut frame = FrameHead::of(kind, bytes).unwrap().encode().to_vec();
    frame.extend_from_slice(bytes);
    frame
}

/// The fields of an archive or sealed file, each with the height of its block.
#[must_use]
pub fn file_spans(file: &[u8]) -> Vec<(Span, Option<u64>)> {
    let mut head = Spans::from(0);
    head.fields("file head", &[("magic", 8), ("format", 2), ("chain", 32)]);
    let mut all: Vec<(Span, Option<u64>)> = head.spans.into_iter().map(|span| (span, None)).collect();
    for frame in frames(file) {
        let mut spans = Spans::from(frame.range.start);
        spans.fields("frame head", &[("kind", 1), ("length", 4), ("checksum", 4)]);
        let body = frame.body();
        match frame.kind {
            FrameKind::Foot => spans.push("foot", "foot", body.len()),
            FrameKind::States => spans.push("states", "states", body.len()),
            FrameKind::Block => {
                spans.spans.extend(block_spans(&codec::decode(&file[body.clone()]).unwrap(), body.start));
            }
            FrameKind::Certificate => {
                spans.spans.extend(certificate_spans(&codec::decode(&file[body.clone()]).unwrap(), body.start));
            }
        }
        all.extend(spans.spans.into_iter().map(|span| (span, frame.height)));
    }
    all
}

/// Gives a frame the checksum of what it holds now.
pub fn mend_frame(file: &mut [u8], frame: &Frame) {
    let at = frame.range.start;
    let mut crc = crc32fast::Hasher::new();
    crc.update(&file[at..at + 5]);
    crc.update(&file[frame.body()]);
    let checksum = crc.finalize().to_be_bytes();
    file[at + 5..at + 9].copy_from_slice(&checksum);
}

/// A message of sled's log.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its head.
    pub head: Range<usize>,
    /// Its body.
    pub body: Range<usize>,
}

const SEGMENT: usize = 2 << 20;
const SEGMENT_HEAD: usize = 20;

/// The messages of sled's log, as far as their checksums hold.
#[must_use]
pub fn messages(log: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    for segment in (0..log.len()).step_by(SEGMENT) {
        let end = log.len().min(segment + SEGMENT);
        let mut at = segment + SEGMENT_HEAD;
        while let Some(message) = message(log, at, end) {
            at = message.body.end;
            messages.push(message);
        }
    }
    messages
}

fn message(log: &[u8], at: usize, end: usize) -> Option<Message> {
    let bytes = log.get(at..end)?;
    let mut head = 5;
    let (length, more) = number(bytes.get(head..)?)?;
    head += more;
    head += number(bytes.get(head..)?)?.1;
    head += number(bytes.get(head..)?)?.1;
    let body = at + head..(at + head).checked_add(usize::try_from(length).ok()?)?;
    if body.end > end {
        return None;
    }
    let message = Message { head: at..at + head, body };
    (checksum(log, &message).to_le_bytes() == log[at..at + 4]).then_some(message)
}

fn checksum(log: &[u8], message: &Message) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&log[message.body.clone()]);
    crc.update(&log[message.head.start + 4..message.head.end]);
    crc.finalize() ^ u32::MAX
}

/// One of sled's numbers, and how many bytes it takes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let of = |at: usize| bytes.get(at).copied().map(u64::from);
    match of(0)? {
        small @ 0..=240 => Some((small, 1)),
        first @ 241..=248 => Some((240 + 256 * (first - 241) + of(1)?, 2)),
        249 => Some((2288 + 256 * of(1)? + of(2)?, 3)),
        other => {
            let size = other as usize - 247;
            let number = (1..=size).try_fold(0, |sum, at| Some(sum | of(at)? << (8 * (at - 1))));
            Some((number?, size + 1))
        }
    }
}

/// Gives a message the checksum of what it holds now.
pub fn mend_message(log: &mut [u8], message: &Message) {
    let checksum = checksum(log, message).to_le_bytes();
    log[message.head.start..message.head.start + 4].copy_from_slice(&checksum);
}

/// Where some bytes stand in a longer stretch.
#[must_use]
pub fn find(bytes: &[u8], within: &[u8]) -> Vec<usize> {
    let Some(first) = bytes.first() else { return Vec::new() };
    let starts = within.iter().enumerate().filter(|(_, byte)| *byte == first).map(|(at, _)| at);
    starts.filter(|at| within[*at..].starts_with(bytes)).collect()
}
