//! Messages on their way to a node: a few at once, each until it has an answer.

use crate::client::{Client, ClientError, Url};
use crate::cmd::messages;
use crate::exit::{Exit, Problem};
use hyper::body::Bytes;
use luqi_node::http::{Finding, Receipt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The first pause before something is sent again; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A message that has its answer.
pub(super) struct Sent {
    /// Name of its file.
    pub(super) file: String,
    /// Whether it was sent more than once.
    pub(super) again: bool,
    /// What the node said.
    pub(super) what: What,
}

/// What a node says of a message.
pub(super) enum What {
    /// It was taken: an outcome for each item.
    Taken(Receipt),
    /// Nothing of it can be read.
    Unreadable(Finding),
}

/// Sends files in their order, so many at once. The first that fails ends all; the workers end when they
/// are dropped.
pub(super) fn all(
    url: &Url,
    files: Vec<PathBuf>,
    parallel: u8,
    patience: Duration,
) -> (mpsc::Receiver<Result<Sent, Problem>>, JoinSet<()>) {
    let (sender, sent) = mpsc::channel(usize::from(parallel));
    let files = Arc::new(Mutex::new(files.into_iter()));
    let mut workers = JoinSet::new();
    for _ in 0..parallel {
        let (files, sender, mut client) = (Arc::clone(&files), sender.clone(), Client::new(url.clone()));
        workers.spawn(async move {
            loop {
                let next = files.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(path) = next else { return };
                let outcome = one(&mut client, &path, patience).await;
                if outcome.is_err() {
                    // The others finish what they have begun.
                    files.lock().unwrap_or_else(PoisonError::into_inner).by_ref().for_each(drop);
                }
                if sender.send(outcome).await.is_err() {
                    return;
                }
            }
        });
    }
    (sent, workers)
}

/// Sends one file until it has an answer.
async fn one(client: &mut Client, path: &Path, patience: Duration) -> Result<Sent, Problem> {
    let file = path.display().to_string();
    let message = messages::read(path).map_err(|error| Problem::file("read", path, &error))?;
    let message = Bytes::from(message);
    let began = Instant::now();
    let (mut again, mut pause) = (false, FIRST_PAUSE);
    loop {
        let error = match client.post::<Receipt>("/v1/submissions", message.clone()).await {
            Ok(receipt) => return Ok(Sent { file, again, what: What::Taken(receipt) }),
            Err(error) => error,
        };
        if let Some(finding) = unreadable(&error) {
            return Ok(Sent { file, again, what: What::Unreadable(finding) });
        }
        if !error.may_be_tried_again() {
            return Err(error.into());
        }
        let wait = error.retry_after().unwrap_or(pause);
        if began.elapsed() + wait > patience {
            let Problem { what, next, .. } = error.into();
            let what = format!("{what} (asked again for {} s)", patience.as_secs());
            return Err(Problem { exit: Exit::Undecided, what, next });
        }
        sleep(wait).await;
        (again, pause) = (true, (pause * 2).min(LONGEST_PAUSE));
    }
}

/// What is wrong with a message as a whole, where that is why it was not taken.
fn unreadable(error: &ClientError) -> Option<Finding> {
    let ClientError::Refused { said, .. } = error else { return None };
    let code = match said.code.as_str() {
        "UNREADABLE" => said.finding.clone().unwrap_or_else(|| said.code.clone()),
        "BODY_TOO_LARGE" => said.code.clone(),
        _ => return None,
    };
    let pointer = said.pointer.clone().unwrap_or_default();
    Some(Finding { pointer, code, text_zh: said.detail_zh.clone(), text_en: said.detail.clone() })
}
