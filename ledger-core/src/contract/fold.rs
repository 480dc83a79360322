//! The fold: one pure, total step over (state, actor, event). It reads as the table of the domain.

use crate::contract::{HistoryHash, Open, OpenKind, State, Status};
use crate::event::{Action, EraseTarget, Step};
use crate::merkle::{LeafHash, LogIndex};
use crate::names::{MemberCode, Ordinal};
use crate::outcome::{Outcome, Refusal};

/// What one event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The state after it; none where the event leaves no trace in it.
    pub state: Option<State>,
    /// What became of the event.
    pub outcome: Outcome,
}

/// Folds one event of a subject into its state.
///
/// `actor` is the member whose node submitted the event; `leaf` and `index` are its place in the
/// log. Nothing else is looked up. Every refusal is an outcome, so the step is total.
#[must_use]
pub fn step(before: Option<&State>, actor: MemberCode, action: &Action, leaf: &LeafHash, index: LogIndex) -> Folded {
    let untouched = |outcome| Folded { state: None, outcome };
    let Some(before) = before else {
        return match first(actor, action) {
            Ok(Some(keeper_and_status)) => {
                Folded { state: Some(created(keeper_and_status, leaf, index)), outcome: Outcome::Applied }
            }
            Ok(None) => untouched(Outcome::Applied),
            Err(why) => untouched(Outcome::Refused(why)),
        };
    };
    if !may_touch(before, actor, action) {
        return untouched(Outcome::Refused(Refusal::NotAuthorised));
    }
    let Some(count) = before.count.checked_add(1) else {
        return untouched(Outcome::Refused(Refusal::Full));
    };
    let here = Ordinal(before.count);
    let (changed, outcome) = match judge(before, actor, action, here) {
        Ok(changed) => (changed, Outcome::Applied),
        Err(why) => (*before, Outcome::Refused(why)),
    };
    let state = State { count, history: before.history.then(leaf), last_index: index, ..changed };
    Folded { state: Some(state), outcome }
}

/// What an event does where there is no state: makes one, is merely recorded, or is refused.
fn first(actor: MemberCode, action: &Action) -> Result<Option<(MemberCode, Status)>, Refusal> {
    match *action {
        Action::New { keeper } if keeper == actor || actor.is_province() => Ok(Some((keeper, Status::Active))),
        Action::New { .. } => Err(Refusal::NotAuthorised),
        Action::Employer => Ok(Some((actor, Status::Registered))),
        Action::Erase(Step::Propose(EraseTarget::Leaf(_))) => Ok(None),
        Action::Erase(Step::Propose(EraseTarget::Event(_)) | Step::Approve(_))
        | Action::Renew
        | Action::Dissolve
        | Action::Terminate
        | Action::Correct { .. }
        | Action::Void { .. }
        | Action::Amend
        | Action::Suspend
        | Action::Resume
        | Action::Attach { .. }
        | Action::Reopen(_)
        | Action::Transfer(_) => Err(Refusal::Unknown),
    }
}

fn created((keeper, status): (MemberCode, Status), leaf: &LeafHash, index: LogIndex) -> State {
    State {
        status,
        keeper,
        count: 1,
        history: HistoryHash::EMPTY.then(leaf),
        last_index: index,
        last_new: Ordinal(0),
        ended_by: None,
        by_keeper: None,
        by_province: None,
    }
}

/// Only keeper and province touch a state; where the province is the keeper, the member to which it
/// proposes to transfer may approve that.
fn may_touch(state: &State, actor: MemberCode, action: &Action) -> bool {
    let accepts = || match (action, state.by_province) {
        (Action::Transfer(Step::Approve(ordinal)), Some(Open { ordinal: open, kind: OpenKind::Transfer(to) })) => {
            state.keeper.is_province() && to == actor && open == *ordinal
        }
        _ => false,
    };
    actor == state.keeper || actor.is_province() || accepts()
}

