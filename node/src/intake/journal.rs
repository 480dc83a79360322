//! The look-up: what this node has sent, by content; who waits for what. One file of fixed rows, and
//! tables in memory that are made from it.
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
//!
//! Rows are synced before the submission that they name is signed. A row holds once that submission is on
//! the chain or in the outbox: what names a later one is from a run that died in between, and is cut at
//! open. What is learned from the chain goes under the last number that was signed. Where what waits is cut anew,
//! rows say where each of its events goes, the last of them for none; they hold, and all before them, once the outbox
//! was cut as often. Nothing else is needed for a message to be recorded once, whenever the process dies. Every
//! submission has a row, so a look-up that is behind the chain has lost some, and is refused.

use super::IntakeError;
use super::alone::Consent;
use super::tags::{EmployerTag, Tag};
use crate::outbox::Cut;
use crate::rows::{OnDamage, RowFile};
use crate::store::StoreError;
use crate::vault::Handle;
use ledger_core::codec;
use ledger_core::names::{RecordKind, Sequence, Subject};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

const ROW: usize = 67;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The submission that has to be durable for the row to hold.
    pub(super) sequence: Sequence,
    /// Place in it.
    pub(super) position: u16,
    pub(super) what: What,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
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

/// Whose contract has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// This employer's; a record that names it.
    One(EmployerTag, Handle),
    /// Several have it.
    Several,
}

/// A record that waits for its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) handle: Handle,
    pub(super) kind: RecordKind,
    /// Where it came too early.
    place: Place,
    /// After what waits was cut anew so many times.
    generation: u64,
}

impl Waiting {
    /// The submission that it came too early in.
    pub(super) const fn since(&self) -> Sequence {
        self.place.0
    }
}

/// A submission, and a place in it.
pub(super) type Place = (Sequence, u16);

/// Where what was sent stands by now.
#[derive(Debug, Default)]
pub(super) struct Follow {
    /// Records that were sent again, or after they were parked: the last time, and of which generation that is.
    resent: HashMap<Handle, (u64, Place)>,
    /// Submissions that were sent again under another number, and in which generation.
    moved: HashMap<Sequence, (u64, Sequence)>,
    /// Where events went when what waits was cut anew, by generation: so many from a place on.
    cuts: BTreeMap<u64, BTreeMap<Place, (u16, Place)>>,
    /// How often it was.
    generation: u64,
}

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    seen: HashSet<Tag>,
    owners: HashMap<Tag, Owner>,
    waiting: BTreeMap<Subject, Vec<Waiting>>,
    parked: BTreeMap<Tag, Vec<Handle>>,
    /// How often what waits was cut anew.
    generation: u64,
}

/// The file with its tables.
#[derive(Debug)]
pub(super) struct Journal {
    file: RowFile<ROW>,
    rows: u64,
    pub(super) tables: Tables,
    /// For whoever asks after items while others are recorded.
    pub(super) follow: Arc<RwLock<Follow>>,
}

