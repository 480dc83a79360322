//! Believable fictitious messages of the annex, to feed a ledger with.
//!
//! Everything follows from a seed: each employer, batch and contract has a stream of numbers of its own,
//! so a contract's life is drawn again where it is written instead of being kept. Nobody in it exists:
//! credit codes have `MAFAK` where an organisation code begins, resident ids a sequence of 99x, telephone
//! numbers four zeros.
//!
//! | module | says |
//! |---|---|
//! | [`calendar`] | days |
//! | [`people`] | people and employers |
//! | [`life`] | what happens to a contract between 2019 and 2026 |
//! | [`message`] | items and messages as JSON |
//! | [`mischief`] | what may be wrong with an item or a file |
//! | [`writer`] | files in the order of business time, and what each was meant to be |
//! | [`manifest`] | the counts |

mod calendar;
mod life;
mod manifest;
mod message;
mod mischief;
mod people;
mod writer;

pub(crate) use manifest::Manifest;

use crate::seeded::Seeded;
use calendar::Day;
use life::{Batch, Life};
use message::Kind;
use people::Employer;
use std::path::Path;
use writer::Writer;

/// What streams of numbers are for; a number never changes its meaning.
#[derive(Clone, Copy, Debug)]
enum Stream {
    Size = 1,
    Employer = 2,
    Batch = 3,
    Life = 4,
    Worker = 5,
    Writer = 6,
}

impl Stream {
    fn of(self, seed: u64, number: u64) -> Seeded {
        Seeded::of(seed, self as u64, number)
    }
}

/// One thing that is reported, in the order in which things are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    day: Day,
    kind: Kind,
    /// What stands in one message together: a batch, an employer, or all who name none.
    group: u32,
    batch: u32,
    contract: u32,
    step: u8,
}

/// Stands in [`Entry::group`] for messages that name no employer, as the annex has them.
const UNNAMED: u32 = u32::MAX;

/// Everything that a seed and a number of contracts make.
struct World {
    seed: u64,
    batches: Vec<Batch>,
    entries: Vec<Entry>,
}

/// Contracts in a part of a sample, at most.
pub(crate) const PART: u32 = 1_000_000;
/// Employers in a part of a sample, at most: each has a contract at least, and some twenty on average.
const PART_EMPLOYERS: u32 = 200_000;

/// Writes messages about so many contracts into a folder; `progress` is told of each entry. Parts of one
/// seed share no employer and no contract.
pub(crate) fn generate(
    seed: u64,
    part: u32,
    contracts: u32,
    folder: &Path,
    begin: impl FnOnce(u64),
    progress: impl Fn(u64),
) -> std::io::Result<Manifest> {
    let mut manifest = Manifest::new(seed, contracts);
    let world = World::draw(seed, part, contracts, &mut manifest);
    begin(world.entries.len() as u64);
    let mut writer = Writer::new(&world, folder, manifest);
    for message in world.entries.chunk_by(|a, b| (a.day, a.kind, a.group) == (b.day, b.kind, b.group)) {
        for part in message.chunks(message::MAX_ITEMS) {
            writer.write(part)?;
            progress(part.len() as u64);
        }
    }
    Ok(writer.finish())
}

impl World {
    fn draw(seed: u64, part: u32, contracts: u32, manifest: &mut Manifest) -> Self {
        let mut world = Self { seed, batches: Vec::new(), entries: Vec::new() };
        let before = part.saturating_sub(1);
        let mut size = Stream::Size.of(seed, before.into());
        let (first_employer, mut first) = (before * PART_EMPLOYERS, before * PART);
        let mut employer = first_employer;
        let contracts = first + contracts;
        while first < contracts {
            let drawn = match size.below(10) {
                0..=3 => 1 + size.below(4),
                4..=7 => 5 + size.below(26),
                _ => 31 + size.below(170),
            };
            let count = drawn.min(contracts - first);
            world.hire(employer, first, count, manifest);
            (employer, first) = (employer + 1, first + count);
        }
        manifest.employers = employer - first_employer;
        world.entries.sort_unstable();
        world
    }

    /// An employer registers, then signs its contracts in batches.
    fn hire(&mut self, number: u32, first: u32, count: u32, manifest: &mut Manifest) {
        let employer = Employer::of(self.seed, number);
        let (mut next, mut registered) = (first, life::LAST_DAY);
        while next < first + count {
            let place = u32::try_from(self.batches.len()).unwrap_or(u32::MAX);
            let batch = Batch::draw(self.seed, place, number, next, first + count - next);
            registered = registered.min(batch.reported.plus(-1));
            next += u32::from(batch.count);
            self.enter(place, batch, &employer, manifest);
        }
        let entry = |day, step| Entry { day, kind: Kind::Employer, group: number, batch: 0, contract: number, step };
        self.entries.push(entry(registered, 0));
        if employer.changes_hands {
            self.entries.push(entry(registered.plus(400).min(life::LAST_DAY), 1));
        }
    }

    fn enter(&mut self, place: u32, mut batch: Batch, employer: &Employer, manifest: &mut Manifest) {
        let group = if employer.names_itself { batch.employer } else { UNNAMED };
        let begin = self.entries.len();
        for contract in batch.contracts() {
            let life = Life::of(self.seed, &batch, contract);
            manifest.count_life(&life);
            for (step, event) in (0..).zip(&life.steps) {
                let kind = event.what.kind();
                self.entries.push(Entry { day: event.reported, kind, group, batch: place, contract, step });
            }
        }
        // A platform that forgot the contracts sends them once something else about them was refused.
        let steps = self.entries.get(begin..).unwrap_or_default();
        let earliest = steps.iter().map(|entry| entry.day).min();
        if let Some(earliest) = earliest.filter(|_| batch.forgotten && employer.names_itself) {
            batch.reported = earliest.plus(10).min(life::LAST_DAY);
            manifest.late_parents += steps.iter().filter(|entry| entry.day < batch.reported).count() as u64;
        }
        for contract in batch.contracts() {
            let (day, kind) = (batch.reported, Kind::New);
            self.entries.push(Entry { day, kind, group: place, batch: place, contract, step: 0 });
        }
        self.batches.push(batch);
    }
}

#[cfg(test)]
mod tests;
