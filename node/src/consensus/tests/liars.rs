use super::cluster::{Cluster, quick};
use super::forger::Forger;
use crate::consensus::{Equivocations, Waiting};
use crate::http::SignedTwo;
use crate::network::{Network, Topic};
use bytes::Bytes;
use ledger_core::certificate::SignedTwice;
use ledger_core::crypto::ChainId;
use ledger_core::membership::Parameters;
use ledger_core::names::{BlockHash, Height, NodeNumber};

async fn say(network: &Network, topic: Topic, data: Bytes) {
    network.publish(topic, data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_votes_twice_is_named_with_proof_and_stops_nobody() {
    let mut cluster = Cluster::new(4, quick());
    let (liar, _ears) = cluster.hub.join(NodeNumber(4));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(2).await;
    let forger = cluster.forger(4);
    let next = cluster.height(1);
    for height in next + 1..next + 8 {
        for block in [Some(BlockHash([1; 32])), None] {
            say(&liar, Topic::Consensus, forger.prevote(Height(height), 0, block)).await;
        }
    }
    for node in 1..=3 {
        cluster.shows(node, |view| view.misbehaviour > 0).await;
    }
    let height = cluster.height(1);
    cluster.agree_on(height + 2).await;
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
    let genesis = cluster.genesis.clone();
    let folder = cluster.home(1).join("consensus");
    cluster.stop(1).await.unwrap();
    // Both votes are on disk, and prove themselves to whoever has the genesis and the blocks below.
    let kept = Equivocations::open(&folder, genesis.chain_id()).unwrap().all();
    assert!(!kept.is_empty());
    let wanted = [Some(BlockHash([1; 32])), None];
    for proof in kept {
        let shown = serde_json::to_vec(&SignedTwo::of(&proof).unwrap()).unwrap();
        let read = serde_json::from_slice::<SignedTwo>(&shown).unwrap().read(genesis.chain_id()).unwrap();
        assert_eq!(read.verify(&genesis.membership), Ok(proof.signer));
        assert_eq!((read.node, read.kind), (NodeNumber(4), SignedTwice::Prevote));
        assert!(read.said.iter().all(|said| wanted.contains(&said.block)));
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_what_cannot_be_read_is_cut_off() {
    let mut cluster = Cluster::new(4, quick());
    let (liar, _ears) = cluster.hub.join(NodeNumber(4));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(1).await;
    let mut cut = 0;
    for topic in [Topic::Consensus, Topic::Liveness, Topic::Parts, Topic::Status] {
        say(&liar, topic, Bytes::from_static(b"no message")).await;
        // Each of the three.
        cut += 3;
        cluster.cuts(cut).await;
    }
    assert!(cluster.hub.cut().iter().all(|(node, _)| *node == NodeNumber(4)));
    let height = cluster.height(1);
    cluster.reach_all(height + 2).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_what_nobody_signed_is_cut_off() {
    // No block is made meanwhile: the height under way stays the one that is named.
    let mut cluster = Cluster::new(4, still());
    let (liar, _ears) = cluster.hub.join(NodeNumber(4));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.all_hold().await;
    let of_another_chain = |node| Forger { chain: ChainId([9; 32]), node: NodeNumber(node) };
    let (next, block) = (Height(1), BlockHash([1; 32]));
    let lies = [
        of_another_chain(4).prevote(next, 0, None),
        of_another_chain(4).proposal(next, block),
        of_another_chain(3).proposal(next, block),
        // Well signed, and another's: a vote is said by its voter alone.
        cluster.forger(3).prevote(next, 0, None),
    ];
    let mut cut = 0;
    for lie in lies {
        say(&liar, Topic::Consensus, lie).await;
        cut += 3;
        cluster.cuts(cut).await;
    }
    assert!(cluster.hub.cut().iter().all(|(node, why)| *node == NodeNumber(4) && why.contains("another's name")));
    cluster.stop_all().await;
}

/// A chain that makes no block by itself.
pub(super) fn still() -> Parameters {
    let never = 3_600_000;
    Parameters { pace_wait_ms: never, pace_seal_ms: never, pace_idle_ms: never, ..Parameters::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_boasts_of_heights_drives_no_chain() {
    let mut cluster = Cluster::new(4, still());
    let (liar, _ears) = cluster.hub.join(NodeNumber(4));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.all_hold().await;
    let forger = cluster.forger(4);
    // Next, and far off: one voice is one voice.
    for height in [1, 2, 1_000_000_000, u64::MAX] {
        say(&liar, Topic::Consensus, forger.proposal(Height(height), BlockHash([1; 32]))).await;
        say(&liar, Topic::Consensus, forger.prevote(Height(height), 0, None)).await;
    }
    // Whoever has heard this has heard all before it.
    say(&liar, Topic::Consensus, Bytes::from_static(b"no message")).await;
    cluster.cuts(3).await;
    cluster.all_looked().await;
    for node in 1..=3 {
        let waiting = cluster.nodes[&node].view.borrow().waiting;
        assert!(matches!(waiting, Waiting::Due(_)) && cluster.height(node) == 0, "node {node}: {waiting:?}");
    }
    // A second voice is more than a third of the power: the height begins, and the next one is held back again.
    // Whoever locks on a block repeats its proposal, so this one is heard from another. Node 3, which did not sign it,
    // would take it for the word of a copy of itself.
    let proposal = cluster.forger(3).proposal(Height(1), BlockHash([1; 32]));
    cluster.hub.whisper(NodeNumber(4), &[1, 2].map(NodeNumber), Topic::Consensus, &proposal);
    cluster.reach_all(1).await;
    cluster.all_hold().await;
    cluster.all_looked().await;
    assert!((1..=3).all(|node| cluster.height(node) == 1));
    cluster.stop_all().await;
}
