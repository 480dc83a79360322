//! What became of the events of one block: derived, and worth nothing as evidence.
//!
//! ```text
//! row     9 bytes for each event of the block, in order
//! event   outcome(1) ‖ log index of the subject's entry before(8), all ones where there is none
//! ```
//!
//! The history of a subject is read backwards: its state names its last entry, and the row of that
//! entry's block names the one before.

use ledger_core::chain::Trace;
use ledger_core::merkle::LogIndex;
use ledger_core::outcome::Outcome;

const EVENT: usize = 9;

/// The traces of a block's events, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexRow {
    /// One for each event.
    pub traces: Vec<Trace>,
}

impl IndexRow {
    /// The row of a block's traces.
    #[must_use]
    pub fn of(traces: &[Trace]) -> Self {
        Self { traces: traces.to_vec() }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.traces.len() * EVENT);
        for Trace { outcome, previous } in &self.traces {
            bytes.push(outcome.byte());
            bytes.extend_from_slice(&previous.map_or(u64::MAX, |index| index.0).to_be_bytes());
        }
        bytes
    }

    /// The row that the bytes stand for.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (events, rest) = bytes.as_chunks::<EVENT>();
        let event = |event: &[u8; EVENT]| {
            let [outcome, previous @ ..] = *event;
            let previous = Some(u64::from_be_bytes(previous)).filter(|index| *index != u64::MAX).map(LogIndex);
            Some(Trace { outcome: Outcome::from_byte(outcome)?, previous })
        };
        let traces = events.iter().map(event).collect::<Option<_>>()?;
        rest.is_empty().then_some(Self { traces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::outcome::Refusal;

    #[test]
    fn a_row_goes_both_ways() {
        let traces = vec![
            Trace { outcome: Outcome::Applied, previous: None },
            Trace { outcome: Outcome::Refused(Refusal::Ended), previous: Some(LogIndex(77)) },
            Trace { outcome: Outcome::Recorded, previous: None },
        ];
        let row = IndexRow { traces };
        assert_eq!(IndexRow::decode(&row.encode()), Some(row.clone()));
        assert_eq!(IndexRow::decode(&row.encode()[1..]), None);
        assert_eq!(IndexRow::decode(&[200; 9]), None);
    }
}
