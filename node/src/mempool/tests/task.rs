use super::*;
use crate::network::wire::{Request, Response};
use crate::network::{Command, Gossip, MempoolEvent, Network as Swarm, Peer, PeerId, Question, Topic};
use crate::outbox::Outbox;
use ledger_core::codec::List;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far longer than anything takes.
const LONG: Duration = Duration::from_secs(60);

/// A running task between a swarm and an inbox that the test holds.
struct Running {
    commands: mpsc::Receiver<Command>,
    inbox: mpsc::Sender<MempoolEvent>,
    peers: Vec<Peer>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(world: &World, own: Option<(NodeNumber, Outbox)>) -> Self {
        let (to, commands) = mpsc::channel(64);
        let peer =
            |node| Peer { node: NodeNumber(node), id: PeerId::random(), address: String::new(), round_trip: None };
        let peers = vec![peer(2), peer(3)];
        let (_, connected) = watch::channel(peers.clone());
        let swarm = Swarm::without_swarm(to, connected, PeerId::random());
        let (inbox, events) = mpsc::channel(64);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { _ = stopped.await };
        let task = tokio::spawn(run(world.mempool.clone(), swarm, events, own, stopped));
        Self { commands, inbox, peers, stop: Some(stop), task }
    }

    async fn gossip(&self, data: Vec<u8>) -> PeerId {
        let author = self.peers[0].id;
        let said = Gossip {
            topic: Topic::Submissions,
            from: self.peers[1].id,
            author,
            node: NodeNumber(2),
            data: data.into(),
        };
        self.inbox.send(MempoolEvent::Gossip(said)).await.unwrap();
        author
    }

    async fn command(&mut self) -> Command {
        timeout(LONG, self.commands.recv()).await.unwrap().unwrap()
    }

    async fn ask(&self, node: u32, from: u64) -> Vec<Submission> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Submissions { node: NodeNumber(node), from: Sequence(from) };
        let (from, node) = (self.peers[0].id, NodeNumber(2));
        self.inbox.send(MempoolEvent::Question(Question { from, node, request, answer })).await.unwrap();
        let answer = timeout(LONG, answered).await.unwrap().unwrap();
        let Response::Submissions(found) = answer else { panic!("{answer:?}") };
        found.iter().map(|bytes| codec::decode(bytes).unwrap()).collect()
    }

    async fn end(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        timeout(LONG, self.task).await.unwrap().unwrap();
    }
}

async fn held(world: &World, events: u64) {
    let mut pending = world.mempool.pending();
    timeout(LONG, pending.wait_for(|pending| pending.events == events)).await.unwrap().unwrap();
}

fn bytes(submissions: &[Submission]) -> Response {
    let encoded = submissions.iter().map(|one| codec::Bytes::new(codec::encode(one)).unwrap()).collect();
    Response::Submissions(List::new(encoded).unwrap())
}

#[tokio::test]
async fn gossip_is_held_and_who_sends_rubbish_is_cut() {
    let world = World::new(3, Limits::default());
    let mut running = Running::start(&world, None);
    running.gossip(codec::encode(&world.signed(2, 1, 3))).await;
    held(&world, 3).await;
    let mut forged = world.signed(2, 2, 1);
    forged.signature.0[0] ^= 1;
    let mut longer = codec::encode(&world.signed(2, 2, 1));
    longer.push(0);
    // Signed by a key that another node may know already: not taken, and nobody's fault for certain.
    running.gossip(codec::encode(&forged)).await;
    for rubbish in [longer, b"no submission".to_vec(), Vec::new()] {
        let author = running.gossip(rubbish).await;
        assert!(matches!(running.command().await, Command::Cut(peer, _) if peer == author));
    }
    // A replay, or another submission with its number, is merely not taken.
    running.gossip(codec::encode(&world.signed(2, 1, 3))).await;
    running.gossip(codec::encode(&world.signed(2, 1, 4))).await;
    running.gossip(codec::encode(&world.signed(3, 1, 1))).await;
    held(&world, 4).await;
    assert_eq!(running.ask(2, 1).await, [world.signed(2, 1, 3)]);
    assert_eq!(running.ask(1, 1).await, []);
    assert!(running.commands.try_recv().is_err());
    running.end().await;
}

