//! The days of a contract: its term, its signatures, the worker's age.

use super::super::ResidentId;
use super::super::codes::{Meaning, Table};
use super::super::fields::*;
use super::super::{Code, Date};
use super::Rules;

/// No employer keeps a contract that began or was signed before this year.
const FIRST_YEAR: u16 = 1950;
/// Nobody agrees today on what begins, or was signed, so many years ahead.
const YEARS_AHEAD: u16 = 5;
/// Nobody may be employed younger (《劳动法》第十五条).
const LEAST_AGE: u16 = 16;
/// Days that are behind somebody, or not far ahead.
static BEGUN: [&Field; 4] = [&TERM_START, &ORIGINAL_SIGN_DATE, &UNIT_SIGN_DATE, &WORKER_SIGN_DATE];
static SIGNED: [&Field; 2] = [&UNIT_SIGN_DATE, &WORKER_SIGN_DATE];

impl Rules<'_, '_> {
    /// 合同期限: a fixed term has an end, on its first day or later; an open-ended one has none.
    pub(super) fn term(&mut self) {
        let kind = self.meaning(Table::TermType, &TERM_TYPE);
        if kind == Some(Meaning::FixedTerm) && self.item.is_absent(&TERM_END) {
            self.error(&TERM_END, Code::TermEndRequired);
        }
        let Some(end) = self.date(&TERM_END) else { return };
        // Some platforms write "for ever" as a date.
        let forever = Some(end) == Date::new(9999, 12, 31);
        match kind {
            Some(Meaning::OpenEnded) if forever => self.flag(&TERM_END, Code::TermEndForever),
            Some(Meaning::OpenEnded) => self.error(&TERM_END, Code::TermEndNotAllowed),
            Some(Meaning::FixedTerm) if forever => self.flag(&TERM_END, Code::FixedTermForever),
            _ if self.date(&TERM_START).is_some_and(|start| end < start) => {
                self.error(&TERM_END, Code::TermEndBeforeStart);
            }
            _ => {}
        }
    }

    /// A start or a signature long ago or far ahead is a slip of the pen.
    pub(super) fn days(&mut self) {
        let first = Date::new(FIRST_YEAR, 1, 1);
        let last = self.config.today.plus_years(YEARS_AHEAD);
        for field in BEGUN {
            let Some(day) = self.date(field) else { continue };
            if first.is_some_and(|first| day < first) || last.is_some_and(|last| day > last) {
                self.flag(field, Code::DateImplausible);
            }
        }
    }

    /// 签订日期: within a month after the start (Labour Contract Law 10, 82), and not before the contract renewed.
    pub(super) fn signatures(&mut self) {
        let month = self.date(&TERM_START).and_then(|start| start.plus_months(1));
        let original = self.date(&ORIGINAL_SIGN_DATE);
        for field in SIGNED {
            let Some(day) = self.date(field) else { continue };
            if month.is_some_and(|month| day > month) {
                self.flag(field, Code::SignedLate);
            }
            if original.is_some_and(|original| day < original) {
                self.flag(field, Code::RenewalSignedBeforeOriginal);
            }
        }
    }

    /// A worker is 16 when the contract begins, by a number that says when its holder was born. What type of document
    /// it is does not matter: none but these has such numbers.
    pub(super) fn age(&mut self) {
        let number = self.item.get(&WORKER_ID_NO);
        let birth = number.and_then(|number| ResidentId::parse(number, self.config.today).ok()).map(|id| id.birth());
        let of_age = birth.and_then(|birth| birth.plus_years(LEAST_AGE));
        if let (Some(of_age), Some(start)) = (of_age, self.date(&TERM_START))
            && start < of_age
        {
            self.flag(&WORKER_ID_NO, Code::WorkerUnder16);
        }
    }
}
