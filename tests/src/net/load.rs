//! A steady load of contracts, each of which must come onto the chain exactly once.

use super::http;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A message with new contracts whose numbers nobody else uses.
#[must_use]
pub fn message(first: u64, count: u64) -> Vec<u8> {
    let contract = |number: u64| {
        json!({
            "合同编号": format!("LD{number:016}"), "合同名称": "劳动合同书", "劳动者证件类型": "01",
            "劳动者姓名": "欧阳洋欣", "劳动者证件号码": "37050319641024994X", "劳动者联系电话": "17900002971",
            "合同期限类别": "01", "合同期限起始日期": "20250211", "合同期限终止日期": "20280210",
            "职工类别": "01", "合同类别": "04", "单位签订日期": "20250208", "个人签订日期": "20250208"
        })
    };
    let list: Vec<Value> = (first..first + count).map(contract).collect();
    serde_json::to_vec(&json!({"单位统一信用代码": "91370211MAFAK00020", "合同新订列表": list})).unwrap()
}

/// What was acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Items that some node has accepted, at first or as what it had already.
    pub items: u64,
    /// The ids of the requests that brought them, and where.
    pub requests: Vec<(SocketAddr, String)>,
}

/// Threads that send, one a node, until they are told to end.
pub struct Load {
    stop: Arc<AtomicBool>,
    taken: Arc<Mutex<BTreeMap<u64, Acknowledged>>>,
    sent: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Sends `items` a message to each of some nodes, pausing in between. A message is sent again to the
    /// same node until it is acknowledged.
    #[must_use]
    pub fn start(nodes: &[SocketAddr], items: u64, pause: Duration) -> Self {
        let (stop, taken, sent) = (Arc::default(), Arc::default(), Arc::default());
        let mut load = Self { stop, taken, sent, threads: Vec::new() };
        for (place, address) in (0..).zip(nodes.iter().copied()) {
            let (stop, taken, sent) = (Arc::clone(&load.stop), Arc::clone(&load.taken), Arc::clone(&load.sent));
            load.threads.push(thread::spawn(move || {
                // Every node has its own numbers: two nodes that record one contract are a duplicate to
                // the fold, and no fault of theirs.
                let mut next = (place + 1) * 1_000_000_000;
                while !stop.load(Ordering::SeqCst) {
                    let message = message(next, items);
                    sent.fetch_add(items, Ordering::SeqCst);
                    let acknowledged = until_acknowledged(address, &message);
                    let mut taken = taken.lock().unwrap();
                    let own: &mut Acknowledged = taken.entry(place).or_default();
                    own.items += items;
                    own.requests.push((address, acknowledged));
                    next += items;
                    drop(taken);
                    thread::sleep(pause);
                }
            }));
        }
        load
    }

    /// Items that were acknowledged until now.
    ///
    /// # Panics
    /// When a sending thread has.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.taken.lock().unwrap().values().map(|taken| taken.items).sum()
    }

    /// Ends: what is under way is sent until it is acknowledged. The nodes have to run.
    ///
    /// # Panics
    /// When a sending thread has.
    #[must_use]
    pub fn end(self) -> Acknowledged {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let taken = self.taken.lock().unwrap();
        let requests = taken.values().flat_map(|taken| taken.requests.iter().cloned()).collect();
        Acknowledged { items: taken.values().map(|taken| taken.items).sum(), requests }
    }
}

/// Sends a message until a node has acknowledged all of it; gives the id of the request.
///
/// # Panics
/// When the node refuses it, or takes it in no reasonable time.
#[must_use]
pub fn until_acknowledged(address: SocketAddr, message: &[u8]) -> String {
    let start = Instant::now();
    loop {
        match http::post(address, "/v1/submissions", message, Duration::from_secs(20)) {
            Ok(answer) if answer.code == 202 => {
                return answer.json()["id"].as_str().unwrap_or_default().to_owned();
            }
            Ok(answer) if answer.code < 500 && answer.code != 429 => {
                panic!("a good message is refused: {} {}", answer.code, String::from_utf8_lossy(&answer.body));
            }
            _ => {}
        }
        assert!(start.elapsed() < Duration::from_secs(300), "no node at {address} takes a message");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Whether every item of every request is final and applied, or was known already; else what is not.
///
/// # Errors
/// The first request that is not settled.
pub fn settled(acknowledged: &Acknowledged) -> Result<(), String> {
    for (address, id) in &acknowledged.requests {
        let answer = http::get(*address, &format!("/v1/submissions/{id}"), Duration::from_secs(20));
        let answer = answer.map_err(|error| format!("{address} {id}: {error}"))?.json();
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        let done = |item: &Value| match item["state"].as_str() {
            Some("final") => item["applied"] == true,
            Some("duplicate") => true,
            _ => false,
        };
        if items.is_empty() || !items.iter().all(done) {
            return Err(format!("{address} {id}: {answer}"));
        }
    }
    Ok(())
}
