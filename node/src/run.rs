//! A running node: the only place where its parts are wired together and their tasks are spawned.

mod agreement;
mod collect;
mod reach;
mod words;

pub use agreement::AgreementError;

use crate::chain::Chain;
use crate::committer::CommitError;
use crate::config::{Config, MempoolSection, PeerSection};
use crate::consensus::{Deps, Equivocations, KnownProtocols, Tempo, View};
use crate::durable;
use crate::home::{Home, HomeError};
use crate::http::{Bound, Handles, HttpError, Receipt, Submissions, SubmitError, Tracked};
use crate::intake::{Consent, IntakeError, Service, ServiceConfig};
use crate::mempool::{self, Limits, Mempool};
use crate::metrics::Metrics;
use crate::network::{self, Inboxes, Network, NetworkConfig, NetworkError, PeerConfig};
use crate::outbox::{Outbox, OutboxError};
use crate::store::{StoreConfig, StoreError};
use crate::sync;
use agreement::Shown;
use async_trait::async_trait;
use ledger_core::event::Event;
use ledger_core::membership::Purpose;
use ledger_core::names::{PROTOCOL, Sequence};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// When to come again while a node comes up.
const COMING_UP: Duration = Duration::from_secs(1);

/// What a node is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder.
    pub home: Home,
    /// What the operator set.
    pub config: Config,
    /// The folder comes from a backup: the node votes only above a height that it has seen decided since.
    pub restored: bool,
    /// What the operator takes on himself of the intake.
    pub consent: Consent,
}

/// Where a node that has come up can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The HTTP surface.
    pub http: SocketAddr,
    /// The swarm.
    pub p2p: SocketAddr,
    /// The Unix socket.
    pub socket: PathBuf,
}

/// Why a node does not come up, or ends by itself.
#[derive(Debug, Error)]
pub enum RunError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] CommitError),
    /// The keys.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The swarm.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The own submissions that are not on the chain yet.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The intake.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The HTTP surface.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Agreement.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// The system gives no thread, or a step of the start or end failed.
    #[error("a step of the node failed: {0}")]
    Thread(#[from] tokio::task::JoinError),
    /// A part of the program failed.
    #[error("a part of the node, {part}, failed: {source}")]
    Failed {
        /// Its name.
        part: &'static str,
        /// How.
        source: tokio::task::JoinError,
    },
    /// Something that was written did not become durable.
    #[error(
        "{0}; what was written there last may be lost, and the next sync would not tell: look at the disk, and start the node again: it goes on from what is durable"
    )]
    Unsynced(String),
    /// A part of the program ended although nobody told it to.
    #[error("a part of the node, {0}, ended by itself; what it said last stands in the log above")]
    Ended(&'static str),
}

