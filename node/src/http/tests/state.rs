//! Where the node stands: status, readiness, metrics.

use super::*;
use ledger_core::names::Protocol;

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
    assert!(answer.json()["reasons"][0]["en"].as_str().unwrap().contains("not connected: node 3 ("));
    bed.peers.send_replace(vec![peer(2), peer(4)]);
    let words = || Some(Words { en: "a report".to_owned(), zh: "报告".to_owned() });
    let well = View { is_told: true, ..View::default() };
    for (view, code, state) in [
        (View { highest: Height(5), ..well.clone() }, None, State::Voting),
        (View { highest: Height(6), ..well.clone() }, Some("BEHIND"), State::Behind),
        (View { clock: words(), ..well.clone() }, Some("CLOCK"), State::Clock),
        (View { silent: words(), ..well.clone() }, Some("SILENT"), State::Silent),
        (View { unheard: words(), ..well.clone() }, Some("NOT_HEARD"), State::Unreachable),
        (View { is_told: false, ..well.clone() }, Some("NOT_TOLD"), State::Unreachable),
        (View { halted: words(), ..well.clone() }, Some("HALTED"), State::Halted),
        (View { forked: words(), ..well.clone() }, Some("FORKED"), State::Forked),
    ] {
        *bed.told.0.lock().unwrap() = view;
        let answer = bed.get("/readyz").await;
        assert_eq!(codes(&answer), code.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(answer.json()["state"], state.name());
        assert_eq!(answer.status, if state.is_ready() { 200 } else { 503 });
    }
    *bed.told.0.lock().unwrap() = well;
    *bed.desk.closed.lock().unwrap() = Some("the look-up is behind".to_owned());
    let answer = bed.get("/readyz").await;
    assert_eq!((answer.status, codes(&answer)), (503, vec!["INTAKE_CLOSED".to_owned()]));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_true_is_listed_and_counted() {
    let bed = Bed::small().await;
    let silent = Some(Words { en: "a reason".to_owned(), zh: String::new() });
    *bed.told.0.lock().unwrap() = View { silent, highest: Height(9), is_told: true, ..View::default() };
    let status: Status = serde_json::from_slice(&bed.get("/v1/status").await.body.unwrap()).unwrap();
    assert_eq!((status.state, status.states), (State::Silent, vec![State::Silent, State::Behind]));
    assert_eq!((status.ready, status.silent.as_deref()), (false, Some("a reason")));
    assert_eq!(status.not_ready.iter().map(|reason| reason.state).collect::<Vec<_>>(), [State::Silent, State::Behind]);
    let text = String::from_utf8(bed.get("/metrics").await.body.unwrap().to_vec()).unwrap();
    for line in [
        "luqi_voting 0",
        "luqi_quorum 1",
        "luqi_intake_open 1",
        "luqi_halted 0",
        "luqi_state{state=\"silent\"} 1",
        "luqi_state{state=\"behind\"} 1",
        "luqi_state{state=\"voting\"} 0",
        "luqi_state{state=\"forked\"} 0",
    ] {
        assert!(text.lines().any(|found| found.trim_end_matches(".0") == line), "{line}: {text}");
    }
    bed.peers.send_replace(Vec::new());
    *bed.told.0.lock().unwrap() = View { is_told: true, ..View::default() };
    *bed.desk.closed.lock().unwrap() = Some("a reason".to_owned());
    let text = String::from_utf8(bed.get("/metrics").await.body.unwrap().to_vec()).unwrap();
    for line in ["luqi_voting 1", "luqi_quorum 0", "luqi_intake_open 0", "luqi_state{state=\"unreachable\"} 1"] {
        assert!(text.lines().any(|found| found.trim_end_matches(".0") == line), "{line}: {text}");
    }
    bed.end().await;
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
async fn a_protocol_that_this_version_does_not_know_is_told_before_it_holds_and_when_the_chain_stands_for_it() {
    let mut bed = Bed::small().await;
    bed.peers.send_replace(vec![peer(2), peer(3), peer(4)]);
    for (effective, codes) in [(Height(50), vec![]), (Height(6), vec!["NEWER_PROTOCOL"])] {
        let block = bed.network.govern(Change::Activate(Protocol(2)), effective);
        let checked = bed.chain.check(block.block().clone()).unwrap();
        bed.chain.commit(checked, block.certificate().unwrap().clone()).unwrap();
        let status: Status = serde_json::from_slice(&bed.get("/v1/status").await.body.unwrap()).unwrap();
        assert_eq!(status.not_ready.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), codes);
        let adopted = AdoptedProtocol { protocol: Protocol(2), effective: Height(50), known: false };
        assert_eq!((status.adopted_protocol, status.newest_protocol), (Some(adopted), Protocol(1)));
        assert_eq!((status.knowing_power, status.known_protocols), (0, [(NodeNumber(1), Protocol(1))].into()));
    }
    let reasons = bed.get("/readyz").await.json()["reasons"].to_string();
    assert!(
        reasons.contains("protocol 2 is in force since block 6") && reasons.contains("node 1, 2, 3, 4"),
        "{reasons}"
    );
    let text = String::from_utf8(bed.get("/metrics").await.body.unwrap().to_vec()).unwrap();
    for line in
        ["luqi_protocol_in_force 2", "luqi_protocol_known 1", "luqi_protocol_adopted 2", "luqi_protocol_known_power 0"]
    {
        assert!(text.lines().any(|found| found.trim_end_matches(".0") == line), "{line}: {text}");
    }
    bed.end().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_twice_is_handed_out_with_all_that_proves_it() {
    let bed = Bed::small().await;
    let evidence = |answer: &Answer| serde_json::from_slice::<Evidence>(answer.body.as_ref().unwrap()).unwrap();
    assert_eq!(evidence(&bed.get("/v1/evidence").await).evidence, []);
    let proof = crate::consensus::test_proof(3, 2);
    assert!(bed.equivocations.keep(proof.clone()).unwrap());
    let found = evidence(&bed.get("/v1/evidence").await);
    let [one] = found.evidence.as_slice() else { panic!("{found:?}") };
    let (chain, membership) = (bed.network.tip.chain(), bed.network.tip.membership());
    assert_eq!((found.chain_id, one.member), (chain, code("370200")));
    let read = one.read(chain).unwrap();
    assert_eq!((&read, read.verify(membership)), (&proof.equivocation, Ok(proof.signer)));
    let status: Status = serde_json::from_slice(&bed.get("/v1/status").await.body.unwrap()).unwrap();
    assert_eq!(status.equivocators, [NodeNumber(3)]);
    let text = String::from_utf8(bed.get("/metrics").await.body.unwrap().to_vec()).unwrap();
    assert!(text.lines().any(|line| line.starts_with("luqi_equivocations 1")), "{text}");
    // Bytes that are not those of the fields, and of another chain.
    let mut other = one.clone();
    other.messages[1].signed.replace_range(..2, "ff");
    assert_eq!(other.read(chain), Err(SignedTwoError::Bytes(2)));
    assert_eq!(one.read(ledger_core::crypto::ChainId([9; 32])), Err(SignedTwoError::Bytes(1)));
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
