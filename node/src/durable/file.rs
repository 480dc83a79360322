//! Whole files: read within bounds, replaced, made once, removed, locked.

use super::{IoError, sync_folder};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// What stands in a file, which has no more than so many bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, IoError> {
    let bytes = read_start(path, most.saturating_add(1))?;
    if bytes.len() as u64 > most {
        return Err(IoError::malformed(path, format!("it is longer than {most} bytes")));
    }
    Ok(bytes)
}

/// The beginning of a file, up to so many bytes.
pub(crate) fn read_start(path: &Path, most: u64) -> Result<Vec<u8>, IoError> {
    let file = File::open(path).map_err(IoError::io("open", path))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(IoError::io("read", path))?;
    Ok(bytes)
}

/// None where there is no such file.
pub(crate) fn if_there<T>(read: Result<T, IoError>) -> Result<Option<T>, IoError> {
    match read {
        Err(error) if error.kind() == Some(io::ErrorKind::NotFound) => Ok(None),
        read => read.map(Some),
    }
}

/// Replaces a file as a whole: whoever reads it finds the old one or the new one.
pub(crate) fn replace<E: From<IoError>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let beside = path.with_extension("new");
    let file = File::create(&beside).map_err(IoError::io("create", &beside))?;
    let mut to = BufWriter::with_capacity(1 << 20, file);
    let written = write(&mut to).and_then(|()| {
        to.flush().map_err(IoError::io("write", &beside))?;
        Ok(to.get_ref().sync_all().map_err(IoError::sync(&beside))?)
    });
    if let Err(error) = written {
        // Half a file beside the good one helps nobody, and may be what fills the disk.
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    std::fs::rename(&beside, path).map_err(IoError::io("replace", path))?;
    Ok(sync_parent(path)?)
}

/// Makes a file with these permissions, whole under its name or not at all. Gives whether it did: what stands there
/// already is left as it is, whoever put it there.
pub(crate) fn create_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<bool, IoError> {
    if path.try_exists().map_err(IoError::io("look for", path))? {
        return Ok(false);
    }
    // Half a file would stand in the way of the next attempt.
    let beside = path.with_extension("new");
    remove(&beside)?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside);
    let mut file = opened.map_err(IoError::io("create", &beside))?;
    file.write_all(bytes).map_err(IoError::io("write", &beside))?;
    file.sync_all().map_err(IoError::sync(&beside))?;
    // A link, since a rename would overwrite what another process has put there meanwhile.
    let made = match std::fs::hard_link(&beside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        linked => linked.map(|()| true).map_err(IoError::io("create", path)),
    };
    remove(&beside)?;
    sync_parent(path)?;
    made
}

/// Appends a line to a file, which is made where there is none.
pub(crate) fn append_line(path: &Path, line: &str) -> Result<(), IoError> {
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(IoError::io("open", path))?;
    file.write_all(line.as_bytes()).map_err(IoError::io("write", path))?;
    file.sync_all().map_err(IoError::sync(path))?;
    sync_parent(path)
}

/// Removes a file, if it is there. That it is gone is durable with the next sync of its folder.
pub(crate) fn remove(path: &Path) -> Result<(), IoError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(IoError::io("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The one lock of a folder, held as long as the file is. It names the process that holds it.
pub(crate) fn lock(path: &Path) -> Result<File, IoError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let mut file = file.map_err(IoError::io("open the lock file", path))?;
    match file.try_lock() {
        Ok(()) => {
            // For a person to read: a full disk keeps nobody from opening what is here.
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(file)
        }
        Err(std::fs::TryLockError::WouldBlock) => {
            let by = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
            Err(IoError::InUse { path: path.to_owned(), by })
        }
        Err(std::fs::TryLockError::Error(source)) => Err(IoError::io("lock", path)(source)),
    }
}

fn sync_parent(path: &Path) -> Result<(), IoError> {
    path.parent().map_or(Ok(()), sync_folder)
}
