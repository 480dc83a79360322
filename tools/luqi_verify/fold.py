"""The state of a subject, and what each event makes of it (section 13)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from .codec import U32, U64, Choice, Hash, Integer, MemberCode, Option, Structure, structure
from .crypto import hasher
from .event import (
    AMEND, ATTACH, CORRECT, DISSOLVE, EMPLOYER, ERASE, NEW, RENEW, REOPEN, RESUME, SUSPEND, TERMINATE, TRANSFER, VOID,
    Approves, ContractEvent, Proposes,
)
from .membership import Judges

ACTIVE, SUSPENDED, ENDED, VOIDED, REGISTERED = 1, 2, 3, 4, 5
MOST = (1 << 32) - 1
KEEPERS_MOST = (1 << 32) - 65_536
"""From here on only the province touches a state, so that nobody can fill a subject against it."""
APPLIED, RECORDED = "applied", "recorded"


@structure
class Reopen(Structure):
    """To take back the end with this ordinal."""

    cited: U32


@structure
class Transfer(Structure):
    """To give the subject to another keeper."""

    to: MemberCode


@structure
class Erase(Structure):
    """To erase what an event committed to."""


What = Reopen | Transfer | Erase
WHAT = Choice({1: Reopen, 2: Transfer, 3: Erase})


@structure
class Open(Structure):
    """A proposal that waits for the other party."""

    ordinal: U32
    what: Annotated[What, WHAT]


@structure
class State(Structure):
    status: Annotated[int, Integer(1, range(1, 6))]
    keeper: MemberCode
    count: U32
    history: Hash
    last_index: U64
    last_new: U32
    ended_by: Annotated[int | None, Option(U32)]
    open_keeper: Annotated[Open | None, Option(Open)]
    open_province: Annotated[Open | None, Option(Open)]


_history = hasher("history")
NO_HISTORY = bytes(32)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event where it stands: who brought it, and its place and leaf hash in the log."""

    event: ContractEvent
    actor: bytes
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Roles:
    """What the actor is to a subject, by the membership that judges the block."""

    province: bool
    """The actor is the province."""
    keeper: bool
    """The actor answers for the keeper."""
    province_keeps: bool
    """The province answers for the keeper."""
    knows: Callable[[bytes], bool]
    """Whether anybody answers for a member code."""
    named: bool
    """The actor answers for the member code that the event, or the proposal that it approves, names."""

    @classmethod
    def of(cls, state: "State | None", it: Occurrence, judges: Judges) -> "Roles":
        keeper = judges.answers_for(state.keeper) if state else None
        named = code_named(state, it.event)
        return cls(
            judges.is_province(it.actor), keeper == it.actor, judges.is_province(keeper),
            lambda code: judges.answers_for(code) is not None,
            named is not None and judges.answers_for(named) == it.actor)


def may_begin(event: ContractEvent, roles: Roles) -> bool:
    """Whether the actor may make the keeper that its *new* names one."""
    return roles.named or (roles.province and roles.knows(event.argument))


def code_named(state: "State | None", event: ContractEvent) -> bytes | None:
    """The keeper that a *new* names; the one to whom the province offers what a *transfer* takes."""
    if event.kind == NEW:
        return event.argument
    offer = state.open_province if state else None
    if event.kind == TRANSFER and offer and event.argument == Approves(offer.ordinal):
        return offer.what.to if isinstance(offer.what, Transfer) else None
    return None


def step(state: State | None, it: Occurrence, judges: Judges) -> tuple[State | None, str]:
    """The state after an event, and the outcome."""
    roles = Roles.of(state, it, judges)
    return first(it, roles) if state is None else touch(state, it, roles)


def first(it: Occurrence, roles: Roles) -> tuple[State | None, str]:
    """Without a state."""
    event = it.event
    if event.kind == NEW:
        if may_begin(event, roles):
            return made(ACTIVE, event.argument, it), APPLIED
        return None, "NOT_AUTHORISED"
    if event.kind == EMPLOYER:
        return made(REGISTERED, it.actor, it), APPLIED
    if event.kind == ERASE and isinstance(event.argument, Proposes) and isinstance(event.argument.what, bytes):
        return None, RECORDED
    return None, "UNKNOWN"


def made(status: int, keeper: bytes, it: Occurrence) -> State:
    return State(status, keeper, 1, _history(NO_HISTORY + it.leaf), it.index, 0, None, None, None)


def touch(state: State, it: Occurrence, roles: Roles) -> tuple[State, str]:
    """With a state: whoever may, touches it, whatever the outcome."""
    accepts_offer = it.event.kind == TRANSFER and roles.named and roles.province_keeps
    if not (roles.keeper or roles.province or accepts_offer):
        return state, "NOT_AUTHORISED"
    if state.count >= (MOST if roles.province else KEEPERS_MOST):
        return state, "FULL"
    outcome, changes = consider(state, it, roles)
    touched = {"count": state.count + 1, "history": _history(state.history + it.leaf), "last_index": it.index}
    return replace(state, **touched, **changes), outcome


Result = tuple[str, dict[str, object]]
"""An outcome, and which fields of the state it changes."""

NOTHING: Result = (APPLIED, {})
NONE_OPEN = {"open_keeper": None, "open_province": None}


def refused(why: str) -> Result:
    return why, {}


# -- the table: one function a column ----------------------------------------------------------


