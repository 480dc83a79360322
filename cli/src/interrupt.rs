//! What an interrupted command takes with it: files and folders that only it had a use for.

use crate::exit::{Exit, Problem};
use crate::output::Output;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// What is removed when the command is interrupted.
static LEFT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// The command may be writing into a folder while it is removed.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// A file or folder that is removed on SIGINT, SIGTERM and SIGHUP, as long as this is held. Its owner removes it
/// in every other case.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn watch(path: &Path, output: Output) -> Result<Self, Problem> {
        begin(output)?;
        left().push(path.to_owned());
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        left().retain(|path| *path != self.0);
    }
}

/// Runs a command whose temporary files go into a folder of its own, which does not outlive it.
pub(crate) fn with_temporary_folder(
    output: &Output,
    run: impl FnOnce() -> Result<Exit, Problem>,
) -> Result<Exit, Problem> {
    begin(*output)?;
    // Under the lock: a signal that comes meanwhile finds the folder among what is left.
    let mut watched = left();
    // Where none can be made, a command that needs one says so itself; most need none.
    let Ok(folder) = tempfile::Builder::new().prefix("luqi-").tempdir() else {
        drop(watched);
        return run();
    };
    watched.push(folder.path().to_owned());
    drop(watched);
    let scratch = Scratch(folder.path().to_owned());
    let ended = tempfile::env::override_temp_dir(folder.path())
        .map_err(|other| Problem::new(Exit::Failed, format!("temporary files go to {} already", other.display())))
        .and_then(|()| run());
    // In this order: a signal that comes while the folder is removed still finds it among what is left.
    drop(folder);
    drop(scratch);
    ended
}

/// Begins to wait for signals, once in a process.
fn begin(output: Output) -> Result<(), Problem> {
    static BEGUN: Once = Once::new();
    let mut begun = Ok(());
    BEGUN.call_once(|| begun = wait_for_signals(output));
    begun
}

fn left() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait_for_signals(output: Output) -> Result<(), Problem> {
    let failed = |error| Problem::new(Exit::Failed, format!("the system gives no signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [mut interrupt, mut terminate, mut hangup] = {
        let _entered = runtime.enter();
        let [a, b, c] = kinds.map(signal);
        [a.map_err(failed)?, b.map_err(failed)?, c.map_err(failed)?]
    };
    let thread = std::thread::Builder::new().name("luqi-signals".to_owned());
    let waiting = thread.spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        let left = left().clone();
        left.iter().for_each(|path| remove(path));
        output.problem(&Problem::new(Exit::Failed, "it was interrupted"));
        std::process::exit(Exit::Failed as i32);
    });
    waiting.map(|_| ()).map_err(failed)
}

/// Removes a file, or a folder with all that is in it, until it is gone: its owner may be removing it, too, so that
/// something in it is not found while the rest is there. What cannot be removed is named to nobody: the process ends.
fn remove(path: &Path) {
    for _ in 0..ATTEMPTS {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        if removed.is_ok() || !path.exists() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}
