//! How many blocks of a size four bare engines decide over the real swarm on this machine:
//! `cargo bench -p luqi-node --features bare-engine --bench engine -- [seconds] [bytes a block]...`. Prints
//! a line of JSON for each size.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark may fail by panicking"
)]

use ledger_core::fixture::{Network as Fixture, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, NodeNumber};
use luqi_node::chain::Chain;
use luqi_node::consensus::bare::{self, Bare};
use luqi_node::network::{self, NetworkConfig, PeerConfig};
use luqi_node::store::StoreConfig;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const ENGINES: u32 = 4;
/// Before anything is counted.
const WARM_UP: Height = Height(10);
const LONG: Duration = Duration::from_secs(120);

fn free_addresses() -> Vec<SocketAddr> {
    let bound: Vec<_> = (0..ENGINES).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    bound.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

fn start(
    number: u32,
    folder: &Path,
    addresses: &[SocketAddr],
    block_bytes: usize,
    stop: &watch::Receiver<bool>,
) -> watch::Receiver<Height> {
    let fixture = Fixture::new(ENGINES);
    let home = folder.join(number.to_string());
    std::fs::create_dir_all(&home).unwrap();
    let chain = Chain::open(&home.join("ledger"), fixture.genesis, StoreConfig::default()).unwrap();
    let entry = |(node, address): (u32, &SocketAddr)| PeerConfig {
        node: NodeNumber(node),
        address: address.to_string(),
        pin: None,
    };
    let peers = (1..).zip(addresses).map(entry).collect();
    let config = NetworkConfig { listen: addresses[number as usize - 1], peers };
    let secret = node_key(number, Purpose::Peer);
    let (network, inboxes, swarm) =
        network::spawn(config, &secret, chain.latest().tip.chain(), chain.tip(), stop.clone()).unwrap();
    let (tell, decided) = watch::channel(Height(0));
    let (key, folder) = (node_key(number, Purpose::Consensus), home.join("consensus"));
    let bare = Bare { chain, network, inbox: inboxes.engine, node: NodeNumber(number), key, folder, block_bytes };
    let stop = stop.clone();
    tokio::spawn(async move {
        bare::run(bare, tell, stop).await.unwrap();
        swarm.await.unwrap();
    });
    decided
}

async fn measure(seconds: u64, block_bytes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let addresses = free_addresses();
    let (stop, stopped) = watch::channel(false);
    let mut heights: Vec<_> =
        (1..=ENGINES).map(|number| start(number, folder.path(), &addresses, block_bytes, &stopped)).collect();
    for decided in &mut heights {
        timeout(LONG, decided.wait_for(|height| *height >= WARM_UP)).await.expect("it decides in time").unwrap();
    }
    let lowest = |heights: &[watch::Receiver<Height>]| heights.iter().map(|height| height.borrow().0).min().unwrap();
    let (first, began) = (lowest(&heights), Instant::now());
    sleep(Duration::from_secs(seconds)).await;
    let (last, took) = (lowest(&heights), began.elapsed().as_secs_f64());
    let blocks = (last - first) as f64 / took;
    println!(
        "{{\"block_bytes\":{block_bytes},\"seconds\":{took:.2},\"blocks_per_second\":{blocks:.2},\"bytes_per_second\":{:.0}}}",
        blocks * block_bytes as f64
    );
    stop.send_replace(true);
    drop(stopped);
    // Whoever still holds a part of it ends within this.
    let _ = timeout(LONG, stop.closed()).await;
}

fn main() {
    // `cargo bench` adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let seconds = numbers.next().unwrap_or(10);
    let sizes: Vec<u64> = numbers.collect();
    let sizes = if sizes.is_empty() { vec![64 << 10, 512 << 10, 1 << 20] } else { sizes };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for size in sizes {
        runtime.block_on(measure(seconds, size as usize));
    }
}
