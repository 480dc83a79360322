//! Networks of real sockets on this machine.

mod calls;
mod members;
mod misuse;
mod parts;
mod plain;
mod strangers;
mod wires;

use super::swarm::spawn_remembering;
use super::wire::{Request, Response};
use super::*;
use crate::chain::Latest;
use ledger_core::codec::List;
use ledger_core::fixture::{Network as Chain, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::Height;
use std::time::Instant;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Long enough for any machine; only what hangs for good takes it.
const LONG: Duration = Duration::from_secs(120);
/// How often is said again what may get lost.
const AGAIN: Duration = Duration::from_millis(200);

/// A node's network, and its listeners.
struct Node {
    number: u32,
    network: Network,
    inboxes: Inboxes,
    tip: watch::Sender<Arc<Latest>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    address: String,
}

fn latest(chain: &Chain) -> Arc<Latest> {
    Arc::new(Latest { tip: chain.tip.clone(), header: None, certificate: None, since: Instant::now() })
}

/// The peer id of a node of the fixture.
fn id(number: u32) -> PeerId {
    peer_id(&node_key(number, Purpose::Peer).public()).unwrap()
}

impl Node {
    async fn start(number: u32, chain: &Chain, peers: Vec<PeerConfig>) -> Self {
        Self::start_as(number, number, "127.0.0.1:0", chain, peers).await
    }

    /// A node with the key of another one of the fixture, at an address.
    async fn start_as(number: u32, key: u32, listen: &str, chain: &Chain, peers: Vec<PeerConfig>) -> Self {
        Self::start_remembering(super::behaviour::REMEMBERED, number, key, listen, chain, peers).await
    }

    /// The same with a memory that lasts so long.
    async fn start_remembering(
        remembered: Duration,
        number: u32,
        key: u32,
        listen: &str,
        chain: &Chain,
        peers: Vec<PeerConfig>,
    ) -> Self {
        let config = NetworkConfig { listen: listen.parse().unwrap(), peers };
        let (tip, membership) = watch::channel(latest(chain));
        let (stop, stopped) = watch::channel(false);
        let secret = node_key(key, Purpose::Peer);
        let spawned = spawn_remembering(remembered, config, &secret, chain.tip.chain(), membership, stopped);
        let (network, inboxes, task) = spawned.unwrap();
        let mut listening = network.listening();
        let address = soon(listening.wait_for(|addresses| !addresses.is_empty())).await.unwrap()[0];
        Self { number, network, inboxes, tip, stop, task, address: address.to_string() }
    }

    fn entry(&self) -> PeerConfig {
        PeerConfig { node: NodeNumber(self.number), address: self.address.clone(), pin: None }
    }

    /// Waits until exactly these nodes are connected.
    async fn connected(&self, nodes: &[u32]) {
        let mut peers = self.network.peers();
        let now = |peers: &Vec<Peer>| peers.iter().map(|peer| peer.node.0).collect::<Vec<_>>() == nodes;
        soon(peers.wait_for(now)).await.unwrap();
    }

    /// The next event for the engine that is what somebody looks for.
    async fn engine<T>(&mut self, pick: impl Fn(EngineEvent) -> Option<T>) -> T {
        soon(async {
            loop {
                if let Some(picked) = pick(self.inboxes.engine.recv().await.unwrap()) {
                    return picked;
                }
            }
        })
        .await
    }

    /// The next message of a topic.
    async fn gossip(&mut self, topic: Topic) -> Gossip {
        if topic == Topic::Submissions {
            return soon(async {
                loop {
                    if let Some(MempoolEvent::Gossip(gossip)) = self.inboxes.mempool.recv().await {
                        return gossip;
                    }
                }
            })
            .await;
        }
        self.engine(|event| match event {
            EngineEvent::Gossip(gossip) if gossip.topic == topic => Some(gossip),
            EngineEvent::Gossip(_)
            | EngineEvent::Connected(..)
            | EngineEvent::Disconnected(..)
            | EngineEvent::Question(_) => None,
        })
        .await
    }

    async fn end(self) {
        self.stop.send_replace(true);
        soon(self.task).await.unwrap();
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(LONG, what).await.expect("it did not happen")
}

/// As many nodes of a chain, each calling those before it, all connected.
async fn mesh(chain: &Chain, numbers: &[u32]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for number in numbers {
        let peers = nodes.iter().map(Node::entry).collect();
        nodes.push(Node::start(*number, chain, peers).await);
    }
    for node in &nodes {
        let others: Vec<_> = numbers.iter().copied().filter(|number| *number != node.number).collect();
        node.connected(&others).await;
    }
    nodes
}

/// Says something again and again until somebody has heard it.
async fn say(from: &Network, topic: Topic, data: &Bytes, to: &mut Node) -> Gossip {
    let saying = async {
        loop {
            from.publish(topic, data.clone()).await;
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = saying => unreachable!("it never ends"),
        gossip = to.gossip(topic) => gossip,
    }
}

fn range() -> Request {
    Request::Range { from: Height(1), to: Height(9) }
}

fn no_blocks() -> Response {
    Response::Range { tip: Height(7), blocks: List::default(), certificate: None }
}

#[tokio::test]
async fn members_hear_each_other_on_every_topic() {
    let chain = Chain::new(4);
    let mut nodes = mesh(&chain, &[1, 2, 3, 4]).await;
    for topic in Topic::ALL {
        let data = Bytes::from(vec![topic as u8; topic.cap(1 << 20)]);
        let speaker = nodes[0].network.clone();
        for hearer in nodes.iter_mut().skip(1) {
            let heard = say(&speaker, topic, &data, hearer).await;
            assert_eq!((heard.topic, heard.author, heard.node), (topic, id(1), NodeNumber(1)));
            assert_eq!(heard.data, data);
            assert!(hearer.network.counters().topic(topic).bytes_in.value() >= data.len() as u64);
        }
        assert!(speaker.counters().topic(topic).messages_out.value() >= 1);
    }
    for node in nodes {
        node.end().await;
    }
}

#[tokio::test]
async fn each_topic_is_heard_for_longer_than_gossip_remembers() {
    let (chain, short) = (Chain::new(2), Duration::from_millis(800));
    let one = Node::start_remembering(short, 1, 1, "127.0.0.1:0", &chain, Vec::new()).await;
    let mut two = Node::start_remembering(short, 2, 2, "127.0.0.1:0", &chain, vec![one.entry()]).await;
    two.connected(&[1]).await;
    let begun = Instant::now();
    while begun.elapsed() < short * 4 {
        // The library numbers what is said on each lane by itself, from the moment at which it was made.
        for topic in Topic::ALL {
            let heard = say(&one.network, topic, &Bytes::from_static(b"here"), &mut two).await;
            assert_eq!((heard.author, heard.topic), (id(1), topic));
        }
    }
    let rejected = Topic::ALL.map(|topic| two.network.counters().topic(topic).rejected.value());
    assert_eq!(rejected, [0; 5], "nothing that it said was taken for a repetition");
}

#[tokio::test]
async fn members_ask_each_other() {
    let chain = Chain::new(2);
    let [one, mut two] = <[Node; 2]>::try_from(mesh(&chain, &[1, 2]).await).ok().unwrap();
    let asking = tokio::spawn({
        let network = one.network.clone();
        async move { network.request(id(2), range()).await }
    });
    let question = soon(two.inboxes.blocks.recv()).await.unwrap();
    assert_eq!((question.from, question.node, &question.request), (id(1), NodeNumber(1), &range()));
    question.answer.send(no_blocks()).unwrap();
    assert_eq!(soon(asking).await.unwrap(), Ok(no_blocks()));

    // A question that nobody answers ends.
    let asking = tokio::spawn({
        let network = one.network.clone();
        async move { network.request(id(2), range()).await }
    });
    drop(soon(two.inboxes.blocks.recv()).await.unwrap());
    assert_eq!(soon(asking).await.unwrap(), Err(RequestError::Lost));
    assert_eq!(one.network.request(id(3), range()).await, Err(RequestError::NotConnected));
    assert_eq!(two.network.counters().questions_in.value(), 2);
    assert_eq!(two.network.counters().cuts.value(), 0);
}

#[tokio::test]
async fn who_comes_and_goes_is_told_once() {
    let chain = Chain::new(2);
    let [mut one, two] = <[Node; 2]>::try_from(mesh(&chain, &[1, 2]).await).ok().unwrap();
    assert!(
        matches!(soon(one.inboxes.engine.recv()).await, Some(EngineEvent::Connected(peer, NodeNumber(2))) if peer == id(2))
    );
    assert!(matches!(soon(one.inboxes.mempool.recv()).await, Some(MempoolEvent::Connected(peer, _)) if peer == id(2)));
    let mut peers = one.network.peers();
    let measured = |peers: &Vec<Peer>| peers.iter().all(|peer| peer.round_trip.is_some());
    soon(peers.wait_for(measured)).await.unwrap();
    two.end().await;
    assert!(
        matches!(soon(one.inboxes.engine.recv()).await, Some(EngineEvent::Disconnected(peer, NodeNumber(2))) if peer == id(2))
    );
    one.connected(&[]).await;
    assert!(one.inboxes.engine.try_recv().is_none());
    assert_eq!(one.network.request(id(2), range()).await, Err(RequestError::NotConnected));
}

#[tokio::test]
async fn who_has_come_hears_what_is_said_to_greet_it() {
    let chain = Chain::new(2);
    let mut one = Node::start(1, &chain, Vec::new()).await;
    let mut two = Node::start(2, &chain, vec![one.entry()]).await;
    one.engine(|event| matches!(event, EngineEvent::Connected(..)).then_some(())).await;
    for topic in Topic::ALL {
        one.network.publish(topic, Bytes::from_static(b"welcome")).await;
        assert_eq!(two.gossip(topic).await.data, "welcome", "said once, as soon as it was there");
    }
}

/// Of three validators the middle one is connected with all, and waits before it passes anything on; of four it lacks
/// one.
#[tokio::test]
async fn a_word_reaches_whom_its_author_is_not_connected_with() {
    for validators in [3, 4] {
        let chain = Chain::new(validators);
        let one = Node::start(1, &chain, Vec::new()).await;
        let middle = Node::start(2, &chain, vec![one.entry()]).await;
        let mut three = Node::start(3, &chain, vec![middle.entry()]).await;
        middle.connected(&[1, 3]).await;
        for topic in Topic::ALL {
            let heard = say(&one.network, topic, &Bytes::from_static(b"by way of another"), &mut three).await;
            assert_eq!((heard.author, heard.from), (id(1), id(2)));
        }
    }
}

#[tokio::test]
async fn a_flood_of_questions_is_answered_busy() {
    use futures::StreamExt as _;
    let chain = Chain::new(2);
    let [one, mut two] = <[Node; 2]>::try_from(mesh(&chain, &[1, 2]).await).ok().unwrap();
    let answering = tokio::spawn(async move {
        while let Some(question) = two.inboxes.blocks.recv().await {
            question.answer.send(no_blocks()).unwrap();
        }
    });
    let network = one.network.clone();
    let ask = |_| network.request(id(2), range());
    // Without an end, since a slow machine earns the right to more questions meanwhile.
    let mut answers = futures::stream::repeat(()).map(ask).buffer_unordered(16);
    let mut answered = 0;
    let busy = soon(async {
        loop {
            match answers.next().await {
                Some(Ok(Response::Busy)) => return true,
                Some(Ok(_)) => answered += 1,
                Some(Err(_)) | None => return false,
            }
        }
    });
    assert!(busy.await);
    assert!(answered >= 100, "{answered}");
    drop(answers);
    assert_eq!(one.network.counters().cuts.value(), 0);
    answering.abort();
}

#[tokio::test]
async fn a_taken_port_is_said_so() {
    let chain = Chain::new(1);
    let one = Node::start(1, &chain, Vec::new()).await;
    let config = NetworkConfig { listen: one.address.parse().unwrap(), peers: Vec::new() };
    let (_stop, stopped) = watch::channel(false);
    let again = spawn(config, &node_key(1, Purpose::Peer), chain.tip.chain(), one.tip.subscribe(), stopped);
    assert!(matches!(again, Err(NetworkError::Listen { address, .. }) if address.to_string() == one.address));
}
