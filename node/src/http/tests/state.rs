//! Where the node stands: status, readiness, metrics.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn status_says_where_the_node_stands() {
    let bed = Bed::small().await;
    let status: Status = serde_json::from_slice(&bed.get("/v1/status").await.body.unwrap()).unwrap();
    let tip = &bed.network.tip;
    assert_eq!((status.chain_id, status.height, status.tip), (tip.chain(), Height(3), tip.hash()));
    assert_eq!((status.events, status.log_size.0, status.subjects), (12, 15, 12));
    assert_eq!((status.log_root, status.map_root), (tip.frontier().root(), tip.map_root()));
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
    for (highest, is_told, halted, wanted) in [
        (5, true, None, None),
        (6, true, None, Some("BEHIND")),
        (0, true, Some("a report"), Some("HALTED")),
        (0, false, None, Some("NOT_TOLD")),
    ] {
        *bed.told.0.lock().unwrap() =
            View { highest: Height(highest), is_told, halted: halted.map(str::to_owned), ..View::default() };
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
        *bed.told.0.lock().unwrap() = View { silent: Some("a reason".to_owned()), is_told: true, ..View::default() };
        let answer = bed.get("/readyz").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json().to_string().contains("NOT_BEGUN"), blocks == 0);
        bed.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_member_any_more_says_why() {
    for (change, words) in [
        (Change::RotateNodeKeys(NodeNumber(1), fixture::node(9).keys.into()), "has other keys of node 1"),
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
async fn metrics_are_what_the_chain_says() {
    let bed = Bed::small().await;
    bed.post("/v1/submissions", "[]").await;
    let open = |accept: &str| {
        Request::get("/metrics").header("host", "127.0.0.1").header("accept", accept).body(Body::empty()).unwrap()
    };
    // As Prometheus 2.42 asks, and as who names nothing does.
    let scrape =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1";
    let plain = ask(bed.tcp().await, open("text/plain;version=0.0.4,*/*")).await;
    assert_eq!(plain.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(plain.body.unwrap().to_vec()).unwrap();
    for line in ["# TYPE luqi_events_total counter", "luqi_events_total 12", "# TYPE luqi_node_info gauge"] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(!text.contains("# EOF") && !text.contains("# TYPE luqi_node info"), "{text}");
    let answer = ask(bed.tcp().await, open(scrape)).await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body.unwrap().to_vec()).unwrap();
    for line in [
        "luqi_block_height 3",
        "luqi_events_total 12",
        "luqi_reached_power 3",
        "luqi_messages_total 1",
        "luqi_items_total{outcome=\"accepted\"} 1",
        "luqi_http_requests_total{status=\"2xx\"} 2",
        "luqi_http_request_seconds_count{route=\"/v1/submissions\"} 1",
        "luqi_http_request_seconds_count{route=\"/metrics\"} 1",
        "# TYPE process_resident_memory_bytes gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found.trim_end_matches(".0") == line), "{line}: {text}");
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_cannot_be_sealed_are_told() {
    let bed = Bed::new(40, any("127.0.0.1:0")).await;
    bed.chain.store().seal().unwrap();
    let told = async || String::from_utf8(bed.get("/metrics").await.body.unwrap().to_vec()).unwrap();
    assert!(told().await.contains("\nluqi_sealing_failed 0"));
    std::fs::remove_dir_all(bed.folder.path().join("ledger/sealed")).unwrap();
    let mut network = bed.network.at(ledger_core::names::Height(40));
    for _ in 0..20 {
        let checked = network.checked(vec![]);
        bed.chain.commit(checked.clone(), network.certify(&checked)).unwrap();
        network.block(vec![]);
    }
    bed.chain.store().seal().unwrap_err();
    assert!(told().await.contains("\nluqi_sealing_failed 1"));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_has_a_listener_of_its_own_that_takes_nothing_in() {
    let folder = tempfile::tempdir().unwrap();
    let metrics_listen = crate::config::MetricsListen(Some("127.0.0.1:0".parse().unwrap()));
    let config = HttpSection { metrics_listen, ..any("127.0.0.1:0") };
    let bound = Bound::new(&config, folder.path()).await.unwrap();
    let taken = crate::config::MetricsListen(bound.metrics_address());
    let second = HttpSection { metrics_listen: taken, socket: folder.path().join("other"), ..any("127.0.0.1:0") };
    assert!(matches!(Bound::new(&second, folder.path()).await, Err(HttpError::Metrics { .. })));
    let address = bound.metrics_address().unwrap();
    let bed = Bed::of(1, folder, bound, config).await;
    let there = async |request| ask(TcpStream::connect(address).await.unwrap(), request).await;
    assert_eq!(there(get("/metrics")).await.status, 200);
    assert_eq!(there(get("/healthz")).await.status, 200);
    assert_eq!(there(get("/v1/status")).await.problem(), "NO_ROUTE");
    assert_eq!(there(post("/v1/submissions", "[]")).await.problem(), "NO_ROUTE");
    bed.end().await;
}

#[test]
fn every_problem_has_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<_> = Code::ALL.map(Code::as_str).into();
    assert_eq!(codes.len(), Code::ALL.len());
    let documented = include_str!("../../../../docs/api.md");
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(documented.contains(&row), "{row}");
        assert!(documented.contains(code.titles().1), "{}", code.as_str());
    }
}
