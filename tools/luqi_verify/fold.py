"""The state of a subject, and what each event makes of it (section 13)."""

from dataclasses import dataclass, replace
from typing import Annotated

from .codec import U32, U64, Choice, Hash, Integer, MemberCode, Option, Structure, is_province, structure
from .crypto import hasher
from .event import (
    AMEND, ATTACH, CORRECT, DISSOLVE, EMPLOYER, ERASE, NEW, RENEW, REOPEN, RESUME, SUSPEND, TERMINATE, TRANSFER, VOID,
    Approves, ContractEvent, Proposes,
)

ACTIVE, SUSPENDED, ENDED, VOIDED, REGISTERED = 1, 2, 3, 4, 5
MOST = (1 << 32) - 1
APPLIED = "applied"


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


def step(state: State | None, it: Occurrence) -> tuple[State | None, str]:
    """The state after an event, and the outcome."""
    return first(it) if state is None else touch(state, it)


def first(it: Occurrence) -> tuple[State | None, str]:
    """Without a state."""
    event, actor = it.event, it.actor
    if event.kind == NEW:
        if is_province(actor) or event.argument == actor:
            return made(ACTIVE, event.argument, it), APPLIED
        return None, "NOT_AUTHORISED"
    if event.kind == EMPLOYER:
        return made(REGISTERED, actor, it), APPLIED
    if event.kind == ERASE and isinstance(event.argument, Proposes) and isinstance(event.argument.what, bytes):
        return None, APPLIED
    return None, "UNKNOWN"


def made(status: int, keeper: bytes, it: Occurrence) -> State:
    return State(status, keeper, 1, _history(NO_HISTORY + it.leaf), it.index, 0, None, None, None)


def touch(state: State, it: Occurrence) -> tuple[State, str]:
    """With a state: whoever may, touches it, whatever the outcome."""
    if not may_touch(state, it):
        return state, "NOT_AUTHORISED"
    if state.count == MOST:
        return state, "FULL"
    outcome, changes = consider(state, it)
    touched = {"count": state.count + 1, "history": _history(state.history + it.leaf), "last_index": it.index}
    return replace(state, **touched, **changes), outcome


def may_touch(state: State, it: Occurrence) -> bool:
    """The keeper, a province, or the one to whom a province offers what it keeps."""
    if it.actor == state.keeper or is_province(it.actor):
        return True
    offer, argument = state.open_province, it.event.argument
    return (
        it.event.kind == TRANSFER
        and isinstance(argument, Approves)
        and is_province(state.keeper)
        and offer == Open(argument.ordinal, Transfer(it.actor))
    )


Result = tuple[str, dict[str, object]]
"""An outcome, and which fields of the state it changes."""

NOTHING: Result = (APPLIED, {})


def refused(why: str) -> Result:
    return why, {}


def consider(state: State, it: Occurrence) -> Result:
    """The table of section 13: first the rows whose columns differ least."""
    kind, status, ordinal = it.event.kind, state.status, state.count
    if kind in (TRANSFER, ERASE) or (kind == REOPEN and status == ENDED):
        return two_parties(state, it, ordinal)
    if kind in (CORRECT, ATTACH) and status != VOIDED:
        return NOTHING if it.event.argument < ordinal else refused("BAD_CITATION")
    if kind == EMPLOYER:
        return NOTHING if status == REGISTERED else refused("WRONG_SUBJECT")
    if kind == NEW and status == VOIDED:
        return new_on_void(it, ordinal)
    if status in REFUSES_THE_REST:
        return refused(REFUSES_THE_REST[status])
    return consider_in_force(state, it.event, ordinal)


REFUSES_THE_REST = {ENDED: "ENDED", VOIDED: "VOID", REGISTERED: "WRONG_SUBJECT"}


def consider_in_force(state: State, event: ContractEvent, ordinal: int) -> Result:
    """The column of the active and the suspended."""
    status = state.status
    if event.kind == NEW:
        return refused("DUPLICATE")
    if event.kind in (RENEW, AMEND):
        return NOTHING
    if event.kind == SUSPEND:
        return (APPLIED, {"status": SUSPENDED}) if status == ACTIVE else refused("NO_CHANGE")
    if event.kind == RESUME:
        return (APPLIED, {"status": ACTIVE}) if status == SUSPENDED else refused("NO_CHANGE")
    if event.kind in (DISSOLVE, TERMINATE):
        return APPLIED, {"status": ENDED, "ended_by": ordinal}
    if event.kind == VOID:
        return (APPLIED, {"status": VOIDED}) if event.argument == state.last_new else refused("BAD_CITATION")
    if event.kind == REOPEN:
        return refused("NOT_ENDED")
    raise AssertionError(f"kind {event.kind} is in no row")


NONE_OPEN = {"open_keeper": None, "open_province": None}


def new_on_void(it: Occurrence, ordinal: int) -> Result:
    keeper = it.event.argument
    if keeper != it.actor and not is_province(it.actor):
        return refused("NOT_AUTHORISED")
    return APPLIED, {"status": ACTIVE, "keeper": keeper, "last_new": ordinal, "ended_by": None, **NONE_OPEN}


# -- two parties -------------------------------------------------------------------------------


def two_parties(state: State, it: Occurrence, ordinal: int) -> Result:
    """Reopen, transfer and erase: proposed by one side, approved by the other."""
    kind, argument = it.event.kind, it.event.argument
    if isinstance(argument, Approves):
        return approves(state, it, argument.ordinal)
    if kind == ERASE and isinstance(argument.what, int) and argument.what >= ordinal:
        return refused("BAD_CITATION")
    return proposes(state, it, Open(ordinal, named(kind, argument.what)))


KINDS = {REOPEN: Reopen, TRANSFER: Transfer, ERASE: Erase}


def named(kind: int, what: int | bytes) -> What:
    """What is kept of a proposal: of an erasure, nothing but that there is one."""
    return Erase() if kind == ERASE else KINDS[kind](what)


def proposes(state: State, it: Occurrence, proposal: Open) -> Result:
    if fault := infeasible(state, proposal.what):
        return refused(fault)
    if not is_province(it.actor):
        return APPLIED, {"open_keeper": proposal}
    if is_province(state.keeper) and not isinstance(proposal.what, Transfer):
        return takes_effect(proposal.what)
    return APPLIED, {"open_province": proposal}


def approves(state: State, it: Occurrence, ordinal: int) -> Result:
    proposal = state.open_keeper if is_province(it.actor) else state.open_province
    if proposal is None or proposal.ordinal != ordinal or type(proposal.what) is not KINDS[it.event.kind]:
        return refused("BAD_CITATION")
    if fault := infeasible(state, proposal.what):
        return refused(fault)
    return takes_effect(proposal.what)


def infeasible(state: State, what: What) -> str | None:
    """Why it cannot take effect on the state as it is, or nothing."""
    match what:
        case Reopen(cited):
            return None if cited == state.ended_by else "BAD_CITATION"
        case Transfer(to):
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

