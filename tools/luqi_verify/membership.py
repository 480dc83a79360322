"""Members, their nodes and keys, and the parameters in force (section 8).

A member that is read may have any bytes for keys, since a change may (section 9); a membership has valid ones.
"""

from collections.abc import Container
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any

from .codec import U32, Fixed, Hash, Integer, Invalid, ListOf, MemberCode, Structure, Text, structure
from .crypto import Suite, hash_of, is_public_key
from .trust import Trust, has_hidden

PURPOSES = {1: "consensus", 2: "submission", 3: "peer", 4: "note"}
CONSENSUS, SUBMISSION = 1, 2


class PurposeCodec(Integer):
    """A number in bytes, a word in JSON."""

    def from_json(self, value: Any) -> int:
        for number, word in PURPOSES.items():
            if value == word:
                return number
        raise Invalid(f"{value!r} is no purpose")


Purpose = Annotated[int, PurposeCodec(1, range(1, 5))]


@structure
class NodeKey(Structure):
    purpose: Purpose
    suite: Suite
    key: Hash


NodeKeys = Annotated[tuple[NodeKey, ...], ListOf(NodeKey, 4)]


@structure
class SuiteKey(Structure):
    """A key and the suite that it is for."""

    suite: Suite
    key: Hash


@structure
class Node(Structure):
    number: U32
    power: U32
    keys: NodeKeys

    def key(self, purpose: int) -> bytes:
        """The key of this purpose; a valid node has one."""
        return next(key.key for key in self.keys if key.purpose == purpose)


@structure
class Member(Structure):
    code: MemberCode
    name_zh: Annotated[str, Text(96)]
    name_en: Annotated[str, Text(96)]
    governance: SuiteKey
    vault: Annotated[bytes, Fixed(32)]
    nodes: Annotated[tuple[Node, ...], ListOf(Node, 8)]


@structure
class Parameters(Structure):
    block_bytes: U32
    block_events: U32
    submission_events: U32
    clock_tolerance_ms: U32
    pace_events: U32
    pace_wait_ms: U32
    pace_seal_ms: U32
    pace_idle_ms: U32


BOUNDS = {
    "block_bytes": (65_536, 33_554_432),
    "block_events": (1, 100_000),
    "submission_events": (1, 10_000),
    "clock_tolerance_ms": (1, 3_600_000),
    "pace_events": (1, 100_000),
    "pace_wait_ms": (1, 3_600_000),
    "pace_seal_ms": (1, 86_400_000),
    "pace_idle_ms": (1, 86_400_000),
}


@structure
class Heir(Structure):
    """Who answers for a member that was removed."""

    removed: MemberCode
    heir: MemberCode


FIELD = 2**255 - 19
LOW_ORDER = {number.to_bytes(32, "little") for number in (0, 1, FIELD - 1)} | {
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
}


def is_vault_key(key: bytes) -> bool:
    """X25519, in its canonical encoding, and none of the points of low order."""
    return int.from_bytes(key, "little") < FIELD and key not in LOW_ORDER


def rises(items: list[Any]) -> bool:
    """Whether each is above the one before it."""
    return all(low < high for low, high in zip(items, items[1:]))


@structure
class Membership(Structure):
    next_node: U32
    province: MemberCode
    heirs: Annotated[tuple[Heir, ...], ListOf(Heir, 1_024)]
    members: Annotated[tuple[Member, ...], ListOf(Member, 64)]
    parameters: Parameters
    trust: Trust

    def check(self) -> None:
        """What section 8 asks of a valid membership, in its order."""
        members, nodes = self.members, [node for member in self.members for node in member.nodes]
        codes = {member.code for member in members}
        numbers = [node.number for node in nodes]
        vaults = [member.vault for member in members]
        keys = [member.governance.key for member in members] + [key.key for node in nodes for key in node.keys]
        conditions = {
            "members out of order": rises([member.code for member in members]),
            "the province is no member": self.province in codes,
            "heirs out of order": rises([heir.removed for heir in self.heirs]),
            "a removed member that is one": all(heir.removed not in codes for heir in self.heirs),
            "an heir that is no member": all(heir.heir in codes for heir in self.heirs),
            "a name that is empty or hides something": all(
                name and not has_hidden(name) for member in members for name in (member.name_zh, member.name_en)),
            "nodes out of order": all(rises([node.number for node in member.nodes]) for member in members),
            "a node number twice": len(set(numbers)) == len(numbers),
            "a node number at or above the next": all(number < self.next_node for number in numbers),
            "a node without exactly the four purposes in order": all(
                [key.purpose for key in node.keys] == list(PURPOSES) for node in nodes),
            "a key that is none": all(map(is_public_key, keys)),
            "a vault key that is none": all(map(is_vault_key, vaults)),
            "a key twice": len({*keys, *vaults}) == len(keys) + len(vaults),
            "no voting power": any(node.power for node in nodes),
            "parameters out of bounds": all(
                low <= getattr(self.parameters, name) <= high for name, (low, high) in BOUNDS.items()),
        }
        for fault, holds in conditions.items():
            if not holds:
                raise Invalid(f"membership: {fault}")
        self.trust.check_valid()

    def hash(self) -> bytes:
        return hash_of("membership", self.encode())

    def with_members(self, members: list[Member], **changes: object) -> "Membership":
        """The same with these members, sorted by code; not yet checked."""
        return replace(self, members=tuple(sorted(members, key=lambda member: member.code)), **changes)

    def with_heirs(self, heirs: dict[bytes, bytes]) -> "Membership":
        """The same with these heirs by removed member; not yet checked."""
        return replace(self, heirs=tuple(Heir(*pair) for pair in sorted(heirs.items())))


class Judges:
    """A membership as the blocks that it judges look at it: by node and by member."""

    def __init__(self, membership: Membership) -> None:
        self.membership = membership
        self.parameters = membership.parameters

    @cached_property
    def hash(self) -> bytes:
        return self.membership.hash()

    @cached_property
    def members(self) -> dict[bytes, Member]:
        return {member.code: member for member in self.membership.members}

    @cached_property
    def heirs(self) -> dict[bytes, bytes]:
        return {heir.removed: heir.heir for heir in self.membership.heirs}

    def answers_for(self, code: bytes) -> bytes | None:
        """The member that has this code; where it was removed, its heir; else nobody."""
        return code if code in self.members else self.heirs.get(code)

    def is_province(self, member: bytes | None) -> bool:
        return member == self.membership.province

    @cached_property
    def nodes(self) -> dict[int, Node]:
        return {node.number: node for member in self.membership.members for node in member.nodes}

    @cached_property
    def owners(self) -> dict[int, bytes]:
        """Which member a node belongs to."""
        return {node.number: member.code for member in self.membership.members for node in member.nodes}

    @cached_property
    def total_power(self) -> int:
        return sum(node.power for node in self.nodes.values())

    def power_of(self, members: Container[bytes]) -> int:
        """The voting power of the nodes of these members."""
        return sum(node.power for number, node in self.nodes.items() if self.owners[number] in members)

    def has_quorum(self, power: int) -> bool:
        """Section 8: more than two thirds of the voting power."""
        return 3 * power > 2 * self.total_power
