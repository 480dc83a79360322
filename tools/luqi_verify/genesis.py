"""The genesis, in its binary form and as genesis.json (section 12)."""

import json
from typing import Annotated, Any

from .block import Header
from .certificate import Certificate
from .codec import U16, U32, U64, Blob, Hash, Invalid, ListOf, MemberCode, Option, Structure, Text, structure
from .crypto import Suite, hash_of
from .governance import Control
from .membership import Judges, Membership
from .merkle import Frontier
from .subject import vrf_key

PROTOCOL = 1
"""The one that this verifier knows."""


@structure
class Predecessor(Structure):
    """Where a chain goes on from that came before it."""

    network: Hash
    header: Header
    certificate: Certificate
    frontier: Frontier
    control: Control

    def check(self) -> None:
        conditions = {
            "frontier": (self.frontier.size, self.frontier.root()) == (self.header.log_size, self.header.log_root),
            "control": self.control.hash() == self.header.control,
            "certificate": self.certificate.misnames(self.header.height, self.header.hash()) is None,
        }
        for part, fits in conditions.items():
            if not fits:
                raise Invalid(f"predecessor: the {part} is not its header's")


@structure
class SealedVrf(Structure):
    """The network's VRF key, sealed to one member."""

    member: MemberCode
    sealed: Annotated[bytes, Blob(1_024)]


@structure
class Trust(Structure):
    """Which witnesses and which clocks an auditor shall believe."""

    witnesses: Annotated[tuple[str, ...], ListOf(Annotated[str, Text(512)], 32)]
    wanted: U32
    timestamp_roots: Annotated[tuple[bytes, ...], ListOf(Annotated[bytes, Blob(8_192)], 8)]
    lag: U64

    def check(self) -> None:
        if self.wanted > len(self.witnesses):
            raise Invalid("trust: more witnesses wanted than named")


@structure
class Genesis(Structure):
    protocol: U16
    suite: Suite
    name: Annotated[str, Text(64)]
    time: U64
    predecessor: Annotated[Predecessor | None, Option(Predecessor)]
    membership: Membership
    vrf: Hash
    sealed_vrf: Annotated[tuple[SealedVrf, ...], ListOf(SealedVrf, 64)]
    trust: Trust

    def check(self) -> None:
        if self.protocol != PROTOCOL:
            raise Invalid("genesis: the protocol is not 1")
        vrf_key(self.vrf)
        if self.predecessor and self.time < self.predecessor.header.time:
            raise Invalid("genesis: before its predecessor")

    def chain_id(self) -> bytes:
        return hash_of("genesis", self.encode())

    def network_id(self) -> bytes:
        return self.predecessor.network if self.predecessor else self.chain_id()

    def control(self) -> Control:
        """The control state below block 1: of a predecessor's, the streams of nodes that are still there."""
        before = self.predecessor.control.streams if self.predecessor else ()
        present = Judges(self.membership).nodes
        return Control(self.protocol, tuple(stream for stream in before if stream.node in present), ())


def read_genesis(data: bytes) -> Genesis:
    """A genesis from either form. No binary genesis begins with `{`: its protocol would be 31,488 or so."""
    return genesis_from_json(data) if data.lstrip()[:1] == b"{" else Genesis.decode(data)


def genesis_from_json(data: bytes) -> Genesis:
    try:
        return Genesis.from_json(json.loads(data.decode("utf-8"), object_pairs_hook=without_repetition))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Invalid(f"genesis.json: {error}") from error


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name stands twice."""
    if len(dict(pairs)) != len(pairs):
        raise Invalid("a name twice in one JSON object")
    return dict(pairs)
