"""One block on top of another: the five steps of section 11."""

from dataclasses import dataclass
from enum import StrEnum

from .block import Block, Header, Submission
from .certificate import Certificate
from .contract_map import ContractMap, map_key, state_hash
from .crypto import holds
from .event import ContractEvent, seal_leaf
from .fold import Occurrence, State, step
from .genesis import Genesis
from .governance import Approve, Control, ControlFold, Propose
from .membership import SUBMISSION, Judges
from .merkle import Frontier


class Kind(StrEnum):
    """What does not hold."""

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
    ENCODING = "encoding"
    UNREADABLE = "unreadable"
    MISSING = "missing"


class Finding(Exception):
    """The first thing that does not hold, and at which height."""

    def __init__(self, kind: Kind, height: int, detail: str) -> None:
        super().__init__(f"height {height}: {kind}: {detail}")
        self.kind = kind
        self.height = height
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Policy:
    """How much is verified beside what has to be: every certificate, the map after every block."""

    every_certificate: bool = True
    every_map: bool = True


class States:
    """The states of all subjects, and the map over them."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, State] = {}
        self.map = ContractMap()
        self.changed: set[bytes] = set()

    def fold(self, it: Occurrence) -> str:
        key = map_key(it.event.subject)
        before = self.by_key.get(key)
        after, outcome = step(before, it)
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


@dataclass(slots=True)
class Tip:
    """All that the next block is judged by. `judged` judged the tip itself, `judges` judges what follows."""

    chain: bytes
    height: int
    hash: bytes
    time: int
    frontier: Frontier
    log_root: bytes
    map_root: bytes
    control: Control
    judged: Judges | None
    judges: Judges
    states: States | None
    """`None` if they are not known, so that map roots cannot be recomputed."""
    predecessor: Header | None = None
    events: int = 0

    @classmethod
    def of_genesis(cls, genesis: Genesis) -> "Tip":
        """What stands below block 1 (section 12)."""
        chain, before = genesis.chain_id(), genesis.predecessor
        frontier = before.frontier.copy() if before else Frontier()
        map_root = before.header.map_root if before else bytes(32)
        return cls(
            chain, 0, chain, genesis.time, frontier, frontier.root(), map_root, genesis.control(), None,
            Judges(genesis.membership), None if any(map_root) else States(), before.header if before else None)

    def climb(self, block: Block, size: int, policy: Policy) -> None:
        """Becomes this block, if it follows; otherwise a `Finding`."""
        header, body = block.header, block.body
        self.check_header(block, size)
        self.check_certificate(body.certificate, policy)
        control = self.check_submissions(body.submissions, header.height)
        self.extend_log(body.submissions, control)
        if (self.frontier.size, self.frontier.root()) != (header.log_size, header.log_root):
            raise Finding(Kind.LOG, header.height, f"the log is another one: {self.frontier.size} entries")
        after, membership = control.end()
        if after.hash() != header.control:
            raise Finding(Kind.CONTROL, header.height, "the control state is another one")
        if membership.hash() != header.next_membership:
            raise Finding(Kind.MEMBERSHIP, header.height, "the next membership is another one")
        if self.states is not None and policy.every_map:
            self.check_map(header.height, header.map_root)
        self.events += body.event_count()
        self.become(header, after, Judges(membership) if membership != self.judges.membership else self.judges)

    def check_header(self, block: Block, size: int) -> None:
        """Step 1."""
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

    def check_certificate(self, certificate: Certificate | None, policy: Policy) -> None:
        """Step 2. Signatures count where the block below changed the membership, or where all shall count."""
        if self.height == 0:
            if certificate is not None:
                raise Finding(Kind.CERTIFICATE, 1, "block 1 carries one")
            return
        if certificate is None:
            raise Finding(Kind.CERTIFICATE, self.height + 1, "there is none of the block below")
        thorough = policy.every_certificate or self.judges is not self.judged
        fault = self.fault_of(certificate) if thorough else certificate.misnames(self.height, self.hash)
        if fault:
            raise Finding(Kind.CERTIFICATE, self.height + 1, fault)

    def fault_of(self, certificate: Certificate) -> str | None:
        """Why a certificate does not make the tip final."""
        return certificate.fault(self.chain, self.height, self.hash, self.judged)

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
        """Step 4, and the events' part of step 5: seals, then every entry, in order."""
        if self.height == 0 and self.predecessor:
            self.frontier.append(seal_leaf(self.predecessor.height, self.predecessor.hash()))
        self.frontier.append(seal_leaf(self.height, self.hash))
        for submission in submissions:
            actor = self.judges.owners[submission.stream]
            for event, leaf in zip(submission.events, submission.leaves):
                match event:
                    case ContractEvent():
                        if self.states is not None:
                            self.states.fold(Occurrence(event, actor, self.frontier.size, leaf))
                    case Propose():
                        control.propose(event, actor)
                    case Approve():
                        control.approve(event)
                self.frontier.append(leaf)

    def check_map(self, height: int, map_root: bytes) -> None:
        if self.states is not None and self.states.root() != map_root:
            raise Finding(Kind.MAP, height, "the states are other ones")

    def become(self, header: Header, control: Control, judges: Judges) -> None:
        self.height, self.hash, self.time = header.height, header.hash(), header.time
        self.log_root, self.map_root = header.log_root, header.map_root
        self.control, self.judged, self.judges = control, self.judges, judges

