//! The one loop between engine, chain and network: it answers what the engine asks, one message after the
//! other, and holds a height back until its block is due.

mod outlook;
mod says;

use super::answers::Answers;
use super::blocks::{Blocks, TakenIn, Verdict};
use super::context::{Address, Arrived, At, Luqi, Value};
use super::engine;
use super::handlers::Held;
use super::heard::Heard;
use super::last_signed::{LastSigned, Signed, Silence};
use super::network::{Port, engine_peer};
use super::pace::{self, Facts};
use super::parts::{Assembled, SignedParts};
use super::validators::Validators;
use super::wake::{Ahead, Wake};
use super::watchdog::{Standstill, Watchdog};
use super::{ConsensusError, Deps, Ended, View};
use crate::called;
use crate::chain::{Latest, now};
use crate::mempool::Pending;
use crate::network::Topic;
use arc_malachitebft_app_channel::app::consensus::ProposedValue;
use arc_malachitebft_app_channel::app::engine::host::HeightParams;
use arc_malachitebft_app_channel::app::types::core::{Round, Validity};
use arc_malachitebft_app_channel::{AppMsg, Channels};
use ledger_core::names::{BlockHash, Height, NodeNumber};
use says::Says;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How one run of the engine ended.
#[derive(Debug)]
pub(super) enum Turn {
    /// For the caller.
    Ended(Ended),
    /// It is to be started again, with another voice.
    Again,
}

/// What the adapter is made of.
pub(super) struct Parts {
    pub(super) blocks: Arc<Blocks>,
    pub(super) port: Arc<Port>,
    pub(super) heard: Arc<Mutex<Heard>>,
    pub(super) started: Arc<AtomicBool>,
    pub(super) wake: Arc<Wake>,
    pub(super) answers: Arc<Answers>,
    pub(super) last: Arc<Mutex<LastSigned>>,
    pub(super) is_mute: bool,
    pub(super) refused: watch::Receiver<Option<Signed>>,
    pub(super) assembled: mpsc::Receiver<Assembled>,
    pub(super) shown: mpsc::Receiver<Signed>,
}

/// One run of the engine.
pub(super) struct Adapter<'a> {
    pub(super) deps: &'a Deps,
    view: &'a watch::Sender<View>,
    pub(super) blocks: Arc<Blocks>,
    port: Arc<Port>,
    heard: Arc<Mutex<Heard>>,
    started: Arc<AtomicBool>,
    pub(super) answers: Arc<Answers>,
    last: Arc<Mutex<LastSigned>>,
    refused: watch::Receiver<Option<Signed>>,
    assembled: mpsc::Receiver<Assembled>,
    /// Signatures of this node that others show.
    shown: mpsc::Receiver<Signed>,
    pending: watch::Receiver<Pending>,
    ahead: watch::Receiver<Ahead>,
    /// A height that waits for its block to be due.
    held: Option<Held>,
    /// When the last block was made, and whether it carried events.
    pub(super) made: Instant,
    pub(super) with_events: bool,
    /// How long the last block took after the one before it, where both were made in this run.
    pub(super) pace: Option<Duration>,
    began: Instant,
    round: Round,
    since: Instant,
    /// Blocks of the height under way that the engine was told of.
    pub(super) given: BTreeSet<BlockHash>,
    pub(super) misbehaviour: u64,
    /// Blocks under way for which their proposer had no room, and those that do not hold.
    not_kept: u64,
    unfit: u64,
    /// Nodes whose clocks were off when they were compared last.
    strays: Vec<NodeNumber>,
    watchdog: Watchdog,
    standstill: Option<Standstill>,
    silence: Option<Silence>,
    /// The engine was started without a vote, since the membership names another key for this node.
    pub(super) is_mute: bool,
    /// The last block ends the silence.
    pub(super) speak: bool,
}

