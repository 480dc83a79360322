//! What waits, cut anew.
//!
//! A stream has no gaps: where the chain's parameters were lowered below what a waiting submission needs, nothing
//! behind it comes into a block either. Then it and all behind it are cut by the new parameters: the same events, in
//! the same order, under other numbers. Nothing of it can come onto the chain meanwhile as it was, for the
//! membership that judges the next block allows it no longer.
//!
//! It can later, if the parameters are raised again: whoever kept it may bring it. So what is cut anew is said one at
//! a time, as long as its numbers have stood for something else ([`crate::outbox`]), and each piece comes from one
//! submission only. So under a number never stands anything that stood under a higher one before, and whatever the
//! chain has under a number, what follows is not there yet. What it has is taken for recorded, event by event; the
//! rest is cut anew once more, behind it.

use super::{IntakeError, Latest, Learned, Member, Row, SUBMISSION_OVERHEAD, What, room};
use crate::intake::journal::Place;
use crate::mempool::Room;
use crate::outbox::Cut;
use ledger_core::codec;
use ledger_core::event::Event;
use ledger_core::membership::Purpose;
use ledger_core::names::Sequence;
use ledger_core::submission::Submission;
use rayon::prelude::*;
use std::collections::{HashMap, VecDeque};

/// What a piece has at most.
#[derive(Clone, Copy, Debug)]
struct Limits {
    events: usize,
    /// Encoded length of its events.
    bytes: usize,
}

/// Events that stood together go on together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Move {
    from: Place,
    count: u16,
    to: Place,
}

/// How what waits is cut.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    pieces: Vec<(Sequence, Vec<Event>)>,
    moves: Vec<Move>,
}

impl Member {
    /// Cuts anew what waits and fits into no block by the parameters in force.
    pub(super) fn fit(&mut self, latest: &Latest) -> Result<(), IntakeError> {
        let room = Room::of(latest.tip.membership());
        if self.fitted == Some(room) {
            return Ok(());
        }
        let mut waiting = self.outbox.from(Sequence(0), usize::MAX, usize::MAX)?;
        self.view.stuck = stuck(&waiting, room);
        let fits = |one: &Submission| room.fits(one.events.len(), codec::encode(one).len());
        // One event cannot be cut.
        let first = waiting.iter().position(|one| one.events.len() > 1 && !fits(one));
        if let Some(first) = first {
            let rest = waiting.split_off(first);
            let from = rest.first().map_or(self.last.next(), |one| one.sequence);
            self.renumber(latest, waiting, &rest, &[], from)?;
            tracing::warn!("the chain's parameters were lowered: what waits from submission {from} on is cut anew");
        }
        self.fitted = Some(room);
        Ok(())
    }

    /// A block has under a number of this node what was signed before it was cut anew: what the block has is recorded,
    /// and the rest goes on behind it.
    pub(super) fn reconcile(&mut self, latest: &Latest, learned: &Learned) -> Result<(), IntakeError> {
        let signed = self.outbox.cut().unwrap_or_default().signed;
        let mut first = None;
        for (submission, _) in learned.submissions.iter().filter(|(one, _)| one.sequence <= signed) {
            let own = self.outbox.get(submission.sequence)?;
            if own.is_some_and(|own| own.events != submission.events) {
                first = Some(submission.sequence);
                break;
            }
        }
        let Some(first) = first else { return Ok(()) };
        let waiting = self.outbox.from(first, usize::MAX, usize::MAX)?;
        let there: Vec<_> =
            learned.submissions.iter().map(|(one, _)| one).filter(|one| one.sequence >= first).collect();
        tracing::warn!("the chain has submission {first} as it was before it was cut anew: the rest is cut once more");
        self.renumber(latest, Vec::new(), &waiting, &there, learned.last().next())
    }

