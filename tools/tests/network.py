"""A small network in Python: keys, a genesis, and a builder that makes blocks as the page says they are made.

It uses the verifier's own structures to write, but keeps its own record of what comes out: which state a
subject is in is the test's to say.
"""

import io
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import support  # noqa: F401
import ristretto255
from luqi_verify import archive
from luqi_verify.audit import Report, audit
from luqi_verify.block import Block, Body, Header, Submission
from luqi_verify.certificate import Certificate, Vote
from luqi_verify.chain import States, Tip
from luqi_verify.codec import decode, encode
from luqi_verify.crypto import signed_bytes
from luqi_verify.event import EVENT, ContractEvent, Event, entry_prefix
from luqi_verify.genesis import Genesis, Predecessor, SealedVrf
from luqi_verify.judge import FULL, Depth, Kept
from luqi_verify.governance import Approve, Propose, proposal_id
from luqi_verify.lineage import MembershipChange
from luqi_verify.membership import PURPOSES, Judges, Member, Membership, Node, NodeKey, Parameters, SuiteKey
from luqi_verify.merkle import leaf_hash
from luqi_verify.trust import Trust

PROVINCE, COUNTY, CITY = b"370000", b"370100", b"370200"
PARAMETERS = Parameters(1_048_576, 10_000, 10_000, 5_000, 500, 100, 1_000, 60_000)
NAMES = {PROVINCE: ("山东", "Shandong"), COUNTY: ("济南", "Jinan"), CITY: ("青岛", "Qingdao"), b"370201": ("市南", "Shinan")}


