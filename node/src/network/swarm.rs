//! The one task that owns the swarm: it hears the library, the handles, the chain and the clock, and does
//! one thing at a time. Nothing in it waits for a peer.

use super::behaviour::Behaviour;
use super::conduct::{Conduct, Replays, Shares};
use super::config::{NetworkConfig, NetworkError};
use super::counters::Counters;
use super::dial::{Dialer, Due, multiaddr, resolve};
use super::inbox::Outlets;
use super::members::Members;
use super::passing::{Heard, Passing};
use super::topics::Lane;
use super::transport::{HANDSHAKE_TIME, transport};
use super::wire::{Request, Response};
use super::{Command, Inboxes, Network, Peer, PeerId, RequestError, Topic, behaviour};
use crate::chain::Latest;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger_core::crypto::{ChainId, SecretKey};
use ledger_core::names::NodeNumber;
use libp2p::gossipsub::{IdentTopic, MessageAcceptance, PublishError, TopicHash};
use libp2p::identity::Keypair;
use libp2p::request_response::{OutboundRequestId, ResponseChannel};
use libp2p::swarm::Swarm;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, SwarmBuilder, TransportError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Commands that wait for the task, on each of its lanes.
const COMMANDS: usize = 1024;
/// Questions to others that are open at once.
const OPEN_QUESTIONS: usize = 1024;
/// Streams of one connection whose protocol is not agreed on yet.
const NEGOTIATING: usize = 64;
/// Connections live for as long as both ends do: their life is the gate's business, not idleness.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long the end waits for connections to close.
const CLOSING_TIME: Duration = Duration::from_secs(1);
/// How often what waits for room in an inbox is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// A peer that is connected.
#[derive(Clone, Debug)]
pub(super) struct Connected {
    pub(super) node: NodeNumber,
    pub(super) address: Multiaddr,
    pub(super) round_trip: Option<Duration>,
    /// On which lanes it hears what is said.
    pub(super) hears: BTreeSet<Lane>,
}

impl Connected {
    /// Whether it hears all that is said. Before, what was said to greet it would be lost.
    pub(super) fn hears_all(&self) -> bool {
        self.hears.len() == Lane::ALL.len()
    }
}

type Answer = (ResponseChannel<Response>, Option<Response>);
type Resolved = (Due, Result<Vec<Multiaddr>, String>);

/// The task.
pub(super) struct Task {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) members: Members,
    pub(super) pins: HashMap<PeerId, NodeNumber>,
    pub(super) connected: BTreeMap<PeerId, Connected>,
    pub(super) dialer: Dialer,
    pub(super) conduct: Conduct,
    pub(super) replays: Replays,
    pub(super) shares: Shares,
    pub(super) passing: Passing,
    pub(super) outlets: Outlets,
    pub(super) asked: HashMap<OutboundRequestId, oneshot::Sender<Result<Response, RequestError>>>,
    pub(super) answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    pub(super) topics: HashMap<TopicHash, Topic>,
    pub(super) counters: Arc<Counters>,
    pub(super) peers: watch::Sender<Vec<Peer>>,
    pub(super) listening: watch::Sender<Vec<SocketAddr>>,
    names: HashMap<Topic, IdentTopic>,
    resolving: JoinSet<Resolved>,
    cuts: mpsc::Receiver<Command>,
    votes: mpsc::Receiver<Command>,
    commands: mpsc::Receiver<Command>,
    membership: watch::Receiver<Arc<Latest>>,
    stop: watch::Receiver<bool>,
}

/// Starts the swarm of a node. The peer key is its identity; `membership` is where the chain stands; the
/// network ends when `stop` says so, or when its sender is gone.
///
/// # Errors
/// [`NetworkError`]: the address cannot be listened on, or there is no runtime.
pub fn spawn(
    config: NetworkConfig,
    secret: &SecretKey,
    chain_id: ChainId,
    membership: watch::Receiver<Arc<Latest>>,
    stop: watch::Receiver<bool>,
) -> Result<(Network, Inboxes, JoinHandle<()>), NetworkError> {
    spawn_remembering(behaviour::REMEMBERED, config, secret, chain_id, membership, stop)
}

