//! What needs no network: codec, inboxes, replays, rates.

use super::super::codec::read;
use super::super::conduct::{Bringer, Conduct, Replays};
use super::super::inbox::Outlets;
use super::super::rate::Bucket;
use super::super::topics::Lane;
use super::super::wire::{MAX_ANSWER, MAX_QUESTION};
use super::*;
use futures::AsyncRead;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives these bytes one by one, and notes the largest buffer that it was offered.
struct Trickle {
    bytes: Vec<u8>,
    given: usize,
    largest: usize,
}

impl AsyncRead for Trickle {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, to: &mut [u8]) -> Poll<std::io::Result<usize>> {
        self.largest = self.largest.max(to.len());
        let Some(byte) = self.bytes.get(self.given).copied() else { return Poll::Ready(Ok(0)) };
        self.given += 1;
        to[0] = byte;
        Poll::Ready(Ok(1))
    }
}

async fn check(bytes: Vec<u8>, cap: usize, expected: Result<Request, std::io::ErrorKind>, given: usize) {
    let mut from = Trickle { bytes, given: 0, largest: 0 };
    let got = read::<Request, _>(&mut from, cap).await.map_err(|error| error.kind());
    assert_eq!((got, from.given), (expected, given));
    assert!(from.largest <= 4096, "a buffer of {} for {given} bytes", from.largest);
}

#[tokio::test]
async fn a_frame_is_read_whole_or_refused_before_it_costs_memory() {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    let value = ledger_core::codec::encode(&range());
    let frame = |length: usize, value: &[u8]| [&(length as u32).to_be_bytes()[..], value].concat();
    check(frame(value.len(), &value), MAX_QUESTION, Ok(range()), 4 + value.len()).await;
    check(frame(u32::MAX as usize, &value), MAX_ANSWER, Err(InvalidData), 4).await;
    check(frame(MAX_QUESTION + 1, &value), MAX_QUESTION, Err(InvalidData), 4).await;
    check(frame(MAX_ANSWER, &value), MAX_ANSWER, Err(UnexpectedEof), 4 + value.len()).await;
    check(frame(value.len() - 1, &value), MAX_QUESTION, Err(InvalidData), 3 + value.len()).await;
    check(frame(value.len() + 1, &[&value[..], b"x"].concat()), MAX_QUESTION, Err(InvalidData), 5 + value.len()).await;
    check(frame(0, b""), MAX_QUESTION, Err(InvalidData), 4).await;
    check(vec![0, 0], MAX_QUESTION, Err(UnexpectedEof), 2).await;
}

fn gossip(topic: Topic, size: usize) -> Gossip {
    Gossip { topic, from: id(1), author: id(1), node: NodeNumber(1), data: Bytes::from(vec![0; size]) }
}

fn question() -> (Question, oneshot::Receiver<Response>) {
    let (answer, answered) = oneshot::channel();
    (Question { from: id(1), node: NodeNumber(1), request: range(), answer }, answered)
}

#[test]
fn a_full_inbox_drops_and_counts_but_never_who_comes_and_goes() {
    let counters = Arc::new(Counters::default());
    let (mut outlets, mut inboxes) = Outlets::with_room(2, Arc::clone(&counters));
    for _ in 0..5 {
        outlets.gossip(gossip(Topic::Consensus, 1));
        outlets.gossip(gossip(Topic::Submissions, 1));
    }
    assert_eq!(counters.topic(Topic::Consensus).dropped.value(), 3);
    assert_eq!(counters.topic(Topic::Submissions).dropped.value(), 3);
    let asked: Vec<_> = (0..3).map(|_| outlets.question(question().0)).collect();
    assert_eq!(asked, [true, true, false]);

    outlets.connected(id(2), NodeNumber(2));
    outlets.connected(id(3), NodeNumber(3));
    outlets.disconnected(id(3), NodeNumber(3));
    outlets.disconnected(id(1), NodeNumber(1));
    assert!(outlets.waits());
    // What may be dropped does not overtake what waits.
    assert!(matches!(inboxes.engine.try_recv(), Some(EngineEvent::Gossip(_))));
    outlets.gossip(gossip(Topic::Status, 1));
    let mut heard = Vec::new();
    while let Some(event) = inboxes.engine.try_recv() {
        heard.push(match event {
            EngineEvent::Connected(peer, _) => (1, peer),
            EngineEvent::Disconnected(peer, _) => (2, peer),
            EngineEvent::Gossip(gossip) => (3, gossip.author),
            EngineEvent::Question(question) => (4, question.from),
        });
        outlets.flush();
    }
    assert_eq!(heard, [(3, id(1)), (1, id(2)), (2, id(1))]);
    assert!(matches!(inboxes.mempool.try_recv(), Ok(MempoolEvent::Gossip(_))));
}

