//! Days, counted.

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i32);

impl Day {
    /// The day that the Gregorian calendar calls so (Howard Hinnant: chrono-compatible date algorithms).
    pub(super) const fn of(year: i32, month: i32, day: i32) -> Self {
        // The year is counted from March, so that the leap day is its last.
        let year = if month <= 2 { year - 1 } else { year };
        let month = if month > 2 { month - 3 } else { month + 9 };
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let of_year = (153 * month + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Year, month and day.
    pub(super) const fn date(self) -> (i32, i32, i32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days - era * 146_097;
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (era * 400 + year + next, month, day)
    }

    pub(super) const fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// The same day some years on; 28 February where 29 February is missing.
    pub(super) const fn plus_years(self, years: i32) -> Self {
        let (year, month, day) = self.date();
        let on = Self::of(year + years, month, day);
        // 29 February of a year that has none is counted on into March.
        if on.date().1 == month { on } else { on.plus(-1) }
    }

    pub(super) const fn year(self) -> i32 {
        self.date().0
    }
}

/// As the annex writes it.
impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}{month:02}{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_both_ways() {
        assert_eq!(Day::of(1970, 1, 1), Day(0));
        assert_eq!(Day::of(2024, 2, 29).to_string(), "20240229");
        assert_eq!(Day::of(2024, 2, 29).plus(1).to_string(), "20240301");
        for number in -40_000..40_000 {
            let (year, month, day) = Day(number).date();
            assert_eq!(Day::of(year, month, day), Day(number));
            let text = Day(number).to_string();
            assert!(ledger_core::annex::Date::parse(&text).is_some(), "{text}");
        }
    }

    #[test]
    fn years_on() {
        assert_eq!(Day::of(2024, 2, 29).plus_years(1), Day::of(2025, 2, 28));
        assert_eq!(Day::of(2024, 2, 29).plus_years(4), Day::of(2028, 2, 29));
        assert_eq!(Day::of(2021, 12, 31).plus_years(3), Day::of(2024, 12, 31));
    }
}
