//! One JSON object read against its rows.

use super::json::{Json, Member, Value};
use super::{Code, Field, Finding, Need, Row, Severity, format};
use std::ops::Range;

/// Unknown keys of one object that are named one by one.
const NAMED_UNKNOWN_KEYS: usize = 16;
/// A longer key is not repeated in a pointer, which then points to the object.
const LONGEST_NAMED_KEY: usize = 256;

/// A place in the message, for findings.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) pointer: String,
    pub(super) span: Range<usize>,
}

impl Place {
    /// The place of a member or item below this one (RFC 6901 section 3).
    pub(super) fn below(&self, token: &str, span: &Range<usize>) -> Self {
        let token = token.replace('~', "~0").replace('/', "~1");
        Self { pointer: format!("{}/{token}", self.pointer), span: span.clone() }
    }

    pub(super) fn finding(&self, code: Code, severity: Severity, field: Option<&'static Field>) -> Finding {
        let Self { pointer, span } = self.clone();
        Finding { code, severity, pointer, field, limit: None, span }
    }
}

/// What was given for a row.
#[derive(Clone, Debug)]
enum Given<'j> {
    Nothing,
    /// Something that may not stand there, already reported.
    Wrong,
    Text(&'j str, Place),
}

/// The rows of an object with what was given for them.
pub(super) struct Object<'j> {
    pub(super) place: Place,
    given: Vec<(&'static Row, Given<'j>)>,
}

impl<'j> Object<'j> {
    /// Reads what `rows` say; `beside` may stand in the object too, and is read by the caller.
    pub(super) fn read(
        json: &'j Json<'_>,
        place: Place,
        rows: &'static [Row],
        beside: &[&'static Field],
        strict: bool,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let Value::Object(members) = &json.value else {
            findings.push(place.finding(Code::NotAnObject, Severity::Error, None));
            return None;
        };
        let object = Self::rows(members, place, rows, findings);
        let place = &object.place;
        let known = || rows.iter().map(|row| row.field).chain(beside.iter().copied());
        let is_known = |key: &str| known().any(|field| field.has(key));
        let severity = if strict { Severity::Error } else { Severity::Flag };
        for member in members.iter().filter(|member| !is_known(&member.key)).take(NAMED_UNKNOWN_KEYS) {
            let short = member.key.len() <= LONGEST_NAMED_KEY;
            let place = if short { place.below(&member.key, &member.json.span) } else { place.clone() };
            findings.push(place.finding(Code::UnknownKey, severity, None));
        }
        Some(object)
    }

    /// Reads what `rows` say, whatever else stands there.
    pub(super) fn rows(
        members: &'j [Member<'_>],
        place: Place,
        rows: &'static [Row],
        findings: &mut Vec<Finding>,
    ) -> Self {
        let given = rows.iter().map(|row| {
            let given = match find(members, row.field, &place) {
                Found::Nothing => Given::Nothing,
                Found::Once(member) => text(member, row, &place, findings),
                Found::Twice(finding) => {
                    findings.push(*finding);
                    Given::Wrong
                }
            };
            if row.need == Need::Mandatory && matches!(given, Given::Nothing) {
                findings.push(missing(row.field, &place, Code::Missing));
            }
            (row, given)
        });
        let given = given.collect();
        Self { place, given }
    }

    fn given(&self, field: &Field) -> &Given<'j> {
        self.given.iter().find(|(row, _)| row.field == field).map_or(&Given::Nothing, |(_, given)| given)
    }

    /// The text of a field, if it is there and may stand there.
    pub(super) fn get(&self, field: &Field) -> Option<&'j str> {
        match self.given(field) {
            Given::Text(text, _) => Some(text),
            Given::Nothing | Given::Wrong => None,
        }
    }

    /// Whether nothing was given for a field.
    pub(super) fn is_absent(&self, field: &Field) -> bool {
        matches!(self.given(field), Given::Nothing)
    }

    /// Rows that have a text, with the text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static Row, &'j str)> {
        self.given.iter().filter_map(|(row, _)| Some((*row, self.get(row.field)?)))
    }

    /// A finding about a field, given or not.
    pub(super) fn finding(&self, field: &'static Field, code: Code, severity: Severity) -> Finding {
        match self.given(field) {
            Given::Text(_, place) => place.finding(code, severity, Some(field)),
            Given::Nothing | Given::Wrong => Finding { severity, ..missing(field, &self.place, code) },
        }
    }
}

/// Members that are one field.
pub(super) enum Found<'j, 'm> {
    Nothing,
    Once(&'j Member<'m>),
    Twice(Box<Finding>),
}

/// Finds a field under either of its names.
pub(super) fn find<'j, 'm>(members: &'j [Member<'m>], field: &'static Field, place: &Place) -> Found<'j, 'm> {
    let mut named = members.iter().filter(|member| field.has(&member.key));
    match (named.next(), named.next()) {
        (None, _) => Found::Nothing,
        (Some(member), None) => Found::Once(member),
        (Some(first), Some(second)) => {
            let code = if first.key == second.key { Code::DuplicateKey } else { Code::BothNames };
            let place = place.below(&second.key, &second.json.span);
            Found::Twice(Box::new(place.finding(code, Severity::Error, Some(field))))
        }
    }
}

/// A finding about a field that is not there: its Chinese key in the object it should stand in.
fn missing(field: &'static Field, place: &Place, code: Code) -> Finding {
    place.below(field.key, &place.span).finding(code, Severity::Error, Some(field))
}

/// The text of a member; null and the empty text are nothing.
fn text<'j>(member: &'j Member<'_>, row: &'static Row, place: &Place, findings: &mut Vec<Finding>) -> Given<'j> {
    let place = place.below(&member.key, &member.json.span);
    let mut report = |code, severity| {
        let limit = format::limit(row, code);
        findings.push(Finding { limit, ..place.finding(code, severity, Some(row.field)) });
    };
    match &member.json.value {
        Value::Null => Given::Nothing,
        Value::Text(text) if text.is_empty() => Given::Nothing,
        Value::Text(text) => {
            let said = format::judge(row, text);
            said.iter().for_each(|(code, severity)| report(*code, *severity));
            if said.iter().any(|(_, severity)| *severity == Severity::Error) {
                Given::Wrong
            } else {
                Given::Text(text, place)
            }
        }
        Value::Bool | Value::Number | Value::List(_) | Value::Object(_) => {
            report(Code::NotAString, Severity::Error);
            Given::Wrong
        }
    }
}

impl Field {
    /// Whether `key` is one of the field's two names.
    pub(super) fn has(&self, key: &str) -> bool {
        key == self.key || key == self.alias
    }
}