    /// Cuts what waits, from a number on; `kept` stands before it as it is, `there` is on the chain.
    fn renumber(
        &mut self,
        latest: &Latest,
        kept: Vec<Submission>,
        waiting: &[Submission],
        there: &[&Submission],
        from: Sequence,
    ) -> Result<(), IntakeError> {
        let events = Room::of(latest.tip.membership()).submission_events;
        let limits = Limits { events, bytes: room(latest).saturating_sub(SUBMISSION_OVERHEAD) };
        let Plan { pieces, moves } = plan(waiting, there, from, limits);
        let before = self.outbox.cut().unwrap_or_default();
        let generation = before.generation.max(self.desk.journal.generation()).saturating_add(1);
        let last = pieces.last().map_or(Sequence(from.0.saturating_sub(1)), |(sequence, _)| *sequence);
        let row = |Move { from, count, to }: Move| Row {
            sequence: to.0,
            position: to.1,
            what: What::Cut { generation, from: from.0, at: from.1, count },
        };
        let end = Move { from: (last, 0), count: 0, to: (last, 0) };
        let rows: Vec<_> = moves.into_iter().chain([end]).map(row).collect();
        self.desk.journal.write(&rows)?;
        self.desk.step(crate::intake::Step::Journaled);
        let (chain, key, node) = (latest.tip.chain(), self.desk.keys.node.key(Purpose::Submission), self.desk.node);
        let signed =
            pieces.into_par_iter().map(|(sequence, events)| Submission::sign(&chain, key, node, sequence, events));
        let signed = signed.collect::<Result<Vec<_>, _>>()?;
        let all = [kept, signed].concat();
        // Where this fails, the intake is opened again, and finds out which of the two the outbox has.
        self.outbox.recut(&all, Cut { generation, signed: before.signed.max(self.last), last })?;
        self.desk.settle(Ok(()), &rows)?;
        self.last = last;
        self.flight.clear();
        all.iter().for_each(|submission| self.makes(submission));
        Ok(())
    }
}

/// Why what waits cannot go on, where it is so: an event that no block has room for.
fn stuck(waiting: &[Submission], room: Room) -> Option<String> {
    let events = waiting.iter().flat_map(|one| one.events.iter());
    let bytes = events.map(|event| codec::encode(event).len().saturating_add(SUBMISSION_OVERHEAD)).max()?;
    (bytes > room.bytes).then(|| {
        format!(
            "an event of {bytes} bytes waits, and the chain's parameters leave room for {} in a block: nothing of this node comes onto the chain before block_bytes is raised, by a proposal at another node",
            room.bytes
        )
    })
}

/// Cuts what waits into pieces from a number on, none of which has events of two submissions; what is there already
/// is left out.
fn plan(waiting: &[Submission], there: &[&Submission], from: Sequence, limits: Limits) -> Plan {
    let mut recorded: HashMap<Vec<u8>, VecDeque<Place>> = HashMap::new();
    for submission in there {
        for (event, position) in submission.events.iter().zip(0_u16..) {
            recorded.entry(codec::encode(event)).or_default().push_back((submission.sequence, position));
        }
    }
    let (mut plan, mut next) = (Plan::default(), from);
    for submission in waiting {
        let (mut piece, mut bytes) = (Vec::new(), 0_usize);
        for (event, position) in submission.events.iter().zip(0_u16..) {
            let encoded = codec::encode(event);
            let at = (submission.sequence, position);
            if let Some(place) = recorded.get_mut(&encoded).and_then(VecDeque::pop_front) {
                plan.moves(at, place);
                continue;
            }
            let is_full = piece.len() >= limits.events || bytes.saturating_add(encoded.len()) > limits.bytes;
            if is_full && !piece.is_empty() {
                plan.pieces.push((next, std::mem::take(&mut piece)));
                (next, bytes) = (next.next(), 0);
            }
            plan.moves(at, (next, u16::try_from(piece.len()).unwrap_or(u16::MAX)));
            bytes = bytes.saturating_add(encoded.len());
            piece.push(event.clone());
        }
        if !piece.is_empty() {
            plan.pieces.push((next, piece));
            next = next.next();
        }
    }
    plan
}

