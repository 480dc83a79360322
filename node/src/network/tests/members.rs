//! Who is a member changes while the network runs.

use super::plain::Plain;
use super::*;
use ledger_core::fixture::{code, member, node};
use ledger_core::governance::Change;
use ledger_core::membership::NodeKey;

#[tokio::test]
async fn a_removed_member_is_cut_off_while_it_is_connected() {
    let mut chain = Chain::new(4);
    let mut one = Node::start(1, &chain, Vec::new()).await;
    let mut four = Plain::new(&node_key(4, Purpose::Peer), &chain.tip.chain());
    four.let_in(id(1), &one.address).await;
    one.connected(&[4]).await;

    // It signs this block still: it stays until the next one.
    chain.govern(Change::RemoveMember(code("370300"), code("370000")), Height(2));
    assert!(chain.tip.membership().node(NodeNumber(4)).is_none());
    one.tip.send_replace(latest(&chain));
    tokio::select! {
        () = four.cut() => panic!("cut off too early"),
        _ = soon(async {
            // Time for the network to have seen the tip: a question and its answer.
            for _ in 0..100 {
                tokio::task::yield_now().await;
                assert_eq!(one.network.request(id(3), range()).await, Err(RequestError::NotConnected));
            }
        }) => {}
    }
    one.connected(&[4]).await;

    chain.block(Vec::new());
    one.tip.send_replace(latest(&chain));
    four.cut().await;
    one.engine(|event| matches!(event, EngineEvent::Disconnected(peer, NodeNumber(4)) if peer == id(4)).then_some(()))
        .await;
    four.call(id(1), &one.address);
    assert!(!four.refused().await);
    one.connected(&[]).await;
}

#[tokio::test]
async fn a_new_member_is_let_in_once_the_chain_says_so() {
    let mut chain = Chain::new(3);
    let one = Node::start(1, &chain, Vec::new()).await;
    let mut four = Plain::new(&node_key(4, Purpose::Peer), &chain.tip.chain());
    four.call(id(1), &one.address);
    assert!(!four.refused().await);
    chain.govern(Change::AddMember(member(4, "370300").into()), Height(2));
    one.tip.send_replace(latest(&chain));
    let living = tokio::spawn({
        let address = one.address.clone();
        async move {
            // The tip may reach the network after the first call.
            loop {
                four.call(id(1), &address);
                if four.refused().await {
                    return;
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    });
    one.connected(&[4]).await;
    living.abort();
}

#[tokio::test]
async fn a_changed_key_is_found_by_its_pin_before_the_chain_tells_of_it() {
    let old = Chain::new(3);
    let mut new = Chain::new(3);
    // The peer key alone, so that the fixture can go on with its others.
    let of_nine = |key: &NodeKey| if key.purpose == Purpose::Peer { node(9).keys[2] } else { *key };
    let keys: List<NodeKey, 4> = List::new(node(1).keys.iter().map(of_nine).collect()).unwrap();
    new.govern(Change::RotateNodeKeys(NodeNumber(1), keys.into()), Height(2));
    new.block(Vec::new());
    assert_eq!(old.tip.chain(), new.tip.chain());
    let one = Node::start_as(1, 9, "127.0.0.1:0", &new, Vec::new()).await;
    let entry = PeerConfig { pin: Some(id(9)), ..one.entry() };
    let mut three = Node::start(3, &old, vec![entry]).await;
    three.connected(&[1]).await;
    let heard = say(&one.network, Topic::Status, &Bytes::from_static(b"here"), &mut three).await;
    assert_eq!((heard.author, heard.node), (id(9), NodeNumber(1)));

    // The chain catches up, and nothing is lost by it.
    three.tip.send_replace(latest(&new));
    let heard = say(&one.network, Topic::Status, &Bytes::from_static(b"still"), &mut three).await;
    assert_eq!(heard.node, NodeNumber(1));
    three.connected(&[1]).await;
}
