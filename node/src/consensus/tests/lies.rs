//! One of four validators lies when it is its turn to propose: the other three agree without it.

use super::cluster::{Cluster, quick};
use crate::consensus::validators::Validators;
use crate::network::{Network, Topic};
use bytes::Bytes;
use ledger_core::block::{Block, body_hash};
use ledger_core::codec;
use ledger_core::names::{BlockHash, Height, MapRoot, NodeNumber};
use std::time::Duration;

/// So often the liar tries, where a busy machine lets it come too late.
const TRIES: usize = 20;

pub(super) const LIAR: NodeNumber = NodeNumber(4);

/// Three honest nodes, and the liar's place at the table.
async fn table() -> (Cluster, Network) {
    let mut cluster = Cluster::new(4, quick());
    let (liar, mut ears) = cluster.hub.join(LIAR);
    // It hears everything and answers nothing.
    tokio::spawn(async move { while ears.recv().await.is_some() {} });
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(1).await;
    (cluster, liar)
}

/// Waits until the next height is one that the liar proposes first.
pub(super) async fn turn(cluster: &Cluster) -> Height {
    let validators = Validators::of(&cluster.genesis.membership);
    let mut tip = cluster.nodes[&1].chain.tip();
    loop {
        let next = tip.borrow_and_update().tip.height().next();
        if validators.proposer(next, 0).is_some_and(|proposer| proposer.address.0 == LIAR) {
            return next;
        }
        tip.changed().await.unwrap();
    }
}

/// Whether a node keeps a block that is under way.
fn has(cluster: &Cluster, node: u32, height: Height, block: BlockHash) -> bool {
    let name = format!("{:020}-{block}", height.0);
    cluster.home(node).join("consensus/undecided").join(name).exists()
}

/// The first round of a height that is the liar's.
fn own_round(cluster: &Cluster, height: Height) -> u32 {
    let validators = Validators::of(&cluster.genesis.membership);
    let is_own = |round: &u32| validators.proposer(height, *round).is_some_and(|of| of.address.0 == LIAR);
    (0..).find(is_own).unwrap()
}

/// A block that would do, and what the liar makes of it.
pub(super) fn make(cluster: &Cluster, change: impl FnOnce(&mut Block)) -> (BlockHash, Vec<u8>) {
    let checked = cluster.nodes[&1].chain.assemble(LIAR, Vec::new()).unwrap();
    let mut block = checked.block().clone().into_block();
    change(&mut block);
    (block.header.hash(), codec::encode(&block))
}

/// Says that a block is to be voted on.
pub(super) async fn propose(cluster: &Cluster, liar: &Network, height: Height, block: BlockHash) {
    liar.publish(Topic::Consensus, cluster.forger(LIAR.0).proposal(height, block)).await;
}

