"""The verdict of an audit (section 15): `verdict` is what to read first, `judge` what it stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from .chain import Finding, Kind, Tip
from .extent import Extent, extent_of
from .genesis import Genesis
from .judge import FULL, CannotRead, Complete, Depth, Empty, Judged, Kept, Newer, NoEnd, NothingRead, judge


class Verdict(IntEnum):
    """And what the command ends with."""

    HOLDS = 0
    ALTERED = 1
    UNDECIDED = 3


def verdict(judged: Judged, kept: Kept | None) -> Verdict:
    """Section 15.1. It comes from what was judged, and from what was kept outside the bytes that were judged."""
    if fault_of(judged, kept) is not None:
        return Verdict.ALTERED
    read_to_its_end = isinstance(judged.ended, Complete)
    own_certificate = judged.sound is not None and judged.signed is judged.sound
    proved_start = judged.stands_on == 0 or judged.met
    if read_to_its_end and own_certificate and proved_start and not judged.sound.outsiders:
        return Verdict.HOLDS
    return Verdict.UNDECIDED


def fault_of(judged: Judged, kept: Kept | None) -> Finding | None:
    """The first fault: what ended the reading, or that it ended below a block that was kept."""
    match judged.ended:
        case Finding():
            return judged.ended
        case NothingRead() | Newer():
            return None
        case Complete() | Empty() | NoEnd() | CannotRead():
            last = judged.sound.height
            if kept is not None and kept.height > last:
                return Finding(Kind.MISSING, last + 1, f"an earlier audit went up to height {kept.height}")
            return None


@dataclass(frozen=True, slots=True)
class Report:
    """The answer: all of it comes from what was judged, and `extent` only stands beside it."""

    judged: Judged
    kept: Kept | None
    extent: Extent

    @property
    def verdict(self) -> Verdict:
        return verdict(self.judged, self.kept)

    @property
    def finding(self) -> Finding | None:
        return fault_of(self.judged, self.kept)

    @property
    def height(self) -> int | None:
        """Of the last block judged sound, or what the first one stands on."""
        return self.judged.sound.height if self.judged.sound else None

    @property
    def at(self) -> int | None:
        """The first height that does not hold, cannot be read, or follows a protocol that is not known here."""
        if self.finding:
            return self.finding.height
        return self.judged.ended.at if isinstance(self.judged.ended, CannotRead | Newer) else None

    @property
    def signed(self) -> int | None:
        return self.judged.signed.height if self.judged.signed else None

    def depth(self) -> list[str]:
        """What was not looked at, in words."""
        depth, skipped = self.judged.depth, []
        if not depth.every_certificate:
            skipped.append("certificates in blocks above one that left the membership as it was")
        if not depth.every_map:
            skipped.append("map roots of all blocks but the last")
        return skipped

    def unchecked(self) -> list[str]:
        """What could not be judged, in words."""
        judged, why = self.judged, []
        match judged.ended:
            case NothingRead():
                why.append(f"all blocks: {judged.ended.why}")
            case CannotRead():
                why.append(f"blocks from {judged.ended.at} on: {judged.ended.why}")
            case Empty():
                why.append("an archive without a block")
            case NoEnd():
                why.append("the certificate of the last block: it is not here")
            case Newer():
                why.append(f"blocks from {judged.ended.at} on follow protocol {judged.ended.protocol}, "
                           "which this verifier does not know")
        if judged.sound is None:
            return why
        if judged.stands_on > 0 and not judged.met:
            why.append(f"blocks 1 to {judged.stands_on}: they are not here")
        if not judged.map_known:
            why.append("map roots: the states below the first block are not here")
        if judged.sound.outsiders:
            why.append("witnesses and time stamps, which the trust policy asks for: none are here")
        return why


def audit(
    file: BinaryIO, genesis: Genesis, depth: Depth = FULL, kept: Kept | None = None,
    watch: Callable[[Tip], None] = lambda tip: None,
) -> Report:
    """Audits an archive. Whatever less than the full depth says but *holds* is judged again at full depth."""
    judged = judge(file, genesis, depth, kept, watch)
    if depth != FULL and verdict(judged, kept) is not Verdict.HOLDS:
        judged = judge(file, genesis, FULL, kept, watch)
    return Report(judged, kept, extent_of(file, genesis, judged))
