//! Members adopt a protocol that too few nodes know: the chain goes on without it.

use super::cluster::{Cluster, LONG, quick};
use super::lies::{LIAR, propose, stream, turn};
use crate::consensus::KnownProtocols;
use crate::network::Network as Swarm;
use ledger_core::codec;
use ledger_core::event::Event;
use ledger_core::fixture::{Network, governance_key};
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::names::{BlockHash, Height, NodeNumber, Protocol, Sequence};
use ledger_core::submission::Submission;
use std::time::Duration;

const NEXT: Protocol = Protocol(2);

/// A proposal of protocol 2 that all members approve, out of one stream; and another event out of another.
fn adoption(cluster: &Cluster, node: u32, effective: u64) -> Submission {
    let network = Network::from_genesis(cluster.genesis.clone());
    let (change, effective) = (Change::Activate(NEXT), Height(effective));
    let id = change.id(effective);
    let members = cluster.genesis.membership.members().iter().zip(1..);
    let approvals = members.map(|(member, number)| {
        Event::Approve(Approve::sign(&cluster.genesis.chain_id(), &governance_key(number), member.code, id))
    });
    let proposal = Event::Propose(Box::new(Propose { change: change.into(), effective }));
    network.submission_at(node, Sequence(1), [proposal].into_iter().chain(approvals).collect())
}

/// Whether it is adopted, at a node.
fn is_adopted(cluster: &Cluster, node: u32) -> bool {
    let latest = cluster.nodes[&node].chain.latest();
    latest.tip.control().protocol == NEXT || latest.tip.control().proposals.iter().any(|open| open.adopted)
}

fn knows(cluster: &mut Cluster, node: u32, newest: Protocol) {
    cluster.start_with(node, |deps| deps.known = KnownProtocols::new(NodeNumber(node), newest));
}

/// The liar's place at the table: it hears everything and answers nothing.
fn liar(cluster: &Cluster) -> Swarm {
    let (liar, mut ears) = cluster.hub.join(LIAR);
    tokio::spawn(async move { while ears.recv().await.is_some() {} });
    liar
}

/// Brings an adoption forward whenever it is the liar's turn, so many times; gives whether a block of it was decided.
async fn bring(cluster: &Cluster, liar: &Swarm, times: usize) -> bool {
    for _ in 0..times {
        let height = turn(cluster).await;
        let adoption = adoption(cluster, LIAR.0, height.0 + 1_000);
        let Ok(checked) = cluster.nodes[&1].chain.assemble(LIAR, vec![adoption]) else { continue };
        let block: (BlockHash, Vec<u8>) = (checked.block().hash(), checked.block().encode());
        stream(cluster, liar, height, &block).await;
        propose(cluster, liar, height, block.0).await;
        cluster.reach_all(height.0).await;
        if cluster.block(1, height.0) == block.0 {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_that_no_node_knows_is_in_no_block_however_many_members_adopt_it() {
    let mut cluster = Cluster::new(4, quick());
    let mut mempools = Vec::new();
    for node in 1..=4 {
        cluster.start_with(node, |deps| mempools.push(deps.mempool.clone()));
    }
    cluster.reach_all(1).await;
    let network = Network::from_genesis(cluster.genesis.clone());
    let other = network.submission_at(
        3,
        Sequence(1),
        vec![ledger_core::fixture::event(1, ledger_core::event::Action::Employer)],
    );
    for mempool in &mempools {
        for submission in [adoption(&cluster, 2, 1_000), other.clone()] {
            let bytes = codec::encode(&submission).len();
            mempool.offer(submission, bytes).unwrap();
        }
    }
    let tip = cluster.height(1);
    cluster.agree_on(tip + 8).await;
    for node in 1..=4 {
        let latest = cluster.nodes[&node].chain.latest();
        assert_eq!(latest.tip.control().last_sequence(NodeNumber(3)), Sequence(1), "the others' go on");
        assert_eq!(latest.tip.control().last_sequence(NodeNumber(2)), Sequence(0));
        assert!(!is_adopted(&cluster, node));
    }
    // It makes no block due any more, once each was the proposer.
    assert!(mempools.iter().all(|mempool| mempool.level().submissions == 0));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposes_a_block_that_adopts_what_no_node_knows_is_voted_down() {
    let mut cluster = Cluster::new(4, quick());
    let liar = liar(&cluster);
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(1).await;
    assert!(!bring(&cluster, &liar, 3).await);
    let tip = cluster.height(1);
    cluster.agree_on(tip + 3).await;
    assert!((1..=3).all(|node| !is_adopted(&cluster, node)));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_is_adopted_once_nodes_with_more_than_two_thirds_of_the_power_say_that_they_know_it() {
    let mut cluster = Cluster::new(4, quick());
    let liar = liar(&cluster);
    for (node, newest) in [(1, 2), (2, 2), (3, 1)] {
        knows(&mut cluster, node, Protocol(newest));
    }
    cluster.reach_all(2).await;
    assert!(!bring(&cluster, &liar, 2).await, "two of four know it");
    cluster.stop(3).await.unwrap();
    knows(&mut cluster, 3, NEXT);
    let decided = tokio::time::timeout(LONG, async {
        while !bring(&cluster, &liar, 1).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(decided.await.is_ok(), "three of four know it");
    let tip = cluster.height(1);
    cluster.agree_on(tip + 2).await;
    assert!((1..=3).all(|node| is_adopted(&cluster, node)));
    cluster.stop_all().await;
}
