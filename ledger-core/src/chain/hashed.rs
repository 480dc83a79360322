//! First rung: a block with everything that can be computed from its bytes alone.

use crate::block::{Block, Body, Header, body_hash};
use crate::codec::{self, DecodeError};
use crate::crypto::Suite;
use crate::merkle::LeafHash;
use crate::names::{BlockHash, BodyHash, readable};
use crate::submission::Frame;

/// A decoded block, hashed: each event once, into the leaf hash that log and submission share.
#[derive(Clone, Debug)]
pub struct HashedBlock {
    pub(super) header: Header,
    pub(super) body: Body,
    pub(super) hash: BlockHash,
    pub(crate) content: Content,
    /// The hash of the body that is here.
    pub(super) body_hash: BodyHash,
    pub(super) bytes: usize,
}

/// The hashes of a body.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    /// One leaf hash an event, in order.
    pub(crate) leaves: Vec<LeafHash>,
    /// One frame a submission.
    pub(crate) frames: Vec<Frame>,
}

impl Content {
    pub(super) fn of(body: &Body) -> Self {
        let mut leaves = Vec::with_capacity(body.submissions.iter().map(|s| s.events.len()).sum());
        let mut frames = Vec::with_capacity(body.submissions.len());
        for submission in &body.submissions {
            let own = submission.leaf_hashes();
            frames.push(submission.frame(&own));
            leaves.extend(own);
        }
        Self { leaves, frames }
    }

    pub(super) fn body_hash(&self, suite: Suite, body: &Body) -> BodyHash {
        let signatures = body.submissions.iter().map(|submission| &submission.signature);
        body_hash(suite, &body.parent_certificate, self.frames.iter().zip(signatures))
    }
}

readable! {
    HashedBlock copies {
        /// The block hash.
        hash: BlockHash,
    }
    lends {
        /// The header.
        header: Header,
        /// The body.
        body: Body,
    }
}

impl HashedBlock {
    /// Decodes and hashes.
    ///
    /// # Errors
    /// [`DecodeError`], when the bytes are no block.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Block { header, body } = codec::decode(bytes)?;
        let content = Content::of(&body);
        let body_hash = content.body_hash(header.suite, &body);
        Ok(Self { hash: header.hash(), header, body, content, body_hash, bytes: bytes.len() })
    }

    /// The leaf hashes of its events, in order.
    #[must_use]
    pub fn leaves(&self) -> &[LeafHash] {
        &self.content.leaves
    }

    /// Whether the body is the one that the header commits to: only then does the block hash stand for
    /// these bytes. [`check`](super::check) asks the same; this is for who keeps a block before it can be
    /// checked.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.body_hash == self.header.body
    }
}
