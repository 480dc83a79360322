//! Whether a sync of this process has failed. From then on nothing is acknowledged, and the process ends.
//!
//! It is kept once for the whole process, since the system forgets what it lost once for the whole process: after a
//! failed sync Linux takes the pages for clean, whoever syncs them next.

use std::sync::LazyLock;
use tokio::sync::watch;

/// What the first failed sync was; none as long as all have succeeded.
static FIRST: LazyLock<watch::Sender<Option<String>>> = LazyLock::new(|| watch::Sender::new(None));

/// Keeps the first failed sync in mind.
pub(super) fn note(why: String) {
    FIRST.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert(why);
        is_first
    });
}

/// The first failed sync of this process, if one has failed.
pub(crate) fn first() -> Option<String> {
    FIRST.borrow().clone()
}

/// Waits for the first failed sync; for ever where none fails.
pub(crate) async fn failed() -> String {
    let mut watching = FIRST.subscribe();
    loop {
        if let Some(why) = watching.borrow_and_update().clone() {
            return why;
        }
        // The sender stays as long as the process does.
        if watching.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
