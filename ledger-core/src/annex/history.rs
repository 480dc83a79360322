//! What shows only beside earlier events of the same contract.
//!
//! The chain knows no dates; views over the plaintext call these functions, and label what they say
//! as flags.

use super::Date;

/// A term that was agreed on, by a new contract or a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether it is a fixed one.
    pub is_fixed: bool,
    /// Its last day, if it has one.
    pub end: Option<Date>,
}

/// Whether a fixed term is the third or a later one in a row: the worker could have asked for an
/// open-ended one (Labour Contract Law, article 14). `earlier` is in the order of agreement.
#[must_use]
pub fn is_third_fixed_term(earlier: &[Term], now: Term) -> bool {
    now.is_fixed && earlier.len() >= 2 && earlier.iter().rev().take(2).all(|term| term.is_fixed)
}

/// Whether a contract that ended by expiry ended before the last day of its term.
#[must_use]
pub fn ends_before_term(term: Term, termination: Date) -> bool {
    term.end.is_some_and(|end| termination < end)
}

/// Whether a contract is past the last day of its term, and nobody has said how it went on.
#[must_use]
pub fn is_expired_unreported(term: Term, today: Date) -> bool {
    term.end.is_some_and(|end| end < today)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: Term = Term { is_fixed: true, end: None };
    const OPEN: Term = Term { is_fixed: false, end: None };

    #[test]
    fn third_fixed_term_in_a_row() {
        assert!(is_third_fixed_term(&[FIXED, FIXED], FIXED));
        assert!(is_third_fixed_term(&[OPEN, FIXED, FIXED], FIXED));
        assert!(!is_third_fixed_term(&[FIXED], FIXED));
        assert!(!is_third_fixed_term(&[FIXED, FIXED], OPEN));
        assert!(!is_third_fixed_term(&[FIXED, OPEN, FIXED], FIXED));
    }

    #[test]
    fn the_last_day_belongs_to_the_term() {
        let day = |day| Date::new(2025, 6, day).unwrap();
        let term = Term { is_fixed: true, end: Some(day(30)) };
        assert!(ends_before_term(term, day(29)) && !ends_before_term(term, day(30)));
        assert!(!is_expired_unreported(term, day(30)));
        assert!(is_expired_unreported(term, Date::new(2025, 7, 1).unwrap()));
        assert!(!ends_before_term(OPEN, day(1)) && !is_expired_unreported(OPEN, day(1)));
    }
}
