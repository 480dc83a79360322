//! Peers that serve the chain, half of it, or something else; and who catches up over them.

use super::*;
use crate::chain::Chain;
use crate::network::wire::{Request, Response};
use crate::network::{Command, Network, Peer, PeerId, RequestError};
use crate::store::{Store as _, StoreConfig};
use ledger_core::certificate::{Certificate, CommitSignature};
use ledger_core::chain::FinalBlock;
use ledger_core::codec::{Bytes, List};
use ledger_core::event::{Action, Event};
use ledger_core::fixture::{self, code, governance_key};
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::names::{Height, NodeNumber};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// Far longer than anything takes.
const LONG: Duration = Duration::from_secs(60);

/// A chain whose membership changes, so that no one set of validators certifies all of it.
fn grown(blocks: u64) -> (fixture::Network, Vec<FinalBlock>) {
    let mut network = fixture::Network::new(4);
    let mut made = Vec::new();
    for height in 1..=blocks {
        let keeper = code("370100");
        let mut events: Vec<Event> = (0..3).map(|i| fixture::event(height * 10 + i, Action::New { keeper })).collect();
        if height % 20 == 7 {
            let change = Change::SetPower(NodeNumber(4), height as u32);
            let effective = Height(height + 3);
            let id = change.id(effective);
            let chain = network.tip.chain();
            events.push(Event::Propose(Box::new(Propose { change: change.into(), effective })));
            let approve =
                |(member, text)| Event::Approve(Approve::sign(&chain, &governance_key(member), code(text), id));
            events.extend((1..=4).zip(fixture::CODES).map(approve));
        }
        made.push(network.block_of(events));
    }
    (network, made)
}

fn filled(network: &fixture::Network, blocks: &[FinalBlock]) -> (TempDir, Chain) {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::open(folder.path(), network.genesis.clone(), StoreConfig::default()).unwrap();
    for block in blocks {
        let checked = chain.check(block.block().clone()).unwrap();
        chain.commit(checked, block.certificate().unwrap().clone()).unwrap();
    }
    (folder, chain)
}

type Answer = Box<dyn Fn(Request) -> Result<Response, RequestError> + Send>;

/// A network of peers that answer by these functions; and who was cut.
fn hub(answers: Vec<Answer>) -> (Network, Vec<PeerId>, Arc<Mutex<Vec<PeerId>>>) {
    let (commands, mut inbox) = mpsc::channel(16);
    let ids: Vec<PeerId> = answers.iter().map(|_| PeerId::random()).collect();
    let peer = |(number, id): (u32, &PeerId)| Peer {
        node: NodeNumber(number),
        id: *id,
        address: String::new(),
        round_trip: None,
    };
    let peers = watch::Sender::new((1..).zip(&ids).map(peer).collect::<Vec<_>>());
    let cut = Arc::new(Mutex::new(Vec::new()));
    let network = Network::without_swarm(commands, peers.subscribe(), PeerId::random());
    let (known, cutting) = (ids.clone(), Arc::clone(&cut));
    tokio::spawn(async move {
        while let Some(command) = inbox.recv().await {
            match command {
                Command::Publish(..) => {}
                Command::Request(to, request, reply) => {
                    let place = known.iter().position(|id| *id == to).unwrap();
                    let _ = reply.send(answers[place](request));
                }
                Command::Cut(peer, _) => {
                    cutting.lock().unwrap().push(peer);
                    peers.send_modify(|peers| peers.retain(|known| known.id != peer));
                }
            }
        }
    });
    (network, ids, cut)
}

/// Waits until these are cut off: the swarm hears of it after who catches up has gone on.
async fn cut_off(cut: &Mutex<Vec<PeerId>>, expected: &[PeerId]) {
    let all = async {
        while *cut.lock().unwrap() != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, all).await.is_ok(), "{cut:?} and not {expected:?}");
}

