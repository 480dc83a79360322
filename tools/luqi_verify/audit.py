"""A whole archive, from its foot to the certificate of its last block (sections 15 and 16)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, BinaryIO

from .archive import (
    BLOCK, CERTIFICATE, FOOT, STATE_LIST, STATES, Below, Foot, Frame, Unreadable, read_frames, read_head,
)
from .block import Block
from .certificate import Certificate
from .chain import Finding, Kind, Policy, States, Tip
from .codec import Invalid, decode, from_hex
from .genesis import Genesis
from .membership import Judges


class Exit(IntEnum):
    """What the command ends with."""

    HOLDS = 0
    ALTERED = 1
    USAGE = 2
    UNDECIDED = 3
    FAILED = 4


PROVES_NOTHING = {Kind.UNREADABLE, Kind.SHORT}
"""A file that is damaged or not whole is no evidence, neither for the chain nor against it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an auditor kept from an earlier audit: the hash of the block at a height."""

    height: int
    tip: bytes

    @classmethod
    def from_json(cls, text: str) -> "Kept":
        value = json.loads(text)
        if value["tip"] is None:
            raise Invalid("what was kept vouches for no block")
        return cls(int(value["height"]), from_hex(value["tip"]))


@dataclass(frozen=True, slots=True)
class Vouched:
    """The last block of which everything was found to hold, and what was counted up to it."""

    height: int
    hash: bytes
    log_root: bytes
    map_root: bytes
    events: int
    submissions: int

    @classmethod
    def of(cls, tip: Tip) -> "Vouched":
        return cls(tip.height, tip.hash, tip.log_root, tip.map_root, tip.events, tip.submissions)


@dataclass(slots=True)
class Report:
    """What was verified, up to where, and what was found."""

    policy: Policy = Policy()
    first: int = 1
    """The height of the first block."""
    vouched: Vouched | None = None
    finding: Finding | None = None
    unchecked: list[str] = field(default_factory=list)

    def exit(self) -> Exit:
        if self.finding:
            return Exit.UNDECIDED if self.finding.kind in PROVES_NOTHING else Exit.ALTERED
        return Exit.UNDECIDED if "start" in self.unchecked else Exit.HOLDS

    def verdict(self) -> str:
        return self.exit().name.lower()


def audit(
    file: BinaryIO, genesis: Genesis, policy: Policy = Policy(), kept: Kept | None = None,
    watch: Callable[[Tip], None] = lambda tip: None,
) -> Report:
    """Verifies an archive. What does not hold is in the report; only a failure to read the file raises.

    `watch` is shown the tip after every block.
    """
    run = Audit(file, genesis, policy, kept, watch)
    try:
        run.run()
    except Finding as finding:
        run.report.finding = finding
    except Unreadable as error:
        run.report.finding = Finding(Kind.UNREADABLE, run.next_height(), str(error))
    except Invalid as error:
        run.report.finding = Finding(Kind.ENCODING, run.next_height(), str(error))
    return run.report


class Frames(Iterator[Frame]):
    """The frames of an archive, of which the next one can be looked at before it is taken."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self.rest = frames
        self.ahead: Frame | None = None

    def __next__(self) -> Frame:
        frame, self.ahead = self.ahead, None
        return frame or next(self.rest)

    def peek(self) -> Frame | None:
        self.ahead = self.ahead or next(self.rest, None)
        return self.ahead

    def of_kind(self, kind: int) -> Iterator[Frame]:
        """The frames of this kind that come next."""
        while (frame := self.peek()) and frame.kind == kind:
            yield next(self)


