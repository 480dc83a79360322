//! Which files are read, in which order, and how many at once.

use crate::exit::Problem;
use luqi_node::intake::{Reader, Window};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes of messages that are recorded together.
const WINDOW_BYTES: usize = 8 << 20;
/// Messages that are recorded together.
const WINDOW_FILES: usize = 4096;
/// No message is longer; of a longer file no more is read than shows it.
const MAX_MESSAGE: u64 = 4 << 20;

/// The files that are meant: as they are named, folders with every `*.json` below them in the order of
/// names.
pub(super) fn gather(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files)?;
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(Problem::usage(format!("there is no file or folder {}", path.display())));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let failed = |error| Problem::file("read the folder", folder, &error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
            && path.file_name().is_some_and(|name| name != "manifest.json")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The messages of many files, a window at a time.
pub(super) struct Windows {
    files: std::iter::Peekable<std::vec::IntoIter<PathBuf>>,
    reader: Reader,
}

impl Windows {
    pub(super) fn new(files: Vec<PathBuf>, reader: Reader) -> Self {
        Self { files: files.into_iter().peekable(), reader }
    }
}

impl Iterator for Windows {
    type Item = Result<Window, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        self.files.peek()?;
        let mut messages = Vec::new();
        let mut bytes = 0;
        while bytes < WINDOW_BYTES && messages.len() < WINDOW_FILES {
            let Some(path) = self.files.next() else { break };
            match read(&path) {
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

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_MESSAGE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
