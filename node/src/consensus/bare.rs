//! The engine without the ledger, to measure against: it decides on bytes that mean nothing.
//!
//! Context, codec, parts, network actor and swarm are those of a node; a block is a number of bytes with its
//! hash. Nothing is checked but the hash, nothing is folded, nothing is stored but the engine's own log, no
//! signature waits for a disk, and the next height starts at once. It exists for `cargo bench --bench engine`
//! alone, behind a feature that no release has.

use super::ConsensusError;
use super::codec::{LuqiCodec, core_proposal, core_vote};
use super::context::{Address, Arrived, At, Luqi, Proposal, Value, Vote};
use super::engine::{self, Engine};
use super::network::{Port, State, engine_peer};
use super::parts::{self, Assembled, Assembly, Part, Rules, SignedParts};
use super::tempo::Tempo;
use super::validators::Validators;
use crate::chain::Chain;
use crate::durable::make_folder;
use crate::network::{EngineEvent, EngineInbox, Gossip, Network, Topic, wire};
use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::engine::host::{HeightParams, Next, SyncedValueOutcome};
use arc_malachitebft_app_channel::app::engine::network::{NetworkEvent, Status};
use arc_malachitebft_app_channel::app::streaming::StreamContent;
use arc_malachitebft_app_channel::app::types::LocallyProposedValue;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::core::{
    CommitCertificate, Round, SignedExtension, SignedMessage, ValidatorProof, Validity, VoteExtensionScope,
};
use arc_malachitebft_app_channel::app::types::sync::{self, RawDecidedValue, Request};
use arc_malachitebft_app_channel::{AppMsg, Signer};
use arc_malachitebft_signing::Error;
use async_trait::async_trait;
use ledger_core::certificate::Parts;
use ledger_core::codec;
use ledger_core::crypto::{ChainId, SecretKey};
use ledger_core::names::{self, BlockHash, Height, NodeNumber, PROTOCOL};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Decided blocks that are kept for whom gossip failed.
const KEPT: usize = 32;

/// One engine of the bench.
pub struct Bare {
    /// A chain that stays at its genesis: it says who the validators are.
    pub chain: Chain,
    /// The swarm.
    pub network: Network,
    /// What the swarm hears for agreement.
    pub inbox: EngineInbox,
    /// The own node.
    pub node: NodeNumber,
    /// Its consensus key.
    pub key: SecretKey,
    /// Where the engine has its log.
    pub folder: PathBuf,
    /// Bytes of a block.
    pub block_bytes: usize,
}

