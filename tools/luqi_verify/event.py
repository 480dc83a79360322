"""Events, and the entries of the log (section 6)."""

from dataclasses import dataclass
from typing import Annotated

from .codec import (
    U8, U32, Blob, Choice, DigitCode, Fixed, Hash, Height, Integer, Invalid, LogSize, Reader, Sequence, Structure, encode,
    structure,
)
from .governance import Approve, Propose
from .merkle import leaf_hash

NEW, RENEW, DISSOLVE, TERMINATE, EMPLOYER = 1, 2, 3, 4, 5
CORRECT, VOID, AMEND, SUSPEND, RESUME, ATTACH, REOPEN, TRANSFER, ERASE = range(16, 25)

_code, _ordinal, _hash = DigitCode(), Integer(4), Fixed(32)


@dataclass(frozen=True, slots=True)
class Proposes:
    """`00 ‖ T`: proposes what T says."""

    what: int | bytes


@dataclass(frozen=True, slots=True)
class Approves:
    """`01 ‖ ordinal`: approves the proposal with this ordinal."""

    ordinal: int


class TargetCodec:
    """`00 ‖ ordinal | 01 ‖ leaf hash`: a number or 32 bytes."""

    def read(self, reader: Reader) -> int | bytes:
        return (_hash if branch(reader) else _ordinal).read(reader)

    def write(self, value: int | bytes, out: bytearray) -> None:
        out.append(isinstance(value, bytes))
        (_hash if isinstance(value, bytes) else _ordinal).write(value, out)


class StepCodec:
    """`step of T`."""

    def __init__(self, codec: Integer | DigitCode | TargetCodec) -> None:
        self.codec = codec

    def read(self, reader: Reader) -> Proposes | Approves:
        return Approves(_ordinal.read(reader)) if branch(reader) else Proposes(self.codec.read(reader))

    def write(self, value: Proposes | Approves, out: bytearray) -> None:
        if isinstance(value, Approves):
            out.append(1)
            _ordinal.write(value.ordinal, out)
        else:
            out.append(0)
            self.codec.write(value.what, out)


def branch(reader: Reader) -> int:
    """A choice byte of two."""
    tag = reader.number(1)
    if tag > 1:
        raise Invalid(f"a choice byte of {tag}")
    return tag


class Nothing:
    """No arguments."""

    def read(self, reader: Reader) -> None:
        return None

    def write(self, value: None, out: bytearray) -> None:
        pass


Argument = None | int | bytes | Proposes | Approves

ARGUMENTS = {
    NEW: _code,
    RENEW: Nothing(),
    DISSOLVE: Nothing(),
    TERMINATE: Nothing(),
    EMPLOYER: Nothing(),
    CORRECT: _ordinal,
    VOID: _ordinal,
    AMEND: Nothing(),
    SUSPEND: Nothing(),
    RESUME: Nothing(),
    ATTACH: _ordinal,
    REOPEN: StepCodec(_ordinal),
    TRANSFER: StepCodec(_code),
    ERASE: StepCodec(TargetCodec()),
}


@dataclass(frozen=True, slots=True)
class ContractEvent:
    """`u8 kind ‖ u8 schema version ‖ subject ‖ commitment ‖ arguments`."""

    kind: int
    version: int
    subject: bytes
    commitment: bytes
    argument: Argument = None


@structure
class Evidence(Structure):
    form: U8
    data: Annotated[bytes, Blob(65_000)]


@structure
class Anchor(Structure):
    purpose: U8
    size: LogSize
    root: Hash


PLAIN = Choice({64: Propose, 65: Approve, 66: Evidence, 67: Anchor})
"""Events without a subject."""

Event = ContractEvent | Structure


class EventCodec:
    """Any event, by its first byte."""

    def read(self, reader: Reader) -> Event:
        kind = reader.data[reader.at] if reader.at < len(reader.data) else None
        if kind not in ARGUMENTS:
            return PLAIN.read(reader)
        head = reader.take(66)
        if head[1] == 0:
            raise Invalid("schema version 0")
        return ContractEvent(kind, head[1], head[2:34], head[34:], ARGUMENTS[kind].read(reader))

    def write(self, value: Event, out: bytearray) -> None:
        if not isinstance(value, ContractEvent):
            return PLAIN.write(value, out)
        out += bytes([value.kind, value.version]) + value.subject + value.commitment
        ARGUMENTS[value.kind].write(value.argument, out)


EVENT = EventCodec()


# -- entries -----------------------------------------------------------------------------------


@structure
class Seal(Structure):
    """The entry that names a block, at the start of the next one."""

    height: Height
    block: Hash


@structure
class EventEntry(Structure):
    stream: U32
    sequence: Sequence
    position: Annotated[int, Integer(2)]
    event: Annotated[Event, EVENT]


ENTRY = Choice({0: Seal, 1: EventEntry})


def seal_leaf(height: int, block: bytes) -> bytes:
    return leaf_hash(encode(ENTRY, Seal(height, block)))


def entry_prefix(stream: int, sequence: int) -> bytes:
    """What the entries of one submission begin with, before the position."""
    return b"\1" + stream.to_bytes(4, "big") + sequence.to_bytes(8, "big")