def private_key(*name: object) -> Ed25519PrivateKey:
    """The same name gives the same key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(repr(name).encode()).digest())


def public_key(*name: object) -> bytes:
    return private_key(*name).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def node(number: int, power: int = 1, generation: int = 0) -> Node:
    keys = (NodeKey(purpose, 1, public_key("node", number, purpose, generation)) for purpose in PURPOSES)
    return Node(number, power, tuple(keys))


def member(code: bytes, *nodes: Node) -> Member:
    return Member(code, *NAMES[code], SuiteKey(1, public_key("governance", code)), vault_key(code), nodes)


def vault_key(*name: object) -> bytes:
    key = sha256(repr(("vault", *name)).encode()).digest()
    return key[:31] + bytes([key[31] & 0x3f])


def verifier_key(name: str, kind: int = 1) -> str:
    """As witnesses give it out."""
    key = bytes([kind]) + (public_key("witness", name) if kind != 6 else sha256(name.encode()).digest() * 41)
    fingerprint = sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    return f"{name}+{fingerprint}+{b64encode(key).decode()}"


VRF_KEY = ristretto255.encode(int.from_bytes(sha256(b"vrf").digest(), "big") * ristretto255.GENERATOR)
UNASKED = Trust((verifier_key("witness.example"),), 0, (), 10)
"""Asks for no witness and no time stamp."""


def membership(*members: Member, **changes: object) -> Membership:
    members = members or (member(PROVINCE, node(0)), member(COUNTY, node(1), node(2)))
    count = 1 + max((each.number for of in members for each in of.nodes), default=-1)
    return replace(Membership(count, PROVINCE, (), members, PARAMETERS, UNASKED), **changes)


def genesis(*members: Member, **changes: object) -> Genesis:
    judging = changes.pop("membership", None) or membership(*members)
    sealed = tuple(SealedVrf(each.code, b"sealed") for each in judging.members)
    made = Genesis(1, 1, "测试网", 1_700_000_000_000, None, judging, VRF_KEY, sealed)
    return replace(made, **changes)


def event(kind: int, subject: int, argument: object = None, version: int = 1) -> ContractEvent:
    of_subject, commitment = sha256(b"subject%d" % subject).digest(), sha256(b"commitment").digest()
    return ContractEvent(kind, version, of_subject, commitment, argument)


class Builder:
    """Makes one block after another and keeps the frames of an archive of them."""

    def __init__(self, first: Genesis | None = None) -> None:
        self.genesis = decode(Genesis, (first or genesis()).encode())
        self.chain = self.genesis.chain_id()
        self.tip = Tip.of_genesis(self.genesis)
        self.tip.states = self.tip.states or States()
        self.blocks: list[Block] = []
        self.certificates: list[Certificate] = []
        self.memberships: list[Membership] = []
        self.generation: dict[int, int] = {}

    def node_key(self, number: int, purpose: int) -> Ed25519PrivateKey:
        return private_key("node", number, purpose, self.generation.get(number, 0))

    def submission(self, stream: int, sequence: int, *events: Event) -> Submission:
        prefix = entry_prefix(stream, sequence)
        leaves = [
            leaf_hash(prefix + position.to_bytes(2, "big") + encode(EVENT, each))
            for position, each in enumerate(events)]
        unsigned = Submission(stream, sequence, list(events), leaves, bytes(64))
        return replace(unsigned, signature=self.node_key(stream, 2).sign(unsigned.signed(self.chain)))

    def next_submission(self, stream: int, *events: Event) -> Submission:
        last = {each.node: each.last for each in self.tip.control.streams}.get(stream, 0)
        return self.submission(stream, last + 1, *events)

    def certify(self, round: int = 0) -> Certificate:
        """The tip's certificate, by every node with a vote."""
        return self.signed(Certificate(self.tip.height, round, self.tip.hash, ()))

    def signed(self, certificate: Certificate) -> Certificate:
        """The same, signed by every node that had a vote over the tip."""
        voters = sorted(number for number, each in self.tip.judged.nodes.items() if each.power)
        message = certificate.precommit(self.chain)
        return replace(certificate, signatures=tuple(Vote(n, self.node_key(n, 1).sign(message)) for n in voters))

    def block(self, *submissions: Submission, **changes: object) -> Block:
        """The next block, climbed by the tip; `changes` spoil its header after it is made."""
        tip = self.tip
        body = Body(self.certificates[-1] if tip.height else None, submissions)
        header = Header(
            tip.control.protocol, 1, self.chain, tip.height + 1, tip.time + 1_000, tip.hash, body.hash(), 0, bytes(32),
            bytes(32), bytes(32), bytes(32), 0)
        control = tip.check_submissions(submissions, header.height)
        tip.extend_log(submissions, control)
        after, membership = control.end()
        header = replace(
            header, log_size=tip.frontier.size, log_root=tip.frontier.root(), map_root=tip.states.root(),
            control=after.hash(), next_membership=membership.hash())
        made = Block(replace(header, **changes), body)
        tip.become(made.header, after, Judges(membership) if membership != tip.judges.membership else tip.judges)
        self.blocks.append(made)
        self.memberships.append(membership)
        self.certificates.append(self.certify())
        return made

    def govern(self, change: object, effective: int, *approving: bytes, stream: int = 0) -> Block:
        """A block that proposes a change and has members approve it."""
        number = proposal_id(change, effective)
        approvals = [
            Approve(number, code, private_key("governance", code).sign(
                signed_bytes("approval", self.chain, number + code)))
            for code in approving]
        return self.block(self.next_submission(stream, Propose(change, effective), *approvals))

    def predecessor(self) -> Predecessor:
        """What a chain that goes on from this one has of it."""
        tip = self.tip
        return Predecessor(
            self.genesis.network_id(), tip.header, self.certificates[-1], tip.frontier.copy(), tip.control,
            tip.judged.membership, tip.judges.membership, self.changes())

    def changes(self, height: int | None = None) -> tuple[MembershipChange, ...]:
        """Those from the genesis up to a height, or the tip."""
        before = [self.genesis.membership, *self.memberships]
        blocks = zip(self.blocks[:height], self.certificates, before, self.memberships)
        return tuple(
            MembershipChange(block.header, certificate, now) for block, certificate, then, now in blocks if now != then)

    def frames(self, first: int = 0) -> list[bytes]:
        blocks = [archive.write_frame(archive.BLOCK, block.encode()) for block in self.blocks[first:]]
        return [*blocks, archive.write_frame(archive.CERTIFICATE, self.certificates[-1].encode())]

    def archive(self) -> bytes:
        foot = archive.write_frame(archive.FOOT, archive.Foot(None, None).encode())
        return archive.write_head(self.chain) + foot + b"".join(self.frames())


def audited(data: bytes, first: Genesis, depth: Depth = FULL, kept: Kept | None = None) -> Report:
    return audit(io.BytesIO(data), first, depth, kept)


def reread(block: Block) -> Block:
    return decode(Block, block.encode())
