//! The life of a contract: an item against what was recorded of it before. All of it flags.
//!
//! The chain knows no dates. Whoever has the earlier records in plaintext tells [`Past`] of them in the order in which
//! they were recorded, and asks [`judge`] about what comes next.

mod retirement;

use super::codes::{CodeTables, Meaning, Table};
use super::fields::*;
use super::{Code, Date, Finding, ResidentId};

/// The texts of one item, sent or recorded.
pub trait Texts {
    /// Which message it came in; none for the kinds that the annex does not have.
    fn message(&self) -> Option<MessageKind>;

    /// The text of a field.
    fn text(&self, field: &Field) -> Option<&str>;

    /// A day.
    fn day(&self, field: &Field) -> Option<Date> {
        self.text(field).and_then(Date::parse)
    }
}

/// A term that was agreed on, by a new contract or a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Term {
    /// Fixed, open-ended or by task; none for a code that nobody knows.
    kind: Option<Meaning>,
    start: Option<Date>,
    end: Option<Date>,
    /// The last day as it was agreed on first, where it was put off since.
    first_end: Option<Date>,
}

/// What earlier records say that later items are held against. It holds whom they are about: never printed.
#[derive(Clone, Default)]
pub struct Past {
    worker: Option<ResidentId>,
    /// In the order of agreement.
    terms: Vec<Term>,
    /// Where the contract in force begins among them.
    contract: usize,
    signed: Option<Date>,
}

impl Past {
    /// Takes in what was recorded next. A second new contract is a later one of the same worker: whoever counts fixed
    /// terms across contracts, or across units that changed at the same workplace (法释〔2025〕12号 10), tells of all.
    pub fn add(&mut self, item: &impl Texts, tables: &CodeTables) {
        match item.message() {
            Some(MessageKind::New) => {
                self.contract = self.terms.len();
                self.signed = [item.day(&UNIT_SIGN_DATE), item.day(&WORKER_SIGN_DATE)].into_iter().flatten().min();
                // Who was born by the last day that can be written: the number was judged when it came.
                let number = item.text(&WORKER_ID_NO).zip(Date::new(9999, 12, 31));
                self.worker = number.and_then(|(number, day)| ResidentId::parse(number, day).ok());
                self.terms.push(Term::of(item, tables));
            }
            Some(MessageKind::Renew) => self.terms.push(Term::of(item, tables)),
            Some(MessageKind::Employer | MessageKind::Dissolve | MessageKind::Terminate) | None => {}
        }
    }

    /// Takes in that the last day of the term was put off by agreement, or brought forward.
    pub fn put_off(&mut self, end: Date) {
        if let Some(term) = self.terms.last_mut() {
            term.first_end = term.first_end.or(term.end);
            term.end = Some(end);
        }
    }

    /// The last day of the term in force; none for a term without one, and where nothing was recorded.
    #[must_use]
    pub fn term_end(&self) -> Option<Date> {
        self.terms.last().and_then(|term| term.end)
    }

    /// The first term of the contract in force.
    fn first(&self) -> Option<&Term> {
        self.terms.get(self.contract)
    }

    /// Fixed terms in a row up to now. From 2025-09-01 on, one that was put off by a year or more in all counts twice
    /// (法释〔2025〕12号 10); a renewal that goes on by itself is reported as one, and counts as any other.
    fn fixed_terms_in_a_row(&self, agreed: Date) -> usize {
        let put_off_counts = Date::new(2025, 9, 1).is_some_and(|since| agreed >= since);
        let fixed = self.terms.iter().rev().take_while(|term| term.kind == Some(Meaning::FixedTerm));
        fixed.map(|term| if put_off_counts && term.was_put_off_a_year() { 2 } else { 1_usize }).sum()
    }
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Past({} terms, not shown)", self.terms.len())
    }
}

impl Term {
    fn of(item: &impl Texts, tables: &CodeTables) -> Self {
        let kind = item.text(&TERM_TYPE).and_then(|code| tables.meaning(Table::TermType, code));
        Self { kind, start: item.day(&TERM_START), end: item.day(&TERM_END), first_end: None }
    }

    fn was_put_off_a_year(&self) -> bool {
        let year = self.first_end.and_then(|end| end.plus_years(1));
        year.zip(self.end).is_some_and(|(year, end)| end >= year)
    }

    /// The longest probation that the law allows, in months (Labour Contract Law 19).
    fn probation(&self) -> u16 {
        let lasts = |months| {
            let over = self.start.and_then(|start| start.plus_months(months));
            over.zip(self.end).is_some_and(|(over, end)| end.day_number() >= over.day_number().saturating_sub(1))
        };
        match self.kind {
            Some(Meaning::FixedTerm) if lasts(36) => 6,
            Some(Meaning::FixedTerm) if lasts(12) => 2,
            Some(Meaning::FixedTerm) if lasts(3) => 1,
            Some(Meaning::FixedTerm | Meaning::Task) => 0,
            // Of an unknown kind the longest of all.
            _ => 6,
        }
    }
}

