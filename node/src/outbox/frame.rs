//! The frames of the file: one for each append.
//!
//! ```text
//! cut     mark(4) ‖ length of the body(4) ‖ CRC-32 of length and body(4) ‖ generation(8) ‖ signed(8) ‖ last(8)
//! frame   mark(4) ‖ length of the body(4) ‖ CRC-32 of length and body(4) ‖ body
//! body    count(4) ‖ for each submission: sequence(8) ‖ length(4) ‖ bytes
//! ```
//!
//! The cut stands first, in a file whose submissions were cut anew, and nowhere else.
//!
//! A frame is written only when the one before it is durable. So a bad frame that nothing follows is the end
//! of a write that was cut short, and a bad one with a good one behind it was damaged.

use super::{Cut, OutboxError};
use crate::durable::IoError;
use ledger_core::codec;
use ledger_core::names::Sequence;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

pub(super) const MAGIC: &[u8; 8] = b"luqioutb";
/// Mark, length, checksum.
const HEAD: usize = 12;
const MARK: &[u8; 4] = b"sub\n";
const CUT: &[u8; 4] = b"cut\n";
/// Generation, signed, last.
const CUT_BODY: usize = 24;
/// Sequence and length before a submission.
const PREFIX: usize = 12;

/// Where the bytes of a submission stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) sequence: Sequence,
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// A frame of submissions, and where each will stand if the frame stands at `at`.
pub(super) fn encode(at: u64, submissions: &[(Sequence, Vec<u8>)]) -> (Vec<u8>, Vec<Slot>) {
    let mut body = Vec::new();
    let mut slots = Vec::with_capacity(submissions.len());
    body.extend_from_slice(&u32::try_from(submissions.len()).unwrap_or(u32::MAX).to_be_bytes());
    for (sequence, bytes) in submissions {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&sequence.0.to_be_bytes());
        body.extend_from_slice(&length.to_be_bytes());
        let offset = at.saturating_add((HEAD + body.len()) as u64);
        body.extend_from_slice(bytes);
        slots.push(Slot { sequence: *sequence, offset, length });
    }
    (framed(*MARK, &body), slots)
}

/// What stands before the first frame: nothing, where nothing was ever cut anew.
pub(super) fn encode_cut(cut: &Cut) -> Vec<u8> {
    if *cut == Cut::default() { Vec::new() } else { framed(*CUT, &codec::encode(cut)) }
}

