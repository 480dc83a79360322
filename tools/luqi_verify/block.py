"""Submissions, headers, bodies, blocks (sections 7 and 11)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from .certificate import Certificate
from .codec import (
    U32, Hash, Height, ListOf, LogSize, Option, ProtocolNumber, Reader, Sequence, Structure, Time, codec_of, encode,
    structure,
)
from .crypto import Suite, hash_of, hasher, signed_bytes
from .event import EVENT, Event, entry_prefix
from .merkle import root_over

MAX_EVENTS = 10_000
_stream, _sequence = codec_of(U32), codec_of(Sequence)


@dataclass(slots=True)
class Submission:
    """`u32 stream ‖ u64 sequence ‖ list event (max 10,000) ‖ signature`, and the leaf hashes of its entries."""

    stream: int
    sequence: int
    events: list[Event]
    leaves: list[bytes]
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> "Submission":
        stream, sequence = _stream.read(reader), _sequence.read(reader)
        events, leaves = [], []
        prefix, data = b"\0" + entry_prefix(stream, sequence), reader.data
        for position in range(reader.count(MAX_EVENTS)):
            start = reader.at
            events.append(EVENT.read(reader))
            # One value has one encoding, so the bytes just read are the event's bytes in its entry.
            leaves.append(sha256(prefix + position.to_bytes(2, "big") + data[start:reader.at]).digest())
        return cls(stream, sequence, events, leaves, reader.take(64))

    def write(self, out: bytearray) -> None:
        _stream.write(self.stream, out)
        _sequence.write(self.sequence, out)
        ListOf(Annotated[Event, EVENT], MAX_EVENTS).write(tuple(self.events), out)
        out += self.signature

    def summary(self) -> bytes:
        """What the signature and the body hash are over in place of the events."""
        return Summary(self.stream, self.sequence, len(self.leaves), root_over(self.leaves)).encode()

    def signed(self, chain: bytes) -> bytes:
        return signed_bytes("submission", chain, self.summary())


@structure
class Summary(Structure):
    """A submission with the root over its leaves in place of its events."""

    stream: U32
    sequence: Sequence
    count: U32
    root: Hash


_header_hash = hasher("header")


@structure
class Header(Structure):
    protocol: ProtocolNumber
    suite: Suite
    chain: Hash
    height: Height
    time: Time
    parent: Hash
    body: Hash
    log_size: LogSize
    log_root: Hash
    map_root: Hash
    control: Hash
    next_membership: Hash
    proposer: U32

    def hash(self) -> bytes:
        return _header_hash(self.encode())


PARENT_CERTIFICATE = Option(Certificate)


@structure
class Body(Structure):
    certificate: Annotated[Certificate | None, PARENT_CERTIFICATE]
    submissions: Annotated[tuple[Submission, ...], ListOf(Submission, 100_000)]

    def hash(self) -> bytes:
        """Over the submissions' roots in place of their events."""
        digests = b"".join(submission.summary() + submission.signature for submission in self.submissions)
        count = len(self.submissions).to_bytes(4, "big")
        return hash_of("body", encode(PARENT_CERTIFICATE, self.certificate) + count + digests)

    def event_count(self) -> int:
        return sum(len(submission.events) for submission in self.submissions)


@structure
class Block(Structure):
    header: Header
    body: Body

