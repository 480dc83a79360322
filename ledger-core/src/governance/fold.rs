//! One block's governance: proposals and approvals in order, then what holds from the next block on (format.md §9).
//!
//! Two passes over the events. The first opens proposals and collects the approvals whose signature has to be looked
//! at: of one submitting node, proposal and approving member the first alone, since after a good one the others
//! are `DUPLICATE`, and after a bad one they are refused unread. These are verified in parallel. The second pass
//! takes the answers, in order. What a node brings in one block beyond its share is not read at all.

use super::change::{Approve, Propose};
use super::control::{Considered, Control, MAX_APPROVED, MAX_PROPOSED, OpenProposal};
use crate::codec::TooMany;
use crate::crypto::ChainId;
use crate::membership::{Member, Membership};
use crate::names::{Height, MemberCode, NodeNumber, ProposalId};
use crate::outcome::{Outcome, Refusal};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A governance event of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Motion<'a> {
    Propose(&'a Propose),
    Approve(&'a Approve),
}

/// A governance event, and who submitted it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<'a> {
    /// The node.
    pub(crate) stream: NodeNumber,
    /// The member whose node it is.
    pub(crate) by: MemberCode,
    /// The event.
    pub(crate) motion: Motion<'a>,
}

/// An event of a block, as governance sees it.
pub(crate) enum Turn<'a, T> {
    /// One of its own.
    Moves(Moved<'a>),
    /// Another one, with what the caller says of it.
    Passes(T),
}

/// Approvals of one proposal by one member, that one node submits. By node, not by member: who holds the key of one node
/// must not spoil what the member's other nodes bring.
type Ballot = (NodeNumber, ProposalId, MemberCode);

/// What the first pass leaves of an event.
enum Read<'a, T> {
    /// What is said of it.
    Done(T),
    /// An approval that a node submits, whose signature decides.
    Signed(NodeNumber, &'a Approve),
}

const fn ballot(stream: NodeNumber, event: &Approve) -> Ballot {
    (stream, event.proposal, event.member)
}

/// Folds the governance events among the events of the block of a height, and closes the block. Gives what is said of
/// each event, in order, of its own what became of it, and the membership that judges the next block where it is
/// another one.
pub(crate) fn fold<'a, T: From<Outcome>>(
    control: &mut Control,
    chain: &ChainId,
    height: Height,
    membership: &Membership,
    turns: Vec<Turn<'a, T>>,
) -> (Vec<T>, Option<Membership>) {
    let mut first = First { control, height, membership, counts: BTreeMap::new(), taken_back: BTreeSet::new() };
    let read = |turn: Turn<'a, T>| match turn {
        Turn::Moves(moved) => first.read(&moved),
        Turn::Passes(said) => Read::Done(said),
    };
    let read: Vec<Read<'_, T>> = turns.into_iter().map(read).collect();
    let First { taken_back, .. } = first;
    let hold = signatures(control, chain, membership, &read);
    let settle = |read: Read<'_, T>| match read {
        Read::Done(said) => said,
        Read::Signed(stream, event) => T::from(settle(control, &hold, stream, event)),
    };
    let said = read.into_iter().map(settle).collect();
    (said, close(control, height, membership, &taken_back))
}

/// How many proposals and approvals of a node a block holds, whatever became of them.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    proposed: usize,
    approved: usize,
}

/// First pass: opens what is proposed, and finds the approvals of what is open by who is there.
struct First<'a> {
    control: &'a mut Control,
    height: Height,
    membership: &'a Membership,
    counts: BTreeMap<NodeNumber, Counts>,
    /// What its own member takes back in this block.
    taken_back: BTreeSet<ProposalId>,
}

impl First<'_> {
    fn read<'e, T: From<Outcome>>(&mut self, moved: &Moved<'e>) -> Read<'e, T> {
        let judged = |outcome| Read::Done(T::from(outcome));
        let counts = self.counts.entry(moved.stream).or_default();
        let (count, most) = match moved.motion {
            Motion::Propose(_) => (&mut counts.proposed, MAX_PROPOSED),
            Motion::Approve(_) => (&mut counts.approved, MAX_APPROVED),
        };
        if *count >= most {
            return judged(Outcome::Refused(Refusal::TooMany));
        }
        *count = count.saturating_add(1);
        match moved.motion {
            Motion::Propose(event) => judged(self.propose(moved.by, event)),
            Motion::Approve(event) if self.control.open(event.proposal).is_none() => {
                judged(Outcome::Refused(Refusal::Unknown))
            }
            Motion::Approve(event) if self.membership.member(event.member).is_none() => {
                judged(Outcome::Refused(Refusal::NotAuthorised))
            }
            Motion::Approve(event) => Read::Signed(moved.stream, event),
        }
    }

    fn propose(&mut self, by: MemberCode, event: &Propose) -> Outcome {
        match self.control.consider(by, self.height, self.membership, event) {
            Ok(Considered::Opens(open)) => match Arc::make_mut(&mut self.control.proposals).push(open) {
                Ok(()) => Outcome::Applied,
                Err(TooMany { .. }) => Outcome::Refused(Refusal::TooMany),
            },
            Ok(Considered::TakesBack(named)) => {
                self.taken_back.insert(named);
                Outcome::Applied
            }
            Err(why) => Outcome::Refused(why.refusal()),
        }
    }
}

