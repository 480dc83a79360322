//! Which files of messages are meant, and in which order.

use crate::exit::Problem;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

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

/// The bytes of a message.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_MESSAGE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
