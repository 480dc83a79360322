//! How peers behave: how much they ask, what they send wrong, what they say twice, how much they say.
//!
//! Who passes a message on is charged only with what every node finds in its bytes alone. What depends on where
//! one stands, on what one has heard before, or on when, is ignored: another node may be right to pass it on.

use super::PeerId;
use super::rate::Bucket;
use super::topics::Lane;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Questions of a peer at once.
const QUESTIONS: u32 = 256;
/// … and in a second after that.
const QUESTIONS_A_SECOND: f64 = 64.0;
/// Connections of a peer at once: it may have started anew some times …
const ARRIVALS: u32 = 8;
/// … and in a second after that. Each is greeted, by all that was said last.
const ARRIVALS_A_SECOND: f64 = 0.5;
/// So much may go wrong at once before a peer is cut off …
const STRIKES: u32 = 2;
/// … and so much in a second: one in half a minute.
const STRIKES_A_SECOND: f64 = 1.0 / 30.0;
/// How long a peer is kept out that is cut off for the first time; each further time twice as long …
const CUT_OFF: Duration = Duration::from_secs(60);
/// … up to so many times as long: a sound node that was wronged comes back within a quarter of an hour.
const MAX_FACTOR: u32 = 16;
/// A peer that was cut off for the last time so long ago begins anew.
const FORGIVEN: Duration = Duration::from_secs(3_600);

/// What is remembered of a peer; it outlasts its connections, so that to come again wipes nothing away.
struct Record {
    questions: Bucket,
    arrivals: Bucket,
    strikes: Bucket,
    /// When it was cut off last, and how many times as long as the first time.
    cut: Option<(Instant, u32)>,
}

/// What is remembered of all peers. Only members and pinned peers come here, so it stays small.
#[derive(Default)]
pub(super) struct Conduct {
    records: HashMap<PeerId, Record>,
}

impl Conduct {
    fn of(&mut self, peer: PeerId, now: Instant) -> &mut Record {
        self.records.entry(peer).or_insert_with(|| Record {
            questions: Bucket::new(QUESTIONS, QUESTIONS_A_SECOND, now),
            arrivals: Bucket::new(ARRIVALS, ARRIVALS_A_SECOND, now),
            strikes: Bucket::new(STRIKES, STRIKES_A_SECOND, now),
            cut: None,
        })
    }

    /// Whether a peer may ask one more question.
    pub(super) fn may_ask(&mut self, peer: PeerId, now: Instant) -> bool {
        self.of(peer, now).questions.take(1, now)
    }

    /// Whether a peer may come one more time.
    pub(super) fn may_come(&mut self, peer: PeerId, now: Instant) -> bool {
        self.of(peer, now).arrivals.take(1, now)
    }

    /// Notes that a peer did what no sound node does. Whether it is borne once more.
    pub(super) fn bears(&mut self, peer: PeerId, now: Instant) -> bool {
        self.of(peer, now).strikes.take(1, now)
    }

    /// Notes that a peer is cut off; gives for how long.
    pub(super) fn cut(&mut self, peer: PeerId, now: Instant) -> Duration {
        let record = self.of(peer, now);
        let factor = match record.cut.map(|(last, factor)| (now.saturating_duration_since(last), factor)) {
            // What it sent before its connection ended.
            Some((since, factor)) if since < CUT_OFF * factor => factor,
            Some((since, factor)) if since < FORGIVEN => factor.saturating_mul(2).min(MAX_FACTOR),
            _ => 1,
        };
        record.cut = Some((now, factor));
        CUT_OFF * factor
    }

    /// Forgets all but these, when the membership has changed.
    pub(super) fn keep(&mut self, known: impl Fn(&PeerId) -> bool) {
        self.records.retain(|peer, _| known(peer));
    }
}

/// Tells what an author has said before from what is new, beyond the time for which gossip itself remembers
/// every message.
///
/// On each lane an author numbers its messages upwards, from its clock at the moment at which it made that lane. So
/// the numbers of one lane say nothing of those of another: its votes would all lie below its parts of blocks. What it
/// numbers lower than what was heard a while ago is said again. Its clock may have been set back since its last start: a
/// new connection to the author itself begins anew, and so does what it says there itself, which nobody says again in
/// its place. So nodes differ in what they know of an author, and whoever passes on what is old here is at no fault:
/// an author could reconnect to one node after the other, and have each cut off by all others.
pub(super) struct Replays {
    remembered: Duration,
    authors: HashMap<(PeerId, Lane), Numbers>,
}

/// Who brought a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bringer {
    /// Its author.
    Author,
    /// Somebody who passes it on.
    Another,
}

#[derive(Default)]
struct Numbers {
    /// Nothing at or below it is new.
    floor: u64,
    /// When each stretch of time began, and the highest number heard in it: those that gossip surely
    /// remembers.
    stretches: VecDeque<(Instant, u64)>,
}

impl Numbers {
    /// Drops the stretches that ended long ago; what was heard in them is said again from now on.
    fn age(&mut self, oldest: Duration, now: Instant) {
        while let Some((_, highest)) =
            self.stretches.pop_front_if(|(began, _)| now.saturating_duration_since(*began) >= oldest)
        {
            self.floor = self.floor.max(highest);
        }
    }
}

impl Replays {
    /// `remembered` is for how long gossip drops what it heard before by itself.
    pub(super) fn new(remembered: Duration) -> Self {
        Self { remembered, authors: HashMap::new() }
    }

