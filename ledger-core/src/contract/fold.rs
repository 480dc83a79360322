//! The fold: one pure, total step over (state, actor, event). It reads as the table of `format.md §13`, a function a
//! column.

use crate::contract::{Actor, HistoryHash, Open, OpenKind, State, Status};
use crate::event::{Action, EraseTarget, Step};
use crate::merkle::{LeafHash, LogIndex};
use crate::names::{MemberCode, Ordinal};
use crate::outcome::{Outcome, Refusal};

/// The last counts of a subject are the province's alone, so that nobody can fill it against the province: from
/// 2³² − 65,536 on, everybody else is refused `FULL` (`format.md §13`).
const KEPT_FOR_THE_PROVINCE: u32 = 65_535;

/// What one event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The state after it; none where the event leaves no trace in it.
    pub state: Option<State>,
    /// What became of the event.
    pub outcome: Outcome,
}

/// Folds one event of a subject into its state (`format.md §13`).
///
/// `leaf` and `index` are the event's place in the log. Nothing else is looked up. Every refusal is an outcome, so
/// the step is total.
#[must_use]
pub fn step(before: Option<&State>, actor: Actor<'_>, action: &Action, leaf: &LeafHash, index: LogIndex) -> Folded {
    match before {
        None => begin(actor, action, leaf, index),
        Some(before) => touch(before, actor, action, leaf, index),
    }
}

/// The column *no state*.
fn begin(actor: Actor<'_>, action: &Action, leaf: &LeafHash, index: LogIndex) -> Folded {
    let untouched = |outcome| Folded { state: None, outcome };
    let made = |status, keeper| Folded { state: Some(first(status, keeper, leaf, index)), outcome: Outcome::Applied };
    match *action {
        Action::New { keeper } if actor.may_name(keeper) => made(Status::Active, keeper),
        Action::New { .. } => untouched(Outcome::Refused(Refusal::NotAuthorised)),
        Action::Employer => made(Status::Registered, actor.code()),
        Action::Erase(Step::Propose(EraseTarget::Leaf(_))) => untouched(Outcome::Recorded),
        Action::Renew | Action::Amend | Action::Suspend | Action::Resume => unknown(),
        Action::Dissolve | Action::Terminate | Action::Void { .. } => unknown(),
        Action::Correct { .. } | Action::Attach { .. } => unknown(),
        Action::Reopen(_) | Action::Transfer(_) => unknown(),
        Action::Erase(Step::Propose(EraseTarget::Event(_)) | Step::Approve(_)) => unknown(),
    }
}

const fn unknown() -> Folded {
    Folded { state: None, outcome: Outcome::Refused(Refusal::Unknown) }
}

/// The state of a subject after its first event.
fn first(status: Status, keeper: MemberCode, leaf: &LeafHash, index: LogIndex) -> State {
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

/// With a state: who may, and for whom there is room, touches it, whatever the outcome.
fn touch(before: &State, actor: Actor<'_>, action: &Action, leaf: &LeafHash, index: LogIndex) -> Folded {
    let untouched = |why| Folded { state: None, outcome: Outcome::Refused(why) };
    if !may_touch(before, actor, action) {
        return untouched(Refusal::NotAuthorised);
    }
    let most = if actor.is_province() { u32::MAX } else { u32::MAX - KEPT_FOR_THE_PROVINCE };
    let Some(count) = before.count.checked_add(1).filter(|count| *count <= most) else {
        return untouched(Refusal::Full);
    };
    let (changed, outcome) = match (Turn { state: before, actor, here: Ordinal(before.count) }).judge(action) {
        Ok(changed) => (changed, Outcome::Applied),
        Err(why) => (*before, Outcome::Refused(why)),
    };
    let state = State { count, history: before.history.then(leaf), last_index: index, ..changed };
    Folded { state: Some(state), outcome }
}

/// Only keeper and province touch a state, but for [`accepts`].
fn may_touch(state: &State, actor: Actor<'_>, action: &Action) -> bool {
    actor.answers_for(state.keeper) || actor.is_province() || accepts(state, actor, action)
}

/// Where the province is the keeper, the member to which it proposes to transfer may approve that.
fn accepts(state: &State, actor: Actor<'_>, action: &Action) -> bool {
    let Action::Transfer(Step::Approve(cites)) = action else { return false };
    let Some(Open { ordinal, kind: OpenKind::Transfer(to) }) = state.by_province else { return false };
    actor.province_keeps(state) && ordinal == *cites && actor.answers_for(to)
}

/// A state, who touches it, and the ordinal that the event gets.
struct Turn<'a> {
    state: &'a State,
    actor: Actor<'a>,
    here: Ordinal,
}