/// The state after an applied event, but for what every touching event changes.
fn judge(state: &State, actor: MemberCode, action: &Action, here: Ordinal) -> Result<State, Refusal> {
    use Status::{Active, Ended, Registered, Suspended, Void};
    let same = Ok(*state);
    let with = |status| Ok(State { status, ..*state });
    match (*action, state.status) {
        (Action::Employer, Registered) => same,
        (Action::Employer, Active | Suspended | Ended | Void) => Err(Refusal::WrongSubject),

        (Action::New { .. }, Active | Suspended) => Err(Refusal::Duplicate),
        (Action::New { .. }, Ended) => Err(Refusal::Ended),
        (Action::New { keeper }, Void) if keeper == actor || actor.is_province() => Ok(State {
            status: Active,
            keeper,
            last_new: here,
            ended_by: None,
            by_keeper: None,
            by_province: None,
            ..*state
        }),
        (Action::New { .. }, Void) => Err(Refusal::NotAuthorised),

        (Action::Renew | Action::Amend, Active | Suspended) => same,
        (Action::Suspend, Active) => with(Suspended),
        (Action::Suspend, Suspended) => Err(Refusal::NoChange),
        (Action::Resume, Active) => Err(Refusal::NoChange),
        (Action::Resume, Suspended) => with(Active),
        (Action::Dissolve | Action::Terminate, Active | Suspended) => {
            Ok(State { status: Ended, ended_by: Some(here), ..*state })
        }

        (Action::Void { cites }, Active | Suspended) if cites == state.last_new => with(Void),
        (Action::Void { .. }, Active | Suspended) => Err(Refusal::BadCitation),

        (
            Action::Renew
            | Action::Amend
            | Action::Suspend
            | Action::Resume
            | Action::Dissolve
            | Action::Terminate
            | Action::Void { .. },
            Ended,
        ) => Err(Refusal::Ended),

        (Action::Correct { cites } | Action::Attach { cites }, Active | Suspended | Ended | Registered) => {
            if cites < here { same } else { Err(Refusal::BadCitation) }
        }

        (Action::Reopen(_), Active | Suspended) => Err(Refusal::NotEnded),
        (Action::Reopen(step), Ended) => {
            two_parties(state, actor, here, step, OpenKind::Reopen, |kind| matches!(kind, OpenKind::Reopen(_)))
        }

        (Action::Transfer(step), Active | Suspended | Ended | Void | Registered) => {
            two_parties(state, actor, here, step, OpenKind::Transfer, |kind| matches!(kind, OpenKind::Transfer(_)))
        }
        (Action::Erase(step), Active | Suspended | Ended | Void | Registered) => {
            if let Step::Propose(EraseTarget::Event(cites)) = step
                && cites >= here
            {
                return Err(Refusal::BadCitation);
            }
            two_parties(state, actor, here, step, |_| OpenKind::Erase, |kind| matches!(kind, OpenKind::Erase))
        }

        (
            Action::Renew
            | Action::Amend
            | Action::Suspend
            | Action::Resume
            | Action::Dissolve
            | Action::Terminate
            | Action::Void { .. }
            | Action::Correct { .. }
            | Action::Attach { .. }
            | Action::Reopen(_),
            Void,
        ) => Err(Refusal::Void),

        (
            Action::New { .. }
            | Action::Renew
            | Action::Amend
            | Action::Suspend
            | Action::Resume
            | Action::Dissolve
            | Action::Terminate
            | Action::Void { .. }
            | Action::Reopen(_),
            Registered,
        ) => Err(Refusal::WrongSubject),
    }
}

/// One half of what takes keeper and province.
fn two_parties<T>(
    state: &State,
    actor: MemberCode,
    here: Ordinal,
    step: Step<T>,
    kind: impl Fn(T) -> OpenKind,
    is_kind: impl Fn(OpenKind) -> bool,
) -> Result<State, Refusal> {
    match step {
        Step::Propose(what) => {
            let kind = kind(what);
            feasible(state, kind)?;
            let open = Some(Open { ordinal: here, kind });
            if !actor.is_province() {
                return Ok(State { by_keeper: open, ..*state });
            }
            // Where the province is the keeper there is no second party, but for a transfer, which
            // the new keeper has to accept.
            match kind {
                OpenKind::Reopen(_) | OpenKind::Erase if state.keeper.is_province() => Ok(enact(state, kind)),
                OpenKind::Reopen(_) | OpenKind::Erase | OpenKind::Transfer(_) => {
                    Ok(State { by_province: open, ..*state })
                }
            }
        }
        Step::Approve(cites) => {
            let other = if actor.is_province() { state.by_keeper } else { state.by_province };
            let open = other.filter(|open| open.ordinal == cites && is_kind(open.kind)).ok_or(Refusal::BadCitation)?;
            feasible(state, open.kind)?;
            Ok(enact(state, open.kind))
        }
    }
}

/// Whether a proposal makes sense by the state as it is, when made and again when approved.
fn feasible(state: &State, kind: OpenKind) -> Result<(), Refusal> {
    match kind {
        OpenKind::Reopen(end) if state.ended_by != Some(end) => Err(Refusal::BadCitation),
        OpenKind::Transfer(to) if to == state.keeper => Err(Refusal::NoChange),
        OpenKind::Reopen(_) | OpenKind::Transfer(_) | OpenKind::Erase => Ok(()),
    }
}

/// What was proposed takes effect, and closes what either party has open.
fn enact(state: &State, kind: OpenKind) -> State {
    let closed = State { by_keeper: None, by_province: None, ..*state };
    match kind {
        OpenKind::Reopen(_) => State { status: Status::Active, ended_by: None, ..closed },
        OpenKind::Transfer(keeper) => State { keeper, ..closed },
        OpenKind::Erase => closed,
    }
}
