//! The intake as a service of many requests at once.
//!
//! One thread owns the intake. Messages are read where they come in, on all cores, and wait in a bounded
//! queue; what has come within one tick is recorded together, so that the syncs of a window are shared by
//! all in it. Nobody is answered before everything in his receipt is durable. Where the intake fails, say
//! because the disk is full, nobody is answered that it was done, and it is opened again from what is on the
//! disk.

use super::alone::Consent;
use super::error::IntakeError;
use super::member::Member;
use super::reader::{ReadMessage, Reader};
use super::receipt::{Finding, Receipt, SubmitError, Tracked, View};
use super::requests::Tracker;
use super::tags::Tags;
use super::worker::{Order, Worker};
use crate::chain::{Chain, now};
use crate::home::Home;
use crate::outbox::Outbox;
use ledger_core::annex::{Config, Date};
use ledger_core::event::Event;
use ledger_core::names::Sequence;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, TryAcquireError, mpsc, oneshot};
use tokio::task::spawn_blocking;

/// What a message costs in the queue, whatever its length.
const LEAST_COST: usize = 1 << 10;
/// When to come again while the queue is full.
const SOON: Duration = Duration::from_secs(1);
/// When to come again while the chain takes nothing.
const LATER: Duration = Duration::from_secs(5);

/// How much a service does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// How long the first message of a window waits for others.
    pub tick: Duration,
    /// A window has at most so many messages.
    pub window: usize,
    /// Bytes of messages that wait.
    pub queue_bytes: usize,
    /// Messages that wait.
    pub queue: usize,
    /// Nothing more is taken in while the chain lacks so many bytes of this node's submissions.
    pub outbox_bytes: u64,
    /// Unknown parameters and codes are rejected.
    pub strict: bool,
    /// What the operator takes on himself.
    pub consent: Consent,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(20),
            window: 1_024,
            queue_bytes: 64 << 20,
            queue: 4_096,
            outbox_bytes: 16 << 20,
            strict: false,
            consent: Consent::default(),
        }
    }
}

/// The intake of a node on a network. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    orders: mpsc::Sender<Order>,
    room: Arc<Semaphore>,
    config: ServiceConfig,
    board: Arc<Board>,
    /// How messages are read today: its tables are large, and are made once a day.
    annex: Mutex<Option<Arc<Config>>>,
}

/// What the thread tells everybody.
#[derive(Default)]
pub(super) struct Board {
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    view: View,
    tracker: Option<Tracker>,
    closed: Option<SubmitError>,
}

impl Board {
    /// The intake is open.
    pub(super) fn opened(&self, member: &Member) -> Result<(), IntakeError> {
        let tracker = member.tracker()?;
        self.notes().tracker = Some(tracker);
        self.show(member.view());
        Ok(())
    }

    /// Where it stands.
    pub(super) fn show(&self, view: View) {
        let mut notes = self.notes();
        // What cannot go on takes nothing more in: it would be acknowledged, and wait for nobody knows what.
        notes.closed = view.stuck.clone().map(SubmitError::Closed);
        notes.view = View { closed: view.stuck.clone(), ..view };
    }

    /// It is closed.
    pub(super) fn closed(&self, why: SubmitError) {
        let mut notes = self.notes();
        notes.view.closed = Some(why.to_string());
        notes.closed = Some(why);
    }

    /// It has ended: nothing here holds the chain any more.
    pub(super) fn ended(&self) {
        self.closed(ended());
        self.notes().tracker = None;
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Opens the intake of a home and starts its thread. A node that is not, or no longer, of the membership
    /// gets a service that refuses until it is. Reads from the disk: on an asynchronous thread, call it
    /// through `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    /// [`IntakeError`]: what is wrong, where, and what to do.
    pub fn start(home: Home, chain: Chain, outbox: Outbox, config: ServiceConfig) -> Result<Self, IntakeError> {
        let (to, orders) = mpsc::channel(config.queue);
        let board = Arc::new(Board::default());
        let worker = Worker::open(home, chain, outbox, config, orders, Arc::clone(&board))?;
        let thread = std::thread::Builder::new().name("intake".to_owned());
        thread.spawn(move || worker.run()).map_err(IntakeError::Thread)?;
        let room = Arc::new(Semaphore::new(config.queue_bytes.min(Semaphore::MAX_PERMITS)));
        Ok(Self { inner: Arc::new(Inner { orders: to, room, config, board, annex: Mutex::default() }) })
    }

    /// Takes a message of the annex. When it has returned, everything in the receipt is durable.
    ///
    /// # Errors
    /// [`SubmitError`]; then nothing of the message is acknowledged, and it may be sent again.
    pub async fn submit(&self, message: Vec<u8>) -> Result<Receipt, SubmitError> {
        let tags = self.ready()?;
        let cost = u32::try_from(message.len().max(LEAST_COST)).unwrap_or(u32::MAX);
        let permit = match Arc::clone(&self.inner.room).try_acquire_many_owned(cost) {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits) => return Err(SubmitError::Busy { retry_after: SOON }),
            Err(TryAcquireError::Closed) => return Err(ended()),
        };
        let slot = self.inner.orders.clone().try_reserve_owned().map_err(full)?;
        let reader = Reader { config: self.annex()?, tags };
        let message = read(reader, message).await?;
        let (reply, answer) = oneshot::channel();
        slot.send(Order::Take { message: Box::new(message), permit, reply });
        answer.await.map_err(|_| ended())?
    }

