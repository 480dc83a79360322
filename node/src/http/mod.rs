//! The HTTP surface: what a node takes in, and what it tells of its chain.
//!
//! ```text
//! POST /v1/submissions          messages of the annex          here only
//! GET  /v1/submissions/{id}     what became of one
//! POST /v1/governance           a proposal or an approval      here only
//! GET  /v1/status               where the node stands
//! GET  /v1/members              who may do what
//! GET  /v1/evidence             what validators signed twice
//! GET  /v1/blocks/{height}      a block, its very bytes
//! GET  /v1/blocks?from=&to=     a stretch of the chain, in the archive's format
//! GET  /healthz /readyz /metrics
//! ```
//!
//! What this module promises: nothing here returns personal data; whatever comes in has a limit (size,
//! time, rate, number); *here only* means the Unix socket of the home and listeners on a loopback address,
//! since there are no credentials yet; an error is a problem of RFC 9457 with a stable code, in English and
//! Chinese. It decides nothing about the chain: messages go to the intake, everything else is read.

mod blocks;
mod evidence;
mod governance;
mod limit;
mod members;
mod metrics;
mod patience;
mod problem;
mod ready;
mod seam;
mod server;
mod state;
mod status;
mod submissions;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, SignedOne, SignedTwo, SignedTwoError};
pub use problem::{Code, Problem};
pub use ready::Reason;
pub use seam::{Agreement, Finding, ItemOutcome, ItemState, Receipt, Submissions, SubmitError, Tracked, View, Words};
pub use server::{Bound, HttpError};
pub use state::State;
pub use status::{AdoptedProtocol, PeerStatus, Role, Status};

use crate::chain::Chain;
use crate::committer::Feet;
use crate::config::HttpSection;
use crate::consensus::{Equivocations, KnownProtocols};
use crate::mempool::Pending;
use crate::metrics::Metrics;
use crate::network::Peer;
use axum::Router;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use ledger_core::membership::NodeKey;
use ledger_core::names::NodeNumber;
use limit::Limits;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Semaphore, watch};

/// What the surface shows and where it hands things to.
#[derive(Clone)]
pub struct Handles {
    /// The chain.
    pub chain: Chain,
    /// The node.
    pub node: NodeNumber,
    /// The public halves of the keys that it has.
    pub keys: [NodeKey; 4],
    /// The node's folder, whose disk is watched.
    pub home: PathBuf,
    /// Who is connected.
    pub peers: watch::Receiver<Vec<Peer>>,
    /// What could go into the next block.
    pub pending: watch::Receiver<Pending>,
    /// The intake.
    pub submissions: Arc<dyn Submissions>,
    /// The newest protocol that each node knows.
    pub known: KnownProtocols,
    /// The agreement.
    pub agreement: Arc<dyn Agreement>,
    /// What validators signed twice.
    pub equivocations: Equivocations,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The state that every handler shares.
struct Surface {
    handles: Handles,
    begun: Instant,
    max_body_bytes: usize,
    /// A permit for each byte of bodies that are being read or waited for.
    bodies: Arc<Semaphore>,
    /// One permit for each stream of blocks.
    streams: Arc<Semaphore>,
    /// What remote addresses may do.
    limits: Arc<Limits>,
    /// What earlier stretches of blocks began on.
    feet: Arc<Feet>,
}

/// Whence a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The Unix socket.
    Socket,
    /// A listener on a loopback address.
    Loopback,
    /// Any other listener.
    Remote(std::net::IpAddr),
}

impl Surface {
    fn new(handles: Handles, config: &HttpSection) -> Self {
        Self {
            handles,
            begun: Instant::now(),
            max_body_bytes: config.max_body_bytes as usize,
            bodies: Arc::new(Semaphore::new(config.max_bodies_bytes.max(config.max_body_bytes) as usize)),
            streams: Arc::new(Semaphore::new(config.max_streams as usize)),
            // One address cannot keep the others out.
            limits: Arc::new(Limits::new(
                config.requests_per_second,
                config.burst,
                (config.max_connections / 4).max(1),
                (config.max_streams / 4).max(1),
            )),
            feet: Arc::default(),
        }
    }
}

/// Every route.
fn router(surface: Arc<Surface>) -> Router {
    Router::new()
        .route("/v1/submissions", post(submissions::submit))
        .route("/v1/submissions/{id}", get(submissions::find))
        .route("/v1/governance", post(governance::govern))
        .route("/v1/status", get(status::status))
        .route("/v1/members", get(members::members))
        .route("/v1/evidence", get(evidence::evidence))
        .route("/v1/blocks", get(blocks::stretch))
        .route("/v1/blocks/{height}", get(blocks::block))
        .route("/healthz", get(ready::health))
        .route("/readyz", get(ready::ready))
        .route("/metrics", get(metrics::metrics))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(surface)
}

/// The route that a path belongs to, for the metrics: one of a few, whatever is asked for.
fn route_of(path: &str) -> &'static str {
    match path {
        "/v1/submissions" => "/v1/submissions",
        "/v1/governance" => "/v1/governance",
        "/v1/status" => "/v1/status",
        "/v1/members" => "/v1/members",
        "/v1/evidence" => "/v1/evidence",
        "/v1/blocks" => "/v1/blocks",
        "/healthz" => "/healthz",
        "/readyz" => "/readyz",
        "/metrics" => "/metrics",
        path if path.starts_with("/v1/submissions/") => "/v1/submissions/{id}",
        path if path.starts_with("/v1/blocks/") => "/v1/blocks/{height}",
        _ => "other",
    }
}

/// The routes of a listener for whoever watches the node.
fn watching(surface: Arc<Surface>) -> Router {
    Router::new()
        .route("/healthz", get(ready::health))
        .route("/readyz", get(ready::ready))
        .route("/metrics", get(metrics::metrics))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(surface)
}

async fn no_route(uri: Uri) -> Problem {
    Problem::new(Code::NoRoute, format!("there is nothing at {}", uri.path()), "此路径不存在")
}

async fn no_method(method: Method) -> Problem {
    Problem::new(Code::NoMethod, format!("{method} is not possible here"), "此路径不支持该请求方法")
}

/// Work that reads the disk, or waits for who does, off the asynchronous threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Problem::internal(&error)))
}

/// An answer in JSON.
fn json(status: axum::http::StatusCode, value: &impl serde::Serialize) -> Response {
    use axum::response::IntoResponse as _;
    match serde_json::to_vec(value) {
        Ok(text) => (status, [(axum::http::header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}