/// What there is to say about an item beside what was recorded of its contract before; `pointer` is where the item
/// stands in its message.
#[must_use]
pub fn judge(past: &Past, item: &impl Texts, pointer: &str, tables: &CodeTables) -> Vec<Finding> {
    let found = match item.message() {
        Some(MessageKind::New) => third_fixed_term(past, item, tables),
        Some(MessageKind::Renew) => renewal(past, item, tables),
        Some(MessageKind::Dissolve) => dissolution(past, item, tables),
        Some(MessageKind::Terminate) => termination(past, item, tables),
        Some(MessageKind::Employer) | None => Vec::new(),
    };
    found.into_iter().map(|(field, code)| Finding::flag(code, field, pointer)).collect()
}

type Found = Vec<(&'static Field, Code)>;

/// After two fixed terms in a row the worker may ask for an open-ended one (Labour Contract Law 14).
fn third_fixed_term(past: &Past, item: &impl Texts, tables: &CodeTables) -> Found {
    let now = Term::of(item, tables);
    let signed = item.day(&UNIT_SIGN_DATE).max(item.day(&WORKER_SIGN_DATE));
    let third = now.kind == Some(Meaning::FixedTerm)
        && signed.or(now.start).is_some_and(|agreed| past.fixed_terms_in_a_row(agreed) >= 2);
    if third { vec![(&TERM_TYPE, Code::ThirdFixedTerm)] } else { Vec::new() }
}

/// A renewal begins on the day after the term before, and is signed after the contract.
fn renewal(past: &Past, item: &impl Texts, tables: &CodeTables) -> Found {
    let mut found = third_fixed_term(past, item, tables);
    let (Some(last), Some(start)) = (past.terms.last(), item.day(&TERM_START)) else { return found };
    match last.end {
        Some(end) if start <= end => found.push((&TERM_START, Code::RenewalOverlaps)),
        Some(end) if end.days_until(start) > 1 => found.push((&TERM_START, Code::RenewalGap)),
        None if last.kind == Some(Meaning::OpenEnded) => found.push((&TERM_START, Code::RenewalOverlaps)),
        Some(_) | None => {}
    }
    // Where the item itself says when the original was signed, its own rule has told of it.
    for field in [&UNIT_SIGN_DATE, &WORKER_SIGN_DATE] {
        let before = |since: Option<Date>| item.day(field).zip(since).is_some_and(|(day, since)| day < since);
        if before(past.signed) && !before(item.day(&ORIGINAL_SIGN_DATE)) {
            found.push((field, Code::RenewalSignedBeforeOriginal));
        }
    }
    found
}

fn dissolution(past: &Past, item: &impl Texts, tables: &CodeTables) -> Found {
    let mut found = before_start(past, item, &DISSOLUTION_DATE);
    let reason = item.text(&DISSOLUTION_REASON).and_then(|code| tables.meaning(Table::DissolutionReason, code));
    let in_probation = matches!(reason, Some(Meaning::ByWorkerWith3Days | Meaning::ByEmployerInProbation));
    let told = item.day(&NOTICE_DATE).or_else(|| item.day(&DISSOLUTION_DATE));
    // One unit and one worker agree on one probation, with the first term.
    let over = past.first().and_then(|term| term.start?.plus_months(term.probation()));
    if in_probation && told.zip(over).is_some_and(|(told, over)| told >= over) {
        found.push((&DISSOLUTION_REASON, Code::ProbationOver));
    }
    found
}

fn termination(past: &Past, item: &impl Texts, tables: &CodeTables) -> Found {
    let mut found = before_start(past, item, &TERMINATION_DATE);
    let reason = item.text(&TERMINATION_REASON).and_then(|code| tables.meaning(Table::TerminationReason, code));
    let Some(day) = item.day(&TERMINATION_DATE) else { return found };
    if reason == Some(Meaning::Expiry) {
        // The last day belongs to the term. What has no last day does not expire.
        let early = past.terms.last().is_some_and(|term| match term.end {
            Some(end) => day < end,
            None => term.kind == Some(Meaning::OpenEnded),
        });
        if early {
            found.push((&TERMINATION_DATE, Code::ExpiryBeforeTermEnd));
        }
    }
    if reason == Some(Meaning::Retirement) {
        let due = past.worker.as_ref().and_then(|worker| retirement::earliest(worker.birth(), worker.is_mans()));
        if due.is_some_and(|due| day < due) {
            found.push((&TERMINATION_REASON, Code::RetirementEarly));
        }
    }
    found
}

fn before_start(past: &Past, item: &impl Texts, end: &'static Field) -> Found {
    let start = past.first().and_then(|term| term.start);
    let early = item.day(end).zip(start).is_some_and(|(end, start)| end < start);
    if early { vec![(end, Code::EndsBeforeStart)] } else { Vec::new() }
}