/// The state after an applied event, but for what every touching event changes; or the refusal.
type Judged = Result<State, Refusal>;

impl Turn<'_> {
    /// The column of the state's status.
    fn judge(&self, action: &Action) -> Judged {
        match self.state.status {
            Status::Active | Status::Suspended => self.in_force(action),
            Status::Ended => self.ended(action),
            Status::Void => self.void(action),
            Status::Registered => self.registered(action),
        }
    }

    /// The column *active, suspended*.
    fn in_force(&self, action: &Action) -> Judged {
        match *action {
            Action::Employer => Err(Refusal::WrongSubject),
            Action::New { .. } => Err(Refusal::Duplicate),
            Action::Renew | Action::Amend => self.counts(),
            Action::Suspend => self.changes(Status::Active, Status::Suspended),
            Action::Resume => self.changes(Status::Suspended, Status::Active),
            Action::Dissolve | Action::Terminate => self.ends(),
            Action::Void { cites } => self.voids(cites),
            Action::Correct { cites } | Action::Attach { cites } => self.cites(cites),
            Action::Reopen(_) => Err(Refusal::NotEnded),
            Action::Transfer(step) => self.transfer(step),
            Action::Erase(step) => self.erase(step),
        }
    }

    /// The column *ended*.
    fn ended(&self, action: &Action) -> Judged {
        match *action {
            Action::Employer => Err(Refusal::WrongSubject),
            Action::New { .. } | Action::Renew | Action::Amend | Action::Suspend | Action::Resume => {
                Err(Refusal::Ended)
            }
            Action::Dissolve | Action::Terminate => Err(Refusal::Ended),
            // The keeper has to reopen first; but a keeper who never will must not hold the subject for ever.
            Action::Void { cites } if self.actor.is_province() => self.voids(cites),
            Action::Void { .. } => Err(Refusal::Ended),
            Action::Correct { cites } | Action::Attach { cites } => self.cites(cites),
            Action::Reopen(step) => self.reopen(step),
            Action::Transfer(step) => self.transfer(step),
            Action::Erase(step) => self.erase(step),
        }
    }

    /// The column *void*.
    fn void(&self, action: &Action) -> Judged {
        match *action {
            Action::Employer => Ok(self.again(Status::Registered, self.actor.code())),
            Action::New { keeper } if self.actor.may_name(keeper) => Ok(self.again(Status::Active, keeper)),
            Action::New { .. } => Err(Refusal::NotAuthorised),
            Action::Renew | Action::Amend | Action::Suspend | Action::Resume => Err(Refusal::Void),
            Action::Dissolve | Action::Terminate | Action::Void { .. } => Err(Refusal::Void),
            Action::Correct { .. } | Action::Attach { .. } | Action::Reopen(_) => Err(Refusal::Void),
            Action::Transfer(step) => self.transfer(step),
            Action::Erase(step) => self.erase(step),
        }
    }

    /// The column *registered*.
    fn registered(&self, action: &Action) -> Judged {
        match *action {
            Action::Employer => self.counts(),
            Action::New { .. } | Action::Renew | Action::Amend | Action::Suspend | Action::Resume => {
                Err(Refusal::WrongSubject)
            }
            Action::Dissolve | Action::Terminate | Action::Reopen(_) => Err(Refusal::WrongSubject),
            Action::Void { cites } => self.voids(cites),
            Action::Correct { cites } | Action::Attach { cites } => self.cites(cites),
            Action::Transfer(step) => self.transfer(step),
            Action::Erase(step) => self.erase(step),
        }
    }

    /// It counts, and changes nothing else.
    fn counts(&self) -> Judged {
        Ok(*self.state)
    }

    fn changes(&self, from: Status, to: Status) -> Judged {
        if self.state.status == from { Ok(State { status: to, ..*self.state }) } else { Err(Refusal::NoChange) }
    }

    fn ends(&self) -> Judged {
        Ok(State { status: Status::Ended, ended_by: Some(self.here), ..*self.state })
    }

    /// The keeper says which *new* it means. The province means whatever is there: were it held to the last *new*, the
    /// keeper could make another one before it, in the same block.
    fn voids(&self, cites: Ordinal) -> Judged {
        let is_meant = if self.actor.is_province() { cites < self.here } else { cites == self.state.last_new };
        let void = State { status: Status::Void, ..*self.state };
        if is_meant { Ok(void) } else { Err(Refusal::BadCitation) }
    }

    fn cites(&self, cites: Ordinal) -> Judged {
        if cites < self.here { self.counts() } else { Err(Refusal::BadCitation) }
    }

    /// A void subject begins again.
    fn again(&self, status: Status, keeper: MemberCode) -> State {
        let closed = closed(self.state);
        State { status, keeper, last_new: self.here, ended_by: None, ..closed }
    }

    fn reopen(&self, step: Step<Ordinal>) -> Judged {
        match step {
            Step::Propose(end) => self.propose(OpenKind::Reopen(end)),
            Step::Approve(cites) => self.approve(cites, |kind| matches!(kind, OpenKind::Reopen(_))),
        }
    }

    fn transfer(&self, step: Step<MemberCode>) -> Judged {
        match step {
            Step::Propose(to) => self.propose(OpenKind::Transfer(to)),
            Step::Approve(cites) => self.approve(cites, |kind| matches!(kind, OpenKind::Transfer(_))),
        }
    }

    fn erase(&self, step: Step<EraseTarget>) -> Judged {
        match step {
            Step::Propose(EraseTarget::Event(cites)) if cites >= self.here => Err(Refusal::BadCitation),
            Step::Propose(EraseTarget::Event(_) | EraseTarget::Leaf(_)) => self.propose(OpenKind::Erase),
            Step::Approve(cites) => self.approve(cites, |kind| matches!(kind, OpenKind::Erase)),
        }
    }

    /// One of two parties proposes. Where the province is the keeper there is no second party, but for a transfer,
    /// which the new keeper has to accept.
    fn propose(&self, kind: OpenKind) -> Judged {
        self.feasible(kind)?;
        let open = Some(Open { ordinal: self.here, kind });
        if !self.actor.is_province() {
            return Ok(State { by_keeper: open, ..*self.state });
        }
        match kind {
            OpenKind::Reopen(_) | OpenKind::Erase if self.actor.province_keeps(self.state) => Ok(self.enact(kind)),
            OpenKind::Reopen(_) | OpenKind::Erase | OpenKind::Transfer(_) => {
                Ok(State { by_province: open, ..*self.state })
            }
        }
    }

    /// The other party approves what the first has open.
    fn approve(&self, cites: Ordinal, is_kind: impl Fn(OpenKind) -> bool) -> Judged {
        let other = if self.actor.is_province() { self.state.by_keeper } else { self.state.by_province };
        let open = other.filter(|open| open.ordinal == cites && is_kind(open.kind)).ok_or(Refusal::BadCitation)?;
        self.feasible(open.kind)?;
        Ok(self.enact(open.kind))
    }

    /// Whether a proposal makes sense by the state as it is, when made and again when approved.
    fn feasible(&self, kind: OpenKind) -> Result<(), Refusal> {
        match kind {
            OpenKind::Reopen(end) if self.state.ended_by != Some(end) => Err(Refusal::BadCitation),
            OpenKind::Transfer(to) if !self.actor.knows(to) => Err(Refusal::BadCitation),
            OpenKind::Transfer(to) if to == self.state.keeper => Err(Refusal::NoChange),
            OpenKind::Reopen(_) | OpenKind::Transfer(_) | OpenKind::Erase => Ok(()),
        }
    }

    /// What was proposed takes effect, and closes what either party has open.
    fn enact(&self, kind: OpenKind) -> State {
        let closed = closed(self.state);
        match kind {
            OpenKind::Reopen(_) => State { status: Status::Active, ended_by: None, ..closed },
            OpenKind::Transfer(keeper) => State { keeper, ..closed },
            OpenKind::Erase => closed,
        }
    }
}

/// The state with nothing open.
fn closed(state: &State) -> State {
    State { by_keeper: None, by_province: None, ..*state }
}
