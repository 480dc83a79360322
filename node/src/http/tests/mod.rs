//! The surface over a chain in memory: what it answers.

mod blocks;
mod messages;
mod state;

use super::*;
use crate::store::StoreConfig;
use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use ledger_core::archive::Archive;
use ledger_core::audit::{Options, Report, Unwatched, Verdict, judge};
use ledger_core::event::{Action, Event};
use ledger_core::fixture::{self, Network, code, governance_key};
use ledger_core::governance::{Approve, Change};
use ledger_core::merkle::LogIndex;
use ledger_core::names::{Height, Sequence};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

/// An intake in memory: it counts items by lines, keeps receipts, and can be busy.
#[derive(Default)]
struct Desk {
    receipts: Mutex<BTreeMap<String, usize>>,
    governed: Mutex<Vec<Event>>,
    busy: AtomicBool,
    closed: Mutex<Option<String>>,
}

#[async_trait]
impl Submissions for Desk {
    async fn submit(&self, message: Vec<u8>) -> Result<Receipt, SubmitError> {
        if self.busy.load(Ordering::Relaxed) {
            return Err(SubmitError::Busy { retry_after: Duration::from_millis(1500) });
        }
        if message.starts_with(b"{") {
            let (pointer, code) = (String::new(), "NOT_JSON".to_owned());
            let (text_zh, text_en) = ("不是合法的 JSON".to_owned(), "it is no JSON".to_owned());
            return Err(SubmitError::Unreadable(Finding { pointer, code, text_zh, text_en }));
        }
        if message.starts_with(b"wait") {
            std::future::pending::<()>().await;
        }
        let mut receipts = self.receipts.lock().unwrap();
        let id = format!("m{}", receipts.len());
        receipts.insert(id.clone(), 1);
        let item = ItemOutcome::Accepted { flags: Vec::new(), sequence: Sequence(7), position: 2 };
        Ok(Receipt { id, items: vec![item] })
    }

    fn find(&self, id: &str) -> Option<Tracked> {
        let items = *self.receipts.lock().unwrap().get(id)?;
        let state = ItemState::Final { height: Height(3), log_index: LogIndex(9), applied: true, code: None };
        Some(Tracked { id: id.to_owned(), items: vec![state; items] })
    }

    async fn govern(&self, event: Event) -> Result<Sequence, SubmitError> {
        self.governed.lock().unwrap().push(event);
        Ok(Sequence(8))
    }

    fn closed(&self) -> Option<String> {
        self.closed.lock().unwrap().clone()
    }
}

struct Told(Mutex<View>);

impl Agreement for Told {
    fn view(&self) -> View {
        self.0.lock().unwrap().clone()
    }
}

/// A served chain of four members with some blocks.
struct Bed {
    folder: tempfile::TempDir,
    network: Network,
    chain: Chain,
    desk: Arc<Desk>,
    told: Arc<Told>,
    peers: watch::Sender<Vec<Peer>>,
    equivocations: Equivocations,
    address: SocketAddr,
    socket: PathBuf,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

fn peer(node: u32) -> Peer {
    let id = libp2p::PeerId::random();
    Peer { node: NodeNumber(node), id, address: format!("node{node}:7070"), round_trip: Some(Duration::from_millis(3)) }
}

fn any(port: &str) -> HttpSection {
    HttpSection { listen: port.parse().unwrap(), ..HttpSection::default() }
}

impl Bed {
    async fn new(blocks: u64, config: HttpSection) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bound = Bound::new(&config, folder.path()).await.unwrap();
        Self::of(blocks, folder, bound, config).await
    }

    async fn of(blocks: u64, folder: tempfile::TempDir, bound: Bound, config: HttpSection) -> Self {
        let mut network = Network::new(4);
        let store = StoreConfig { hot_blocks: 10, batch_blocks: 5, segment_bytes: 15_000, ..StoreConfig::default() };
        let chain = Chain::open(&folder.path().join("ledger"), network.genesis.clone(), store).unwrap();
        for height in 1..=blocks {
            let events = (0..4).map(|i| fixture::event(height * 10 + i, Action::New { keeper: code("370100") }));
            let submission = network.submission(1, events.collect());
            let checked = network.checked(vec![submission.clone()]);
            chain.commit(checked.clone(), network.certify(&checked)).unwrap();
            network.block(vec![submission]);
        }
        let (desk, told) =
            (Arc::new(Desk::default()), Arc::new(Told(Mutex::new(View { is_told: true, ..View::default() }))));
        let (peers, who) = watch::channel(vec![peer(2), peer(3)]);
        let (stop, stopped) = watch::channel(false);
        let handles = Handles {
            chain: chain.clone(),
            node: NodeNumber(1),
            keys: fixture::node(1).keys.to_vec().try_into().unwrap(),
            home: folder.path().to_owned(),
            peers: who,
            pending: watch::channel(Pending { events: 5, oldest: None }).1,
            submissions: Arc::clone(&desk) as Arc<dyn Submissions>,
            known: KnownProtocols::new(NodeNumber(1), ledger_core::names::PROTOCOL),
            agreement: Arc::clone(&told) as Arc<dyn Agreement>,
            equivocations: Equivocations::open(&folder.path().join("consensus"), chain.genesis().chain_id()).unwrap(),
            metrics: Arc::default(),
        };
        let equivocations = handles.equivocations.clone();
        let (address, socket) = (bound.address(), bound.socket().to_owned());
        let served = tokio::spawn(async move { bound.serve(handles, &config, stopped).await });
        Self { folder, network, chain, desk, told, peers, equivocations, address, socket, stop, served }
    }

    async fn small() -> Self {
        Self::new(3, any("127.0.0.1:0")).await
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, self.address.port())).await.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        ask(self.tcp().await, get(path)).await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        ask(self.tcp().await, post(path, body)).await
    }

    async fn end(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(60), self.served).await.unwrap().unwrap();
        assert!(!self.socket.exists());
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "127.0.0.1").body(Body::empty()).unwrap()
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    let head = Request::post(path).header("host", "127.0.0.1").header("content-type", "application/json");
    head.body(body.into()).unwrap()
}

struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    /// None where the answer broke off.
    body: Option<Bytes>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_ref().unwrap()).unwrap()
    }

    /// The code of a problem, whose form is checked.
    fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status);
        for field in ["type", "title", "title_zh", "detail", "detail_zh", "code"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {body}");
        }
        body["code"].as_str().unwrap().to_owned()
    }
}

async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, request: Request<Body>) -> Answer {
    try_ask(stream, request).await.unwrap()
}

/// An error where the connection ends without an answer.
async fn try_ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> hyper::Result<Answer> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.ok().map(|body| body.to_bytes());
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}
