"""A whole archive, from its foot to the certificate of its last block (sections 15 and 16)."""

import json
from collections.abc import Iterator
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


PROVES_NOTHING = {Kind.UNREADABLE, Kind.MISSING}
"""A file that is damaged or not whole is no evidence, neither for the chain nor against it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an auditor kept from an earlier audit: the hash of the block at a height."""

    height: int
    tip: bytes

    @classmethod
    def from_json(cls, text: str) -> "Kept":
        value = json.loads(text)
        return cls(int(value["height"]), from_hex(value["tip"]))


@dataclass(slots=True)
class Report:
    """What was verified, up to where, and what was found."""

    tip: Tip | None = None
    first: int = 1
    finding: Finding | None = None
    unchecked: list[str] = field(default_factory=list)

    def exit(self) -> Exit:
        if self.finding:
            return Exit.UNDECIDED if self.finding.kind in PROVES_NOTHING else Exit.ALTERED
        return Exit.UNDECIDED if "start" in self.unchecked else Exit.HOLDS

    def to_json(self) -> dict[str, Any]:
        tip, finding = self.tip, self.finding
        return {
            "verdict": self.exit().name.lower(),
            "height": tip.height if tip else 0,
            "events": tip.events if tip else 0,
            "tip": tip.hash.hex() if tip else None,
            "log_root": tip.log_root.hex() if tip else None,
            "map_root": tip.map_root.hex() if tip else None,
            "unchecked": self.unchecked,
            "findings": [
                {"kind": str(finding.kind), "height": finding.height, "detail": finding.detail}
            ] if finding else [],
        }

    def to_text(self) -> str:
        lines = []
        if self.tip and self.tip.height >= self.first:
            lines += [
                f"verified blocks {self.first} to {self.tip.height}, {self.tip.events} events",
                f"  tip      {self.tip.hash.hex()}",
                f"  log root {self.tip.log_root.hex()}",
                f"  map root {self.tip.map_root.hex()}",
            ]
        lines += [f"  unchecked: {part}" for part in self.unchecked]
        if self.finding:
            lines.append(f"height {self.finding.height}: {self.finding.kind}: {self.finding.detail}")
        lines.append(self.exit().name.lower())
        return "\n".join(lines)


def audit(file: BinaryIO, genesis: Genesis, policy: Policy = Policy(), kept: Kept | None = None) -> Report:
    """Verifies an archive. What does not hold is in the report; only a failure to read the file raises."""
    report = Report()
    try:
        Audit(file, genesis, policy, kept, report).run()
    except Finding as finding:
        report.finding = finding
    except Unreadable as error:
        report.finding = Finding(Kind.UNREADABLE, next_height(report), str(error))
    except Invalid as error:
        report.finding = Finding(Kind.ENCODING, next_height(report), str(error))
    return report


def next_height(report: Report) -> int:
    return report.tip.height + 1 if report.tip else 0


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

    def __init__(self, file: BinaryIO, genesis: Genesis, policy: Policy, kept: Kept | None, report: Report) -> None:
        self.file = file
        self.frames = Frames(read_frames(file))
        self.genesis = genesis
        self.policy = policy
        self.kept = kept
        self.report = report

    def run(self) -> None:
        if read_head(self.file) != self.genesis.chain_id():
            raise Finding(Kind.CHAIN, 0, "the archive is of another chain than the genesis")
        tip = self.read_foot()
        certificate = self.climb(tip)
        self.finish(tip, certificate)

    # -- the foot ------------------------------------------------------------------------------

    def read_foot(self) -> Tip:
        frame = next(self.frames, None)
        if frame is None:
            raise Finding(Kind.MISSING, 0, "the archive ends before its foot")
        if frame.kind != FOOT:
            raise Finding(Kind.ENCODING, 0, f"a frame of kind {frame.kind} where the foot belongs")
        below = Foot.decode(frame.data).below
        tip = self.stand_on(below) if below else Tip.of_genesis(self.genesis)
        self.report.tip, self.report.first = tip, tip.height + 1
        if below:
            self.report.unchecked.append("start")
        if tip.states is None:
            self.report.unchecked.append("map")
        self.meet_kept(tip)
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
        tip = Tip(
            chain, height, header.hash(), header.time, below.frontier, header.log_root, header.map_root, below.control,
            judged, judges, None)
        if below.states is not None:
            tip.states = self.read_states(below.states, height)
            tip.check_map(height, header.map_root)
        return tip

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
                raise Finding(Kind.MISSING, height, "the archive ends within the states")
            raise Finding(Kind.ENCODING, height, "fewer states than the foot announces")
        return states

    # -- the blocks ----------------------------------------------------------------------------

    def climb(self, tip: Tip) -> Certificate | None:
        """Every block in turn; gives the certificate that follows them."""
        for frame in self.frames:
            if frame.kind == CERTIFICATE:
                return Certificate.decode(frame.data)
            if frame.kind != BLOCK:
                raise Finding(Kind.ENCODING, tip.height + 1, f"a frame of kind {frame.kind} where a block belongs")
            # The certificate in the first block is what proves the header that a foot brings along.
            first_above_foot = tip.height >= 1 and tip.height + 1 == self.report.first
            policy = Policy(self.policy.every_certificate or first_above_foot, self.policy.every_map)
            tip.climb(Block.decode(frame.data), len(frame.data), policy)
            self.meet_kept(tip)
        return None

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
        if not self.policy.every_map:
            tip.check_map(tip.height, tip.map_root)
        if certificate is None:
            raise Finding(Kind.MISSING, tip.height, "the archive ends without the certificate of its last block")
        if tip.height < self.report.first:
            raise Finding(Kind.MISSING, tip.height, "an archive without a block")
        if fault := tip.fault_of(certificate):
            raise Finding(Kind.CERTIFICATE, tip.height, fault)
        if next(self.frames, None) is not None:
            raise Finding(Kind.ENCODING, tip.height, "something follows the certificate of the last block")
        if self.kept and self.kept.height > tip.height:
            raise Finding(Kind.MISSING, tip.height, f"an earlier audit went up to height {self.kept.height}")
