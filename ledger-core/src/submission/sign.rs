//! What a node signs, and serves of it. Whoever verifies needs none of it.

use super::{MAX_EVENTS, Submission};
use crate::codec::List;
use crate::crypto::{ChainId, SecretKey, Signature};
use crate::event::Event;
use crate::names::{NodeNumber, Sequence};
use thiserror::Error;

/// Events that no submission can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SubmissionError {
    /// None at all.
    #[error("a submission carries at least one event")]
    Empty,
    /// Too many.
    #[error("a submission of {0} events is more than the {MAX_EVENTS} that one may carry")]
    TooMany(usize),
}

impl Submission {
    /// Frames and signs events.
    ///
    /// # Errors
    /// [`SubmissionError`], when there are none or too many.
    pub fn sign(
        chain: &ChainId,
        key: &SecretKey,
        stream: NodeNumber,
        sequence: Sequence,
        events: Vec<Event>,
    ) -> Result<Self, SubmissionError> {
        if events.is_empty() {
            return Err(SubmissionError::Empty);
        }
        let events = List::new(events).map_err(|e| SubmissionError::TooMany(e.found))?;
        let mut submission = Self { stream, sequence, events, signature: Signature([0; 64]) };
        let frame = submission.frame(&submission.leaf_hashes());
        submission.signature = key.sign(&frame.message(chain));
        Ok(submission)
    }

    /// The bytes of the events' entries, in order, as the log has them.
    pub fn entries(&self) -> impl Iterator<Item = Vec<u8>> {
        self.placed().map(|entry| crate::codec::encode(&entry))
    }
}
