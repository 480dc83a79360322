"""What governance can change, and what each change makes of a membership (section 9)."""

from collections.abc import Container
from dataclasses import replace
from typing import Annotated

from .codec import U32, Choice, Fixed, Hash, Invalid, MemberCode, ProtocolNumber, Structure, structure
from .membership import Member, Membership, Node, NodeKeys, Parameters, SuiteKey
from .trust import Trust

NODE_NUMBERS = 1 << 32
NUMBERS_AHEAD = 64


class DoesNotApply(Exception):
    """What a change names is not there, is there already, or the membership after it would be invalid."""


# -- the changes --------------------------------------------------------------------------
# Each says what it makes of a membership; whether that is a valid one, with valid keys, `apply` decides.


def edit_member(membership: Membership, code: bytes, **fields: object) -> Membership:
    """The membership with some fields of one member replaced."""
    if code not in {member.code for member in membership.members}:
        raise DoesNotApply(f"no member {code!r}")
    return membership.with_members(
        [replace(member, **fields) if member.code == code else member for member in membership.members])


def edited_nodes(membership: Membership, number: int, edited: list[Node]) -> Membership:
    """The membership in which `edited` stands where the node of this number stood."""
    for member in membership.members:
        for at, node in enumerate(member.nodes):
            if node.number == number:
                nodes = (*member.nodes[:at], *edited, *member.nodes[at + 1:])
                return edit_member(membership, member.code, nodes=nodes)
    raise DoesNotApply("the node is not there")


def node_of(membership: Membership, number: int) -> Node:
    for member in membership.members:
        for node in member.nodes:
            if node.number == number:
                return node
    raise DoesNotApply("the node is not there")


def heirs_of(membership: Membership) -> dict[bytes, bytes]:
    return {heir.removed: heir.heir for heir in membership.heirs}


def number_from(next_node: int, nodes: tuple[Node, ...]) -> int:
    """The next node number after these were added, each at or above the one before, and not far above."""
    for node in nodes:
        if not next_node <= node.number <= next_node + NUMBERS_AHEAD:
            raise DoesNotApply(f"node number {node.number}, where the next is {next_node}")
        next_node = node.number + 1
    if next_node >= NODE_NUMBERS:
        raise DoesNotApply("no node number would be left")
    return next_node


@structure
class AddMember(Structure):
    member: Member

    def change(self, membership: Membership) -> Membership:
        if self.member.code in {member.code for member in membership.members}:
            raise DoesNotApply("the member is there")
        next_node = number_from(membership.next_node, self.member.nodes)
        heirs = {removed: heir for removed, heir in heirs_of(membership).items() if removed != self.member.code}
        return membership.with_members([*membership.members, self.member], next_node=next_node).with_heirs(heirs)


@structure
class RemoveMember(Structure):
    member: MemberCode
    heir: MemberCode

    def change(self, membership: Membership) -> Membership:
        rest = [member for member in membership.members if member.code != self.member]
        before = heirs_of(membership)
        answers = before.get(self.heir, self.heir)
        if len(rest) == len(membership.members) or answers not in {member.code for member in rest}:
            raise DoesNotApply("the member is not there, or no other member answers for the heir")
        heirs = {removed: answers if heir == self.member else heir for removed, heir in before.items()}
        return membership.with_members(rest).with_heirs({**heirs, self.member: answers})


@structure
class AddNode(Structure):
    member: MemberCode
    node: Node

    def change(self, membership: Membership) -> Membership:
        next_node = number_from(membership.next_node, (self.node,))
        for member in membership.members:
            if member.code == self.member:
                added = edit_member(membership, self.member, nodes=(*member.nodes, self.node))
                return replace(added, next_node=next_node)
        raise DoesNotApply("the member is not there")


@structure
class RemoveNode(Structure):
    node: U32

    def change(self, membership: Membership) -> Membership:
        return edited_nodes(membership, self.node, [])


@structure
class SetPower(Structure):
    node: U32
    power: U32

    def change(self, membership: Membership) -> Membership:
        return edited_nodes(membership, self.node, [replace(node_of(membership, self.node), power=self.power)])


@structure
class RotateNodeKeys(Structure):
    node: U32
    keys: NodeKeys

    def change(self, membership: Membership) -> Membership:
        return edited_nodes(membership, self.node, [replace(node_of(membership, self.node), keys=self.keys)])


@structure
class RotateMemberKeys(Structure):
    member: MemberCode
    governance: SuiteKey
    vault: Annotated[bytes, Fixed(32)]

    def change(self, membership: Membership) -> Membership:
        return edit_member(membership, self.member, governance=self.governance, vault=self.vault)


@structure
class SetParameters(Structure):
    parameters: Parameters

    def change(self, membership: Membership) -> Membership:
        return replace(membership, parameters=self.parameters)


@structure
class Activate(Structure):
    protocol: ProtocolNumber

    def change(self, membership: Membership) -> Membership:
        return membership


@structure
class Withdraw(Structure):
    """Takes a proposal back; the membership stays as it is."""

    proposal: Hash

    def change(self, membership: Membership) -> Membership:
        return membership


@structure
class SetTrust(Structure):
    trust: Trust

    def change(self, membership: Membership) -> Membership:
        return replace(membership, trust=self.trust)


CHANGE = Choice({
    1: AddMember,
    2: RemoveMember,
    3: AddNode,
    4: RemoveNode,
    5: SetPower,
    6: RotateNodeKeys,
    7: RotateMemberKeys,
    8: SetParameters,
    9: Activate,
    10: Withdraw,
    11: SetTrust,
})
Change = Annotated[Structure, CHANGE]


def apply(
    change: Structure, membership: Membership, protocol: int, opened: Container[bytes] = (),
) -> tuple[Membership, int]:
    """The membership and the protocol after a change, or `DoesNotApply`. `opened` are the ids of what may be withdrawn."""
    if isinstance(change, Activate):
        if change.protocol != protocol + 1:
            raise DoesNotApply("the protocol is not the next one")
        protocol = change.protocol
    if isinstance(change, Withdraw) and change.proposal not in opened:
        raise DoesNotApply("no open proposal that can be withdrawn has this id")
    try:
        # Decoding what was encoded asks all of section 8 of what the change has made.
        return Membership.decode(change.change(membership).encode()), protocol
    except Invalid as error:
        raise DoesNotApply(str(error)) from error