/// Decides block after block until it is stopped; `decided` says how far it is.
///
/// # Errors
/// [`ConsensusError`]: the engine does not start, or died.
pub async fn run(
    bare: Bare,
    decided: watch::Sender<Height>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ConsensusError> {
    let Bare { chain, network, mut inbox, node, key, folder, block_bytes } = bare;
    make_folder(&folder)?;
    engine::prepare_wal(&folder)?;
    let tip = chain.latest().tip.clone();
    let port = Arc::new(Port::default());
    let peerless = || ConsensusError::Engine("the own peer id is none that the engine takes".to_owned());
    let state = State::new(network.clone(), Arc::clone(&port), None, PROTOCOL).ok_or_else(peerless)?;
    let signer = Box::new(BareSigner { chain: tip.chain(), key: key.clone() });
    let mut engine = Engine::start(&folder, tip.chain(), Address(node), Some(signer), state).await?;
    let parameters = *tip.membership().parameters();
    let validators = Validators::of(tip.membership());
    let rules = Rules { chain: tip.chain(), tip: Height(0), validators, block_bytes: parameters.block_bytes };
    let (assembly, known, kept) = Default::default();
    let mut app = App { network, port, node, key, block_bytes, rules, assembly, known, kept, decided };
    let ended = loop {
        tokio::select! {
            message = engine.channels.consensus.recv() => match message {
                Some(message) => app.answer(message).await,
                None => break Err(ConsensusError::died()),
            },
            Some(event) = inbox.recv() => app.hear(event),
            () = told(&mut stop) => break Ok(()),
        }
    };
    engine.stop().await;
    ended
}

/// Waits until the bench is over.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A block under way.
struct Known {
    signed: Option<SignedParts>,
    bytes: Vec<u8>,
    /// The engine was told of it.
    given: bool,
}

/// What answers the engine.
struct App {
    network: Network,
    port: Arc<Port>,
    node: NodeNumber,
    key: SecretKey,
    block_bytes: usize,
    rules: Rules,
    assembly: Assembly,
    known: BTreeMap<(Height, BlockHash), Known>,
    kept: BTreeMap<Height, RawDecidedValue<Luqi>>,
    decided: watch::Sender<Height>,
}

fn hash(bytes: &[u8]) -> BlockHash {
    BlockHash(Sha256::digest(bytes).into())
}

impl App {
    async fn answer(&mut self, message: AppMsg<Luqi>) {
        // Where the engine has gone, nobody waits for these answers.
        match message {
            AppMsg::ConsensusReady { reply } => drop(reply.send(self.next())),
            AppMsg::StartedRound { height, reply_value, .. } => drop(reply_value.send(self.waiting(height.0))),
            AppMsg::GetValue { height, round, reply, .. } => {
                let Some(number) = round.as_u32().map(names::Round) else { return };
                let (block, parts) = self.make(height.0, number);
                drop(reply.send(LocallyProposedValue::new(height, round, Value(block))));
                self.publish(parts).await;
            }
            AppMsg::ReceivedProposalPart { part, reply, .. } => {
                let StreamContent::Data(Arrived { height, block }) = part.content else { return };
                let now = height == self.rules.tip.next();
                drop(reply.send(if now { self.give(height, block) } else { None }));
            }
            AppMsg::RestreamProposal { height, value_id, .. } => self.restream(height.0, value_id).await,
            AppMsg::Decided { certificate, reply, .. } => {
                self.decide(&certificate);
                let _ = reply.send(());
            }
            AppMsg::Finalized { reply, .. } => {
                let (height, params) = self.next();
                drop(reply.send(Next::Start(height, params)));
            }
            AppMsg::GetDecidedValues { range, reply } => {
                let range = range.start().0..=range.end().0;
                drop(reply.send(self.kept.range(range).map(|(_, value)| value.clone()).collect()));
            }
            AppMsg::GetHistoryMinHeight { reply } => {
                let first = self.kept.keys().next().copied().unwrap_or(Height(1));
                let _ = reply.send(At(first));
            }
            AppMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply } => {
                let block = hash(&value_bytes);
                let known = Known { signed: None, bytes: value_bytes.to_vec(), given: true };
                self.known.insert((height.0, block), known);
                let (value, validity) = (Value(block), Validity::Valid);
                let value = ProposedValue { height, round, valid_round: Round::Nil, proposer, value, validity };
                drop(reply.send(SyncedValueOutcome::Verdict(value)));
            }
            AppMsg::ExtendVote { reply, .. } => drop(reply.send(None)),
            AppMsg::VerifyVoteExtensions { reply, .. } => drop(reply.send(Vec::new())),
        }
    }

    fn next(&self) -> (At, HeightParams<Luqi>) {
        let validators = self.rules.validators.clone();
        let waits = Tempo::default().timeouts(validators.iter().count(), self.rules.block_bytes);
        (At(self.rules.tip.next()), HeightParams::new(validators, waits, None))
    }

    fn make(&mut self, height: Height, round: names::Round) -> (BlockHash, Vec<bytes::Bytes>) {
        let mut bytes = vec![0x5a; self.block_bytes.max(16)];
        let place = height.0.to_be_bytes().into_iter().chain(round.0.to_be_bytes()).chain(self.node.0.to_be_bytes());
        bytes.iter_mut().zip(place).for_each(|(byte, place)| *byte = place);
        let block = hash(&bytes);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let count = parts::count(bytes.len());
        let head = Parts { height, round, block, parts: count, bytes: length, proposer: self.node };
        let signed = SignedParts { head, signature: self.key.sign(&head.message(&self.rules.chain)) };
        let messages = parts::split(&signed, &bytes);
        self.known.insert((height, block), Known { signed: Some(signed), bytes, given: true });
        (block, messages)
    }

    async fn publish(&self, messages: Vec<bytes::Bytes>) {
        for message in messages {
            self.network.publish(Topic::Parts, message).await;
        }
    }

    async fn restream(&self, height: Height, block: BlockHash) {
        let Some(known) = self.known.get(&(height, block)) else { return };
        let Some(signed) = known.signed else { return };
        self.publish(parts::split(&signed, &known.bytes)).await;
    }

    fn waiting(&mut self, height: Height) -> Vec<ProposedValue<Luqi>> {
        let waiting = self.known.iter().filter(|((at, _), known)| *at == height && !known.given);
        let waiting: Vec<_> = waiting.map(|((_, block), _)| *block).collect();
        waiting.into_iter().filter_map(|block| self.give(height, block)).collect()
    }

    fn give(&mut self, height: Height, block: BlockHash) -> Option<ProposedValue<Luqi>> {
        let known = self.known.get_mut(&(height, block))?;
        let head = known.signed?.head;
        known.given = true;
        Some(ProposedValue {
            height: At(height),
            round: Round::Some(head.round.0),
            valid_round: Round::Nil,
            proposer: Address(head.proposer),
            value: Value(block),
            validity: Validity::Valid,
        })
    }

    fn decide(&mut self, certificate: &CommitCertificate<Luqi>) {
        let (height, block) = (certificate.height.0, certificate.value_id);
        if let Some(known) = self.known.remove(&(height, block))
            && let Ok(core) = super::codec::core_certificate(certificate)
        {
            let value = RawDecidedValue::new(known.bytes.into(), super::codec::engine_certificate(&core));
            self.kept.insert(height, value);
        }
        while self.kept.len() > KEPT {
            self.kept.pop_first();
        }
        self.rules.tip = height;
        self.known.retain(|(at, _), _| *at > height);
        self.assembly.settle(height);
        self.decided.send_replace(height);
    }

    fn hear(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Connected(peer, _) => {
                if let Some(peer) = engine_peer(&peer) {
                    self.port.connected(peer);
                }
            }
            EngineEvent::Disconnected(peer, _) => {
                if let Some(peer) = engine_peer(&peer) {
                    self.port.tell(&NetworkEvent::PeerDisconnected(peer));
                }
            }
            EngineEvent::Gossip(gossip) => drop(self.gossip(gossip)),
            EngineEvent::Question(question) => {
                let wire::Request::Engine(bytes) = question.request else { return };
                let request: Result<Request<Luqi>, _> = LuqiCodec.decode(bytes::Bytes::copy_from_slice(&bytes));
                if let (Ok(request), Some(from)) = (request, engine_peer(&question.from)) {
                    self.port.ask(from, request, question.answer);
                }
            }
        }
    }

    /// None where it cannot be read: all who take part in the bench are this program.
    fn gossip(&mut self, gossip: Gossip) -> Option<()> {
        let Gossip { topic, author, data, .. } = gossip;
        let from = engine_peer(&author)?;
        match topic {
            Topic::Consensus => self.port.tell(&match LuqiCodec.decode(data).ok()? {
                SignedConsensusMsg::Vote(vote) => NetworkEvent::Vote(from, vote),
                SignedConsensusMsg::Proposal(proposal) => NetworkEvent::Proposal(from, proposal),
            }),
            Topic::Liveness => self.port.tell(&match LuqiCodec.decode(data).ok()? {
                LivenessMsg::Vote(vote) => NetworkEvent::Vote(from, vote),
                LivenessMsg::PolkaCertificate(certificate) => NetworkEvent::PolkaCertificate(from, certificate),
                LivenessMsg::SkipRoundCertificate(certificate) => NetworkEvent::RoundCertificate(from, certificate),
            }),
            Topic::Parts => {
                let part: Part = codec::decode(&data).ok()?;
                let Assembled { signed, bytes, .. } = self.assembly.take(author, part, &self.rules).ok()??;
                let (height, block) = (signed.head.height, signed.head.block);
                if hash(&bytes) == block {
                    self.known.entry((height, block)).or_insert(Known { signed: Some(signed), bytes, given: false });
                    self.port.arrived(engine_peer(&self.network.own())?, Arrived { height, block });
                }
            }
            Topic::Status => {
                let status = said(&data).ok()?.status;
                let status = Status::new(status.tip_height, status.history_min_height);
                self.port.tell(&NetworkEvent::Status(from, status));
            }
            Topic::Submissions => {}
        }
        Some(())
    }
}

/// Signs what it is asked to.
struct BareSigner {
    chain: ChainId,
    key: SecretKey,
}

fn no() -> Error {
    Error::from_source(std::io::Error::other("not signed in a bench"))
}

#[async_trait]
impl Signer<Luqi> for BareSigner {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Luqi, Vote>, Error> {
        let (kind, core) = core_vote(&vote).ok_or_else(no)?;
        Ok(SignedMessage::new(vote, self.key.sign(&core.message(kind, &self.chain))))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Luqi, Proposal>, Error> {
        let core = core_proposal(&proposal).ok_or_else(no)?;
        Ok(SignedMessage::new(proposal, self.key.sign(&core.message(&self.chain))))
    }

    async fn sign_vote_extension(&self, _: VoteExtensionScope<Luqi>, (): ()) -> Result<SignedExtension<Luqi>, Error> {
        Err(no())
    }

    async fn sign_validator_proof(&self, _: Vec<u8>, _: Vec<u8>) -> Result<ValidatorProof<Luqi>, Error> {
        Err(no())
    }
}
