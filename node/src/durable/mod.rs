//! Files that stay: everything that this program has to find again after a loss of power.
//!
//! What this module promises: what a function here has written is synced, and so is the folder that names it, when the
//! function has returned; a file that is replaced is the old one or the new one; a folder is its owner's from the first
//! moment on. A sync that fails is never tried again: the first one of a process is kept in mind, and the process ends
//! ([`sync_failed`]). How a file says what stands in it is the business of its own module.

mod error;
mod file;
mod folder;
mod slots;
#[cfg(test)]
mod tests;
mod unsynced;

pub use error::IoError;
pub(crate) use file::{append_line, create_new, if_there, lock, read, read_start, remove, replace};
pub(crate) use folder::{closed_to_us, expect_owner};
pub use folder::{make_folder, sync_folder};
pub(crate) use slots::{SLOT, Slots};
pub(crate) use unsynced::{failed as sync_failed, first as first_failed_sync};
