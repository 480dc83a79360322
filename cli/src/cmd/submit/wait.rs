//! Waiting until what a node has taken is on the chain.

use crate::client::{Client, ClientError};
use crate::exit::{Exit, Problem};
use luqi_node::http::Tracked;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Asks after a message until nothing of it is under way any more. A node that is away is asked again for
/// `patience`.
pub(super) async fn until_settled(
    client: &mut Client,
    id: &str,
    within: Duration,
    patience: Duration,
) -> Result<Tracked, Problem> {
    let began = Instant::now();
    let mut answered = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match client.get::<Tracked>(&format!("/v1/submissions/{id}")).await {
            Ok(tracked) if tracked.items.iter().all(luqi_node::http::ItemState::is_settled) => return Ok(tracked),
            Ok(_) => answered = Instant::now(),
            Err(error) => lost(error, answered, patience)?,
        }
        if began.elapsed() > within {
            let what = format!("message {id} is not final after {} s", within.as_secs());
            return Err(Problem::new(Exit::Undecided, what)
                .next("the chain may stand still: `luqi status --url URL` says why; what was taken is not lost"));
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn lost(error: ClientError, answered: Instant, patience: Duration) -> Result<(), Problem> {
    if error.may_be_tried_again() && answered.elapsed() <= patience {
        return Ok(());
    }
    Err(Problem { exit: Exit::Undecided, ..error.into() })
}