/// Sends the bytes of a block.
pub(super) async fn stream(cluster: &Cluster, liar: &Network, height: Height, (block, bytes): &(BlockHash, Vec<u8>)) {
    for part in cluster.forger(LIAR.0).parts(height, *block, bytes) {
        liar.publish(Topic::Parts, part).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_does_not_hold_is_voted_down() {
    let (cluster, liar) = table().await;
    // A control: brought forward in the same way, a sound one is decided.
    let mut is_decided = false;
    for _ in 0..TRIES {
        let height = turn(&cluster).await;
        let block = make(&cluster, |_| {});
        stream(&cluster, &liar, height, &block).await;
        propose(&cluster, &liar, height, block.0).await;
        cluster.reach_all(height.0).await;
        is_decided = cluster.block(1, height.0) == block.0;
        if is_decided {
            break;
        }
    }
    assert!(is_decided, "a sound block never is, so the lies below say nothing");
    let lies: [fn(&mut Block); 5] = [
        |block| block.header.map_root = MapRoot([7; 32]),
        |block| block.header.log_root.0[0] ^= 1,
        |block| block.header.time.0 += 3_600_000,
        |block| block.header.parent = BlockHash([9; 32]),
        |block| {
            block.body.parent_certificate = None;
            block.header.body = body_hash(block.header.suite, &None, std::iter::empty());
        },
    ];
    // A verdict by the clock is none for good and is not counted: what shows of that lie is that its block is here.
    const BY_CLOCK: usize = 2;
    for (number, lie) in lies.into_iter().enumerate() {
        let unfit = || [1, 2, 3].map(|node| cluster.nodes[&node].view.borrow().unfit);
        let before = unfit();
        let mut is_seen = false;
        for _ in 0..TRIES {
            let height = turn(&cluster).await;
            let block = make(&cluster, lie);
            stream(&cluster, &liar, height, &block).await;
            propose(&cluster, &liar, height, block.0).await;
            let mut is_here = false;
            while !is_here && cluster.height(1) < height.0 {
                is_here = (1..=3).all(|node| has(&cluster, node, height, block.0));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cluster.reach_all(height.0 + 1).await;
            cluster.assert_one_chain(height.0);
            assert_ne!(cluster.block(1, height.0), block.0);
            let is_counted = unfit().iter().zip(before).all(|(now, before)| *now > before);
            is_seen = if number == BY_CLOCK { is_here } else { is_counted };
            if is_seen {
                break;
            }
        }
        assert!(is_seen, "lie {number} never comes to all three while its height is under way");
    }
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposes_two_blocks_splits_nobody() {
    let (cluster, _liar) = table().await;
    let forger = cluster.forger(LIAR.0);
    let mut split = 0;
    for _ in 0..TRIES {
        let height = turn(&cluster).await;
        let blocks = [0, 1].map(|later| make(&cluster, |block| block.header.time.0 += later));
        assert_ne!(blocks[0].0, blocks[1].0);
        let halves = [&[NodeNumber(1)][..], &[NodeNumber(2), NodeNumber(3)]];
        for ((block, bytes), half) in blocks.iter().zip(halves) {
            for part in forger.parts(height, *block, bytes) {
                cluster.hub.whisper(LIAR, half, Topic::Parts, &part);
            }
            cluster.hub.whisper(LIAR, half, Topic::Consensus, &forger.proposal(height, *block));
        }
        let has = |node: u32, block: usize| has(&cluster, node, height, blocks[block].0);
        let mut is_split = false;
        while !is_split && cluster.height(1) < height.0 {
            is_split = has(1, 0) && !has(1, 1) && has(2, 1) && has(3, 1);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        split += usize::from(is_split);
        cluster.reach_all(height.0 + 1).await;
        cluster.assert_one_chain(height.0);
        if split == 3 {
            return cluster.stop_all().await;
        }
    }
    panic!("only {split} times each half had its own block");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_withholds_a_block_that_he_proposes_costs_a_round() {
    let (cluster, liar) = table().await;
    for bytes_of_another in [false, true] {
        let height = turn(&cluster).await;
        // Made a moment later, the other one is still another.
        let (block, _) = make(&cluster, |block| block.header.time.0 += 100);
        if bytes_of_another {
            let (_, other) = make(&cluster, |_| {});
            stream(&cluster, &liar, height, &(block, other)).await;
        }
        propose(&cluster, &liar, height, block).await;
        cluster.reach_all(height.0 + 1).await;
        cluster.assert_one_chain(height.0);
        assert_ne!(cluster.block(1, height.0), block);
        // Who says nothing may not be able to; who sends another block than the one he signs is cut off by all.
        assert_eq!(cluster.hub.cut().len(), if bytes_of_another { 3 } else { 0 });
    }
    assert!(cluster.hub.cut().iter().all(|(node, why)| *node == LIAR && why.contains("another block")));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_floods_holds_nobody_up() {
    let (cluster, liar) = table().await;
    let begun = cluster.height(1);
    let large = vec![0; 1 << 20];
    for flood in 0..40_u64 {
        let tip = cluster.height(1);
        for ahead in 1..12 {
            let height = Height(tip + ahead);
            // Streams that say how large they are and never end, and proposals of heights to come.
            let block = BlockHash([u8::try_from(flood).unwrap(); 32]);
            let parts = cluster.forger(LIAR.0).parts_in(height, own_round(&cluster, height), block, &large);
            liar.publish(Topic::Parts, parts[0].clone()).await;
            propose(&cluster, &liar, height, block).await;
        }
    }
    // Whoever has heard this has heard all before it, and found no fault in it.
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
    liar.publish(Topic::Consensus, Bytes::from_static(b"no message")).await;
    cluster.cuts(3).await;
    assert!(cluster.hub.cut().iter().all(|(_, why)| why.contains("cannot be read")), "{:?}", cluster.hub.cut());
    cluster.agree_on(begun + 5).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposes_too_large_a_block_is_cut_off() {
    let (cluster, liar) = table().await;
    let height = turn(&cluster).await;
    let block = BlockHash([1; 32]);
    let large = vec![0; cluster.genesis.membership.parameters().block_bytes as usize + 1];
    propose(&cluster, &liar, height, block).await;
    liar.publish(Topic::Parts, cluster.forger(LIAR.0).parts(height, block, &large).remove(0)).await;
    cluster.cuts(3).await;
    assert!(cluster.hub.cut().iter().all(|(node, _)| *node == LIAR));
    cluster.agree_on(height.0 + 1).await;
    cluster.stop_all().await;
}