def consider(state: State, it: Occurrence, roles: Roles) -> Result:
    """Transfer and erase are the same in every column."""
    if it.event.kind in (TRANSFER, ERASE):
        return two_parties(state, it, roles)
    return COLUMNS[state.status](state, it, roles)


def in_force(state: State, it: Occurrence, roles: Roles) -> Result:
    """Active and suspended."""
    kind, active = it.event.kind, state.status == ACTIVE
    if kind in (RENEW, AMEND):
        return NOTHING
    if kind == SUSPEND:
        return (APPLIED, {"status": SUSPENDED}) if active else refused("NO_CHANGE")
    if kind == RESUME:
        return refused("NO_CHANGE") if active else (APPLIED, {"status": ACTIVE})
    if kind in (DISSOLVE, TERMINATE):
        return APPLIED, {"status": ENDED, "ended_by": state.count}
    if kind == VOID:
        return voids(state, it, roles)
    if kind in (CORRECT, ATTACH):
        return cites(state, it)
    return refused({EMPLOYER: "WRONG_SUBJECT", NEW: "DUPLICATE", REOPEN: "NOT_ENDED"}[kind])


def ended(state: State, it: Occurrence, roles: Roles) -> Result:
    kind = it.event.kind
    if kind == REOPEN:
        return two_parties(state, it, roles)
    if kind == VOID and roles.province:
        return voids(state, it, roles)
    if kind in (CORRECT, ATTACH):
        return cites(state, it)
    return refused("WRONG_SUBJECT" if kind == EMPLOYER else "ENDED")


def voided(state: State, it: Occurrence, roles: Roles) -> Result:
    """A subject can be made anew: by whoever may, from the last new on as if nothing had been."""
    kind = it.event.kind
    anew = {"last_new": state.count, "ended_by": None, **NONE_OPEN}
    if kind == EMPLOYER:
        return APPLIED, {"status": REGISTERED, "keeper": it.actor, **anew}
    if kind != NEW:
        return refused("VOID")
    if not may_begin(it.event, roles):
        return refused("NOT_AUTHORISED")
    return APPLIED, {"status": ACTIVE, "keeper": it.event.argument, **anew}


def registered(state: State, it: Occurrence, roles: Roles) -> Result:
    kind = it.event.kind
    if kind == EMPLOYER:
        return NOTHING
    if kind == VOID:
        return voids(state, it, roles)
    if kind in (CORRECT, ATTACH):
        return cites(state, it)
    return refused("WRONG_SUBJECT")


COLUMNS = {ACTIVE: in_force, SUSPENDED: in_force, ENDED: ended, VOIDED: voided, REGISTERED: registered}


def voids(state: State, it: Occurrence, roles: Roles) -> Result:
    cited = it.event.argument
    meant = cited < state.count if roles.province else cited == state.last_new
    return (APPLIED, {"status": VOIDED}) if meant else refused("BAD_CITATION")


def cites(state: State, it: Occurrence) -> Result:
    return NOTHING if it.event.argument < state.count else refused("BAD_CITATION")


# -- two parties -------------------------------------------------------------------------------


def two_parties(state: State, it: Occurrence, roles: Roles) -> Result:
    """Reopen, transfer and erase: proposed by one side, approved by the other."""
    kind, argument = it.event.kind, it.event.argument
    if isinstance(argument, Approves):
        return approves(state, kind, argument.ordinal, roles)
    if kind == ERASE and isinstance(argument.what, int) and argument.what >= state.count:
        return refused("BAD_CITATION")
    return proposes(state, Open(state.count, named(kind, argument.what)), roles)


KINDS = {REOPEN: Reopen, TRANSFER: Transfer, ERASE: Erase}


def named(kind: int, what: int | bytes) -> What:
    """What is kept of a proposal: of an erasure, nothing but that there is one."""
    return Erase() if kind == ERASE else KINDS[kind](what)


def proposes(state: State, proposal: Open, roles: Roles) -> Result:
    if fault := infeasible(state, proposal.what, roles):
        return refused(fault)
    if not roles.province:
        return APPLIED, {"open_keeper": proposal}
    if roles.province_keeps and not isinstance(proposal.what, Transfer):
        return takes_effect(proposal.what)
    return APPLIED, {"open_province": proposal}


def approves(state: State, kind: int, ordinal: int, roles: Roles) -> Result:
    proposal = state.open_keeper if roles.province else state.open_province
    if proposal is None or proposal.ordinal != ordinal or type(proposal.what) is not KINDS[kind]:
        return refused("BAD_CITATION")
    if fault := infeasible(state, proposal.what, roles):
        return refused(fault)
    return takes_effect(proposal.what)


def infeasible(state: State, what: What, roles: Roles) -> str | None:
    """Why it cannot take effect on the state as it is, or nothing."""
    match what:
        case Reopen(cited):
            return None if cited == state.ended_by else "BAD_CITATION"
        case Transfer(to):
            if not roles.knows(to):
                return "BAD_CITATION"
            return None if to != state.keeper else "NO_CHANGE"
        case Erase():
            return None


def takes_effect(what: What) -> Result:
    match what:
        case Reopen():
            return APPLIED, {"status": ACTIVE, "ended_by": None, **NONE_OPEN}
        case Transfer(to):
            return APPLIED, {"keeper": to, **NONE_OPEN}
        case Erase():
            return APPLIED, {**NONE_OPEN}
