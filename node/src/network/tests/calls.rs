//! Persistent peers are found, lost, and found again.

use super::plain::Plain;
use super::*;

#[tokio::test]
async fn a_lost_peer_is_called_until_it_is_back() {
    let chain = Chain::new(2);
    let two = Node::start(2, &chain, Vec::new()).await;
    let port = two.address.rsplit_once(':').unwrap().1.to_owned();
    // By name, which is resolved at each attempt; and an entry of the node's own is skipped.
    let by_name = PeerConfig { address: format!("localhost:{port}"), ..two.entry() };
    let own = PeerConfig { node: NodeNumber(1), address: "localhost:1".to_owned(), pin: None };
    let one = Node::start(1, &chain, vec![own, by_name]).await;
    one.connected(&[2]).await;
    two.end().await;
    one.connected(&[]).await;
    let two = Node::start_as(2, 2, &format!("127.0.0.1:{port}"), &chain, Vec::new()).await;
    one.connected(&[2]).await;
    two.connected(&[1]).await;
}

#[tokio::test]
async fn a_peer_that_comes_back_at_another_port_is_the_same() {
    let chain = Chain::new(2);
    let mut one = Node::start(1, &chain, Vec::new()).await;
    let mut ports = Vec::new();
    for _ in 0..3 {
        let two = Node::start(2, &chain, vec![one.entry()]).await;
        one.connected(&[2]).await;
        let heard = say(&two.network, Topic::Status, &Bytes::from_static(b"back"), &mut one).await;
        assert_eq!(heard.node, NodeNumber(2));
        ports.push(two.address.clone());
        two.end().await;
        one.connected(&[]).await;
    }
    ports.dedup();
    assert_eq!(ports.len(), 3);
}

#[tokio::test]
async fn two_that_call_each_other_are_connected() {
    let chain = Chain::new(2);
    // Each needs the other's port before it starts: taken, and given back.
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (first, second) = (free(), free());
    let entry = |node, address: &String| PeerConfig { node: NodeNumber(node), address: address.clone(), pin: None };
    let mut one = Node::start_as(1, 1, &first, &chain, vec![entry(2, &second)]).await;
    let mut two = Node::start_as(2, 2, &second, &chain, vec![entry(1, &first)]).await;
    one.connected(&[2]).await;
    two.connected(&[1]).await;
    let data = Bytes::from_static(b"here");
    say(&one.network.clone(), Topic::Status, &data, &mut two).await;
    say(&two.network.clone(), Topic::Status, &data, &mut one).await;
}

#[tokio::test]
async fn a_peer_that_has_started_anew_while_its_connection_seems_to_live_is_heard_again() {
    let chain = Chain::new(2);
    let mut one = Node::start(1, &chain, Vec::new()).await;
    let mut before = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain());
    before.let_in(id(1), &one.address).await;
    one.connected(&[2]).await;
    // The old process hangs, with its connection open: the first call of the new one is taken in its place, and it
    // hears of the topics.
    let mut after = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain());
    after.let_in(id(1), &one.address).await;
    before.cut().await;
    one.engine(|event| matches!(event, EngineEvent::Disconnected(..)).then_some(())).await;
    one.engine(|event| matches!(event, EngineEvent::Connected(..)).then_some(())).await;
    one.connected(&[2]).await;
    after.hears(&one.network, Topic::Status, &Bytes::from_static(b"here")).await;
    assert_eq!(one.network.counters().strangers.value(), 0);
}
