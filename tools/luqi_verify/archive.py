"""The archive file: a foot, states, blocks, and the certificate of the last block (section 16).

`Archive` gives what stands in its place, in order. What is not a whole frame in its place ends the reading:
nothing is looked for behind it. What that means for the verdict is for `audit` to say.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from .block import Header
from .codec import MAX_VALUE, U64, Codec, Hash, Invalid, ListOf, Option, Structure, decode, structure
from .fold import State
from .governance import Control
from .lineage import MembershipChanges
from .membership import rises
from .merkle import Frontier

MAGIC = b"luqiarch"
VERSION = 1
FOOT, STATES, BLOCK, CERTIFICATE = 1, 2, 3, 4
HEAD = 42
FRAME_HEAD = 9
CHAIN = slice(3, 35)
"""Where the chain id stands in a block."""


class Unreadable(Exception):
    """Bytes that are no head of an archive, or no whole frame."""


class UnreadableHead(Unreadable):
    """Bytes that are no head, or not the one that belongs there."""


class OtherChain(Exception):
    """The archive is of another chain than the genesis: a mistake of whoever gave them."""


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    data: bytes
    end: int
    """Where the next one begins."""


def read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """At most `size` bytes: fewer where the file ends before."""
    file.seek(at)
    return file.read(size)


def read_head(file: BinaryIO) -> bytes:
    """The chain id, from `"luqiarch" ‖ u16 1 ‖ chain id`."""
    head = read_at(file, 0, HEAD)
    if len(head) != HEAD or head[:8] != MAGIC:
        raise UnreadableHead("it does not begin as an archive does")
    if int.from_bytes(head[8:10], "big") != VERSION:
        raise UnreadableHead(f"an archive of version {int.from_bytes(head[8:10], 'big')}, not {VERSION}")
    return head[10:]


def checksum(kind: int, data: bytes) -> int:
    """CRC-32 of `kind ‖ length ‖ bytes`: against accidents, not against people."""
    return zlib.crc32(data, zlib.crc32(bytes([kind]) + len(data).to_bytes(4, "big")))


def read_frame(file: BinaryIO, at: int) -> Frame | None:
    """The frame that begins here, if it is whole."""
    head = read_at(file, at, FRAME_HEAD)
    kind, length, expected = head[:1], int.from_bytes(head[1:5], "big"), int.from_bytes(head[5:], "big")
    if len(head) != FRAME_HEAD or length > MAX_VALUE:
        return None
    data = read_at(file, at + FRAME_HEAD, length)
    if len(data) != length or checksum(kind[0], data) != expected:
        return None
    return Frame(kind[0], data, at + FRAME_HEAD + length)


def read_frames(file: BinaryIO, at: int = 0) -> Iterator[Frame]:
    """Frames one after another, to the last byte."""
    size = file.seek(0, 2)
    while at < size:
        frame = read_frame(file, at)
        if frame is None:
            raise Unreadable(f"at byte {at} stands no whole frame")
        yield frame
        at = frame.end


def write_head(chain: bytes) -> bytes:
    return MAGIC + VERSION.to_bytes(2, "big") + chain


def write_frame(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + len(data).to_bytes(4, "big") + checksum(kind, data).to_bytes(4, "big") + data


# -- what the frames hold ----------------------------------------------------------------------


@structure
class Below(Structure):
    """What the first block of a partial archive stands on."""

    header: Header
    changes: MembershipChanges
    frontier: Frontier
    control: Control


@structure
class Foot(Structure):
    """Nothing below: the first block is block 1. State frames follow only where their number is given."""

    below: Annotated[Below | None, Option(Below)]
    states: Annotated[int | None, Option(U64)]


@structure
class KeyedState(Structure):
    key: Hash
    state: State


STATE_LIST = ListOf(KeyedState, 65_536)


# -- reading -----------------------------------------------------------------------------------


class Archive:
    """An archive from its head on, each thing in its place."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, 2)
        self.at = 0

    def head(self) -> bytes:
        """The chain id that it names."""
        self.at = HEAD
        return read_head(self.file)

    def frame(self) -> Frame | None:
        """The frame here, if it is whole."""
        return read_frame(self.file, self.at)

    def foot(self) -> Foot:
        """The frame behind the head."""
        frame = self.frame()
        if frame is None or frame.kind != FOOT:
            raise Unreadable("its foot is no whole frame")
        self.at = frame.end
        return decoded(Foot, frame, "its foot")

    def states(self, foot: Foot) -> list[KeyedState] | None:
        """As many states as the foot counts, their keys rising throughout."""
        if foot.states is None:
            return None
        states: list[KeyedState] = []
        while len(states) < foot.states:
            frame = self.frame()
            more = decoded(STATE_LIST, frame, "its states") if frame and frame.kind == STATES else ()
            if not more:
                raise Unreadable(f"{len(states)} states, where its foot counts {foot.states}")
            self.at = frame.end
            states += more
        if len(states) != foot.states or not rises([state.key for state in states]):
            raise Unreadable("its states are out of order, or more than its foot counts")
        return states

    def is_of(self, chain: bytes) -> bool:
        """Whether what stands behind the head is of this chain: the header below, or else the first block, behind the
        states that the foot counts."""
        try:
            foot = self.foot()
            if foot.below is not None:
                return foot.below.header.chain == chain
            self.states(foot)
            frame = self.next()
        except Unreadable:
            return False
        return frame is not None and frame.kind == BLOCK and frame.data[CHAIN] == chain

    def next(self) -> Frame | None:
        """The next block, or the certificate at the end; nothing where the file ends."""
        if self.at == self.size:
            return None
        frame = self.frame()
        if frame is None or frame.kind not in (BLOCK, CERTIFICATE):
            raise Unreadable(f"at byte {self.at} stands no whole frame of a block")
        self.at = frame.end
        return frame


def decoded(codec: Codec, frame: Frame, what: str) -> Any:
    try:
        return decode(codec, frame.data)
    except Invalid as error:
        raise Unreadable(f"{what} encodes nothing: {error}") from error
