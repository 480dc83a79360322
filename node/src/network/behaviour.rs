//! What the swarm is made of, and every limit that the library is given.

use super::Topic;
use super::codec::Codec;
use super::counters::Counters;
use super::gate::Gate;
use super::gossip::{Gossip, Gossipsub};
use super::topics::MAX_SUBMISSION;
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
/// How long gossip remembers what it has heard.
pub(super) const REMEMBERED: Duration = Duration::from_secs(120);
/// The largest frame of gossip: the largest message in its envelope of author, number, topic and signature.
pub(super) const MAX_FRAME: usize = MAX_SUBMISSION + (4 << 10);
/// Questions of one connection that are answered at once.
const QUESTIONS_AT_ONCE: usize = 64;

/// The parts of the swarm. The order counts: a connection is asked for by each in turn, and only one that
/// both gate and limits let pass comes to the others.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) gate: Gate,
    pub(super) limits: connection_limits::Behaviour,
    pub(super) gossip: Gossip,
    pub(super) questions: request_response::Behaviour<Codec>,
    pub(super) ping: ping::Behaviour,
}

impl Behaviour {
    /// Everything for one chain.
    ///
    /// # Errors
    /// What the library says of its configuration.
    pub(super) fn new(
        keys: &Keypair,
        chain: &ChainId,
        pins: HashSet<PeerId>,
        counters: Arc<Counters>,
    ) -> Result<Self, String> {
        let protocol = StreamProtocol::try_from_owned(format!("/luqi/{chain}/1")).map_err(|error| error.to_string())?;
        let questions = request_response::Config::default()
            .with_request_timeout(QUESTION_TIME)
            .with_max_concurrent_streams(QUESTIONS_AT_ONCE);
        // Unplugged is who answers no ping twice in a row: known within half a minute.
        let ping = ping::Config::new().with_interval(Duration::from_secs(10)).with_timeout(Duration::from_secs(10));
        Ok(Self {
            gate: Gate::new(pins, counters),
            limits: connection_limits::Behaviour::new(limits()),
            gossip: Gossip::new(gossipsub(keys, chain)?),
            questions: request_response::Behaviour::new([(protocol, ProtocolSupport::Full)], questions),
            ping: ping::Behaviour::new(ping),
        })
    }
}

/// Two connections a peer, since two nodes may call each other in the same moment; room for far more nodes
/// than a province has; and few that have not said yet who they are.
fn limits() -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(128))
        .with_max_pending_outgoing(Some(128))
        .with_max_established_per_peer(Some(2))
        .with_max_established(Some(512))
}

fn gossipsub(keys: &Keypair, chain: &ChainId) -> Result<Gossipsub, String> {
    let topics = Topic::ALL.map(|topic| topic.on(chain));
    let config = config().map_err(|error| error.to_string())?;
    let filter = WhitelistSubscriptionFilter(topics.iter().map(gossipsub::IdentTopic::hash).collect());
    let author = MessageAuthenticity::Signed(keys.clone());
    let mut gossip = Gossipsub::new_with_subscription_filter_and_transform(author, config, filter, IdentityTransform)?;
    for topic in &topics {
        gossip.subscribe(topic).map_err(|error| error.to_string())?;
    }
    Ok(gossip)
}

fn config() -> Result<gossipsub::Config, gossipsub::ConfigBuilderError> {
    gossipsub::ConfigBuilder::default()
        // What is larger than its topic allows is judged after it was read, so that whoever sends it can be
        // named; what is larger than anything is not read.
        .max_transmit_size(MAX_FRAME)
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .message_id_fn(message_id)
        .duplicate_cache_time(REMEMBERED)
        // Who says something sends it to every peer he has (flood), so the mesh is only for what got lost on
        // the way: with all seventeen in it, each message would be passed on sixteen times. Fewer than the low
        // mark is no fault: a small network has all its peers in the mesh.
        .mesh_n_low(4)
        .mesh_n(6)
        .mesh_n_high(12)
        .mesh_outbound_min(0)
        .flood_publish(true)
        // A new network meets within a second.
        .heartbeat_initial_delay(Duration::from_millis(100))
        .heartbeat_interval(Duration::from_millis(300))
        // A queue for each peer, half for what this node says, half for what it passes on: a block of the
        // largest size in parts fits. What finds it full is dropped for that peer; nobody waits for it.
        .connection_handler_queue_len(1024)
        // The library forgets to give back the room of a message that grew too old in the queue, so nothing
        // that this node says grows old before the ping has found the peer dead and dropped the queue.
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
