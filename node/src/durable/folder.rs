//! Folders: their owner's alone, and durable under their name.

use super::IoError;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Makes a folder that only its owner may enter, from the first moment on, and its name durable, with what is missing
/// above it. One that is there stays as it is.
///
/// # Errors
/// [`IoError`], when the system refuses.
pub fn make_folder(path: &Path) -> Result<(), IoError> {
    if path.is_dir() {
        return Ok(());
    }
    let missing = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).count();
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(IoError::io("make the folder", path))?;
    path.ancestors().skip(1).take(missing).try_for_each(sync_folder)
}

/// Makes durable which files a folder names.
///
/// # Errors
/// [`IoError`]: the folder cannot be opened, or does not become durable.
pub fn sync_folder(path: &Path) -> Result<(), IoError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let folder = File::open(path).map_err(IoError::io("open the folder", path))?;
    folder.sync_all().map_err(IoError::sync(path))
}

/// Refuses the superuser in a folder of somebody else: what it made there (a snapshot of the database, say, under a
/// strict umask) the owner's node could not open.
pub(crate) fn expect_owner(folder: &Path) -> Result<(), IoError> {
    let owner = std::fs::metadata(folder).map_err(IoError::io("read the folder", folder))?.uid();
    if owner != 0 && rustix::process::geteuid().is_root() {
        return Err(IoError::OtherUser { path: folder.to_owned(), owner });
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
