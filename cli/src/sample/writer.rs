//! Files in the order of business time, and what each item in them was meant to be.

use super::calendar::Day;
use super::life::{Batch, Life};
use super::manifest::{Manifest, count};
use super::message::{self, Item, Kind, MAX_ITEMS, message};
use super::mischief::{BREAKS, Fate, TRICKS, Trick};
use super::people::{Employer, Person};
use super::{Entry, Stream, UNNAMED, World};
use crate::seeded::Seeded;
use std::io;
use std::path::Path;

/// Of a thousand good items so many get a bad one beside them, or are made odd themselves: 1 % in all.
const MISCHIEF: u32 = 10;
/// Of a thousand files so many are followed by a broken one.
const BROKEN: u32 = 4;
/// Of a thousand files so many are sent twice.
const AGAIN: u32 = 2;

/// Writes one world into one folder.
pub(super) struct Writer<'w> {
    world: &'w World,
    folder: &'w Path,
    manifest: Manifest,
    rng: Seeded,
    /// Turns that each kind's tricks have had, and the breaks.
    tricks: [usize; 5],
    breaks: usize,
}

/// Items on their way into a file.
struct Draft {
    items: Vec<Item>,
    /// Bad items that cannot stand in a list with others, since there is none.
    apart: Vec<Item>,
    /// Whether nothing in it was tampered with.
    clean: bool,
}

impl<'w> Writer<'w> {
    pub(super) fn new(world: &'w World, folder: &'w Path, manifest: Manifest) -> Self {
        let rng = Stream::Writer.of(world.seed, 0);
        Self { world, folder, manifest, rng, tricks: [0; 5], breaks: 0 }
    }

    /// Writes the entries of one message, with what else belongs there.
    pub(super) fn write(&mut self, entries: &[Entry]) -> io::Result<()> {
        let Some(Entry { day, kind, group, .. }) = entries.first().copied() else { return Ok(()) };
        let mut employers = Employers { seed: self.world.seed, last: None };
        let mut draft = Draft { items: Vec::with_capacity(MAX_ITEMS), apart: Vec::new(), clean: true };
        let mut room = MAX_ITEMS - entries.len();
        let named = group != UNNAMED;
        for entry in entries {
            let item = self.item(entry, &mut employers);
            self.add(item, kind, named, &mut room, &mut draft);
        }
        let employer = employers.last.as_ref().map(|(_, employer)| employer);
        let aliases = if named { employer.is_some_and(|employer| employer.aliases) } else { day.0 % 5 == 0 };
        let uscc = employer.filter(|_| named && kind != Kind::Employer).map(|employer| employer.uscc.as_str());
        let text = message(kind, uscc, &draft.items, aliases);
        self.file(day, kind, text.as_bytes())?;
        for item in &draft.apart {
            let apart = message(kind, uscc, std::slice::from_ref(item), aliases);
            self.file(day, kind, apart.as_bytes())?;
        }
        self.tally(kind, draft.items.len() + draft.apart.len());
        if draft.clean && self.rng.permille(AGAIN) {
            self.file(day, kind, text.as_bytes())?;
            self.tally(kind, draft.items.len());
            self.manifest.meant.duplicates += draft.items.len() as u64;
        }
        if self.rng.permille(BROKEN) {
            self.break_one(day, kind, &text)?;
        }
        Ok(())
    }

    /// What is said of an entry, with nothing wrong about it.
    #[cfg(test)]
    pub(super) fn item_of(&self, entry: &Entry) -> Item {
        self.item(entry, &mut Employers { seed: self.world.seed, last: None })
    }

    /// The counts.
    pub(super) fn finish(self) -> Manifest {
        self.manifest
    }

    fn tally(&mut self, kind: Kind, items: usize) {
        self.manifest.items += items as u64;
        *self.manifest.items_by_kind.entry(kind.name()).or_default() += items as u64;
    }

