//! What a command says: answers on standard output, everything else on standard error.
//!
//! With `--json` the answer is one object on one line. Colours appear on a terminal only, and never where
//! `NO_COLOR` is set.

use crate::exit::{Exit, Problem};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;

/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What may be passed over.
pub(crate) const DIM: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NEXT: Style = AnsiColor::Cyan.on_default();

/// Where a command speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads it.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// The answer, for a program or for a person.
    pub(crate) fn answer(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Problem> {
        let answer = if self.json {
            serde_json::to_string(value).map_err(|error| Problem::new(Exit::Failed, error))? + "\n"
        } else {
            text()
        };
        self.print(&answer)
    }

    /// Bare text on standard output. A reader who has seen enough and closed the pipe is no failure.
    pub(crate) fn print(&self, text: &str) -> Result<(), Problem> {
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Problem::new(Exit::Failed, format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A remark on the way, for a person.
    pub(crate) fn note(&self, text: &str) {
        say(&format!("{DIM}{text}{DIM:#}\n"));
    }

    /// How far a long piece of work has come, with rate and time left; seen on a terminal only.
    pub(crate) fn progress(&self, length: u64, doing: &'static str) -> ProgressBar {
        let bar = ProgressBar::new(length).with_message(doing);
        let style = "{msg} {wide_bar:.cyan/dim} {human_pos}/{human_len}  {per_sec}  {eta} left";
        bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    /// How many bytes a long piece of work has moved, where nobody knows how many there will be.
    pub(crate) fn counter(&self, doing: &'static str) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_message(doing);
        let style = "{msg} {spinner} {bytes}  {bytes_per_sec}";
        bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_spinner()))
    }

    /// Why the command failed, and what to do next; with `--json` also as an object.
    pub(crate) fn problem(&self, problem: &Problem) {
        say(&format!("{BAD}error:{BAD:#} {}\n", problem.what));
        if let Some(next) = &problem.next {
            say(&format!("{NEXT}next:{NEXT:#}  {next}\n"));
        }
        if self.json {
            let object = serde_json::json!({"error": problem.what, "next": problem.next, "exit": problem.exit as u8});
            // The exit code says it too, and there is nobody left to tell.
            let _ = self.print(&format!("{object}\n"));
        }
    }
}

/// Says something on standard error. Where that is closed or full the exit code still says how it ended, and a
/// panic would not.
fn say(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Rows under a heading, in columns as wide as they need to be.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heading.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    let line = |cells: &[&str; N]| {
        let mut line = String::new();
        for (cell, widest) in cells.iter().zip(widths) {
            let _ = write!(line, "{cell}{}  ", " ".repeat(widest - width(cell)));
        }
        line.trim_end().to_owned()
    };
    let mut text = format!("{BOLD}{}{BOLD:#}\n", line(&heading));
    for row in rows {
        text.push_str(&line(&std::array::from_fn(|i| row.get(i).map_or("", String::as_str))));
        text.push('\n');
    }
    text
}

/// Columns of a terminal that a text takes; Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..='\u{ffe6}').contains(&c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let text = table(["name", "code"], &[row("济南", "1"), row("Qingdao", "22")]);
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "name     code\n济南     1\nQingdao  22\n");
    }
}
