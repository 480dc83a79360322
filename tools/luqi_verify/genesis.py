"""The genesis, in its binary form and as genesis.json, and what binds a chain that goes on (section 12)."""

from codecs import BOM_UTF8
from typing import Annotated

from .block import Header
from .certificate import Certificate
from .codec import (
    Blob, Hash, Invalid, ListOf, MemberCode, Option, ProtocolNumber, Structure, Text, Time, decode_json, structure,
)
from .crypto import SUITE, Suite, hash_of, holds, signed_bytes
from .governance import Control
from .lineage import MembershipChanges, Unproved, follow
from .membership import Judges, Membership
from .merkle import Frontier
from .strict_json import read_strict
from .subject import vrf_key
from .trust import is_origin

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
    changes: MembershipChanges
    """From the old genesis to the header. They say nothing without that genesis, so a succession judges them."""

    def check(self) -> None:
        header = self.header
        fault = self.certificate.fault(header.chain, header.height, header.hash(), Judges(self.signers))
        conditions = {
            "its header stands on a genesis": header.height >= 1,
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
    protocol: ProtocolNumber
    suite: Suite
    name: Annotated[str, Text(64)]
    time: Time
    predecessor: Annotated[Predecessor | None, Option(Predecessor)]
    membership: Membership
    vrf: Hash
    sealed_vrf: Annotated[tuple[SealedVrf, ...], ListOf(SealedVrf, 64)]

    def check(self) -> None:
        members = [member.code for member in self.membership.members]
        conditions = {
            f"no protocol from 1 to {PROTOCOL}": self.protocol <= PROTOCOL,
            "the suite is not the protocol's": self.suite == SUITE,
            "the name is no origin": is_origin(self.name),
            "not one sealed VRF key for each member, in order": [each.member for each in self.sealed_vrf] == members,
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
            "a protocol below its predecessor's": self.protocol >= before.header.protocol,
            "another province": now.province == before.next.province,
            "another heir": all(
                heir.heir == then.heirs[heir.removed] for heir in now.heirs
                if heir.removed in then.heirs and then.heirs[heir.removed] in Judges(now).members),
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


# -- a succession ------------------------------------------------------------------------------


class NoSuccession(Exception):
    """Why a genesis does not succeed another one."""


def verify_succession(old: Genesis, new: Genesis, approvals: list[tuple[bytes, bytes]]) -> None:
    """Whether the new genesis succeeds the old one, by the approvals (member code, signature) of those who were there
    last; `NoSuccession` if not."""
    check_valid(old)
    check_valid(new)
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
    check_lineage(before, old)
    check_approvals(Judges(before.next), new, approvals)


def check_valid(genesis: Genesis) -> None:
    try:
        Genesis.decode(genesis.encode())
    except Invalid as error:
        raise NoSuccession(f"a genesis that is not valid: {error}") from error


def check_lineage(before: Predecessor, old: Genesis) -> None:
    """The signers and the members of *next* are there by the old genesis and what was decided since, not by their own
    word."""
    try:
        in_force = follow(before.changes, before.header, old.chain_id(), old.membership)
    except Unproved as error:
        raise NoSuccession(f"its predecessor is not proved: {error}") from error
    if (in_force.at.membership, in_force.above.membership) != (before.signers, before.next):
        raise NoSuccession("the changes lead to others than those whom its predecessor names")


def check_approvals(judges: Judges, new: Genesis, approvals: list[tuple[bytes, bytes]]) -> None:
    """Each approval holds, and a quorum has approved."""
    for code, signature in approvals:
        member = judges.members.get(code)
        message = signed_bytes("genesis-approval", new.chain_id(), code)
        if member is None or not holds(member.governance.key, signature, message):
            raise NoSuccession(f"the approval of {code.decode()} does not hold")
    if not judges.has_quorum(judges.power_of({code for code, _ in approvals})):
        raise NoSuccession("no quorum has approved")


# -- reading -----------------------------------------------------------------------------------


def read_genesis(data: bytes) -> Genesis:
    """A genesis from either form. No binary genesis begins with `{` or a byte order mark: its protocol would be 31,488
    or above."""
    return genesis_from_json(data) if data.lstrip().startswith((b"{", BOM_UTF8)) else Genesis.decode(data)


def genesis_from_json(data: bytes) -> Genesis:
    return decode_json(Genesis, read_strict(data))
