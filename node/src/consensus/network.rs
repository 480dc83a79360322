//! The engine's network: one actor that says what the engine has to say over the one swarm, and hands it
//! what was heard.
//!
//! The engine's own queues are not bounded, so what reaches them is: votes and proposals of a few hundred bytes and
//! certificates that were judged, at the rates that the swarm lets through, and never a block.

use super::answers::{Answers, Lie};
use super::codec::{CodecError, LuqiCodec};
use super::context::{Arrived, At, Luqi};
use crate::chain::now;
use crate::network::wire::{self, MAX_ANSWER, MAX_QUESTION};
use crate::network::{Network, RequestError, Topic};
use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::engine::network::{
    Msg, Multiaddr, NetworkEvent, PersistentPeerError, Status, Subscriber,
};
use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::sync::{self, Request, Response};
use arc_malachitebft_network::Channel;
use arc_malachitebft_sync::{InboundRequestId, OutboundFailureReason, OutboundRequestId, ValueRequest};
use async_trait::async_trait;
use bytes::Bytes;
use ledger_core::codec;
use ledger_core::names::{Height, Protocol, Timestamp};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Questions of others that wait for the engine's answer.
const QUESTIONS: usize = 256;

/// Votes and proposals of a node's round, and the certificate that began it, which are said again.
const SAID: usize = 4;

/// Where the engine hears the network.
#[derive(Default)]
pub(crate) struct Port {
    inner: Mutex<Inner>,
    /// What the engine said last about the height under way.
    said: Mutex<Repeated>,
}

#[derive(Default)]
struct Repeated {
    height: Height,
    messages: VecDeque<(Topic, Bytes)>,
}

#[derive(Default)]
struct Inner {
    subscribers: Vec<Box<dyn Subscriber<NetworkEvent<Luqi>>>>,
    questions: BTreeMap<InboundRequestId, oneshot::Sender<wire::Response>>,
    asked: u64,
}

impl Port {
    /// Tells the engine.
    pub(crate) fn tell(&self, event: &NetworkEvent<Luqi>) {
        for subscriber in &self.inner().subscribers {
            subscriber.send(event.clone());
        }
    }

    /// A peer is here: the engine may speak with it.
    pub(crate) fn connected(&self, peer: PeerId) {
        for event in introduction(peer) {
            self.tell(&event);
        }
    }

