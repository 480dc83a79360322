//! An archive, read from the front to the back: whatever is not a whole frame in its place ends the reading
//! (format.md §16.1).

use super::{FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind, HEAD_BYTES, StateRows, read_head};
use crate::certificate::Certificate;
use crate::codec;
use crate::contract::State;
use crate::crypto::ChainId;
use crate::map::{ContractMap, MapKey};
use thiserror::Error;

/// Bytes that can be read anywhere: a file, or a part of memory.
pub trait ReadAt {
    /// How many there are.
    fn length(&self) -> u64;

    /// Fills `to` with the bytes from `at` on.
    ///
    /// # Errors
    /// [`ReadFailed`], where they cannot all be read: for the judgement they are not there.
    fn read_at(&self, at: u64, to: &mut [u8]) -> Result<(), ReadFailed>;
}

/// Bytes that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ReadFailed(pub String);

/// What a chain is judged from: the foot, and the contract map there where it is given.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// What the first block stands on.
    pub foot: Foot,
    /// The states that the foot counts, in order of their keys; none where it counts none.
    pub states: Option<Vec<(MapKey, State)>>,
}

impl Start {
    /// The contract map of the states.
    #[must_use]
    pub fn map(&self) -> Option<ContractMap> {
        let states = self.states.as_ref()?;
        let mut map = ContractMap::new();
        map.set(states.clone());
        Some(map)
    }
}

/// Why nothing of an archive can be judged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotOpened {
    /// It is an archive of another chain, as far as it can be read.
    #[error("the archive is of chain {0}")]
    OtherChain(ChainId),
    /// Its first bytes are no head of an archive of this chain.
    #[error("the head cannot be read: {0}")]
    Head(String),
    /// No foot stands in its place, or other states than it counts.
    #[error("the foot cannot be read: {0}")]
    Foot(String),
}

/// What is offered next to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The bytes of the next block.
    Block(Vec<u8>),
    /// No block stands in its place: the reading has ended.
    Last(Last),
}

/// With what a reading ends that comes so far (format.md §16.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Last {
    /// It ends without an end certificate.
    Cut,
    /// It ends with one.
    Certificate {
        /// The end certificate.
        certificate: Certificate,
        /// What stands behind it, where something does.
        behind: Option<String>,
    },
    /// What stands there cannot be read, and why.
    Unreadable(String),
}

/// Blocks that are offered in order, from the first above a foot.
pub trait Blocks {
    /// What stands in the place of the next one.
    fn next(&mut self) -> Next;
}

/// An archive whose foot was read.
#[derive(Clone, Debug)]
pub struct Archive<R> {
    pub(super) from: R,
    pub(super) chain: ChainId,
    /// Where the next frame begins.
    pub(super) at: u64,
}

/// A whole frame, and where it ends.
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) bytes: Vec<u8>,
    pub(super) end: u64,
}

impl<R: ReadAt> Archive<R> {
    /// Reads head, foot and states.
    ///
    /// # Errors
    /// [`NotOpened`]: then nothing can be judged.
    pub fn open(from: R, chain: &ChainId) -> Result<(Start, Self), NotOpened> {
        let mut head = [0; HEAD_BYTES];
        from.read_at(0, &mut head).map_err(|why| NotOpened::Head(why.to_string()))?;
        let named = read_head(&head).map_err(|why| NotOpened::Head(why.to_string()))?;
        let mut archive = Self { from, chain: *chain, at: HEAD_BYTES as u64 };
        if named == *chain {
            let start = archive.start().map_err(NotOpened::Foot)?;
            return Ok((start, archive));
        }
        // A head that names another chain was damaged, if what stands behind it is of this one (format.md §16.1).
        match archive.chain_behind() {
            Some(behind) if behind == *chain => Err(NotOpened::Head(format!("it names chain {named}"))),
            Some(_) | None => Err(NotOpened::OtherChain(named)),
        }
    }

    /// The chain of the header below, or else of the first block: bytes 3 to 34 of it, whatever else it holds
    /// (format.md §16.1).
    fn chain_behind(&mut self) -> Option<ChainId> {
        let foot = self.foot().ok()?;
        if let Some(below) = &foot.below {
            return Some(below.header.chain);
        }
        self.counted_by(&foot).ok()?;
        match self.next() {
            Next::Block(bytes) => bytes.get(3..35).and_then(|chain| chain.try_into().ok()).map(ChainId),
            Next::Last(_) => None,
        }
    }

