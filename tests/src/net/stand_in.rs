//! A member's node that the driver plays: it has the node's keys and a place in the network, and says what a test wants.

use ledger_core::chain::Tip;
use ledger_core::genesis::Genesis;
use ledger_core::membership::Purpose;
use ledger_core::names::NodeNumber;
use luqi_node::chain::Latest;
use luqi_node::home::read_genesis;
use luqi_node::keys::NodeKeys;
use luqi_node::network::{Inboxes, Network, NetworkConfig, PeerConfig, spawn};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long it may take until it is connected.
const LONG: Duration = Duration::from_secs(60);

/// A place in the network, in the name of a node that does not run.
pub struct StandIn {
    /// What it says goes there.
    pub network: Network,
    /// What it hears.
    pub inboxes: Inboxes,
    /// Its keys.
    pub keys: NodeKeys,
    /// What the chain starts from.
    pub genesis: Genesis,
    _tip: watch::Sender<Arc<Latest>>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl StandIn {
    /// Comes in the place of the node of a home, listens at an address, and calls others.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn begin(home: &Path, listen: SocketAddr, peers: &[(u32, SocketAddr)]) -> Self {
        let keys = NodeKeys::read(&home.join("keys")).unwrap();
        let genesis = read_genesis(&home.join("genesis.json")).unwrap();
        let peer = |(node, address): &(u32, SocketAddr)| PeerConfig {
            node: NodeNumber(*node),
            address: address.to_string(),
            pin: None,
        };
        let config = NetworkConfig { listen, peers: peers.iter().map(peer).collect() };
        let latest = Latest { tip: Tip::genesis(&genesis), header: None, certificate: None, since: Instant::now() };
        let (tip, membership) = watch::channel(Arc::new(latest));
        let (stop, stopped) = watch::channel(false);
        let spawned = spawn(config, keys.key(Purpose::Peer), genesis.chain_id(), membership, stopped);
        let (network, inboxes, task) = spawned.unwrap();
        Self { network, inboxes, keys, genesis, _tip: tip, stop, task }
    }

    /// Which node has its keys.
    ///
    /// # Panics
    /// When no member's has.
    #[must_use]
    pub fn number(&self) -> NodeNumber {
        let own = self.keys.key(Purpose::Peer).public();
        let mut nodes = self.genesis.membership.nodes();
        let found = nodes.find(|(_, node)| node.key(Purpose::Peer) == Some(&own));
        found.map(|(_, node)| node.number).expect("a member's keys")
    }

    /// Reads a peer from the words `NODE=ADDRESS`.
    #[must_use]
    pub fn peer(words: &str) -> Option<(u32, SocketAddr)> {
        let (node, address) = words.split_once('=')?;
        Some((node.parse().ok()?, address.parse().ok()?))
    }

    /// Waits until it is connected with so many.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn connected(&self, count: usize) {
        let mut peers = self.network.peers();
        let all = peers.wait_for(|peers| peers.len() >= count);
        assert!(tokio::time::timeout(LONG, all).await.is_ok(), "{count} are not connected");
    }

    /// Leaves the network.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn end(self) {
        self.stop.send_replace(true);
        assert!(tokio::time::timeout(LONG, self.task).await.is_ok(), "the network does not end");
    }
}
