//! The task that feeds the mempool: gossip, answers, and this node's own outbox.

use super::fetch::{Answered, Ask, PATIENCE, Wants};
use super::{Mempool, Refused};
use crate::network::wire::{MAX_RANGE_BYTES, MAX_SUBMISSIONS, Request, Response};
use crate::network::{Gossip, MempoolEvent, Network, PeerId, Question, Topic};
use crate::outbox::{Extent, Outbox};
use bytes::Bytes;
use ledger_core::codec::{self, List};
use ledger_core::names::{NodeNumber, Sequence};
use ledger_core::submission::Submission;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};

/// What comes in is taken together up to so many.
const TOGETHER: usize = 64;
/// How often what is not final is said again.
const SAY_AGAIN: Duration = Duration::from_secs(15);
/// Of the own submissions, so many are said again, and so many bytes.
const AGAIN: (usize, usize) = (32, 1 << 20);

/// A node's own outbox: its stream, and what is in it.
type Own = Option<(NodeNumber, Outbox)>;

/// Feeds the mempool until `stop` is ready or the network has ended: takes gossip and answers questions,
/// publishes what `own` outbox has and the chain lacks, fetches what is missing in streams, and follows the
/// chain. A node that takes nothing in has no outbox.
pub async fn run(
    mempool: Mempool,
    network: Network,
    mut inbox: mpsc::Receiver<MempoolEvent>,
    own: Own,
    stop: impl Future<Output = ()> + Send,
) {
    let (wants, said, generation, asked) = Default::default();
    let mut task = Task { mempool, network, own, wants, said, generation, asked };
    let mut tip = task.mempool.chain().tip();
    let mut appended = task.own.as_ref().map(|(_, outbox)| outbox.watch());
    let mut again = tokio::time::interval(SAY_AGAIN);
    let mut tick = tokio::time::interval(PATIENCE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut events = Vec::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            count = inbox.recv_many(&mut events, TOGETHER) => {
                if count == 0 {
                    return;
                }
                task.hear(std::mem::take(&mut events)).await;
            }
            changed = tip.changed() => {
                if changed.is_err() {
                    return;
                }
                task.advance().await;
                task.say_new().await;
            }
            () = changed(&mut appended) => task.say_new().await,
            _ = again.tick() => task.say_again().await,
            _ = tick.tick() => task.ask(),
            Some(ended) = task.asked.join_next() => {
                if let Ok((ask, answered)) = ended {
                    task.wants.ended(ask.node, answered, Instant::now());
                }
                task.ask();
            }
        }
    }
}

/// Ready when something was appended, or may be said now; never without an outbox.
async fn changed(appended: &mut Option<tokio::sync::watch::Receiver<Extent>>) {
    let gone = match appended {
        Some(appended) => appended.changed().await.is_err(),
        None => true,
    };
    if gone {
        std::future::pending::<()>().await;
    }
}

struct Task {
    mempool: Mempool,
    network: Network,
    own: Own,
    wants: Wants,
    /// The last own submission that was said to all.
    said: Sequence,
    /// How often the outbox had been cut anew then.
    generation: u64,
    asked: JoinSet<(Ask, Answered)>,
}

impl Task {
    async fn hear(&mut self, events: Vec<MempoolEvent>) {
        let (mut gossip, mut questions, mut has_come) = (Vec::new(), Vec::new(), false);
        for event in events {
            match event {
                MempoolEvent::Gossip(said) => gossip.push(said),
                MempoolEvent::Question(question) => questions.push(question),
                MempoolEvent::Connected(peer, node) => {
                    self.wants.newcomer(peer, node, Instant::now());
                    has_come = true;
                }
            }
        }
        let (mempool, own) = (self.mempool.clone(), self.own.clone());
        let work = spawn_blocking(move || {
            let liars: Vec<_> = gossip.iter().filter_map(|said| take(&mempool, said)).collect();
            questions.into_iter().for_each(|question| answer(&mempool, own.as_ref(), question));
            liars
        });
        for (liar, why) in work.await.unwrap_or_default() {
            self.network.cut(liar, why).await;
        }
        if has_come {
            self.say_again().await;
            self.ask();
        }
    }

    async fn advance(&self) {
        let mempool = self.mempool.clone();
        // A panic there is that thread's, and is logged.
        let _ = spawn_blocking(move || mempool.advance()).await;
    }

    /// Says what was appended, and holds it.
    async fn say_new(&mut self) {
        let Some((node, outbox)) = self.own.clone() else { return };
        let generation = outbox.watch().borrow().generation;
        if generation != self.generation {
            (self.said, self.generation) = (Sequence(0), generation);
        }
        loop {
            let (mempool, outbox, said) = (self.mempool.clone(), outbox.clone(), self.said);
            let batch = spawn_blocking(move || new_ones(&mempool, &outbox, node, said)).await.unwrap_or_default();
            if batch.is_empty() {
                return;
            }
            for (sequence, bytes) in batch {
                self.network.publish(Topic::Submissions, bytes).await;
                self.said = sequence;
            }
        }
    }

    /// Says again what the chain lacks: those who have just come have not heard it, and gossip loses some. What is no
    /// longer held is not said: its signature may be of a key that was replaced.
    async fn say_again(&mut self) {
        let Some((node, outbox)) = self.own.clone() else { return };
        let (last, said) = (self.on_chain(node), self.said);
        let mempool = self.mempool.clone();
        let first = spawn_blocking(move || {
            let found = read(&outbox, last.next(), AGAIN.0, AGAIN.1).into_iter();
            let said = found.take_while(|(submission, _)| submission.sequence <= said);
            said.map_while(|(submission, bytes)| {
                let sequence = submission.sequence;
                mempool.offer(submission, bytes.len()).ok().map(|_| (sequence, bytes))
            })
            .collect::<Vec<_>>()
        });
        for (sequence, bytes) in first.await.unwrap_or_default() {
            tracing::trace!("submission {sequence} is not final: it is said again");
            self.network.publish(Topic::Submissions, bytes).await;
        }
        self.say_new().await;
    }

