//! The same chain from other hands: a home that holds it, a node that serves it.

use super::links::{Links, archive};
use super::stock::Stock;
use crate::base::small_store;
use crate::campaign::copy_folder;
use crate::edits::{forge_tip, place_in_home};
use ledger_core::certificate::Certificate;
use ledger_core::chain::{HashedBlock, Tip, check};
use ledger_core::crypto::ChainId;
use ledger_core::map::ContractMap;
use ledger_core::names::{BlockHash, Height, NodeNumber, Protocol, Round, Timestamp};
use luqi_node::committer::Ledger;
use luqi_node::http::{Role, State, Status};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The home of a node that holds the stock's own chain.
pub(super) fn make_home(stock: &Stock) {
    let home = stock.folder().join("home");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("genesis.json"), serde_json::to_vec(&stock.genesis).unwrap()).unwrap();
    let mut ledger = Ledger::open(&home.join("ledger"), stock.genesis.clone(), small_store()).unwrap();
    let (mut tip, mut map) = (Tip::genesis(&stock.genesis), ContractMap::default());
    for link in &stock.trunk {
        let checked = check(HashedBlock::read(&link.bytes()).unwrap(), &tip, &map).unwrap();
        let block = checked.finalize(link.certificate.clone()).unwrap();
        tip = block.after().clone();
        block.clone().advance(&mut map).unwrap();
        ledger.push_final(block).unwrap();
        ledger.sync().unwrap();
        ledger.store().seal().unwrap();
    }
    ledger.close();
}

/// A copy of it in which its blocks are replaced; false where there are not as many.
pub(super) fn home(stock: &Stock, links: &Links, tip: (u64, BlockHash), to: &Path) -> bool {
    if links.len() != stock.trunk.len() {
        return false;
    }
    copy_folder(&stock.folder().join("home"), to);
    let blocks: Vec<Vec<u8>> = links.iter().map(super::links::Link::bytes).collect();
    let certificates: Vec<Certificate> = links.iter().map(|link| link.certificate.clone()).collect();
    place_in_home(to, &blocks, &certificates);
    forge_tip(to, &stock.genesis.chain_id(), tip.0, &tip.1);
    true
}

/// A node as an auditor meets it: what it says of itself, and what it serves.
pub(super) struct Server {
    url: String,
    served: Arc<Mutex<Served>>,
}

struct Served {
    chain: ChainId,
    height: u64,
    tip: BlockHash,
    archive: Vec<u8>,
}

impl Server {
    /// Serves nothing yet.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let nothing = Served { chain: ChainId([0; 32]), height: 0, tip: BlockHash([0; 32]), archive: Vec::new() };
        let served = Arc::new(Mutex::new(nothing));
        let serving = Arc::clone(&served);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // An auditor that has gone has heard enough.
                let _ = answer(stream, &serving.lock().unwrap());
            }
        });
        Self { url, served }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Serves a chain from now on, and says that this is all it has.
    pub(super) fn serve(&self, stock: &Stock, links: &Links) {
        let last = links.last().unwrap();
        *self.served.lock().unwrap() = Served {
            chain: stock.genesis.chain_id(),
            height: links.len() as u64,
            tip: last.header.hash(),
            archive: archive(&stock.genesis, links, Some(&last.certificate)),
        };
    }
}

fn answer(mut stream: TcpStream, served: &Served) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let body = match path {
        "/v1/status" => serde_json::to_vec(&status(served)).unwrap(),
        path if path.starts_with("/v1/blocks?from=1&") => served.archive.clone(),
        _ => return stream.write_all(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
    };
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

fn status(served: &Served) -> Status {
    Status {
        state: State::Voting,
        states: vec![State::Voting],
        clock_ahead_ms: None,
        chain_id: served.chain,
        network: "test.luqi.example".to_owned(),
        height: Height(served.height),
        tip: served.tip,
        time: Timestamp(0),
        tip_age_ms: 1_000,
        events: 0,
        log_size: ledger_core::merkle::LogSize(0),
        log_root: ledger_core::merkle::Frontier::default().root(),
        map_root: ledger_core::names::MapRoot::EMPTY,
        subjects: 0,
        role: Role::Validator,
        node: NodeNumber(1),
        member: None,
        power: 1,
        total_power: 4,
        peers: Vec::new(),
        pending: 0,
        deciding: Height(served.height + 1),
        round: Round(0),
        waiting: None,
        silent: None,
        halted: None,
        equivocators: Vec::new(),
        highest: Height(served.height),
        ready: true,
        not_ready: Vec::new(),
        version: "0".to_owned(),
        protocol: Protocol(1),
        newest_protocol: Protocol(1),
        known_protocols: std::collections::BTreeMap::new(),
        knowing_power: 4,
        adopted_protocol: None,
        uptime_s: 1,
        disk_free: None,
    }
}
