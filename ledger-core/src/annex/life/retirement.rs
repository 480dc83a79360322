//! The statutory age of retirement, as it rises from 2025-01-01 on (《国务院关于渐进式延迟法定退休年龄的办法》).

use super::Date;

/// The first day on which somebody has the statutory age of retirement. Men: 60 years, and a month more for each four
/// months that they are born after December 1964, up to 63. Women: 50 years, and a month more for each two months after
/// December 1974, up to 55; for those with 55 years it is later, so this is the earliest for all.
pub(super) fn earliest(birth: Date, is_man: bool) -> Option<Date> {
    let (years, since, every, most) = if is_man { (60, (1965, 1), 4, 36) } else { (50, (1975, 1), 2, 60) };
    let (year, month) = since;
    let born_after = birth.months_since(year, month);
    let delay = born_after.and_then(|months| months.checked_div(every)?.checked_add(1)).unwrap_or_default().min(most);
    birth.plus_months(12_u16.checked_mul(years)?.checked_add(delay)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the tables that are published with the decision.
    #[test]
    fn as_the_published_tables_have_it() {
        let date = |text| Date::parse(text).unwrap();
        for (birth, is_man, expected) in [
            ("19641231", true, "20241231"),
            ("19650101", true, "20250201"),
            ("19650430", true, "20250530"),
            ("19650501", true, "20250701"),
            ("19760831", true, "20390731"),
            ("19760901", true, "20390901"),
            ("19800101", true, "20430101"),
            ("19741231", false, "20241231"),
            ("19750101", false, "20250201"),
            ("19750301", false, "20250501"),
            ("19841101", false, "20391101"),
            ("19900101", false, "20450101"),
        ] {
            assert_eq!(earliest(date(birth), is_man), Some(date(expected)), "{birth} {is_man}");
        }
    }
}
