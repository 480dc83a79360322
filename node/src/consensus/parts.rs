//! Blocks under way, in parts: cut here, put together there.
//!
//! ```text
//! part     choice(4): first, next
//! first    parts, as the core lays them out ‖ signature(64) ‖ bytes
//! next     height(8) ‖ round(4) ‖ block hash(32) ‖ number(4) ‖ bytes
//! ```
//!
//! The first part binds the stream to the round's proposer by his signature, and says how many bytes
//! there will be. Anybody may send it again as it stands. What is put together here has the announced
//! length, no more: that it is the block of the announced hash is for who reads it.
//!
//! Memory is bounded: a validator has two blocks' worth of bytes of unfinished streams and loses its oldest
//! past that, so nobody takes another's room. Who has no vote has none: it has no block to bring.
//!
//! What a part costs its publisher depends on its bytes alone. At the height under way all know by which parameters
//! it is judged; of those ahead nobody does, and what would be too large today is not kept, and no fault.

use super::validators::Validators;
use crate::network::PeerId;
use bincode::{Decode, Encode};
use ledger_core::certificate::Parts;
use ledger_core::codec::{self, Bytes};
use ledger_core::crypto::{ChainId, Signature};
use ledger_core::membership::MAX_BLOCK_BYTES;
use ledger_core::names::{BlockHash, Height, Round};
use std::collections::{BTreeMap, VecDeque};
use thiserror::Error;

/// Bytes of a block in one part: 128 KiB.
pub(crate) const PART: usize = 128 << 10;
/// Heights above the next one whose parts are kept.
const HEIGHTS_AHEAD: u64 = 10;
/// Unfinished streams of a publisher.
const STREAMS: usize = 8;
/// Finished streams that are remembered, so that what comes late is dropped.
const REMEMBERED: usize = 256;

/// One part, as it crosses the network.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Part {
    /// With the head of the stream.
    First { head: Parts, signature: Signature, bytes: Bytes<PART> },
    /// Any other.
    Next { height: Height, round: Round, block: BlockHash, number: u32, bytes: Bytes<PART> },
}

/// The head of a stream, and the proposer's signature over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SignedParts {
    pub(crate) head: Parts,
    pub(crate) signature: Signature,
}

/// How many parts a block makes.
pub(crate) fn count(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PART).max(1)).unwrap_or(u32::MAX)
}

/// Cuts a block into the messages that carry it.
pub(crate) fn split(signed: &SignedParts, block: &[u8]) -> Vec<bytes::Bytes> {
    let SignedParts { head, signature } = *signed;
    let Parts { height, round, block: hash, .. } = head;
    let part = |(number, piece): (u32, &[u8])| {
        let bytes = Bytes::new(piece.to_vec()).unwrap_or_default();
        let part = match number {
            0 => Part::First { head, signature, bytes },
            number => Part::Next { height, round, block: hash, number, bytes },
        };
        bytes::Bytes::from(codec::encode(&part))
    };
    (0..).zip(block.chunks(PART)).map(part).collect()
}

/// A block that is here as a whole, with the head of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assembled {
    /// Who sent all of its parts.
    pub(crate) publisher: PeerId,
    pub(crate) signed: SignedParts,
    pub(crate) bytes: Vec<u8>,
}

/// Why a part is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum PartError {
    #[error("is of height {0}, which is over or too far ahead")]
    Height(Height),
    #[error("is not signed by the proposer of its round")]
    Proposer,
    #[error("announces {0} bytes, more than a block may have, or another number of parts than they make")]
    Length(u32),
    #[error("has another length than its place in the block asks for")]
    Piece,
    #[error("is larger than blocks are now, at height {0}, which is ahead")]
    Ahead(Height),
    #[error("comes from a node that has no vote here")]
    Publisher,
}

/// Who may propose what at the next height.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) chain: ChainId,
    /// The height of the tip.
    pub(crate) tip: Height,
    pub(crate) validators: Validators,
    pub(crate) block_bytes: u32,
}

type Place = (Height, Round, BlockHash);

#[derive(Debug, Default)]
struct Stream {
    head: Option<SignedParts>,
    pieces: BTreeMap<u32, Bytes<PART>>,
    bytes: usize,
}

/// The unfinished streams of all publishers.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    publishers: BTreeMap<PeerId, Vec<(Place, Stream)>>,
    finished: VecDeque<(PeerId, Place)>,
}