#[test]
fn an_inbox_is_bounded_in_bytes_of_what_nobody_has_taken_yet() {
    let counters = Arc::new(Counters::default());
    let (mut outlets, mut inboxes) = Outlets::with_room(1_000, Arc::clone(&counters));
    for _ in 0..20 {
        outlets.gossip(gossip(Topic::Submissions, MAX_SUBMISSION));
    }
    let dropped = counters.topic(Topic::Submissions).dropped.value();
    assert_eq!(dropped, 8, "96 MiB are twelve of them");
    // Taken out, there is room again.
    for _ in 0..12 {
        assert!(inboxes.mempool.try_recv().is_ok());
    }
    outlets.gossip(gossip(Topic::Submissions, MAX_SUBMISSION));
    assert_eq!(counters.topic(Topic::Submissions).dropped.value(), dropped);
}

#[test]
fn a_bucket_gives_its_burst_and_then_its_rate() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let mut bucket = Bucket::new(10, 2.0, start);
    assert!(bucket.take(10, start));
    assert!(!bucket.take(1, at(499)));
    assert!(bucket.take(1, at(500)));
    assert!(!bucket.take(11, at(1_000_000)), "never more than the burst");
    assert!(bucket.take(10, at(1_000_000)));
    assert!(!bucket.take(1, at(0)), "a clock that goes back gives nothing");
}

#[test]
fn strikes_are_forgiven_with_time() {
    let start = Instant::now();
    let mut conduct = Conduct::default();
    let strikes: Vec<_> = (0..4).map(|_| conduct.bears(id(1), start)).collect();
    assert_eq!(strikes, [true, true, false, false]);
    assert!(conduct.bears(id(2), start), "each has its own");
    assert!(conduct.bears(id(1), start + Duration::from_secs(31)));
    conduct.keep(|peer| *peer == id(2));
    assert!(conduct.bears(id(1), start));
}

#[test]
fn what_gossip_has_forgotten_is_not_new_again() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    // Every message of a steady stream, at whatever pace, is known once gossip has forgotten it.
    let passed_on = |replays: &mut Replays, author, lane, number, second| {
        replays.is_new(author, lane, number, Bringer::Another, at(second))
    };
    for pace in [1, 7, 14, 16, 40, 90, 200] {
        let mut replays = Replays::new(Duration::from_secs(120));
        let numbered: Vec<_> = (0..30).map(|i| (i * pace, 1_000 + i)).collect();
        for (second, number) in &numbered {
            assert!(passed_on(&mut replays, id(1), Lane::Votes, *number, *second), "{pace}");
            let said_before = numbered.iter().filter(|(before, _)| before + 120 < *second);
            for (_, number) in said_before {
                assert!(!passed_on(&mut replays, id(1), Lane::Votes, *number, *second), "{pace}");
            }
        }
    }
    // What comes a little late is new.
    let mut replays = Replays::new(Duration::from_secs(120));
    let mut is_new = |author, lane, number, second| passed_on(&mut replays, author, lane, number, second);
    assert!(is_new(id(1), Lane::Votes, 10, 0));
    assert!(is_new(id(1), Lane::Votes, 9, 50));
    assert!(!is_new(id(1), Lane::Votes, 9, 200));
    assert!(is_new(id(2), Lane::Votes, 9, 200), "each author has its own numbers");
    assert!(is_new(id(1), Lane::Bulk, 9, 200), "and on each lane");
    // A new connection begins anew, on all lanes: the author's clock may have been set back.
    replays.begin(&id(1));
    for lane in Lane::ALL {
        assert!(passed_on(&mut replays, id(1), lane, 3, 201), "{lane:?}");
    }
}

#[test]
fn what_an_author_brings_itself_is_never_old() {
    let start = Instant::now();
    let mut replays = Replays::new(Duration::from_secs(120));
    let mut is_new =
        |number, by, second| replays.is_new(id(1), Lane::Votes, number, by, start + Duration::from_secs(second));
    assert!(is_new(1_000, Bringer::Another, 0));
    assert!(!is_new(10, Bringer::Another, 200));
    // It began anew without a new connection here, and everybody may pass that on.
    assert!(is_new(10, Bringer::Author, 201));
    assert!(is_new(11, Bringer::Another, 202));
    // What it said before that is known again after a while.
    assert!(is_new(1_001, Bringer::Author, 203));
    assert!(!is_new(12, Bringer::Another, 300));
}
