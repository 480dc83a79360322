//! Where what was sent stands by now: it may have been sent again, under another number, or been cut anew.

use super::row::{Place, Row, What, moved_to};
use crate::vault::Handle;
use ledger_core::names::Sequence;
use std::collections::{BTreeMap, HashMap};

/// Where what was sent stands by now.
#[derive(Debug, Default)]
pub(in crate::intake) struct Follow {
    /// Records that were sent again, or after they were parked: the last time, and of which generation that is.
    resent: HashMap<Handle, (u64, Place)>,
    /// Submissions that were sent again under another number, and in which generation.
    moved: HashMap<Sequence, (u64, Sequence)>,
    /// Where events went when what waits was cut anew, by generation: so many from a place on.
    cuts: BTreeMap<u64, BTreeMap<Place, (u16, Place)>>,
    /// How often it was.
    generation: u64,
}

impl Follow {
    pub(super) fn apply(&mut self, row: &Row) {
        let place = (row.sequence, row.position);
        match row.what {
            What::Again { handle, .. } | What::Unparked { handle, .. } => {
                self.resent.insert(handle, (self.generation, place));
            }
            What::Moved { from } => _ = self.moved.insert(from, (self.generation, row.sequence)),
            What::Cut { generation, from, at, count } => {
                self.generation = generation;
                // The last row of a cut moves nothing, and may name a place from which something moves.
                if count > 0 {
                    self.cuts.entry(generation).or_default().insert((from, at), (count, place));
                }
            }
            What::Sent { .. }
            | What::Waits { .. }
            | What::Parked { .. }
            | What::Begins
            | What::Settled { .. }
            | What::Governed => {}
        }
    }

    /// Where a record was sent again the last time.
    pub(in crate::intake) fn resent(&self, handle: &Handle) -> Option<Place> {
        self.resent.get(handle).map(|(generation, place)| self.now(*generation, *place))
    }

    /// Where what was sent at a place is by now, after what waits had been cut anew so many times.
    pub(in crate::intake) fn now(&self, generation: u64, place: Place) -> Place {
        let mut place = self.moved(generation, place);
        for (later, cuts) in self.cuts.range(generation.saturating_add(1)..) {
            let cut = cuts.range(..=place).next_back();
            let to = cut.and_then(|(from, (count, to))| moved_to(place, *from, *count, *to));
            place = self.moved(*later, to.unwrap_or(place));
        }
        place
    }

    /// The same within one generation.
    fn moved(&self, generation: u64, (mut sequence, position): Place) -> Place {
        // A number moves up only, so this comes to an end.
        while let Some((of, to)) = self.moved.get(&sequence)
            && *of == generation
            && *to > sequence
        {
            sequence = *to;
        }
        (sequence, position)
    }

    /// Whether a submission was sent again under another number.
    pub(in crate::intake) fn is_moved(&self, sequence: Sequence) -> bool {
        self.moved.contains_key(&sequence)
    }
}
