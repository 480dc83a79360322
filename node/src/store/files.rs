//! Durable files: what is acknowledged was synced with the folder that names it.

use super::StoreError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Makes a folder that only its owner may enter, and its name durable.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(StoreError::io("make the folder", path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Refuses the superuser in a folder of somebody else: what it made there (a snapshot of the database, say, under a
/// strict umask) the owner's node could not open.
pub(crate) fn expect_owner(folder: &Path) -> Result<(), StoreError> {
    let owner = std::fs::metadata(folder).map_err(StoreError::io("read the folder", folder))?.uid();
    if owner != 0 && rustix::process::geteuid().is_root() {
        return Err(StoreError::OtherUser { path: folder.to_owned(), owner });
    }
    Ok(())
}

/// The first file of a folder that this process may not open as it has to; none where it may open all.
pub(crate) fn closed_to_us(folder: &Path) -> Option<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.into_iter().filter(|path| path.is_file()).find(|path| {
        let opened = File::options().read(true).write(true).open(path);
        opened.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    })
}

/// Makes durable which files a folder names.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let folder = File::open(path).map_err(StoreError::io("open the folder", path))?;
    folder.sync_all().map_err(StoreError::sync(path))
}

/// Replaces a file as a whole: whoever reads it finds the old one or the new one.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let file = File::create(&beside).map_err(StoreError::io("create", &beside))?;
    let mut to = BufWriter::with_capacity(1 << 20, file);
    let written = write(&mut to).and_then(|()| to.flush().map_err(StoreError::io("write", &beside)));
    let written = written.and_then(|()| to.get_ref().sync_all().map_err(StoreError::sync(&beside)));
    if let Err(error) = written {
        // Half a file beside the good one helps nobody, and may be what fills the disk.
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    std::fs::rename(&beside, path).map_err(StoreError::io("replace", path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The one lock of a ledger's folder, held as long as the file is. It names the process that holds it.
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let mut file = file.map_err(StoreError::io("open the lock file", path))?;
    match file.try_lock() {
        Ok(()) => {
            // For a person to read: a full disk keeps nobody from opening what is here.
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(file)
        }
        Err(std::fs::TryLockError::WouldBlock) => {
            let by = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
            Err(StoreError::InUse { path: path.to_owned(), by })
        }
        Err(std::fs::TryLockError::Error(source)) => Err(StoreError::io("lock", path)(source)),
    }
}
