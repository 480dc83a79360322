//! A running node: the only place where its parts are wired together and their tasks are spawned.

use crate::chain::Chain;
use crate::committer::CommitError;
use crate::config::Config;
use crate::home::Home;
use crate::http::{Agreement, Bound, Handles, HttpError, Receipt, Submissions, SubmitError, Tracked, View};
use crate::mempool::Mempool;
use crate::metrics::Metrics;
use async_trait::async_trait;
use ledger_core::event::Event;
use ledger_core::ids::{Height, Sequence};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::{oneshot, watch};

/// What a node is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder.
    pub home: Home,
    /// What the operator set.
    pub config: Config,
    /// The folder comes from a backup: the node votes only above a height that it has seen decided since.
    pub restored: bool,
    /// The operator takes it on himself that this node signed nothing above this tip: a lone validator that
    /// comes from a backup votes again.
    pub accept_loss: Option<Height>,
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
    /// The HTTP surface.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The system gives no thread.
    #[error("the node's chain could not be opened: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// Runs a node until `stop` says so; tells by `ready` where it can be reached.
///
/// # Errors
/// [`RunError`]: what is wrong, where, and what to do.
pub async fn run(options: Options, stop: watch::Receiver<bool>, ready: oneshot::Sender<Ready>) -> Result<(), RunError> {
    let Options { home, config, .. } = options;
    let (folder, genesis, store) = (home.ledger(), home.genesis().clone(), config.store.to_store());
    let chain = tokio::task::spawn_blocking(move || Chain::open(&folder, genesis, store)).await??;
    for note in chain.notes() {
        tracing::warn!("{note}");
    }
    let bound = Bound::new(&config.http, home.root()).await?;
    let (http, socket) = (bound.address(), bound.socket().to_owned());
    tracing::info!(node = home.node().0, chain = %home.chain_id(), %http, socket = %socket.display(), "the node is up");
    let (_peers, peers) = watch::channel(Vec::new());
    let mempool = Mempool::new(chain.clone());
    let nothing = Arc::new(Nothing(chain.clone()));
    let handles = Handles {
        chain: chain.clone(),
        node: home.node(),
        home: home.root().to_owned(),
        peers,
        pending: mempool.pending(),
        submissions: Arc::clone(&nothing) as Arc<dyn Submissions>,
        agreement: nothing,
        metrics: Arc::new(Metrics::default()),
    };
    // Nobody waits for it where the caller has gone.
    let _ = ready.send(Ready { http, p2p: config.network.listen, socket });
    bound.serve(handles, &config.http, stop).await;
    tokio::task::spawn_blocking(move || chain.snapshot()).await?;
    tracing::info!("the node has ended");
    Ok(())
}

/// A node that shows its chain and takes nothing in.
struct Nothing(Chain);

#[async_trait]
impl Submissions for Nothing {
    async fn submit(&self, _message: Vec<u8>) -> Result<Receipt, SubmitError> {
        Err(SubmitError::Closed("it only shows its chain".to_owned()))
    }

    fn find(&self, _id: &str) -> Option<Tracked> {
        None
    }

    async fn govern(&self, _event: Event) -> Result<Sequence, SubmitError> {
        Err(SubmitError::Closed("it only shows its chain".to_owned()))
    }
}

impl Agreement for Nothing {
    fn view(&self) -> View {
        View { height: self.0.latest().tip.height.next(), ..View::default() }
    }
}
