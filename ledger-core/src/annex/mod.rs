//! The five messages of the notice's annex (鲁人社函〔2025〕2号, 附件), read to the letter.
//!
//! A message is one JSON object: an employer, or a list of items of one kind. Each item gets one
//! outcome: *rejected*, *flagged* (recorded, with a named warning) or *accepted*; one bad item harms no
//! other. What is accepted is kept exactly as it was written. Nothing here knows what was recorded
//! before: what needs earlier events is in [`history`], for views over the plaintext.
//!
//! | module | says |
//! |---|---|
//! | [`fields`] | the field tables, as data |
//! | [`codes`] | the code tables, as data that may be replaced |
//! | `json` | a bounded reader that loses nothing |
//! | `object` | one object against its table |
//! | `format` | one text against its format |
//! | `rules` | fields against each other |
//! | [`uscc`], [`resident_id`] | check characters |

pub mod codes;
mod date;
pub mod fields;
mod finding;
mod format;
pub mod history;
mod json;
mod object;
pub mod resident_id;
mod rules;
pub mod uscc;

pub use codes::CodeTables;
pub use date::Date;
pub use fields::{Field, Format, MessageKind, Need, Row};
pub use finding::{Code, Finding, Position, Severity};
pub use resident_id::{ResidentId, ResidentIdError};
pub use uscc::{Uscc, UsccError};

use crate::codec::Text;
use crate::crypto::Hash;
use fields::{CONTRACT_NO, FILE, FILE_MEDIA_TYPE, FILE_ROLE, FILE_SHA256, FILE_SIZE, FILES, UNIT_USCC};
use json::{Json, Member, Value};
use object::{Found, Object, Place};
use std::ops::Range;

/// Files that one item may name.
pub const MAX_FILES: usize = 8;

/// What messages are read by.
#[derive(Clone, Debug)]
pub struct Config {
    /// The code tables.
    pub tables: CodeTables,
    /// Whether unknown keys and unknown codes keep an item out, or only flag it.
    pub strict: bool,
    /// The day on which a message is read: nobody is born after it.
    pub today: Date,
    /// Items that one message may have; the annex says 50.
    pub max_items: usize,
    /// Bytes that one message may have.
    pub max_bytes: usize,
}

impl Config {
    /// The shipped tables, not strict, at most 50 items in 4 MiB.
    #[must_use]
    pub fn new(today: Date) -> Self {
        Self { tables: CodeTables::shipped(), strict: false, today, max_items: 50, max_bytes: 4 << 20 }
    }
}

/// Why nothing of a message was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {}: {}", .position.line, .position.column, .finding.code, .finding.en())]
pub struct MessageError {
    /// What is wrong.
    pub finding: Finding,
    /// Where, for a person.
    pub position: Position,
}

/// A message that was read, with one outcome for each item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which of the five it is.
    pub kind: MessageKind,
    /// One for each item, in the order of the list.
    pub outcomes: Vec<Outcome>,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where the item stands: a JSON pointer.
    pub pointer: String,
    /// The bytes of the item in the message, as they came.
    pub span: Range<usize>,
    /// What there is to say about it; what stands beside the list is said of every item.
    pub findings: Vec<Finding>,
    /// The item, unless it was rejected.
    pub item: Option<Item>,
}

/// The three things that can become of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not recorded.
    Rejected,
    /// Recorded, with warnings.
    Flagged,
    /// Recorded.
    Accepted,
}

impl Verdict {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Flagged => "flagged",
            Self::Accepted => "accepted",
        }
    }
}

impl Outcome {
    /// Which of the three it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (&self.item, self.findings.is_empty()) {
            (None, _) => Verdict::Rejected,
            (Some(_), false) => Verdict::Flagged,
            (Some(_), true) => Verdict::Accepted,
        }
    }
}

/// An item that may be recorded: its texts exactly as written. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    kind: MessageKind,
    values: Vec<Option<String>>,
    files: Vec<FileDigest>,
}

/// A file that belongs to an item; its bytes are kept elsewhere. Texts are capped at four bytes a
/// character of the field's table.
///
/// `role(4 + n) ‖ sha256(32) ‖ size(8) ‖ media type(4 + n)`
#[derive(Clone, Debug, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct FileDigest {
    /// What the file is, by the code table of roles.
    pub role: Text<128>,
    /// Its SHA-256 digest.
    pub sha256: Hash,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: Text<400>,
}

impl Item {
    /// Which message it came in.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The texts in the order of [`MessageKind::rows`]; `None` where nothing was given.
    #[must_use]
    pub fn values(&self) -> &[Option<String>] {
        &self.values
    }