impl<'a> Adapter<'a> {
    /// `with_events`: whether the tip's block carries events.
    pub(super) fn new(deps: &'a Deps, view: &'a watch::Sender<View>, parts: Parts, with_events: bool) -> Self {
        let Parts { blocks, port, heard, started, wake, answers, last, is_mute, refused, assembled, shown } = parts;
        let silence = last.lock().unwrap_or_else(PoisonError::into_inner).silence();
        let (pending, ahead) = (deps.mempool.pending(), wake.watch());
        let (misbehaviour, not_kept, unfit) = {
            let before = view.borrow();
            (before.misbehaviour, before.not_kept, before.unfit)
        };
        let made = made_before(&deps.chain.latest());
        Self {
            deps,
            view,
            blocks,
            port,
            heard,
            started,
            answers,
            last,
            refused,
            assembled,
            shown,
            pending,
            ahead,
            held: None,
            made,
            with_events,
            pace: None,
            began: Instant::now(),
            round: Round::Nil,
            since: Instant::now(),
            given: BTreeSet::new(),
            misbehaviour,
            not_kept,
            unfit,
            strays: Vec::new(),
            watchdog: Watchdog::default(),
            standstill: None,
            silence,
            is_mute,
            speak: false,
        }
    }

    /// Runs until the engine is to be ended.
    ///
    /// # Errors
    /// [`ConsensusError`]: the engine died, or the chain cannot go on.
    pub(super) async fn run(&mut self, channels: &mut Channels<Luqi>) -> Result<Turn, ConsensusError> {
        let mut stop = self.deps.stop.clone();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut says = Says::default();
        self.show();
        loop {
            if self.held.is_some() && !self.may_hold() {
                self.release();
            }
            let holding = self.held.is_some();
            let due = tokio::time::Instant::from_std(self.due());
            tokio::select! {
                message = channels.consensus.recv() => {
                    // What was refused tells more than that the engine died of it.
                    if let Some(turn) = self.refusal().await? {
                        return Ok(turn);
                    }
                    let Some(message) = message else { return Err(ConsensusError::died()) };
                    if let Some(turn) = self.answer(message).await? {
                        return Ok(turn);
                    }
                }
                Some(assembled) = self.assembled.recv() => self.take_in(assembled).await?,
                Some(shown) = self.shown.recv() => {
                    if self.heed(vec![shown], self.most_stood_at()).await? {
                        return Ok(Turn::Again);
                    }
                }
                _ = self.ahead.changed(), if holding => {}
                _ = self.pending.changed(), if holding => {}
                () = tokio::time::sleep_until(due), if holding => {}
                _ = tick.tick() => {
                    if let Some(far) = self.look() {
                        return Ok(Turn::Ended(Ended::FarBehind(far)));
                    }
                    if self.all_begin() {
                        self.end_silence().await?;
                        return Ok(Turn::Again);
                    }
                    // Who is new waits for what the others say, and they for him.
                    let tip = self.deps.chain.latest().tip.height();
                    if says.is_due(tip, Instant::now()) || self.is_new() {
                        self.say_where(tip).await;
                    }
                }
                () = told(&mut stop) => return Ok(Turn::Ended(Ended::Stopped)),
            }
        }
    }

