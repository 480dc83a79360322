#!/usr/bin/env python3
"""Alters one byte of a stored event, so that nothing but an audit can notice: for demonstrations and tests.

It takes the first event of a block and flips the lowest bit in the middle of its commitment, at the place
that readers are led to, and mends the checksum around it. Checksums tell accidents; anybody can mend them.
"""

import argparse
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from luqi_verify.archive import BLOCK, FRAME_HEAD, checksum
from luqi_verify.block import PARENT_CERTIFICATE, Header
from luqi_verify.codec import Invalid, Reader, decode
from luqi_verify.event import EVENT

ARCHIVE_HEAD = 42
HEADER_BYTES = 255
FROM_COMMITMENT = 2 + 32 + 16
"""From the first byte of a contract event to the middle of its commitment."""

SLED_SEGMENT = 2 << 20
SLED_SEGMENT_HEAD = 20
SLED_CAP = 2
SLED_PAGES = range(8, 12)


class NotFound(Exception):
    """There is nothing to alter."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file under a checksum."""

    start: int
    end: int
    checksum_at: int
    order: int
    """The part with the highest one is the one that is read."""
    sum_of: Callable[[bytes], bytes]
    """The checksum's bytes for the file's bytes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A block in a file: where it begins, its height, and what protects it."""

    at: int
    height: int
    part: Part


# -- archives and sealed files (docs/format.md, section 16) ------------------------------------------------


def archive_blocks(data: bytes) -> Iterator[Stored]:
    at = ARCHIVE_HEAD
    while at + FRAME_HEAD <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 1:at + 5], "big")
        start, end = at + FRAME_HEAD, at + FRAME_HEAD + length
        if kind == BLOCK:
            def sum_of(altered: bytes, start: int = start, end: int = end) -> bytes:
                return checksum(BLOCK, altered[start:end]).to_bytes(4, "big")
            header = decode(Header, data[start:start + HEADER_BYTES])
            yield Stored(start, header.height, Part(start, end, at + 5, at, sum_of))
        at = end


# -- the log of sled 0.34.7 --------------------------------------------------------------------------------


def sled_number(data: bytes, at: int) -> tuple[int, int]:
    """sled's number of variable length, and where it ends."""
    first = data[at]
    if first <= 240:
        return first, at + 1
    if first <= 248:
        return 240 + 256 * (first - 241) + data[at + 1], at + 2
    if first == 249:
        return 2288 + 256 * data[at + 1] + data[at + 2], at + 3
    end = at + first - 246
    return int.from_bytes(data[at + 1:end], "little"), end


def sled_messages(data: bytes) -> Iterator[Part]:
    """Messages of pages: checksum(4) ‖ kind(1) ‖ length ‖ segment ‖ page ‖ body; the checksum is over the body,
    then the head from its kind on."""
    for base in range(0, len(data), SLED_SEGMENT):
        at, ceiling = base + SLED_SEGMENT_HEAD, min(base + SLED_SEGMENT, len(data))
        while at + 32 <= ceiling:
            length, after = sled_number(data, at + 5)
            segment, after = sled_number(data, after)
            _page, start = sled_number(data, after)
            end = start + length
            if end > ceiling:
                break

            def sum_of(altered: bytes, at: int = at, start: int = start, end: int = end) -> bytes:
                crc = zlib.crc32(altered[at + 4:start], zlib.crc32(altered[start:end]))
                return (crc ^ 0xFFFFFFFF).to_bytes(4, "little")
            if sum_of(data) != data[at:at + 4] or data[at + 4] == SLED_CAP:
                break
            if data[at + 4] in SLED_PAGES:
                yield Part(start, end, at, segment * SLED_SEGMENT + at - base, sum_of)
            at = end


def sled_blocks(data: bytes, chain: bytes) -> Iterator[Stored]:
    """Every place at which a block begins: sled writes a page anew whenever it has changed much."""
    head = (1).to_bytes(2, "big") + b"\x01" + chain
    for part in sled_messages(data):
        at = data.find(head, part.start, part.end)
        while at >= 0:
            if at + HEADER_BYTES <= part.end:
                yield Stored(at, decode(Header, data[at:at + HEADER_BYTES]).height, part)
            at = data.find(head, at + 1, part.end)


# -- the alteration ----------------------------------------------------------------------------------------


def first_event(data: bytes, block: Stored) -> tuple[int, bytes]:
    """Where the first event of a block begins, and its subject."""
    reader = Reader(data[:block.part.end], block.at + HEADER_BYTES)
    PARENT_CERTIFICATE.read(reader)
    if reader.number(4) == 0:
        raise NotFound(f"block {block.height} has no events")
    reader.take(12)  # stream and sequence
    reader.take(4)  # number of events
    at = reader.at
    subject = getattr(EVENT.read(reader), "subject", None)
    if subject is None:
        raise NotFound(f"the first event of block {block.height} has no subject")
    return at, subject


def newest(places: Iterator[Stored]) -> dict[int, Stored]:
    """By height, the place that is read."""
    found: dict[int, Stored] = {}
    for place in places:
        if place.height not in found or found[place.height].part.order < place.part.order:
            found[place.height] = place
    return found


def alter(path: Path, places: dict[int, Stored], height: int | None, mend: bool) -> str:
    """Alters the block of a height, or one in the middle. Says in words what was done."""
    data = path.read_bytes()
    if not places:
        raise NotFound(f"no block is in {path}")
    chosen = sorted(places)[len(places) // 2] if height is None else height
    if chosen not in places:
        raise NotFound(f"block {chosen} is not in {path}; it has {min(places)} to {max(places)}")
    block = places[chosen]
    event, subject = first_event(data, block)
    at = event + FROM_COMMITMENT
    altered = bytearray(data)
    altered[at] ^= 1
    with path.open("r+b") as file:
        file.seek(at)
        file.write(altered[at:at + 1])
        if mend:
            file.seek(block.part.checksum_at)
            file.write(block.part.sum_of(bytes(altered)))
    kept = "and the checksum around it mended" if mend else "and the checksum around it left as it was"
    return (f"{path}: byte {at} changed from {data[at]:02x} to {altered[at]:02x}, {kept}\n"
            f"it is in block {chosen}, in the commitment of the first event, of subject {subject.hex()}")


def open_place(where: Path) -> tuple[Path, Callable[[bytes], Iterator[Stored]]]:
    """The file to alter for a home, an archive, or a sealed file; and how blocks are found in it."""
    if where.is_file():
        return where, archive_blocks
    sealed = sorted((where / "ledger" / "sealed").glob("*.luqi"))
    if sealed:
        return sealed[0], archive_blocks
    chain = chain_of(where)
    return where / "ledger" / "hot" / "db", lambda data: sled_blocks(data, chain)


def chain_of(home: Path) -> bytes:
    """The chain id of a home: it stands in the tip file, after the magic."""
    return (home / "ledger" / "tip").read_bytes()[8:40]


def main() -> int:
    parser = argparse.ArgumentParser(prog="alter.py", description=__doc__.partition("\n\n")[0])
    parser.add_argument("where", type=Path, help="a copy of a home, an archive, or a sealed file")
    parser.add_argument("--height", type=int, help="of the block; without it, one in the middle")
    parser.add_argument("--raw", action="store_true", help="leave the checksum as it is")
    options = parser.parse_args()
    try:
        path, blocks = open_place(options.where)
        print(alter(path, newest(blocks(path.read_bytes())), options.height, not options.raw))
    except (OSError, Invalid, NotFound) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
