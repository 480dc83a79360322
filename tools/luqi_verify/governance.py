"""Changes of the membership and the protocol, and how they come about (section 9)."""

from collections import Counter
from collections.abc import Container
from dataclasses import replace
from typing import Annotated

from .codec import (
    U16, U32, U64, Choice, Fixed, Flag, Hash, Invalid, ListOf, MemberCode, Structure, encode, structure,
)
from .crypto import Signature, hash_of, hasher, holds, signed_bytes
from .membership import Judges, Member, Membership, Node, NodeKeys, Parameters, SuiteKey, rises
from .trust import Trust

OPEN_PROPOSALS_A_MEMBER = 4
OPEN_PROPOSALS = 256
PROPOSALS_A_BLOCK = 4
"""By one member, whatever became of them; a further one is refused unread."""
FARTHEST = 1_000_000
"""So many heights ahead may lie the height from which a change shall hold."""
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
        if len(rest) == len(membership.members) or self.heir not in {member.code for member in rest}:
            raise DoesNotApply("the member is not there, or its heir is no other member")
        heirs = {removed: self.heir if heir == self.member else heir for removed, heir in heirs_of(membership).items()}
        return membership.with_members(rest).with_heirs({**heirs, self.member: self.heir})


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
    """The membership and the protocol after a change, or `DoesNotApply`. `opened` are the ids of open proposals."""
    if isinstance(change, Activate):
        if change.protocol != protocol + 1:
            raise DoesNotApply("the protocol is not the next one")
        protocol = change.protocol
    if isinstance(change, Withdraw) and change.proposal not in opened:
        raise DoesNotApply("no open proposal has this id")
    try:
        # Decoding what was encoded asks all of section 8 of what the change has made.
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

    def check(self) -> None:
        if self.id != proposal_id(self.change, self.effective):
            raise Invalid("control: a proposal whose id is another one")


@structure
class ProposalHead(Structure):
    """A proposal without the change, which its id stands for."""

    id: Hash
    proposer: MemberCode
    effective: U64
    approvals: Annotated[tuple[bytes, ...], ListOf(MemberCode, 64)]
    adopted: Annotated[bool, Flag()]


@structure
class ControlHead(Structure):
    """What a control hash is over."""

    protocol: U16
    streams: Annotated[tuple[Stream, ...], ListOf(Stream, 512)]
    proposals: Annotated[tuple[ProposalHead, ...], ListOf(ProposalHead, OPEN_PROPOSALS)]


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
        heads = tuple(
            ProposalHead(each.id, each.proposer, each.effective, each.approvals, each.adopted)
            for each in self.proposals)
        return hash_of("control", ControlHead(self.protocol, self.streams, heads).encode())


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
        self.proposed: Counter[bytes] = Counter()
        """How many proposals of a member this block holds, whatever became of them."""
        self.bad_signatures: set[tuple[bytes, bytes, bytes]] = set()
        """Who brought an approval whose signature does not hold, of which proposal, by which member."""

    def propose(self, event: Propose, proposer: bytes) -> str:
        """The outcome, `applied` or why not."""
        self.proposed[proposer] += 1
        if self.proposed[proposer] > PROPOSALS_A_BLOCK:
            return "TOO_MANY"
        if event.effective <= self.height:
            return "TOO_LATE"
        if event.effective > self.height + FARTHEST:
            return "TOO_FAR"
        number = proposal_id(event.change, event.effective)
        if number in self.proposals:
            return "DUPLICATE"
        opened = sum(proposal.proposer == proposer for proposal in self.proposals.values())
        if opened >= OPEN_PROPOSALS_A_MEMBER or len(self.proposals) >= OPEN_PROPOSALS:
            return "TOO_MANY"
        try:
            apply(event.change, self.judges.membership, self.protocol, self.proposals)
        except DoesNotApply:
            return "BAD_CHANGE"
        self.proposals[number] = Proposal(number, proposer, event.change, event.effective, (), False)
        return "applied"

    def approve(self, event: Approve, bringer: bytes) -> str:
        proposal = self.proposals.get(event.proposal)
        if proposal is None:
            return "UNKNOWN"
        member = self.judges.members.get(event.member)
        if member is None:
            return "NOT_AUTHORISED"
        if event.member in proposal.approvals:
            return "DUPLICATE"
        brought = (bringer, event.proposal, event.member)
        message = signed_bytes("approval", self.chain, ApprovalText(event.proposal, event.member).encode())
        if brought in self.bad_signatures or not holds(member.governance.key, event.signature, message):
            self.bad_signatures.add(brought)
            return "BAD_SIGNATURE"
        self.proposals[event.proposal] = replace(proposal, approvals=(*proposal.approvals, event.member))
        return "applied"

    def is_approved(self, proposal: Proposal) -> bool:
        """Whether the nodes of the approving members have a quorum of M."""
        return self.judges.has_quorum(self.judges.power_of(proposal.approvals))

    def end(self) -> tuple[Control, Membership]:
        """The control state and the membership N after the block."""
        self.adopt()
        self.withdraw()
        membership, protocol = self.change()
        after = Judges(membership)
        streams = tuple(Stream(node, last) for node, last in sorted(self.streams.items()) if node in after.nodes)
        stay = (each for each in self.proposals.values() if not self.has_lapsed(each, after))
        proposals = tuple(without_past(each, self.judges, after) for each in stay)
        return Control(protocol, streams, proposals), membership

    def adopt(self) -> None:
        """What is adopted stays so."""
        for number, each in self.proposals.items():
            self.proposals[number] = replace(each, adopted=each.adopted or self.is_approved(each))

    def due(self) -> list[Proposal]:
        return [each for each in self.proposals.values() if each.adopted and self.height + 1 >= each.effective]

    def withdraw(self) -> None:
        """The withdrawals that are due, in order: each goes, and what it names."""
        for each in self.due():
            if isinstance(each.change, Withdraw) and each.id in self.proposals:
                del self.proposals[each.id]
                self.proposals.pop(each.change.proposal, None)

    def change(self) -> tuple[Membership, int]:
        """The other changes that are due, in order: each goes, and does what it can."""
        membership, protocol = self.judges.membership, self.protocol
        for each in self.due():
            del self.proposals[each.id]
            try:
                membership, protocol = apply(each.change, membership, protocol)
            except DoesNotApply:
                pass
        return membership, protocol

    def has_lapsed(self, proposal: Proposal, after: Judges) -> bool:
        late = self.height >= proposal.effective or proposal.proposer not in after.members
        return late and not proposal.adopted


def without_past(proposal: Proposal, before: Judges, after: Judges) -> Proposal:
    """The proposal without approvals of members that are gone, or that have another governance key now: who comes
    again has to approve again, and what a leaked key signed goes with the key."""
    def stays(code: bytes) -> bool:
        now, then = after.members.get(code), before.members.get(code)
        return now is not None and then is not None and now.governance == then.governance

    return replace(proposal, approvals=tuple(code for code in proposal.approvals if stays(code)))