impl Assembly {
    /// Takes a part; gives the block where it was the last that was missing. The head of a first part is
    /// its proposer's where this gives no error.
    ///
    /// # Errors
    /// [`PartError`]: the fault of who published it.
    pub(crate) fn take(
        &mut self,
        publisher: PeerId,
        part: Part,
        rules: &Rules,
    ) -> Result<Option<Assembled>, PartError> {
        let (place, number, bytes, head) = match part {
            Part::First { head, signature, bytes } => {
                ((head.height, head.round, head.block), 0, bytes, Some(SignedParts { head, signature }))
            }
            Part::Next { height, round, block, number, bytes } => ((height, round, block), number, bytes, None),
        };
        if place.0 <= rules.tip || place.0.0 > rules.tip.0.saturating_add(HEIGHTS_AHEAD) {
            return Err(PartError::Height(place.0));
        }
        if let Some(signed) = &head {
            check_head(signed, rules)?;
        }
        if self.finished.contains(&(publisher, place)) {
            return Ok(None);
        }
        if bytes.len() > PART || number >= count(MAX_BLOCK_BYTES as usize) {
            return Err(PartError::Piece);
        }
        if number >= count(rules.block_bytes as usize) {
            return Err(if place.0 == rules.tip.next() { PartError::Piece } else { PartError::Ahead(place.0) });
        }
        let stream = self.stream(publisher, place);
        stream.head = stream.head.or(head);
        if let std::collections::btree_map::Entry::Vacant(free) = stream.pieces.entry(number) {
            stream.bytes += bytes.len();
            free.insert(bytes);
        }
        let done = stream.finish(publisher)?;
        if done.is_some() {
            self.drop_stream(publisher, place);
            self.finished.push_back((publisher, place));
            if self.finished.len() > REMEMBERED {
                self.finished.pop_front();
            }
        } else {
            self.make_room(publisher, rules);
        }
        Ok(done)
    }

    /// Drops what is of heights that are over.
    pub(crate) fn settle(&mut self, tip: Height) {
        for streams in self.publishers.values_mut() {
            streams.retain(|((height, ..), _)| *height > tip);
        }
        self.publishers.retain(|_, streams| !streams.is_empty());
    }

    fn stream(&mut self, publisher: PeerId, place: Place) -> &mut Stream {
        let streams = self.publishers.entry(publisher).or_default();
        match streams.iter().position(|(found, _)| *found == place) {
            // The newest stands last.
            Some(at) => {
                let found = streams.remove(at);
                streams.push(found);
            }
            None => streams.push((place, Stream::default())),
        }
        #[allow(clippy::expect_used, reason = "it was pushed just now")]
        let (_, stream) = streams.last_mut().expect("there is a stream");
        stream
    }

    fn drop_stream(&mut self, publisher: PeerId, place: Place) {
        if let Some(streams) = self.publishers.get_mut(&publisher) {
            streams.retain(|(found, _)| *found != place);
        }
    }

    /// A publisher keeps two blocks' worth of bytes. There are no more publishers than validators; past that, as
    /// where a validator's peer has changed, the largest gives way.
    fn make_room(&mut self, publisher: PeerId, rules: &Rules) {
        let room = (rules.block_bytes as usize).saturating_add(PART);
        let in_all = rules.validators.iter().count().max(1).saturating_mul(2);
        if let Some(streams) = self.publishers.get_mut(&publisher) {
            while streams.len() > 1 && (streams.len() > STREAMS || total(streams) > room.saturating_mul(2)) {
                streams.remove(0);
            }
        }
        while self.bytes() > room.saturating_mul(in_all) {
            let largest = self.publishers.values_mut().max_by_key(|streams| total(streams));
            let Some(streams) = largest.filter(|streams| !streams.is_empty()) else { return };
            streams.remove(0);
        }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.publishers.values().map(|streams| total(streams)).sum()
    }
}

fn total(streams: &[(Place, Stream)]) -> usize {
    streams.iter().map(|(_, stream)| stream.bytes).sum()
}

fn check_head(signed: &SignedParts, rules: &Rules) -> Result<(), PartError> {
    let head = &signed.head;
    if head.bytes > MAX_BLOCK_BYTES || head.parts != count(head.bytes as usize) {
        return Err(PartError::Length(head.bytes));
    }
    if head.bytes > rules.block_bytes {
        let is_next = head.height == rules.tip.next();
        return Err(if is_next { PartError::Length(head.bytes) } else { PartError::Ahead(head.height) });
    }
    let proposer = rules.validators.proposer(head.height, head.round.0).ok_or(PartError::Proposer)?;
    if proposer.address.0 != head.proposer {
        return Err(PartError::Proposer);
    }
    proposer.key.verify(&head.message(&rules.chain), &signed.signature).map_err(|_| PartError::Proposer)
}

impl Stream {
    fn finish(&mut self, publisher: PeerId) -> Result<Option<Assembled>, PartError> {
        let Some(signed) = self.head else { return Ok(None) };
        if self.pieces.len() < signed.head.parts as usize {
            return Ok(None);
        }
        let length = signed.head.bytes as usize;
        let mut bytes = Vec::with_capacity(length);
        for (number, piece) in std::mem::take(&mut self.pieces) {
            if number >= signed.head.parts {
                return Err(PartError::Piece);
            }
            bytes.extend_from_slice(&piece);
        }
        self.bytes = 0;
        if bytes.len() == length { Ok(Some(Assembled { publisher, signed, bytes })) } else { Err(PartError::Piece) }
    }
}

#[cfg(test)]
mod tests;
