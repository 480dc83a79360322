//! Which files of messages are meant, and in which order.

use crate::exit::Problem;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// No message is longer; of a longer file no more is read than shows it.
const MAX_MESSAGE: u64 = 4 << 20;

/// The files that are meant: as they are named, folders with every `*.json` below them in the order of
/// names. A folder that symbolic links lead to by several ways is read once.
pub(super) fn gather(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
    for path in paths {
        if path.is_dir() {
            walk(path, &mut seen, &mut files)?;
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(Problem::usage(format!("there is no file or folder {}", path.display())));
        }
    }
    Ok(files)
}

/// `seen` are the folders that were read, by device and inode.
fn walk(folder: &Path, seen: &mut BTreeSet<(u64, u64)>, files: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let failed = |error| Problem::file("read the folder", folder, &error);
    let which = fs::metadata(folder).map_err(failed)?;
    if !seen.insert((which.dev(), which.ino())) {
        return Ok(());
    }
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, seen, files)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn loops_of_links_end_and_each_file_is_taken_once() {
        let root = tempfile::tempdir().unwrap();
        let messages = root.path().join("messages");
        fs::create_dir_all(messages.join("may")).unwrap();
        for file in ["a.json", "may/b.json", "may/manifest.json", "may/c.txt"] {
            fs::write(messages.join(file), "{}").unwrap();
        }
        symlink(&messages, messages.join("again")).unwrap();
        symlink(&messages, messages.join("may/up")).unwrap();
        let files = gather(&[messages.clone(), messages.join("may")]).unwrap();
        let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.json", "b.json"]);
    }
}
