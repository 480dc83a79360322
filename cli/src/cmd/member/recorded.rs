//! What became of a proposal or an approval: it counts when a block has it and the rules took it, and not before.

use super::view::{Members, Taken};
use crate::client::{Client, ClientError};
use crate::exit::{Exit, Problem};
use ledger_core::names::{Height, NodeNumber};
use serde::Deserialize;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long it may take at least, and how many times the chain's own wait.
const LEAST: Duration = Duration::from_secs(120);
const WAITS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Block {
    events: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    node: NodeNumber,
    sequence: u64,
    outcome: Option<Said>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Said {
    Applied,
    Recorded,
    Refused(String),
}

/// Waits until a block has what a node took, and gives its height.
///
/// # Errors
/// Exit code 2 where the chain refused it, 3 where it does not come.
pub(super) async fn recorded(client: &mut Client, before: &Members, taken: &Taken) -> Result<Height, Problem> {
    let wait = Duration::from_millis(before.in_force.parameters().pace_wait_ms.into());
    let (began, patience) = (Instant::now(), LEAST.max(wait.saturating_mul(WAITS)));
    let mut height = before.height;
    loop {
        match outcome(client, height.next(), taken).await {
            Ok(Found::Nothing) => {
                height = height.next();
                continue;
            }
            Ok(Found::Judged(said)) => return judged(height.next(), said),
            Ok(Found::Later) => {}
            Err(error) if error.may_be_tried_again() => {}
            Err(error) => return Err(error.into()),
        }
        if began.elapsed() > patience {
            let what = format!(
                "it was submitted as submission {} of node {}, and is not on the chain after {} s",
                taken.sequence,
                taken.node,
                patience.as_secs()
            );
            return Err(Problem::new(Exit::Undecided, what).next(
                "the chain may stand still: `luqi status` says why. It stays with the node; `luqi member list` shows it \
                 once it is there",
            ));
        }
        sleep(PAUSE).await;
    }
}

enum Found {
    /// The block is there, and has it not.
    Nothing,
    /// The block or its outcomes are not there yet.
    Later,
    Judged(Said),
}

async fn outcome(client: &mut Client, height: Height, taken: &Taken) -> Result<Found, ClientError> {
    let block = match client.get::<Block>(&format!("/v1/blocks/{height}?format=json")).await {
        Ok(block) => block,
        Err(ClientError::Refused { status: 404, .. }) => return Ok(Found::Later),
        Err(error) => return Err(error),
    };
    let own = block.events.into_iter().find(|row| row.node == taken.node && row.sequence == taken.sequence);
    Ok(match own {
        None => Found::Nothing,
        Some(Row { outcome: None, .. }) => Found::Later,
        Some(Row { outcome: Some(said), .. }) => Found::Judged(said),
    })
}

fn judged(height: Height, said: Said) -> Result<Height, Problem> {
    match said {
        Said::Applied | Said::Recorded => Ok(height),
        Said::Refused(code) => {
            let (why, next) = meaning(&code);
            Err(Problem::usage(format!("block {height} has it and refuses it: {why} ({code})")).next(next))
        }
    }
}

/// A refusal of governance in words, and what can be done.
fn meaning(code: &str) -> (&'static str, &'static str) {
    match code {
        "TOO_LATE" => ("its height had come before it was on the chain", "propose it for a later height"),
        "TOO_FAR" => ("its height is too far ahead", "propose it for a nearer one: a million blocks at most"),
        "TOO_MANY" => (
            "the member has four open proposals, or the node brought too many in one block",
            "wait until one holds or lapses, withdraw one, or propose it through another member's node",
        ),
        "DUPLICATE" => {
            ("the same is open or approved already, or was withdrawn", "`luqi member list` shows what is open")
        }
        "UNKNOWN" => ("no such proposal is open", "it lapsed, holds, or was withdrawn: `luqi member list`"),
        "BAD_CHANGE" => {
            ("it does not apply to the membership in force", "look at `luqi member list`, and propose it anew")
        }
        "NOT_AUTHORISED" => ("the membership in force has no such member", "`luqi member list` shows who is in it"),
        "BAD_SIGNATURE" => (
            "it is not signed by the member's governance key in force",
            "sign it again with the key that `luqi member show CODE` names",
        ),
        _ => ("by a rule that this version has no words for", "docs/format.md says what the code means"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_the_chain_refuses_is_no_success() {
        let said = |json: &str| serde_json::from_str::<Said>(json).unwrap();
        assert_eq!(judged(Height(7), said("\"applied\"")).ok(), Some(Height(7)));
        let refused = judged(Height(7), said("{\"refused\": \"TOO_MANY\"}")).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.what.contains("block 7") && refused.what.contains("four open proposals"), "{}", refused.what);
    }
}
