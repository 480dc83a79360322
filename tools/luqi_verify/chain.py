"""One block on top of another: the five steps of section 11."""

from dataclasses import dataclass
from enum import StrEnum

from .block import Block, Header, Submission
from .certificate import Certificate
from .contract_map import ContractMap, map_key, root_of_sorted, state_hash
from .crypto import holds
from .event import ContractEvent, seal_leaf
from .fold import Occurrence, State, step
from .genesis import Genesis
from .governance import Approve, Control, ControlFold, Propose
from .membership import SUBMISSION, Judges
from .merkle import Frontier


class Kind(StrEnum):
    """What does not hold, in the order in which one height is judged (section 16.2)."""

    FOOT = "foot"
    UNREADABLE = "unreadable"
    ENCODING = "encoding"
    MISSING = "missing"
    CHAIN = "chain"
    PROTOCOL = "protocol"
    HEIGHT = "height"
    LINK = "link"
    TIME = "time"
    LIMITS = "limits"
    BODY = "body"
    CERTIFICATE = "certificate"
    SUBMISSION = "submission"
    CONTROL = "control"
    MEMBERSHIP = "membership"
    REWRITTEN = "rewritten"
    LOG = "log"
    MAP = "map"
    BLOCK = "block"


class Finding(Exception):
    """The lowest thing that does not hold, and at which height."""

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
    """The log as it was recomputed; `log_size` and `log_root` are what the header says."""
    header: Header | None
    """None below block 1."""
    log_size: int
    log_root: bytes
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
            chain, 0, chain, genesis.time, frontier, None, frontier.size, frontier.root(), map_root, genesis.control(), None,
            Judges(genesis.membership), None if before else States(), before.header if before else None)

    def climb(self, block: Block) -> None:
        """Steps 3 to 5 but for the roots: becomes this block, if it follows; otherwise a `Finding`.

        What is left to judge of it are its roots, and its certificate, which stands in what comes next.
        """
        header, body = block.header, block.body
        control = self.check_submissions(body.submissions, header.height)
        self.extend_log(body.submissions, control)
        after, membership = control.end()
        if after.hash() != header.control:
            raise Finding(Kind.CONTROL, header.height, "the control state is another one")
        if membership.hash() != header.next_membership:
            raise Finding(Kind.MEMBERSHIP, header.height, "the next membership is another one")
        self.events += body.event_count()
        self.submissions += len(body.submissions)
        self.become(header, after, Judges(membership) if membership != self.judges.membership else self.judges)

    def carries_certificate(self, block: Block) -> bool:
        """Whether this is the block above the tip, as far as the certificate in its body can be relied on."""
        header = block.header
        fits = (header.chain, header.height) == (self.chain, self.height + 1)
        return fits and header.body == block.body.hash()

    def certificate_fault(self, certificate: Certificate | None, thorough: bool, carrier: int) -> Finding | None:
        """Step 2 for the block above: whether the tip is final. `carrier` is the height that has the certificate.

        Signatures count where the tip changed the membership, or where all shall count. Of the tip it speaks where
        it is a good certificate of another block at that height.
        """
        if certificate is None:
            return Finding(Kind.CERTIFICATE, carrier, "the block carries none")
        if certificate.height == self.height and certificate.block != self.hash:
            fault = certificate.fault(self.chain, self.height, certificate.block, self.judged)
            if fault is None:
                return Finding(Kind.BLOCK, self.height, f"another block was certified: {certificate.block.hex()}")
            return Finding(Kind.CERTIFICATE, carrier, f"it is of another block, and does not hold: {fault}")
        thorough = thorough or self.judges is not self.judged
        if thorough:
            fault = certificate.fault(self.chain, self.height, self.hash, self.judged)
        else:
            fault = certificate.misnames(self.height, self.hash)
        return Finding(Kind.CERTIFICATE, carrier, fault) if fault else None

    def check_log(self) -> None:
        """The recomputed log is the header's."""
        if (self.frontier.size, self.frontier.root()) != (self.log_size, self.log_root):
            raise Finding(Kind.LOG, self.height, f"the log is another one: {self.frontier.size} entries")

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
                            self.states.fold(Occurrence(event, actor, self.frontier.size, leaf))
                    case Propose():
                        control.propose(event, actor)
                    case Approve():
                        control.approve(event)
                self.frontier.append(leaf)

    def become(self, header: Header, control: Control, judges: Judges) -> None:
        self.header, self.height, self.hash, self.time = header, header.height, header.hash(), header.time
        self.log_size, self.log_root, self.map_root = header.log_size, header.log_root, header.map_root
        self.control, self.judged, self.judges = control, self.judges, judges