impl Journal {
    /// Opens the look-up of a node whose last durable submission is `last`, and whose vault has the records
    /// that `has` says; `cut` is the outbox's, where there is one. Where the look-up is missing, or has lost what was sent last, or the vault has lost
    /// records, or the outbox what it held, and `consent` says so, it goes on without that.
    pub(super) fn open(
        path: &Path,
        last: Sequence,
        cut: Option<Cut>,
        consent: Consent,
        has: impl Fn(&Handle) -> bool,
    ) -> Result<Self, IntakeError> {
        let (mut file, stored) = RowFile::open(path, b"luqiseen", OnDamage::Refuse)?;
        let (mut tables, mut follow) = (Tables::default(), Follow::default());
        let (mut rows, mut reached, mut lost) = (0, Sequence(0), 0);
        let ends_cut = |row: &[u8; ROW]| Row::decode(row).is_some_and(|row| row.ends_cut(cut, last));
        let settled = stored.iter().rposition(|row| row.first() == Some(&CUT) && ends_cut(row));
        for (at, stored) in stored.iter().enumerate() {
            let unknown = || StoreError::File { path: path.to_owned(), why: format!("row {rows} has no known kind") };
            let row = Row::decode(stored).ok_or_else(unknown)?;
            let is_settled = settled.is_some_and(|settled| at <= settled);
            if !is_settled && (row.sequence > last || row.generation().is_some()) {
                break;
            }
            if row.generation().is_some_and(|generation| generation > tables.generation) {
                // What waits may end lower than before.
                reached = Sequence(0);
            }
            tables.apply(&row);
            follow.apply(&row);
            lost += u64::from(row.sealed().is_some_and(|handle| !has(handle)));
            rows += 1;
            reached = reached.max(row.sequence);
        }
        // What was sent and is on no chain was sent last, all of it together: a crash leaves no more.
        if rows < stored.len() as u64 && rows < file.last_group() && consent.lost_outbox != Some(last) {
            let found = stored.last().and_then(Row::decode).map_or(reached, |row| row.sequence);
            return Err(IntakeError::Ahead { path: path.to_owned(), found, last });
        }
        if lost > 0 && !consent.new_look_up {
            return Err(IntakeError::VaultBehind { path: path.to_owned(), lost });
        }
        file.cut(rows)?;
        let mut journal = Self { file, rows, tables, follow: Arc::new(RwLock::new(follow)) };
        if reached < last {
            if !consent.new_look_up {
                return Err(IntakeError::Behind { path: path.to_owned(), found: reached, last });
            }
            let begins = [Row { sequence: last, position: 0, what: What::Begins }];
            journal.write(&begins)?;
            journal.hold(&begins);
        }
        Ok(journal)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// How often what waits was cut anew.
    pub(super) const fn generation(&self) -> u64 {
        self.tables.generation
    }

    /// Makes rows durable. They are in the tables once they hold: see [`Journal::hold`].
    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        rows.iter().for_each(|row| self.file.push(&row.encode()));
        self.file.sync()
    }

    /// The submissions of the rows that were written last are durable.
    pub(super) fn hold(&mut self, rows: &[Row]) {
        self.rows = self.rows.saturating_add(rows.len() as u64);
        let mut follow = self.follow.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            self.tables.apply(row);
            follow.apply(row);
        }
    }

    /// The submissions of the rows that were written last did not become durable.
    pub(super) fn fall_back(&mut self) -> Result<(), StoreError> {
        self.file.cut(self.rows)
    }
}

impl Tables {
    /// Whether an item with this content was sent or parked.
    pub(super) fn has(&self, content: &Tag) -> bool {
        self.seen.contains(content)
    }

    /// Whose contract has this number.
    pub(super) fn owner(&self, number: &Tag) -> Option<Owner> {
        self.owners.get(number).copied()
    }

    /// What waits for a contract.
    pub(super) fn waiting(&self, subject: &Subject) -> &[Waiting] {
        self.waiting.get(subject).map_or(&[], Vec::as_slice)
    }

    /// For what contracts something waits, and what.
    pub(super) fn waited_for(&self) -> impl Iterator<Item = (&Subject, &[Waiting])> {
        self.waiting.iter().map(|(subject, waiting)| (subject, waiting.as_slice()))
    }

    /// What is parked under a contract number.
    pub(super) fn parked(&self, number: &Tag) -> &[Handle] {
        self.parked.get(number).map_or(&[], Vec::as_slice)
    }

    /// The numbers under which something is parked.
    pub(super) fn parked_numbers(&self) -> impl Iterator<Item = &Tag> {
        self.parked.keys()
    }

    /// How many items wait or are parked.
    pub(super) fn pending(&self) -> usize {
        self.waiting.values().map(Vec::len).sum::<usize>() + self.parked.values().map(Vec::len).sum::<usize>()
    }

