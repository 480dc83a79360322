//! The thread of the service: it alone has the intake.

use super::error::IntakeError;
use super::member::Member;
use super::reader::ReadMessage;
use super::receipt::{Receipt, SubmitError};
use super::service::{Board, ServiceConfig};
use crate::chain::{Chain, Latest};
use crate::home::Home;
use crate::outbox::Outbox;
use ledger_core::event::Event;
use ledger_core::names::Sequence;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::timeout_at;

/// How long after a failure the intake is opened again at the soonest.
const PAUSE: Duration = Duration::from_secs(1);

/// What the thread is told to do.
pub(super) enum Order {
    Take { message: Box<ReadMessage>, permit: OwnedSemaphorePermit, reply: oneshot::Sender<Answer<Receipt>> },
    Govern { event: Event, reply: oneshot::Sender<Answer<Sequence>> },
    Stop(oneshot::Sender<()>),
}

type Answer<T> = Result<T, SubmitError>;

/// A message that waits for its answer; its room in the queue is given back with it.
type Waiting = (oneshot::Sender<Answer<Receipt>>, OwnedSemaphorePermit);

/// The thread.
pub(super) struct Worker {
    home: Home,
    chain: Chain,
    outbox: Outbox,
    config: ServiceConfig,
    orders: mpsc::Receiver<Order>,
    board: Arc<Board>,
    /// None where it failed, or where the node is not of the membership.
    member: Option<Member>,
    tried: Instant,
}

impl Worker {
    /// Opens the intake.
    pub(super) fn open(
        home: Home,
        chain: Chain,
        outbox: Outbox,
        config: ServiceConfig,
        orders: mpsc::Receiver<Order>,
        board: Arc<Board>,
    ) -> Result<Self, IntakeError> {
        let mut worker = Self { home, chain, outbox, config, orders, board, member: None, tried: Instant::now() };
        match worker.reopen() {
            Ok(()) | Err(IntakeError::NotAMember(_)) => Ok(worker),
            // It follows and votes as before: the others do not pay for what this home has lost.
            Err(error @ (IntakeError::Behind { .. } | IntakeError::Ahead { .. } | IntakeError::VaultBehind { .. })) => {
                tracing::error!("the intake takes nothing: {error}");
                Ok(worker)
            }
            Err(error) => Err(error),
        }
    }

    fn reopen(&mut self) -> Result<(), IntakeError> {
        self.tried = Instant::now();
        let (chain, outbox) = (self.chain.clone(), self.outbox.clone());
        let opened = Member::open(&self.home, chain, outbox, self.config.consent);
        let opened = opened.and_then(|member| {
            self.board.opened(&member)?;
            Ok(member)
        });
        match opened {
            Ok(member) => {
                self.member = Some(member);
                Ok(())
            }
            Err(error) => {
                self.board.closed(refusal(&error));
                Err(error)
            }
        }
    }

