//! Who is no member gets nothing.

use super::plain::Plain;
use super::*;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

#[tokio::test]
async fn a_stranger_who_calls_is_cut_off_before_any_protocol() {
    let chain = Chain::new(2);
    let mut nodes = mesh(&chain, &[1, 2]).await;
    let mut stranger = Plain::new(&node_key(9, Purpose::Peer), &chain.tip.chain());
    for _ in 0..3 {
        stranger.call(id(1), &nodes[0].address);
        assert!(!stranger.refused().await);
    }
    assert!(nodes[0].network.counters().strangers.value() >= 3);
    // Nothing of it has reached anybody, and the members speak as before.
    let speaker = nodes[1].network.clone();
    let heard = say(&speaker, Topic::Status, &Bytes::from_static(b"here"), &mut nodes[0]).await;
    assert_eq!(heard.author, id(2));
    let counters = nodes[0].network.counters();
    assert_eq!((counters.questions_in.value(), counters.malformed.value(), counters.cuts.value()), (0, 0, 0));
    nodes[0].connected(&[2]).await;
}

#[tokio::test]
async fn a_stranger_who_answers_a_call_is_cut_off_before_any_protocol() {
    let chain = Chain::new(2);
    let mut stranger = Plain::new(&node_key(9, Purpose::Peer), &chain.tip.chain());
    let address = stranger.listen().await;
    let peers = vec![PeerConfig { node: NodeNumber(2), address, pin: None }];
    let one = Node::start(1, &chain, peers).await;
    for _ in 0..2 {
        assert!(!stranger.refused().await);
    }
    assert!(one.network.counters().dials_failed.value() >= 1);
    one.connected(&[]).await;
}

#[tokio::test]
async fn a_pinned_peer_may_be_called_but_may_not_call() {
    let chain = Chain::new(2);
    let mut pinned = Plain::new(&node_key(9, Purpose::Peer), &chain.tip.chain());
    let nowhere = PeerConfig { node: NodeNumber(2), address: "127.0.0.1:1".to_owned(), pin: Some(id(9)) };
    let one = Node::start(1, &chain, vec![nowhere]).await;
    pinned.call(id(1), &one.address);
    assert!(!pinned.refused().await);
    one.connected(&[]).await;

    let address = pinned.listen().await;
    let peers = vec![PeerConfig { node: NodeNumber(2), address, pin: Some(id(9)) }];
    let two = Node::start_as(1, 1, "127.0.0.1:0", &chain, peers).await;
    let peers = two.network.peers();
    let living = tokio::spawn(async move { pinned.cut().await });
    two.connected(&[2]).await;
    assert_eq!(peers.borrow()[0].id, id(9));
    two.end().await;
    soon(living).await.unwrap();
}

#[tokio::test]
async fn what_is_no_libp2p_gets_nothing() {
    let chain = Chain::new(1);
    let one = Node::start(1, &chain, Vec::new()).await;
    let garbage: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: luqi\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[0xff; 4096],
        b"\x13/multistream/9.9.9\n\x07/noise\n",
    ];
    for bytes in garbage {
        let address = one.address.clone();
        let got = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            let mut got = Vec::new();
            // Each may find the connection closed or reset already: no answer is what is wanted.
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read_to_end(&mut got);
            got
        });
        assert_eq!(soon(got).await.unwrap(), b"", "{bytes:?}");
    }
    one.connected(&[]).await;
}
