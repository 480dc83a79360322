//! Blocks that the evidence must hold, known from elsewhere: what the auditor kept, and what the
//! node's tip file says.

use crate::audit::{Auditor, Bookmark, Finding};
use crate::names::{BlockHash, Height};

/// Kind of the finding where another block stands than the auditor kept.
const REWRITTEN: &str = "rewritten";

/// A block that the evidence must hold.
#[derive(Clone)]
pub(super) struct Pin {
    pub(super) height: Height,
    block: BlockHash,
    /// Kind of the finding where another block stands there.
    kind: &'static str,
    source: &'static str,
}

/// What is known from elsewhere.
pub(super) fn pins(kept: Option<Bookmark>, tip_file: Option<(Height, BlockHash)>) -> Vec<Pin> {
    let of_kept = |kept: Bookmark| (kept.height, kept.block, REWRITTEN, "what the auditor kept");
    let of_file = |(height, block)| (height, block, "tip", "the node's tip file");
    let known = kept.map(of_kept).into_iter().chain(tip_file.map(of_file));
    known.map(|(height, block, kind, source)| Pin { height, block, kind, source }).collect()
}

impl Auditor {
    /// Holds the last block against what is known of its height from elsewhere. One that the auditor himself
    /// kept vouches for all that it stands on, so that a stretch may begin below it.
    pub(super) fn meet_pins(&mut self) {
        let (height, hash) = (self.head.height, self.head.hash);
        let is_kept = |pin: &Pin| pin.kind == REWRITTEN && (pin.height, pin.block) == (height, hash);
        if self.clean && self.pins.iter().any(is_kept) {
            self.unproved_start = false;
        }
        let others = self.pins.iter().filter(|pin| pin.height == height && pin.block != hash);
        let finding = |pin: &Pin| {
            Finding::at(height, pin.kind, format!("{} names block {}; here stands {hash}", pin.source, pin.block))
        };
        let wrong: Vec<Finding> = others.map(finding).collect();
        wrong.into_iter().for_each(|finding| self.find(finding));
    }

    /// Blocks that are known from elsewhere and are not here.
    pub(super) fn miss_pins(&mut self) {
        let height = self.head.height;
        if self.beyond {
            return;
        }
        let finding = |pin: &Pin| {
            let detail =
                format!("{} names a block at height {}; the chain here ends at {height}", pin.source, pin.height);
            Finding::at(height.next(), "missing", detail)
        };
        let missing: Vec<Finding> = self.pins.iter().filter(|pin| pin.height > height).map(finding).collect();
        missing.into_iter().for_each(|finding| self.find(finding));
    }
}
