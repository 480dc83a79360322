"""How a header is proved from a genesis on, by the changes of membership between them (section 16).

A foot and a succession (section 12) are judged by this one rule.
"""

from dataclasses import dataclass
from typing import Annotated

from .block import Header
from .certificate import Certificate
from .codec import ListOf, Structure, structure
from .membership import Judges, Membership


@structure
class MembershipChange(Structure):
    """A block that changed the membership, its certificate, and what it changed it to."""

    header: Header
    certificate: Certificate
    membership: Membership


MembershipChanges = Annotated[tuple[MembershipChange, ...], ListOf(MembershipChange, 65_536)]


class Unproved(Exception):
    """Why changes do not lead from a genesis to a header."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Which memberships the changes lead to."""

    at: Judges
    """Judged the header: the one before the last change, where that change is the header itself."""
    above: Judges
    """Judges what follows it."""


def follow(changes: tuple[MembershipChange, ...], below: Header, chain: bytes, first: Membership) -> InForce:
    """The memberships in force at and above a header of this chain, whose genesis names the first one; `Unproved` if
    the changes do not show them. That the header is final, its own certificate has to show."""
    if below.chain != chain:
        raise Unproved("the header below is of another chain")
    if below.height < 1:
        raise Unproved("the header below stands on the genesis")
    at = above = Judges(first)
    height = 0
    for change in changes:
        if fault := fault_of(change, height, below, above):
            raise Unproved(fault)
        height, at, above = change.header.height, above, Judges(change.membership)
    if above.hash != below.next_membership:
        raise Unproved("the changes do not lead to the membership of the header below")
    return InForce(at if height == below.height else above, above)


def fault_of(change: MembershipChange, height: int, below: Header, judges: Judges) -> str | None:
    """Why a change does not follow one of this height, or nothing: `judges` is the membership before it."""
    header = change.header
    if header.chain != below.chain:
        return "a change of another chain"
    if not height < header.height <= below.height or (header.height == below.height and header != below):
        return "changes out of order, or of another block than the one below"
    if why := change.certificate.fault(below.chain, header.height, header.hash(), judges):
        return f"the certificate of the change at height {header.height}: {why}"
    if change.membership.hash() != header.next_membership:
        return f"the membership of the change at height {header.height} is another one"
    return None
