//! What a text must be by itself, whatever stands beside it.

use super::characters::{
    has_full_width, has_full_width_alphanumeric, has_invisible, has_no_names_character, has_other_form, is_damaged,
    is_name_in_other_form,
};
use super::fields::{ANNEX_NAME_MAX, DISPATCH};
use super::{Code, Date, Field, Format, Row, Severity, Uscc, UsccError};

/// What there is to say about a text in a field: the first reason why it may not stand there, or all that is odd.
pub(super) fn judge(row: &Row, text: &str) -> Vec<(Code, Severity)> {
    let format = row.field.format;
    let wrong = error(row, text);
    if let Some(code) = wrong
        && !may_be_kept(row.field, code)
    {
        return vec![(code, Severity::Error)];
    }
    let odd: Vec<_> = if wrong == Some(Code::Blank) { Vec::new() } else { flags(format, text).collect() };
    wrong.into_iter().chain(odd).map(|code| (code, Severity::Flag)).collect()
}

/// The greatest number that a rule about a row's text allows.
pub(super) fn limit(row: &Row, code: Code) -> Option<usize> {
    let limits = [(Code::TooLong, row.max), (Code::NameLong, ANNEX_NAME_MAX)];
    limits.into_iter().find_map(|(about, limit)| (about == code).then_some(limit))
}

/// Whether a text that breaks a rule is kept as it was written, and only flagged. No law asks for a telephone, and
/// the annex has dispatch as optional: an unlawful act is no untrue one, and whoever is turned away has no evidence.
fn may_be_kept(field: &Field, code: Code) -> bool {
    let of_dispatch = DISPATCH.contains(&field);
    let of_form = matches!(
        code,
        Code::ControlCharacter | Code::FullWidth | Code::NotADate | Code::UsccFormat | Code::UsccCheckDigit
    );
    of_form && (of_dispatch || matches!(field.format, Format::Phone)) || of_dispatch && code == Code::Blank
}

/// Why a text may not stand in a field; the first reason counts.
fn error(row: &Row, text: &str) -> Option<Code> {
    let format = row.field.format;
    let lines = matches!(format, Format::Lines);
    let breaks_a_line = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    let rules = [
        (text.contains('\0'), Code::Nul),
        (text.contains(breaks_a_line), Code::ControlCharacter),
        (text.trim().is_empty(), Code::Blank),
        // Two numbers that look the same are two contracts.
        (matches!(format, Format::Number) && has_invisible(text), Code::InvisibleCharacter),
        (is_formal(format) && has_full_width(text), Code::FullWidth),
        // Brackets around an area code are ordinary.
        (matches!(format, Format::Phone) && has_full_width_alphanumeric(text), Code::FullWidth),
    ];
    let rule = rules.into_iter().find_map(|(broken, code)| broken.then_some(code));
    rule.or_else(|| shape_error(format, text)).or_else(|| (text.chars().count() > row.max).then_some(Code::TooLong))
}

/// What is odd about a text that is kept.
fn flags(format: Format, text: &str) -> impl Iterator<Item = Code> {
    let name = matches!(format, Format::Name);
    let number = matches!(format, Format::Number);
    let free = matches!(format, Format::Line | Format::Name | Format::Lines | Format::Number);
    let uscc = matches!(format, Format::Uscc).then(|| Uscc::parse(text).ok()).flatten();
    let other_form = if name { is_name_in_other_form(text) } else { free && has_other_form(text) };
    let flags = [
        (number && has_full_width(text), Code::FullWidth),
        (text.contains('\u{fffd}'), Code::ReplacementCharacter),
        (text.trim().len() != text.len(), Code::SpaceAround),
        ((free || matches!(format, Format::DocumentNumber)) && has_invisible(text), Code::InvisibleCharacter),
        (other_form, Code::NotStandardForm),
        (free && is_damaged(text, matches!(format, Format::Lines)), Code::DamagedCharacter),
        (name && has_no_names_character(text), Code::NameCharacter),
        (name && text.chars().count() > ANNEX_NAME_MAX, Code::NameLong),
        (uscc.as_ref().is_some_and(|code| !code.department_is_known()), Code::UsccDepartment),
        (uscc.as_ref().is_some_and(|code| !code.organisation_code_holds()), Code::OrganisationCode),
    ];
    flags.into_iter().filter_map(|(odd, code)| odd.then_some(code))
}

/// Whether a format is written in ASCII throughout. Telephones have a rule of their own.
fn is_formal(format: Format) -> bool {
    !matches!(format, Format::Line | Format::Name | Format::Lines | Format::Number | Format::Phone)
}

fn shape_error(format: Format, text: &str) -> Option<Code> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match format {
        // Of these the type of document, the code tables, or nothing at all says more.
        Format::Line | Format::Name | Format::Lines | Format::Number | Format::DocumentNumber | Format::Phone => None,
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
