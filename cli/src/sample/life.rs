//! What happens to a contract: signed, renewed, dissolved, terminated, or run out without a word.

use super::Stream;
use super::calendar::Day;
use super::message::Kind;
use crate::seeded::Seeded;

/// Nothing is signed before.
pub(super) const FIRST_DAY: Day = Day::of(2019, 1, 2);
/// Nothing is reported after.
pub(super) const LAST_DAY: Day = Day::of(2026, 6, 30);

/// Contracts of one employer, signed on one day and reported in one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) employer: u32,
    pub(super) first: u32,
    pub(super) count: u8,
    pub(super) signed: Day,
    pub(super) reported: Day,
    /// Years of its fixed terms, mostly.
    years: i32,
    /// Days before the end on which renewals are signed.
    ahead: i32,
    /// Days after which things are reported.
    delay: i32,
    /// Whether the platform forgets to report it in time.
    pub(super) forgotten: bool,
}

impl Batch {
    /// The next batch of an employer that has so many contracts left.
    pub(super) fn draw(seed: u64, number: u32, employer: u32, first: u32, left: u32) -> Self {
        let mut rng = Stream::Batch.of(seed, u64::from(number));
        let count = u8::try_from(left.min(1 + rng.below(50))).unwrap_or(50);
        let signed = FIRST_DAY.plus(rng.below((LAST_DAY.0 - FIRST_DAY.0 - 7) as u32) as i32);
        let (years, ahead, delay) = (years(&mut rng), 5 + rng.below(16) as i32, 1 + rng.below(4) as i32);
        let forgotten = rng.permille(60);
        Self { employer, first, count, signed, reported: signed.plus(delay), years, ahead, delay, forgotten }
    }

    /// Its contracts, by number.
    pub(super) fn contracts(&self) -> std::ops::Range<u32> {
        self.first..self.first + u32::from(self.count)
    }
}

fn years(rng: &mut Seeded) -> i32 {
    rng.pick(&[1, 1, 1, 2, 3, 3, 3, 3, 5])
}

/// 合同期限类别
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// 固定期限
    Fixed,
    /// 无固定期限
    Open,
    /// 以完成一定工作任务为期限
    Task,
}

impl Length {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Fixed => "1",
            Self::Open => "2",
            Self::Task => "3",
        }
    }
}

/// A term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) length: Length,
    pub(super) start: Day,
    pub(super) end: Option<Day>,
}

/// Something that happens to a contract, and when it is reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) reported: Day,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Renew { signed: Day, term: Term },
    Dissolve { reason: Reason, day: Day, notice: Day },
    Terminate { reason: &'static str, day: Day, notice: Day, note: Option<&'static str> },
}

impl What {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Renew { .. } => Kind::Renew,
            Self::Dissolve { .. } => Kind::Dissolve,
            Self::Terminate { .. } => Kind::Terminate,
        }
    }
}

/// 解除情形: code, who may give it (`1` worker, `2` employer), days of notice.
pub(super) type Reason = (&'static str, &'static str, i32);

/// The commoner ones more than once.
const REASONS: [Reason; 24] = [
    ("361", "2", 0),
    ("361", "1", 0),
    ("361", "2", 0),
    ("371", "1", 30),
    ("371", "1", 30),
    ("371", "1", 30),
    ("371", "1", 30),
    ("371", "1", 30),
    ("372", "1", 3),
    ("372", "1", 3),
    ("381", "1", 0),
    ("382", "1", 0),
    ("383", "1", 0),
    ("386", "1", 0),
    ("391", "2", 0),
    ("392", "2", 0),
    ("392", "2", 0),
    ("393", "2", 0),
    ("396", "2", 0),
    ("401", "2", 30),
    ("402", "2", 30),
    ("403", "2", 30),
    ("412", "2", 30),
    ("413", "2", 30),
];

/// How a contract stands on the last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    Dissolved,
    Terminated,
    /// Past its end, and nobody said so.
    Expired,
}

/// A contract from its signing on.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) first: Term,
    /// Whether the worker is lent to another employer (劳务派遣).
    pub(super) dispatched: bool,
    pub(super) steps: Vec<Step>,
    pub(super) standing: Standing,
}

