//! One block's governance: proposals and approvals in order, then what holds from the next block on (format.md §9).
//!
//! Two passes over the events. The first opens proposals and collects the approvals whose signature has to be looked
//! at: of one submitting member, proposal and approving member the first alone, since after a good one the others
//! are `DUPLICATE`, and after a bad one they are refused unread. These are verified in parallel. The second pass
//! takes the answers, in order.

use super::change::{Approve, Propose};
use super::control::{Control, MAX_PROPOSED, OpenProposal};
use crate::codec::TooMany;
use crate::crypto::ChainId;
use crate::membership::{Member, Membership};
use crate::names::{Height, MemberCode, ProposalId};
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

/// Approvals of one proposal by one member, that one member submits.
type Ballot = (MemberCode, ProposalId, MemberCode);

/// What the first pass leaves of an event.
enum Read<'a> {
    Judged(Outcome),
    /// Its signature decides.
    Signed(Ballot, &'a Approve),
}

/// Folds the governance events of the block of a height, each with the member that submitted it, and closes the
/// block. Gives what became of each, in order, and the membership that judges the next block where it is another one.
pub(crate) fn fold(
    control: &mut Control,
    chain: &ChainId,
    height: Height,
    membership: &Membership,
    motions: &[(MemberCode, Motion<'_>)],
) -> (Vec<Outcome>, Option<Membership>) {
    let read = read(control, height, membership, motions);
    let hold = signatures(control, chain, membership, &read);
    let outcomes = read.iter().map(|read| settle(control, &hold, read)).collect();
    (outcomes, close(control, height, membership))
}

/// First pass: opens what is proposed, and finds the approvals of what is open by who is there.
fn read<'a>(
    control: &mut Control,
    height: Height,
    membership: &Membership,
    motions: &[(MemberCode, Motion<'a>)],
) -> Vec<Read<'a>> {
    let mut proposed: BTreeMap<MemberCode, usize> = BTreeMap::new();
    let mut read = Vec::with_capacity(motions.len());
    for (actor, motion) in motions {
        read.push(match motion {
            Motion::Propose(event) => {
                let before = proposed.entry(*actor).or_default();
                let unread = *before >= MAX_PROPOSED;
                *before = before.saturating_add(1);
                let refused = Outcome::Refused(Refusal::TooMany);
                Read::Judged(if unread { refused } else { propose(control, *actor, height, membership, event) })
            }
            Motion::Approve(event) if control.open(event.proposal).is_none() => {
                Read::Judged(Outcome::Refused(Refusal::Unknown))
            }
            Motion::Approve(event) if membership.member(event.member).is_none() => {
                Read::Judged(Outcome::Refused(Refusal::NotAuthorised))
            }
            Motion::Approve(event) => Read::Signed((*actor, event.proposal, event.member), event),
        });
    }
    read
}

fn propose(
    control: &mut Control,
    actor: MemberCode,
    height: Height,
    membership: &Membership,
    event: &Propose,
) -> Outcome {
    match control.consider(actor, height, membership, event) {
        Ok(open) => match Arc::make_mut(&mut control.proposals).push(open) {
            Ok(()) => Outcome::Applied,
            Err(TooMany { .. }) => Outcome::Refused(Refusal::TooMany),
        },
        Err(why) => Outcome::Refused(why.refusal()),
    }
}

/// The ballots of which the first signature holds.
fn signatures(control: &Control, chain: &ChainId, membership: &Membership, read: &[Read<'_>]) -> BTreeSet<Ballot> {
    let mut first: BTreeMap<Ballot, &Approve> = BTreeMap::new();
    for read in read {
        match read {
            Read::Signed(ballot, event) if !has_approved(control, event) => {
                first.entry(*ballot).or_insert(event);
            }
            Read::Signed(..) | Read::Judged(_) => {}
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
fn settle(control: &mut Control, hold: &BTreeSet<Ballot>, read: &Read<'_>) -> Outcome {
    let (ballot, event) = match read {
        Read::Judged(outcome) => return *outcome,
        Read::Signed(ballot, event) => (ballot, event),
    };
    if has_approved(control, event) {
        return Outcome::Refused(Refusal::Duplicate);
    }
    if !hold.contains(ballot) {
        return Outcome::Refused(Refusal::BadSignature);
    }
    let mut proposals = Arc::make_mut(&mut control.proposals).iter_mut();
    match proposals.find(|open| open.id == event.proposal).map(|open| open.approvals.push(event.member)) {
        Some(Ok(())) => Outcome::Applied,
        Some(Err(TooMany { .. })) => Outcome::Refused(Refusal::TooMany),
        None => Outcome::Refused(Refusal::Unknown),
    }
}

/// The end of a block: adopts what has its approvals, withdraws, enacts what is due, drops what has lapsed. Gives the
/// membership of the next block where it is another one.
fn close(control: &mut Control, height: Height, in_force: &Membership) -> Option<Membership> {
    if control.proposals.is_empty() {
        return None;
    }
    adopt(control, in_force);
    withdraw(control, height);
    let next = enact(control, height, in_force);
    lapse(control, height, next.as_ref().unwrap_or(in_force));
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

/// The withdrawals that are due go, in order, each with what it names: so a withdrawal that an earlier one names
/// takes nothing away.
fn withdraw(control: &mut Control, height: Height) {
    let due = control.proposals.iter().filter(|open| is_due(open, height));
    let due: Vec<(ProposalId, ProposalId)> =
        due.filter_map(|open| open.change.withdraws().map(|named| (open.id, named))).collect();
    for (own, named) in due {
        if control.open(own).is_some() {
            Arc::make_mut(&mut control.proposals).retain(|open| open.id != own && open.id != named);
        }
    }
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

/// What is not adopted goes at its height, or with its proposer.
fn lapse(control: &mut Control, height: Height, next: &Membership) {
    let stays = |open: &OpenProposal| open.adopted || (height < open.effective && next.member(open.proposer).is_some());
    Arc::make_mut(&mut control.proposals).retain(stays);
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