#[tokio::test]
async fn the_own_outbox_is_said_to_all_and_again_to_who_comes() {
    let world = World::new(3, Limits::default());
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    outbox.append(&[world.signed(1, 1, 1)]).unwrap();
    let mut running = Running::start(&world, Some((NodeNumber(1), outbox.clone())));
    let said = |command| {
        let Command::Publish(Topic::Submissions, data) = command else { panic!("{command:?}") };
        codec::decode::<Submission>(&data).unwrap().sequence.0
    };
    assert_eq!(said(running.command().await), 1, "what was acknowledged before a crash goes out");
    outbox.append(&[world.signed(1, 2, 1), world.signed(1, 3, 1)]).unwrap();
    assert_eq!(said(running.command().await), 2);
    assert_eq!(said(running.command().await), 3);
    held(&world, 3).await;
    assert_eq!(running.ask(1, 2).await, [world.signed(1, 2, 1), world.signed(1, 3, 1)]);
    world.commit(world.mempool.fill()[..2].to_vec());
    running.inbox.send(MempoolEvent::Connected(running.peers[1].id, NodeNumber(3))).await.unwrap();
    // Once for who has come; and its own stream is asked for.
    let (mut again, mut asked) = (Vec::new(), false);
    while again.is_empty() || !asked {
        match running.command().await {
            Command::Request(to, Request::Submissions { node, from }, reply) => {
                assert_eq!((to, node, from), (running.peers[1].id, NodeNumber(3), Sequence(1)));
                reply.send(Ok(bytes(&[world.signed(3, 1, 4)]))).unwrap();
                asked = true;
            }
            other @ (Command::Publish(..) | Command::Request(..) | Command::Cut(..)) => again.push(said(other)),
        }
    }
    assert!(again.iter().all(|sequence| *sequence == 3), "{again:?}");
    held(&world, 5).await;
    running.end().await;
}

#[tokio::test]
async fn what_is_missing_is_fetched_from_its_node_and_then_from_others() {
    let world = World::new(3, Limits::default());
    let mut running = Running::start(&world, None);
    running.gossip(codec::encode(&world.signed(2, 3, 1))).await;
    for attempt in 0.. {
        let command = running.command().await;
        let Command::Request(to, Request::Submissions { node: NodeNumber(2), from }, reply) = command else {
            panic!("{command:?}")
        };
        assert_eq!((to, from), (running.peers[attempt % 2].id, Sequence(1)), "attempt {attempt}");
        if attempt == 1 {
            reply.send(Ok(bytes(&[world.signed(2, 1, 1), world.signed(2, 2, 1)]))).unwrap();
            break;
        }
        drop(reply);
    }
    held(&world, 3).await;
    // A peer that answers with what is forged here is asked later and later; one that answers with what is none for
    // anybody is cut.
    running.gossip(codec::encode(&world.signed(2, 5, 1))).await;
    let mut forged = world.signed(2, 4, 1);
    forged.signature.0[0] ^= 1;
    let empty = Submission { events: List::default(), ..forged.clone() };
    let mut answers = 0;
    loop {
        match running.command().await {
            Command::Request(_, _, reply) => {
                answers += 1;
                let answer = if answers < 3 { &forged } else { &empty };
                let _ = reply.send(Ok(bytes(std::slice::from_ref(answer))));
            }
            Command::Cut(peer, _) => {
                assert!(running.peers.iter().any(|one| one.id == peer));
                assert_eq!(answers, 3);
                break;
            }
            Command::Publish(..) => panic!("there is nothing to say"),
        }
    }
    running.end().await;
}