    fn start(&mut self) -> Result<Start, String> {
        let foot = self.foot()?;
        let states = self.counted_by(&foot)?;
        Ok(Start { foot, states })
    }

    fn foot(&mut self) -> Result<Foot, String> {
        match self.frame()? {
            Some(Frame { kind: FrameKind::Foot, bytes, end }) => {
                self.at = end;
                codec::decode(&bytes).map_err(|why| why.to_string())
            }
            Some(Frame { kind: FrameKind::States | FrameKind::Block | FrameKind::Certificate, .. }) | None => {
                Err("there is none behind the head".to_owned())
            }
        }
    }

    /// The states that a foot counts; none where it counts none.
    fn counted_by(&mut self, foot: &Foot) -> Result<Option<Vec<(MapKey, State)>>, String> {
        foot.states.map(|wanted| self.states(wanted)).transpose()
    }

    fn states(&mut self, wanted: u64) -> Result<Vec<(MapKey, State)>, String> {
        let mut states: Vec<(MapKey, State)> = Vec::new();
        while (states.len() as u64) < wanted {
            let Some(Frame { kind: FrameKind::States, bytes, end }) = self.frame()? else {
                return Err("there are fewer states than it counts".to_owned());
            };
            self.at = end;
            let rows: StateRows = codec::decode(&bytes).map_err(|why| why.to_string())?;
            if rows.is_empty() {
                return Err("a frame of states holds none".to_owned());
            }
            states.extend(rows.iter().map(|row| (row.key, row.state)));
        }
        if states.len() as u64 == wanted && states.is_sorted_by(|(a, _), (b, _)| a < b) {
            Ok(states)
        } else {
            Err("the states are not the ones that it counts, in order of their keys".to_owned())
        }
    }

    /// The frame that begins here; none where the file ends here.
    fn frame(&self) -> Result<Option<Frame>, String> {
        let here = self.at;
        if here == self.from.length() {
            return Ok(None);
        }
        read_frame(&self.from, here).map(Some).map_err(|why| format!("at byte {here}: {why}"))
    }
}

impl<R: ReadAt> Blocks for Archive<R> {
    fn next(&mut self) -> Next {
        match self.frame() {
            Ok(None) => Next::Last(Last::Cut),
            Ok(Some(Frame { kind: FrameKind::Block, bytes, end })) => {
                self.at = end;
                Next::Block(bytes)
            }
            Ok(Some(Frame { kind: FrameKind::Certificate, bytes, end })) => Next::Last(match codec::decode(&bytes) {
                Ok(certificate) => {
                    let more = self.from.length().saturating_sub(end);
                    let behind = (more > 0).then(|| format!("{more} bytes stand behind the end certificate"));
                    Last::Certificate { certificate, behind }
                }
                Err(why) => Last::Unreadable(format!("the end certificate is none: {why}")),
            }),
            Ok(Some(Frame { kind: FrameKind::Foot | FrameKind::States, .. })) => {
                Next::Last(Last::Unreadable("a frame of another kind stands in the place of a block".to_owned()))
            }
            Err(why) => Next::Last(Last::Unreadable(why)),
        }
    }
}

/// A whole frame at a place.
pub(super) fn read_frame(from: &impl ReadAt, at: u64) -> Result<Frame, String> {
    let mut head = [0; FRAME_HEAD_BYTES];
    from.read_at(at, &mut head).map_err(|why| why.to_string())?;
    let head = FrameHead::decode(head).map_err(|why| why.to_string())?;
    let begin = at.saturating_add(FRAME_HEAD_BYTES as u64);
    let end = begin.saturating_add(u64::from(head.length));
    if end > from.length() {
        return Err(format!("a frame of {} bytes ends behind the file's end", head.length));
    }
    let mut bytes = vec![0; head.length as usize];
    from.read_at(begin, &mut bytes).map_err(|why| why.to_string())?;
    head.check(&bytes).map_err(|why| why.to_string())?;
    Ok(Frame { kind: head.kind, bytes, end })
}
