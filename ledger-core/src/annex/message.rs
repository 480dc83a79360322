//! The message: its kind, its list, its items.

use super::fields::{FILE, FILE_MEDIA_TYPE, FILE_ROLE, FILE_SHA256, FILE_SIZE, FILES, ITEM_EMPLOYER, UNIT_USCC};
use super::json::{self, Json, Member, Value};
use super::object::{self, Found, Object, Place};
use super::{
    Code, Config, Field, FileDigest, Finding, Item, MAX_FILES, MAX_FINDINGS, Message, MessageError, MessageKind,
    Outcome, Position, Row, Severity, rules,
};
use crate::codec::Text;

/// Reads a message. Its kind is known by the list that it has, or by an employer's fields; a caller
/// who expects a kind says so.
///
/// # Errors
/// [`MessageError`], when the bytes are not JSON as the annex asks for it, or not one of its messages.
pub fn parse(bytes: &[u8], expected: Option<MessageKind>, config: &Config) -> Result<Message, MessageError> {
    Document::read(bytes, config)?.judge(expected, config)
}

/// JSON that was read, and not judged yet. Never printed.
pub struct Document<'a> {
    bytes: &'a [u8],
    json: Json<'a>,
}

impl<'a> Document<'a> {
    /// Reads the JSON of a message.
    ///
    /// # Errors
    /// [`MessageError`], when the bytes are not JSON as the annex asks for it.
    pub fn read(bytes: &'a [u8], config: &Config) -> Result<Self, MessageError> {
        let place = |span| Place { pointer: String::new(), span };
        if bytes.len() > config.max_bytes {
            let too_long = refuse(&place(0..0), Code::MessageTooLong, None, Some(config.max_bytes));
            return Err(located(*too_long, bytes));
        }
        let at = |offset| place(offset..offset);
        let json = json::read(bytes)
            .map_err(|refusal| located(*refuse(&at(refusal.offset), refusal.code, None, None), bytes))?;
        Ok(Self { bytes, json })
    }

    /// Judges it as one of the five messages.
    ///
    /// # Errors
    /// [`MessageError`], when it is none of them.
    pub fn judge(&self, expected: Option<MessageKind>, config: &Config) -> Result<Message, MessageError> {
        judge(&self.json, expected, config).map_err(|finding| located(*finding, self.bytes))
    }
}

/// A finding about the whole message, boxed for being rare.
type Refused = Box<Finding>;

fn refuse(place: &Place, code: Code, field: Option<&'static Field>, limit: Option<usize>) -> Refused {
    Box::new(Finding { limit, ..place.finding(code, Severity::Error, field) })
}

fn located(finding: Finding, bytes: &[u8]) -> MessageError {
    let position = Position::of(finding.span.start, bytes);
    MessageError { finding, position }
}

fn judge(json: &Json<'_>, expected: Option<MessageKind>, config: &Config) -> Result<Message, Refused> {
    let root = Place { pointer: String::new(), span: json.span.clone() };
    let Value::Object(members) = &json.value else { return Err(refuse(&root, Code::NotAnObject, None, None)) };
    let kind = kind_of(members, expected, &root)?;

    let Some(list) = kind.list() else {
        let outcome = item(kind, json, root, &[], None, config);
        return Ok(Message { kind, outcomes: vec![outcome] });
    };
    let (items, place) = items(members, kind, list, &root)?;
    let mut said = Vec::new();
    let envelope = Object::read(json, root, kind.envelope(), &[list], config.strict, &mut said);
    let mut told = 0_usize;
    let outcome = |(index, json): (usize, &Json<'_>)| {
        let place = place.below(&index.to_string(), &json.span);
        let mut outcome = item(kind, json, place, &said, envelope.as_ref(), config);
        told = told.saturating_add(outcome.findings.len());
        if told > MAX_FINDINGS {
            keep_the_worst(&mut outcome.findings);
        }
        outcome
    };
    Ok(Message { kind, outcomes: items.iter().enumerate().map(outcome).collect() })
}

/// Leaves the first reason why an item is rejected, or the first thing that is odd: its verdict stays what it was.
fn keep_the_worst(findings: &mut Vec<Finding>) {
    if let Some(worst) = findings.iter().position(|finding| finding.severity == Severity::Error) {
        findings.swap(0, worst);
    }
    findings.truncate(1);
}

