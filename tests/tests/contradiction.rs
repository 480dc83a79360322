//! A node whose own computation contradicts what more than two thirds have certified: it stays up, says so, and does
//! nothing more until it is stopped.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, Bytes, List};
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, MapRoot, NodeNumber, Round};
use luqi_node::chain::Chain;
use luqi_node::home::read_genesis;
use luqi_node::keys::NodeKeys;
use luqi_node::network::wire::{Request, Response};
use luqi_node::network::{EngineEvent, Question, Topic};
use luqi_node::store::StoreConfig;
use luqi_tests::luqi;
use luqi_tests::net::fleet::Fleet;
use luqi_tests::net::http;
use luqi_tests::net::load::message;
use luqi_tests::net::stand_in::StandIn;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(120);
/// The node that is told; the others certify.
const TOLD: u32 = 4;
/// So far a node that is behind fetches by ranges.
const BLOCKS: u64 = 20;

/// What the three others certify.
struct Certified {
    blocks: Vec<Block>,
    last: Certificate,
}

/// Signs by the three others, whose homes are at hand.
fn certify(fleet: &Fleet, block: &Block) -> Certificate {
    let genesis = read_genesis(&fleet.genesis).unwrap();
    let keys = [1, 2, 3].map(|node| NodeKeys::read(&fleet.node(node).home.join("keys")).unwrap());
    let signers: Vec<_> =
        (1..).map(NodeNumber).zip(&keys).map(|(node, keys)| (node, keys.key(Purpose::Consensus))).collect();
    Certificate::sign(&genesis.chain_id(), block.header.height, Round(0), block.header.hash(), &signers)
}

/// A chain of empty blocks in a folder, by the three others; the last one is changed before it is certified.
fn chain(fleet: &Fleet, folder: &Path, blocks: u64, change: fn(&mut Block)) -> Certified {
    let chain = Chain::open(folder, read_genesis(&fleet.genesis).unwrap(), StoreConfig::default()).unwrap();
    let mut made = Vec::new();
    loop {
        let checked = chain.assemble(NodeNumber(1), Vec::new()).unwrap();
        let mut block = checked.block().clone().into_block();
        if block.header.height == Height(blocks) {
            change(&mut block);
            let last = certify(fleet, &block);
            made.push(block);
            return Certified { blocks: made, last };
        }
        chain.commit(checked, certify(fleet, &block)).unwrap();
        made.push(block);
    }
}

/// Serves what is certified to whoever asks, and notes on what topics it is spoken to, for as long as `while_served`
/// takes.
fn serve<T: Send + 'static>(
    fleet: &Fleet,
    certified: Certified,
    while_served: impl FnOnce() -> T + Send + 'static,
) -> (T, BTreeSet<Topic>) {
    let node = fleet.node(1);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut stand_in = StandIn::begin(&node.home, node.p2p, &[]).await;
        let mut heard = BTreeSet::new();
        let mut done = tokio::task::spawn_blocking(while_served);
        let result = loop {
            tokio::select! {
                result = &mut done => break result.unwrap(),
                Some(question) = stand_in.inboxes.blocks.recv() => answer(question, &certified),
                Some(_) = stand_in.inboxes.mempool.recv() => {}
                Some(event) = stand_in.inboxes.engine.recv() => if let EngineEvent::Gossip(gossip) = event {
                    heard.insert(gossip.topic);
                },
            }
        };
        stand_in.end().await;
        (result, heard)
    })
}

fn answer(question: Question, certified: &Certified) {
    let Request::Range { from, .. } = question.request else { return };
    let asked = certified.blocks.iter().filter(|block| block.header.height >= from);
    let blocks = List::new(asked.map(|block| Bytes::new(codec::encode(block)).unwrap()).collect()).unwrap();
    let certificate = Some(certified.last.clone());
    // Whoever asked may be gone.
    let _ = question.answer.send(Response::Range { tip: certified.last.height, blocks, certificate });
}

/// The node runs, says this at every place where somebody looks, takes nothing in, votes for nothing, and ends with 1.
fn stays_up(mut fleet: Fleet, certified: Certified, code: &'static str, exit: i32) {
    fleet.node_mut(TOLD).start();
    let log = fleet.node(TOLD).log();
    let address = fleet.node(TOLD).http;
    let halts = move || {
        let begun = std::time::Instant::now();
        let ready = loop {
            let ready = http::get(address, "/readyz", LONG).map(|answer| String::from_utf8(answer.body).unwrap());
            match ready {
                Ok(ready) if ready.contains(code) => break ready,
                other => assert!(begun.elapsed() < LONG, "{other:?}\n{}", std::fs::read_to_string(&log).unwrap()),
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        assert!(ready.contains("does not follow here"), "{ready}");
        let healthy = http::get(address, "/healthz", LONG).unwrap();
        let taken = http::post(address, "/v1/submissions", &message(1, 1), LONG).unwrap();
        assert_eq!((healthy.code, taken.code), (200, 503), "{}", String::from_utf8_lossy(&taken.body));
        let url = format!("http://{address}");
        let status = luqi::run(&["status", "--url", &url].map(OsStr::new));
        assert_eq!(status.code, Some(exit), "{}{}", status.out, status.err);
        assert!(status.out.contains("does not follow here"), "{}", status.out);
    };
    let ((), heard) = serve(&fleet, certified, halts);
    let votes = [Topic::Consensus, Topic::Liveness, Topic::Parts].iter().any(|topic| heard.contains(topic));
    assert!(!votes, "it takes part all the same: {heard:?}");
    let node = fleet.node_mut(TOLD);
    assert!(node.runs(), "it stays up");
    assert_eq!(node.stop(), Some(1));
    let said = std::fs::read_to_string(node.log()).unwrap();
    assert!(said.contains("this node halts, and says so until it is stopped"), "{said}");
}

#[test]
fn who_computes_another_state_than_what_is_certified_halts_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), 4, 0, &[]);
    let certified =
        chain(&fleet, &folder.path().join("certified"), BLOCKS, |block| block.header.map_root = MapRoot([7; 32]));
    stays_up(fleet, certified, "HALTED", 16);
}

#[test]
fn who_has_another_certified_chain_says_that_there_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), 4, 0, &[]);
    // Its own: two blocks, of which the second is another one than theirs.
    let own = chain(&fleet, &fleet.node(TOLD).home.join("ledger"), 3, |_| {});
    let certified = chain(&fleet, &folder.path().join("certified"), BLOCKS, |_| {});
    assert_ne!(own.blocks[1].header.hash(), certified.blocks[1].header.hash());
    stays_up(fleet, certified, "FORKED", 17);
}

/// A control: what follows is taken, and there is nothing to say.
#[test]
fn who_is_told_what_follows_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 4, 0, &[]);
    let certified = chain(&fleet, &folder.path().join("certified"), BLOCKS, |_| {});
    fleet.node_mut(TOLD).start();
    let address = fleet.node(TOLD).http;
    let reached = move || {
        let begun = std::time::Instant::now();
        let height = || http::get(address, "/v1/status", LONG).ok()?.json()["height"].as_u64();
        while height() != Some(BLOCKS) {
            assert!(begun.elapsed() < LONG, "it stands at {:?}", height());
            std::thread::sleep(Duration::from_millis(100));
        }
        String::from_utf8(http::get(address, "/readyz", LONG).unwrap().body).unwrap()
    };
    let (ready, _) = serve(&fleet, certified, reached);
    assert!(!ready.contains("HALTED") && !ready.contains("FORKED"), "{ready}");
    assert_eq!(fleet.node_mut(TOLD).stop(), Some(0));
}