fn framed(mark: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = Vec::with_capacity(HEAD + body.len());
    frame.extend_from_slice(&mark);
    frame.extend_from_slice(&length);
    frame.extend_from_slice(&checksum(length, body).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// What stands in a file.
pub(super) struct Contents {
    /// Up to here frames are whole; 0 where there is not even the magic.
    pub(super) length: u64,
    pub(super) cut: Cut,
    pub(super) slots: Vec<Slot>,
}

/// Reads the file frame by frame.
pub(super) fn read_all(file: &File, path: &Path) -> Result<Contents, OutboxError> {
    let length = file.metadata().map_err(IoError::io("read", path))?.len();
    if length < MAGIC.len() as u64 {
        return Ok(Contents { length: 0, cut: Cut::default(), slots: Vec::new() });
    }
    let mut magic = [0; MAGIC.len()];
    file.read_exact_at(&mut magic, 0).map_err(IoError::io("read", path))?;
    if magic != *MAGIC {
        return Err(damaged(path, "it begins with another word".to_owned()));
    }
    let mut at = MAGIC.len() as u64;
    let cut = cut_at(file, path, at, length)?;
    if cut.is_some() {
        at = at.saturating_add((HEAD + CUT_BODY) as u64);
    }
    let mut slots: Vec<Slot> = Vec::new();
    while let Some((end, found)) = frame_at(file, path, at, length)? {
        for slot in found {
            if slots.last().is_some_and(|last| last.sequence >= slot.sequence) {
                return Err(damaged(path, format!("submission {} is out of order", slot.sequence)));
            }
            slots.push(slot);
        }
        at = end;
    }
    if let Some(good) = good_frame_after(file, path, at, length)? {
        return Err(damaged(path, format!("what stands at byte {at} is damaged, and a good frame follows at {good}")));
    }
    Ok(Contents { length: at, cut: cut.unwrap_or_default(), slots })
}

/// The cut at a place, where one stands there. It came with the whole file, so a bad one was damaged.
fn cut_at(file: &File, path: &Path, at: u64, length: u64) -> Result<Option<Cut>, OutboxError> {
    if at.saturating_add((HEAD + CUT_BODY) as u64) > length {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, at).map_err(IoError::io("read", path))?;
    let [a, b, c, d, l0, l1, l2, l3, k0, k1, k2, k3] = head;
    if [a, b, c, d] != *CUT {
        return Ok(None);
    }
    let mut body = [0; CUT_BODY];
    file.read_exact_at(&mut body, at.saturating_add(HEAD as u64)).map_err(IoError::io("read", path))?;
    let holds = checksum([l0, l1, l2, l3], &body) == u32::from_be_bytes([k0, k1, k2, k3]);
    let cut = codec::decode(&body).ok().filter(|_| holds);
    cut.map(Some).ok_or_else(|| damaged(path, format!("what stands at byte {at} is damaged")))
}

/// The frame at a place: where it ends, and what stands in it; none where there is no whole one.
fn frame_at(file: &File, path: &Path, at: u64, length: u64) -> Result<Option<(u64, Vec<Slot>)>, IoError> {
    let mut head = [0; HEAD];
    if at.saturating_add(HEAD as u64) > length {
        return Ok(None);
    }
    file.read_exact_at(&mut head, at).map_err(IoError::io("read", path))?;
    let [a, b, c, d, l0, l1, l2, l3, k0, k1, k2, k3] = head;
    let size = u32::from_be_bytes([l0, l1, l2, l3]);
    let begin = at.saturating_add(HEAD as u64);
    let end = begin.saturating_add(u64::from(size));
    if [a, b, c, d] != *MARK || end > length {
        return Ok(None);
    }
    let mut body = vec![0; size as usize];
    file.read_exact_at(&mut body, begin).map_err(IoError::io("read", path))?;
    if checksum([l0, l1, l2, l3], &body) != u32::from_be_bytes([k0, k1, k2, k3]) {
        return Ok(None);
    }
    Ok(slots(&body, begin).map(|slots| (end, slots)))
}

fn slots(body: &[u8], begin: u64) -> Option<Vec<Slot>> {
    let (count, mut rest) = body.split_first_chunk::<4>()?;
    let mut slots = Vec::new();
    for _ in 0..u32::from_be_bytes(*count) {
        let (sequence, after) = rest.split_first_chunk::<8>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length);
        let at = body.len().checked_sub(rest.len())?;
        let offset = begin.checked_add((at + PREFIX) as u64)?;
        slots.push(Slot { sequence: Sequence(u64::from_be_bytes(*sequence)), offset, length });
        rest = after.get(length as usize..)?;
    }
    rest.is_empty().then_some(slots)
}

/// Where a good frame stands behind a bad one.
fn good_frame_after(file: &File, path: &Path, bad: u64, length: u64) -> Result<Option<u64>, IoError> {
    let tail = usize::try_from(length.saturating_sub(bad)).unwrap_or(0);
    let mut bytes = vec![0; tail];
    file.read_exact_at(&mut bytes, bad).map_err(IoError::io("read", path))?;
    let marks = bytes.windows(MARK.len()).enumerate().skip(1).filter(|(_, window)| *window == MARK);
    for (place, _) in marks {
        let at = bad.saturating_add(place as u64);
        if frame_at(file, path, at, length)?.is_some() {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn checksum(length: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}

fn damaged(path: &Path, why: String) -> OutboxError {
    OutboxError::File(IoError::malformed(path, why))
}