/// The same for a network that remembers what it has heard for so long.
pub(super) fn spawn_remembering(
    remembered: Duration,
    config: NetworkConfig,
    secret: &SecretKey,
    chain_id: ChainId,
    membership: watch::Receiver<Arc<Latest>>,
    stop: watch::Receiver<bool>,
) -> Result<(Network, Inboxes, JoinHandle<()>), NetworkError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|error| NetworkError::Setup(error.to_string()))?;
    let keys = Keypair::ed25519_from_bytes(secret.seed().as_mut_slice()).map_err(setup)?;
    let own = keys.public().to_peer_id();
    let counters = Arc::new(Counters::default());
    let pinned = |peer: &super::PeerConfig| peer.pin.map(|pin| (pin, peer.node));
    let pins: HashMap<_, _> = config.peers.iter().filter_map(pinned).collect();
    let pinned = pins.keys().copied().collect();
    let behaviour = Behaviour::new(&keys, &chain_id, remembered, pinned, Arc::clone(&counters));
    let behaviour = behaviour.map_err(NetworkError::Setup)?;
    let mut swarm = build(keys, behaviour)?;
    free(config.listen).map_err(|source| NetworkError::Listen { address: config.listen, source })?;
    swarm.listen_on(multiaddr(config.listen)).map_err(|error| match error {
        TransportError::Other(source) => NetworkError::Listen { address: config.listen, source },
        TransportError::MultiaddrNotSupported(address) => NetworkError::Setup(format!("{address} is not supported")),
    })?;

    let (cuts, from_cuts) = mpsc::channel(COMMANDS);
    let (votes, from_votes) = mpsc::channel(COMMANDS);
    let (commands, from_handles) = mpsc::channel(COMMANDS);
    let (outlets, inboxes) = Outlets::new(Arc::clone(&counters));
    let (peers, listening) = (watch::Sender::default(), watch::Sender::default());
    let network = Network {
        cuts,
        votes,
        commands,
        peers: peers.subscribe(),
        own,
        listening: listening.subscribe(),
        counters: Arc::clone(&counters),
    };
    let names: HashMap<_, _> = Topic::ALL.into_iter().map(|topic| (topic, topic.on(&chain_id))).collect();
    let mut task = Task {
        swarm,
        members: Members::default(),
        pins,
        connected: BTreeMap::new(),
        dialer: Dialer::new(own, config.peers, Instant::now()),
        conduct: Conduct::default(),
        replays: Replays::new(remembered),
        shares: Shares::default(),
        passing: Passing::default(),
        outlets,
        asked: HashMap::new(),
        answers: FuturesUnordered::new(),
        topics: names.iter().map(|(topic, name)| (name.hash(), *topic)).collect(),
        counters,
        peers,
        listening,
        names,
        resolving: JoinSet::new(),
        cuts: from_cuts,
        votes: from_votes,
        commands: from_handles,
        membership,
        stop,
    };
    task.follow_membership();
    Ok((network, inboxes, runtime.spawn(task.run())))
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone says stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether an address can be listened on. The library would share a port with another process of the same
/// user, and each would get a part of the calls.
fn free(address: SocketAddr) -> std::io::Result<()> {
    std::net::TcpListener::bind(address).map(drop)
}

fn setup(error: impl std::fmt::Display) -> NetworkError {
    NetworkError::Setup(error.to_string())
}

fn build(keys: Keypair, behaviour: Behaviour) -> Result<Swarm<Behaviour>, NetworkError> {
    let transport = transport(&keys).map_err(setup)?;
    let builder =
        SwarmBuilder::with_existing_identity(keys).with_tokio().with_other_transport(|_| transport).map_err(setup)?;
    let builder = builder.with_behaviour(|_| behaviour).map_err(setup)?;
    let builder = builder.with_swarm_config(|config| {
        config.with_idle_connection_timeout(IDLE).with_max_negotiating_inbound_streams(NEGOTIATING)
    });
    // The transport has bounded its own waits: of this one it is longer than all of them.
    Ok(builder.with_connection_timeout(HANDSHAKE_TIME * 2).build())
}

