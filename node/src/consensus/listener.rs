//! Hears what the swarm has for agreement, and passes it on: small messages to the engine, parts to where
//! blocks are put together, questions to whoever can answer them now.
//!
//! What cannot be read, or is not what its author may say, is dropped with a warning and the author cut
//! off for a while. This never waits for a disk or for the engine, so nothing is lost behind a commit.

use super::another::Own;
use super::blocks::Blocks;
use super::certified::{Forged, check_polka, check_round};
use super::codec::{CodecError, LuqiCodec, engine_certificate};
use super::context::{At, Luqi, Proposal, Vote};
use super::heard::Heard;
use super::known::KnownProtocols;
use super::last_signed::Signed;
use super::network::{Port, Said, engine_peer, said};
use super::parts::{Assembled, Assembly, Part, PartError, Rules};
use super::signer::NodeVerifier;
use super::validators::Validators;
use super::wake::Wake;
use crate::chain::{Chain, Latest, now};
use crate::network::{EngineEvent, EngineInbox, Gossip, Network, Question, Topic, wire};
use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::engine::network::{NetworkEvent, Status};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::core::SignedMessage;
use arc_malachitebft_app_channel::app::types::sync::{RawDecidedValue, Request, Response};
use arc_malachitebft_sync::{ValueRequest, ValueResponse};
use bytes::Bytes;
use ledger_core::codec::{self, DecodeError};
use ledger_core::crypto::PublicKey;
use ledger_core::names::{Height, NodeNumber};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, watch};

/// Questions that are answered beside the engine at once.
const ANSWERS: usize = 4;

/// Whoever has just been connected has missed the votes of the round, which are said again after this time, once for
/// all who have come meanwhile.
const SAY_AGAIN: Duration = Duration::from_millis(400);

/// What is heard so soon after the start may have been said before it: gossip is kept for a second and a half and sent
/// again to who lacks it, and waits in a queue for five seconds at most.
pub(crate) const SETTLED: Duration = Duration::from_secs(10);

