"""One block on top of another: the five steps of section 11."""

from dataclasses import dataclass
from enum import StrEnum

from .archive import KeyedState
from .block import Block, Header, Submission
from .certificate import Certificate
from .codec import Invalid
from .contract_map import ContractMap, map_key, root_of_sorted, state_hash
from .crypto import holds
from .event import ContractEvent, seal_leaf
from .fold import Occurrence, State, step
from .genesis import Genesis
from .governance import Approve, Control, ControlFold, Propose
from .membership import SUBMISSION, Judges
from .merkle import Frontier


class Kind(StrEnum):
    """What does not hold (section 16.2): for people."""

    FOOT = "foot"
    ENCODING = "encoding"
    MISSING = "missing"
    BLOCK = "block"
    CHAIN = "chain"
    PROTOCOL = "protocol"
    HEIGHT = "height"
    LINK = "link"
    TIME = "time"
    LIMITS = "limits"
    BODY = "body"
    CERTIFICATE = "certificate"
    SUBMISSION = "submission"
    LOG = "log"
    MAP = "map"
    CONTROL = "control"
    MEMBERSHIP = "membership"
    REWRITTEN = "rewritten"


class Finding(Exception):
    """The first thing that does not hold, and at which height."""

    def __init__(self, kind: Kind, height: int, detail: str) -> None:
        super().__init__(f"height {height}: {kind}: {detail}")
        self.kind = kind
        self.height = height
        self.detail = detail