    /// The text of a field.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&str> {
        let mut pairs = self.kind.rows().zip(&self.values);
        pairs.find(|(row, _)| row.field == field).and_then(|(_, value)| value.as_deref())
    }

    /// The employer's code; the annex's sections 3 to 5 need not say it.
    #[must_use]
    pub fn employer(&self) -> Option<&str> {
        self.value(&UNIT_USCC)
    }

    /// The same item, with the employer that its contract was found to have, if it said none. The
    /// digest of its bytes still shows how it came.
    #[must_use]
    pub fn of_employer(mut self, employer: &Uscc) -> Self {
        let mut pairs = self.kind.rows().zip(&mut self.values);
        if let Some((_, value)) = pairs.find(|(row, _)| *row.field == UNIT_USCC) {
            value.get_or_insert_with(|| employer.as_str().to_owned());
        }
        self
    }

    /// The contract's number; an employer's message has none.
    #[must_use]
    pub fn contract_no(&self) -> Option<&str> {
        self.value(&CONTRACT_NO)
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[FileDigest] {
        &self.files
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({:?}, not shown)", self.kind)
    }
}

/// Reads a message. Its kind is known by the list that it has, or by an employer's fields; a caller
/// who expects a kind says so.
///
/// # Errors
/// [`MessageError`], when the bytes are not JSON as the annex asks for it, or not one of its messages.
pub fn parse(bytes: &[u8], expected: Option<MessageKind>, config: &Config) -> Result<Message, MessageError> {
    read(bytes, expected, config).map_err(|finding| {
        let finding = *finding;
        let position = Position::of(finding.span.start, bytes);
        MessageError { finding, position }
    })
}

/// A finding about the whole message, boxed for being rare.
type Refused = Box<Finding>;

fn refuse(place: &Place, code: Code, field: Option<&'static Field>, limit: Option<usize>) -> Refused {
    Box::new(Finding { limit, ..place.finding(code, Severity::Error, field) })
}

fn read(bytes: &[u8], expected: Option<MessageKind>, config: &Config) -> Result<Message, Refused> {
    let place = |span| Place { pointer: String::new(), span };
    if bytes.len() > config.max_bytes {
        return Err(refuse(&place(0..0), Code::MessageTooLong, None, Some(config.max_bytes)));
    }
    let json = json::read(bytes)
        .map_err(|refusal| refuse(&place(refusal.offset..refusal.offset), refusal.code, None, None))?;
    let root = place(json.span.clone());
    let Value::Object(members) = &json.value else { return Err(refuse(&root, Code::NotAnObject, None, None)) };
    let kind = kind_of(members, expected, &root)?;

    let Some(list) = kind.list() else {
        let outcome = item(kind, &json, root, &[], None, config);
        return Ok(Message { kind, outcomes: vec![outcome] });
    };
    let items = items(members, list, &root, config)?;
    let mut said = Vec::new();
    let envelope = Object::read(&json, root.clone(), kind.envelope(), &[list], config.strict, &mut said);
    let place = root.below(list_key(members, list), &root.span);
    let outcome = |(index, json): (usize, &Json<'_>)| {
        item(kind, json, place.below(&index.to_string(), &json.span), &said, envelope.as_ref(), config)
    };
    Ok(Message { kind, outcomes: items.iter().enumerate().map(outcome).collect() })
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

/// The key that a list has in this message.
fn list_key<'j>(members: &'j [Member<'_>], list: &'static Field) -> &'j str {
    members.iter().find(|member| list.has(&member.key)).map_or(list.key, |member| &member.key)
}

/// The items of the message's list.
fn items<'j, 'm>(
    members: &'j [Member<'m>],
    list: &'static Field,
    root: &Place,
    config: &Config,
) -> Result<&'j [Json<'m>], Refused> {
    let mut said = Vec::new();
    let member = match object::find(members, list, root, &mut said) {
        Found::Once(member) => member,
        Found::Nothing => return Err(refuse(&root.below(list.key, &root.span), Code::Missing, Some(list), None)),
        Found::Twice => {
            return Err(said
                .into_iter()
                .next()
                .map_or_else(|| refuse(root, Code::DuplicateKey, Some(list), None), Box::new));
        }
    };
    let place = root.below(&member.key, &member.json.span);
    match &member.json.value {
        Value::List(items) if items.is_empty() => Err(refuse(&place, Code::NoItems, Some(list), None)),
        Value::List(items) if items.len() > config.max_items => {
            Err(refuse(&place, Code::TooManyItems, Some(list), Some(config.max_items)))
        }
        Value::List(items) => Ok(items),
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
    let beside: &[&Field] = if kind.has_files() { &[&FILES] } else { &[] };
    let object = Object::read(json, place, kind.item(), beside, config.strict, &mut findings);
    let mut values = Vec::new();
    if let Some(object) = &object {
        rules::apply(object, config, &mut findings);
        if let Value::Object(members) = &json.value
            && kind.has_files()
        {
            files = read_files(members, &object.place, config, &mut findings);
        }
        let text = |row: &Row| envelope.and_then(|e| e.get(row.field)).or_else(|| object.get(row.field));
        values = kind.rows().map(|row| text(row).map(str::to_owned)).collect();
    }
    let rejected = findings.iter().any(|finding| finding.severity == Severity::Error);
    let item = (!rejected).then_some(Item { kind, values, files });
    Outcome { pointer, span: json.span.clone(), findings, item }
}

/// 合同文件: the digests of an item's files.
fn read_files(members: &[Member<'_>], place: &Place, config: &Config, findings: &mut Vec<Finding>) -> Vec<FileDigest> {
    let Found::Once(member) = object::find(members, &FILES, place, findings) else { return Vec::new() };
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