    /// Works until it is told to stop, or nobody can tell it anything any more.
    pub(super) fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                self.board.closed(SubmitError::Closed(format!("its thread cannot wait: {error}")));
                return;
            }
        };
        let mut tip = self.chain.tip();
        loop {
            let (orders, is_end) = runtime.block_on(self.wait(&mut tip));
            self.follow();
            let stop = self.obey(orders);
            if let Some(member) = &self.member {
                self.board.show(member.view());
            }
            if let Some(stop) = stop {
                self.board.ended();
                // Whoever is told that it has stopped may open the home again.
                drop(self);
                let _ = stop.send(());
                return;
            }
            if is_end {
                return;
            }
        }
    }

    /// What comes within a tick of the first order, up to a window; nothing, where the chain has gone on, or
    /// the intake may be opened again. And whether nothing will come any more.
    async fn wait(&mut self, tip: &mut watch::Receiver<Arc<Latest>>) -> (Vec<Order>, bool) {
        let first = tokio::select! {
            biased;
            order = self.orders.recv() => order,
            changed = tip.changed() => return (Vec::new(), changed.is_err()),
            () = tokio::time::sleep(PAUSE), if self.member.is_none() => return (Vec::new(), false),
        };
        let Some(first) = first else { return (Vec::new(), true) };
        let mut orders = vec![first];
        let until = tokio::time::Instant::now() + self.config.tick;
        while orders.len() < self.config.window && !matches!(orders.last(), Some(Order::Stop(_))) {
            match timeout_at(until, self.orders.recv()).await {
                Ok(Some(order)) => orders.push(order),
                Ok(None) => return (orders, true),
                Err(_) => break,
            }
        }
        (orders, false)
    }

    /// Learns from the chain, and sends again what waited; opens what had to be closed.
    fn follow(&mut self) {
        if self.member.is_none() && self.tried.elapsed() >= PAUSE {
            // What is wrong stands on the board.
            let _ = self.reopen();
        }
        let Some(member) = &mut self.member else { return };
        let followed = member.learn().and_then(|()| if member.is_due() { member.catch_up() } else { Ok(()) });
        if let Err(error) = followed {
            self.fail(&error);
        }
    }

    /// Does what it is told, the messages together; gives whom to tell that it stops.
    fn obey(&mut self, orders: Vec<Order>) -> Option<oneshot::Sender<()>> {
        let (mut messages, mut waiting) = (Vec::new(), Vec::new());
        for order in orders {
            match order {
                Order::Take { message, permit, reply } => {
                    messages.push(*message);
                    waiting.push((reply, permit));
                }
                Order::Govern { event, reply } => {
                    self.take(std::mem::take(&mut messages), std::mem::take(&mut waiting));
                    let answer = self.govern(event);
                    // Whoever has asked may be gone.
                    let _ = reply.send(answer);
                }
                Order::Stop(reply) => {
                    self.take(std::mem::take(&mut messages), std::mem::take(&mut waiting));
                    return Some(reply);
                }
            }
        }
        self.take(messages, waiting);
        None
    }

    fn take(&mut self, messages: Vec<ReadMessage>, waiting: Vec<Waiting>) {
        if messages.is_empty() {
            return;
        }
        let taken = match &mut self.member {
            Some(member) => member.take(messages),
            None => return refuse(waiting, &busy()),
        };
        match taken {
            Ok(taken) => {
                for ((reply, _permit), taken) in waiting.into_iter().zip(taken) {
                    let _ = reply.send(Ok(Receipt { id: taken.id, items: taken.items }));
                }
            }
            Err(error) => {
                let why = refusal(&error);
                self.fail(&error);
                refuse(waiting, &why);
            }
        }
    }

    fn govern(&mut self, event: Event) -> Answer<Sequence> {
        let Some(member) = &mut self.member else { return Err(busy()) };
        match member.govern(event) {
            Ok(Some(sequence)) => Ok(sequence),
            Ok(None) => Err(SubmitError::NotSubmitted("the event is longer than a submission of this chain may be")),
            Err(error) => {
                let why = refusal(&error);
                self.fail(&error);
                Err(why)
            }
        }
    }

    fn fail(&mut self, error: &IntakeError) {
        tracing::error!("the intake is closed, and will be opened again: {error}");
        self.board.closed(refusal(error));
        self.member = None;
        self.tried = Instant::now();
    }
}

const fn busy() -> SubmitError {
    SubmitError::Busy { retry_after: PAUSE }
}

fn refuse(waiting: Vec<Waiting>, why: &SubmitError) {
    for (reply, _permit) in waiting {
        let _ = reply.send(Err(why.clone()));
    }
}

/// What those who hand in are told.
fn refusal(error: &IntakeError) -> SubmitError {
    match error {
        IntakeError::NotAMember(node) => SubmitError::NotAMember(*node),
        IntakeError::NotAlone(_)
        | IntakeError::Lone(_)
        | IntakeError::NoRoom(_)
        | IntakeError::Record(_)
        | IntakeError::Nameless(_)
        | IntakeError::Block { .. }
        | IntakeError::Submission(_)
        | IntakeError::File(_)
        | IntakeError::Store(_)
        | IntakeError::Key(_)
        | IntakeError::Home(_)
        | IntakeError::Vault(_)
        | IntakeError::Commit(_)
        | IntakeError::Outbox(_)
        | IntakeError::Thread(_)
        | IntakeError::Behind { .. }
        | IntakeError::Ahead { .. }
        | IntakeError::VaultBehind { .. } => SubmitError::Closed(error.to_string()),
    }
}