    fn on_chain(&self, node: NodeNumber) -> Sequence {
        self.mempool.chain().latest().tip.control().last_sequence(node)
    }

    /// Asks for what is missing.
    fn ask(&mut self) {
        let peers = self.network.peers().borrow().clone();
        for ask in self.wants.due(&self.mempool.gaps(), &peers, Instant::now()) {
            let (mempool, network) = (self.mempool.clone(), self.network.clone());
            self.asked.spawn(async move { (ask, fetch(mempool, network, ask).await) });
        }
    }
}

/// The own submissions that were not said yet, as many as go at once; they are held from now on.
fn new_ones(mempool: &Mempool, outbox: &Outbox, node: NodeNumber, said: Sequence) -> Vec<(Sequence, Bytes)> {
    let last = mempool.chain().latest().tip.control().last_sequence(node);
    let from = said.max(last).next();
    let mut taken = Vec::new();
    for (submission, bytes) in read(outbox, from, TOGETHER, MAX_RANGE_BYTES) {
        let sequence = submission.sequence;
        match mempool.offer(submission, bytes.len()) {
            // What others hold with its number comes onto the chain first; then this one is sent again.
            Ok(_) | Err(Refused::Conflict { .. }) => taken.push((sequence, bytes)),
            // There is room again once the chain has gone on.
            Err(Refused::Busy { .. } | Refused::TooFar { .. }) => break,
            Err(
                refused @ (Refused::UnknownStream(_)
                | Refused::Forged { .. }
                | Refused::Early { .. }
                | Refused::Empty { .. }
                | Refused::TooLarge { .. }),
            ) => {
                tracing::warn!("an own submission is not held: {refused}");
                break;
            }
        }
    }
    taken
}

/// Own submissions that may be said, and their bytes.
fn read(outbox: &Outbox, from: Sequence, count: usize, bytes: usize) -> Vec<(Submission, Bytes)> {
    let found = outbox.sayable(from, count, bytes).unwrap_or_else(|error| {
        tracing::error!("the outbox cannot be read: {error}");
        Vec::new()
    });
    let with_bytes = |one: Submission| {
        let bytes = Bytes::from(codec::encode(&one));
        (one, bytes)
    };
    found.into_iter().map(with_bytes).collect()
}

/// Takes what was said; gives who is to be cut off, and why.
fn take(mempool: &Mempool, said: &Gossip) -> Option<(PeerId, &'static str)> {
    match admit(mempool, &said.data) {
        Ok(()) => None,
        Err(why) => Some((said.author, why)),
    }
}

/// Decodes a submission strictly and offers it; what is merely not wanted is no error.
fn admit(mempool: &Mempool, bytes: &[u8]) -> Result<(), &'static str> {
    let submission: Submission = codec::decode(bytes).map_err(|_| "it sent what is no submission")?;
    match mempool.offer(submission, bytes.len()) {
        Ok(_) => Ok(()),
        Err(refused) if refused.is_fault() => {
            tracing::warn!("{refused}");
            Err("it sent a forged submission")
        }
        Err(refused @ Refused::Conflict { .. }) => {
            tracing::warn!("{refused}");
            Ok(())
        }
        Err(refused) => {
            tracing::debug!("{refused}");
            Ok(())
        }
    }
}

/// Answers a question about a stream; any other is none of the mempool's.
fn answer(mempool: &Mempool, own: Option<&(NodeNumber, Outbox)>, question: Question) {
    let Request::Submissions { node, from } = question.request else { return };
    let found = match own {
        Some((own, outbox)) if *own == node => {
            let last = mempool.chain().latest().tip.control().last_sequence(node);
            let found = read(outbox, from.max(last.next()), MAX_SUBMISSIONS, MAX_RANGE_BYTES);
            found.into_iter().map(|(_, bytes)| Vec::from(bytes)).collect()
        }
        Some(_) | None => mempool.held(node, from),
    };
    let found = found.into_iter().filter_map(|bytes| codec::Bytes::new(bytes).ok()).collect();
    // Whoever has asked may be gone.
    let _ = question.answer.send(Response::Submissions(List::new(found).unwrap_or_default()));
}

/// Asks one peer for a stream's submissions from the first that is missing, and offers what comes.
async fn fetch(mempool: Mempool, network: Network, ask: Ask) -> Answered {
    let Ask { peer, node } = ask;
    let from = mempool.complete(node).next();
    let Ok(response) = network.request(peer, Request::Submissions { node, from }).await else {
        return Answered::Nothing;
    };
    let submissions = match response {
        Response::Submissions(submissions) => submissions,
        Response::Busy => return Answered::Nothing,
        Response::Engine(_) | Response::Range { .. } => {
            network.cut(peer, "it answered another question").await;
            return Answered::Nothing;
        }
    };
    let offered = spawn_blocking(move || {
        let before = mempool.complete(node);
        submissions.iter().try_for_each(|bytes| admit(&mempool, bytes))?;
        Ok::<_, &'static str>(mempool.complete(node) > before)
    });
    match offered.await {
        Ok(Ok(true)) => Answered::Some,
        Ok(Err(why)) => {
            network.cut(peer, why).await;
            Answered::Nothing
        }
        Ok(Ok(false)) | Err(_) => Answered::Nothing,
    }
}
