//! A member that misbehaves is cut off, and kept out.

use super::plain::Plain;
use super::*;
use libp2p::gossipsub::IdentTopic;

/// A member that does the same thing wrong until it is cut off, for what it did; then it calls again, and is refused.
async fn check(why: &str, wrong: impl Fn(&mut Plain, PeerId)) {
    let chain = Chain::new(3);
    let mut nodes = mesh(&chain, &[1, 3]).await;
    let mut liar = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain());
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
    assert_eq!(nodes[0].network.last_cut(), Some((id(2), why.to_owned())));
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
    check("it asks what is no question, or one larger than any", |liar, peer| {
        _ = liar.swarm.behaviour_mut().questions.send_request(&peer, vec![0xff; 4])
    })
    .await;
}

#[tokio::test]
async fn a_question_that_is_none() {
    check("it asks what is no question, or one larger than any", |liar, peer| {
        _ = liar.swarm.behaviour_mut().questions.send_request(&peer, b"\0\0\0\x04none".to_vec())
    })
    .await;
}

#[tokio::test]
async fn a_frame_of_gossip_with_an_oversized_length() {
    let length = vec![0xff, 0xff, 0xff, 0xff, 0x7f];
    check("it sends gossip that is no frame, or one larger than any", move |liar, peer| {
        _ = liar.swarm.behaviour_mut().frames.send_request(&peer, length.clone())
    })
    .await;
}

#[tokio::test]
async fn a_frame_of_gossip_that_is_none() {
    check("it sends gossip that is no frame, or one larger than any", |liar, peer| {
        _ = liar.swarm.behaviour_mut().frames.send_request(&peer, b"\x08no frame".to_vec())
    })
    .await;
}

#[tokio::test]
async fn a_message_that_its_author_did_not_sign() {
    // An RPC with one message (tag 2) on a topic (tag 4), with data (tag 2), and nothing else.
    check("it passes on messages that their author did not sign", |liar, peer| {
        let frame = b"\x0b\x12\x09\x12\x04data\x22\x01t".to_vec();
        _ = liar.swarm.behaviour_mut().frames.send_request(&peer, frame);
    })
    .await;
}

#[tokio::test]
async fn a_message_larger_than_its_topic_allows() {
    check("it sends messages larger than their topic allows", |liar, _| {
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
    check("it sends gossip that is no frame, or one larger than any", move |liar, peer| {
        _ = liar.swarm.behaviour_mut().frames.send_request(&peer, frame.clone())
    })
    .await;
}

#[tokio::test]
async fn more_gossip_than_anybody_has_to_say() {
    // Subscriptions to nothing: cheap to send, dear to take.
    let frame = [&b"\x80\x80\x10"[..], &b"\x0a\x00".repeat(128 << 10)].concat().repeat(4);
    check("it sends more gossip than all have to say", move |liar, peer| {
        _ = liar.swarm.behaviour_mut().frames.send_request(&peer, frame.clone())
    })
    .await;
}

#[tokio::test]
async fn a_member_that_the_node_cuts_by_itself() {
    let chain = Chain::new(2);
    let one = Node::start(1, &chain, Vec::new()).await;
    let mut two = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain());
    two.let_in(id(1), &one.address).await;
    one.network.cut(id(2), "it served a forged block").await;
    two.cut().await;
    two.call(id(1), &one.address);
    assert!(!two.refused().await);
}

/// What is old here, or larger than the chain allows here, may be good elsewhere: who passes it on stays.
#[tokio::test]
async fn who_passes_on_what_another_said_is_charged_only_with_its_bytes() {
    let chain = Chain::new(3);
    let short = Duration::from_millis(800);
    let mut one = Node::start_remembering(short, 1, 1, "127.0.0.1:0", &chain, Vec::new()).await;
    let mut relay = Plain::new(&node_key(3, Purpose::Peer), &chain.tip.chain());
    relay.let_in(id(1), &one.address).await;
    let topic = Topic::Submissions.on(&chain.tip.chain()).to_string();
    let author = node_key(2, Purpose::Peer);
    let frame = |number: u64, data: &[u8]| super::plain::frame(&author, &topic, number, data);
    relay.swarm.behaviour_mut().frames.send_request(&id(1), frame(1_000, b"control"));
    tokio::select! {
        gossip = one.gossip(Topic::Submissions) => assert_eq!((gossip.from, gossip.author), (id(3), id(2))),
        () = relay.cut() => panic!("cut off for the control"),
    }
    // Longer than it remembers by itself.
    tokio::time::sleep(short * 2).await;
    let large = vec![0; chain.tip.membership().parameters().block_bytes as usize + 1];
    let old = (1..=9).map(|number| frame(number, b"old"));
    let large = (2_001..=2_004).map(|number| frame(number, &large));
    // On one stream, since a new one takes the place of what is not read yet.
    let passed_on = old.chain(large).collect::<Vec<_>>().concat();
    relay.swarm.behaviour_mut().frames.send_request(&id(1), passed_on);
    let counters = Arc::clone(one.network.counters());
    let all_came = soon(async {
        while counters.topic(Topic::Submissions).rejected.value() < 13 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    tokio::select! {
        () = all_came => {}
        () = relay.cut() => panic!("cut off for what another said"),
    }
    assert_eq!((counters.cuts.value(), one.network.last_cut()), (0, None));
    one.connected(&[3]).await;
}

/// Two members, one of which speaks of another chain: on the topics of its own it is heard, on the other's not.
#[tokio::test]
async fn a_topic_of_another_chain_is_not_heard_of() {
    let (chain, other) = (Chain::new(2), Chain::new(3));
    let mut one = Node::start(1, &chain, Vec::new()).await;
    let mut two = Plain::new(&node_key(2, Purpose::Peer), &chain.tip.chain());
    two.let_in(id(1), &one.address).await;
    let own = IdentTopic::new(format!("luqi/{}/status", chain.tip.chain()));
    let theirs = IdentTopic::new(format!("luqi/{}/status", other.tip.chain()));
    let speaking = async {
        let mut number = 0_u8;
        loop {
            number += 1;
            // Before it is known who listens there is nobody to say it to.
            let said = two.swarm.behaviour_mut().gossip.publish(own.clone(), vec![number]);
            let other = two.swarm.behaviour_mut().gossip.publish(theirs.clone(), vec![number]);
            if said.is_ok() {
                assert!(other.is_err(), "nobody has said that he listens there");
            }
            let _ = tokio::time::timeout(AGAIN, two.cut()).await;
        }
    };
    tokio::select! {
        () = speaking => unreachable!("it never ends"),
        heard = one.gossip(Topic::Status) => assert_eq!(heard.author, id(2)),
    }
}
