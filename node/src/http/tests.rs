use super::*;
use crate::archive::{ArchiveReader, Item};
use crate::store::StoreConfig;
use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use ledger_core::audit::{Auditor, Evidence, Options, Verdict};
use ledger_core::event::{Action, Approve, Event};
use ledger_core::fixture::{self, Network, code, governance_key};
use ledger_core::governance::Change;
use ledger_core::ids::{Height, Sequence};
use ledger_core::merkle::LogIndex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
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
        let (desk, told) = (Arc::new(Desk::default()), Arc::new(Told(Mutex::default())));
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
            agreement: Arc::clone(&told) as Arc<dyn Agreement>,
            metrics: Arc::default(),
        };
        let bound = Bound::new(&config, folder.path()).await.unwrap();
        let (address, socket) = (bound.address(), bound.socket().to_owned());
        let served = tokio::spawn(async move { bound.serve(handles, &config, stopped).await });
        Self { folder, network, chain, desk, told, peers, address, socket, stop, served }
    }

    async fn small() -> Self {
        Self::new(3, any("127.0.0.1:0")).await
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, self.address.port())).await.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        ask(self.tcp().await, Request::get(path).header("host", "127.0.0.1").body(Body::empty()).unwrap()).await
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
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.ok().map(|body| body.to_bytes());
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_where_the_node_stands() {
    let bed = Bed::small().await;
    let status: Status = serde_json::from_slice(&bed.get("/v1/status").await.body.unwrap()).unwrap();
    let tip = &bed.network.tip;
    assert_eq!((status.chain_id, status.height, status.tip), (tip.chain, Height(3), tip.hash));
    assert_eq!((status.events, status.log_size.0, status.subjects), (12, 15, 12));
    assert_eq!((status.log_root, status.map_root), (tip.frontier.root(), tip.map_root));
    assert_eq!((status.role, status.node, status.member), (Role::Validator, NodeNumber(1), Some(code("370000"))));
    assert_eq!(status.peers.len(), 2);
    assert_eq!(status.peers[0].member, Some(code("370100")));
    assert_eq!((status.pending, status.ready), (5, true));
    assert!(status.disk_free.is_some_and(|free| free > 0));
    assert_eq!(status.version, env!("CARGO_PKG_VERSION"));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_says_why_not() {
    let bed = Bed::small().await;
    assert_eq!(bed.get("/healthz").await.status, 200);
    let ready = bed.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &Value::Bool(true)));
    let codes = |answer: &Answer| -> Vec<String> {
        let body = answer.json();
        body["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
    };
    // Two of four is not more than two thirds.
    bed.peers.send_replace(vec![peer(2)]);
    let answer = bed.get("/readyz").await;
    assert_eq!((answer.status, codes(&answer)), (503, vec!["NOT_CONNECTED".to_owned()]));
    bed.peers.send_replace(vec![peer(2), peer(4)]);
    for (highest, halted, wanted) in [(5, None, None), (6, None, Some("BEHIND")), (0, Some("a report"), Some("HALTED"))]
    {
        *bed.told.0.lock().unwrap() =
            View { highest: Height(highest), halted: halted.map(str::to_owned), ..View::default() };
        let answer = bed.get("/readyz").await;
        assert_eq!(codes(&answer), wanted.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(answer.status, if wanted.is_some() { 503 } else { 200 });
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_vote_on_the_first_block_is_not_ready() {
    for (blocks, status) in [(0, 503), (1, 200)] {
        let bed = Bed::new(blocks, any("127.0.0.1:0")).await;
        *bed.told.0.lock().unwrap() = View { silent: Some("a reason".to_owned()), ..View::default() };
        let answer = bed.get("/readyz").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json().to_string().contains("NOT_BEGUN"), blocks == 0);
        bed.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_member_any_more_says_why() {
    for (change, words) in [
        (Change::RotateNodeKeys(NodeNumber(1), fixture::node(9).keys), "has other keys of node 1"),
        (Change::RemoveNode(NodeNumber(1)), "has no node 1"),
    ] {
        let mut bed = Bed::small().await;
        bed.peers.send_replace(vec![peer(2), peer(3), peer(4)]);
        let block = bed.network.govern(change, Height(5));
        let checked = bed.chain.check(block.block().clone()).unwrap();
        bed.chain.commit(checked, block.certificate().unwrap().clone()).unwrap();
        let answer = bed.get("/readyz").await;
        let reasons = answer.json()["reasons"].as_array().unwrap().clone();
        assert_eq!((answer.status, reasons.len()), (503, 1), "{reasons:?}");
        assert_eq!(reasons[0]["code"], "NOT_A_MEMBER");
        assert!(reasons[0]["en"].as_str().unwrap().contains(words), "{reasons:?}");
        bed.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_served_as_they_are_and_for_people() {
    let bed = Bed::small().await;
    let block = bed.get("/v1/blocks/2").await;
    assert_eq!(block.headers["content-type"], "application/octet-stream");
    assert_eq!(block.body.unwrap(), bed.network.blocks[1]);
    let shown = bed.get("/v1/blocks/2?format=json").await.json();
    assert_eq!(shown["header"]["height"], 2);
    assert_eq!(shown["events"].as_array().unwrap().len(), 4);
    assert_eq!(shown["events"][0]["log_index"], 6);
    assert_eq!(shown["events"][3]["kind"], "new");
    assert_eq!(shown["events"][3]["outcome"], "applied");
    assert_eq!(shown["parent_certificate"]["nodes"].as_array().unwrap().len(), 4);
    for (path, status, wanted) in [
        ("/v1/blocks/0", 404, "UNKNOWN_BLOCK"),
        ("/v1/blocks/4", 404, "UNKNOWN_BLOCK"),
        ("/v1/blocks/x", 400, "BAD_REQUEST"),
        ("/v1/blocks/2?format=xml", 400, "BAD_REQUEST"),
        ("/v1/blocks?from=4", 404, "UNKNOWN_BLOCK"),
        ("/v1/blocks?from=0", 400, "BAD_REQUEST"),
        ("/v1/blocks?from=3&to=2", 400, "BAD_REQUEST"),
        ("/v1/blocks?form=3", 400, "BAD_REQUEST"),
        ("/v1/blacks", 404, "NO_ROUTE"),
    ] {
        let answer = bed.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, wanted), "{path}");
    }
    let deleted = Request::delete("/v1/status").body(Body::empty()).unwrap();
    assert_eq!(ask(bed.tcp().await, deleted).await.problem(), "NO_METHOD");
    bed.end().await;
}

/// Audits an archive as an auditor would who has nothing else.
fn audit(bytes: &[u8], network: &Network) -> ledger_core::audit::Report {
    let mut archive = ArchiveReader::open(bytes, Path::new("stream"), &network.tip.chain).unwrap();
    let mut auditor = Auditor::new(&network.genesis, archive.foot(), None, Options::default()).unwrap();
    let mut certificate = None;
    while let Some(item) = archive.next_item().unwrap() {
        match item {
            Item::Block(bytes) => auditor.blocks(&[Evidence::Bytes(&bytes)]),
            Item::End(end) => certificate = Some(end),
        }
    }
    auditor.finish(certificate.as_ref())
}

#[tokio::test(flavor = "multi_thread")]
async fn stretches_are_archives_that_audit() {
    let bed = Bed::new(40, any("127.0.0.1:0")).await;
    for (path, to, whole) in [
        ("/v1/blocks", 40, true),
        ("/v1/blocks?to=25", 25, true),
        ("/v1/blocks?from=12&to=30", 30, false),
        ("/v1/blocks?from=40&to=99", 40, false),
    ] {
        let answer = bed.get(path).await;
        assert_eq!(answer.headers["luqi-to"], to.to_string());
        let report = audit(&answer.body.unwrap(), &bed.network);
        assert_eq!((report.findings.as_slice(), report.height), ([].as_slice(), Height(to)), "{path}");
        assert_eq!(report.verdict, if whole { Verdict::Holds } else { Verdict::Undecided });
        assert_eq!(report.signed, Some(Height(to)));
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_cannot_be_read_breaks_off() {
    let bed = Bed::new(40, any("127.0.0.1:0")).await;
    // Older blocks stand in sealed files: one is cut short under the node.
    let sealed = bed.folder.path().join("ledger/sealed");
    bed.chain.store().seal().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(sealed).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "luqi"));
    files.sort();
    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    let answer = bed.get("/v1/blocks").await;
    assert_eq!((answer.status, answer.body), (200, None));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_taken_and_asked_after() {
    let bed = Bed::small().await;
    let receipt = bed.post("/v1/submissions", "[]").await;
    assert_eq!(receipt.status, 202);
    let receipt = receipt.json();
    assert_eq!(receipt["items"][0], serde_json::json!({"outcome": "accepted", "sequence": 7, "position": 2}));
    let found = bed.get(&format!("/v1/submissions/{}", receipt["id"].as_str().unwrap())).await.json();
    let wanted = serde_json::json!({"state": "final", "height": 3, "log_index": 9, "applied": true});
    assert_eq!(found["items"], serde_json::json!([wanted]));
    assert_eq!(bed.get("/v1/submissions/m77").await.problem(), "UNKNOWN_SUBMISSION");
    let unreadable = bed.post("/v1/submissions", "{").await;
    assert_eq!((unreadable.status, unreadable.problem().as_str()), (422, "UNREADABLE"));
    assert_eq!(unreadable.json()["finding"], "NOT_JSON");
    bed.desk.busy.store(true, Ordering::Relaxed);
    let busy = bed.post("/v1/submissions", "[]").await;
    assert_eq!((busy.status, busy.problem().as_str()), (503, "BUSY"));
    assert_eq!(busy.headers["retry-after"], "2");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_from_this_machine_and_no_web_page() {
    let local = Bed::small().await;
    let on_socket = UnixStream::connect(&local.socket).await.unwrap();
    assert_eq!(ask(on_socket, post("/v1/submissions", "[]")).await.status, 202);
    let with = |name: &str, value: &str| {
        let mut request = post("/v1/submissions", "[]");
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for (request, wanted) in [
        (with("origin", "http://evil.example"), "FOREIGN_ORIGIN"),
        (with("host", "evil.example"), "FOREIGN_ORIGIN"),
        (with("content-type", "text/plain"), "NOT_JSON"),
    ] {
        assert_eq!(ask(local.tcp().await, request).await.problem(), wanted);
    }
    local.end().await;

    let open = Bed::new(1, any("0.0.0.0:0")).await;
    for path in ["/v1/submissions", "/v1/governance"] {
        let answer = open.post(path, "[]").await;
        assert_eq!((answer.status, answer.problem().as_str()), (403, "LOCAL_ONLY"));
    }
    let on_socket = UnixStream::connect(&open.socket).await.unwrap();
    assert_eq!(ask(on_socket, post("/v1/submissions", "[]")).await.status, 202);
    assert_eq!(open.get("/v1/status").await.status, 200);
    open.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_its_owners_and_a_stale_one_is_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let config = any("127.0.0.1:0");
    let first = Bound::new(&config, folder.path()).await.unwrap();
    let mode = std::fs::metadata(first.socket()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    drop(first);
    assert!(folder.path().join("node.sock").exists());
    let second = Bound::new(&config, folder.path()).await.unwrap();
    assert!(UnixStream::connect(second.socket()).await.is_ok());
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing is left beside it");
    let path = folder.path().join("other");
    std::fs::write(&path, "a file").unwrap();
    let wrong = HttpSection { socket: path.clone(), ..config };
    assert!(matches!(Bound::new(&wrong, folder.path()).await, Err(HttpError::InTheWay(_))));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "a file");
    let taken = HttpSection { listen: second.address(), ..HttpSection::default() };
    assert!(matches!(Bound::new(&taken, folder.path()).await, Err(HttpError::Address { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_rates_times_and_connections_have_limits() {
    let config = HttpSection {
        max_body_bytes: 1000,
        max_connections: 8,
        max_streams: 1,
        requests_per_second: 1,
        burst: 4,
        request_timeout_ms: 1_000,
        header_timeout_ms: 1_000,
        ..any("0.0.0.0:0")
    };
    let bed = Bed::new(1, config).await;
    let unix = || async { UnixStream::connect(&bed.socket).await.unwrap() };
    let large = ask(unix().await, post("/v1/submissions", vec![b' '; 1001])).await;
    assert_eq!((large.status, large.problem().as_str()), (413, "BODY_TOO_LARGE"));
    let pieces = futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 100]))));
    let chunked = ask(unix().await, post("/v1/submissions", Body::from_stream(pieces))).await;
    assert_eq!(chunked.problem(), "BODY_TOO_LARGE");
    let slow = ask(unix().await, post("/v1/submissions", "wait")).await;
    assert_eq!((slow.status, slow.problem().as_str()), (408, "TIMEOUT"));

    // Two connections of one address, a quarter of eight; a third one is closed.
    let (first, second) = (bed.tcp().await, bed.tcp().await);
    let mut third = bed.tcp().await;
    let mut nothing = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut third, &mut nothing).await;
    assert!(nothing.is_empty());
    // A head that does not come ends its connection, too.
    for mut idle in [first, second] {
        let _ = idle.write_all(b"GET /v1/status HTTP/1.1\r\n").await;
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut idle, &mut nothing).await;
    }
    let mut limited = None;
    for _ in 0..8 {
        let answer = bed.get("/healthz").await;
        if answer.status == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.unwrap();
    assert_eq!(limited.problem(), "TOO_MANY_REQUESTS");
    assert!(limited.headers.contains_key("retry-after"));
    // Who asks on the socket is not held up by it.
    let request = Request::get("/v1/status").header("host", "x").body(Body::empty()).unwrap();
    assert_eq!(ask(unix().await, request).await.status, 200);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_and_approvals_are_judged_before_they_are_submitted() {
    let mut bed = Bed::small().await;
    let change = Change::SetPower(NodeNumber(4), 3);
    let propose = |change: &Change, effective: u64| {
        serde_json::json!({"propose": {"change": change, "effective": effective}}).to_string()
    };
    for (body, status, wanted) in [
        ("{}".to_owned(), 400, "BAD_REQUEST"),
        (propose(&change, 4), 422, "BAD_CHANGE"),
        (propose(&Change::RemoveNode(NodeNumber(9)), 20), 422, "BAD_CHANGE"),
    ] {
        let answer = bed.post("/v1/governance", body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, wanted));
        assert!(answer.json()["pointer"].is_string());
    }
    let taken = bed.post("/v1/governance", propose(&change, 20)).await;
    assert_eq!((taken.status, &taken.json()["sequence"]), (202, &Value::from(8)));
    let id = change.id(Height(20));
    assert_eq!(taken.json()["proposal"], id.to_string());

    let approval = |key: u32, member: &str| {
        let approve = Approve::sign(&bed.network.tip.chain, &governance_key(key), code(member), id);
        let (proposal, member, signature) = (approve.proposal, approve.member, approve.signature);
        serde_json::json!({"approve": {"proposal": proposal, "member": member, "signature": signature}}).to_string()
    };
    let (good, forged, stranger) = (approval(2, "370100"), approval(3, "370100"), approval(2, "379900"));
    assert_eq!(bed.post("/v1/governance", good.clone()).await.problem(), "UNKNOWN_PROPOSAL");
    let event = bed.desk.governed.lock().unwrap().pop().unwrap();
    let submission = bed.network.submission(1, vec![event]);
    let checked = bed.network.checked(vec![submission.clone()]);
    bed.chain.commit(checked.clone(), bed.network.certify(&checked)).unwrap();
    bed.network.block(vec![submission]);
    for (body, wanted) in [(forged, "BAD_APPROVAL"), (stranger, "BAD_APPROVAL")] {
        assert_eq!(bed.post("/v1/governance", body).await.problem(), wanted);
    }
    assert_eq!(bed.post("/v1/governance", good).await.status, 202);
    assert!(matches!(bed.desk.governed.lock().unwrap().pop(), Some(Event::Approve(_))));

    let members = bed.get("/v1/members").await.json();
    assert_eq!(members["proposals"][0]["id"], id.to_string());
    assert_eq!(members["proposals"][0]["effective"], 20);
    assert_eq!(members["in_force"]["members"].as_array().unwrap().len(), 4);
    assert_eq!((&members["height"], &members["total_power"]), (&Value::from(4), &Value::from(4)));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_what_the_chain_says() {
    let bed = Bed::small().await;
    bed.post("/v1/submissions", "[]").await;
    let answer = bed.get("/metrics").await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body.unwrap().to_vec()).unwrap();
    for line in [
        "luqi_block_height 3",
        "luqi_events_total 12",
        "luqi_reached_power 3",
        "luqi_messages_total 1",
        "luqi_items_total{outcome=\"accepted\"} 1",
        "luqi_http_requests_total{status=\"2xx\"} 1",
        "# TYPE process_resident_memory_bytes gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found.trim_end_matches(".0") == line), "{line}: {text}");
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_before_the_end() {
    let bed = Bed::small().await;
    let mut stream = bed.tcp().await;
    stream.write_all(b"POST /v1/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[").await.unwrap();
    // Until the head was read there is no request under way.
    while bed.get("/healthz").await.status != 200 {}
    bed.stop.send_replace(true);
    stream.write_all(b"]").await.unwrap();
    let mut text = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text).await.unwrap();
    assert!(text.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&text));
    bed.end().await;
}

#[test]
fn every_problem_has_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<_> = Code::ALL.map(Code::as_str).into();
    assert_eq!(codes.len(), Code::ALL.len());
    let documented = include_str!("../../../docs/api.md");
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(documented.contains(&row), "{row}");
        assert!(documented.contains(code.titles().1), "{}", code.as_str());
    }
}
