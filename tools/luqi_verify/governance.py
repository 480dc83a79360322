"""The control state: proposals, approvals, and how a change comes about (section 9)."""

from collections import Counter
from dataclasses import replace
from typing import Annotated

from .change import CHANGE, Change, DoesNotApply, Withdraw, apply
from .codec import (
    U32, Flag, Hash, Height, Invalid, ListOf, MemberCode, ProtocolNumber, Sequence, Structure, encode, structure,
)
from .crypto import Signature, hash_of, hasher, holds, signed_bytes
from .membership import Judges, Membership, rises

OPEN_PROPOSALS_A_MEMBER = 4
OPEN_PROPOSALS = 256
PROPOSALS_A_BLOCK = 4
APPROVALS_A_BLOCK = 256
"""By one node, whatever became of them; a further one is refused unread."""
FARTHEST = 1_000_000
"""So many heights ahead may lie the height from which a change shall hold."""


@structure
class Stream(Structure):
    node: U32
    last: Sequence


@structure
class Proposal(Structure):
    id: Hash
    proposer: MemberCode
    change: Change
    effective: Height
    approvals: Annotated[tuple[bytes, ...], ListOf(MemberCode, 64)]
    adopted: Annotated[bool, Flag()]

    def check(self) -> None:
        if self.id != proposal_id(self.change, self.effective):
            raise Invalid("control: a proposal whose id is another one")
        if len(set(self.approvals)) != len(self.approvals):
            raise Invalid("control: a member that has approved a proposal twice")


@structure
class ProposalHead(Structure):
    """A proposal without the change, which its id stands for."""

    id: Hash
    proposer: MemberCode
    effective: Height
    approvals: Annotated[tuple[bytes, ...], ListOf(MemberCode, 64)]
    adopted: Annotated[bool, Flag()]


@structure
class ControlHead(Structure):
    """What a control hash is over."""

    protocol: ProtocolNumber
    streams: Annotated[tuple[Stream, ...], ListOf(Stream, 512)]
    proposals: Annotated[tuple[ProposalHead, ...], ListOf(ProposalHead, OPEN_PROPOSALS)]


