"""The archive file: a foot, states, blocks, and the certificate of the last block (section 16)."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, BinaryIO

from .block import Header
from .certificate import Certificate
from .codec import MAX_VALUE, U64, Hash, ListOf, Option, Structure, structure
from .fold import State
from .governance import Control
from .membership import Membership
from .merkle import Frontier

MAGIC = b"luqiarch"
VERSION = 1
FOOT, STATES, BLOCK, CERTIFICATE = 1, 2, 3, 4
FRAME_HEAD = 9


class Unreadable(Exception):
    """Bytes that are no archive, or no longer: not what a writer has written."""


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    data: bytes


def read_exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise Unreadable(f"ends after {len(data)} of {size} bytes")
    return data


def read_head(file: BinaryIO) -> bytes:
    """The chain id, from `"luqiarch" ‖ u16 1 ‖ chain id`."""
    head = read_exactly(file, 42)
    if head[:8] != MAGIC:
        raise Unreadable("no archive: it does not begin with `luqiarch`")
    if int.from_bytes(head[8:10], "big") != VERSION:
        raise Unreadable(f"an archive of version {int.from_bytes(head[8:10], 'big')}, not {VERSION}")
    return head[10:]


def checksum(kind: int, data: bytes) -> int:
    """CRC-32 of `kind ‖ length ‖ bytes`: against accidents, not against people."""
    return zlib.crc32(data, zlib.crc32(bytes([kind]) + len(data).to_bytes(4, "big")))


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """Frames, one at a time, to the end of the file."""
    while head := file.read(FRAME_HEAD):
        if len(head) != FRAME_HEAD:
            raise Unreadable("ends within the head of a frame")
        kind, length, expected = head[0], int.from_bytes(head[1:5], "big"), int.from_bytes(head[5:], "big")
        if length > MAX_VALUE:
            raise Unreadable(f"a frame of {length} bytes")
        data = read_exactly(file, length)
        if checksum(kind, data) != expected:
            raise Unreadable("a frame whose checksum does not fit")
        yield Frame(kind, data)


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