/// Runs a node until `stop` says so; tells by `ready` where it can be reached.
///
/// # Errors
/// [`RunError`]: what is wrong, where, and what to do.
pub async fn run(options: Options, stop: watch::Receiver<bool>, ready: oneshot::Sender<Ready>) -> Result<(), RunError> {
    let Options { home, config, restored, consent } = options;
    let store = config.store.to_store();
    let times = store.times.clone();
    let chain = open(&home, store).await?;
    let keys = home.load_keys()?;
    // One part that ends by itself ends the others.
    let (end, ending) = watch::channel(false);
    let (peer_key, public) = (keys.node.key(Purpose::Peer), keys.node.list());
    let (network, inboxes, swarm) =
        network::spawn(network_config(&config), peer_key, home.chain_id(), chain.tip(), ending.clone())?;
    let mempool = Mempool::with_limits(chain.clone(), limits(&config));
    let (outbox, intake) = open_intake(&home, &chain, consent).await?;
    let (view, shown) = watch::channel(View::default());
    let seen = shown.clone();
    let (abreast, is_abreast) = watch::channel(false);
    let known = KnownProtocols::new(home.node(), PROTOCOL);
    let equivocations = {
        let (folder, id) = (home.consensus(), home.chain_id());
        tokio::task::spawn_blocking(move || Equivocations::open(&folder, id))
            .await?
            .map_err(StoreError::from)
            .map_err(CommitError::from)?
    };
    let deps = Deps {
        chain: chain.clone(),
        mempool: mempool.clone(),
        network: network.clone(),
        keys: keys.node,
        node: home.node(),
        folder: home.consensus(),
        restored,
        known: known.clone(),
        tempo: Tempo::default(),
        equivocations: equivocations.clone(),
        stop: ending.clone(),
    };
    let pace = collect::Pace::default();
    let swarm_counts = collect::Swarm(Arc::clone(network.counters()));
    let inside = collect::Inside { mempool: mempool.clone(), intake: intake.clone(), agreement: shown.clone() };
    let metrics = Metrics::new(|registry| {
        registry.register_collector(Box::new(swarm_counts));
        registry.register_collector(Box::new(inside));
        registry.register("append_seconds", "Until blocks of one decision or fetch are durable", times.append.clone());
        registry.register("sync_seconds", "Syncs of the store, by file", times.syncs());
        registry.register("decision_seconds", "From one block to the next", pace.decision.clone());
        registry.register("round_seconds", "Rounds of agreement, from one to the next", pace.round.clone());
    });
    let bound = Bound::new(&config.http, home.root()).await?;
    let place = place(&bound, &network).await;
    tracing::info!(node = %home.node(), chain = %home.chain_id(), http = %place.http, p2p = %place.p2p, socket = %place.socket.display(), "the node is up");
    let told = Arc::new(Shown { view: shown, chain: chain.clone() });
    let handles = Handles {
        chain: chain.clone(),
        node: home.node(),
        keys: public,
        home: home.root().to_owned(),
        peers: network.peers(),
        pending: mempool.pending(),
        submissions: Arc::new(Desk { intake: intake.clone(), abreast: is_abreast, agreement: Arc::clone(&told) }),
        known,
        agreement: told,
        equivocations,
        metrics: Arc::new(metrics),
    };
    let Inboxes { engine, mempool: submitted, blocks } = inboxes;
    let reach = reach::watch(home.node(), chain.clone(), network.peers(), ending.clone());
    let to_pool = mempool::run(mempool, network, submitted, Some((home.node(), outbox)), stopped(ending.clone()));
    let surface = {
        let (http, ending) = (config.http.clone(), ending.clone());
        async move { bound.serve(handles, &http, ending).await }
    };
    let mut tasks = vec![
        Part { name: "swarm", task: swarm },
        Part { name: "sync", task: tokio::spawn(sync::serve(chain.clone(), blocks, ending.clone())) },
        Part { name: "mempool", task: tokio::spawn(to_pool) },
        Part { name: "http", task: tokio::spawn(surface) },
        Part { name: "pace", task: tokio::spawn(pace.watch(seen, ending.clone())) },
        Part { name: "reach", task: tokio::spawn(reach) },
    ];
    let agreeing = tokio::spawn(async move { agreement::keep(&deps, engine, &view, &abreast).await });
    // Nobody waits for it where the caller has gone.
    let _ = ready.send(place);
    let work = async {
        let ended = supervise(agreeing, stop, &end, &mut tasks).await;
        for Part { name, task } in tasks {
            if let Err(error) = task.await {
                tracing::error!("a part of the node, {name}, failed: {error}");
            }
        }
        intake.stop().await;
        if let Err(error) = tokio::task::spawn_blocking(move || chain.snapshot()).await {
            tracing::error!("the last snapshot of the contract map failed: {error}");
        }
        tracing::info!("the node has ended");
        ended
    };
    tokio::select! {
        biased;
        // Nothing is finished or written any more: what comes after a failed sync is not to be trusted.
        why = durable::sync_failed() => Err(RunError::Unsynced(why)),
        ended = work => ended,
    }
}

/// A part of the node, with its task.
struct Part {
    name: &'static str,
    task: JoinHandle<()>,
}

/// Waits until the node is told to end or a part of it has, and lets the rest end.
async fn supervise(
    mut agreeing: JoinHandle<Result<(), AgreementError>>,
    mut stop: watch::Receiver<bool>,
    end: &watch::Sender<bool>,
    tasks: &mut Vec<Part>,
) -> Result<(), RunError> {
    let mut failed = None;
    let early = tokio::select! {
        ended = &mut agreeing => Some(ended),
        _ = stop.wait_for(|stop| *stop) => None,
        (ended, at, _) = futures::future::select_all(tasks.iter_mut().map(|part| &mut part.task)) => {
            // None of them ends before it is told to, and nobody may wait for it again.
            let part = tasks.swap_remove(at).name;
            failed = Some(match ended {
                Ok(()) => RunError::Ended(part),
                Err(source) => RunError::Failed { part, source },
            });
            None
        }
    };
    end.send_replace(true);
    let ended = match early {
        Some(ended) => ended,
        None => agreeing.await,
    };
    match failed {
        // Why agreement ended says more, where it did not merely follow.
        Some(failed) => ended?.map_err(RunError::from).and(Err(failed)),
        None => Ok(ended??),
    }
}

async fn open(home: &Home, store: StoreConfig) -> Result<Chain, RunError> {
    let (folder, genesis) = (home.ledger(), home.genesis().clone());
    let chain = tokio::task::spawn_blocking(move || Chain::open(&folder, genesis, store)).await??;
    for note in chain.notes() {
        tracing::warn!("{note}");
    }
    Ok(chain)
}