impl Task {
    async fn run(mut self) {
        loop {
            let due = self.dialer.next().unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
            let passing = self.passing.next().unwrap_or(due);
            tokio::select! {
                () = stopped(&mut self.stop) => break,
                Some(command) = self.cuts.recv() => self.obey(command),
                Some(command) = self.votes.recv() => self.obey(command),
                event = self.swarm.select_next_some() => self.hear(event),
                Some(command) = self.commands.recv() => self.obey(command),
                Some((channel, answer)) = self.answers.next() => self.answer(channel, answer),
                Some(Ok((due, addresses))) = self.resolving.join_next() => self.call(due, addresses),
                Ok(()) = self.membership.changed() => self.follow_membership(),
                () = tokio::time::sleep_until(due.into()) => self.call_due(),
                () = tokio::time::sleep_until(passing.into()) => self.pass_on_due(),
                () = tokio::time::sleep(RETRY), if self.outlets.waits() => self.outlets.flush(),
            }
        }
        self.end().await;
    }

    /// Closes every connection, and waits a moment for it.
    async fn end(mut self) {
        for peer in self.swarm.connected_peers().copied().collect::<Vec<_>>() {
            // Whoever is gone meanwhile is what was wanted.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        let _ = tokio::time::timeout(CLOSING_TIME, closed).await;
        self.peers.send_replace(Vec::new());
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Publish(topic, data) => self.publish(topic, data),
            Command::Request(peer, request, reply) => self.ask(peer, request, reply),
            Command::Cut(peer, why) => self.cut(peer, why),
        }
    }

    fn publish(&mut self, topic: Topic, data: Bytes) {
        let (size, cap) = (data.len(), topic.cap(self.members.block_bytes()));
        if size > cap {
            tracing::error!(topic = topic.as_str(), size, cap, "not said: everybody would refuse it for its size");
            return;
        }
        let Some(name) = self.names.get(&topic) else { return };
        let own = *self.swarm.local_peer_id();
        if !self.shares.take_own(own, topic.lane(), size, Instant::now()) {
            // Others would not take it; they ask for what they lack.
            self.counters.topic(topic).dropped.one();
            return;
        }
        let published = self.swarm.behaviour_mut().gossip(topic.lane()).inner.publish(name.hash(), data);
        match published {
            Ok(_) => {
                self.counters.topic(topic).messages_out.one();
                self.counters.topic(topic).bytes_out.add(size);
            }
            Err(PublishError::NoPeersSubscribedToTopic) => {
                tracing::debug!(topic = topic.as_str(), "nobody to say it to")
            }
            Err(PublishError::AllQueuesFull(_)) => tracing::debug!(topic = topic.as_str(), "every peer is too slow"),
            Err(
                error @ (PublishError::Duplicate
                | PublishError::SigningError(_)
                | PublishError::MessageTooLarge
                | PublishError::TransformFailed(_)),
            ) => tracing::error!(topic = topic.as_str(), size, %error, "not said"),
        }
    }

    fn ask(&mut self, peer: PeerId, request: Request, reply: oneshot::Sender<Result<Response, RequestError>>) {
        let refused = match (self.connected.contains_key(&peer), self.asked.len() < OPEN_QUESTIONS) {
            (false, _) => RequestError::NotConnected,
            (true, false) => RequestError::Busy,
            (true, true) => {
                self.counters.questions_out.one();
                let id = self.swarm.behaviour_mut().questions.send_request(&peer, Ok(request));
                self.asked.insert(id, reply);
                return;
            }
        };
        // Who no longer waits for an answer needs none.
        let _ = reply.send(Err(refused));
    }

