"""The genesis, in its binary form and as genesis.json, and what binds a chain that goes on (section 12)."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from .block import Header
from .certificate import Certificate
from .codec import (
    U16, U64, Blob, Hash, Integer, Invalid, ListOf, MemberCode, Option, Structure, Text, structure,
)
from .crypto import SUITE, Suite, hash_of, holds, signed_bytes
from .governance import Control
from .membership import Judges, Membership
from .merkle import Frontier
from .subject import vrf_key
from .trust import JSON_INTEGERS, is_origin

PROTOCOL = 1
"""The newest that this verifier knows."""
NUMBERS_GIVEN_OUT = 1_024
"""How many node numbers a genesis gives out at most."""


@structure
class Predecessor(Structure):
    """Where a chain goes on from that came before it."""

    network: Hash
    header: Header
    certificate: Certificate
    frontier: Frontier
    control: Control
    signers: Membership
    next: Membership

    def check(self) -> None:
        header = self.header
        fault = self.certificate.fault(header.chain, header.height, header.hash(), Judges(self.signers))
        conditions = {
            "the frontier is not its header's": self.frontier.of() == (header.log_size, header.log_root),
            "the control state is not its header's": self.control.hash() == header.control,
            f"the certificate: {fault}": fault is None,
            "the next membership is not its header's": self.next.hash() == header.next_membership,
        }
        for fault, fits in conditions.items():
            if not fits:
                raise Invalid(f"predecessor: {fault}")


@structure
class SealedVrf(Structure):
    """The network's VRF key, sealed to one member."""

    member: MemberCode
    sealed: Annotated[bytes, Blob(1_024)]


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

    def check(self) -> None:
        members = [member.code for member in self.membership.members]
        conditions = {
            f"no protocol from 1 to {PROTOCOL}": 1 <= self.protocol <= PROTOCOL,
            "the suite is not the protocol's": self.suite == SUITE,
            "the name is no origin": is_origin(self.name),
            "not one sealed VRF key for each member, in order": [each.member for each in self.sealed_vrf] == members,
            "a number of 2^53 or above": all(number < JSON_INTEGERS for number in large_numbers(self)),
            "a next node number far above": self.membership.next_node <= NUMBERS_GIVEN_OUT + (
                self.predecessor.next.next_node if self.predecessor else 0),
            **(self.goes_on(self.predecessor) if self.predecessor else {}),
        }
        for fault, fits in conditions.items():
            if not fits:
                raise Invalid(f"genesis: {fault}")
        vrf_key(self.vrf)

    def goes_on(self, before: Predecessor) -> dict[str, bool]:
        """What binds it to what came before."""
        now, then = self.membership, Judges(before.next)
        owners = Judges(now).owners
        codes = {*Judges(now).members, *Judges(now).heirs}
        return {
            "before its predecessor": self.time >= before.header.time,
            "a protocol below its predecessor's": self.protocol >= before.control.protocol,
            "a node number gets another owner": all(
                then.owners.get(number) == owner for number, owner in owners.items() if number < before.next.next_node),
            "the next node number is below its predecessor's": now.next_node >= before.next.next_node,
            "a member is forgotten": codes >= {*then.members, *then.heirs},
        }

    def chain_id(self) -> bytes:
        return hash_of("genesis", self.encode())

    def network_id(self) -> bytes:
        return self.predecessor.network if self.predecessor else self.chain_id()

    def control(self) -> Control:
        """The control state below block 1: of a predecessor's, the streams of nodes that are still there."""
        before = self.predecessor.control.streams if self.predecessor else ()
        present = Judges(self.membership).nodes
        return Control(self.protocol, tuple(stream for stream in before if stream.node in present), ())


def large_numbers(value: Any, codec: Any = None) -> Iterator[int]:
    """Every `u64` in a structure."""
    if isinstance(value, Frontier):
        yield value.size
    elif isinstance(value, Structure):
        for name, inside in value.LAYOUT:
            yield from large_numbers(getattr(value, name), inside)
    elif isinstance(value, tuple):
        for item in value:
            yield from large_numbers(item)
    elif isinstance(codec, Integer) and codec.size == 8:
        yield value


# -- a succession ------------------------------------------------------------------------------


class NoSuccession(Exception):
    """Why a genesis does not succeed another one."""


def verify_succession(old: Genesis, new: Genesis, approvals: list[tuple[bytes, bytes]]) -> None:
    """Whether the new genesis succeeds the old one, by the approvals (member code, signature) of those who were there
    last; `NoSuccession` if not."""
    before = new.predecessor
    if before is None:
        raise NoSuccession("it has no predecessor")
    conditions = {
        "its predecessor is of another chain": before.header.chain == old.chain_id(),
        "it is of another network": before.network == old.network_id(),
        "it has another name": new.name == old.name,
        "it has another VRF key": new.vrf == old.vrf,
        "a member has approved twice": len({code for code, _ in approvals}) == len(approvals),
    }
    for fault, fits in conditions.items():
        if not fits:
            raise NoSuccession(fault)
    judges = Judges(before.next)
    for code, signature in approvals:
        member = judges.members.get(code)
        message = signed_bytes("genesis-approval", new.chain_id(), code)
        if member is None or not holds(member.governance.key, signature, message):
            raise NoSuccession(f"the approval of {code.decode()} does not hold")
    if not judges.has_quorum(judges.power_of({code for code, _ in approvals})):
        raise NoSuccession("no quorum has approved")


# -- reading -----------------------------------------------------------------------------------


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
