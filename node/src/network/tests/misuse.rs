//! A member that misbehaves is cut off, and kept out.

use super::plain::Plain;
use super::*;
use libp2p::gossipsub::IdentTopic;

/// A member that does the same thing wrong until it is cut off; then it calls again, and is refused.
async fn check(wrong: impl Fn(&mut Plain, PeerId)) {
    let chain = Chain::new(3);
    let mut nodes = mesh(&chain, &[1, 3]).await;
    let mut liar = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain);
    liar.let_in(id(1), &nodes[0].address).await;
    let repeat = async {
        loop {
            wrong(&mut liar, id(1));
            if tokio::time::timeout(AGAIN, liar.cut()).await.is_ok() {
                return;
            }
        }
    };
    soon(repeat).await;
    assert_eq!(nodes[0].network.counters().cuts.value(), 1);
    nodes[0].connected(&[3]).await;
    liar.call(id(1), &nodes[0].address);
    assert!(!liar.refused().await);
    assert_eq!(nodes[0].network.counters().strangers.value(), 0);

    // The others go on.
    let speaker = nodes[1].network.clone();
    let heard = say(&speaker, Topic::Consensus, &Bytes::from_static(b"vote"), &mut nodes[0]).await;
    assert_eq!(heard.author, id(3));
}

#[tokio::test]
async fn a_question_with_an_oversized_length() {
    check(|liar, peer| _ = liar.swarm.behaviour_mut().questions.send_request(&peer, vec![0xff; 4])).await;
}

#[tokio::test]
async fn a_question_that_is_none() {
    check(|liar, peer| _ = liar.swarm.behaviour_mut().questions.send_request(&peer, b"\0\0\0\x04none".to_vec())).await;
}

#[tokio::test]
async fn a_frame_of_gossip_with_an_oversized_length() {
    let length = vec![0xff, 0xff, 0xff, 0xff, 0x7f];
    check(move |liar, peer| _ = liar.swarm.behaviour_mut().frames.send_request(&peer, length.clone())).await;
}

#[tokio::test]
async fn a_frame_of_gossip_that_is_none() {
    check(|liar, peer| _ = liar.swarm.behaviour_mut().frames.send_request(&peer, b"\x08no frame".to_vec())).await;
}

#[tokio::test]
async fn a_message_that_its_author_did_not_sign() {
    // An RPC with one message (tag 2) on a topic (tag 4), with data (tag 2), and nothing else.
    check(|liar, peer| {
        let frame = b"\x0b\x12\x09\x12\x04data\x22\x01t".to_vec();
        _ = liar.swarm.behaviour_mut().frames.send_request(&peer, frame);
    })
    .await;
}

#[tokio::test]
async fn a_message_larger_than_its_topic_allows() {
    check(|liar, _| {
        let topics: Vec<_> = liar.swarm.behaviour().gossip.topics().cloned().collect();
        let consensus = topics.into_iter().find(|topic| topic.as_str().ends_with("/consensus")).unwrap();
        // Nobody hears it once it is cut off, nor before it is known who wants to.
        let _ = liar.swarm.behaviour_mut().gossip.publish(consensus, vec![7; MAX_CONSENSUS + 1]);
    })
    .await;
}

#[tokio::test]
async fn a_frame_of_gossip_that_costs_more_than_it_weighs() {
    // 4 MiB of empty messages, which would take a gigabyte.
    let frame = [&b"\x80\x80\x80\x02"[..], &b"\x12\x00".repeat(2 << 20)].concat();
    check(move |liar, peer| _ = liar.swarm.behaviour_mut().frames.send_request(&peer, frame.clone())).await;
}

#[tokio::test]
async fn more_gossip_than_anybody_has_to_say() {
    // Subscriptions to nothing: cheap to send, dear to take.
    let frame = [&b"\x80\x80\x10"[..], &b"\x0a\x00".repeat(128 << 10)].concat().repeat(4);
    check(move |liar, peer| _ = liar.swarm.behaviour_mut().frames.send_request(&peer, frame.clone())).await;
}

#[tokio::test]
async fn a_member_that_the_node_cuts_by_itself() {
    let chain = Chain::new(2);
    let one = Node::start(1, &chain, Vec::new()).await;
    let mut two = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain);
    two.let_in(id(1), &one.address).await;
    one.network.cut(id(2), "it served a forged block").await;
    two.cut().await;
    two.call(id(1), &one.address);
    assert!(!two.refused().await);
}

#[tokio::test]
async fn a_topic_of_another_chain_is_not_heard_of() {
    let (chain, other) = (Chain::new(2), Chain::new(3));
    let one = Node::start(1, &chain, Vec::new()).await;
    let mut two = Plain::new(&node_key(2, Purpose::Peer), &other.tip.chain);
    two.call(id(1), &one.address);
    one_connected_while(&one, &mut two).await;
    let topic = IdentTopic::new(format!("luqi/{}/status", other.tip.chain));
    assert!(two.swarm.behaviour_mut().gossip.publish(topic, b"here".to_vec()).is_err());
}

async fn one_connected_while(one: &Node, two: &mut Plain) {
    tokio::select! {
        () = one.connected(&[2]) => {}
        () = two.cut() => panic!("a member was refused"),
    }
}