    fn answer(&mut self, channel: ResponseChannel<Response>, answer: Option<Response>) {
        if let Some(answer) = answer {
            // Too late an answer is dropped: the peer has stopped waiting.
            let _ = self.swarm.behaviour_mut().questions.send_response(channel, answer);
        }
    }

    /// Closes the connections to a peer and keeps it out for a while.
    pub(super) fn cut(&mut self, peer: PeerId, why: &'static str) {
        tracing::warn!(node = self.node(&peer).map(|node| node.0), %peer, why, "cut off");
        self.counters.cuts.one();
        *self.counters.last_cut.lock().unwrap_or_else(PoisonError::into_inner) = Some((peer, why));
        let lasting = self.conduct.cut(peer, Instant::now());
        self.swarm.behaviour_mut().gate.cut_off(peer, lasting);
    }

    /// The node of a peer: by the chain, else by the configuration.
    pub(super) fn node(&self, peer: &PeerId) -> Option<NodeNumber> {
        self.members.node(peer).or_else(|| self.pins.get(peer).copied())
    }

    /// Passes on what has waited long enough and is of use still.
    fn pass_on_due(&mut self) {
        while let Some((word, is_needed)) = self.passing.due(Instant::now()) {
            self.judged(&word, if is_needed { MessageAcceptance::Accept } else { MessageAcceptance::Ignore });
        }
    }

    /// Tells the library what comes of a message that waits for it.
    pub(super) fn judged(&mut self, word: &Heard, acceptance: MessageAcceptance) {
        let gossip = &mut self.swarm.behaviour_mut().gossip(word.lane).inner;
        gossip.report_message_validation_result(&word.id, &word.from, acceptance);
    }

    /// Which validators this node is connected with has changed, or who they are.
    pub(super) fn look_around(&mut self) {
        let (own, connected) = (*self.swarm.local_peer_id(), &self.connected);
        self.passing.look(&self.members, own, |peer| connected.contains_key(peer));
    }

    /// Takes the members of the newest tip, where they changed.
    fn follow_membership(&mut self) {
        let latest = Arc::clone(&self.membership.borrow_and_update());
        self.passing.reach(latest.tip.height());
        if !self.members.differ(&latest) {
            return;
        }
        self.members = Members::at(&latest);
        self.swarm.behaviour_mut().gate.admit(self.members.peers().collect());
        let (members, pins) = (&self.members, &self.pins);
        let known = |peer: &PeerId| members.node(peer).is_some() || pins.contains_key(peer);
        self.conduct.keep(known);
        self.replays.keep(known);
        let own = *self.swarm.local_peer_id();
        self.shares.keep(|author| known(author) || *author == own);
        let authors = members.peers().count();
        for lane in Lane::ALL {
            self.swarm.behaviour_mut().gossip(lane).admit(authors, known);
        }
        self.look_around();
        self.dialer.membership_changed(Instant::now());
    }

    fn call_due(&mut self) {
        for due in self.dialer.due(&self.members, Instant::now()) {
            self.resolving.spawn(async move {
                let addresses = resolve(due.address.clone()).await;
                (due, addresses)
            });
        }
    }

    fn call(&mut self, due: Due, addresses: Result<Vec<Multiaddr>, String>) {
        if !self.dialer.wants(due.entry) {
            return;
        }
        let called = self.dialer.addresses(due.entry, addresses).and_then(|addresses| {
            addresses.iter().for_each(|address| self.swarm.behaviour_mut().door.know(address));
            let call = DialOpts::peer_id(due.peer)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(addresses)
                // The port of the listener, used again, would make two calls in the same moment collide.
                .allocate_new_port()
                .build();
            let connection = call.connection_id();
            self.swarm.dial(call).map(|()| connection).map_err(|error| error.to_string())
        });
        match called {
            Ok(connection) => self.dialer.calling(due.entry, connection),
            Err(why) => {
                tracing::debug!(peer = %due.peer, address = due.address, why, "not called");
                self.counters.dials_failed.one();
                self.dialer.failed(due.entry, Instant::now());
            }
        }
    }
}
