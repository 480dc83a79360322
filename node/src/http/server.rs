//! Listening: TCP and the Unix socket of the home, limits on what a connection may do, and an end in which
//! what was begun is finished.

use super::limit::{Counted, Limits};
use super::patience::{Least, Patient};
use super::{Code, Handles, Problem, Side, Surface, router, watching};
use crate::config::HttpSection;
use crate::metrics::Metrics;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

/// Bytes of a request's head.
const MAX_HEAD: usize = 32 << 10;
/// Lines of a request's head.
const MAX_HEADERS: usize = 64;
/// Connections of who watches the node: apart from all others, so that a full surface is seen.
const METRICS_CONNECTIONS: usize = 16;
/// After a failed accept (no file descriptor left, say) the listener rests so long.
const REST: Duration = Duration::from_millis(100);
/// How long requests under way may take once the node is to end.
const GRACE: Duration = Duration::from_secs(10);

/// Why the surface does not come up.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}; set another one with [http] listen in node.toml")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address for metrics is taken, or not ours.
    #[error(
        "cannot listen on {address} for metrics: {source}; set another one with [http] metrics_listen in node.toml"
    )]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The Unix socket.
    #[error("cannot listen on the socket {}: {source}; set another one with [http] socket in node.toml", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that is no socket stands where the socket belongs.
    #[error("{} is there already and is no socket: it is left as it is; move it away", .0.display())]
    InTheWay(PathBuf),
}

/// Both listeners, before anything is answered.
pub struct Bound {
    tcp: TcpListener,
    address: SocketAddr,
    unix: UnixListener,
    socket: PathBuf,
    /// For who watches the node, where that is asked for.
    metrics: Option<TcpListener>,
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    router: Router,
    limits: Arc<Limits>,
    header_timeout: Duration,
    request_timeout: Duration,
    least: Least,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
}

impl Bound {
    /// Takes the address and the socket of a configuration. A socket that an earlier process left is
    /// replaced: who has the home open is told by the lock of its ledger.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn new(config: &HttpSection, home: &Path) -> Result<Self, HttpError> {
        let failed = |source| HttpError::Address { address: config.listen, source };
        let tcp = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        let socket = config.socket_in(home);
        let unix = bind_socket(&socket)?;
        let metrics = match config.metrics_listen.0 {
            Some(address) => {
                let failed = |source| HttpError::Metrics { address, source };
                Some(TcpListener::bind(address).await.map_err(failed)?)
            }
            None => None,
        };
        Ok(Self { tcp, address, unix, socket, metrics })
    }

    /// The address, with the port that the system chose where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the listener for metrics.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The Unix socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Serves until `stop` says so; then what is under way is finished, and the socket removed.
    pub async fn serve(self, handles: Handles, config: &HttpSection, stop: watch::Receiver<bool>) {
        let surface = Arc::new(Surface::new(handles, config));
        let request_timeout = Duration::from_millis(config.request_timeout_ms.into());
        let shared = Shared {
            metrics: Arc::clone(&surface.handles.metrics),
            limits: Arc::clone(&surface.limits),
            router: router(Arc::clone(&surface)),
            header_timeout: Duration::from_millis(config.header_timeout_ms.into()),
            request_timeout,
            least: Least { still: request_timeout, rate: config.least_bytes_per_second },
            stop,
        };
        let local = self.address.ip().is_loopback();
        let connections = config.max_connections as usize;
        let watched = async {
            let Some(listener) = self.metrics else { return };
            let shared = Shared { router: watching(surface), ..shared.clone() };
            // Whoever comes there is counted, wherever that is: it takes nothing in.
            accept_tcp(listener, false, shared, METRICS_CONNECTIONS).await;
        };
        tokio::join!(
            accept_tcp(self.tcp, local, shared.clone(), connections),
            accept_unix(self.unix, shared.clone(), connections),
            watched
        );
        // It names nothing any more; a failure leaves what the next start replaces.
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Makes the socket in a folder that nobody else may enter, and moves it to its place once only its owner
/// may connect.
fn bind_socket(path: &Path) -> Result<UnixListener, HttpError> {
    let failed = |source| HttpError::Socket { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => return Err(HttpError::InTheWay(path.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let private = tempfile::Builder::new().prefix(".s").tempdir_in(parent).map_err(failed)?;
    let beside = private.path().join("s");
    let listener = UnixListener::bind(&beside).map_err(failed)?;
    std::fs::set_permissions(&beside, Permissions::from_mode(0o600)).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)?;
    Ok(listener)
}

async fn accept_tcp(listener: TcpListener, local: bool, shared: Shared, connections: usize) {
    let permits = Arc::new(Semaphore::new(connections));
    let mut tasks = JoinSet::new();
    let mut stop = shared.stop.clone();
    loop {
        let Some((permit, accepted)) = next(&permits, listener.accept(), &mut stop, &mut tasks).await else { break };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        // An answer is sent when it is there: waiting for more would only delay it.
        let _ = stream.set_nodelay(true);
        let side = if local { Side::Loopback } else { Side::Remote(from.ip()) };
        let counted = match side {
            Side::Remote(address) => match shared.limits.connection(address, Instant::now()) {
                Some(counted) => Some(counted),
                None => {
                    refuse(&stream, &shared);
                    continue;
                }
            },
            Side::Socket | Side::Loopback => None,
        };
        tasks.spawn(connection(stream, side, shared.clone(), (permit, counted)));
    }
    finish(tasks).await;
}

/// Says why a connection is closed, as far as there is room for it: nothing is waited for.
fn refuse(stream: &TcpStream, shared: &Shared) {
    let problem = Problem::new(
        Code::TooManyConnections,
        "this address has as many connections as the node allows",
        "该地址的连接数已达节点上限",
    );
    shared.metrics.answered(problem.code().status().as_u16());
    // Where even that does not fit, the connection ends without a word.
    let _ = stream.try_write(&problem.to_http());
}

async fn accept_unix(listener: UnixListener, shared: Shared, connections: usize) {
    let permits = Arc::new(Semaphore::new(connections));
    let mut tasks = JoinSet::new();
    let mut stop = shared.stop.clone();
    loop {
        let Some((permit, accepted)) = next(&permits, listener.accept(), &mut stop, &mut tasks).await else { break };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, Side::Socket, shared.clone(), (permit, None)));
            }
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(REST).await;
            }
        }
    }
    finish(tasks).await;
}