    fn apply(&mut self, row: &Row) {
        let Row { sequence, position, what } = *row;
        match what {
            What::Sent { content, contract, handle } => {
                self.seen.insert(content);
                if let Some((number, employer)) = contract {
                    let owner = self.owners.get(&number).copied();
                    self.owners.insert(number, Owner::joined(owner, employer, handle));
                }
            }
            What::Waits { subject, handle, kind } => {
                let (place, generation) = ((sequence, position), self.generation);
                self.waiting.entry(subject).or_default().push(Waiting { handle, kind, place, generation });
            }
            What::Parked { content, number, handle } => {
                self.seen.insert(content);
                self.parked.entry(number).or_default().push(handle);
            }
            What::Begins | What::Governed => {}
            What::Again { subject, handle } | What::Settled { subject, handle } => {
                if let Some(waiting) = self.waiting.get_mut(&subject) {
                    waiting.retain(|other| other.handle != handle);
                    if waiting.is_empty() {
                        self.waiting.remove(&subject);
                    }
                }
            }
            What::Unparked { number, handle } => {
                if let Some(parked) = self.parked.get_mut(&number) {
                    parked.retain(|other| *other != handle);
                    if parked.is_empty() {
                        self.parked.remove(&number);
                    }
                }
            }
            What::Moved { from } => {
                let moved = self.waiting.values_mut().flatten().filter(|waiting| waiting.place.0 == from);
                moved.for_each(|waiting| waiting.place.0 = sequence);
            }
            What::Cut { generation, from, at, count } => {
                self.generation = generation;
                for waiting in self.waiting.values_mut().flatten() {
                    // What moved in this generation stands at a number of it.
                    let is_older = waiting.generation < generation;
                    if let Some(to) = moved_to(waiting.place, (from, at), count, (sequence, position))
                        && is_older
                    {
                        (waiting.place, waiting.generation) = (to, generation);
                    }
                }
            }
        }
    }
}

/// Where a place is, once so many events from one on have gone to another one; none where it is not among them.
fn moved_to(place: Place, from: Place, count: u16, to: Place) -> Option<Place> {
    let behind = place.1.checked_sub(from.1).filter(|behind| place.0 == from.0 && *behind < count)?;
    Some((to.0, to.1.saturating_add(behind)))
}

