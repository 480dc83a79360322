//! Agreement as the node keeps it going: catch up by range, let the engine follow, and again.

use crate::chain::Chain;
use crate::consensus::{self, ConsensusError, Deps, Ended, Silence, View, Waiting};
use crate::http::{self, Agreement};
use crate::network::{EngineInbox, Network};
use crate::sync::{SyncError, catch_up};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::watch;

/// How long a node that has just come up waits for somebody to ask how far the chain is.
const FIRST_PEER: Duration = Duration::from_secs(3);
/// The pause after a fetch that brought nothing although others claim to be far ahead.
const NOTHING_CAME: Duration = Duration::from_secs(2);

/// Why a node takes part no longer.
#[derive(Debug, Error)]
pub enum AgreementError {
    /// Agreement itself.
    #[error(transparent)]
    Consensus(#[from] ConsensusError),
    /// Fetching what others have agreed on.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

/// Takes part until the node is stopped; `abreast` becomes true once it has asked the others how far they are,
/// and has fetched that.
///
/// # Errors
/// [`AgreementError`]: why the node cannot go on.
pub(super) async fn keep(
    deps: &Deps,
    mut inbox: EngineInbox,
    view: &watch::Sender<View>,
    abreast: &watch::Sender<bool>,
) -> Result<(), AgreementError> {
    let mut stop = deps.stop.clone();
    tokio::select! {
        () = first_peer(&deps.chain, &deps.network, deps) => {}
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    }
    loop {
        let caught = tokio::select! {
            caught = catch_up(&deps.chain, &deps.network) => caught?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        if caught.fetched > 0 {
            tracing::info!(height = %caught.tip, fetched = caught.fetched, "caught up by ranges of blocks");
        }
        abreast.send_replace(true);
        match consensus::run(deps, &mut inbox, view).await? {
            Ended::Stopped => return Ok(()),
            Ended::FarBehind(highest) => {
                tracing::info!(own = %deps.chain.latest().tip.height(), %highest, "far behind: fetching ranges of blocks");
                if caught.fetched == 0 {
                    tokio::time::sleep(NOTHING_CAME).await;
                }
            }
        }
    }
}

/// Waits for a first connection, where others have a vote or this node has none.
async fn first_peer(chain: &Chain, network: &Network, deps: &Deps) {
    let alone = chain.latest().tip.membership().nodes().all(|(_, node)| node.number == deps.node);
    if alone {
        return;
    }
    let mut peers = network.peers();
    // That nobody is there is no failure: agreement waits for them.
    let _ = tokio::time::timeout(FIRST_PEER, peers.wait_for(|peers| !peers.is_empty())).await;
}

/// Why a node with power does not vote although nothing happened to it.
const OTHER_KEYS: &str = "the membership in force has another consensus key of it than its home";

/// Why a node with power does not vote.
fn words(silence: Silence) -> String {
    match silence {
        Silence::New { .. } => {
            "its home is new, or has lost what it signed: it votes once most others are there at the beginning, or \
             once it has seen the chain go on"
                .to_owned()
        }
        Silence::Restored { .. } => {
            "its home was restored from a copy: it votes once it has seen the chain go on without it".to_owned()
        }
        Silence::Another(height) => format!(
            "another node runs with its keys, and signed at height {height} what this one did not: stop one of the two \
             for good, and start the other once with --restored"
        ),
        Silence::Above(height) => {
            format!("it signed at height {height} and lost the log of that: it votes above that height")
        }
    }
}

/// Why the own clock is no good, where it is not.
fn own_clock(view: &View) -> Option<String> {
    let (_, ahead) = view.clocks.strays.iter().find(|(node, _)| *node == view.node)?;
    let seconds = *ahead as f64 / 1_000.0;
    Some(format!("its clock is {seconds:+.1} s from the middle one of the voting power: set it right"))
}

/// Agreement as the surface shows it.
pub(super) struct Shown(pub(super) watch::Receiver<View>);

impl Agreement for Shown {
    fn view(&self) -> http::View {
        let view = self.0.borrow();
        let waiting = match view.waiting {
            Waiting::Engine => Some("for its engine, or for blocks that it lacks".to_owned()),
            Waiting::Due(due) => {
                let left = due.saturating_duration_since(Instant::now());
                Some(format!("the next block is due in {:.1} s at the latest", left.as_secs_f64()))
            }
            Waiting::Agreement => Some("for the others to agree on the next block".to_owned()),
        };
        let halted = view.standstill.as_ref().map(|standstill| {
            let missing: Vec<_> = standstill.missing.iter().map(ToString::to_string).collect();
            let seconds = standstill.since.elapsed().as_secs();
            let silent = if missing.is_empty() { "nobody".to_owned() } else { format!("node {}", missing.join(", ")) };
            format!("height {} stands still, its block is due for {seconds} s; not heard: {silent}", view.height)
        });
        http::View {
            height: view.height,
            round: ledger_core::names::Round(view.round.unwrap_or_default()),
            waiting,
            silent: view.silence.map(words).or_else(|| view.is_mute.then(|| OTHER_KEYS.to_owned())),
            halted,
            is_told: view.is_told,
            highest: view.highest,
            clock_ahead_ms: view.clocks.own_ahead_ms,
            clock: own_clock(&view),
        }
    }
}
