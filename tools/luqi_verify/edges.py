"""Golden vectors of single rules: one event, one block's governance, one certificate, one genesis (`edges.json`,
`borders.json`)."""

from collections.abc import Callable, Iterator
from typing import Any

from .cases import STRUCTURES, Case, Wrong, differs, joined, named, refused
from .certificate import Certificate
from .codec import Invalid, decode, encode, from_hex
from .event import ENTRY, EVENT
from .fold import Occurrence, State, step
from .genesis import Genesis, genesis_from_json
from .governance import Approve, Control, ControlFold, Propose
from .membership import Judges, Membership
from .merkle import leaf_hash
from .record import check_value

def judge_encoded(case: Case) -> Iterator[str]:
    codec, data, why = STRUCTURES[case.take("of")], joined(case, "bytes"), None
    try:
        if encode(codec, decode(codec, data)) != data:
            yield "encodes to other bytes"
    except Invalid as error:
        why = str(error)
    if case.take("holds") is not (why is None):
        yield why or "it encodes one"


def judge_slot(case: Case) -> Iterator[str]:
    why = None
    try:
        check_value(case.take("slot"), case.bytes("value"))
    except Invalid as error:
        why = str(error)
    if case.take("holds") is not (why is None):
        yield why or "it is a value of the slot"


def judge_certified(case: Case) -> Iterator[str]:
    judges = Judges(Membership.decode(joined(case, "membership")))
    certificate = Certificate.decode(joined(case, "certificate"))
    why = certificate.fault(case.bytes("chain"), case.take("height"), case.bytes("block"), judges)
    if case.take("holds") is not (why is None):
        yield why or "it holds"


def judge_fold(case: Case) -> Iterator[str]:
    judges = Judges(Membership.decode(joined(case, "membership")))
    before = State.decode(case.bytes("before")) if case.take("before") is not None else None
    data = case.bytes("entry")
    entry = decode(ENTRY, data)
    it = Occurrence(entry.event, judges.owners[entry.stream], case.take("index"), leaf_hash(data))
    after, outcome = step(before, it, judges)
    yield from differs(case, "outcome", outcome)
    yield from differs(case, "after", after and after.encode())


def judge_governance(case: Case) -> Iterator[str]:
    judges = Judges(Membership.decode(joined(case, "membership")))
    control = Control.decode(joined(case, "control"))
    fold = ControlFold(case.bytes("chain"), case.take("height"), judges, control)
    for number, item in enumerate(case.take("events")):
        if not {"stream", "event", "outcome"} <= set(item) <= {"stream", "event", "outcome", "times"}:
            yield f"event {number} has other fields"
        event = decode(EVENT, from_hex(item["event"]))
        for _ in range(item.get("times", 1)):
            outcome = governed(fold, event, item["stream"])
            if outcome != item["outcome"]:
                yield f"event {number}: the outcome should be {outcome}"
    after, membership = fold.end()
    for field, value in (("after", after), ("next", membership)):
        if joined(case, field) != value.encode():
            yield f"{field} should be {value.encode().hex()}"


def governed(fold: ControlFold, event: Any, stream: int) -> str:
    match event:
        case Propose():
            return fold.propose(event, fold.judges.owners[stream], stream)
        case Approve():
            return fold.approve(event, stream)
    raise Wrong("an event that governs nothing")


def judge_genesis_json(case: Case) -> Iterator[str]:
    if case.has("bytes"):
        data = case.bytes("bytes")
    else:
        text, find = named(case, "text", case.take("of"))["text"], case.take("find")
        if find not in text:
            yield "the text does not hold what is to be found"
        data = text.replace(find, case.take("put"), 1).encode("utf-8")
    try:
        genesis = genesis_from_json(data)
    except Invalid as error:
        yield from refused(case, str(error))
        return
    yield from refused(case, None) if case.has("refused") else differs(case, "hash", genesis.chain_id())


def judge_founding(case: Case) -> Iterator[str]:
    try:
        genesis = Genesis.decode(joined(case, "genesis"))
    except Invalid as error:
        yield from refused(case, str(error))
        return
    if case.has("refused"):
        yield from refused(case, None)
        return
    yield from differs(case, "hash", genesis.chain_id())
    yield from differs(case, "network", genesis.network_id())
    yield from differs(case, "control", genesis.control().encode())


def judge_text(case: Case) -> Iterator[str]:
    if not case.take("text"):
        yield "it is empty"
    if not any(other.fields.get("of") == case.name for other in case.file.cases):
        yield "nothing in this file is made of it"


EDGES: dict[str, Callable[[Case], Iterator[str]]] = {
    "certified": judge_certified,
    "encoded": judge_encoded,
    "fold": judge_fold,
    "founding": judge_founding,
    "genesis_json": judge_genesis_json,
    "governance": judge_governance,
    "slot": judge_slot,
    "text": judge_text,
}