async fn open_intake(home: &Home, chain: &Chain, consent: Consent) -> Result<(Outbox, Service), RunError> {
    let (home, chain) = (home.clone(), chain.clone());
    let config = ServiceConfig { consent, ..ServiceConfig::default() };
    let opening = tokio::task::spawn_blocking(move || {
        let outbox = Outbox::open(&home.root().join("outbox"))?;
        let intake = Service::start(home, chain, outbox.clone(), config)?;
        Ok((outbox, intake))
    });
    opening.await?
}

async fn place(bound: &Bound, network: &Network) -> Ready {
    let mut listening = network.listening();
    let p2p = match listening.wait_for(|addresses| !addresses.is_empty()).await {
        Ok(addresses) => addresses.first().copied(),
        Err(_) => None,
    };
    let p2p = p2p.unwrap_or(SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, 0)));
    Ready { http: bound.address(), p2p, socket: bound.socket().to_owned() }
}

fn network_config(config: &Config) -> NetworkConfig {
    let peer = |peer: &PeerSection| PeerConfig {
        node: peer.node,
        address: peer.address.clone(),
        pin: peer.pin.as_ref().and_then(network::peer_id),
    };
    NetworkConfig { listen: config.network.listen, peers: config.network.peers.iter().map(peer).collect() }
}

fn limits(config: &Config) -> Limits {
    let bytes = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
    let MempoolSection { max_bytes, max_member_bytes } = config.mempool;
    Limits { member_bytes: bytes(max_member_bytes), bytes: bytes(max_bytes), ..Limits::default() }
}

/// Ready once the node is to end.
async fn stopped(mut ending: watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// The intake as the surface sees it. Before the node knows how far the chain is, it takes nothing: a home that
/// came out of a backup would not tell what it has sent since; nor where agreement has ended for good.
struct Desk {
    intake: Service,
    abreast: watch::Receiver<bool>,
    agreement: Arc<Shown>,
}

impl Desk {
    fn may_take(&self) -> Result<(), SubmitError> {
        if let Some(report) = self.agreement.contradiction() {
            return Err(SubmitError::Closed(report));
        }
        if *self.abreast.borrow() { Ok(()) } else { Err(SubmitError::Busy { retry_after: COMING_UP }) }
    }
}

#[async_trait]
impl Submissions for Desk {
    async fn submit(&self, message: Vec<u8>) -> Result<Receipt, SubmitError> {
        self.may_take()?;
        self.intake.submit(message).await
    }

    fn find(&self, id: &str) -> Option<Tracked> {
        self.intake.find(id)
    }

    async fn govern(&self, event: Event) -> Result<Sequence, SubmitError> {
        self.may_take()?;
        self.intake.govern(event).await
    }

    fn closed(&self) -> Option<String> {
        self.agreement.contradiction().or_else(|| self.intake.view().closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agreement and another part, each of which waits until it is told to end, or does something else first.
    async fn ended(part: impl Future<Output = ()> + Send + 'static, tell: bool) -> (Result<(), RunError>, usize) {
        let (end, ending) = watch::channel(false);
        let (stop, told) = watch::channel(tell);
        let agreeing = tokio::spawn({
            let ending = ending.clone();
            async move {
                stopped(ending).await;
                Ok(())
            }
        });
        let part = Part { name: "the other", task: tokio::spawn(part) };
        let mut tasks = vec![Part { name: "the one", task: tokio::spawn(stopped(ending)) }, part];
        let ended = supervise(agreeing, told, &end, &mut tasks).await;
        let left = tasks.len();
        for Part { task, .. } in tasks {
            // Whoever is left has been told, and may still be waited for.
            let _ = tokio::time::timeout(Duration::from_secs(60), task).await.unwrap();
        }
        drop(stop);
        (ended, left)
    }

    #[tokio::test]
    async fn a_part_that_dies_or_ends_ends_the_node_with_an_error() {
        let (ended_so, left) = ended(async { panic!("on purpose") }, false).await;
        assert!(matches!(ended_so, Err(RunError::Failed { part: "the other", source }) if source.is_panic()));
        assert_eq!(left, 1);
        let (ended_so, left) = ended(async {}, false).await;
        assert!(matches!(ended_so, Err(RunError::Ended("the other"))));
        assert_eq!(left, 1);
    }

    #[tokio::test]
    async fn who_is_told_to_end_ends_well() {
        let (ended_so, left) = ended(tokio::time::sleep(Duration::from_millis(50)), true).await;
        assert!(ended_so.is_ok());
        assert_eq!(left, 2);
    }
}
