use super::cluster::{Cluster, keys, quick};
use super::forger::Forger;
use crate::chain::now;
use crate::consensus::last_signed::{Known, LastSigned, Signed, Step};
use crate::consensus::{ConsensusError, Ended, Silence, Waiting, forget};
use crate::network::Topic;
use ledger_core::crypto::ChainId;
use ledger_core::membership::Parameters;
use ledger_core::names::{BlockHash, Height, NodeNumber, Round, Timestamp};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn four_nodes_agree_and_a_fifth_without_power_follows() {
    let mut cluster = Cluster::new(4, quick());
    (1..=5).for_each(|node| cluster.start(node));
    cluster.agree_on(6).await;
    let view = cluster.nodes[&5].view.borrow().clone();
    assert_eq!((view.power, view.total_power, view.misbehaviour), (0, 4, 0));
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_four_stops_nobody_and_catches_up_when_it_is_back() {
    let mut cluster = Cluster::of_four(2).await;
    assert_eq!(cluster.stop(4).await.unwrap(), Ended::Stopped);
    let height = cluster.height(1);
    cluster.reach_all(height + 6).await;
    cluster.start(4);
    let height = cluster.height(1);
    cluster.agree_on(height + 3).await;
    assert_eq!(cluster.nodes[&4].view.borrow().silence, None);
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_are_too_few_and_it_goes_on_with_the_third() {
    let mut cluster = Cluster::of_four(2).await;
    for node in [3, 4] {
        cluster.stop(node).await.unwrap();
    }
    // Each waits for votes that do not come.
    for node in [1, 2] {
        cluster.shows(node, |view| view.waiting == Waiting::Agreement && view.round.is_some()).await;
    }
    // What was under way when the others stopped may still be decided; nothing after it.
    cluster.say_again(&[1, 2], 1).await;
    let height = cluster.height(1).max(cluster.height(2));
    cluster.say_again(&[1, 2], 3).await;
    assert!([1, 2].iter().all(|node| cluster.height(*node) <= height), "two of four decide nothing");
    cluster.start(3);
    cluster.agree_on(height + 2).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_stop_and_go_on_from_their_homes() {
    let mut cluster = Cluster::of_four(3).await;
    for node in 1..=4 {
        cluster.stop(node).await.unwrap();
    }
    (1..=4).for_each(|node| cluster.start(node));
    let height = (1..=4).map(|node| cluster.height(node)).max().unwrap();
    cluster.agree_on(height + 3).await;
    assert!((1..=4).all(|node| cluster.nodes[&node].view.borrow().silence.is_none()));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hears_nothing_for_a_while_catches_up() {
    let cluster = Cluster::of_four(2).await;
    cluster.hub.only(|from, to| from != NodeNumber(2) && to != NodeNumber(2));
    let height = cluster.height(1);
    cluster.reach(1, height + 4).await;
    cluster.hub.only(|_, _| true);
    let height = cluster.height(1);
    cluster.agree_on(height + 2).await;
    cluster.stop_all().await;
}

/// Nobody is connected anew meanwhile: what was lost is said again by whoever waits.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_all_heard_nothing_for_a_while_go_on() {
    let cluster = Cluster::of_four(2).await;
    cluster.hub.only(|_, _| false);
    // Each comes to wait for the votes of the others.
    for node in 1..=4 {
        cluster.shows(node, |view| view.waiting == Waiting::Agreement && view.round.is_some()).await;
    }
    cluster.say_again(&[1, 2, 3, 4], 2).await;
    let height = (1..=4).map(|node| cluster.height(node)).max().unwrap();
    let rounds: Vec<_> = (1..=4).map(|node| cluster.nodes[&node].view.borrow().round).collect();
    cluster.hub.only(|_, _| true);
    let healed = Instant::now();
    cluster.agree_on(height + 2).await;
    assert!(healed.elapsed() < Duration::from_secs(20), "{:?}, from rounds {rounds:?}", healed.elapsed());
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_validator_decides_alone() {
    let mut cluster = Cluster::new(1, quick());
    cluster.start(1);
    cluster.reach(1, 3).await;
    assert_eq!(cluster.stop(1).await.unwrap(), Ended::Stopped);
    cluster.start(1);
    let height = cluster.height(1);
    cluster.reach(1, height + 2).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_chain_makes_no_blocks_before_they_are_due() {
    let mut cluster = Cluster::new(1, Parameters::default());
    cluster.start(1);
    let view = cluster.shows(1, |view| matches!(view.waiting, Waiting::Due(_))).await;
    let Waiting::Due(due) = view.waiting else { panic!("{view:?}") };
    let idle = Duration::from_millis(u64::from(Parameters::default().pace_idle_ms));
    let left = due.saturating_duration_since(Instant::now());
    assert!(left > idle / 2 && left <= idle, "due in {left:?} of {idle:?}");
    assert_eq!(cluster.height(1), 0);
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_node_is_silent_until_it_has_seen_the_chain_go_on() {
    let mut cluster = Cluster::of_four(2).await;
    cluster.stop(4).await.unwrap();
    // As a backup would bring it back: another file of the same bytes.
    let path = cluster.home(4).join("consensus/last-signed");
    std::fs::copy(&path, path.with_extension("copy")).unwrap();
    std::fs::rename(path.with_extension("copy"), &path).unwrap();
    cluster.start(4);
    cluster.shows(4, |view| matches!(view.silence, Some(Silence::Restored { .. }))).await;
    cluster.shows(4, |view| view.height > Height(2) && view.silence.is_none()).await;
    // Its voice counts again: without another one the three go on.
    cluster.stop(1).await.unwrap();
    let height = cluster.height(2);
    cluster.agree_on(height + 2).await;
    cluster.stop_all().await;
}

/// A home from a backup on a machine whose clock is slow: every block that it fetches is younger than its start.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_clock_ends_no_silence() {
    let mut cluster = Cluster::of_four(2).await;
    cluster.stop(4).await.unwrap();
    cluster.reach(1, cluster.height(1) + 8).await;
    let path = cluster.home(4).join("consensus/last-signed");
    let known = Known { used: true, tip: Height(0), alone: false, restored: true, now: Timestamp(1) };
    drop(LastSigned::open(&path, cluster.genesis.chain_id(), known).unwrap());
    cluster.start(4);
    // Somewhere in the heights that it fetches it voted before.
    let stood = (1..=3).map(|node| cluster.height(node)).min().unwrap();
    let view = cluster.shows(4, |view| view.height > Height(3) && view.silence.is_none()).await;
    assert!(view.height > Height(stood + 2), "{stood}: {view:?}");
    let height = cluster.height(1);
    cluster.agree_on(height + 2).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_lost_all_but_its_keys_is_no_new_one() {
    let mut cluster = Cluster::of_four(2).await;
    for node in 1..=4 {
        cluster.stop(node).await.unwrap();
    }
    for folder in ["consensus", "ledger"] {
        std::fs::remove_dir_all(cluster.home(4).join(folder)).unwrap();
    }
    // Two others are not enough without its voice, and it does not know yet what it may have said.
    (2..=4).for_each(|node| cluster.start(node));
    cluster.reach(4, cluster.height(2)).await;
    assert!(matches!(cluster.nodes[&4].view.borrow().silence, Some(Silence::New { .. })));
    // With the third the chain goes on, and it speaks.
    cluster.start(1);
    cluster.shows(4, |view| view.height > Height(2) && view.silence.is_none()).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_lone_validator_waits_for_its_operator() {
    let mut cluster = Cluster::new(1, quick());
    cluster.start(1);
    cluster.reach(1, 2).await;
    cluster.stop(1).await.unwrap();
    cluster.start_with(1, |deps| deps.restored = true);
    cluster.shows(1, |view| view.silence.is_some() && view.waiting == Waiting::Agreement).await;
    let tip = cluster.nodes[&1].chain.latest().tip.clone();
    cluster.stop(1).await.unwrap();
    let folder = cluster.home(1).join("consensus");
    forget(&folder, &tip, NodeNumber(1), tip.height()).unwrap();
    cluster.start(1);
    cluster.reach(1, tip.height().0 + 2).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_signed_something_else_does_not_sign_again_there() {
    let mut cluster = Cluster::of_four(2).await;
    cluster.stop(4).await.unwrap();
    let height = cluster.height(1).max(2);
    let path = cluster.home(4).join("consensus/last-signed");
    let known = Known { used: true, tip: Height(0), alone: false, restored: false, now: now() };
    let mut last = LastSigned::open(&path, cluster.genesis.chain_id(), known).unwrap();
    // Well above where it stands: whatever it is asked to sign up to there goes against it.
    let (far, round, block) = (Height(height + 6), Round(0), Some(BlockHash([1; 32])));
    last.allow(Signed { height: far, round, step: Step::Prevote, block, valid_round: None }).unwrap();
    drop(last);
    cluster.start(4);
    cluster.shows(4, |view| view.silence == Some(Silence::Above(far))).await;
    cluster.shows(4, |view| view.height > far && view.silence.is_none()).await;
    cluster.agree_on(far.0 + 2).await;
    assert!(cluster.nodes.values().all(|node| node.view.borrow().misbehaviour == 0));
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_key_was_replaced_signs_nothing_until_it_has_the_new_one() {
    let mut cluster = Cluster::new(4, quick());
    (1..=3).for_each(|node| cluster.start(node));
    let old = keys(cluster.folder.path(), 9);
    cluster.start_with(4, |deps| deps.keys = old);
    cluster.reach_all(4).await;
    assert!(cluster.nodes[&4].view.borrow().is_mute);
    cluster.stop(4).await.unwrap();
    let known = Known { used: true, tip: Height(0), alone: false, restored: false, now: now() };
    let path = cluster.home(4).join("consensus/last-signed");
    let signed = LastSigned::open(&path, cluster.genesis.chain_id(), known).unwrap().last();
    assert_eq!(signed, None, "it would be bound by what counts for nothing");
    cluster.start(4);
    cluster.stop(1).await.unwrap();
    let height = cluster.height(2);
    cluster.agree_on(height + 2).await;
    cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_far_behind_says_so() {
    let mut cluster = Cluster::new(4, quick());
    cluster.fill(1, 205);
    // It is told, and its questions find nobody: one block after the other it would soon be there.
    cluster.hub.only(|from, _| from != NodeNumber(5));
    cluster.start(1);
    cluster.start(5);
    assert_eq!(cluster.ended(5).await.unwrap(), Ended::FarBehind(Height(205)));
    cluster.stop_all().await;
}

/// A copy of the home of node 4 runs: whoever locks on what it proposes repeats that to node 4.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_keys_sign_elsewhere_votes_no_more_and_says_why() {
    let mut cluster = Cluster::of_four(2).await;
    let height = Height(cluster.height(4) + 1_000);
    let say = |forger: Forger| {
        let proposal = forger.proposal(height, BlockHash([9; 32]));
        cluster.hub.whisper(NodeNumber(3), &[NodeNumber(4)], Topic::Consensus, &proposal);
    };
    // A control: what node 4 did not sign says nothing of it.
    say(Forger { chain: ChainId([9; 32]), node: NodeNumber(4) });
    let next = cluster.height(4);
    cluster.reach_all(next + 2).await;
    assert_eq!(cluster.nodes[&4].view.borrow().silence, None);
    say(cluster.forger(4));
    let another = Some(Silence::Another(height));
    cluster.shows(4, |view| view.silence == another).await;
    // The others go on, it follows them, and no block ends it.
    let next = cluster.height(1);
    cluster.agree_on(next + 6).await;
    assert_eq!(cluster.nodes[&4].view.borrow().silence, another);
    assert!(matches!(cluster.stop(4).await, Err(ConsensusError::Another(found)) if found == height));
    // Nor does a start; the operator's word makes it one that was restored.
    cluster.start(4);
    cluster.shows(4, |view| view.silence == another).await;
    assert!(cluster.stop(4).await.is_err());
    cluster.start_with(4, |deps| deps.restored = true);
    cluster.shows(4, |view| matches!(view.silence, Some(Silence::Restored { .. }))).await;
    cluster.shows(4, |view| view.height > Height(2) && view.silence.is_none()).await;
    cluster.stop_all().await;
}
