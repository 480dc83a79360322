//! Numbers of identity documents, by the type of document that an item gives.

use super::codes::Meaning;
use super::resident_id::{Holder, ResidentId, ResidentIdError};
use super::{Code, CodeTables, Date, Severity};

/// What there is to say about a number under a type of document; nothing, where it fits or nobody knows its form.
///
/// A check digit that fails keeps an item out: one digit is wrong, so it names nobody, or somebody else. Another form
/// than the document's only flags: the type may be the wrong one of the two.
pub(super) fn judge(meaning: Meaning, number: &str, tables: &CodeTables, today: Date) -> Option<(Code, Severity)> {
    let flag = |odd: bool, code| odd.then_some((code, Severity::Flag));
    match meaning {
        Meaning::ResidentCard => resident(number, tables, today),
        Meaning::Permit if is_long(number) => permit(number, today),
        Meaning::PassOrPermit if is_long(number) => permit(number, today),
        Meaning::Permit => flag(true, Code::DocumentNumber),
        Meaning::Pass | Meaning::TaiwanPass if is_long(number) => another(number, today),
        Meaning::Pass | Meaning::PassOrPermit => flag(!is_pass(number), Code::DocumentNumber),
        Meaning::TaiwanPass => flag(!(is_digits(number) && matches!(number.len(), 8 | 10)), Code::DocumentNumber),
        Meaning::PermanentResidence if is_long(number) => permanent(number, today),
        Meaning::PermanentResidence => flag(!is_old_permanent(number), Code::DocumentNumber),
        Meaning::ForeignPassport => flag(!is_passport(number), Code::DocumentNumber),
        Meaning::ChinesePassport => {
            let begins = number.starts_with(|c: char| c.is_ascii_uppercase());
            flag(!(begins && is_passport(number) && matches!(number.len(), 8 | 9)), Code::DocumentNumber)
        }
        Meaning::Plain | Meaning::FixedTerm | Meaning::OpenEnded | Meaning::Task | Meaning::Dispatch => None,
        Meaning::ByWorker | Meaning::ByWorkerWith30Days | Meaning::ByWorkerWith3Days => None,
        Meaning::ByEmployer | Meaning::ByEmployerInProbation | Meaning::Expiry | Meaning::Retirement => None,
    }
}

/// 居民身份证: GB 11643, and the county is known.
fn resident(number: &str, tables: &CodeTables, today: Date) -> Option<(Code, Severity)> {
    match ResidentId::parse(number, today) {
        Ok(id) => match id.holder() {
            Holder::Resident => {
                let known = id.county().parse().is_ok_and(|county| tables.counties.contains(&county));
                (!known).then_some((Code::UnknownCounty, Severity::Flag))
            }
            Holder::Permit | Holder::Foreigner => Some((Code::DocumentTypeDiffers, Severity::Flag)),
        },
        Err(error) => Some((refused(error), Severity::Error)),
    }
}

/// 港澳台居民居住证: the same structure and check digit.
fn permit(number: &str, today: Date) -> Option<(Code, Severity)> {
    match ResidentId::parse(number, today).map(|id| id.holder()) {
        Ok(Holder::Permit) => None,
        Ok(Holder::Resident | Holder::Foreigner) => Some((Code::DocumentTypeDiffers, Severity::Flag)),
        Err(error) => Some((refused(error), Severity::Error)),
    }
}

/// 外国人永久居留身份证 since 2023-12-01: begins with 9, MOD 11-2. What stands in between is not published as a rule,
/// so it only flags.
fn permanent(number: &str, today: Date) -> Option<(Code, Severity)> {
    match ResidentId::parse(number, today).map(|id| id.holder()) {
        Ok(Holder::Foreigner) => None,
        Ok(Holder::Resident | Holder::Permit) => Some((Code::DocumentTypeDiffers, Severity::Flag)),
        Err(error @ (ResidentIdError::Format | ResidentIdError::CheckDigit)) => Some((refused(error), Severity::Error)),
        Err(ResidentIdError::Birth | ResidentIdError::Province) => Some((Code::DocumentNumber, Severity::Flag)),
    }
}