    /// Takes note of what the engine says about a height.
    fn note(&self, height: Height, topic: Topic, message: &Bytes) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.height != height {
            *said = Repeated { height, messages: VecDeque::new() };
        }
        if !said.messages.iter().any(|(_, known)| known == message) {
            said.messages.push_back((topic, message.clone()));
        }
        while said.messages.len() > SAID {
            said.messages.pop_front();
        }
    }

    /// Says again what the engine said last: who has just been connected did not hear it, and the engine itself
    /// waits for a whole round before it repeats anything.
    pub(crate) async fn say_again(&self, network: &Network) {
        let messages = self.said.lock().unwrap_or_else(PoisonError::into_inner).messages.clone();
        for (topic, message) in messages {
            network.publish(topic, message).await;
        }
    }

    /// A block under way is here as a whole.
    pub(crate) fn arrived(&self, own: PeerId, arrived: Arrived) {
        let stream = StreamId::new(Bytes::copy_from_slice(&arrived.block.0));
        let message = StreamMessage::new(stream, 0, StreamContent::Data(arrived));
        self.tell(&NetworkEvent::ProposalPart(own, Some(own), message));
    }

    /// A peer asks for decided blocks.
    pub(crate) fn ask(&self, from: PeerId, request: Request<Luqi>, answer: oneshot::Sender<wire::Response>) {
        let id = {
            let mut inner = self.inner();
            inner.questions.retain(|_, answer| !answer.is_closed());
            if inner.questions.len() >= QUESTIONS {
                // Whoever asked may be gone.
                let _ = answer.send(wire::Response::Busy);
                return;
            }
            inner.asked = inner.asked.wrapping_add(1);
            let id = InboundRequestId::new(inner.asked);
            inner.questions.insert(id.clone(), answer);
            id
        };
        self.tell(&NetworkEvent::SyncRequest(id, from, request));
    }

    fn answer(&self, id: &InboundRequestId, response: &Response<Luqi>) {
        let Some(answer) = self.inner().questions.remove(id) else { return };
        let encoded = LuqiCodec.encode(response).map_err(|error| error.to_string());
        let frame =
            encoded.and_then(|bytes| codec::Bytes::<MAX_ANSWER>::new(bytes.to_vec()).map_err(|e| e.to_string()));
        match frame {
            Ok(frame) => drop(answer.send(wire::Response::Engine(frame))),
            Err(error) => tracing::warn!("an answer of decided blocks cannot be sent: {error}"),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn introduction(peer: PeerId) -> [NetworkEvent<Luqi>; 2] {
    [NetworkEvent::PeerConnected(peer), NetworkEvent::PeerSubscribed(peer, Channel::Sync)]
}

/// The engine's name for a peer; none where it does not take the id.
pub(crate) fn engine_peer(peer: &crate::network::PeerId) -> Option<PeerId> {
    PeerId::from_bytes(&peer.to_bytes()).ok()
}

fn swarm_peer(peer: &PeerId) -> Option<crate::network::PeerId> {
    crate::network::PeerId::from_bytes(&peer.to_bytes()).ok()
}

/// What a node said of itself.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: sync::Status<Luqi>,
    /// What its clock says.
    pub(crate) time: Timestamp,
    /// The newest protocol that it knows.
    pub(crate) newest: Protocol,
}

/// The message with which a node says where it stands, what its clock says, and the newest protocol that it knows:
/// `status ‖ time(8) ‖ protocol(2)`.
pub(crate) fn status(own: PeerId, status: &Status<Luqi>, newest: Protocol) -> Option<Bytes> {
    let (tip_height, history_min_height) = (status.tip_height, status.history_min_height);
    let status = encoded(&sync::Status { peer_id: own, tip_height, history_min_height })?;
    Some([&status[..], &now().0.to_be_bytes(), &newest.0.to_be_bytes()].concat().into())
}

/// What a node said of itself.
///
/// # Errors
/// [`CodecError`].
pub(crate) fn said(bytes: &Bytes) -> Result<Said, CodecError> {
    let (rest, newest) = bytes.split_last_chunk::<2>().ok_or(CodecError::Short)?;
    let (status, time) = rest.split_last_chunk::<8>().ok_or(CodecError::Short)?;
    let status = LuqiCodec.decode(Bytes::copy_from_slice(status))?;
    Ok(Said { status, time: Timestamp(u64::from_be_bytes(*time)), newest: Protocol(u16::from_be_bytes(*newest)) })
}

fn encoded<T>(message: &T) -> Option<Bytes>
where
    LuqiCodec: Codec<T>,
{
    LuqiCodec.encode(message).inspect_err(|error| tracing::error!("a message has no bytes: {error}")).ok()
}

/// The actor.
pub(crate) struct Swarm;

/// What it works with.
pub(crate) struct State {
    pub(crate) network: Network,
    pub(crate) port: Arc<Port>,
    /// Judges what peers answer; none where blocks mean nothing.
    answers: Option<Arc<Answers>>,
    own: PeerId,
    /// The newest protocol that this version knows.
    newest: Protocol,
    asked: u64,
    requests: JoinSet<()>,
}

impl State {
    /// None where the own peer id is none that the engine takes.
    pub(crate) fn new(
        network: Network,
        port: Arc<Port>,
        answers: Option<Arc<Answers>>,
        newest: Protocol,
    ) -> Option<Self> {
        let own = engine_peer(&network.own())?;
        Some(Self { network, port, answers, own, newest, asked: 0, requests: JoinSet::new() })
    }

    /// Publishes what concerns a height, and keeps it for who comes later.
    async fn say(&self, height: Height, topic: Topic, message: Option<Bytes>) {
        if let Some(message) = &message {
            self.port.note(height, topic, message);
        }
        self.publish(topic, message).await;
    }

    async fn publish(&self, topic: Topic, message: Option<Bytes>) {
        if let Some(message) = message {
            self.network.publish(topic, message).await;
        }
    }

    fn subscribe(&self, subscriber: Box<dyn Subscriber<NetworkEvent<Luqi>>>) {
        // There is no address of its own to tell: the swarm listens already.
        subscriber.send(NetworkEvent::Listening(Multiaddr::empty()));
        let peers: Vec<_> = self.network.peers().borrow().iter().filter_map(|peer| engine_peer(&peer.id)).collect();
        for event in peers.into_iter().flat_map(introduction) {
            subscriber.send(event);
        }
        self.port.inner().subscribers.push(subscriber);
    }

    /// Asks a peer for decided blocks, and tells the engine what came of it.
    fn request(&mut self, peer: PeerId, request: &Request<Luqi>) -> OutboundRequestId {
        self.asked = self.asked.wrapping_add(1);
        let id = OutboundRequestId::new(self.asked);
        while self.requests.try_join_next().is_some() {}
        let question = encoded(request).and_then(|bytes| codec::Bytes::<MAX_QUESTION>::new(bytes.to_vec()).ok());
        let (network, port, answers) = (self.network.clone(), Arc::clone(&self.port), self.answers.clone());
        let Request::ValueRequest(ValueRequest { range }) = request;
        let (task_id, range) = (id.clone(), range.clone());
        self.requests.spawn(async move {
            let event = match ask(&network, &peer, question).await {
                Ok(answer) => {
                    let response = judged(&network, &peer, answers, range, answer).await;
                    NetworkEvent::SyncResponse(task_id, peer, response)
                }
                Err(reason) => NetworkEvent::SyncRequestFailed(task_id, peer, reason),
            };
            port.tell(&event);
        });
        id
    }
}

/// None where the answer is a lie: the engine then asks somebody else, and the liar is cut off.
async fn judged(
    network: &Network,
    peer: &PeerId,
    answers: Option<Arc<Answers>>,
    asked: RangeInclusive<At>,
    answer: Result<Response<Luqi>, Lie>,
) -> Option<Response<Luqi>> {
    let from = swarm_peer(peer)?;
    let judge = move || match answers {
        Some(answers) => answer.and_then(|response| answers.take(from, &asked, &response).map(|()| response)),
        None => answer,
    };
    // The thread ends early only when the whole process does.
    match tokio::task::spawn_blocking(judge).await.ok()? {
        Ok(response) => Some(response),
        Err(lie) => {
            cut_liar(network, from, &lie).await;
            None
        }
    }
}

/// Names who answered with blocks that do not hold, and cuts him off.
pub(crate) async fn cut_liar(network: &Network, peer: crate::network::PeerId, lie: &Lie) {
    let node = network.peers().borrow().iter().find(|known| known.id == peer).map(|known| known.node.0);
    tracing::warn!(node, %peer, "a peer answers with blocks that do not hold, and is cut off: {lie}");
    network.cut(peer, "it answers with blocks that do not hold").await;
}

async fn ask(
    network: &Network,
    peer: &PeerId,
    question: Option<codec::Bytes<MAX_QUESTION>>,
) -> Result<Result<Response<Luqi>, Lie>, OutboundFailureReason> {
    let (Some(to), Some(question)) = (swarm_peer(peer), question) else {
        return Err(OutboundFailureReason::DialFailure);
    };
    match network.request(to, wire::Request::Engine(question)).await {
        Ok(wire::Response::Engine(bytes)) => Ok(LuqiCodec.decode(Bytes::copy_from_slice(&bytes)).map_err(Lie::from)),
        Ok(wire::Response::Range { .. } | wire::Response::Submissions(_)) => Ok(Err(Lie::Question)),
        Ok(wire::Response::Busy) | Err(RequestError::Lost) => Err(OutboundFailureReason::Io),
        Err(RequestError::NotConnected) => Err(OutboundFailureReason::DialFailure),
        Err(RequestError::Timeout) => Err(OutboundFailureReason::Timeout),
        Err(RequestError::Busy) => Err(OutboundFailureReason::ConnectionClosed),
    }
}

#[async_trait]
impl Actor for Swarm {
    type Msg = Msg<Luqi>;
    type State = State;
    type Arguments = State;

    async fn pre_start(&self, _: ActorRef<Self::Msg>, state: State) -> Result<State, ActorProcessingErr> {
        Ok(state)
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Subscribe(subscriber) => state.subscribe(subscriber),
            Msg::PublishConsensusMsg(message) => {
                let height = match &message {
                    SignedConsensusMsg::Vote(vote) => vote.height,
                    SignedConsensusMsg::Proposal(proposal) => proposal.height,
                };
                state.say(height, Topic::Consensus, encoded(&message)).await;
            }
            Msg::PublishLivenessMsg(message) => {
                let height = match &message {
                    LivenessMsg::Vote(vote) => vote.height,
                    LivenessMsg::PolkaCertificate(certificate) => certificate.height.0,
                    LivenessMsg::SkipRoundCertificate(certificate) => certificate.height.0,
                };
                state.say(height, Topic::Liveness, encoded(&message)).await;
            }
            Msg::BroadcastStatus(of) => state.publish(Topic::Status, status(state.own, &of, state.newest)).await,
            Msg::OutgoingRequest(peer, request, reply) => {
                let id = state.request(peer, &request);
                // The engine may have given it up.
                let _ = reply.send(id);
            }
            Msg::OutgoingResponse(id, response) => state.port.answer(&id, &response),
            Msg::CancelInboundRequest(id) => drop(state.port.inner().questions.remove(&id)),
            Msg::DumpState(reply) => drop(reply.send(None)),
            Msg::UpdatePersistentPeers(_, reply) => drop(reply.send(Err(PersistentPeerError::NetworkStopped))),
            // Requests end by themselves; blocks go out beside the engine; who is a validator, and whose
            // peer it is, the swarm knows from the membership.
            Msg::CancelRequest(_)
            | Msg::PublishProposalPart(_)
            | Msg::UpdateValidatorSet(_)
            | Msg::ValidatorProofVerified { .. }
            | Msg::NewEvent(_) => {}
        }
        Ok(())
    }
}
