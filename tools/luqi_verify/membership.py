"""Members, their nodes and keys, and the parameters in force (section 8)."""

from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any

from .codec import U32, Fixed, Integer, Invalid, ListOf, MemberCode, Structure, Text, is_province, structure
from .crypto import PublicKey, Suite, SuiteKey, hash_of

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
    key: PublicKey


NodeKeys = Annotated[tuple[NodeKey, ...], ListOf(NodeKey, 8)]


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


def rises(items: list[Any]) -> bool:
    """Whether each is above the one before it."""
    return all(low < high for low, high in zip(items, items[1:]))


@structure
class Membership(Structure):
    next_node: U32
    members: Annotated[tuple[Member, ...], ListOf(Member, 64)]
    parameters: Parameters

    def check(self) -> None:
        """What section 8 asks of a valid membership, in its order."""
        nodes = [node for member in self.members for node in member.nodes]
        numbers = [node.number for node in nodes]
        keys = [key for member in self.members for key in (member.governance.key, member.vault)]
        keys += [key.key for node in nodes for key in node.keys]
        conditions = {
            "members out of order": rises([member.code for member in self.members]),
            "not exactly one province": sum(is_province(member.code) for member in self.members) == 1,
            "nodes out of order": all(rises([node.number for node in member.nodes]) for member in self.members),
            "a node number twice": len(set(numbers)) == len(numbers),
            "a node number at or above the next": all(number < self.next_node for number in numbers),
            "a node without exactly the four purposes in order": all(
                [key.purpose for key in node.keys] == list(PURPOSES) for node in nodes),
            "a key twice": len(set(keys)) == len(keys),
            "no voting power": any(node.power for node in nodes),
            "parameters out of bounds": all(
                low <= getattr(self.parameters, name) <= high for name, (low, high) in BOUNDS.items()),
        }
        for fault, holds in conditions.items():
            if not holds:
                raise Invalid(f"membership: {fault}")

    def hash(self) -> bytes:
        return hash_of("membership", self.encode())

    def with_members(self, members: list[Member], next_node: int | None = None) -> "Membership":
        """The same with these members, sorted by code; not yet checked."""
        in_order = tuple(sorted(members, key=lambda member: member.code))
        return replace(self, members=in_order, next_node=self.next_node if next_node is None else next_node)


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
    def nodes(self) -> dict[int, Node]:
        return {node.number: node for member in self.membership.members for node in member.nodes}

    @cached_property
    def owners(self) -> dict[int, bytes]:
        """Which member a node belongs to."""
        return {node.number: member.code for member in self.membership.members for node in member.nodes}

    @cached_property
    def total_power(self) -> int:
        return sum(node.power for node in self.nodes.values())

    def has_quorum(self, power: int) -> bool:
        """Section 8: more than two thirds of the voting power."""
        return 3 * power > 2 * self.total_power
