"""Cases of golden vectors: what is asked of each, and what they are made of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .archive import STATE_LIST, Below, Foot
from .block import Block, Body, Header, Submission
from .certificate import Certificate
from .change import CHANGE
from .codec import Codec, Invalid, decode, from_hex
from .contract_map import Proof
from .event import ENTRY, EVENT
from .fold import State
from .genesis import Genesis, Predecessor
from .governance import Control
from .lineage import MembershipChange
from .membership import Member, Membership, Node, Parameters
from .merkle import Frontier
from .record import Disclosure
from .trust import Trust

STRUCTURES: dict[str, Codec] = {
    "below": Below,
    "block": Block,
    "body": Body,
    "certificate": Certificate,
    "change": CHANGE,
    "control": Control,
    "disclosure": Disclosure,
    "entry": ENTRY,
    "event": EVENT,
    "foot": Foot,
    "frontier": Frontier,
    "genesis": Genesis,
    "header": Header,
    "member": Member,
    "membership": Membership,
    "membership_change": MembershipChange,
    "node": Node,
    "parameters": Parameters,
    "predecessor": Predecessor,
    "proof": Proof,
    "state": State,
    "states": STATE_LIST,
    "submission": Submission,
    "trust": Trust,
}


class Case:
    """One case, which remembers what it was asked for."""

    def __init__(self, fields: dict[str, Any], file: "File") -> None:
        self.fields = fields
        self.file = file
        self.name: str = fields["name"]
        self.kind: str = fields["kind"]
        self.asked = {"name", "kind"}

    def has(self, name: str) -> bool:
        return name in self.fields

    def take(self, name: str) -> Any:
        """A field, which is judged from now on; a case without it is wrong."""
        self.asked.add(name)
        if name not in self.fields:
            raise Wrong(f"it has no {name}")
        return self.fields[name]

    def bytes(self, name: str) -> bytes:
        return from_hex(self.take(name))

    def left(self) -> list[str]:
        return sorted(set(self.fields) - self.asked)


class Wrong(Exception):
    """What is wrong with a case, where nothing more can be said of it."""


class File:
    """The cases of one file; some are judged by others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        content = json.loads(path.read_text("utf-8"))
        if set(content) != {"about", "cases"} or not content["about"] or not content["cases"]:
            raise Wrong("a file of vectors says what it is about and has cases")
        self.cases = [Case(fields, self) for fields in content["cases"]]

    def geneses(self) -> list[Genesis]:
        """Those of the whole folder."""
        files = [self, *[File(path) for path in sorted(self.path.parent.glob("*.json")) if path != self.path]]
        return [genesis for file in files for genesis in file.values("genesis")]

    def genesis_of(self, chain: bytes) -> Genesis:
        """The one in the whole folder that starts this chain."""
        for genesis in self.geneses():
            if genesis.chain_id() == chain:
                return genesis
        raise Wrong("no genesis of this folder starts its chain")

    def values(self, kind: str) -> Iterator[Any]:
        """The values of all cases of a kind that are encodings of one."""
        for case in self.cases:
            if case.kind != kind or case.has("refused"):
                continue
            try:
                value = decode(STRUCTURES[kind], from_hex(case.fields["bytes"]))
            except Invalid:
                continue  # it fails as a case of its own, and says nothing of the others
            yield value


def differs(case: Case, name: str, value: Any) -> Iterator[str]:
    """A complaint if a field is not what was recomputed."""
    value = value.hex() if isinstance(value, bytes) else value
    if case.take(name) != value:
        yield f"{name} should be {value}"


def refused(case: Case, why: str | None) -> Iterator[str]:
    """A complaint unless what is refused is what should be."""
    if not case.has("refused"):
        if why is not None:
            yield f"refused: {why}"
    elif case.take("refused") is not True:
        yield "refused is true, or is not said"
    elif why is None:
        yield "accepted"


JOINED = ("archive", "old", "new", "membership", "certificate", "control", "after", "next", "genesis", "bytes")
"""Fields that may be lists of parts."""


def joined(case: Case, field: str) -> bytes:
    """The bytes of parts, each named, or in hexadecimal, or in hexadecimal and how often it stands there."""
    parts = {part.name: part.fields["bytes"] for part in case.file.cases if part.kind == "part"}

    def part_of(part: Any) -> bytes:
        if isinstance(part, list):
            hexadecimal, times = part
            return from_hex(hexadecimal) * times
        return from_hex(parts.get(part, part))

    return b"".join(map(part_of, case.take(field)))


def named(case: Case, kind: str, name: str) -> dict[str, Any]:
    for other in case.file.cases:
        if (other.kind, other.name) == (kind, name):
            return other.fields
    raise Wrong(f"no {kind} of this file is named {name!r}")
