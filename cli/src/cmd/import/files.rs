//! The messages of many files, a window at a time.

use crate::cmd::messages;
use crate::exit::Problem;
use luqi_node::intake::{Reader, Window};
use std::path::PathBuf;

/// Bytes of messages that are recorded together.
const WINDOW_BYTES: usize = 8 << 20;

/// The messages of many files, a window at a time.
pub(super) struct Windows {
    files: std::iter::Peekable<std::vec::IntoIter<PathBuf>>,
    reader: Reader,
    together: usize,
}

impl Windows {
    pub(super) fn new(files: Vec<PathBuf>, reader: Reader, together: usize) -> Self {
        Self { files: files.into_iter().peekable(), reader, together }
    }
}

impl Iterator for Windows {
    type Item = Result<Window, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        self.files.peek()?;
        let mut messages = Vec::new();
        let mut bytes = 0;
        while bytes < WINDOW_BYTES && messages.len() < self.together {
            let Some(path) = self.files.next() else { break };
            match messages::read(&path) {
                Ok(message) => {
                    bytes += message.len();
                    messages.push((path.display().to_string(), message));
                }
                Err(error) => return Some(Err(Problem::file("read", &path, &error))),
            }
        }
        Some(Ok(self.reader.read(messages)))
    }
}