    fn item(&self, entry: &Entry, employers: &mut Employers) -> Item {
        let seed = self.world.seed;
        if entry.kind == Kind::Employer {
            let employer = employers.of(entry.contract);
            let successor = (entry.step > 0).then(|| employer.successor(seed, entry.contract));
            return message::employer(employer, successor.as_ref().unwrap_or(&employer.legal_rep));
        }
        // Entries name batches that are there.
        let Some(batch) = self.world.batches.get(entry.batch as usize) else { return Item::default() };
        let employer = employers.of(batch.employer);
        let life = Life::of(seed, batch, entry.contract);
        match life.steps.get(usize::from(entry.step)).filter(|_| entry.kind != Kind::New) {
            Some(step) => message::step(&step.what, batch, entry.contract, employer),
            None => self.new_contract(&life, batch, entry.contract, employer),
        }
    }

    fn new_contract(&self, life: &Life, batch: &Batch, contract: u32, employer: &Employer) -> Item {
        let seed = self.world.seed;
        let worker = Person::draw(&mut Stream::Worker.of(seed, u64::from(contract)), batch.signed);
        // Lent to the employer with the next number, whoever that is.
        let host = life.dispatched.then(|| Employer::of(seed, batch.employer + 1));
        message::new(life, batch, contract, employer, &worker, host.as_ref())
    }

    /// Puts a good item into the draft, or an odd one for it, or a bad one beside it.
    fn add(&mut self, good: Item, kind: Kind, named: bool, room: &mut usize, draft: &mut Draft) {
        let trick = self.rng.permille(MISCHIEF).then(|| self.next_trick(kind, named)).flatten();
        let Some(trick) = trick else {
            self.manifest.meant.applied += 1;
            draft.items.push(good);
            return;
        };
        let mut treated = good.clone();
        (trick.play)(&mut treated);
        draft.clean = false;
        self.manifest.meant.applied += 1;
        if trick.fate == Fate::Flagged {
            count(&mut self.manifest.flagged, trick.code);
            draft.items.push(treated);
            return;
        }
        draft.items.push(good);
        if kind.list().is_none() {
            draft.apart.push(treated);
        } else if *room > 0 {
            *room -= 1;
            draft.items.push(treated);
        } else {
            return;
        }
        let meant = &mut self.manifest.meant;
        match trick.fate {
            Fate::Rejected => {
                meant.rejected += 1;
                count(&mut self.manifest.rejected, trick.code);
            }
            Fate::Refused => {
                meant.refused += 1;
                count(&mut self.manifest.refused, trick.code);
            }
            Fate::Pending => meant.pending += 1,
            Fate::Flagged => {}
        }
    }

    /// The next trick of a kind; what must wait for its contract needs a message that names the employer.
    fn next_trick(&mut self, kind: Kind, named: bool) -> Option<&'static Trick> {
        let turn = self.tricks.get_mut(kind as usize)?;
        let of_kind = || TRICKS.iter().filter(|trick| trick.kind == kind);
        let trick = of_kind().nth(*turn % of_kind().count().max(1))?;
        *turn += 1;
        (named || trick.fate != Fate::Pending).then_some(trick)
    }

    fn break_one(&mut self, day: Day, kind: Kind, text: &str) -> io::Result<()> {
        let Some((code, breaks)) = BREAKS.get(self.breaks % BREAKS.len()) else { return Ok(()) };
        self.breaks += 1;
        count(&mut self.manifest.broken_files, code);
        self.file(day, kind, &breaks(text))
    }

    /// Names sort by day, then in the order of writing.
    fn file(&mut self, day: Day, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        self.manifest.files += 1;
        let name = format!("{day}-{:07}-{}.json", self.manifest.files, kind.name());
        std::fs::write(self.folder.join(name), bytes)
    }
}

/// The employer that was asked for last, since it is mostly asked for again.
struct Employers {
    seed: u64,
    last: Option<(u32, Employer)>,
}

impl Employers {
    fn of(&mut self, number: u32) -> &Employer {
        let seed = self.seed;
        let known = self.last.take().filter(|(last, _)| *last == number);
        let (_, employer) = self.last.insert(known.unwrap_or_else(|| (number, Employer::of(seed, number))));
        employer
    }
}
