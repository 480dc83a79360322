//! A row of the look-up, and what happened to an item.
//!
//! ```text
//! row        kind(1) ‖ sequence(8) ‖ position(2) ‖ rest, filled up with zeros to 67 bytes
//! sent       1: content tag(16) ‖ number tag(16) ‖ employer tag(8) ‖ handle of the record(16)
//! waits      2: subject(32) ‖ handle(16) ‖ record kind(1)
//! parked     3: content tag(16) ‖ number tag(16) ‖ handle(16)
//! again      4: subject(32) ‖ handle(16)
//! unparked   5: number tag(16) ‖ handle(16)
//! begins     6: nothing; the first row of a look-up that knows nothing of what the chain has already
//! settled    7: subject(32) ‖ handle(16)
//! governed   8: nothing; the submission is no item's
//! moved      9: the submission's number before(8)
//! cut       10: generation(8) ‖ number before(8) ‖ position before(2) ‖ count(2)
//! ```

use super::super::tags::{EmployerTag, Tag};
use crate::outbox::Cut;
use crate::vault::Handle;
use ledger_core::codec;
use ledger_core::names::{RecordKind, Sequence, Subject};

/// Length of a row.
pub(super) const ROW: usize = 67;

/// A submission, and a place in it.
pub(in crate::intake) type Place = (Sequence, u16);

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Row {
    /// The submission that has to be durable for the row to hold.
    pub(in crate::intake) sequence: Sequence,
    /// Place in it.
    pub(in crate::intake) position: u16,
    pub(in crate::intake) what: What,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum What {
    /// It was sent; where it makes a contract, the contract's number and employer are known from now on.
    Sent { content: Tag, contract: Option<(Tag, EmployerTag)>, handle: Handle },
    /// It was sent before its contract.
    Waits { subject: Subject, handle: Handle, kind: RecordKind },
    /// It names no employer, and its contract is not here: it could not even be sent.
    Parked { content: Tag, number: Tag, handle: Handle },
    /// What waited was sent again.
    Again { subject: Subject, handle: Handle },
    /// What was parked was sent.
    Unparked { number: Tag, handle: Handle },
    /// What was sent since the row before is not known.
    Begins,
    /// What was to wait was judged otherwise: somebody else had made the contract.
    Settled { subject: Subject, handle: Handle },
    /// An event of governance.
    Governed,
    /// Another submission has used up a number, so what stood under it is sent again under this one.
    Moved { from: Sequence },
    /// What waits was cut anew, so many times by now: so many events from a place on stand here.
    Cut { generation: u64, from: Sequence, at: u16, count: u16 },
}

const SENT: u8 = 1;
const WAITS: u8 = 2;
const PARKED: u8 = 3;
const AGAIN: u8 = 4;
const UNPARKED: u8 = 5;
const BEGINS: u8 = 6;
const SETTLED: u8 = 7;
const GOVERNED: u8 = 8;
const MOVED: u8 = 9;
pub(super) const CUT: u8 = 10;

impl Row {
    /// The record that was sealed before the row was written.
    pub(super) const fn sealed(&self) -> Option<&Handle> {
        match &self.what {
            What::Sent { handle, .. } | What::Parked { handle, .. } => Some(handle),
            What::Waits { .. }
            | What::Again { .. }
            | What::Unparked { .. }
            | What::Begins
            | What::Settled { .. }
            | What::Governed
            | What::Moved { .. }
            | What::Cut { .. } => None,
        }
    }

    /// How often what waits had been cut anew, where the row says so.
    pub(super) const fn generation(&self) -> Option<u64> {
        match &self.what {
            What::Cut { generation, .. } => Some(*generation),
            What::Sent { .. }
            | What::Parked { .. }
            | What::Waits { .. }
            | What::Again { .. }
            | What::Unparked { .. }
            | What::Begins
            | What::Settled { .. }
            | What::Governed
            | What::Moved { .. } => None,
        }
    }

    /// Whether it is the last row of a cut that the outbox was given; of an outbox that is gone, that the chain has.
    pub(super) fn ends_cut(&self, outbox: Option<Cut>, last: Sequence) -> bool {
        let What::Cut { generation, count: 0, .. } = self.what else { return false };
        outbox.map_or(self.sequence <= last, |cut| generation <= cut.generation)
    }

    pub(super) fn encode(&self) -> [u8; ROW] {
        let place = (self.sequence, self.position);
        let bytes = match &self.what {
            What::Sent { content, contract, handle } => {
                let (number, employer) = contract.unwrap_or_default();
                codec::encode(&(SENT, place, content, number, employer, handle))
            }
            What::Waits { subject, handle, kind } => codec::encode(&(WAITS, place, subject, handle, kind)),
            What::Parked { content, number, handle } => codec::encode(&(PARKED, place, content, number, handle)),
            What::Again { subject, handle } => codec::encode(&(AGAIN, place, subject, handle)),
            What::Unparked { number, handle } => codec::encode(&(UNPARKED, place, number, handle)),
            What::Begins => codec::encode(&(BEGINS, place)),
            What::Settled { subject, handle } => codec::encode(&(SETTLED, place, subject, handle)),
            What::Governed => codec::encode(&(GOVERNED, place)),
            What::Moved { from } => codec::encode(&(MOVED, place, from)),
            What::Cut { generation, from, at, count } => codec::encode(&(CUT, place, (generation, from), (at, count))),
        };
        let mut row = [0; ROW];
        row.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        row
    }

    pub(super) fn decode(row: &[u8; ROW]) -> Option<Self> {
        let take = |length: usize| row.get(1..1 + 10 + length).unwrap_or_default();
        let ((sequence, position), what) = match *row.first()? {
            SENT => {
                let (place, content, number, employer, handle): (Place, _, _, _, _) = codec::decode(take(56)).ok()?;
                let contract = Some((number, employer)).filter(|contract| *contract != Default::default());
                (place, What::Sent { content, contract, handle })
            }
            WAITS => {
                let (place, subject, handle, kind): (Place, _, _, _) = codec::decode(take(49)).ok()?;
                (place, What::Waits { subject, handle, kind })
            }
            PARKED => {
                let (place, content, number, handle): (Place, _, _, _) = codec::decode(take(48)).ok()?;
                (place, What::Parked { content, number, handle })
            }
            AGAIN => {
                let (place, subject, handle): (Place, _, _) = codec::decode(take(48)).ok()?;
                (place, What::Again { subject, handle })
            }
            UNPARKED => {
                let (place, number, handle): (Place, _, _) = codec::decode(take(32)).ok()?;
                (place, What::Unparked { number, handle })
            }
            BEGINS => (codec::decode(take(0)).ok()?, What::Begins),
            SETTLED => {
                let (place, subject, handle): (Place, _, _) = codec::decode(take(48)).ok()?;
                (place, What::Settled { subject, handle })
            }
            GOVERNED => (codec::decode(take(0)).ok()?, What::Governed),
            MOVED => {
                let (place, from): (Place, _) = codec::decode(take(8)).ok()?;
                (place, What::Moved { from })
            }
            CUT => {
                let (place, (generation, from), (at, count)): (Place, _, _) = codec::decode(take(20)).ok()?;
                (place, What::Cut { generation, from, at, count })
            }
            _ => return None,
        };
        Some(Self { sequence, position, what })
    }
}

/// Where a place is, once so many events from one on have gone to another one; none where it is not among them.
pub(super) fn moved_to(place: Place, from: Place, count: u16, to: Place) -> Option<Place> {
    let behind = place.1.checked_sub(from.1).filter(|behind| place.0 == from.0 && *behind < count)?;
    Some((to.0, to.1.saturating_add(behind)))
}