impl Follow {
    fn apply(&mut self, row: &Row) {
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
    pub(super) fn resent(&self, handle: &Handle) -> Option<Place> {
        self.resent.get(handle).map(|(generation, place)| self.now(*generation, *place))
    }

    /// Where what was sent at a place is by now, after what waits had been cut anew so many times.
    pub(super) fn now(&self, generation: u64, place: Place) -> Place {
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
    pub(super) fn is_moved(&self, sequence: Sequence) -> bool {
        self.moved.contains_key(&sequence)
    }
}

impl Owner {
    /// The owner of a number once one more employer has it.
    pub(super) fn joined(before: Option<Self>, employer: EmployerTag, handle: Handle) -> Self {
        match before {
            None => Self::One(employer, handle),
            Some(Self::One(same, first)) if same == employer => Self::One(same, first),
            Some(Self::One(..) | Self::Several) => Self::Several,
        }
    }
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
const CUT: u8 = 10;

impl Row {
    /// The record that was sealed before the row was written.
    const fn sealed(&self) -> Option<&Handle> {
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
    const fn generation(&self) -> Option<u64> {
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
    fn ends_cut(&self, outbox: Option<Cut>, last: Sequence) -> bool {
        let What::Cut { generation, count: 0, .. } = self.what else { return false };
        outbox.map_or(self.sequence <= last, |cut| generation <= cut.generation)
    }

    fn encode(&self) -> [u8; ROW] {
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

    fn decode(row: &[u8; ROW]) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ANEW: Consent = Consent { new_look_up: true, lost_outbox: None };

    fn rows() -> Vec<Row> {
        let (subject, kind) = (Subject([7; 32]), RecordKind::Renew);
        [
            What::Sent { content: [1; 16], contract: Some(([2; 16], [3; 8])), handle: [4; 16] },
            What::Sent { content: [5; 16], contract: None, handle: [6; 16] },
            What::Waits { subject, handle: [6; 16], kind },
            What::Parked { content: [8; 16], number: [9; 16], handle: [10; 16] },
            What::Again { subject, handle: [6; 16] },
            What::Unparked { number: [9; 16], handle: [10; 16] },
            What::Sent { content: [11; 16], contract: Some(([2; 16], [12; 8])), handle: [13; 16] },
        ]
        .into_iter()
        .zip(1..)
        .map(|(what, n)| Row { sequence: Sequence(n), position: n as u16, what })
        .collect()
    }

    #[test]
    fn rows_go_both_ways() {
        let learned = [
            What::Begins,
            What::Settled { subject: Subject([7; 32]), handle: [6; 16] },
            What::Governed,
            What::Moved { from: Sequence(3) },
            What::Cut { generation: 7, from: Sequence(3), at: 4, count: 5 },
        ];
        let learned = learned.map(|what| Row { sequence: Sequence(9), position: 2, what });
        for row in rows().into_iter().chain(learned) {
            assert_eq!(Row::decode(&row.encode()), Some(row));
        }
        assert_eq!(Row::decode(&[0; ROW]), None);
    }

    #[test]
    fn what_is_not_on_the_chain_never_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("look-up");
        for last in 0..=8_u64 {
            let _ = std::fs::remove_file(&path);
            let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
            journal.write(&rows()).unwrap();
            drop(journal);
            let opened = Journal::open(&path, Sequence(last), None, Consent::default(), |_| true);
            if last > 7 {
                // It has lost a row.
                assert!(matches!(opened, Err(IntakeError::Behind { found: Sequence(7), last: Sequence(8), .. })));
                continue;
            }
            let journal = opened.unwrap();
            let tables = &journal.tables;
            assert_eq!(tables.has(&[5; 16]), last >= 2, "{last}");
            assert_eq!(tables.waiting(&Subject([7; 32])).len(), usize::from((3..5).contains(&last)));
            assert_eq!(tables.parked(&[9; 16]).len(), usize::from((4..6).contains(&last)));
            let owner = tables.owner(&[2; 16]);
            match last {
                0 => assert_eq!(owner, None),
                1..=6 => assert!(matches!(owner, Some(Owner::One(_, handle)) if handle == [4; 16])),
                _ => assert_eq!(owner, Some(Owner::Several)),
            }
            drop(journal);
            // What was cut stays cut.
            assert_eq!(Journal::open(&path, Sequence(last), None, Consent::default(), |_| true).unwrap().rows, last);
        }
    }

    #[test]
    fn what_is_sent_again_or_under_another_number_is_followed() {
        let (mut tables, mut follow) = (Tables::default(), Follow::default());
        let (subject, handle, kind) = (Subject([7; 32]), [6; 16], RecordKind::Renew);
        let row = |sequence, position, what| Row { sequence: Sequence(sequence), position, what };
        let mut apply = |row: Row| {
            tables.apply(&row);
            follow.apply(&row);
            (tables.waiting(&subject).to_vec(), follow.resent(&handle), follow.now(0, (Sequence(2), 4)).0.0)
        };
        let waits_at =
            |since, position| vec![Waiting { handle, kind, place: (Sequence(since), position), generation: 0 }];
        let waits = |since| waits_at(since, 4);
        let (none, place) = (None, |sequence| Some((Sequence(sequence), 5)));
        assert_eq!(apply(row(2, 4, What::Waits { subject, handle, kind })), (waits(2), none, 2));
        assert_eq!(apply(row(3, 0, What::Moved { from: Sequence(2) })), (waits(3), none, 3));
        assert_eq!(apply(row(4, 5, What::Again { subject, handle })), (vec![], place(4), 3));
        assert_eq!(apply(row(6, 0, What::Moved { from: Sequence(4) })), (vec![], place(6), 3));
        assert_eq!(apply(row(7, 0, What::Moved { from: Sequence(3) })), (vec![], place(6), 7));
        assert_eq!(apply(row(8, 9, What::Waits { subject, handle, kind })).0, waits_at(8, 9));
        assert_eq!(apply(row(8, 9, What::Settled { subject, handle })), (vec![], place(6), 7));
        assert!(follow.is_moved(Sequence(4)) && !follow.is_moved(Sequence(6)));
    }

    #[test]
    fn a_look_up_goes_on_without_what_it_lost_only_if_that_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("look-up");
        assert!(matches!(
            Journal::open(&path, Sequence(3), None, Consent::default(), |_| true),
            Err(IntakeError::Behind { .. })
        ));
        drop(Journal::open(&path, Sequence(3), None, ANEW, |_| true).unwrap());
        let mut journal = Journal::open(&path, Sequence(3), None, Consent::default(), |_| true).unwrap();
        let seen = [Row {
            sequence: Sequence(4),
            position: 0,
            what: What::Sent { content: [5; 16], contract: None, handle: [4; 16] },
        }];
        journal.write(&seen).unwrap();
        journal.hold(&seen);
        drop(journal);
        assert!(matches!(
            Journal::open(&path, Sequence(9), None, Consent::default(), |_| true),
            Err(IntakeError::Behind { .. })
        ));
        assert!(
            Journal::open(&path, Sequence(9), None, ANEW, |_| true).unwrap().tables.has(&[5; 16]),
            "the rest is known still"
        );
        assert!(Journal::open(&path, Sequence(9), None, Consent::default(), |_| true).is_ok());
        assert!(Journal::open(&path, Sequence(10), None, Consent::default(), |_| true).is_err());
    }

    #[test]
    fn a_chain_that_is_older_than_the_look_up_cuts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("look-up");
        let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
        for rows in rows().chunks(3) {
            journal.write(rows).unwrap();
        }
        drop(journal);
        let before = std::fs::read(&path).unwrap();
        for (last, may) in [(0, false), (5, false), (6, true), (7, true)] {
            std::fs::write(&path, &before).unwrap();
            for anew in [Consent::default(), ANEW] {
                match Journal::open(&path, Sequence(last), None, anew, |_| true) {
                    Ok(_) => assert!(may, "{last}"),
                    Err(IntakeError::Ahead { found: Sequence(7), last: at, .. }) => {
                        assert_eq!((may, at), (false, Sequence(last)));
                        assert_eq!(std::fs::read(&path).unwrap(), before);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn a_lost_outbox_is_gone_on_without_only_above_the_submission_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("look-up");
        let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
        for rows in rows().chunks(3) {
            journal.write(rows).unwrap();
        }
        drop(journal);
        let lost = |above| Consent { lost_outbox: Some(Sequence(above)), ..Consent::default() };
        for wrong in [0, 1, 4, 6, 7] {
            let opened = Journal::open(&path, Sequence(5), None, lost(wrong), |_| true);
            assert!(matches!(opened, Err(IntakeError::Ahead { found: Sequence(7), last: Sequence(5), .. })), "{wrong}");
        }
        let rows = Journal::open(&path, Sequence(5), None, lost(5), |_| true).unwrap().rows;
        // Once is enough, and a supervisor that repeats it does no harm.
        for consent in [Consent::default(), lost(5), lost(4)] {
            assert_eq!(Journal::open(&path, Sequence(5), None, consent, |_| true).unwrap().rows, rows);
        }
    }

    #[test]
    fn a_vault_that_has_lost_records_is_noticed_and_gone_on_with_only_if_that_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("look-up");
        let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
        journal.write(&rows()).unwrap();
        drop(journal);
        let lost = Journal::open(&path, Sequence(7), None, Consent::default(), |handle| *handle != [4; 16]);
        assert!(matches!(lost, Err(IntakeError::VaultBehind { lost: 1.., .. })));
        assert!(Journal::open(&path, Sequence(7), None, ANEW, |_| false).is_ok());
    }

    #[test]
    fn what_is_cut_anew_is_followed_event_by_event_from_its_own_generation_on() {
        let (mut tables, mut follow) = (Tables::default(), Follow::default());
        let (subject, kind) = (Subject([7; 32]), RecordKind::Renew);
        let cut = |generation, from, at, count, to| Row {
            sequence: Sequence(to),
            position: 0,
            what: What::Cut { generation, from: Sequence(from), at, count },
        };
        let waits = |sequence, position, handle| Row {
            sequence: Sequence(sequence),
            position,
            what: What::Waits { subject, handle: [handle; 16], kind },
        };
        let again = Row { sequence: Sequence(2), position: 1, what: What::Again { subject, handle: [9; 16] } };
        let rows = [
            waits(1, 0, 1),
            waits(1, 3, 2),
            waits(2, 0, 3),
            again,
            // Of four and two, pieces of two, whose numbers stood for others before.
            cut(1, 1, 2, 2, 2),
            cut(1, 2, 0, 2, 3),
            cut(1, 3, 0, 0, 3),
            waits(4, 0, 4),
            // The chain has the first four as they were.
            cut(2, 2, 0, 2, 1),
            cut(2, 3, 0, 2, 2),
            cut(2, 4, 0, 1, 3),
            cut(2, 3, 0, 0, 3),
        ];
        for row in &rows {
            tables.apply(row);
            follow.apply(row);
        }
        let since: Vec<_> = tables.waiting(&subject).iter().map(|one| (one.place.0.0, one.place.1)).collect();
        assert_eq!(since, [(1, 0), (1, 1), (2, 0), (3, 0)]);
        let now = |generation, sequence, position| {
            let (sequence, position) = follow.now(generation, (Sequence(sequence), position));
            (sequence.0, position)
        };
        assert_eq!([now(0, 1, 0), now(0, 1, 3), now(0, 2, 0)], [(1, 0), (1, 1), (2, 0)]);
        assert_eq!([now(1, 2, 1), now(1, 3, 1), now(1, 4, 0)], [(1, 1), (2, 1), (3, 0)]);
        assert_eq!([now(2, 2, 1), now(2, 3, 0), now(2, 9, 9)], [(2, 1), (3, 0), (9, 9)]);
        assert_eq!(follow.resent(&[9; 16]), Some((Sequence(2), 1)));
    }

    #[test]
    fn rows_of_a_cut_hold_with_all_before_them_once_the_outbox_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("look-up");
        let sent = |sequence| Row {
            sequence: Sequence(sequence),
            position: 0,
            what: What::Sent { content: [sequence as u8; 16], contract: None, handle: [4; 16] },
        };
        let cut = |from, count, to| Row {
            sequence: Sequence(to),
            position: 0,
            what: What::Cut { generation: 1, from: Sequence(from), at: 0, count },
        };
        let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
        journal.write(&(1..=5).map(sent).collect::<Vec<_>>()).unwrap();
        // The chain has more than was known, and what waits ends lower.
        journal.write(&[cut(5, 1, 3), cut(3, 0, 3)]).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        let of = |generation| Some(Cut { generation, signed: Sequence(5), last: Sequence(3) });
        for (cut, last, rows, generation) in [(of(1), 3, 7, 1), (of(0), 5, 5, 0), (None, 3, 7, 1)] {
            std::fs::write(&path, &whole).unwrap();
            let journal = Journal::open(&path, Sequence(last), cut, Consent::default(), |_| true).unwrap();
            assert_eq!((journal.rows, journal.generation()), (rows, generation), "{cut:?}");
            assert!(journal.tables.has(&[5; 16]));
        }
        // The outbox is gone, and the chain has not all of it.
        std::fs::write(&path, &whole).unwrap();
        assert!(matches!(
            Journal::open(&path, Sequence(2), None, Consent::default(), |_| true),
            Err(IntakeError::Ahead { .. })
        ));
        // What was lost of the look-up is noticed behind a cut as before it.
        std::fs::write(&path, &whole).unwrap();
        assert!(matches!(
            Journal::open(&path, Sequence(4), of(1), Consent::default(), |_| true),
            Err(IntakeError::Behind { found: Sequence(3), last: Sequence(4), .. })
        ));
    }
}
