//! Nodes with real chains on disk and real engines, over a network in memory.

use super::forger::Forger;
use super::hub::Hub;
use crate::chain::Chain;
use crate::consensus::{ConsensusError, Deps, Ended, Equivocations, KnownProtocols, Tempo, View, Waiting, run};
use crate::keys::{KeyName, NodeKeys, write_key};
use crate::mempool::Mempool;
use crate::store::StoreConfig;
use ledger_core::codec::List;
use ledger_core::fixture::{Network, member, node_key};
use ledger_core::genesis::Genesis;
use ledger_core::membership::{Member, Node, Parameters, Purpose};
use ledger_core::names::{BlockHash, Height, NodeNumber, PROTOCOL};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Generous: the machines that run this are slow and shared.
pub(super) const LONG: Duration = Duration::from_secs(120);

/// Blocks every 150 ms, and clocks that are trusted to half a second.
pub(super) fn quick() -> Parameters {
    Parameters {
        pace_idle_ms: 150,
        pace_seal_ms: 150,
        pace_wait_ms: 50,
        clock_tolerance_ms: 500,
        ..Parameters::default()
    }
}

pub(super) struct Running {
    pub(super) chain: Chain,
    pub(super) view: watch::Receiver<View>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<Ended, ConsensusError>>,
}

pub(super) struct Cluster {
    pub(super) hub: Hub,
    pub(super) genesis: Genesis,
    pub(super) folder: TempDir,
    pub(super) nodes: BTreeMap<u32, Running>,
}

/// Members with so many validators and one replica.
pub(super) fn genesis(validators: u32, parameters: Parameters) -> Genesis {
    let with_power = |number: u32, code: &str| -> Member {
        let mut member = member(number, code);
        if number > validators {
            let without = member.nodes.iter().map(|node| Node { power: 0, ..node.clone() });
            member.nodes = List::new(without.collect()).unwrap();
        }
        member
    };
    let codes = (0..=validators).map(|place| format!("37{place:02}00"));
    let members = (1..).zip(codes).map(|(number, code)| with_power(number, &code)).collect();
    let membership = ledger_core::fixture::membership(members, parameters);
    Genesis::new(ledger_core::fixture::genesis(membership)).unwrap()
}

pub(super) fn keys(folder: &std::path::Path, node: u32) -> NodeKeys {
    let folder = folder.join("keys");
    std::fs::create_dir_all(&folder).unwrap();
    for purpose in Purpose::ALL {
        let name = KeyName::Node(purpose);
        if !name.path(&folder).exists() {
            write_key(&name.path(&folder), name, &node_key(node, purpose).seed()).unwrap();
        }
    }
    NodeKeys::read(&folder).unwrap()
}

impl Cluster {
    pub(super) fn new(validators: u32, parameters: Parameters) -> Self {
        let genesis = genesis(validators, parameters);
        Self { hub: Hub::new(), genesis, folder: tempfile::tempdir().unwrap(), nodes: BTreeMap::new() }
    }

    /// Four validators at the fast pace that have agreed on so many blocks.
    pub(super) async fn of_four(tip: u64) -> Self {
        let mut cluster = Self::new(4, quick());
        (1..=4).for_each(|node| cluster.start(node));
        cluster.reach_all(tip).await;
        cluster
    }

    pub(super) fn home(&self, node: u32) -> PathBuf {
        self.folder.path().join(node.to_string())
    }

    /// Starts a node on its home.
    pub(super) fn start(&mut self, node: u32) {
        self.start_with(node, |_| {});
    }

    pub(super) fn start_with(&mut self, node: u32, change: impl FnOnce(&mut Deps)) {
        let home = self.home(node);
        let chain = Chain::open(&home.join("ledger"), self.genesis.clone(), StoreConfig::default()).unwrap();
        let (network, mut inbox) = self.hub.join(NodeNumber(node));
        let (stop, stopped) = watch::channel(false);
        let (show, view) = watch::channel(View::default());
        let mut deps = Deps {
            chain: chain.clone(),
            mempool: Mempool::new(chain.clone()),
            network,
            keys: keys(&home, node),
            node: NodeNumber(node),
            folder: home.join("consensus"),
            restored: false,
            known: KnownProtocols::new(NodeNumber(node), PROTOCOL),
            tempo: Tempo::default(),
            equivocations: Equivocations::open(&home.join("consensus"), self.genesis.chain_id()).unwrap(),
            stop: stopped,
        };
        change(&mut deps);
        let task = tokio::spawn(async move { run(&deps, &mut inbox, &show).await });
        self.nodes.insert(node, Running { chain, view, stop, task });
    }

    /// Fills the chain of a node that does not run with empty blocks.
    pub(super) fn fill(&self, node: u32, blocks: u64) {
        let mut network = Network::from_genesis(self.genesis.clone());
        let folder = self.home(node).join("ledger");
        let chain = Chain::open(&folder, self.genesis.clone(), StoreConfig::default()).unwrap();
        for _ in 0..blocks {
            let block = network.block(Vec::new());
            let checked = chain.check(block.block().clone()).unwrap();
            chain.commit(checked, block.certificate().unwrap().clone()).unwrap();
        }
    }