@structure
class Control(Structure):
    protocol: ProtocolNumber
    streams: Annotated[tuple[Stream, ...], ListOf(Stream, 512)]
    proposals: Annotated[tuple[Proposal, ...], ListOf(Proposal, OPEN_PROPOSALS)]

    def check(self) -> None:
        if not rises([stream.node for stream in self.streams]):
            raise Invalid("control: streams out of order")
        if any(stream.last == 0 for stream in self.streams):
            raise Invalid("control: a stream without a submission")
        if len({each.id for each in self.proposals}) != len(self.proposals):
            raise Invalid("control: two proposals with the same id")

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
    effective: Height


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
        self.proposed: Counter[int] = Counter()
        self.approved: Counter[int] = Counter()
        """How many proposals and approvals of a node this block holds, whatever became of them."""
        self.approved_below = {proposal.id for proposal in control.proposals if proposal.approvals}
        self.taken_back: set[bytes] = set()
        """What its own proposer takes back in this block."""
        self.bad_signatures: set[tuple[int, bytes, bytes]] = set()
        """Which node brought an approval whose signature does not hold, of which proposal, by which member."""

    def propose(self, event: Propose, proposer: bytes, stream: int) -> str:
        """The outcome, `applied` or why not."""
        self.proposed[stream] += 1
        if self.proposed[stream] > PROPOSALS_A_BLOCK:
            return "TOO_MANY"
        if event.effective <= self.height:
            return "TOO_LATE"
        if event.effective > self.height + FARTHEST:
            return "TOO_FAR"
        number = proposal_id(event.change, event.effective)
        if number in self.proposals or number in self.withdrawn():
            return "DUPLICATE"
        takes_back = self.takes_back(event.change, proposer)
        if not takes_back and not self.has_room(proposer, event.change, event.effective):
            return "TOO_MANY"
        try:
            apply(event.change, self.judges.membership, self.protocol, self.can_be_withdrawn(event.effective))
        except DoesNotApply:
            return "BAD_CHANGE"
        if takes_back:
            self.taken_back.add(event.change.proposal)
        else:
            self.proposals[number] = Proposal(number, proposer, event.change, event.effective, (), False)
        return "applied"

    def withdrawn(self) -> set[bytes]:
        """What adopted withdrawals name."""
        return {each.change.proposal for each in self.proposals.values() if has_withdrawn(each)}

    def can_be_withdrawn(self, effective: int) -> set[bytes]:
        """What a withdrawal for this height may name."""
        return {
            number for number, each in self.proposals.items()
            if each.effective <= effective and not has_withdrawn(each)}

    def takes_back(self, change: Structure, proposer: bytes) -> bool:
        """Whether it is a withdrawal of a proposal of the same member, to which nobody had said yes below."""
        named = self.proposals.get(change.proposal) if isinstance(change, Withdraw) else None
        if named is None or named.proposer != proposer:
            return False
        return not named.adopted and named.id not in self.approved_below

    def has_room(self, proposer: bytes, change: Change, effective: int) -> bool:
        if len(self.proposals) >= OPEN_PROPOSALS:
            return False
        taken = sum(
            each.proposer == proposer and not each.adopted
            and not self.is_own_withdrawal(proposer, each.change, each.effective)
            for each in self.proposals.values())
        return taken < OPEN_PROPOSALS_A_MEMBER or self.is_own_withdrawal(proposer, change, effective)

    def is_own_withdrawal(self, proposer: bytes, change: Change, effective: int) -> bool:
        """Whether it withdraws another proposal of the same member, for its very height."""
        named = self.proposals.get(change.proposal) if isinstance(change, Withdraw) else None
        return (
            named is not None and named.proposer == proposer and named.effective == effective
            and not isinstance(named.change, Withdraw))

    def approve(self, event: Approve, stream: int) -> str:
        self.approved[stream] += 1
        if self.approved[stream] > APPROVALS_A_BLOCK:
            return "TOO_MANY"
        proposal = self.proposals.get(event.proposal)
        if proposal is None:
            return "UNKNOWN"
        member = self.judges.members.get(event.member)
        if member is None:
            return "NOT_AUTHORISED"
        if event.member in proposal.approvals:
            return "DUPLICATE"
        brought = (stream, event.proposal, event.member)
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
        self.take_back()
        self.withdraw()
        membership, protocol = self.change()
        streams = tuple(Stream(node, last) for node, last in sorted(self.streams.items()))
        stay = tuple(each for each in self.proposals.values() if each.adopted or self.height < each.effective)
        control = Control(protocol, streams, stay)
        if membership != self.judges.membership:
            control = without_past(control, self.judges, Judges(membership))
        return control, membership

    def adopt(self) -> None:
        """What is adopted stays so."""
        for number, each in self.proposals.items():
            self.proposals[number] = replace(each, adopted=each.adopted or self.is_approved(each))

    def due(self) -> list[Proposal]:
        return [each for each in self.proposals.values() if each.adopted and self.height + 1 >= each.effective]

    def take_back(self) -> None:
        """What was taken back goes, unless somebody has approved it by now."""
        for number in self.taken_back:
            if not self.proposals[number].approvals:
                del self.proposals[number]

    def withdraw(self) -> None:
        """What an adopted withdrawal names goes, unless it is one itself; the withdrawal stays."""
        for number in self.withdrawn():
            if number in self.proposals and not has_withdrawn(self.proposals[number]):
                del self.proposals[number]

    def change(self) -> tuple[Membership, int]:
        """The changes that are due, in order: each goes, and does what it can."""
        membership, protocol = self.judges.membership, self.protocol
        for each in self.due():
            del self.proposals[each.id]
            try:
                membership, protocol = apply(each.change, membership, protocol)
            except DoesNotApply:
                pass
        return membership, protocol


def has_withdrawn(proposal: Proposal) -> bool:
    """Whether it is a withdrawal that holds."""
    return proposal.adopted and isinstance(proposal.change, Withdraw)


def without_past(control: Control, before: Judges, after: Judges) -> Control:
    """What another membership leaves of a control state: nothing of nodes that are gone, and no approvals of members
    that are gone, or that have another governance key now. Who comes again has to approve again, and what a leaked key
    signed goes with the key."""
    def stays(code: bytes) -> bool:
        now, then = after.members.get(code), before.members.get(code)
        return now is not None and then is not None and now.governance == then.governance

    streams = tuple(stream for stream in control.streams if stream.node in after.nodes)
    proposals = tuple(
        replace(each, approvals=tuple(code for code in each.approvals if stays(code))) for each in control.proposals)
    return replace(control, streams=streams, proposals=proposals)