    /// Whether a message is new; it is not, a second time.
    pub(super) fn is_new(&mut self, author: PeerId, lane: Lane, number: u64, by: Bringer, now: Instant) -> bool {
        let numbers = self.authors.entry((author, lane)).or_default();
        // Well before gossip forgets it; and whatever is under way for half of that time is new still.
        numbers.age(self.remembered * 5 / 8, now);
        if number <= numbers.floor {
            match by {
                Bringer::Author => *numbers = Numbers::default(),
                Bringer::Another => return false,
            }
        }
        match numbers.stretches.back_mut() {
            Some((began, highest)) if now.saturating_duration_since(*began) < self.remembered / 8 => {
                *highest = (*highest).max(number);
            }
            _ => numbers.stretches.push_back((now, number)),
        }
        true
    }

    /// Begins anew with an author that has just been connected.
    pub(super) fn begin(&mut self, author: &PeerId) {
        self.authors.retain(|(known, _), _| known != author);
    }

    /// Forgets all but these.
    pub(super) fn keep(&mut self, known: impl Fn(&PeerId) -> bool) {
        self.authors.retain(|(author, _), _| known(author));
    }
}

/// What an author may say at once on a lane, and in a second: messages and bytes. Each node says half of it at
/// most, so that what comes in a heap after a pause is no fault; a network of four at 67 blocks a second, the most
/// that was ever measured, says 170 votes a second a node.
const fn share(lane: Lane) -> [(u32, u32); 2] {
    match lane {
        Lane::Votes => [(8_192, 1_024), (32 << 20, 4 << 20)],
        Lane::Bulk => [(16_384, 1_024), (128 << 20, 32 << 20)],
    }
}

/// So many authors' messages may come from one peer, who passes on what others say: in a second …
pub(super) fn passed_on(lane: Lane, authors: u32) -> (u32, u32) {
    let [(_, a_second), _] = share(lane);
    let a_second = a_second.saturating_mul(authors.max(1));
    // … and at once, which is what a connection that had stopped for some seconds brings.
    (a_second.saturating_mul(8), a_second)
}

/// How much each author says, on each lane. What is more than its share goes no further from here, so nobody
/// passes on more than he would bear himself.
#[derive(Default)]
pub(super) struct Shares {
    authors: HashMap<(PeerId, Lane), [Bucket; 2]>,
}

impl Shares {
    /// Whether an author has a share left for a message.
    pub(super) fn take(&mut self, author: PeerId, lane: Lane, bytes: usize, now: Instant) -> bool {
        let new = || share(lane).map(|(burst, a_second)| Bucket::new(burst, f64::from(a_second), now));
        let [messages, volume] = self.authors.entry((author, lane)).or_insert_with(new);
        messages.take(1, now) && volume.take(bytes, now)
    }

    /// The same for what this node says itself: half of the share of others.
    pub(super) fn take_own(&mut self, own: PeerId, lane: Lane, bytes: usize, now: Instant) -> bool {
        let new = || share(lane).map(|(burst, a_second)| Bucket::new(burst / 2, f64::from(a_second / 2), now));
        let [messages, volume] = self.authors.entry((own, lane)).or_insert_with(new);
        messages.take(1, now) && volume.take(bytes, now)
    }

    /// Forgets all but these.
    pub(super) fn keep(&mut self, known: impl Fn(&PeerId) -> bool) {
        self.authors.retain(|(author, _), _| known(author));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_has_a_share_on_each_lane_and_a_peer_passes_on_those_of_all() {
        let (mut shares, author, now) = (Shares::default(), PeerId::random(), Instant::now());
        let mut takes = |author, lane| (0..100_000).take_while(|_| shares.take(author, lane, 200, now)).count();
        assert_eq!(takes(author, Lane::Votes), 8_192);
        assert_eq!(takes(author, Lane::Bulk), 16_384, "each lane its own");
        assert_eq!(takes(PeerId::random(), Lane::Votes), 8_192, "each author its own");
        let mut own = Shares::default();
        let own = (0..100_000).take_while(|_| own.take_own(author, Lane::Votes, 200, now)).count();
        assert_eq!(own, 4_096, "this node is well within what others bear");
        // Seventeen who say all they may, through one peer: less than that one may bring.
        let (_, a_second) = passed_on(Lane::Votes, 17);
        assert!((17 * 1_024..32_000).contains(&a_second));
    }

    #[test]
    fn who_comes_again_and_again_has_to_wait() {
        let (mut conduct, peer, now) = (Conduct::default(), PeerId::random(), Instant::now());
        let come = |conduct: &mut Conduct, after: u64| {
            let now = now + Duration::from_secs(after);
            (0..300).take_while(|_| conduct.may_come(peer, now)).count()
        };
        assert_eq!([0, 0, 10].map(|after| come(&mut conduct, after)), [8, 0, 5]);
    }

    #[test]
    fn who_is_cut_off_again_stays_out_longer_until_an_hour_has_passed() {
        let (mut conduct, peer, mut now) = (Conduct::default(), PeerId::random(), Instant::now());
        let mut minutes = |after: u64| {
            now += Duration::from_secs(60 * after);
            conduct.cut(peer, now).as_secs() / 60
        };
        assert_eq!([0, 0, 1, 1, 4, 8, 16, 59].map(&mut minutes), [1, 1, 2, 2, 4, 8, 16, 16]);
        assert_eq!([60, 1].map(&mut minutes), [1, 2]);
        assert_eq!(conduct.cut(PeerId::random(), now), CUT_OFF, "another one");
    }
}