class Audit:
    """One run through one archive."""

    def __init__(
        self, file: BinaryIO, genesis: Genesis, policy: Policy, kept: Kept | None, watch: Callable[[Tip], None],
    ) -> None:
        self.file = file
        self.frames = Frames(read_frames(file))
        self.genesis = genesis
        self.policy = policy
        self.kept = kept
        self.watch = watch
        self.tip: Tip | None = None
        self.report = Report(policy)

    def run(self) -> None:
        if read_head(self.file) != self.genesis.chain_id():
            raise Finding(Kind.CHAIN, 0, "the archive is of another chain than the genesis")
        self.tip = tip = self.read_foot()
        self.meet_kept(tip)
        certificate = self.climb(tip)
        self.finish(tip, certificate)

    def next_height(self) -> int:
        return self.tip.height + 1 if self.tip else 0

    # -- the foot ------------------------------------------------------------------------------

    def read_foot(self) -> Tip:
        frame = next(self.frames, None)
        if frame is None:
            raise Unreadable("ends before its foot")
        if frame.kind != FOOT:
            raise Finding(Kind.ENCODING, 0, f"a frame of kind {frame.kind} where the foot belongs")
        foot = Foot.decode(frame.data)
        tip = self.stand_on(foot.below) if foot.below else Tip.of_genesis(self.genesis)
        if foot.states is not None:
            tip.states = self.read_states(foot.states, tip.height)
            tip.check_map()
        self.report.first = tip.height + 1
        if foot.below:
            self.report.unchecked.append("start")
        if tip.states is None:
            self.report.unchecked.append("map")
        return tip

    def stand_on(self, below: Below) -> Tip:
        """Section 16: what has to hold of a foot."""
        header, height, chain = below.header, below.header.height, self.genesis.chain_id()
        judged, judges = self.climb_changes(below, chain)
        conditions = (
            (Kind.CHAIN, header.chain == chain, "the header below is of another chain"),
            (Kind.HEIGHT, height >= 1, "a foot that stands on the genesis"),
            (Kind.MEMBERSHIP, judges.hash == header.next_membership, "the changes do not lead to the membership"),
            (Kind.LOG, (below.frontier.size, below.frontier.root()) == (header.log_size, header.log_root),
             "the frontier is another one"),
            (Kind.CONTROL, below.control.hash() == header.control, "the control state is another one"),
        )
        for kind, fits, detail in conditions:
            if not fits:
                raise Finding(kind, height, detail)
        return Tip(
            chain, height, header.hash(), header.time, below.frontier, header.log_size, header.log_root,
            header.map_root, below.control, judged, judges, None)

    def climb_changes(self, below: Below, chain: bytes) -> tuple[Judges, Judges]:
        """The membership that judged the header below, and the one that judges what follows."""
        judged = judges = Judges(self.genesis.membership)
        height = 0
        for change in below.changes:
            header = change.header
            if header.chain != chain:
                raise Finding(Kind.CHAIN, header.height, "a change of another chain")
            if not height < header.height <= below.header.height:
                raise Finding(Kind.HEIGHT, header.height, "changes out of order")
            if fault := change.certificate.fault(chain, header.height, header.hash(), judges):
                raise Finding(Kind.CERTIFICATE, header.height, fault)
            if change.membership.hash() != header.next_membership:
                raise Finding(Kind.MEMBERSHIP, header.height, "the membership is another one")
            height, judged, judges = header.height, judges, Judges(change.membership)
            if height == below.header.height and header != below.header:
                raise Finding(Kind.LINK, height, "the last change is another block than the one below")
        return (judged if height == below.header.height else judges), judges

    def read_states(self, number: int, height: int) -> States:
        """As many states as the foot announces, their keys rising throughout."""
        states, last = States(), b""
        for frame in self.frames.of_kind(STATES):
            for item in decode(STATE_LIST, frame.data):
                if item.key <= last:
                    raise Finding(Kind.ENCODING, height, "states out of order")
                last = item.key
                states.put(item.key, item.state)
            if len(states.by_key) > number:
                raise Finding(Kind.ENCODING, height, "more states than the foot announces")
        if len(states.by_key) < number:
            if self.frames.peek() is None:
                raise Unreadable("ends within the states")
            raise Finding(Kind.ENCODING, height, "fewer states than the foot announces")
        return states

    # -- the blocks ----------------------------------------------------------------------------

    def climb(self, tip: Tip) -> Certificate | None:
        """Every block in turn; gives the certificate that follows them."""
        while True:
            try:
                part = self.next_part(tip)
            except (Invalid, Unreadable, Finding):
                self.check_roots(tip)  # what is wrong with the tip stands below what is wrong with this
                raise
            if not isinstance(part, tuple):
                return part
            block, size = part
            self.check_roots(tip)
            certified = tip.carries_certificate(block)
            if certified:
                self.check_certificate(tip, block.body.certificate)
            if certified and self.policy == Policy():
                self.vouch_for(tip)  # a run that looks at less vouches for nothing before its end
            tip.climb(block, size)
            self.meet_kept(tip)
            self.watch(tip)

    def next_part(self, tip: Tip) -> tuple[Block, int] | Certificate | None:
        """The next block and its size; after the last one, its certificate, or nothing."""
        frame = next(self.frames, None)
        if frame is None:
            return None
        if frame.kind == CERTIFICATE:
            return Certificate.decode(frame.data)
        if frame.kind != BLOCK:
            raise Finding(Kind.ENCODING, tip.height + 1, f"a frame of kind {frame.kind} where a block belongs")
        return Block.decode(frame.data), len(frame.data)

    def check_certificate(self, tip: Tip, certificate: Certificate | None) -> None:
        """What stands above the tip makes it final. That alone proves the header that a foot brings along."""
        if tip.height >= 1:
            thorough = self.policy.every_certificate or tip.height < self.report.first
            tip.check_certificate(certificate, thorough, carrier=tip.height + 1)

    def check_roots(self, tip: Tip) -> None:
        """The roots of the tip."""
        tip.check_log()
        if self.policy.every_map:
            tip.check_map()

    def vouch_for(self, tip: Tip) -> None:
        if tip.height >= self.report.first:
            self.report.vouched = Vouched.of(tip)

    def meet_kept(self, tip: Tip) -> None:
        """At the height that the auditor kept, the hash has to be the one that was kept."""
        if self.kept is None or self.kept.height != tip.height:
            return
        if self.kept.tip != tip.hash:
            raise Finding(Kind.LINK, tip.height, "it is not the block that was kept from an earlier audit")
        if "start" in self.report.unchecked:
            self.report.unchecked.remove("start")

    # -- the end -------------------------------------------------------------------------------

    def finish(self, tip: Tip, certificate: Certificate | None) -> None:
        above = certificate is not None and certificate.height > tip.height
        empty = tip.height < self.report.first
        tip.check_log()
        tip.check_map()
        if certificate is not None and not above and not empty:
            tip.check_certificate(certificate, thorough=True, carrier=tip.height)
        if certificate is None:
            raise Unreadable("ends without the certificate of its last block")
        if above:
            raise Finding(Kind.MISSING, tip.height + 1, f"the last certificate is of height {certificate.height}")
        if empty:
            raise Finding(Kind.SHORT, tip.height, "an archive without a block")
        self.vouch_for(tip)
        if self.file.read(1):
            raise Finding(Kind.ENCODING, tip.height, "something follows the certificate of the last block")
        if self.kept and self.kept.height > tip.height:
            raise Finding(Kind.SHORT, tip.height, f"an earlier audit went up to height {self.kept.height}")
