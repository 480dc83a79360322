//! A walk over an archive past what is damaged. It has no part in any verdict: it is for the extent of damage
//! (format.md §16.1, at the end), and for whoever looks for one block.

use super::file::{Frame, read_frame};
use super::{Archive, FRAME_HEAD_BYTES, FrameKind, HEAD_BYTES, ReadAt};
use crate::chain::Prefix;
use crate::crypto::ChainId;

/// What a walk comes upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A block's bytes, wherever they stand.
    Block(Vec<u8>),
    /// Bytes that are nothing whole, and why.
    Damage(String),
}

/// A walk over all bytes, past what is damaged.
pub trait Walk {
    /// What comes next; none at the end.
    fn find(&mut self) -> Option<Found>;
}

/// Bytes in which the next block is looked for at once.
const WINDOW: usize = 1 << 20;

/// A block's chain id stands 3 bytes into its header, which follows the frame's head.
const BEFORE_CHAIN: usize = FRAME_HEAD_BYTES + 3;

impl<R: ReadAt> Archive<R> {
    /// A walk from behind the head on, whatever stands there.
    pub fn walk(from: R, chain: &ChainId) -> Self {
        Self { from, chain: *chain, at: HEAD_BYTES as u64 }
    }

    /// Looks for the next whole frame of a block of this chain; gives its place.
    fn search(&self, from: u64) -> Option<u64> {
        let mut window = vec![0; WINDOW + BEFORE_CHAIN + 32];
        let mut base = from;
        while base < self.from.length() {
            let wanted =
                usize::try_from(self.from.length().saturating_sub(base)).unwrap_or(usize::MAX).min(window.len());
            let buffer = window.get_mut(..wanted)?;
            if self.from.read_at(base, buffer).is_ok() {
                let chains = buffer.windows(32).skip(BEFORE_CHAIN);
                let mut starts = (base..).zip(chains).filter(|(_, bytes)| *bytes == self.chain.0);
                if let Some((at, _)) = starts.find(|(at, _)| self.is_block(*at)) {
                    return Some(at);
                }
            }
            base = base.saturating_add(WINDOW as u64);
        }
        None
    }

    fn is_block(&self, at: u64) -> bool {
        let frame = read_frame(&self.from, at).ok().filter(|frame| frame.kind == FrameKind::Block);
        frame.and_then(|frame| Prefix::read(&frame.bytes)).is_some_and(|prefix| prefix.chain == self.chain)
    }
}

impl<R: ReadAt> Walk for Archive<R> {
    fn find(&mut self) -> Option<Found> {
        while self.at < self.from.length() {
            match read_frame(&self.from, self.at) {
                Ok(Frame { kind: FrameKind::Block, bytes, end }) => {
                    self.at = end;
                    return Some(Found::Block(bytes));
                }
                Ok(Frame { kind: FrameKind::Foot | FrameKind::States | FrameKind::Certificate, end, .. }) => {
                    self.at = end;
                }
                Err(why) => {
                    let here = self.at;
                    self.at = self.search(here.saturating_add(1)).unwrap_or(self.from.length());
                    return Some(Found::Damage(format!("bytes {here} to {}: {why}", self.at)));
                }
            }
        }
        None
    }
}
