"""The archive file: a foot, states, blocks, and the certificate of the last block (section 16).

How it is read where something cannot be read is section 16.1: `Archive` says what there is, in order, and what
is damaged; what that means for the verdict is the audit's to say.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, BinaryIO

from .block import Header
from .certificate import Certificate
from .codec import MAX_VALUE, U64, Hash, Invalid, ListOf, Option, Structure, decode, structure
from .fold import State
from .governance import Control
from .membership import Membership, rises
from .merkle import Frontier

MAGIC = b"luqiarch"
VERSION = 1
FOOT, STATES, BLOCK, CERTIFICATE = 1, 2, 3, 4
HEAD = 42
FRAME_HEAD = 9
HEADER_BYTES = 255
CHAIN_AT, HEIGHT_AT = 3, 35
"""Where chain id and height stand in a header."""

WINDOW = 1 << 20
"""So many bytes are searched at once."""
LAST = 64 << 10
"""So many bytes at the end of a damaged file are searched for its certificate."""


class Unreadable(Exception):
    """Bytes that are no head of an archive, or no whole frame."""


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
        raise Unreadable("it does not begin as an archive does")
    if int.from_bytes(head[8:10], "big") != VERSION:
        raise Unreadable(f"an archive of version {int.from_bytes(head[8:10], 'big')}, not {VERSION}")
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


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """Frames one after another, from the first byte to the last."""
    at, size = 0, file.seek(0, 2)
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
class MembershipChange(Structure):
    """A block that changed the membership, its certificate, and what it changed it to."""

    header: Header
    certificate: Certificate
    membership: Membership


@structure
class Below(Structure):
    """What the first block of a partial archive stands on."""

    header: Header
    changes: Annotated[tuple[MembershipChange, ...], ListOf(MembershipChange, 65_536)]
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


@dataclass(frozen=True, slots=True)
class Found:
    """The bytes of a block; and, where it did not stand in its place, from which byte on it was looked for."""

    data: bytes
    sought_from: int | None = None

    def is_of(self, chain: bytes) -> bool:
        return self.data[CHAIN_AT:HEIGHT_AT] == chain

    def claims(self) -> int | None:
        """The height in its header."""
        height = self.data[HEIGHT_AT:HEIGHT_AT + 8]
        return int.from_bytes(height, "big") if len(height) == 8 else None


class Archive:
    """An archive from its head to its end, past what cannot be read."""

    def __init__(self, file: BinaryIO, chain: bytes) -> None:
        self.file = file
        self.chain = chain
        self.size = file.seek(0, 2)
        self.at = HEAD
        self.damage: list[str] = []
        """What is no whole frame in its place, in words."""
        self.certificate: Certificate | None = None
        """The one at the end, once the end was reached."""
        self.broken = False
        """The file could not be read to its end."""
        self.named = self.read_head()
        """The chain that its head names, where that can be read."""
        self.foot = self.read_foot()
        self.states = self.read_states(self.foot.states) if self.foot and self.foot.states is not None else None
        self.first = self.find_next()
        """The first block, until it is asked for."""
        if self.named not in (None, chain):
            if self.first is None or not self.first.is_of(chain):
                raise OtherChain(f"the archive is of chain {self.named.hex()}, the genesis makes {chain.hex()}")
            self.damage.append("its head names another chain")

    def next_block(self) -> Found | None:
        """The next block; after the last one nothing, and `certificate` and `broken` say how it ended."""
        first, self.first = self.first, None
        return first or self.find_next()

    # -- in their places -----------------------------------------------------------------------

    def read_head(self) -> bytes | None:
        try:
            return read_head(self.file)
        except Unreadable as error:
            self.damage.append(str(error))
            return None

    def frame(self) -> Frame | None:
        """The frame here, if it is whole."""
        return read_frame(self.file, self.at)

    def read_foot(self) -> Foot | None:
        frame = self.frame()
        if frame is None or frame.kind != FOOT:
            self.damage.append("its foot cannot be read")
            return None
        self.at = frame.end
        try:
            return Foot.decode(frame.data)
        except Invalid as error:
            self.damage.append(f"its foot encodes nothing: {error}")
            return None

    def read_states(self, number: int) -> list[KeyedState] | None:
        """As many states as the foot counts, their keys rising throughout; nothing if they are not."""
        states: list[KeyedState] = []
        fault = None
        while (frame := self.frame()) and frame.kind == STATES:
            self.at = frame.end
            try:
                states += decode(STATE_LIST, frame.data)
            except Invalid as error:
                fault = str(error)
        if fault is None and len(states) != number:
            fault = f"{len(states)}, where the foot counts {number}"
        if fault is None and not rises([state.key for state in states]):
            fault = "out of order"
        if fault is not None:
            self.damage.append(f"its states cannot be read: {fault}")
            return None
        return states

    def find_next(self) -> Found | None:
        """The block in its place, or the next one that can be found; nothing at the end."""
        frame = self.frame()
        if frame and frame.kind == BLOCK:
            self.at = frame.end
            return Found(frame.data)
        if frame and frame.kind == CERTIFICATE and frame.end == self.size:
            self.certificate = certificate_in(frame)
            if self.certificate is not None:
                self.at = self.size
        return None if self.at >= self.size else self.search()

    # -- past what cannot be read --------------------------------------------------------------

    def search(self) -> Found | None:
        """Section 16.1: the next block from the byte after on; where there is none, the certificate at the end."""
        start = self.at + 1
        self.damage.append(f"at byte {self.at} stands nothing that belongs there")
        for place in places_of(self.file, self.chain, start + FRAME_HEAD + CHAIN_AT):
            frame = read_frame(self.file, place - FRAME_HEAD - CHAIN_AT)
            if frame and frame.kind == BLOCK and len(frame.data) >= HEADER_BYTES:
                self.at = frame.end
                return Found(frame.data, start)
        self.certificate = self.certificate_from(start)
        self.broken, self.at = True, self.size
        return None

    def certificate_from(self, start: int) -> Certificate | None:
        """The first whole frame of its kind that ends where the file ends."""
        for at in range(max(start, self.size - LAST), self.size - FRAME_HEAD + 1):
            head = read_at(self.file, at, 5)
            if head[0] == CERTIFICATE and at + FRAME_HEAD + int.from_bytes(head[1:], "big") == self.size:
                if frame := read_frame(self.file, at):
                    return certificate_in(frame)
        return None


def certificate_in(frame: Frame) -> Certificate | None:
    try:
        return Certificate.decode(frame.data)
    except Invalid:
        return None


def places_of(file: BinaryIO, wanted: bytes, start: int) -> Iterator[int]:
    """Where these bytes stand, from `start` on."""
    while chunk := read_at(file, start, WINDOW):
        found = chunk.find(wanted)
        while found >= 0:
            yield start + found
            found = chunk.find(wanted, found + 1)
        if len(chunk) < WINDOW:
            return
        start += WINDOW - len(wanted) + 1
