//! Hidden locks (malachite#956): one validator that votes twice can stall every round of a height, unless
//! what made a node lock on a block reaches the others.
//!
//! ```text
//! round   proposes          votes for it        and so
//! 0       the liar          B, C; liar to B     B is locked on that block, and nobody knows
//! 1       A, another one    A, C; liar to A     A is locked on the other one, and nobody knows
//! 2       B, its own again  B                   C does not believe that block without its polka
//! …       and so on         too few             for ever
//! ```
//!
//! With the polka of each block that is proposed again, C votes for it too, and the liar locks its proposer
//! anew. From round 10 on whoever locks tells why at once, and the stall is over.

use super::cluster::{Cluster, LONG, quick};
use super::forger::Forger;
use super::hub::Hub;
use super::lies::{LIAR, make, turn};
use crate::consensus::Tempo;
use crate::consensus::codec::LuqiCodec;
use crate::consensus::context::Luqi;
use crate::consensus::validators::Validators;
use crate::network::{EngineEvent, EngineInbox, Gossip, Topic};
use arc_malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use std::collections::BTreeSet;

/// So many rounds must pass without a decision: two more than from which on locks are told.
const ROUNDS: u32 = 12;
/// So often the liar tries.
const TRIES: usize = 20;

/// Votes for a block towards one node alone, and for none towards the others.
fn hide(hub: &Hub, forger: Forger, (height, round): (Height, u32), block: BlockHash, locks: NodeNumber) {
    for node in [1, 2, 3].map(NodeNumber) {
        let vote = forger.prevote(height, round, (node == locks).then_some(block));
        hub.whisper(LIAR, &[node], Topic::Consensus, &vote);
    }
}

/// Locks every proposer on what it proposes.
async fn lock_proposers(hub: Hub, forger: Forger, mut ears: EngineInbox) {
    let mut voted = BTreeSet::new();
    while let Some(event) = ears.recv().await {
        let EngineEvent::Gossip(Gossip { topic: Topic::Consensus, data, .. }) = event else { continue };
        let Ok(SignedConsensusMsg::<Luqi>::Proposal(proposal)) = LuqiCodec.decode(data) else { continue };
        let place = (proposal.height, proposal.round.as_u32().unwrap());
        if voted.insert(place) {
            hide(&hub, forger, place, proposal.value.0, proposal.proposer.0);
        }
    }
}

/// Proposes a block to the two who propose last, and locks the first of them on it.
fn open(cluster: &Cluster, height: Height) {
    let (forger, hub) = (cluster.forger(LIAR.0), &cluster.hub);
    let (block, bytes) = make(cluster, |_| {});
    let validators = Validators::of(&cluster.genesis.membership);
    let two = [2, 3].map(|round| validators.proposer(height, round).unwrap().address.0);
    for part in forger.parts(height, block, &bytes) {
        hub.whisper(LIAR, &two, Topic::Parts, &part);
    }
    hub.whisper(LIAR, &two, Topic::Consensus, &forger.proposal(height, block));
    hide(hub, forger, (height, 0), block, two[0]);
}

/// Whether a height takes very many rounds.
async fn stalls(cluster: &Cluster, height: Height) -> bool {
    let mut view = cluster.nodes[&1].view.clone();
    let far = view.wait_for(|view| view.height > height || view.round >= Some(ROUNDS));
    tokio::time::timeout(LONG, far).await.unwrap().unwrap().height == height
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_locks_stall_a_height_until_nodes_hear_why_others_are_locked() {
    let mut cluster = Cluster::new(4, quick());
    let (_liar, ears) = cluster.hub.join(LIAR);
    tokio::spawn(lock_proposers(cluster.hub.clone(), cluster.forger(LIAR.0), ears));
    (1..=3).for_each(|node| cluster.start_with(node, |deps| deps.tempo = Tempo::hurried(10)));
    cluster.reach_all(1).await;
    cluster.hub.mute(Some(Topic::Liveness));
    // On a busy machine a vote may come too late, and the liar tries again.
    let mut stalled = None;
    for _ in 0..TRIES {
        let height = turn(&cluster).await;
        open(&cluster, height);
        if stalls(&cluster, height).await {
            stalled = Some(height);
            break;
        }
    }
    let height = stalled.expect("the liar cannot make a stall any more, so what ends one is not shown");
    assert!((1..=3).all(|node| cluster.height(node) < height.0));
    cluster.hub.mute(None);
    cluster.agree_on(height.0 + 1).await;
    cluster.stop_all().await;
}
