//! What was not recorded, for the clerk who mends it: one JSON object a line.

use crate::exit::Problem;
use luqi_node::http::Finding;
use luqi_node::intake::{Reason, Rejection};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// One item, or a whole message where nothing of it can be read. The first reason stands on top.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    /// JSON pointer of the item.
    item: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(flatten)]
    reason: Option<Text<'a>>,
    /// Whatever else is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    pointer: &'a str,
    code: &'a str,
    zh: &'a str,
    en: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

/// The file, readable by its owner alone.
pub(super) struct Rejected {
    to: BufWriter<File>,
    path: PathBuf,
    show_values: bool,
    failed: Option<std::io::Error>,
}

/// The item that a place belongs to: up to the first number in its pointer.
fn item_of(pointer: &str) -> &str {
    let numbered = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut end = 0;
    for part in pointer.split('/').skip(1) {
        end += 1 + part.len();
        if numbered(part) {
            return pointer.get(..end).unwrap_or(pointer);
        }
    }
    ""
}

impl Rejected {
    pub(super) fn create(path: &Path, show_values: bool) -> Result<Self, Problem> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file = file.map_err(|error| Problem::file("create", path, &error))?;
        Ok(Self { to: BufWriter::new(file), path: path.to_owned(), show_values, failed: None })
    }

    /// Writes a line; a failure is told by the next [`Rejected::flush`].
    pub(super) fn write(&mut self, rejection: &Rejection<'_>) {
        let value = |reason: &Reason| rejection.value(reason).filter(|_| self.show_values);
        let texts = rejection.reasons.iter().map(|reason| Text {
            pointer: &reason.pointer,
            code: reason.code,
            zh: &reason.zh,
            en: &reason.en,
            value: value(reason),
        });
        let mut texts = texts.collect::<Vec<_>>().into_iter();
        let line = Line {
            file: rejection.file,
            item: rejection.item,
            line: rejection.position.map(|position| position.line),
            column: rejection.position.map(|position| position.column),
            reason: texts.next(),
            also: texts.collect(),
        };
        self.put(&line);
    }

    /// Writes what a node says of an item that it did not record.
    pub(super) fn write_finding(&mut self, file: &str, finding: &Finding) {
        let Finding { pointer, code, text_zh: zh, text_en: en } = finding;
        let reason = Some(Text { pointer, code, zh, en, value: None });
        let (item, also) = (item_of(pointer), Vec::new());
        self.put(&Line { file, item, line: None, column: None, reason, also });
    }

    fn put(&mut self, line: &Line<'_>) {
        let written = serde_json::to_writer(&mut self.to, line).map_err(std::io::Error::from);
        let written = written.and_then(|()| self.to.write_all(b"\n"));
        self.failed = self.failed.take().or(written.err());
    }

    pub(super) fn flush(&mut self) -> Result<(), Problem> {
        let failed = self.failed.take().or(self.to.flush().err());
        failed.map_or(Ok(()), |error| Err(Problem::file("write", &self.path, &error)))
    }
}

#[cfg(test)]
mod tests {
    use super::item_of;

    #[test]
    fn an_item_is_found_by_the_place_of_what_is_wrong() {
        assert_eq!(item_of("/合同新订列表/12/劳动者姓名"), "/合同新订列表/12");
        assert_eq!(item_of("/list/3"), "/list/3");
        assert_eq!(item_of("/3/name/4"), "/3");
        assert_eq!(item_of("/单位名称"), "");
        assert_eq!(item_of(""), "");
    }
}