fn honest(chain: &Chain) -> Answer {
    let chain = chain.clone();
    Box::new(move |request| {
        let Request::Range { from, to } = request else { panic!("{request:?}") };
        Ok(serve::range(&chain, from, to).unwrap())
    })
}

/// An honest answer, spoiled.
fn spoiled(chain: &Chain, spoil: impl Fn(&mut Vec<Vec<u8>>, &mut Option<Certificate>) + Send + 'static) -> Answer {
    let honest = honest(chain);
    Box::new(move |request| {
        let Ok(Response::Range { tip, blocks, mut certificate }) = honest(request) else { panic!() };
        let mut blocks: Vec<Vec<u8>> = blocks.iter().map(|block| block.to_vec()).collect();
        spoil(&mut blocks, &mut certificate);
        let blocks = List::new(blocks.into_iter().map(|block| Bytes::new(block).unwrap()).collect()).unwrap();
        Ok(Response::Range { tip, blocks, certificate })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_far_behind_catches_up_over_changes_of_membership() {
    let (network, blocks) = grown(75);
    let (_served, serving) = filled(&network, &blocks);
    let (_own, chain) = filled(&network, &blocks[..3]);
    let (swarm, ..) = hub(vec![honest(&serving), honest(&serving)]);
    let caught = catch_up(&chain, &swarm, |_| {}).await.unwrap();
    assert_eq!(caught, CaughtUp { tip: Height(75), highest: Height(75), fetched: 72 });
    assert_eq!(chain.latest().tip, network.tip);
    // The next block needs the tip's certificate.
    assert_eq!(chain.latest().certificate, network.certificate);
    assert_eq!(chain.store().tip().height, Height(75));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_near_leaves_the_rest_to_the_engine() {
    let (network, blocks) = grown(20);
    let (_served, serving) = filled(&network, &blocks);
    let (_own, chain) = filled(&network, &blocks[..14]);
    let (swarm, ..) = hub(vec![honest(&serving)]);
    assert_eq!(catch_up(&chain, &swarm, |_| {}).await.unwrap().fetched, 0);
    let (nobody, ..) = hub(vec![]);
    assert_eq!(catch_up(&chain, &nobody, |_| {}).await.unwrap().highest, Height(14));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_serves_what_does_not_hold_is_cut_and_the_others_are_asked() {
    let (network, blocks) = grown(60);
    let (_served, serving) = filled(&network, &blocks);
    let spoils: Vec<Answer> = vec![
        spoiled(&serving, |blocks, _| *blocks[10].last_mut().unwrap() ^= 1),
        spoiled(&serving, |blocks, _| blocks[4].truncate(40)),
        spoiled(&serving, |blocks, _| blocks.swap(2, 3)),
        spoiled(&serving, |blocks, _| {
            blocks.remove(1);
        }),
        // The first stretch ends where the membership changes; what certifies it is in the child.
        spoiled(&serving, |blocks, _| blocks.truncate(5)),
        spoiled(&serving, |blocks, certificate| {
            blocks.truncate(5);
            *certificate = None;
            blocks.drain(..4);
        }),
    ];
    for spoil in spoils {
        let (_own, chain) = filled(&network, &[]);
        let (swarm, ids, cut) = hub(vec![spoil, honest(&serving)]);
        let caught = catch_up(&chain, &swarm, |_| {}).await.unwrap();
        assert_eq!((caught.tip, chain.latest().tip.hash()), (Height(60), network.tip.hash()));
        assert_eq!(*cut.lock().unwrap(), ids[..1]);
    }
}

/// A certificate with other signatures.
fn resigned(certificate: &mut Option<Certificate>, change: impl Fn(&mut Vec<CommitSignature>)) {
    let certificate = certificate.as_mut().unwrap();
    let mut signatures = certificate.signatures.to_vec();
    change(&mut signatures);
    certificate.signatures = List::new(signatures).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_does_not_hold_makes_nothing_final() {
    let mut network = fixture::Network::new(4);
    let blocks: Vec<_> = (0..20).map(|_| network.block(Vec::new())).collect();
    let (_served, serving) = filled(&network, &blocks);
    let lies: [fn(&mut Vec<CommitSignature>); 6] = [
        // Three good ones beside it would do.
        |votes| votes[0].signature.0[9] ^= 1,
        // One too few.
        |votes| votes.truncate(2),
        Vec::clear,
        // One twice, and one of nobody's.
        |votes| {
            votes.truncate(2);
            votes.push(votes[1]);
        },
        |votes| votes[3].node = NodeNumber(9),
        // Each good, and none where it belongs.
        |votes| (votes[0].signature, votes[1].signature) = (votes[1].signature, votes[0].signature),
    ];
    let mut spoils: Vec<Answer> =
        lies.into_iter().map(|lie| spoiled(&serving, move |_, certificate| resigned(certificate, lie))).collect();
    spoils.push(spoiled(&serving, |_, certificate| certificate.as_mut().unwrap().round.0 += 1));
    spoils.push(spoiled(&serving, |_, certificate| certificate.as_mut().unwrap().block.0[0] ^= 1));
    for (case, spoil) in spoils.into_iter().enumerate() {
        let (_own, chain) = filled(&network, &[]);
        let (swarm, ids, cut) = hub(vec![spoil]);
        assert_eq!(catch_up(&chain, &swarm, |_| {}).await.unwrap().fetched, 0, "case {case}");
        cut_off(&cut, &ids).await;
        assert_eq!(chain.latest().tip.height(), Height(0), "case {case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_signatures_of_four_with_little_power_are_too_few() {
    // At the last block node 4 alone has more than two thirds.
    let (network, blocks) = grown(60);
    let (_served, serving) = filled(&network, &blocks);
    let without = |certificate: &mut Option<Certificate>, node: u32| {
        resigned(certificate, |votes| votes.retain(|vote| vote.node != NodeNumber(node)));
    };
    for (node, reaches) in [(4, false), (1, true)] {
        let (_own, chain) = filled(&network, &[]);
        let (swarm, ids, cut) = hub(vec![spoiled(&serving, move |_, certificate| without(certificate, node))]);
        assert_eq!(catch_up(&chain, &swarm, |_| {}).await.unwrap().tip == Height(60), reaches, "without node {node}");
        cut_off(&cut, if reaches { &[] } else { &ids }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_boasts_and_gives_nothing_holds_nobody_up() {
    let (network, blocks) = grown(40);
    let (_served, serving) = filled(&network, &blocks);
    let boast = |_| Ok(Response::Range { tip: Height(1_000_000), blocks: List::default(), certificate: None });
    let silent = |_| Err(RequestError::Timeout);
    let busy = |_| Ok(Response::Busy);
    let (_own, chain) = filled(&network, &[]);
    let (swarm, ..) = hub(vec![Box::new(boast), Box::new(silent), Box::new(busy), honest(&serving)]);
    assert_eq!(catch_up(&chain, &swarm, |_| {}).await.unwrap().tip, Height(40));
}

#[test]
fn a_range_is_served_as_far_as_the_chain_goes() {
    let (network, blocks) = grown(30);
    let (_served, serving) = filled(&network, &blocks);
    for (from, to, expected) in [(1, 30, 30), (0, 5, 5), (28, 90, 3), (31, 40, 0), (9, 8, 0), (7, 7, 1)] {
        let answer = serve::range(&serving, Height(from), Height(to)).unwrap();
        let Response::Range { tip, blocks: served, certificate } = answer else { panic!() };
        assert_eq!((tip, served.len()), (Height(30), expected), "{from} to {to}");
        let last = (from.max(1) + expected as u64) as usize - 1;
        if expected > 0 {
            let wanted = blocks[last - 1].certificate().unwrap();
            assert_eq!(certificate.unwrap().height, wanted.height);
            assert_eq!(served.last().unwrap().to_vec(), blocks[last - 1].block().encode());
        }
    }
}
