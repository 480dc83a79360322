//! What became of the items of a run, in numbers, and what a clerk is told of the rejected ones.

use super::reader::{ReadItem, ReadMessage};
use ledger_core::annex::{Finding, MessageError, Position, Severity};
use serde::Serialize;
use std::ops::Range;

/// The outcomes of a run: every item has one. `flagged` overlaps with the first three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Recorded, and counted by the fold.
    pub applied: u64,
    /// Kept until the contract is there.
    pub pending: u64,
    /// Recorded, and refused by the fold.
    pub refused: u64,
    /// Not recorded: something is wrong with it.
    pub rejected: u64,
    /// Not recorded: it is here already.
    pub duplicates: u64,
    /// Recorded or kept with a warning.
    pub flagged: u64,
}

impl Counts {
    /// All items.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.applied + self.pending + self.refused + self.rejected + self.duplicates
    }
}

/// An item, or a whole message, that was not recorded. Shows nothing of what it says, but for
/// [`Rejection::value`].
#[derive(Debug)]
pub struct Rejection<'a> {
    /// Name of the message's file.
    pub file: &'a str,
    /// JSON pointer of the item; empty for a whole message.
    pub item: &'a str,
    /// Line and column, where the message cannot be read.
    pub position: Option<Position>,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
    message: Hidden<'a>,
}

/// Bytes that are not printed.
struct Hidden<'a>(&'a [u8]);

impl std::fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(not shown)")
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// JSON pointer of what is wrong.
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// Text in Chinese.
    pub zh: String,
    /// Text in English.
    pub en: String,
    span: Range<usize>,
}

impl From<&Finding> for Reason {
    fn from(finding: &Finding) -> Self {
        let (zh, en) = (finding.zh(), finding.en());
        Self { pointer: finding.pointer.clone(), code: finding.code.as_str(), zh, en, span: finding.span.clone() }
    }
}

impl<'a> Rejection<'a> {
    /// A message of which nothing can be read.
    pub(super) fn of_message(message: &'a ReadMessage, error: &MessageError) -> Self {
        let reasons = vec![Reason::from(&error.finding)];
        let position = Some(error.position);
        Self { file: &message.name, item: "", position, reasons, message: Hidden(&message.bytes) }
    }

    /// An item that breaks a rule.
    pub(super) fn of_item(message: &'a ReadMessage, item: &'a ReadItem) -> Self {
        let errors = item.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let reasons = errors.map(Reason::from).collect();
        Self { file: &message.name, item: &item.pointer, position: None, reasons, message: Hidden(&message.bytes) }
    }

    /// An item whose contract number is that of several employers.
    pub(super) fn ambiguous(message: &'a ReadMessage, item: &'a ReadItem) -> Self {
        let reason = Reason {
            pointer: item.pointer.clone(),
            code: "AMBIGUOUS",
            zh: "合同编号属于多个单位，请填写单位统一信用代码".to_owned(),
            en: "the contract number is that of several employers: name the employer (unit_uscc)".to_owned(),
            span: 0..0,
        };
        let reasons = vec![reason];
        Self { file: &message.name, item: &item.pointer, position: None, reasons, message: Hidden(&message.bytes) }
    }

    /// The text in question. It may be personal data: to be shown only to whom the message belongs.
    #[must_use]
    pub fn value(&self, reason: &Reason) -> Option<&'a str> {
        let bytes = self.message.0.get(reason.span.clone()).filter(|bytes| !bytes.is_empty())?;
        std::str::from_utf8(bytes).ok()
    }
}