class States:
    """The states of all subjects, and the map over them."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, State] = {}
        self.map = ContractMap()
        self.changed: set[bytes] = set()

    @classmethod
    def of(cls, given: list[KeyedState]) -> "States":
        states = cls()
        for item in given:
            states.put(item.key, item.state)
        return states

    def fold(self, it: Occurrence, judges: Judges) -> str:
        key = map_key(it.event.subject)
        before = self.by_key.get(key)
        after, outcome = step(before, it, judges)
        if after is not before:
            self.put(key, after)
        return outcome

    def put(self, key: bytes, state: State) -> None:
        self.by_key[key] = state
        self.changed.add(key)

    def root(self) -> bytes:
        for key in self.changed:
            self.map.put(key, state_hash(self.by_key[key].encode()))
        self.changed.clear()
        return self.map.root()

    def root_anew(self) -> bytes:
        """The same from scratch: every state hashed, every key sorted."""
        return root_of_sorted(sorted((key, state_hash(state.encode())) for key, state in self.by_key.items()))


@dataclass(slots=True)
class Tip:
    """All that the next block is judged by. `judged` judged the tip itself, `judges` judges what follows."""

    chain: bytes
    height: int
    hash: bytes
    time: int
    frontier: Frontier
    header: Header | None
    """None below block 1."""
    map_root: bytes
    control: Control
    judged: Judges | None
    judges: Judges
    states: States | None
    """`None` if they are not known, so that map roots cannot be recomputed."""
    predecessor: Header | None = None
    events: int = 0
    submissions: int = 0

    @classmethod
    def of_genesis(cls, genesis: Genesis) -> "Tip":
        """What stands below block 1 (section 12)."""
        chain, before = genesis.chain_id(), genesis.predecessor
        frontier = before.frontier.copy() if before else Frontier()
        map_root = before.header.map_root if before else bytes(32)
        return cls(
            chain, 0, chain, genesis.time, frontier, None, map_root, genesis.control(), None,
            Judges(genesis.membership), None if before else States(), before.header if before else None)

    def climb(self, block: Block) -> None:
        """Steps 3 to 5 but for the map root: becomes this block, if it follows; otherwise a `Finding`."""
        header, body = block.header, block.body
        control = self.check_submissions(body.submissions, header.height)
        self.extend_log(body.submissions, control)
        if self.frontier.of() != (header.log_size, header.log_root):
            raise Finding(Kind.LOG, header.height, f"the log is another one: {self.frontier.size} entries")
        after, membership = control.end()
        if after.hash() != header.control:
            raise Finding(Kind.CONTROL, header.height, "the control state is another one")
        if membership.hash() != header.next_membership:
            raise Finding(Kind.MEMBERSHIP, header.height, "the next membership is another one")
        self.events += body.event_count()
        self.submissions += len(body.submissions)
        self.become(header, after, Judges(membership) if membership != self.judges.membership else self.judges)

    def certifies_another(self, certificate: Certificate) -> bool:
        """Whether it makes another block final at the tip's height."""
        return self.height > 0 and certificate.block != self.hash and certificate.fault(
            self.chain, self.height, certificate.block, self.judged) is None

    def check_not_another(self, certificate: Certificate | None) -> None:
        """Whatever carries a good certificate of another block at the tip's height speaks against the tip."""
        if certificate is not None and self.certifies_another(certificate):
            raise Finding(Kind.BLOCK, self.height, f"another block was certified: {certificate.block.hex()}")

    def check_certificate(self, certificate: Certificate | None, thorough: bool) -> None:
        """Step 2: the certificate in the block above makes the tip final.

        Signatures count where the tip changed the membership, or where all shall count.
        """
        if fault := self.certificate_fault(certificate, thorough or self.judges is not self.judged):
            raise Finding(Kind.CERTIFICATE, self.height + 1, fault)

    def certificate_fault(self, certificate: Certificate | None, thorough: bool) -> str | None:
        if self.height == 0:
            return "block 1 carries one" if certificate else None
        if certificate is None:
            return "the block carries none"
        if not thorough:
            return certificate.misnames(self.height, self.hash)
        return certificate.fault(self.chain, self.height, self.hash, self.judged)

    def check_end(self, certificate: Certificate) -> None:
        """The certificate at the end is the tip's own."""
        self.check_nothing_missing(certificate)
        self.check_not_another(certificate)
        if fault := certificate.fault(self.chain, self.height, self.hash, self.judged):
            raise Finding(Kind.CERTIFICATE, self.height, f"at the end: {fault}")

    def check_nothing_missing(self, certificate: Certificate) -> None:
        """A good certificate at the end is not of a later block."""
        above = certificate.height > self.height
        if above and certificate.fault(self.chain, certificate.height, certificate.block, self.judges) is None:
            fault = f"the certificate at the end is of height {certificate.height}"
            raise Finding(Kind.MISSING, self.height + 1, fault)

    def check_map(self) -> None:
        """The recomputed map is the header's, where the states are known."""
        if self.states is not None and self.states.root() != self.map_root:
            raise Finding(Kind.MAP, self.height, "the states are other ones")

    def check_map_anew(self) -> None:
        """The same with the map made from scratch, by its definition and nothing else."""
        if self.states is not None and self.states.root_anew() != self.map_root:
            raise Finding(Kind.MAP, self.height, "the states are other ones")

    def check_header(self, block: Block, size: int) -> None:
        """Step 1. The body is hashed last, once the rest of the header fits."""
        header, body, parameters = block.header, block.body, self.judges.parameters
        conditions = (
            (Kind.CHAIN, header.chain == self.chain, "the block is of another chain"),
            (Kind.PROTOCOL, header.protocol == self.control.protocol, f"protocol {header.protocol} is not in force"),
            (Kind.HEIGHT, header.height == self.height + 1, f"height {header.height} after {self.height}"),
            (Kind.LINK, header.parent == self.hash, "the parent is not the block below"),
            (Kind.TIME, header.time >= self.time, "earlier than the block below"),
            (Kind.LIMITS, size <= parameters.block_bytes, f"{size} bytes"),
            (Kind.LIMITS, body.event_count() <= parameters.block_events, f"{body.event_count()} events"),
            (Kind.BODY, body.hash() == header.body, "the body is another one"),
        )
        for kind, fits, detail in conditions:
            if not fits:
                raise Finding(kind, self.height + 1, detail)

    def check_submissions(self, submissions: tuple[Submission, ...], height: int) -> ControlFold:
        """Step 3; gives the control state with the streams as far as they have come."""
        control = ControlFold(self.chain, height, self.judges, self.control)
        for submission in submissions:
            if fault := self.submission_fault(submission, control):
                where = f"stream {submission.stream}, sequence {submission.sequence}"
                raise Finding(Kind.SUBMISSION, height, f"{where}: {fault}")
            control.streams[submission.stream] = submission.sequence
        return control

    def submission_fault(self, submission: Submission, control: ControlFold) -> str | None:
        if not 1 <= len(submission.events) <= self.judges.parameters.submission_events:
            return f"{len(submission.events)} events"
        node = self.judges.nodes.get(submission.stream)
        if node is None:
            return "no node of the membership"
        last = control.streams.get(submission.stream, 0)
        if submission.sequence != last + 1:
            return f"it should be number {last + 1}"
        if not holds(node.key(SUBMISSION), submission.signature, submission.signed(self.chain)):
            return "the signature does not hold"
        return None

    def extend_log(self, submissions: tuple[Submission, ...], control: ControlFold) -> None:
        """The making of steps 4 and 5: seals, then every entry, in order."""
        if self.height == 0 and self.predecessor:
            self.frontier.append(seal_leaf(self.predecessor.height, self.predecessor.hash()))
        self.frontier.append(seal_leaf(self.height, self.hash))
        for submission in submissions:
            actor = self.judges.owners[submission.stream]
            for event, leaf in zip(submission.events, submission.leaves):
                match event:
                    case ContractEvent():
                        if self.states is not None:
                            self.states.fold(Occurrence(event, actor, self.frontier.size, leaf), self.judges)
                    case Propose():
                        control.propose(event, actor, submission.stream)
                    case Approve():
                        control.approve(event, submission.stream)
                self.frontier.append(leaf)

    def become(self, header: Header, control: Control, judges: Judges) -> None:
        self.header, self.height, self.hash, self.time = header, header.height, header.hash(), header.time
        self.map_root, self.control, self.judged, self.judges = header.map_root, control, self.judges, judges