/// The ballots of which the first signature holds.
fn signatures<T>(
    control: &Control,
    chain: &ChainId,
    membership: &Membership,
    read: &[Read<'_, T>],
) -> BTreeSet<Ballot> {
    let mut first: BTreeMap<Ballot, &Approve> = BTreeMap::new();
    for read in read {
        match read {
            Read::Signed(by, event) if !has_approved(control, event) => {
                first.entry(ballot(*by, event)).or_insert(event);
            }
            Read::Signed(..) | Read::Done(_) => {}
        }
    }
    let first: Vec<(Ballot, &Approve)> = first.into_iter().collect();
    let holds = |(_, event): &&(Ballot, &Approve)| {
        membership.member(event.member).is_some_and(|member| event.verify(chain, member).is_ok())
    };
    first.par_iter().filter(holds).map(|(ballot, _)| *ballot).collect()
}

fn has_approved(control: &Control, event: &Approve) -> bool {
    control.open(event.proposal).is_some_and(|open| open.approvals.contains(&event.member))
}

/// Second pass: an approval counts once, if the first signature of its ballot holds.
fn settle(control: &mut Control, hold: &BTreeSet<Ballot>, stream: NodeNumber, event: &Approve) -> Outcome {
    if has_approved(control, event) {
        return Outcome::Refused(Refusal::Duplicate);
    }
    if !hold.contains(&ballot(stream, event)) {
        return Outcome::Refused(Refusal::BadSignature);
    }
    let mut proposals = Arc::make_mut(&mut control.proposals).iter_mut();
    match proposals.find(|open| open.id == event.proposal).map(|open| open.approvals.push(event.member)) {
        Some(Ok(())) => Outcome::Applied,
        Some(Err(TooMany { .. })) => Outcome::Refused(Refusal::TooMany),
        None => Outcome::Refused(Refusal::Unknown),
    }
}

/// The end of a block: adopts what has its approvals, takes away what was taken back or withdrawn, enacts what is due,
/// drops what has lapsed. Gives the membership of the next block where it is another one.
fn close(
    control: &mut Control,
    height: Height,
    in_force: &Membership,
    taken_back: &BTreeSet<ProposalId>,
) -> Option<Membership> {
    if control.proposals.is_empty() {
        return None;
    }
    adopt(control, in_force);
    take_back(control, taken_back);
    withdraw(control);
    let next = enact(control, height, in_force);
    lapse(control, height);
    if let Some(next) = &next {
        forget_past(control, in_force, next);
    }
    next
}

/// More than two thirds of the voting power in force have approved.
fn adopt(control: &mut Control, in_force: &Membership) {
    for open in Arc::make_mut(&mut control.proposals).iter_mut() {
        let approving = |member: &&Member| open.approvals.contains(&member.code);
        let power = in_force.members().iter().filter(approving).map(Member::power).sum();
        open.adopted |= in_force.is_quorum(power);
    }
}

fn is_due(open: &OpenProposal, height: Height) -> bool {
    open.adopted && height.next() >= open.effective
}

/// What was taken back goes, if nobody has said yes to it in the meantime: an approval on the chain counts for one
/// opening, and who proposes what others want cannot take it from them.
fn take_back(control: &mut Control, taken_back: &BTreeSet<ProposalId>) {
    let stays = |open: &OpenProposal| !(taken_back.contains(&open.id) && open.is_untouched());
    Arc::make_mut(&mut control.proposals).retain(stays);
}

/// What an adopted withdrawal names goes, unless that is one itself. The withdrawal stays until its height, so that
/// nobody proposes again what was withdrawn, with the approvals that stand on the chain.
fn withdraw(control: &mut Control) {
    let named: BTreeSet<ProposalId> = control.proposals.iter().filter_map(OpenProposal::has_withdrawn).collect();
    let stays = |open: &OpenProposal| !named.contains(&open.id) || open.has_withdrawn().is_some();
    Arc::make_mut(&mut control.proposals).retain(stays);
}

/// What is due changes membership and protocol, in order. What no longer applies, since another change came first,
/// is dropped.
fn enact(control: &mut Control, height: Height, in_force: &Membership) -> Option<Membership> {
    let mut next: Option<Membership> = None;
    for open in control.proposals.iter().filter(|open| is_due(open, height)) {
        let before = next.as_ref().unwrap_or(in_force);
        if let Ok((membership, protocol)) = open.change.apply(before, control.protocol) {
            next = Some(membership);
            control.protocol = protocol;
        }
    }
    Arc::make_mut(&mut control.proposals).retain(|open| !is_due(open, height));
    next.filter(|next| next != in_force)
}

/// What is not adopted goes at its height.
fn lapse(control: &mut Control, height: Height) {
    Arc::make_mut(&mut control.proposals).retain(|open| open.adopted || height < open.effective);
}

/// Drops the streams of nodes that are no longer there, and the approvals of members that are not, or
/// that have another governance key now: the old one may have been given up because it leaked.
fn forget_past(control: &mut Control, before: &Membership, next: &Membership) {
    let key = |of: &Membership, code: MemberCode| of.member(code).map(|member| member.governance);
    control.streams.retain(|stream| next.node(stream.node).is_some());
    for open in Arc::make_mut(&mut control.proposals).iter_mut() {
        open.approvals.retain(|code| key(next, *code).is_some_and(|now| key(before, *code) == Some(now)));
    }
}
