use super::cluster::{Cluster, quick};
use crate::consensus::Ended;

#[tokio::test(flavor = "multi_thread")]
async fn four_nodes_agree_and_a_fifth_without_power_follows() {
    let mut cluster = Cluster::new(4, quick());
    (1..=5).for_each(|node| cluster.start(node));
    cluster.reach_all(6).await;
    cluster.assert_one_chain(6);
    let view = cluster.nodes[&5].view.borrow().clone();
    assert_eq!((view.power, view.total_power, view.misbehaviour), (0, 4, 0));
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
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