/// Ready at a moment; never without one.
async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What makes a message worthless.
#[derive(Debug, Error)]
enum Worthless {
    #[error("cannot be read: {0}")]
    Codec(#[from] CodecError),
    #[error("cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("{0}")]
    Part(#[from] PartError),
    #[error("says where another peer stands")]
    Status,
    #[error("is no matter of agreement")]
    Topic,
    #[error("is a vote in the name of node {0}")]
    Voter(NodeNumber),
    #[error("is not signed by node {0}, whose it says to be")]
    Signature(NodeNumber),
    #[error("is a certificate that does not hold: {0}")]
    Forged(#[from] Forged),
}

impl Worthless {
    /// Whether its author is at fault for certain: parts may be late, or of a membership that one of the
    /// two does not have yet.
    const fn is_fault(&self) -> bool {
        match self {
            Self::Codec(_)
            | Self::Decode(_)
            | Self::Status
            | Self::Topic
            | Self::Voter(_)
            | Self::Signature(_)
            | Self::Forged(_) => true,
            Self::Part(why) => matches!(why, PartError::Piece | PartError::Length(_)),
        }
    }

    /// For what its author is cut off.
    const fn charge(&self) -> &'static str {
        match self {
            Self::Voter(_) | Self::Signature(_) | Self::Forged(_) => {
                "it says in another's name what that one did not sign to it"
            }
            Self::Codec(_) | Self::Decode(_) | Self::Part(_) | Self::Status | Self::Topic => {
                "it sends what cannot be read"
            }
        }
    }
}

/// The listener of one run of the engine.
pub(crate) struct Listener {
    network: Network,
    latest: watch::Receiver<Arc<Latest>>,
    rules: Rules,
    verifier: NodeVerifier,
    assembly: Assembly,
    port: Arc<Port>,
    heard: Arc<Mutex<Heard>>,
    started: Arc<AtomicBool>,
    wake: Arc<Wake>,
    blocks: Arc<Blocks>,
    assembled: mpsc::Sender<Assembled>,
    answers: Arc<Semaphore>,
    own: Own,
    known: KnownProtocols,
    shown: mpsc::Sender<Signed>,
    began: Instant,
}

/// What the listener is made of.
pub(crate) struct Ears {
    pub(crate) port: Arc<Port>,
    pub(crate) heard: Arc<Mutex<Heard>>,
    pub(crate) started: Arc<AtomicBool>,
    pub(crate) wake: Arc<Wake>,
    pub(crate) blocks: Arc<Blocks>,
    pub(crate) assembled: mpsc::Sender<Assembled>,
    pub(crate) own: Own,
    pub(crate) known: KnownProtocols,
    pub(crate) shown: mpsc::Sender<Signed>,
}

fn rules(latest: &Latest) -> Rules {
    let tip = &latest.tip;
    Rules {
        chain: tip.chain(),
        tip: tip.height(),
        validators: Validators::of(tip.membership()),
        block_bytes: tip.membership().parameters().block_bytes,
    }
}

impl Listener {
    pub(crate) fn new(network: Network, chain: &Chain, ears: Ears) -> Self {
        let Ears { port, heard, started, wake, blocks, assembled, own, known, shown } = ears;
        let latest = chain.tip();
        let rules = rules(&latest.borrow());
        let verifier = NodeVerifier::new(rules.chain);
        let answers = Arc::new(Semaphore::new(ANSWERS));
        let (assembly, began) = (Assembly::default(), Instant::now());
        Self {
            network,
            latest,
            rules,
            verifier,
            assembly,
            port,
            heard,
            started,
            wake,
            blocks,
            assembled,
            answers,
            own,
            known,
            shown,
            began,
        }
    }

    /// Listens until the swarm has ended.
    pub(crate) async fn run(&mut self, inbox: &mut EngineInbox) {
        let mut again: Option<tokio::time::Instant> = None;
        loop {
            let event = tokio::select! {
                biased;
                () = sleep_until(again) => {
                    again = None;
                    self.port.say_again(&self.network).await;
                    continue;
                }
                event = inbox.recv() => event,
            };
            let Some(event) = event else { return };
            if self.latest.has_changed().unwrap_or(false) {
                self.rules = rules(&self.latest.borrow_and_update());
                self.assembly.settle(self.rules.tip);
            }
            match event {
                EngineEvent::Connected(peer, _) => {
                    if let Some(peer) = engine_peer(&peer) {
                        self.port.connected(peer);
                    }
                    // Several come together, after the wire between them was cut.
                    again = again.or_else(|| Some(tokio::time::Instant::now() + SAY_AGAIN));
                }
                EngineEvent::Disconnected(peer, node) => {
                    self.heard(|heard| heard.gone(node));
                    self.known.gone(node);
                    if let Some(peer) = engine_peer(&peer) {
                        self.port.tell(&NetworkEvent::PeerDisconnected(peer));
                    }
                }
                EngineEvent::Gossip(gossip) => self.gossip(gossip).await,
                EngineEvent::Question(question) => {
                    let from = question.from;
                    if self.question(question).is_err() {
                        self.network.cut(from, "it asks what cannot be read").await;
                    }
                }
            }
        }
    }

    async fn gossip(&mut self, gossip: Gossip) {
        let (author, node, topic) = (gossip.author, gossip.node, gossip.topic);
        if let Err(why) = self.hear(gossip) {
            if why.is_fault() {
                tracing::warn!(%node, ?topic, "a message {why}");
                self.network.cut(author, why.charge()).await;
            } else {
                tracing::debug!(%node, ?topic, "a message {why}");
            }
        }
    }

    fn hear(&mut self, gossip: Gossip) -> Result<(), Worthless> {
        let Gossip { topic, from: bringer, author, node, data } = gossip;
        let Some(from) = engine_peer(&author) else { return Ok(()) };
        // Who has no voting power has nothing to say about a height. Another node may know a block earlier that it has.
        if matches!(topic, Topic::Consensus | Topic::Liveness) && self.rules.validators.power(node) == 0 {
            return Ok(());
        }
        match topic {
            Topic::Consensus => {
                let event = match LuqiCodec.decode(data)? {
                    SignedConsensusMsg::Vote(vote) => self.vote(from, node, vote)?,
                    SignedConsensusMsg::Proposal(proposal) => {
                        self.check_proposal(&proposal)?;
                        self.show(self.own.in_proposal(&proposal));
                        self.voice(node, proposal.proposer.0, proposal.height);
                        self.wake.proposal(&proposal);
                        NetworkEvent::Proposal(from, proposal)
                    }
                };
                self.port.tell(&event);
            }
            Topic::Liveness => {
                let message: LivenessMsg<Luqi> = LuqiCodec.decode(data)?;
                let event = match message {
                    LivenessMsg::Vote(vote) => self.vote(from, node, vote)?,
                    LivenessMsg::PolkaCertificate(certificate) => {
                        if certificate.height.0 != self.rules.tip.next() {
                            return Ok(());
                        }
                        check_polka(&certificate, &self.rules.validators, &self.verifier)?;
                        self.show(self.own.in_polka(&certificate));
                        NetworkEvent::PolkaCertificate(from, certificate)
                    }
                    LivenessMsg::SkipRoundCertificate(certificate) => {
                        if certificate.height.0 != self.rules.tip.next() {
                            return Ok(());
                        }
                        check_round(&certificate, &self.rules.validators, &self.verifier)?;
                        self.show(self.own.in_round(&certificate));
                        NetworkEvent::RoundCertificate(from, certificate)
                    }
                };
                self.port.tell(&event);
            }
            Topic::Parts => self.part(author, node, &data)?,
            Topic::Status => {
                let Said { status, time: clock, newest } = said(&data)?;
                if status.peer_id != from {
                    return Err(Worthless::Status);
                }
                let (own, tip) = (self.rules.tip, status.tip_height.0);
                // Who brings another's word may bring an old one.
                let is_fresh = bringer == author && self.began.elapsed() >= SETTLED;
                self.heard(|heard| {
                    heard.tip(node, tip, own, Instant::now());
                    if is_fresh {
                        heard.announced(node, tip);
                    }
                    // A word that was passed on is old by the time that took.
                    if bringer == author {
                        heard.clock(node, clock, now());
                    }
                });
                self.known.says(node, newest, self.latest.borrow().tip.membership(), Instant::now());
                // Whoever is not connected cannot be asked.
                if self.network.peers().borrow().iter().any(|peer| peer.id == author) {
                    let status = Status::new(status.tip_height, status.history_min_height);
                    self.port.tell(&NetworkEvent::Status(from, status));
                }
            }
            Topic::Submissions => return Err(Worthless::Topic),
        }
        Ok(())
    }

    /// Nodes say and repeat their own votes. Those of the height under way are verified here, too: whoever
    /// sends others than he signed is cut off, and the engine, whose queue has no bound, never hears of them.
    fn vote(
        &self,
        from: PeerId,
        author: NodeNumber,
        vote: SignedMessage<Luqi, Vote>,
    ) -> Result<NetworkEvent<Luqi>, Worthless> {
        let voter = vote.voter.0;
        if voter != author {
            return Err(Worthless::Voter(voter));
        }
        if let Some(key) = self.key_at(vote.height, voter)
            && !self.verifier.vote(&vote, &vote.signature, &key)
        {
            return Err(Worthless::Signature(voter));
        }
        self.show(self.own.in_vote(&vote));
        self.voice(author, voter, vote.height);
        self.wake.vote(&vote);
        Ok(NetworkEvent::Vote(from, vote))
    }

    /// A proposal is repeated by all who lock on it, and signed by its proposer.
    fn check_proposal(&self, proposal: &SignedMessage<Luqi, Proposal>) -> Result<(), Worthless> {
        let proposer = proposal.proposer.0;
        let key = self.key_at(proposal.height, proposer);
        let holds = key.is_none_or(|key| self.verifier.proposal(proposal, &proposal.signature, &key));
        if holds { Ok(()) } else { Err(Worthless::Signature(proposer)) }
    }

    /// By which key a node signs at a height; none but at the one under way, whose membership is certain.
    fn key_at(&self, height: Height, node: NodeNumber) -> Option<PublicKey> {
        let validator = (height == self.rules.tip.next()).then(|| self.rules.validators.get(node));
        validator.flatten().map(|validator| validator.key)
    }

    fn part(&mut self, author: crate::network::PeerId, node: NodeNumber, data: &[u8]) -> Result<(), Worthless> {
        let part: Part = codec::decode(data)?;
        if self.rules.validators.power(node) == 0 {
            return Err(PartError::Publisher.into());
        }
        let (height, block) = match &part {
            Part::First { head, .. } => (head.height, head.block),
            Part::Next { height, block, .. } => (*height, *block),
        };
        // What is late is nobody's fault, and what is here already is not put together again.
        if height <= self.rules.tip || self.blocks.has(height, block) {
            return Ok(());
        }
        let proposer = match &part {
            Part::First { head, .. } => Some(head.proposer),
            Part::Next { .. } => None,
        };
        let assembled = self.assembly.take(author, part, &self.rules)?;
        // The head of a stream is signed by who proposes.
        if let Some(proposer) = proposer {
            self.wake.voice(proposer, height);
        }
        if let Some(assembled) = assembled
            && self.assembled.try_send(assembled).is_err()
        {
            tracing::warn!(%height, "a block under way is dropped: too many wait to be checked");
        }
        Ok(())
    }

    fn question(&self, question: Question) -> Result<(), CodecError> {
        let Question { from, node, request, answer } = question;
        let wire::Request::Engine(bytes) = request else { return Ok(()) };
        let request: Request<Luqi> = LuqiCodec
            .decode(Bytes::copy_from_slice(&bytes))
            .inspect_err(|error| tracing::warn!(%node, "a question cannot be read: {error}"))?;
        if self.started.load(Ordering::Acquire) {
            if let Some(from) = engine_peer(&from) {
                self.port.ask(from, request, answer);
            }
            return Ok(());
        }
        let Ok(permit) = Arc::clone(&self.answers).try_acquire_owned() else {
            drop(answer.send(wire::Response::Busy));
            return Ok(());
        };
        let blocks = Arc::clone(&self.blocks);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            if let Some(response) = answer_of(&blocks, &request) {
                drop(answer.send(response));
            }
        });
        Ok(())
    }