/// A number of 18 characters under a pass: the number of another document, or none.
fn another(number: &str, today: Date) -> Option<(Code, Severity)> {
    let code = ResidentId::parse(number, today).map_or(Code::DocumentNumber, |_| Code::DocumentTypeDiffers);
    Some((code, Severity::Flag))
}

fn refused(error: ResidentIdError) -> Code {
    match error {
        ResidentIdError::Format => Code::ResidentIdFormat,
        ResidentIdError::Birth => Code::ResidentIdBirth,
        ResidentIdError::CheckDigit => Code::ResidentIdCheckDigit,
        ResidentIdError::Province => Code::ResidentIdProvince,
    }
}

/// 17 digits and a digit or X.
fn is_long(number: &str) -> bool {
    number.len() == 18
        && number.get(..17).is_some_and(is_digits)
        && number.ends_with(|c: char| c.is_ascii_digit() || matches!(c, 'X' | 'x'))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// 来往内地通行证: H for Hong Kong or M for Macao, and 8 or 10 digits.
fn is_pass(number: &str) -> bool {
    let digits = number.strip_prefix(['H', 'M']);
    digits.is_some_and(|digits| is_digits(digits) && matches!(digits.len(), 8 | 10))
}

/// The older card of permanent residence: the country's three letters and 12 digits.
fn is_old_permanent(number: &str) -> bool {
    number.split_at_checked(3).is_some_and(|(country, digits)| {
        country.bytes().all(|b| b.is_ascii_uppercase()) && digits.len() == 12 && is_digits(digits)
    })
}

/// ICAO 9303: letters and digits.
fn is_passport(number: &str) -> bool {
    (5..=17).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_by_its_number() {
        use Code::*;
        use Severity::{Error, Flag};
        let (tables, today) = (CodeTables::shipped(), Date::new(2025, 11, 24).unwrap());
        for (meaning, number, expected) in [
            (Meaning::ResidentCard, "370102199003079993", None),
            (Meaning::ResidentCard, "370102900307999", Some((ResidentIdFormat, Error))),
            (Meaning::ResidentCard, "830000199003079996", Some((DocumentTypeDiffers, Flag))),
            (Meaning::ResidentCard, "990102199003079999", Some((ResidentIdProvince, Error))),
            (Meaning::Permit, "830000199003079996", None),
            (Meaning::Permit, "830000199003079997", Some((ResidentIdCheckDigit, Error))),
            (Meaning::Permit, "83000019900307999", Some((DocumentNumber, Flag))),
            (Meaning::PassOrPermit, "M12345678", None),
            (Meaning::PassOrPermit, "820000199003079994", None),
            (Meaning::PassOrPermit, "820000199003079995", Some((ResidentIdCheckDigit, Error))),
            (Meaning::Pass, "H1234567890", None),
            (Meaning::Pass, "820000199003079995", Some((DocumentNumber, Flag))),
            (Meaning::TaiwanPass, "01234567", None),
            (Meaning::TaiwanPass, "830000199003079996", Some((DocumentTypeDiffers, Flag))),
            (Meaning::PermanentResidence, "911124198108030024", None),
            (Meaning::PermanentResidence, "911124198108030025", Some((ResidentIdCheckDigit, Error))),
            (Meaning::PermanentResidence, "CAN370085061299", None),
            (Meaning::PermanentResidence, "加拿37008506129", Some((DocumentNumber, Flag))),
            (Meaning::ForeignPassport, "PA1234567", None),
            (Meaning::ForeignPassport, "护照1234567", Some((DocumentNumber, Flag))),
            (Meaning::ChinesePassport, "E12345678", None),
            (Meaning::Plain, "军字第1234567号", None),
        ] {
            assert_eq!(judge(meaning, number, &tables, today), expected, "{meaning:?} {number}");
        }
    }
}
