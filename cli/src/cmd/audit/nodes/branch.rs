//! Nodes that serve the same blocks, followed by one auditor; parted where they do not.

use super::reader::{Next, Reading};
use indicatif::ProgressBar;
use ledger_core::audit::{Auditor, Evidence};
use ledger_core::certificate::Certificate;
use ledger_core::chain::HashedBlock;
use ledger_core::names::{BlockHash, Height};

/// Bytes and blocks that are judged together.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_BLOCKS: usize = 512;

/// Nodes that are being read, by their places.
type Live = Vec<(usize, Reading)>;

/// Nodes that have served the same so far.
pub(super) struct Branch {
    pub(super) auditor: Auditor,
    /// Nodes that go on.
    live: Live,
    /// Nodes that do not.
    pub(super) ended: Vec<(usize, Ended)>,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    height: Height,
    last: Option<BlockHash>,
}

/// How a node ended.
pub(super) struct Ended {
    /// Its last block.
    pub(super) height: Height,
    /// Its hash, where the block could be read.
    pub(super) tip: Option<BlockHash>,
    /// The certificate that it serves for it.
    pub(super) certificate: Option<Certificate>,
    /// Why it broke off, where it did.
    pub(super) why: Option<String>,
    /// Why its certificate does not hold.
    pub(super) bad_certificate: Option<String>,
}

impl Branch {
    pub(super) fn new(auditor: Auditor, live: Live) -> Self {
        let (ended, batch) = (Vec::new(), Vec::new());
        Self { auditor, live, ended, batch, bytes: 0, height: Height(0), last: None }
    }

    /// One block further; gives the branches that part here. The own one goes on with most of the nodes.
    fn step(&mut self) -> Vec<Self> {
        let mut groups: Vec<(Vec<u8>, Live)> = Vec::new();
        for (place, mut reading) in std::mem::take(&mut self.live) {
            match reading.next() {
                Next::Block(bytes) => match groups.iter_mut().find(|(known, _)| *known == bytes) {
                    Some((_, nodes)) => nodes.push((place, reading)),
                    None => groups.push((bytes, vec![(place, reading)])),
                },
                Next::End(certificate) => self.end(place, certificate, None),
                Next::Broken(why) => self.end(place, None, Some(why)),
            }
        }
        groups.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        let mut groups = groups.into_iter();
        let own = groups.next();
        let mut parted = Vec::new();
        for (bytes, nodes) in groups {
            self.flush();
            let mut other = Self::new(self.auditor.clone(), nodes);
            (other.height, other.last) = (self.height, self.last);
            other.push(bytes);
            parted.push(other);
        }
        if let Some((bytes, nodes)) = own {
            self.live = nodes;
            self.push(bytes);
        }
        parted
    }

    fn end(&mut self, place: usize, certificate: Option<Certificate>, why: Option<String>) {
        let tip = self.last_hash();
        self.ended.push((place, Ended { height: self.height, tip, certificate, why, bad_certificate: None }));
    }

    /// Hash of the last block, by its own bytes.
    fn last_hash(&mut self) -> Option<BlockHash> {
        if let Some(bytes) = self.batch.last() {
            self.last = HashedBlock::read(bytes).ok().map(|block| block.hash());
        }
        self.last
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.height = self.height.next();
        self.bytes += bytes.len();
        self.batch.push(bytes);
        if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_BLOCKS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.last_hash();
        let evidence: Vec<Evidence<'_>> = self.batch.iter().map(|bytes| Evidence::Bytes(bytes)).collect();
        self.auditor.blocks(&evidence);
        self.batch.clear();
        self.bytes = 0;
    }
}

/// Follows a branch and all that part from it to their ends.
pub(super) fn follow(first: Branch, progress: &ProgressBar) -> Vec<Branch> {
    let mut open = vec![first];
    let mut done = Vec::new();
    while !open.is_empty() {
        let mut next = Vec::new();
        for mut branch in open {
            next.extend(branch.step());
            if branch.live.is_empty() {
                branch.flush();
                done.push(branch);
            } else {
                progress.set_position(progress.position().max(branch.height.0));
                next.push(branch);
            }
        }
        open = next;
    }
    done.retain(|branch| !branch.ended.is_empty());
    done
}
