//! Unified social credit code (GB 32100-2015), and the organisation code inside it (GB 11714).
//!
//! ```text
//! authority(1) ‖ kind(1) ‖ division(6, digits) ‖ organisation code(8 and its check character) ‖ check character(1)
//! ```

use thiserror::Error;

/// Digits and letters without I, O, S, V, Z; the place of a character is its value.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weight of each of the first 17 characters: powers of 3 modulo 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// GB 11714: weight of each of the first 8 characters of an organisation code.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A code whose shape and check character hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uscc(String);

/// Why a text is not a unified social credit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UsccError {
    /// Not 18 characters.
    #[error("a unified social credit code has 18 characters")]
    Length,
    /// A character outside the alphabet, or a division that is not digits.
    #[error("a unified social credit code has digits and capital letters without I, O, S, V, Z")]
    Format,
    /// The last character does not follow from the others.
    #[error("the check character of the unified social credit code is wrong")]
    CheckDigit,
}

impl Uscc {
    /// Checks and takes a code, exactly as written.
    ///
    /// # Errors
    /// [`UsccError`]: length first, then characters, then the check character.
    pub fn parse(text: &str) -> Result<Self, UsccError> {
        if text.chars().count() != 18 {
            return Err(UsccError::Length);
        }
        let is_division = |place| (2..8).contains(&place);
        let lawful =
            |(place, c): (usize, char)| if is_division(place) { c.is_ascii_digit() } else { value(c).is_some() };
        if !text.chars().enumerate().all(lawful) {
            return Err(UsccError::Format);
        }
        let (body, last) = text.split_at_checked(17).ok_or(UsccError::Format)?;
        if check_char(body).is_some_and(|c| last.starts_with(c)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(UsccError::CheckDigit)
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first character is that of a department that registers (GB 32100, table 1): 1 to 9 for
    /// institutions, foreign affairs, justice, culture, civil affairs, tourism, religion, unions and firms; A for the
    /// army, N for agriculture, Y for others.
    #[must_use]
    pub fn department_is_known(&self) -> bool {
        self.0.starts_with(['1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'N', 'Y'])
    }

    /// Whether the organisation code inside has its own check character right. Real codes exist
    /// where it has not, so this never refuses a code.
    #[must_use]
    pub fn organisation_code_holds(&self) -> bool {
        let code = self.0.get(8..17).unwrap_or_default();
        organisation_check_char(code.get(..8).unwrap_or_default()).is_some_and(|c| code.ends_with(c))
    }
}

impl std::fmt::Display for Uscc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The check character of the first 17: (31 − Σ weight · value mod 31) mod 31.
#[must_use]
pub fn check_char(first17: &str) -> Option<char> {
    let sum = weighted_sum(first17, &WEIGHTS, value)?;
    ALPHABET.chars().nth((31_u32.saturating_sub(sum % 31) % 31) as usize)
}

/// GB 11714: the check character of the first 8 of an organisation code, (11 − Σ mod 11), where 10
/// is written X and 11 is written 0.
#[must_use]
pub fn organisation_check_char(first8: &str) -> Option<char> {
    // Here letters count on from 9 without a gap: A = 10 … Z = 35.
    let value = |c: char| if c.is_ascii_lowercase() { None } else { c.to_digit(36) };
    let sum = weighted_sum(first8, &ORGANISATION_WEIGHTS, value)?;
    "0X987654321".chars().nth((sum % 11) as usize)
}

fn value(c: char) -> Option<u32> {
    ALPHABET.find(c).and_then(|place| u32::try_from(place).ok())
}

/// Σ weight · value, if there are as many characters as weights and each has a value.
fn weighted_sum(text: &str, weights: &[u32], value: impl Fn(char) -> Option<u32>) -> Option<u32> {
    if text.chars().count() != weights.len() {
        return None;
    }
    text.chars().zip(weights).map(|(c, weight)| value(c)?.checked_mul(*weight)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), UsccError>) {
        assert_eq!(Uscc::parse(text).map(|_| ()), expected, "{text}");
    }

    #[test]
    fn fictitious_codes() {
        for good in ["91370102MAFAKE019M", "92370202MAFAKE027J", "12371300MAFAKE0510"] {
            check(good, Ok(()));
            assert_eq!(check_char(&good[..17]), good.chars().last());
        }
        for (code, known) in [("A1370102MAFAKE0510", true), ("N2370181MAFAKE051X", true), ("B0370102MAFAKE0512", false)]
        {
            assert_eq!(Uscc::parse(code).unwrap().department_is_known(), known, "{code}");
        }
        check("91370102MAFAKE019N", Err(UsccError::CheckDigit));
        check("91370120MAFAKE019M", Err(UsccError::CheckDigit));
        check("91370102MASAKE019M", Err(UsccError::Format));
        check("91370102mafake019m", Err(UsccError::Format));
        check("9137A102MAFAKE019M", Err(UsccError::Format));
        check("９1370102MAFAKE019M", Err(UsccError::Format));
        check("91370102MAFAKE019", Err(UsccError::Length));
        check("91370102MAFAKE019M ", Err(UsccError::Length));
        check("", Err(UsccError::Length));
        assert_eq!(check_char("91370102MASAKE019"), None);
        assert_eq!(check_char("9137"), None);
    }

    #[test]
    fn the_organisation_code_inside() {
        // GB 11714 prints the code D2143569-X as its example.
        assert_eq!(organisation_check_char("D2143569"), Some('X'));
        assert_eq!(organisation_check_char("MAFAKE0"), None);
        assert_eq!(organisation_check_char("mafake01"), None);
        let mut wrong_inside = "91370102MAFAKE018".to_owned();
        assert!(Uscc::parse("91370102MAFAKE019M").unwrap().organisation_code_holds());
        wrong_inside.extend(check_char(&wrong_inside));
        assert!(!Uscc::parse(&wrong_inside).unwrap().organisation_code_holds());
    }

    #[test]
    fn shared_vectors() {
        let Some(file) = crate::vectors::json("cn-ids/uscc.json") else { return };
        for case in file["cases"].as_array().unwrap() {
            let text = case["value"].as_str().unwrap();
            let found = Uscc::parse(text);
            // The source strips spaces, and takes no letter in the first place, where the standard
            // has A, N and Y for some authorities; we strip nothing and look at the check character.
            let expected = match case["want"].as_str().unwrap() {
                _ if text.contains(' ') => Err(UsccError::Length),
                "ok" => Ok(()),
                "length" => Err(UsccError::Length),
                "format" if text.starts_with('A') => Err(UsccError::CheckDigit),
                "format" => Err(UsccError::Format),
                "check_digit" => Err(UsccError::CheckDigit),
                other => panic!("unknown outcome {other}"),
            };
            check(text, expected);
            if let (Ok(code), Some(holds)) = (found, case["org_code_digit_ok"].as_bool()) {
                assert_eq!(code.organisation_code_holds(), holds, "{text}");
            }
        }
    }
}
