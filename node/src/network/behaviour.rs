//! What the swarm is made of, and every limit that the library is given.

use super::codec::Codec;
use super::counters::Counters;
use super::door::Door;
use super::gate::Gate;
use super::gossip::{Gossip, Gossipsub};
use super::topics::Lane;
use super::transport::PING;
use ledger_core::crypto::ChainId;
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{
    self, IdentityTransform, MessageAuthenticity, MessageId, ValidationMode, WhitelistSubscriptionFilter,
};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{PeerId, StreamProtocol, ping};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a question may take, there and back.
pub(super) const QUESTION_TIME: Duration = Duration::from_secs(10);
/// How long an answer to a ping is waited for: it may stand behind a large block on a slow line.
const PING_TIME: Duration = Duration::from_secs(60);
/// How long gossip remembers what it has heard.
pub(super) const REMEMBERED: Duration = Duration::from_secs(120);
/// What the streams of the lane of votes are called; the other lane has the library's own name for them.
const VOTES_PROTOCOL: &str = "/luqi/votes";
/// Questions of one connection that are answered at once.
const QUESTIONS_AT_ONCE: usize = 64;

/// The parts of the swarm. The order counts: a connection is asked for by each in turn, and only one that
/// both gate and limits let pass comes to the others.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) door: Door,
    pub(super) gate: Gate,
    pub(super) limits: connection_limits::Behaviour,
    pub(super) votes: Gossip,
    pub(super) bulk: Gossip,
    pub(super) questions: request_response::Behaviour<Codec>,
    pub(super) ping: ping::Behaviour,
}

impl Behaviour {
    /// The gossip of a lane.
    pub(super) const fn gossip(&mut self, lane: Lane) -> &mut Gossip {
        match lane {
            Lane::Votes => &mut self.votes,
            Lane::Bulk => &mut self.bulk,
        }
    }

    /// Everything for one chain.
    ///
    /// # Errors
    /// What the library says of its configuration.
    pub(super) fn new(
        keys: &Keypair,
        chain: &ChainId,
        remembered: Duration,
        pins: HashSet<PeerId>,
        counters: Arc<Counters>,
    ) -> Result<Self, String> {
        let protocol = StreamProtocol::try_from_owned(format!("/luqi/{chain}/1")).map_err(|error| error.to_string())?;
        let questions = request_response::Config::default()
            .with_request_timeout(QUESTION_TIME)
            .with_max_concurrent_streams(QUESTIONS_AT_ONCE);
        // A ping makes bytes come, which the transport waits for; how late its answer may be decides nothing.
        let ping = ping::Config::new().with_interval(PING).with_timeout(PING_TIME);
        Ok(Self {
            door: Door::new(Arc::clone(&counters)),
            gate: Gate::new(keys.public().to_peer_id(), pins, counters),
            limits: connection_limits::Behaviour::new(limits()),
            votes: Gossip::new(gossipsub(keys, chain, remembered, Lane::Votes)?, Lane::Votes),
            bulk: Gossip::new(gossipsub(keys, chain, remembered, Lane::Bulk)?, Lane::Bulk),
            questions: request_response::Behaviour::new([(protocol, ProtocolSupport::Full)], questions),
            ping: ping::Behaviour::new(ping),
        })
    }
}

/// One connection a peer lives, and a newer one takes its place: room for a few that are being closed. Room for
/// far more nodes than a province has. How many may wait to say who they are is the door's business.
fn limits() -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_outgoing(Some(128))
        .with_max_established_per_peer(Some(4))
        .with_max_established(Some(512))
}

/// The largest frame of gossip on a lane: the largest message in its envelope of author, number, topic and
/// signature.
pub(super) const fn frame_cap(lane: Lane) -> usize {
    lane.longest() + (4 << 10)
}

fn gossipsub(keys: &Keypair, chain: &ChainId, remembered: Duration, lane: Lane) -> Result<Gossipsub, String> {
    let topics: Vec<_> = lane.topics().map(|topic| topic.on(chain)).collect();
    let config = config(lane, remembered).map_err(|error| error.to_string())?;
    let filter = WhitelistSubscriptionFilter(topics.iter().map(gossipsub::IdentTopic::hash).collect());
    let author = MessageAuthenticity::Signed(keys.clone());
    let mut gossip = Gossipsub::new_with_subscription_filter_and_transform(author, config, filter, IdentityTransform)?;
    for topic in &topics {
        gossip.subscribe(topic).map_err(|error| error.to_string())?;
    }
    Ok(gossip)
}

fn config(lane: Lane, remembered: Duration) -> Result<gossipsub::Config, gossipsub::ConfigBuilderError> {
    let mut config = gossipsub::ConfigBuilder::default();
    match lane {
        Lane::Votes => config.protocol_id_prefix(VOTES_PROTOCOL),
        Lane::Bulk => &mut config,
    };
    config
        // What is larger than its topic allows is judged after it was read, so that whoever sends it can be
        // named; what is larger than anything is not read.
        .max_transmit_size(frame_cap(lane))
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .message_id_fn(message_id)
        .duplicate_cache_time(remembered)
        // Who says something sends it to every peer he has (flood), so the mesh is only for those whom he is not
        // connected with: with all seventeen in it, each message would be passed on sixteen times. Fewer than the
        // low mark is no fault: a small network has all its peers in the mesh. Votes are many and small, and what
        // gets lost of them is said again.
        .mesh_n_low(if lane == Lane::Votes { 2 } else { 4 })
        .mesh_n(if lane == Lane::Votes { 3 } else { 6 })
        .mesh_n_high(12)
        .mesh_outbound_min(0)
        .flood_publish(true)
        // What this node has said is told to two others for a second, in case a queue was full.
        .gossip_lazy(2)
        .gossip_factor(0.1)
        // A new network meets within a second.
        .heartbeat_initial_delay(Duration::from_millis(100))
        .heartbeat_interval(Duration::from_millis(300))
        // A queue for each peer, half for what this node says, half for what it passes on: a block of the
        // largest size in parts fits. What finds it full is dropped for that peer; nobody waits for it.
        .connection_handler_queue_len(1024)
        // The library forgets to give back the room of a message that grew too old in the queue, so nothing
        // that this node says grows old before the transport has found the peer dead and dropped the queue.
        .publish_queue_duration(Duration::from_secs(60))
        .forward_queue_duration(Duration::from_secs(2))
        .max_ihave_length(1_000)
        .build()
}

/// Author and number, which the author signed.
fn message_id(message: &gossipsub::Message) -> MessageId {
    let mut id = message.source.map_or_else(Vec::new, PeerId::to_bytes);
    id.extend(message.sequence_number.unwrap_or_default().to_be_bytes());
    MessageId(id)
}
