//! An archive as evidence: read to its end past what is damaged.
//!
//! The strict reader of [`archive`](crate::archive) stops at the first damage, as an import must. An
//! audit wants every height that can still be told: a frame that is damaged is a block that cannot be
//! read, and what can be read behind it counts. No tip file stands beside an archive; the certificate
//! at its end says how far it went.

use super::EvidenceBlock;
use super::scan::{Found, Scan};
use crate::store::sealed::height_in;
use crate::store::{StoreError, header_of};
use ledger_core::archive::Foot;
use ledger_core::certificate::Certificate;
use ledger_core::crypto::ChainId;
use ledger_core::map::ContractMap;
use ledger_core::names::Height;
use std::collections::VecDeque;
use std::path::Path;

/// So many blocks are believed to have been cut out, on the word of the block that follows.
const MAX_CUT: u64 = 10_000;

/// An archive that is read as evidence.
pub struct ArchiveEvidence {
    scan: Scan,
    foot: Option<Foot>,
    map: Option<ContractMap>,
    /// The first block, where the foot does not say which one it is.
    ahead: Option<Found>,
    waiting: VecDeque<EvidenceBlock>,
    begins: u64,
    next: u64,
    ended: bool,
    damage: Vec<String>,
}

impl ArchiveEvidence {
    /// Takes up an archive.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read at all, or is of another chain.
    pub fn open(path: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let mut scan = Scan::open(path, chain)?;
        let mut damage = std::mem::take(&mut scan.notes);
        let foot = scan.foot.take();
        let states = foot.as_ref().and_then(|foot| foot.states).map(|wanted| scan.states(wanted));
        let map = match states {
            Some(Ok(states)) => {
                let mut map = ContractMap::new();
                map.set(states);
                Some(map)
            }
            Some(Err(why)) => {
                damage.push(format!("the states at the foot cannot be read: {why}"));
                None
            }
            None => None,
        };
        let named = scan.named;
        let ahead = scan.next();
        // A head that names another chain above blocks of this one was altered.
        if let Some(found) = named
            && found != *chain
            && !is_of(&ahead, chain)
        {
            return Err(StoreError::OtherChain { path: path.to_owned(), wanted: *chain, found });
        }
        // Without a foot only a chain that begins at the genesis can be audited.
        let begins = scan.first.or_else(|| height_of(&ahead));
        let foot = foot.or_else(|| (begins == Some(1)).then(Foot::default));
        let (begins, waiting) = (begins.unwrap_or(1), VecDeque::new());
        Ok(Self { scan, foot, map, ahead: Some(ahead), waiting, begins, next: begins, ended: false, damage })
    }

    /// What the stretch stands on; none where that cannot be read.
    #[must_use]
    pub const fn foot(&self) -> Option<&Foot> {
        self.foot.as_ref()
    }

    /// The contract map at the foot, where it is here; it can be taken once.
    pub fn take_map(&mut self) -> Option<ContractMap> {
        self.map.take()
    }

    /// The next height, in order.
    pub fn next_block(&mut self) -> Option<EvidenceBlock> {
        loop {
            if let Some(block) = self.waiting.pop_front() {
                return Some(block);
            }
            if self.ended {
                return None;
            }
            match self.ahead.take().unwrap_or_else(|| self.scan.next()) {
                Found::Block(bytes) => self.push(Ok(bytes)),
                Found::Damaged(why) => self.push(Err(why)),
                Found::Skipped { height, most } => self.miss(height.checked_sub(1), most),
                Found::End { whole } => self.end(whole),
            }
        }
    }

    /// The file's length.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.scan.length()
    }

    /// The certificate of the last block; complete once all blocks were read.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Certificate> {
        self.scan.certificate.as_ref()
    }

    /// What is damaged beside the blocks: then the archive is not as it was written, whatever the
    /// blocks say. Complete once all blocks were read.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        self.damage.iter().chain(&self.scan.notes).cloned().collect()
    }

    fn push(&mut self, bytes: Result<Vec<u8>, String>) {
        self.waiting.push_back(EvidenceBlock { height: Height(self.next), bytes });
        self.next = self.next.saturating_add(1);
    }

    /// Bytes that are no frames: as many blocks cannot be read as are missing up to a height, where
    /// so many can have stood there or have been cut out, and else one.
    fn miss(&mut self, upto: Option<u64>, most: u64) {
        self.damage.push(format!("before block {}: bytes that are no frame of an archive", Height(self.next)));
        let missing = upto.and_then(|upto| upto.saturating_add(1).checked_sub(self.next));
        let missing = missing.filter(|missing| *missing <= most.max(MAX_CUT)).unwrap_or(1);
        for _ in 0..missing {
            self.push(Err("the bytes of its frame are damaged".to_owned()));
        }
    }

    fn end(&mut self, whole: bool) {
        self.ended = true;
        if self.next == self.begins {
            self.damage.push("it holds no block".to_owned());
        }
        if whole {
            return;
        }
        self.damage.push(format!("the file cannot be read to its end from block {} on", Height(self.next)));
        if let Some(last) = self.scan.certificate.as_ref().map(|certificate| certificate.height.0)
            && last >= self.next
        {
            self.miss(Some(last), self.scan.most_at_end);
        }
    }
}

/// Whether a block of this chain was found.
fn is_of(found: &Found, chain: &ChainId) -> bool {
    match found {
        Found::Block(bytes) => header_of(bytes).is_some_and(|header| header.chain == *chain),
        // It was looked for by its chain.
        Found::Skipped { .. } => true,
        Found::Damaged(_) | Found::End { .. } => false,
    }
}

fn height_of(found: &Found) -> Option<u64> {
    match found {
        Found::Block(bytes) => height_in(bytes),
        Found::Skipped { height, .. } => Some(*height),
        Found::Damaged(_) | Found::End { .. } => None,
    }
}
