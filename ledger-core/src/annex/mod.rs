//! The five messages of the notice's annex (鲁人社函〔2025〕2号, 附件), read to the letter.
//!
//! A message is one JSON object: an employer, or a list of items of one kind. Each item gets one
//! outcome: *rejected*, *flagged* (recorded, with a named warning) or *accepted*; one bad item harms no
//! other. What is accepted is kept exactly as it was written. What needs the earlier records of a contract is in
//! [`life`], which is told of them by whoever has them.
//!
//! | module | says |
//! |---|---|
//! | [`fields`] | the field tables, as data |
//! | [`codes`] | the code tables, as data that may be replaced |
//! | [`Code`] | every rule: its stable name, what it says and what helps |
//! | `json` | a bounded reader that loses nothing |
//! | `message` | the message: its kind, its list, its items |
//! | `object` | one object against its table |
//! | `format` | one text against its format |
//! | `characters`, `phone`, `documents` | names, telephones, numbers of documents |
//! | `rules` | fields against each other |
//! | [`life`] | an item against the earlier records of its contract |
//! | [`uscc`], [`resident_id`] | check characters |
//! | [`pages`] | `docs/codes.md`, made from these tables |

mod characters;
mod code;
pub mod codes;
mod date;
mod documents;
pub mod fields;
mod finding;
mod format;
mod json;
pub mod life;
mod message;
mod object;
pub mod pages;
mod phone;
pub mod resident_id;
mod rules;
pub mod uscc;

pub use code::{Code, Effect};
pub use codes::{CodeTables, TablesError};
pub use date::Date;
pub use fields::{Field, Format, MessageKind, Need, Row};
pub use finding::{Finding, Position, Severity};
pub use message::{Document, parse};
pub use resident_id::{ResidentId, ResidentIdError};
pub use uscc::{Uscc, UsccError};

use crate::codec::Text;
use crate::crypto::Hash;
use fields::{CONTRACT_NO, UNIT_USCC};
use std::ops::Range;

/// Files that one item may name.
pub const MAX_FILES: usize = 8;
/// Values that one message may have. A list of new contracts has no maximum of its own, so neither has it more items.
pub const MAX_VALUES: usize = 1 << 18;
/// Findings that are told of one message; of the items behind them each is told the worst one alone.
pub const MAX_FINDINGS: usize = 1 << 17;

/// What messages are read by.
#[derive(Clone, Debug)]
pub struct Config {
    /// The code tables.
    pub tables: CodeTables,
    /// Whether unknown keys and unknown codes keep an item out, or only flag it.
    pub strict: bool,
    /// The day on which a message is read: nobody is born after it.
    pub today: Date,
    /// Bytes that one message may have.
    pub max_bytes: usize,
}

impl Config {
    /// The shipped tables, not strict, at most 4 MiB.
    #[must_use]
    pub fn new(today: Date) -> Self {
        Self { tables: CodeTables::shipped(), strict: false, today, max_bytes: 4 << 20 }
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

impl life::Texts for Item {
    fn message(&self) -> Option<MessageKind> {
        Some(self.kind)
    }

    fn text(&self, field: &Field) -> Option<&str> {
        self.value(field)
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({:?}, not shown)", self.kind)
    }
}
