//! What is sent to a node: messages, proposals; and the limits.

use super::*;

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
        (with("x-forwarded-for", "192.0.2.7"), "FOREIGN_ORIGIN"),
        (with("via", "1.1 proxy.example"), "FOREIGN_ORIGIN"),
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
async fn sizes_have_limits() {
    let bed = Bed::new(1, HttpSection { max_body_bytes: 1000, ..any("0.0.0.0:0") }).await;
    let unix = || async { UnixStream::connect(&bed.socket).await.unwrap() };
    let large = ask(unix().await, post("/v1/submissions", vec![b' '; 1001])).await;
    assert_eq!((large.status, large.problem().as_str()), (413, "BODY_TOO_LARGE"));
    let pieces = futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 100]))));
    let chunked = ask(unix().await, post("/v1/submissions", Body::from_stream(pieces))).await;
    assert_eq!(chunked.problem(), "BODY_TOO_LARGE");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_times_and_connections_have_limits() {
    let config = HttpSection {
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
    let slow = ask(unix().await, post("/v1/submissions", "wait")).await;
    assert_eq!((slow.status, slow.problem().as_str()), (408, "TIMEOUT"));

    // Two connections of one address, a quarter of eight; a third one is closed.
    let (first, second) = (bed.tcp().await, bed.tcp().await);
    let mut third = bed.tcp().await;
    let mut said = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut third, &mut said).await;
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("HTTP/1.1 429 ") && said.contains("TOO_MANY_CONNECTIONS"), "{said}");
    // A head that does not come ends its connection, too: nothing of it is answered, and the place is given back.
    for mut idle in [first, second] {
        idle.write_all(b"GET /v1/status HTTP/1.1\r\n").await.unwrap();
        let mut said = Vec::new();
        let ended = tokio::io::AsyncReadExt::read_to_end(&mut idle, &mut said);
        let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
        assert!(ended.is_ok(), "a head that does not come keeps its connection for good");
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(" 200 "), "{said}");
    }
    let limited = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            match try_ask(bed.tcp().await, get("/healthz")).await {
                Ok(answer) if answer.status == 429 => break answer,
                Ok(_) => {}
                // A place is given back a moment after its connection is seen to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    });
    let limited = limited.await.unwrap();
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
        (propose(&change, 2_000_000), 422, "BAD_CHANGE"),
        (propose(&Change::Withdraw(change.id(Height(4))), 20), 422, "BAD_CHANGE"),
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
        let approve = Approve::sign(&bed.network.tip.chain(), &governance_key(key), code(member), id);
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

    // A protocol of which this version has no rules, proposed through another node.
    let newer = Change::Activate(ledger_core::names::Protocol(2));
    assert_eq!(bed.post("/v1/governance", propose(&newer, 20)).await.problem(), "UNKNOWN_PROTOCOL");
    let proposal = ledger_core::governance::Propose { change: newer.clone().into(), effective: Height(20) };
    let submission = bed.network.submission(2, vec![Event::Propose(Box::new(proposal))]);
    let checked = bed.network.checked(vec![submission.clone()]);
    bed.chain.commit(checked.clone(), bed.network.certify(&checked)).unwrap();
    bed.network.block(vec![submission]);
    let approve = Approve::sign(&bed.network.tip.chain(), &governance_key(2), code("370100"), newer.id(Height(20)));
    let (proposal, member, signature) = (approve.proposal, approve.member, approve.signature);
    let approve = serde_json::json!({"approve": {"proposal": proposal, "member": member, "signature": signature}});
    let refused = bed.post("/v1/governance", approve.to_string()).await;
    assert_eq!((refused.status, refused.problem().as_str()), (409, "UNKNOWN_PROTOCOL"));
    assert_eq!(refused.json()["pointer"], "/approve/proposal");

    let members = bed.get("/v1/members").await.json();
    assert_eq!(members["heard"], serde_json::json!([1]));
    assert_eq!(members["proposals"][0]["id"], id.to_string());
    assert_eq!(members["proposals"][0]["effective"], 20);
    assert_eq!(members["in_force"]["members"].as_array().unwrap().len(), 4);
    assert_eq!((&members["height"], &members["total_power"]), (&Value::from(5), &Value::from(4)));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_before_the_end() {
    let bed = Bed::small().await;
    let mut stream = bed.tcp().await;
    let head = "POST /v1/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // Until the head was read there is no request under way: the node says so once it asks for the body.
    let mut go_on = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"[").await.unwrap();
    bed.stop.send_replace(true);
    stream.write_all(b"]").await.unwrap();
    let mut text = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text).await.unwrap();
    assert!(text.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&text));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_counted_before_they_are_read_and_given_back() {
    let config = HttpSection { max_body_bytes: 1_000, max_bodies_bytes: 2_000, ..any("127.0.0.1:0") };
    let bed = Bed::new(1, config).await;
    let head = "POST /v1/submissions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n";
    let mut unfinished = Vec::new();
    for length in ["content-length: 900", "transfer-encoding: chunked"] {
        let mut stream = bed.tcp().await;
        stream.write_all(format!("{head}{length}\r\n\r\n").as_bytes()).await.unwrap();
        unfinished.push(stream);
    }
    let busy = async || bed.post("/v1/submissions", vec![b' '; 200]).await;
    // The heads arrive a moment after they were sent.
    let refused = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let answer = busy().await;
            if answer.status == 503 {
                break answer;
            }
        }
    });
    let refused = refused.await.unwrap();
    assert_eq!(refused.problem(), "BUSY");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(bed.post("/v1/submissions", vec![b' '; 90]).await.status, 202, "there is room for a small one");
    drop(unfinished);
    let taken = tokio::time::timeout(Duration::from_secs(60), async {
        while busy().await.status != 202 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    taken.await.unwrap();
    bed.end().await;
}

/// What is answered to bytes that are no proper request.
async fn answered(bed: &Bed, bytes: &[u8]) -> String {
    let mut stream = bed.tcp().await;
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut said).await;
    String::from_utf8(said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem() {
    let bed = Bed::small().await;
    let long = format!("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {}\r\n\r\n", "y".repeat(64 << 10));
    let lines = "x: y\r\n".repeat(80);
    let many = format!("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}\r\n");
    let hosts = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: b\r\nconnection: close\r\n\r\n";
    let none = "no request at all\r\n\r\n";
    for (request, status, code) in [
        (long.as_str(), 431, "HEAD_TOO_LARGE"),
        (&many, 431, "HEAD_TOO_LARGE"),
        (hosts, 400, "BAD_REQUEST"),
        (none, 400, "BAD_REQUEST"),
    ] {
        let said = answered(&bed, request.as_bytes()).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/problem+json"), "{said}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["status"], &body["code"]), (&status.into(), &code.into()), "{said}");
        assert!(!body["detail_zh"].as_str().unwrap().is_empty());
    }
    bed.end().await;
}