/// The kind by the message's lists, which must be the expected one's.
fn kind_of(members: &[Member<'_>], expected: Option<MessageKind>, root: &Place) -> Result<MessageKind, Refused> {
    let has = |field: &Field| members.iter().any(|member| field.has(&member.key));
    let mut listed = MessageKind::ALL.into_iter().filter(|kind| kind.list().is_some_and(has));
    let by_list = listed.next();
    if listed.next().is_some() {
        return Err(refuse(root, Code::AmbiguousMessage, None, None));
    }
    let is_employer = || MessageKind::Employer.rows().any(|row| *row.field != UNIT_USCC && has(row.field));
    let found = by_list.or_else(|| is_employer().then_some(MessageKind::Employer));
    match (found, expected) {
        (Some(found), Some(expected)) if found != expected => Err(refuse(root, Code::OtherMessage, None, None)),
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        (None, None) => Err(refuse(root, Code::UnknownMessage, None, None)),
    }
}

/// The items of the message's list, and the list's place.
fn items<'j, 'm>(
    members: &'j [Member<'m>],
    kind: MessageKind,
    list: &'static Field,
    root: &Place,
) -> Result<(&'j [Json<'m>], Place), Refused> {
    let member = match object::find(members, list, root) {
        Found::Once(member) => member,
        Found::Nothing => return Err(refuse(&root.below(list.key, &root.span), Code::Missing, Some(list), None)),
        Found::Twice(finding) => return Err(finding),
    };
    let place = root.below(&member.key, &member.json.span);
    match &member.json.value {
        Value::List(items) if items.is_empty() => Err(refuse(&place, Code::NoItems, Some(list), None)),
        Value::List(items) if kind.max_items().is_some_and(|max| items.len() > max) => {
            Err(refuse(&place, Code::TooManyItems, Some(list), kind.max_items()))
        }
        Value::List(items) => Ok((items, place)),
        Value::Null | Value::Bool | Value::Number | Value::Text(_) | Value::Object(_) => {
            Err(refuse(&place, Code::NotAList, Some(list), None))
        }
    }
}

/// One item: its own fields, those of the envelope, its files.
fn item(
    kind: MessageKind,
    json: &Json<'_>,
    place: Place,
    said: &[Finding],
    envelope: Option<&Object<'_>>,
    config: &Config,
) -> Outcome {
    let pointer = place.pointer.clone();
    let mut findings = said.to_vec();
    let mut files = Vec::new();
    // Only an employer's message has no list: its employer is a row of its own, and it has no files.
    let listed = kind.list().is_some();
    let beside: &[&Field] = if listed { &[&FILES, &UNIT_USCC] } else { &[] };
    let object = Object::read(json, place, kind.item(), beside, config.strict, &mut findings);
    let mut values = Vec::new();
    if let (Some(object), Value::Object(members)) = (&object, &json.value) {
        let own = listed.then(|| Object::rows(members, object.place.clone(), ITEM_EMPLOYER, &mut findings));
        let employer = employer(envelope, own.as_ref(), &mut findings);
        rules::apply(object, employer, config, &mut findings);
        if listed {
            files = read_files(members, &object.place, config, &mut findings);
        }
        let text = |row: &Row| employer.filter(|_| *row.field == UNIT_USCC).or_else(|| object.get(row.field));
        values = kind.rows().map(|row| text(row).map(str::to_owned)).collect();
    }
    let rejected = findings.iter().any(|finding| finding.severity == Severity::Error);
    let item = (!rejected).then_some(Item { kind, values, files });
    Outcome { pointer, span: json.span.clone(), findings, item }
}

/// The employer of an item, which stands beside the list or in the item itself; where both are given they agree.
fn employer<'j>(
    envelope: Option<&Object<'j>>,
    own: Option<&Object<'j>>,
    findings: &mut Vec<Finding>,
) -> Option<&'j str> {
    let beside = envelope.and_then(|envelope| envelope.get(&UNIT_USCC));
    let Some(own) = own else { return beside };
    let inside = own.get(&UNIT_USCC);
    if let (Some(beside), Some(inside)) = (beside, inside)
        && beside != inside
    {
        findings.push(own.finding(&UNIT_USCC, Code::EmployerDiffers, Severity::Error));
    }
    beside.or(inside)
}

/// 合同文件: the digests of an item's files.
fn read_files(members: &[Member<'_>], place: &Place, config: &Config, findings: &mut Vec<Finding>) -> Vec<FileDigest> {
    let member = match object::find(members, &FILES, place) {
        Found::Once(member) => member,
        Found::Nothing => return Vec::new(),
        Found::Twice(finding) => {
            findings.push(*finding);
            return Vec::new();
        }
    };
    let place = place.below(&member.key, &member.json.span);
    let items = match &member.json.value {
        Value::Null => return Vec::new(),
        Value::List(items) => items,
        Value::Bool | Value::Number | Value::Text(_) | Value::Object(_) => {
            findings.push(place.finding(Code::NotAList, Severity::Error, Some(&FILES)));
            return Vec::new();
        }
    };
    if items.len() > MAX_FILES {
        findings.push(*refuse(&place, Code::TooManyFiles, Some(&FILES), Some(MAX_FILES)));
        return Vec::new();
    }
    let file = |(index, json): (usize, &Json<'_>)| {
        let place = place.below(&index.to_string(), &json.span);
        let object = Object::read(json, place, FILE, &[], config.strict, findings)?;
        rules::codes(&object, config, findings);
        Some(FileDigest {
            role: Text::new(object.get(&FILE_ROLE)?).ok()?,
            sha256: object.get(&FILE_SHA256)?.parse().ok()?,
            size: object.get(&FILE_SIZE)?.parse().ok()?,
            media_type: Text::new(object.get(&FILE_MEDIA_TYPE)?).ok()?,
        })
    };
    items.iter().enumerate().filter_map(file).collect()
}
