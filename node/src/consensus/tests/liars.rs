use super::cluster::{Cluster, LONG, quick};
use crate::consensus::codec::LuqiCodec;
use crate::consensus::context::{Address, Luqi, Vote};
use crate::network::{Network, Topic};
use arc_malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::core::{NilOrVal, Round, SignedMessage, VoteType};
use bytes::Bytes;
use ledger_core::block::BlockHash;
use ledger_core::certificate::{self, VoteKind};
use ledger_core::fixture::node_key;
use ledger_core::ids::{self, Height, NodeNumber};
use ledger_core::membership::Purpose;
use std::time::Duration;

/// A prevote of node 4.
fn prevote(cluster: &Cluster, height: u64, block: Option<u8>) -> Bytes {
    let block = block.map(|byte| BlockHash([byte; 32]));
    let core = certificate::Vote { height: Height(height), round: ids::Round(0), block };
    let message = core.message(VoteKind::Prevote, &cluster.genesis.chain_id());
    let signature = node_key(4, Purpose::Consensus).sign(&message);
    let vote = Vote {
        kind: VoteType::Prevote,
        height: core.height,
        round: Round::Some(0),
        value: block.map_or(NilOrVal::Nil, NilOrVal::Val),
        voter: Address(NodeNumber(4)),
    };
    LuqiCodec.encode(&SignedConsensusMsg::<Luqi>::Vote(SignedMessage::new(vote, signature))).unwrap()
}

async fn say(network: &Network, topic: Topic, data: Bytes) {
    network.publish(topic, data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_votes_twice_is_named_and_stops_nobody() {
    let mut cluster = Cluster::new(4, quick());
    let (liar, _ears) = cluster.hub.join(NodeNumber(4));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(2).await;
    let next = cluster.height(1);
    for height in next + 1..next + 8 {
        say(&liar, Topic::Consensus, prevote(&cluster, height, Some(1))).await;
        say(&liar, Topic::Consensus, prevote(&cluster, height, None)).await;
    }
    let mut view = cluster.nodes[&1].view.clone();
    let named = view.wait_for(|view| view.misbehaviour > 0);
    tokio::time::timeout(LONG, named).await.unwrap().unwrap();
    let height = cluster.height(1);
    cluster.reach_all(height + 2).await;
    cluster.assert_one_chain(height + 2);
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
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
        let all = async {
            while cluster.hub.cut().len() < cut {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, all).await.unwrap();
    }
    assert!(cluster.hub.cut().iter().all(|(node, _)| *node == NodeNumber(4)));
    let height = cluster.height(1);
    cluster.reach_all(height + 2).await;
    cluster.stop_all().await;
}
