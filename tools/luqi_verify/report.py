"""What an audit found, for a person and for a program."""

import sys
import time
from typing import Any, BinaryIO

from .audit import Report, Verdict
from .chain import Finding, Tip
from .genesis import Genesis
from .judge import CannotRead, Complete, Empty, Ended, Newer, NoEnd, NothingRead, Sound

MEANING = {
    Verdict.HOLDS: "everything that was verified holds",
    Verdict.ALTERED: "something in the archive does not hold",
    Verdict.UNDECIDED: "neither an alteration is shown nor that there is none",
}


def ended(how: Ended) -> str:
    """The word of section 16.1."""
    match how:
        case Complete():
            return "complete"
        case Empty():
            return "empty"
        case NoEnd():
            return "no_end"
        case CannotRead():
            return "unreadable"
        case NothingRead(head):
            return "head" if head else "foot"
        case Newer():
            return "newer_protocol"
        case Finding():
            return "fault"


def to_json(report: Report) -> dict[str, Any]:
    sound, finding = report.judged.sound, report.finding
    header = sound.header if sound else None
    return {
        "verdict": report.verdict.name.lower(),
        "height": report.height,
        "at": report.at,
        "ended": ended(report.judged.ended),
        "events": sound.events if sound else 0,
        "tip": sound.hash.hex() if header else None,
        "log_root": header.log_root.hex() if header else None,
        "map_root": header.map_root.hex() if header else None,
        "signed": report.signed,
        "witnessed": None,
        "timestamped": None,
        "bookmark": bookmark(report.judged.signed),
        "depth": report.depth(),
        "unchecked": report.unchecked(),
        "findings": [{
            "kind": str(finding.kind), "height": finding.height, "index": None, "subject": None,
            "detail": finding.detail,
        }] if finding else [],
        "extent": list(report.extent.notes),
    }


def bookmark(signed: Sound | None) -> dict[str, Any] | None:
    """What an auditor keeps (section 15.4): a block that was signed."""
    if signed is None:
        return None
    header, frontier = signed.header, signed.frontier
    return {
        "chain": header.chain.hex(), "height": header.height, "block": signed.hash.hex(),
        "log_size": header.log_size, "log_root": header.log_root.hex(), "control": header.control.hex(),
        "membership": header.next_membership.hex(),
        "frontier": {"size": frontier.size, "peaks": [peak.hex() for peak in frontier.peaks]},
    }


def to_text(report: Report, genesis: Genesis) -> str:
    lines = [f"chain     {genesis.chain_id().hex()}  ({genesis.name})", *described(report)]
    lines += [f"skipped   {words}" for words in report.depth()]
    lines += [f"unchecked {words}" for words in report.unchecked()]
    if report.finding:
        lines.append(f"found     height {report.finding.height}, {report.finding.kind}: {report.finding.detail}")
    lines.append(f"{report.verdict.name.lower()}: {MEANING[report.verdict]}; {how_far(report)}")
    if report.extent.notes:
        lines += ["", "beside the verdict: what else the file holds", *[f"  {note}" for note in report.extent.notes]]
    return "\n".join(lines)


def how_far(report: Report) -> str:
    if report.height is None:
        return "no block was judged"
    signed = f"signed up to block {report.signed:,}" if report.signed else "no block is signed"
    return f"sound up to block {report.height:,}, {signed}"


def described(report: Report) -> list[str]:
    """What was verified, and by which means."""
    judged = report.judged
    if judged.sound is None or judged.sound.height == judged.stands_on:
        return ["verified  no block"]
    sound, depth = judged.sound, judged.depth
    blocks = f"blocks {judged.stands_on + 1:,} to {sound.height:,}"
    means = [
        "recomputed: links, body hashes, log roots, control states, memberships",
        "signatures (Ed25519, strict): every submission; the certificate " + (
            "of every block" if depth.every_certificate else "of the last block and where the membership changed"),
    ]
    if judged.map_known:
        means.append("states folded, and the map root " + (
            "after every block, and of the last one from scratch" if depth.every_map else "of the last block"))
    return [
        f"verified  {blocks}: {sound.submissions:,} submissions, {sound.judged:,} events",
        *[f"          {mean}" for mean in means],
        f"tip       {sound.hash.hex()}",
        f"log root  {sound.header.log_root.hex()}",
        f"map root  {sound.header.map_root.hex()}",
    ]


class Progress:
    """A line on standard error that says how far it is: rewritten on a terminal, else a new one now and then."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self.begun = self.shown = time.monotonic()
        self.terminal = sys.stderr.isatty()
        self.every = 0.5 if self.terminal else 10.0

    def __call__(self, tip: Tip) -> None:
        now = time.monotonic()
        if now - self.shown < self.every:
            return
        self.shown = now
        elapsed, done = now - self.begun, self.file.tell() / self.size
        left = elapsed / done - elapsed
        line = (f"block {tip.height:,}, {tip.events:,} events, {done:.0%}, "
                f"{tip.events / elapsed:,.0f} events/s, {left:.0f} s left")
        print(f"\r\x1b[K{line}" if self.terminal else line, end="" if self.terminal else "\n",
              file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leaves no line behind."""
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
