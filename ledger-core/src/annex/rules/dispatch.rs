//! 劳务派遣: who lends a worker to whom, and for how long. The annex has all of it optional, so all of it flags.

use super::super::codes::{Meaning, Table};
use super::super::fields::*;
use super::super::{Code, Date};
use super::Rules;

impl Rules<'_, '_> {
    /// The host unit's fields come all or none, and are asked for by the category; the contract is a fixed term of at
    /// least two years (Labour Contract Law 58); nobody is lent to its own employer (67).
    pub(super) fn dispatch(&mut self) {
        let is_dispatch = self.meaning(Table::ContractCategory, &CONTRACT_CATEGORY) == Some(Meaning::Dispatch);
        let begun = DISPATCH.iter().any(|field| !self.item.is_absent(field));
        for field in DISPATCH.into_iter().filter(|field| self.item.is_absent(field)) {
            if is_dispatch {
                self.flag(field, Code::DispatchRequired);
            } else if begun {
                self.flag(field, Code::DispatchIncomplete);
            }
        }
        if self.employer.is_some() && self.item.get(&HOST_UNIT_USCC) == self.employer {
            self.flag(&HOST_UNIT_USCC, Code::DispatchHostIsEmployer);
        }
        self.lent_within_the_term();
        if is_dispatch {
            self.two_years();
        }
    }

    fn lent_within_the_term(&mut self) {
        let (from, to) = (self.date(&DISPATCH_START), self.date(&DISPATCH_END));
        let (start, end) = (self.date(&TERM_START), self.date(&TERM_END));
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            return self.flag(&DISPATCH_END, Code::DispatchEndBeforeStart);
        }
        if from.zip(start).is_some_and(|(from, start)| from < start) {
            self.flag(&DISPATCH_START, Code::DispatchOutsideTerm);
        }
        if to.zip(end).is_some_and(|(to, end)| to > end) {
            self.flag(&DISPATCH_END, Code::DispatchOutsideTerm);
        }
    }

    fn two_years(&mut self) {
        match self.meaning(Table::TermType, &TERM_TYPE) {
            None => {}
            Some(Meaning::FixedTerm) => {
                let (Some(start), Some(end)) = (self.date(&TERM_START), self.date(&TERM_END)) else { return };
                // The last day is part of the term: 20250301 to 20270228 are two years.
                let two_years = start.plus_years(2).map_or(u32::MAX, |date: Date| date.day_number().saturating_sub(1));
                if start <= end && end.day_number() < two_years {
                    self.flag(&TERM_END, Code::DispatchUnderTwoYears);
                }
            }
            Some(_) => self.flag(&TERM_TYPE, Code::DispatchNotFixedTerm),
        }
    }
}
