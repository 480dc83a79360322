//! Agreement as the node keeps it going: catch up by range, let the engine follow, and again.

use super::words;
use crate::chain::Chain;
use crate::committer::CommitError;
use crate::consensus::{self, ConsensusError, Contradiction, Deps, Ended, View};
use crate::http::{self, Agreement};
use crate::network::{EngineInbox, Network};
use crate::sync::{SyncError, catch_up};
use ledger_core::chain::Fault;
use std::time::Duration;
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
    match take_part(deps, &mut inbox, view, abreast).await {
        Ok(()) => Ok(()),
        Err(ended) => Err(stay(ended, &mut inbox, view, &mut stop).await),
    }
}

async fn take_part(
    deps: &Deps,
    inbox: &mut EngineInbox,
    view: &watch::Sender<View>,
    abreast: &watch::Sender<bool>,
) -> Result<(), AgreementError> {
    let mut stop = deps.stop.clone();
    tokio::select! {
        () = first_peer(&deps.chain, &deps.network, deps) => {}
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    }
    loop {
        // One peer alone says so, and nothing follows from it but what is shown.
        let told = |highest| view.send_modify(|view| view.highest = view.highest.max(highest));
        let caught = tokio::select! {
            caught = catch_up(&deps.chain, &deps.network, told) => caught?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        if caught.fetched > 0 {
            tracing::info!(height = %caught.tip, fetched = caught.fetched, "caught up by ranges of blocks");
        }
        abreast.send_replace(true);
        match consensus::run(deps, inbox, view).await? {
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

impl AgreementError {
    /// What a certified block says against this node's own computation; none where something else ended agreement.
    fn contradiction(&self) -> Option<Contradiction> {
        let (height, fault) = match self {
            Self::Consensus(ConsensusError::Diverged { height, fault })
            | Self::Sync(SyncError::Commit(CommitError::Fault { height, fault })) => (height, fault),
            Self::Consensus(
                ConsensusError::Engine(_)
                | ConsensusError::Another(_)
                | ConsensusError::Missing { .. }
                | ConsensusError::Commit(_)
                | ConsensusError::Store(_)
                | ConsensusError::File(_)
                | ConsensusError::LastSigned(_),
            )
            | Self::Sync(SyncError::Commit(_) | SyncError::Stopped) => return None,
        };
        // The block below is certified here, and another one by whoever certified this.
        let is_fork = matches!(fault, Fault::Parent { .. });
        let report = format!("block {height} is certified by more than two thirds and does not follow here: {fault}");
        Some(Contradiction { report, is_fork })
    }
}

/// Agreement has ended. Where a certified block contradicts this node, it stays up to say so, and does nothing more
/// until it is told to end.
async fn stay(
    ended: AgreementError,
    inbox: &mut EngineInbox,
    view: &watch::Sender<View>,
    stop: &mut watch::Receiver<bool>,
) -> AgreementError {
    let Some(contradiction) = ended.contradiction() else { return ended };
    tracing::error!(
        "this node halts, and says so until it is stopped. Audit it and another one: {}",
        contradiction.report
    );
    view.send_modify(|view| view.contradiction = Some(contradiction));
    let unheard = async { while inbox.recv().await.is_some() {} };
    tokio::select! {
        () = async { unheard.await; std::future::pending().await } => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    ended
}

/// Agreement as the surface shows it.
pub(super) struct Shown {
    pub(super) view: watch::Receiver<View>,
    pub(super) chain: Chain,
}

impl Shown {
    /// Why messages that come now would never be on the chain; none where they would.
    pub(super) fn contradiction(&self) -> Option<String> {
        self.view.borrow().contradiction.as_ref().map(|contradiction| contradiction.report.clone())
    }
}

impl Agreement for Shown {
    fn view(&self) -> http::View {
        let view = self.view.borrow().clone();
        let latest = self.chain.latest();
        let membership = latest.tip.membership();
        let report = |is_fork| {
            let contradiction = view.contradiction.as_ref().filter(|contradiction| contradiction.is_fork == is_fork);
            contradiction.map(words::contradiction)
        };
        let standstill = |are_enough| {
            let standstill = view.standstill.as_ref().filter(|standstill| standstill.are_enough == are_enough);
            standstill.map(|standstill| words::standstill(view.height, standstill, membership))
        };
        http::View {
            height: view.height,
            round: ledger_core::names::Round(view.round.unwrap_or_default()),
            waiting: words::waiting(view.waiting),
            silent: words::silent(&view, membership),
            halted: report(false).or_else(|| standstill(true)),
            forked: report(true),
            unheard: standstill(false),
            is_told: view.is_told,
            highest: view.highest,
            clock_ahead_ms: view.clocks.own_ahead_ms,
            clock: words::own_clock(&view),
        }
    }
}
