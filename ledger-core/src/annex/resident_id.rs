//! Numbers of 18 characters that name a person: of residents (GB 11643-1999), of those from Hong Kong, Macao and
//! Taiwan who reside on the mainland (国办发〔2018〕81号), and of foreigners with permanent residence (GA 2102-2023).
//!
//! ```text
//! division(6, digits) ‖ birth(8, yyyyMMdd) ‖ sequence(3, digits; odd for men) ‖ check character(1)
//! ```
//!
//! The division is 810000, 820000 or 830000 for a permit; a foreigner has 9, the province's two digits and the
//! country's three (ISO 3166-1) there.

use super::Date;
use thiserror::Error;

/// Weight of each of the first 17 digits: powers of 2 modulo 11.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check character for each remainder modulo 11.
const CHECK: &str = "10X98765432";
/// GB/T 2260: the provinces, municipalities and regions, by their first two digits.
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
];
/// 国办发〔2018〕81号: the divisions of residence permits.
const PERMITS: [&str; 3] = ["810000", "820000", "830000"];

/// Whose number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A resident with an identity card.
    Resident,
    /// Somebody from Hong Kong, Macao or Taiwan with a residence permit.
    Permit,
    /// A foreigner with permanent residence.
    Foreigner,
}

/// A number whose shape, birth date, check character and province hold, exactly as written.
#[derive(Clone, PartialEq, Eq)]
pub struct ResidentId {
    text: String,
    birth: Date,
    holder: Holder,
}

/// Why a text is not a resident identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ResidentIdError {
    /// Not 17 digits and a digit or X.
    #[error("a resident identity number is 17 digits and a digit or X")]
    Format,
    /// No such day of birth, or one in the future.
    #[error("the resident identity number has no real day of birth")]
    Birth,
    /// The last character does not follow from the others.
    #[error("the check character of the resident identity number is wrong")]
    CheckDigit,
    /// No province has these first two digits.
    #[error("the resident identity number begins with no province's code")]
    Province,
}

impl ResidentId {
    /// Checks and takes a number; a lower-case x stands for X.
    ///
    /// # Errors
    /// [`ResidentIdError`]: shape first, then birth, check character and province.
    pub fn parse(text: &str, today: Date) -> Result<Self, ResidentIdError> {
        let (body, last) = text.split_at_checked(17).ok_or(ResidentIdError::Format)?;
        let lawful_last = matches!(last.as_bytes(), [b'0'..=b'9' | b'X' | b'x']);
        if !lawful_last || !body.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ResidentIdError::Format);
        }
        let birth = body.get(6..14).and_then(Date::parse).filter(|birth| *birth <= today);
        let birth = birth.ok_or(ResidentIdError::Birth)?;
        if !check_char(body).is_some_and(|c| last.eq_ignore_ascii_case(c.encode_utf8(&mut [0; 4]))) {
            return Err(ResidentIdError::CheckDigit);
        }
        let is_province = |digits: &str| PROVINCES.iter().any(|province| digits.starts_with(province));
        let holder = match body.strip_prefix('9') {
            Some(rest) if is_province(rest) => Holder::Foreigner,
            None if PERMITS.iter().any(|permit| body.starts_with(permit)) => Holder::Permit,
            None if is_province(body) => Holder::Resident,
            Some(_) | None => return Err(ResidentIdError::Province),
        };
        Ok(Self { text: text.to_owned(), birth, holder })
    }

    /// Whose it is.
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }

    /// Whether it is a man's: the sequence is odd.
    #[must_use]
    pub fn is_mans(&self) -> bool {
        self.text.as_bytes().get(16).is_some_and(|b| b % 2 == 1)
    }

    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Day of birth.
    #[must_use]
    pub fn birth(&self) -> Date {
        self.birth
    }

    /// GB/T 2260 code of the county where the number was first given.
    #[must_use]
    pub fn county(&self) -> &str {
        self.text.get(..6).unwrap_or_default()
    }
}

impl std::fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResidentId(not shown)")
    }
}

/// The check character of the first 17 digits.
#[must_use]
pub fn check_char(first17: &str) -> Option<char> {
    if first17.len() != WEIGHTS.len() {
        return None;
    }
    let sum: Option<u32> = first17.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10)?.checked_mul(weight)).sum();
    CHECK.chars().nth((sum? % 11) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), ResidentIdError>) {
        let today = Date::new(2025, 11, 24).unwrap();
        assert_eq!(ResidentId::parse(text, today).map(|_| ()), expected, "{text}");
    }

    #[test]
    fn fictitious_numbers() {
        for good in ["370102199003079993", "370202198511229987", "37083219880229996X"] {
            check(good, Ok(()));
            assert_eq!(check_char(&good[..17]), good.chars().last());
        }
        check("37083219880229996x", Ok(()));
        check("370102199003079994", Err(ResidentIdError::CheckDigit));
        check("371302200102299972", Err(ResidentIdError::Birth));
        check("990102199003079999", Err(ResidentIdError::Province));
        for shape in ["", "370102900307999", "37010219900307999３", "37010219900307999Y", "3701O2199003079993"] {
            check(shape, Err(ResidentIdError::Format));
        }
        assert_eq!(check_char("3701"), None);
        assert_eq!(check_char("3701021990030799X"), None);
    }

    #[test]
    fn the_sequence_says_man_or_woman() {
        let today = Date::new(2025, 11, 24).unwrap();
        for (text, is_mans) in [("370102196503019993", true), ("370102196503019985", false)] {
            assert_eq!(ResidentId::parse(text, today).unwrap().is_mans(), is_mans);
        }
    }

    #[test]
    fn nobody_is_born_tomorrow() {
        for (day, expected) in [("20251124", Ok(())), ("20251125", Err(ResidentIdError::Birth))] {
            let body = format!("370102{day}999");
            check(&format!("{body}{}", check_char(&body).unwrap()), expected);
        }
    }

    #[test]
    fn examples_of_the_standard() {
        let holder = |text| ResidentId::parse(text, Date::new(2025, 11, 24).unwrap()).unwrap().holder();
        for permit in ["810000199003079992", "820000199003079994", "830000199003079996"] {
            assert_eq!(holder(permit), Holder::Permit);
        }
        // As the immigration administration prints it.
        assert_eq!(holder("911124198108030024"), Holder::Foreigner);
        assert_eq!(holder("370102199003079993"), Holder::Resident);
        check("830000199003079997", Err(ResidentIdError::CheckDigit));
        check("11010519491231002X", Ok(()));
        check("440524188001010014", Ok(()));
    }

    #[test]
    fn shared_vectors() {
        let Some(file) = crate::vectors::json("cn-ids/resident_id.json") else { return };
        for case in file["cases"].as_array().unwrap() {
            let text = case["value"].as_str().unwrap();
            // The county only flags, and not here: of the places only an unknown province refuses.
            check(
                text,
                match case["want"].as_str().unwrap() {
                    "ok" => Ok(()),
                    "format" => Err(ResidentIdError::Format),
                    "date" => Err(ResidentIdError::Birth),
                    "check_digit" => Err(ResidentIdError::CheckDigit),
                    "place" if text.starts_with("99") => Err(ResidentIdError::Province),
                    "place" => Ok(()),
                    other => panic!("unknown outcome {other}"),
                },
            );
        }
    }
}