    /// What became of the items of a message, by the id of its receipt; none where there is none. Reads from
    /// the disk: on an asynchronous thread, call it through `tokio::task::spawn_blocking`.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Tracked> {
        let tracker = self.inner.board.notes().tracker.clone()?;
        tracker.find(id)
    }

    /// Submits a proposal or an approval of governance; gives the submission that carries it. When it has
    /// returned, the submission is durable.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn govern(&self, event: Event) -> Result<Sequence, SubmitError> {
        match event {
            Event::Propose(_) | Event::Approve(_) => {}
            Event::Contract(_) | Event::Evidence(_) | Event::Anchor(_) => {
                return Err(SubmitError::NotSubmitted("only proposals and approvals are submitted this way"));
            }
        }
        self.ready()?;
        let slot = self.inner.orders.clone().try_reserve_owned().map_err(full)?;
        let (reply, answer) = oneshot::channel();
        slot.send(Order::Govern { event, reply });
        answer.await.map_err(|_| ended())?
    }

    /// What it has done and has to do.
    #[must_use]
    pub fn view(&self) -> View {
        let orders = &self.inner.orders;
        let queued = orders.max_capacity().saturating_sub(orders.capacity()) as u64;
        View { queued, ..self.inner.board.notes().view.clone() }
    }

    /// Ends it: what has come before is still recorded and answered.
    pub async fn stop(&self) {
        let (reply, ended) = oneshot::channel();
        if self.inner.orders.send(Order::Stop(reply)).await.is_ok() {
            // It answers, or has ended already.
            let _ = ended.await;
        }
    }

    /// How messages are read now.
    pub(super) fn annex(&self) -> Result<Arc<Config>, SubmitError> {
        let today = today().ok_or_else(|| SubmitError::Closed("the clock of this machine says no day".to_owned()))?;
        let mut annex = self.inner.annex.lock().unwrap_or_else(PoisonError::into_inner);
        match &*annex {
            Some(of_today) if of_today.today == today => Ok(Arc::clone(of_today)),
            Some(_) | None => {
                let strict = self.inner.config.strict;
                Ok(Arc::clone(annex.insert(Arc::new(Config { strict, ..Config::new(today) }))))
            }
        }
    }

    /// Whether something may come now.
    fn ready(&self) -> Result<Tags, SubmitError> {
        let notes = self.inner.board.notes();
        match (&notes.closed, &notes.tracker) {
            (Some(why), _) => Err(why.clone()),
            (None, None) => Err(SubmitError::Busy { retry_after: SOON }),
            (None, Some(_)) if notes.view.outbox_bytes >= self.inner.config.outbox_bytes => {
                Err(SubmitError::Busy { retry_after: LATER })
            }
            (None, Some(tracker)) => Ok(tracker.tags.clone()),
        }
    }
}

fn full(error: mpsc::error::TrySendError<mpsc::Sender<Order>>) -> SubmitError {
    match error {
        mpsc::error::TrySendError::Full(_) => SubmitError::Busy { retry_after: SOON },
        mpsc::error::TrySendError::Closed(_) => ended(),
    }
}

fn ended() -> SubmitError {
    SubmitError::Closed("the intake has ended".to_owned())
}

async fn read(reader: Reader, message: Vec<u8>) -> Result<ReadMessage, SubmitError> {
    let message = spawn_blocking(move || reader.read_one(message)).await.map_err(|_| ended())?;
    match &message.items {
        Ok(_) => Ok(message),
        Err(error) => Err(SubmitError::Unreadable(Finding::from(&error.finding))),
    }
}

/// The day it is in Shandong.
fn today() -> Option<Date> {
    let days = u32::try_from((now().0 / 1_000 + 8 * 3_600) / 86_400).ok()?;
    Date::from_day_number(Date::new(1970, 1, 1)?.day_number().checked_add(days)?)
}
