//! What is said about a message: a rule, a place, and text in two languages.
//!
//! A text names the field, the rule and the way out, never the value, so it may be logged and shown to anybody.
//! The value can be looked up in the message by the finding's span.

use super::Code;
use super::fields::Field;
use std::ops::Range;

/// Whether a finding keeps an item from being recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Recorded, with this finding.
    Flag,
    /// Not recorded.
    Error,
}

/// One thing said about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub code: Code,
    /// Whether it keeps the item out.
    pub severity: Severity,
    /// Where: a JSON pointer (RFC 6901) with the keys as they stood in the message, and the Chinese
    /// key for what is missing.
    pub pointer: String,
    /// The field, when it is one of the specification's.
    pub field: Option<&'static Field>,
    /// The greatest number that the rule allows, when it is about a number.
    pub limit: Option<usize>,
    /// The bytes of the message that it is about.
    pub span: Range<usize>,
}

impl Finding {
    /// Something odd about a field of an item that was told without its bytes; `pointer` is where the item stands.
    #[must_use]
    pub fn flag(code: Code, field: &'static Field, pointer: &str) -> Self {
        let (severity, field, pointer) = (Severity::Flag, Some(field), pointer.to_owned());
        Self { code, severity, pointer, field, limit: None, span: 0..0 }
    }

    /// The text in Chinese: field, what is wrong, what to do.
    #[must_use]
    pub fn zh(&self) -> String {
        let field = self.field.map(|field| format!("{}：", field.key)).unwrap_or_default();
        let unit = self.code.unit().0;
        let limit = self.limit.map(|limit| format!("（最多 {limit} {unit}）")).unwrap_or_default();
        let kind = self.field.map_or_else(|| "该项应填的内容".to_owned(), |field| field.format.zh());
        let help = self.code.zh_help().replace("{kind}", &kind);
        format!("{field}{}{limit}；{help}", self.code.zh())
    }

    /// The text in English: field, what is wrong, what to do.
    #[must_use]
    pub fn en(&self) -> String {
        let field = self.field.map(|field| format!("{} ({}) ", field.alias, field.key)).unwrap_or_default();
        let unit = self.code.unit().1;
        let limit = self.limit.map(|limit| format!(" (at most {limit} {unit})")).unwrap_or_default();
        let kind = self.field.map_or_else(|| "what belongs here".to_owned(), |field| field.format.en());
        let help = self.code.en_help().replace("{kind}", &kind);
        format!("{field}{}{limit}; {help}", self.code.en())
    }

    /// The bytes in question, out of the message that the finding is about. They may be personal
    /// data: to be shown only to whom the message belongs.
    #[must_use]
    pub fn value<'a>(&self, message: &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(message.get(self.span.clone())?).ok()
    }
}

/// A place in a message for a person to find: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Byte offset, from 0.
    pub offset: usize,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Position {
    /// The place of a byte.
    #[must_use]
    pub fn of(offset: usize, message: &[u8]) -> Self {
        let before = message.get(..offset).unwrap_or(message);
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |place| place.saturating_add(1));
        // Bytes that continue a UTF-8 sequence begin no character.
        let begins = |b: &&u8| !(0x80..0xc0).contains(*b);
        Self {
            offset,
            line: before.iter().filter(|b| **b == b'\n').count().saturating_add(1),
            column: before.iter().skip(line_start).filter(begins).count().saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        let text = "{\n \"鲁\": x}".as_bytes();
        let offset = text.iter().position(|b| *b == b'x').unwrap();
        assert_eq!(Position::of(offset, text), Position { offset, line: 2, column: 7 });
        assert_eq!(Position::of(0, text), Position { offset: 0, line: 1, column: 1 });
    }

    #[test]
    fn texts_name_field_rule_and_way_out() {
        let field = Some(&super::super::fields::TERM_START);
        let finding =
            |code| Finding { code, severity: Severity::Error, pointer: String::new(), field, limit: None, span: 0..0 };
        assert_eq!(finding(Code::Missing).zh(), "合同期限起始日期：必填，未填写；请填写 8 位日期（如 20250131）");
        assert_eq!(
            finding(Code::Missing).en(),
            "term_start (合同期限起始日期) is mandatory and is missing or empty; write a day in eight digits (as 20250131)"
        );
        let long = Finding { limit: Some(50), ..finding(Code::TooLong) };
        assert!(long.zh().contains("超过最大长度（最多 50 个字）；请"), "{}", long.zh());
        assert!(long.en().contains("is too long (at most 50 characters); "), "{}", long.en());
    }
}