impl Life {
    /// The life of a contract of a batch.
    pub(super) fn of(seed: u64, batch: &Batch, contract: u32) -> Self {
        let mut rng = Stream::Life.of(seed, u64::from(contract));
        let start = batch.signed.plus(batch.delay);
        let length = match rng.below(100) {
            0..=14 => Length::Open,
            15..=21 => Length::Task,
            _ => Length::Fixed,
        };
        let dispatched = length == Length::Fixed && rng.permille(50);
        let mut years = if rng.permille(900) { batch.years } else { years(&mut rng) };
        if dispatched {
            years = years.max(2);
        }
        let first = term(length, start, years);
        let mut life = Self { first, dispatched, steps: Vec::new(), standing: Standing::Active };
        life.live(batch, years, &mut rng);
        life
    }

    /// Term after term, until something ends it or the last day comes.
    fn live(&mut self, batch: &Batch, years: i32, rng: &mut Seeded) {
        let mut term = self.first;
        loop {
            let begin = term.start.plus(35);
            let room = term.end.map_or(6 * 365, |end| (end.0 - begin.0 - 40).max(1));
            if rng.permille(if term.length == Length::Open { 300 } else { 150 }) {
                return self.dissolve(begin.plus(rng.below(room as u32) as i32), batch, rng);
            }
            let Some(end) = term.end else { return self.end_without_term(&term, batch, rng) };
            let signed = end.plus(-batch.ahead);
            let fate = rng.below(100);
            if fate < 50 && self.steps.len() < 3 {
                let length = if !self.steps.is_empty() && rng.permille(700) { Length::Open } else { Length::Fixed };
                term = self::term(length, end.plus(1), years);
                let reported = signed.plus(batch.delay);
                if reported > LAST_DAY {
                    // What is signed only later is not known yet.
                    return self.stand(if end < LAST_DAY { Standing::Expired } else { Standing::Active });
                }
                self.steps.push(Step { reported, what: What::Renew { signed, term } });
            } else if fate < 80 {
                let what = What::Terminate { reason: "1", day: end, notice: end.plus(-30), note: None };
                return self.end(Step { reported: end.plus(batch.delay), what }, Standing::Terminated, end);
            } else {
                return self.stand(if end < LAST_DAY { Standing::Expired } else { Standing::Active });
            }
        }
    }

    fn dissolve(&mut self, day: Day, batch: &Batch, rng: &mut Seeded) {
        let reason = rng.pick(&REASONS);
        let notice = day.plus(-reason.2 - rng.below(5) as i32);
        let what = What::Dissolve { reason, day, notice };
        self.end(Step { reported: day.plus(batch.delay), what }, Standing::Dissolved, day);
    }

    /// A task is done one day; who has no term may retire.
    fn end_without_term(&mut self, term: &Term, batch: &Batch, rng: &mut Seeded) {
        let (often, reason, note) = match term.length {
            Length::Task => (800, "1", Some("工作任务已完成")),
            Length::Fixed | Length::Open => (80, "2", None),
        };
        let day = term.start.plus(60 + rng.below(450) as i32);
        if rng.permille(often) {
            let what = What::Terminate { reason, day, notice: day.plus(-7), note };
            self.end(Step { reported: day.plus(batch.delay), what }, Standing::Terminated, day);
        }
    }

    /// What ends a contract is known only if it is reported in time.
    fn end(&mut self, step: Step, standing: Standing, day: Day) {
        if step.reported <= LAST_DAY {
            self.steps.push(step);
            self.standing = standing;
        } else if standing == Standing::Terminated && day < LAST_DAY {
            self.standing = Standing::Expired;
        }
    }

    fn stand(&mut self, standing: Standing) {
        self.standing = standing;
    }

    /// Whether it was renewed.
    pub(super) fn is_renewed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Renew { .. }))
    }
}

fn term(length: Length, start: Day, years: i32) -> Term {
    let end = (length == Length::Fixed).then(|| start.plus_years(years).plus(-1));
    Term { length, start, end }
}