    /// Others show what this node signed, or another with its keys. They repeat it, should there be no room.
    fn show(&self, shown: impl IntoIterator<Item = Signed>) {
        for signed in shown {
            let _ = self.shown.try_send(signed);
        }
    }

    /// Whoever repeats what another one proposed says nothing of where that one is.
    fn voice(&self, author: NodeNumber, voter: NodeNumber, height: Height) {
        if author == voter {
            self.heard(|heard| heard.voice(voter, height, Instant::now()));
        }
    }

    fn heard(&self, note: impl FnOnce(&mut Heard)) {
        note(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The decided blocks that a question asks for, as the engine has them.
pub(crate) fn decided_values(blocks: &Blocks, from: Height, to: Height) -> Vec<RawDecidedValue<Luqi>> {
    let found = blocks.decided(from, to);
    let found = found.inspect_err(|error| tracing::error!("decided blocks cannot be read: {error}"));
    let value =
        |(bytes, certificate): (Vec<u8>, _)| RawDecidedValue::new(Bytes::from(bytes), engine_certificate(&certificate));
    found.unwrap_or_default().into_iter().map(value).collect()
}

fn answer_of(blocks: &Blocks, request: &Request<Luqi>) -> Option<wire::Response> {
    let Request::ValueRequest(ValueRequest { range }) = request;
    let (from, to) = (range.start().0, range.end().0);
    let values = decided_values(blocks, from, to);
    let response = Response::ValueResponse(ValueResponse::new(At(from), values));
    let bytes = LuqiCodec.encode(&response).ok()?;
    Some(wire::Response::Engine(codec::Bytes::new(bytes.to_vec()).ok()?))
}