impl Plan {
    fn moves(&mut self, from: Place, to: Place) {
        if from == to {
            return;
        }
        let follows = |before: Place, count: u16, place: Place| {
            before.0 == place.0 && before.1.checked_add(count) == Some(place.1)
        };
        match self.moves.last_mut() {
            Some(last) if follows(last.from, last.count, from) && follows(last.to, last.count, to) => last.count += 1,
            Some(_) | None => self.moves.push(Move { from, count: 1, to }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::event::Action;
    use ledger_core::fixture::{Network, event};

    fn submission(network: &Network, sequence: u64, events: std::ops::Range<u64>) -> Submission {
        let events = events.map(|n| event(n, Action::Renew)).collect();
        network.submission_at(2, Sequence(sequence), events)
    }

    fn numbers(plan: &Plan) -> Vec<(u64, usize)> {
        plan.pieces.iter().map(|(sequence, events)| (sequence.0, events.len())).collect()
    }

    fn events(plan: &Plan) -> Vec<Event> {
        plan.pieces.iter().flat_map(|(_, events)| events.clone()).collect()
    }

    const WIDE: Limits = Limits { events: 1_000, bytes: 1 << 20 };

    #[test]
    fn pieces_have_the_same_events_in_the_same_order_and_never_of_two_submissions() {
        let network = Network::new(2);
        let waiting = [submission(&network, 5, 0..5), submission(&network, 6, 5..6), submission(&network, 7, 6..10)];
        let of_two = plan(&waiting, &[], Sequence(5), Limits { events: 2, ..WIDE });
        assert_eq!(numbers(&of_two), [(5, 2), (6, 2), (7, 1), (8, 1), (9, 2), (10, 2)]);
        let all: Vec<_> = (0..10).map(|n| event(n, Action::Renew)).collect();
        assert_eq!(events(&of_two), all);
        let of = |from, at, count, to| Move { from: (Sequence(from), at), count, to: (Sequence(to), 0) };
        assert_eq!(of_two.moves, [of(5, 2, 2, 6), of(5, 4, 1, 7), of(6, 0, 1, 8), of(7, 0, 2, 9), of(7, 2, 2, 10)]);
        let length = codec::encode(&all[0]).len();
        let by_bytes = plan(&waiting, &[], Sequence(5), Limits { bytes: 3 * length, ..WIDE });
        assert_eq!(numbers(&by_bytes), [(5, 3), (6, 2), (7, 1), (8, 3), (9, 1)]);
        // An event that is larger than all stands alone, and wide limits change nothing.
        let alone = plan(&waiting, &[], Sequence(5), Limits { bytes: 1, ..WIDE });
        assert!(alone.pieces.iter().all(|(_, events)| events.len() == 1) && alone.pieces.len() == 10);
        assert_eq!(plan(&waiting, &[], Sequence(5), WIDE).moves, []);
    }

    #[test]
    fn what_is_on_the_chain_is_left_out_once_for_each_time_that_it_is_there() {
        let network = Network::new(2);
        let old = submission(&network, 5, 0..5);
        // The same event once more, as what waited for its contract.
        let waiting = [submission(&network, 5, 0..2), submission(&network, 6, 2..4), submission(&network, 7, 4..5)];
        let again = submission(&network, 8, 1..3);
        let rest = plan(&[&waiting[..], &[again]].concat(), &[&old], Sequence(6), Limits { events: 2, ..WIDE });
        assert_eq!(numbers(&rest), [(6, 2)]);
        assert_eq!(events(&rest), [event(1, Action::Renew), event(2, Action::Renew)]);
        let of = |from, at, count, to, place| Move { from: (Sequence(from), at), count, to: (Sequence(to), place) };
        assert_eq!(rest.moves, [of(6, 0, 2, 5, 2), of(7, 0, 1, 5, 4), of(8, 0, 2, 6, 0)]);
        assert_eq!(plan(&waiting, &[&old], Sequence(6), WIDE).pieces, []);
    }

    #[test]
    fn an_event_that_no_block_has_room_for_is_named() {
        let network = Network::new(2);
        let room = |bytes| Room { bytes, ..Room::of(network.tip.membership()) };
        let waiting = [submission(&network, 5, 0..5)];
        let bytes = codec::encode(&waiting[0].events[0]).len() + SUBMISSION_OVERHEAD;
        assert_eq!((stuck(&waiting, room(bytes)), stuck(&[], room(0))), (None, None));
        assert!(stuck(&waiting, room(bytes - 1)).unwrap().contains("block_bytes"));
    }
}