    /// Each message has a handler of its own.
    async fn answer(&mut self, message: AppMsg<Luqi>) -> Result<Option<Turn>, ConsensusError> {
        match message {
            AppMsg::ConsensusReady { reply } => self.on_ready(reply),
            AppMsg::StartedRound { height, round, reply_value, .. } => {
                self.on_started_round(height.0, round, reply_value).await?;
            }
            AppMsg::GetValue { height, round, reply, .. } => self.on_get_value(height.0, round, reply).await?,
            AppMsg::ReceivedProposalPart { part, reply, .. } => self.on_arrived(&part.content, reply).await?,
            AppMsg::RestreamProposal { height, round, address, value_id, .. } => {
                self.on_restream(height.0, round, address.0, value_id).await?;
            }
            AppMsg::Decided { certificate, reply, .. } => return self.on_decided(&certificate, reply).await,
            AppMsg::Finalized { evidence, reply, .. } => return self.on_finalized(evidence, reply).await,
            AppMsg::GetDecidedValues { range, reply } => self.on_decided_values(&range, reply),
            AppMsg::GetHistoryMinHeight { reply } => drop(reply.send(At(Height(1)))),
            AppMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply } => {
                self.on_synced(height.0, round, proposer, value_bytes, reply).await?;
            }
            // Extensions are disabled at every height, so this is not asked.
            AppMsg::ExtendVote { reply, .. } => drop(reply.send(None)),
            AppMsg::VerifyVoteExtensions { reply, .. } => drop(reply.send(Vec::new())),
        }
        Ok(None)
    }

    /// A block whose parts are all here.
    async fn take_in(&mut self, assembled: Assembled) -> Result<(), ConsensusError> {
        let (height, publisher) = (assembled.signed.head.height, assembled.publisher);
        let blocks = Arc::clone(&self.blocks);
        match blocking(move || blocks.take_in(&assembled)).await?? {
            TakenIn::Kept(block) => {
                if let Some(own) = engine_peer(&self.deps.network.own()) {
                    self.port.arrived(own, Arrived { height, block });
                }
            }
            TakenIn::Full => self.not_kept = self.not_kept.saturating_add(1),
            // Nobody passes on what he could not put together himself: so this is his own doing.
            TakenIn::Another => {
                self.deps.network.cut(publisher, "its parts make another block than the one they announce").await;
            }
        }
        Ok(())
    }

    /// The engine was refused a signature: it is started again without a vote at that height.
    async fn refusal(&mut self) -> Result<Option<Turn>, ConsensusError> {
        let Some(signed) = *self.refused.borrow_and_update() else { return Ok(None) };
        let height = signed.height;
        tracing::error!(%height, "this node signed something else at this height before, so it does not vote there any more");
        self.fall_silent(height).await?;
        Ok(Some(Turn::Again))
    }

    /// No vote up to a height, over restarts.
    pub(super) async fn fall_silent(&self, height: Height) -> Result<(), ConsensusError> {
        let last = Arc::clone(&self.last);
        let kept = blocking(move || {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let above = last.last().map_or(height, |signed| signed.height.max(height));
            last.keep_silent(Silence::Above(above))
        });
        Ok(kept.await??)
    }

    /// Where most others stood, by the power at the next height.
    pub(super) fn most_stood_at(&self) -> Option<Height> {
        let validators = Validators::of(self.deps.chain.latest().tip.membership());
        self.heard().most_stood_at(self.deps.node, &validators)
    }

    /// Whether a block that was committed ends the silence; `stood` by the power that certified it.
    pub(super) fn ends_silence(&self, block: Height, stood: Option<Height>) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).ended_by(block, stood)
    }

    /// Signatures of this node were shown: whether another process made one. Then this one is silent, over restarts.
    pub(super) async fn heed(&self, shown: Vec<Signed>, stood: Option<Height>) -> Result<bool, ConsensusError> {
        let last = Arc::clone(&self.last);
        let heeded =
            blocking(move || last.lock().unwrap_or_else(PoisonError::into_inner).heed(&shown, stood)).await??;
        let Some(signed) = heeded else { return Ok(false) };
        let (height, round, step) = (signed.height, signed.round, signed.step);
        tracing::error!(%height, %round, %step, "another node runs with the keys of this one, and signed what this one did not: this one votes no more. Stop one of the two for good, and start the other once with --restored");
        Ok(true)
    }

    /// From now on this node votes again.
    pub(super) async fn end_silence(&self) -> Result<(), ConsensusError> {
        let (last, stood) = (Arc::clone(&self.last), self.most_stood_at());
        let spoken = blocking(move || last.lock().unwrap_or_else(PoisonError::into_inner).speak(stood));
        Ok(spoken.await??)
    }

    /// A verdict for the engine; none where there is nothing to say yet.
    pub(super) async fn verdict(
        &mut self,
        height: Height,
        block: BlockHash,
        signed: Option<SignedParts>,
    ) -> Result<Option<ProposedValue<Luqi>>, ConsensusError> {
        let blocks = Arc::clone(&self.blocks);
        let verdict = blocking(move || blocks.judge(height, block)).await?;
        let validity = match verdict {
            Verdict::Valid => Validity::Valid,
            Verdict::Invalid(why) => {
                let membership = self.deps.chain.latest().tip.membership().clone();
                let of = signed.map_or_else(String::new, |signed| {
                    format!(" of {}", called::node(&membership, signed.head.proposer))
                });
                tracing::warn!(%height, %block, "a proposed block{of} is voted against: {why}");
                self.unfit = self.unfit.saturating_add(1);
                Validity::Invalid
            }
            Verdict::NotYet => return Ok(None),
        };
        self.given.insert(block);
        let round = signed.map_or(self.round, |signed| Round::Some(signed.head.round.0));
        let proposer = signed.map_or(Address::NOBODY, |signed| Address(signed.head.proposer));
        let valid_round = Round::Nil;
        Ok(Some(ProposedValue { height: At(height), round, valid_round, proposer, value: Value(block), validity }))
    }

    /// Says blocks to all.
    pub(super) async fn publish(&self, parts: Vec<bytes::Bytes>) {
        for part in parts {
            self.deps.network.publish(Topic::Parts, part).await;
        }
    }

    /// The height that follows the tip, and what holds for it.
    pub(super) fn next(&self) -> (At, HeightParams<Luqi>) {
        let latest = self.deps.chain.latest();
        let membership = latest.tip.membership();
        let validators = Validators::of(membership);
        let waits = self.deps.tempo.timeouts(validators.iter().count(), membership.parameters().block_bytes);
        (At(latest.tip.height().next()), HeightParams::new(validators, waits, None))
    }

    /// Holds the next height back until its block is due, or starts it.
    pub(super) fn hold(&mut self, held: Held) {
        self.since = Instant::now();
        self.round = Round::Nil;
        self.held = Some(held);
        if !self.may_hold() {
            self.release();
        }
        self.show();
    }

    fn release(&mut self) {
        let Some(held) = self.held.take() else { return };
        self.since = Instant::now();
        let next = self.next();
        held.start(next);
        self.started.store(true, Ordering::Release);
        self.show();
    }

    /// A height is held back only by a node that votes, before its block is due, and as long as the others
    /// have not begun it. At the start, what others say of themselves is enough.
    fn may_hold(&self) -> bool {
        let latest = self.deps.chain.latest();
        let next = latest.tip.height().next();
        let has_power = Validators::of(latest.tip.membership()).power(self.deps.node) > 0;
        let starting = !self.started.load(Ordering::Acquire);
        let behind = starting && self.heard().highest() > latest.tip.height();
        has_power && self.votes() && !self.ahead.borrow().begun(next) && !behind && self.due() > Instant::now()
    }

    fn due(&self) -> Instant {
        let latest = self.deps.chain.latest();
        let parameters = *latest.tip.membership().parameters();
        let called = self.ahead.borrow().called(latest.tip.height().next());
        let (pending, last) = (*self.pending.borrow(), self.made);
        pace::due_at(&Facts { parameters, pending, last, with_events: self.with_events, called })
    }

    /// A round began.
    pub(super) fn enter(&mut self, round: Round) {
        self.round = round;
        self.show();
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the process is to end, or nobody is left to say so.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// When the tip's block was made: by its own time, where that is not in the future.
fn made_before(latest: &Latest) -> Instant {
    let age = latest.header.as_ref().map(|header| now().0.saturating_sub(header.time.0));
    age.map_or(latest.since, |age| pace::made_at(Instant::now(), Duration::from_millis(age)))
}

/// Runs what may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ConsensusError> {
    tokio::task::spawn_blocking(work).await.map_err(|failed| ConsensusError::Engine(failed.to_string()))
}

/// Drops the engine's log.
pub(super) async fn without_log(home: std::path::PathBuf) -> Result<(), ConsensusError> {
    blocking(move || engine::drop_wal(&home)).await?
}
