//! A calendar day, as the annex writes it: `yyyyMMdd`.

/// A day of the Gregorian calendar, from year 1 to year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day, if the calendar has it.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The day that eight ASCII digits write, if the calendar has it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let part = |range| text.get(range).and_then(|digits: &str| digits.parse().ok());
        let small = |range| text.get(range).and_then(|digits: &str| digits.parse().ok());
        Self::new(part(0..4)?, small(4..6)?, small(6..8)?)
    }

    /// Days since 1 March of year 0: differences are spans of days.
    #[must_use]
    #[allow(clippy::arithmetic_side_effects, reason = "a year is 1 to 9999, a month 1 to 12, a day 1 to 31")]
    pub fn day_number(self) -> u32 {
        // The year is counted from March, so that the leap day is its last.
        let (year, month) = if self.month > 2 {
            (u32::from(self.year), u32::from(self.month) - 3)
        } else {
            (u32::from(self.year) - 1, u32::from(self.month) + 9)
        };
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + u32::from(self.day) - 1
    }

    /// The day with this number, if it is one of the years that can be written.
    #[must_use]
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "the number is below 10,000 years, and is no less than its year's"
    )]
    pub fn from_day_number(number: u32) -> Option<Self> {
        // The year that the number falls into, counted from March; the quotient may be one too large.
        let days_before = |year: u32| 365 * year + year / 4 - year / 100 + year / 400;
        let number = Some(number).filter(|number| *number < 10_000 * 366)?;
        let guess = number / 365;
        let year = (guess.saturating_sub(8)..=guess).rev().find(|year| days_before(*year) <= number)?;
        let rest = number - days_before(year);
        let month = (5 * rest + 2) / 153;
        let day = u8::try_from(rest - (153 * month + 2) / 5 + 1).ok()?;
        let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, day)
    }

    /// Whole days from this day to a later one; negative when `later` is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        i64::from(later.day_number()).saturating_sub(i64::from(self.day_number()))
    }

    /// Whole months from the first day of a month to this day's month; none when it is earlier.
    #[must_use]
    pub fn months_since(self, year: u16, month: u16) -> Option<u16> {
        let months = |year: u16, month: u16| year.checked_mul(12)?.checked_add(month);
        // 9999 years are 119,988 months, which is more than 16 bits hold: later than 5461 nobody is born.
        months(self.year, u16::from(self.month))?.checked_sub(months(year, month)?)
    }

    /// The same day some months on; the last day of a month that has no such day.
    #[must_use]
    pub fn plus_months(self, added: u16) -> Option<Self> {
        let months = u32::from(self.year).checked_mul(12)?.checked_add(u32::from(self.month))?;
        let months = months.checked_sub(1)?.checked_add(u32::from(added))?;
        let (year, month) = (u16::try_from(months / 12).ok()?, u8::try_from(months % 12).ok()?.checked_add(1)?);
        (self.day.saturating_sub(3)..=self.day).rev().find_map(|day| Self::new(year, month, day))
    }

    /// The same day some years on; 28 February where 29 February is missing.
    #[must_use]
    pub fn plus_years(self, years: u16) -> Option<Self> {
        let year = self.year.checked_add(years)?;
        Self::new(year, self.month, self.day).or_else(|| Self::new(year, self.month, 28))
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_days_only() {
        for good in ["20250301", "20240229", "20000229", "99991231", "00010101"] {
            assert_eq!(Date::parse(good).map(|date| date.to_string()).as_deref(), Some(good));
        }
        for bad in [
            "20250229",
            "20251301",
            "20250001",
            "20250100",
            "20250431",
            "19000229",
            "00000101",
            "2025-03-01",
            "202503",
            "+2025031",
            "２０２５０３０１",
            "2025030a",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_count_every_day_once() {
        let mut day = Date::new(1899, 12, 31).unwrap();
        for _ in 0..200_000 {
            let next = Date::new(day.year, day.month, day.day + 1)
                .or_else(|| Date::new(day.year, day.month + 1, 1))
                .or_else(|| Date::new(day.year + 1, 1, 1))
                .unwrap();
            assert_eq!(day.days_until(next), 1, "{day} {next}");
            day = next;
        }
    }

    #[test]
    fn months_on() {
        let date = |text| Date::parse(text).unwrap();
        for (day, months, expected) in [
            ("20250131", 1, "20250228"),
            ("20240131", 1, "20240229"),
            ("20250331", 1, "20250430"),
            ("20251231", 2, "20260228"),
            ("20250301", 0, "20250301"),
            ("20250301", 12, "20260301"),
            ("20251201", 1, "20260101"),
            ("19650315", 721, "20250415"),
        ] {
            assert_eq!(date(day).plus_months(months), Some(date(expected)), "{day} {months}");
        }
        assert_eq!(date("99991231").plus_months(1), None);
    }

    #[test]
    fn years_on() {
        let date = |text| Date::parse(text).unwrap();
        assert_eq!(date("20240229").plus_years(2), Some(date("20260228")));
        assert_eq!(date("20240301").plus_years(2), Some(date("20260301")));
        assert_eq!(date("99990101").plus_years(1), None);
    }

    #[test]
    fn a_day_number_leads_back_to_its_day() {
        let last = Date::new(9999, 12, 31).unwrap();
        let (mut day, mut number) = (Date::new(1, 1, 1).unwrap(), Date::new(1, 1, 1).unwrap().day_number());
        while day != last {
            assert_eq!(Date::from_day_number(number), Some(day));
            (day, number) = (Date::from_day_number(number + 1).unwrap(), number + 1);
            assert_eq!(day.day_number(), number);
        }
        assert_eq!(Date::from_day_number(number + 1), None);
        assert_eq!(Date::from_day_number(u32::MAX), None);
    }
}
