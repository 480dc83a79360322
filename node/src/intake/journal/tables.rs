//! The tables in memory: what was seen, whose contract has a number, what waits and what is parked.

use super::super::tags::{EmployerTag, Tag};
use super::row::{Place, Row, What, moved_to};
use crate::vault::Handle;
use ledger_core::names::{RecordKind, Sequence, Subject};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Whose contract has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Owner {
    /// This employer's; a record that names it.
    One(EmployerTag, Handle),
    /// Several have it.
    Several,
}

impl Owner {
    /// The owner of a number once one more employer has it.
    pub(in crate::intake) fn joined(before: Option<Self>, employer: EmployerTag, handle: Handle) -> Self {
        match before {
            None => Self::One(employer, handle),
            Some(Self::One(same, first)) if same == employer => Self::One(same, first),
            Some(Self::One(..) | Self::Several) => Self::Several,
        }
    }
}

/// A record that waits for its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Waiting {
    pub(in crate::intake) handle: Handle,
    pub(in crate::intake) kind: RecordKind,
    /// Where it came too early.
    pub(super) place: Place,
    /// After what waits was cut anew so many times.
    pub(super) generation: u64,
}

impl Waiting {
    /// The submission that it came too early in.
    pub(in crate::intake) const fn since(&self) -> Sequence {
        self.place.0
    }
}

/// The tables.
#[derive(Debug, Default)]
pub(in crate::intake) struct Tables {
    seen: HashSet<Tag>,
    owners: HashMap<Tag, Owner>,
    waiting: BTreeMap<Subject, Vec<Waiting>>,
    parked: BTreeMap<Tag, Vec<Handle>>,
    /// How often what waits was cut anew.
    pub(super) generation: u64,
}

impl Tables {
    /// Whether an item with this content was sent or parked.
    pub(in crate::intake) fn has(&self, content: &Tag) -> bool {
        self.seen.contains(content)
    }

    /// Whose contract has this number.
    pub(in crate::intake) fn owner(&self, number: &Tag) -> Option<Owner> {
        self.owners.get(number).copied()
    }

    /// What waits for a contract.
    pub(in crate::intake) fn waiting(&self, subject: &Subject) -> &[Waiting] {
        self.waiting.get(subject).map_or(&[], Vec::as_slice)
    }

    /// For what contracts something waits, and what.
    pub(in crate::intake) fn waited_for(&self) -> impl Iterator<Item = (&Subject, &[Waiting])> {
        self.waiting.iter().map(|(subject, waiting)| (subject, waiting.as_slice()))
    }

    /// What is parked under a contract number.
    pub(in crate::intake) fn parked(&self, number: &Tag) -> &[Handle] {
        self.parked.get(number).map_or(&[], Vec::as_slice)
    }

    /// The numbers under which something is parked.
    pub(in crate::intake) fn parked_numbers(&self) -> impl Iterator<Item = &Tag> {
        self.parked.keys()
    }

    /// How many items wait or are parked.
    pub(in crate::intake) fn pending(&self) -> usize {
        self.waiting.values().map(Vec::len).sum::<usize>() + self.parked.values().map(Vec::len).sum::<usize>()
    }

    pub(super) fn apply(&mut self, row: &Row) {
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
