"""Changes of the membership and the protocol, and how they come about (section 9)."""

from dataclasses import replace
from typing import Annotated

from .codec import (
    U16, U32, U64, Choice, Fixed, Flag, Hash, Invalid, ListOf, MemberCode, Structure, encode, structure,
)
from .crypto import Signature, SuiteKey, hash_of, hasher, holds, signed_bytes
from .membership import Judges, Member, Membership, Node, NodeKeys, Parameters, rises

OPEN_PROPOSALS_A_MEMBER = 4
OPEN_PROPOSALS = 256
NODE_NUMBERS = 1 << 32


class DoesNotApply(Exception):
    """What a change names is not there, is there already, or the membership after it would be invalid."""


# -- the nine changes --------------------------------------------------------------------------
# Each says what it makes of a membership; whether that is a valid one, `apply` decides.


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


def number_from(next_node: int, nodes: tuple[Node, ...]) -> int:
    """The next node number after these were added, each at or above the one before."""
    for node in nodes:
        if node.number < next_node:
            raise DoesNotApply(f"node number {node.number} is below the next, {next_node}")
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
        return membership.with_members([*membership.members, self.member], next_node)


@structure
class RemoveMember(Structure):
    member: MemberCode

    def change(self, membership: Membership) -> Membership:
        rest = [member for member in membership.members if member.code != self.member]
        if len(rest) == len(membership.members):
            raise DoesNotApply("the member is not there")
        return membership.with_members(rest)


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
    protocol: U16

    def change(self, membership: Membership) -> Membership:
        return membership


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
})
Change = Annotated[Structure, CHANGE]


def apply(change: Structure, membership: Membership, protocol: int) -> tuple[Membership, int]:
    """The membership and the protocol after a change, or `DoesNotApply`."""
    if isinstance(change, Activate):
        if change.protocol <= protocol:
            raise DoesNotApply("the protocol is in force, or past")
        protocol = change.protocol
    try:
        # Decoding what was encoded applies every bound of section 8 to what the change has made.
        return Membership.decode(change.change(membership).encode()), protocol
    except Invalid as error:
        raise DoesNotApply(str(error)) from error


# -- the control state -------------------------------------------------------------------------


@structure
class Stream(Structure):
    node: U32
    last: U64


@structure
class Proposal(Structure):
    id: Hash
    proposer: MemberCode
    change: Change
    effective: U64
    approvals: Annotated[tuple[bytes, ...], ListOf(MemberCode, 64)]
    adopted: Annotated[bool, Flag()]


@structure
class Control(Structure):
    protocol: U16
    streams: Annotated[tuple[Stream, ...], ListOf(Stream, 512)]
    proposals: Annotated[tuple[Proposal, ...], ListOf(Proposal, OPEN_PROPOSALS)]

    def check(self) -> None:
        if not rises([stream.node for stream in self.streams]):
            raise Invalid("control: streams out of order")
        if any(stream.last == 0 for stream in self.streams):
            raise Invalid("control: a stream without a submission")

    def hash(self) -> bytes:
        return hash_of("control", self.encode())


_proposal_id = hasher("proposal")


def proposal_id(change: Structure, effective: int) -> bytes:
    return _proposal_id(encode(CHANGE, change) + effective.to_bytes(8, "big"))


@structure
class Propose(Structure):
    """An event: a change that shall hold from a height."""

    change: Change
    effective: U64


@structure
class Approve(Structure):
    """An event: a member's signature under a proposal, whoever brings it."""

    proposal: Hash
    member: MemberCode
    signature: Signature


@structure
class ApprovalText(Structure):
    """What a member signs to approve."""

    proposal: Hash
    member: MemberCode


class ControlFold:
    """The control state and the membership through one block, of height h, that M judges."""

    def __init__(self, chain: bytes, height: int, judges: Judges, control: Control) -> None:
        self.chain = chain
        self.height = height
        self.judges = judges
        self.protocol = control.protocol
        self.streams = {stream.node: stream.last for stream in control.streams}
        self.proposals = {proposal.id: proposal for proposal in control.proposals}

    def propose(self, event: Propose, proposer: bytes) -> str:
        """The outcome, `applied` or why not."""
        if event.effective <= self.height:
            return "TOO_LATE"
        number = proposal_id(event.change, event.effective)
        if number in self.proposals:
            return "DUPLICATE"
        opened = sum(proposal.proposer == proposer for proposal in self.proposals.values())
        if opened >= OPEN_PROPOSALS_A_MEMBER or len(self.proposals) >= OPEN_PROPOSALS:
            return "TOO_MANY"
        try:
            apply(event.change, self.judges.membership, self.protocol)
        except DoesNotApply:
            return "BAD_CHANGE"
        self.proposals[number] = Proposal(number, proposer, event.change, event.effective, (), False)
        return "applied"

    def approve(self, event: Approve) -> str:
        proposal = self.proposals.get(event.proposal)
        if proposal is None:
            return "UNKNOWN"
        member = self.judges.members.get(event.member)
        if member is None:
            return "NOT_AUTHORISED"
        if event.member in proposal.approvals:
            return "DUPLICATE"
        message = signed_bytes("approval", self.chain, ApprovalText(event.proposal, event.member).encode())
        if not holds(member.governance.key, event.signature, message):
            return "BAD_SIGNATURE"
        self.proposals[event.proposal] = replace(proposal, approvals=(*proposal.approvals, event.member))
        return "applied"

    def is_approved(self, proposal: Proposal) -> bool:
        """Whether the nodes of the approving members have a quorum of M."""
        approving = set(proposal.approvals)
        power = sum(node.power for number, node in self.judges.nodes.items() if self.judges.owners[number] in approving)
        return self.judges.has_quorum(power)

    def end(self) -> tuple[Control, Membership]:
        """The control state and the membership N after the block."""
        membership, protocol, open_proposals = self.judges.membership, self.protocol, []
        for proposal in self.proposals.values():
            adopted = proposal.adopted or self.is_approved(proposal)
            if adopted and self.height + 1 >= proposal.effective:
                try:
                    membership, protocol = apply(proposal.change, membership, protocol)
                except DoesNotApply:
                    pass
            elif adopted or self.height < proposal.effective:
                open_proposals.append(replace(proposal, adopted=adopted))
        after = Judges(membership)
        streams = tuple(Stream(node, last) for node, last in sorted(self.streams.items()) if node in after.nodes)
        proposals = tuple(without_past(each, self.judges, after) for each in open_proposals)
        return Control(protocol, streams, proposals), membership


def without_past(proposal: Proposal, before: Judges, after: Judges) -> Proposal:
    """The proposal without approvals of members that are gone, or that have another governance key now: who comes
    again has to approve again, and what a leaked key signed goes with the key."""
    def stays(code: bytes) -> bool:
        now, then = after.members.get(code), before.members.get(code)
        return now is not None and then is not None and now.governance == then.governance

    return replace(proposal, approvals=tuple(code for code in proposal.approvals if stays(code)))