    /// What signs for a node that lies.
    pub(super) fn forger(&self, node: u32) -> Forger {
        Forger { chain: self.genesis.chain_id(), node: NodeNumber(node) }
    }

    /// Waits until so many times somebody was cut off.
    pub(super) async fn cuts(&self, count: usize) {
        let enough = async {
            while self.hub.cut().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let cut = tokio::time::timeout(LONG, enough).await;
        assert!(cut.is_ok(), "{count} are not cut off: {:?}", self.hub.cut());
    }

    /// Waits until agreement stands at a node as it should; gives the view that does.
    pub(super) async fn shows(&self, node: u32, wanted: impl FnMut(&View) -> bool) -> View {
        let mut view = self.nodes[&node].view.clone();
        let shown = tokio::time::timeout(LONG, view.wait_for(wanted)).await.map(|view| view.unwrap().clone());
        shown.unwrap_or_else(|_| panic!("node {node} does not come to it: {:?}", self.nodes[&node].view.borrow()))
    }

    /// Waits until these have said their votes again so many times: they wait for others.
    pub(super) async fn say_again(&self, nodes: &[u32], times: usize) {
        let said = |node: &u32| self.hub.said_again(NodeNumber(*node));
        let before: Vec<_> = nodes.iter().map(said).collect();
        let enough = async {
            while nodes.iter().zip(&before).any(|(node, before)| said(node) < before + times) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(LONG, enough).await.is_ok(), "{nodes:?} do not repeat their votes");
    }

    /// Waits until agreement at all has looked around, after whatever it has heard until now.
    pub(super) async fn all_looked(&self) {
        let looks = self.nodes.values().map(|running| {
            let mut view = running.view.clone();
            view.mark_unchanged();
            async move {
                // The first look may have begun before.
                for _ in 0..2 {
                    tokio::time::timeout(LONG, view.changed()).await.unwrap().unwrap();
                }
            }
        });
        futures::future::join_all(looks).await;
    }

    /// Waits until all hold back the next height.
    pub(super) async fn all_hold(&self) {
        for node in self.nodes.keys() {
            self.shows(*node, |view| matches!(view.waiting, Waiting::Due(_))).await;
        }
    }

    /// Stops a node, and says how it ended.
    pub(super) async fn stop(&mut self, node: u32) -> Result<Ended, ConsensusError> {
        let running = self.nodes.remove(&node).unwrap();
        self.hub.leave(NodeNumber(node));
        running.stop.send_replace(true);
        let ended = tokio::time::timeout(LONG, running.task).await.unwrap().unwrap();
        drop(running.chain);
        ended
    }

    /// Waits until a node ends by itself.
    pub(super) async fn ended(&mut self, node: u32) -> Result<Ended, ConsensusError> {
        let running = self.nodes.remove(&node).unwrap();
        let ended = tokio::time::timeout(LONG, running.task).await.unwrap().unwrap();
        self.hub.leave(NodeNumber(node));
        ended
    }

    pub(super) fn height(&self, node: u32) -> u64 {
        self.nodes[&node].chain.latest().tip.height().0
    }

    /// Waits until a node has a block of a height.
    pub(super) async fn reach(&self, node: u32, height: u64) {
        let mut tip = self.nodes[&node].chain.tip();
        let reached = tip.wait_for(|latest| latest.tip.height() >= Height(height));
        let reached = tokio::time::timeout(LONG, reached).await.map(|reached| reached.map(|_| ()));
        let view = self.nodes[&node].view.borrow().clone();
        assert!(reached.is_ok(), "node {node} does not reach {height}: {view:?}");
    }

    pub(super) async fn reach_all(&self, height: u64) {
        for node in self.nodes.keys() {
            self.reach(*node, height).await;
        }
    }

    pub(super) fn block(&self, node: u32, height: u64) -> BlockHash {
        use crate::store::Store as _;
        self.nodes[&node].chain.store().header(Height(height)).unwrap().unwrap().hash()
    }

    /// All nodes have the same blocks up to a height.
    pub(super) fn assert_one_chain(&self, height: u64) {
        let first = *self.nodes.keys().next().unwrap();
        for node in self.nodes.keys() {
            for height in 1..=height {
                assert_eq!(self.block(*node, height), self.block(first, height), "node {node}, height {height}");
            }
        }
    }

    /// All reach a height by the same blocks.
    pub(super) async fn agree_on(&self, height: u64) {
        self.reach_all(height).await;
        self.assert_one_chain(height);
    }

    pub(super) async fn stop_all(mut self) {
        for node in self.nodes.keys().copied().collect::<Vec<_>>() {
            assert_eq!(self.stop(node).await.unwrap(), Ended::Stopped);
        }
    }
}