/// The next connection, once there is room for it; none when the node is to end.
async fn next<T>(
    permits: &Arc<Semaphore>,
    accept: impl Future<Output = io::Result<T>>,
    stop: &mut watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Option<(OwnedSemaphorePermit, io::Result<T>)> {
    let incoming = async {
        let permit = Arc::clone(permits).acquire_owned().await.ok()?;
        Some((permit, accept.await))
    };
    tokio::pin!(incoming);
    loop {
        tokio::select! {
            () = told(stop) => return None,
            next = &mut incoming => return next,
            // Connections that have ended are cleared away.
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
}

/// Waits until the node is to end. A sender that is gone says the same as one that says stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn finish(mut tasks: JoinSet<()>) {
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("requests under way were cut off after {} s", GRACE.as_secs());
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    side: Side,
    shared: Shared,
    _counted: (OwnedSemaphorePermit, Option<Counted>),
) {
    let mut stop = shared.stop.clone();
    let io = TokioIo::new(Patient::new(stream, shared.least));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(shared.header_timeout);
    builder.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD);
    let tower = TowerToHyperService::new(shared.router.clone());
    let service = service_fn(|request: Request<Incoming>| answer(request, side, &shared, &tower));
    let serving = builder.serve_connection(io, service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = told(&mut stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

/// Answers a request within its limits.
async fn answer(
    mut request: Request<Incoming>,
    side: Side,
    shared: &Shared,
    tower: &TowerToHyperService<Router>,
) -> Result<Response<Body>, Infallible> {
    if let Err(problem) = allowed(side, shared).and_then(|()| one_host(&request)) {
        shared.metrics.answered(problem.code().status().as_u16());
        return Ok(problem.into_response());
    }
    request.extensions_mut().insert(side);
    let (begun, route) = (Instant::now(), super::route_of(request.uri().path()));
    let span = tracing::debug_span!("request", method = %request.method(), route);
    let answered = tokio::time::timeout(shared.request_timeout, tower.call(request)).instrument(span).await;
    shared.metrics.took_so_long(route, begun.elapsed());
    let mut response = answered.unwrap_or_else(|_| {
        let limit = shared.request_timeout.as_secs_f64();
        let problem = Problem::new(
            Code::Timeout,
            format!("it took longer than the {limit} s that a request may take"),
            format!("超过单次请求的时限 {limit} 秒"),
        );
        Ok(problem.into_response())
    })?;
    shared.metrics.answered(response.status().as_u16());
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Two lines that say for which host the request is mean that somebody on the way reads another one than we do.
fn one_host(request: &Request<Incoming>) -> Result<(), Problem> {
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        let (en, zh) = ("the request has more than one line Host", "请求含多个 Host 头");
        return Err(Problem::new(Code::BadRequest, en, zh));
    }
    Ok(())
}

fn allowed(side: Side, shared: &Shared) -> Result<(), Problem> {
    if let Side::Remote(address) = side {
        shared.limits.request(address, Instant::now()).map_err(|wait| {
            Problem::new(
                Code::TooManyRequests,
                "this address asks faster than the node allows",
                "该地址的请求超过节点允许的频率",
            )
            .retry_after(wait)
        })?;
    }
    Ok(())
}
