//! What a text must be by itself, whatever stands beside it.

use super::{Code, Date, Format, Row, Uscc, UsccError};

/// Why a text may not stand in a field; the first reason counts.
pub(super) fn error(row: &Row, text: &str) -> Option<Code> {
    let lines = matches!(row.field.format, Format::Lines);
    let breaks_a_line = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    let rules = [
        (text.contains('\0'), Code::Nul),
        (text.contains(breaks_a_line), Code::ControlCharacter),
        (text.trim().is_empty(), Code::Blank),
        (is_formal(row.field.format) && has_full_width(text), Code::FullWidth),
    ];
    let rule = rules.into_iter().find_map(|(broken, code)| broken.then_some(code));
    rule.or_else(|| shape_error(row.field.format, text))
        .or_else(|| (text.chars().count() > row.max).then_some(Code::TooLong))
}

/// What is odd about a text that may stand in a field.
pub(super) fn flags(format: Format, text: &str) -> impl Iterator<Item = Code> {
    let organisation = matches!(format, Format::Uscc) && Uscc::parse(text).is_ok_and(|u| !u.organisation_code_holds());
    let flags = [
        (matches!(format, Format::Number) && has_full_width(text), Code::FullWidth),
        (text.contains('\u{fffd}'), Code::ReplacementCharacter),
        (text.trim().len() != text.len(), Code::SpaceAround),
        (organisation, Code::OrganisationCode),
    ];
    flags.into_iter().filter_map(|(odd, code)| odd.then_some(code))
}

/// Whether a format is written in ASCII throughout.
fn is_formal(format: Format) -> bool {
    !matches!(format, Format::Line | Format::Lines | Format::Number)
}

/// Full-width forms of ASCII characters, U+FF01 to U+FF5E: they look alike and are others.
fn has_full_width(text: &str) -> bool {
    text.contains(|c: char| ('\u{ff01}'..='\u{ff5e}').contains(&c))
}

fn shape_error(format: Format, text: &str) -> Option<Code> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match format {
        // Of these the type of document, the code tables, or nothing at all says more.
        Format::Line | Format::Lines | Format::Number | Format::DocumentNumber | Format::Phone => None,
        Format::Code(_) | Format::List => None,
        Format::Uscc => match Uscc::parse(text) {
            Ok(_) => None,
            Err(UsccError::Length | UsccError::Format) => Some(Code::UsccFormat),
            Err(UsccError::CheckDigit) => Some(Code::UsccCheckDigit),
        },
        Format::Date => Date::parse(text).is_none().then_some(Code::NotADate),
        Format::OneOf(values) => (!values.contains(&text)).then_some(Code::NotAllowed),
        Format::Sha256 => crate::crypto::unhex::<32>(text).is_err().then_some(Code::Sha256),
        Format::Size => {
            let one_form = digits(text) && (text == "0" || !text.starts_with('0')) && text.len() <= 15;
            (!one_form).then_some(Code::Size)
        }
        Format::MediaType => {
            let token = |part: &str| {
                part.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
            };
            let lawful = text.split_once('/').is_some_and(|(kind, subkind)| token(kind) && token(subkind));
            (!lawful).then_some(Code::MediaType)
        }
    }
}

/// Who may be reached at a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Mobile number of the mainland.
    Mobile,
    /// Number with the country's code (ITU-T E.164).
    Abroad,
    /// Landline of the mainland, with the area code.
    Landline,
}

/// What kind of telephone number a text is.
pub(super) fn phone(text: &str) -> Option<Reach> {
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    match text.as_bytes() {
        [b'1', b'3'..=b'9', ..] if digits(text, 11..=11) => Some(Reach::Mobile),
        [b'+', b'1'..=b'9', ..] if digits(text.get(1..)?, 7..=15) => Some(Reach::Abroad),
        [b'0', b'1'..=b'9', ..] => {
            // Area code, number and, after a hyphen, an extension: 0531-86012345, 053186012345-801.
            let mut parts = text.split('-');
            let first = parts.next()?;
            let whole = if first.len() <= 4 { format!("{first}{}", parts.next()?) } else { first.to_owned() };
            let extension = parts.next().is_none_or(|extension| digits(extension, 1..=6));
            (digits(&whole, 11..=12) && extension && parts.next().is_none()).then_some(Reach::Landline)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        for (text, reach) in [
            ("13800138000", Some(Reach::Mobile)),
            ("12800138000", None),
            ("1380013800", None),
            ("138001380001", None),
            ("1380013800a", None),
            ("+8613800138000", Some(Reach::Abroad)),
            ("+4915112345678", Some(Reach::Abroad)),
            ("+0915112345678", None),
            ("+123456", None),
            ("+1234567890123456", None),
            ("0531-86012345", Some(Reach::Landline)),
            ("053186012345", Some(Reach::Landline)),
            ("010-12345678", Some(Reach::Landline)),
            ("0531-86012345-801", Some(Reach::Landline)),
            ("053186012345-801", Some(Reach::Landline)),
            ("0531-860123", None),
            ("0531-86012345-", None),
            ("0531-86012345-1-2", None),
            ("0031-86012345", None),
            ("0531", None),
            ("", None),
        ] {
            assert_eq!(phone(text), reach, "{text}");
        }
    }
}
