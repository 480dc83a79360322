"""What an audit found, for a person and for a program."""

import sys
import time
from typing import Any, BinaryIO

from .audit import Report, bookmark
from .chain import Tip
from .genesis import Genesis

MEANING = {
    "holds": "everything that was verified holds",
    "altered": "something in the archive does not hold",
    "undecided": "neither an alteration is shown nor that there is none",
}


def to_json(report: Report) -> dict[str, Any]:
    vouched, finding = report.vouched, report.finding
    return {
        "verdict": report.verdict(),
        "height": vouched.height if vouched else 0,
        "events": vouched.events if vouched else 0,
        "tip": vouched.hash.hex() if vouched else None,
        "log_root": vouched.log_root.hex() if vouched else None,
        "map_root": vouched.map_root.hex() if vouched else None,
        "signed": report.signed,
        "witnessed": None,
        "timestamped": None,
        "bookmark": bookmark(vouched),
        "unchecked": list(report.unchecked.values()),
        "findings": [{
            "kind": str(finding.kind), "height": finding.height, "index": None, "subject": None,
            "detail": finding.detail,
        }] if finding else [],
    }


def to_text(report: Report, genesis: Genesis) -> str:
    lines = [f"chain     {genesis.chain_id().hex()}  ({genesis.name})"]
    if report.vouched:
        lines += described(report)
    else:
        lines.append("verified  no block")
    lines += [f"unchecked {words}" for words in report.unchecked.values()]
    if report.finding:
        lines.append(f"found     height {report.finding.height}, {report.finding.kind}: {report.finding.detail}")
    up_to = f"vouches up to height {report.vouched.height}" if report.vouched else "vouches for no block"
    lines.append(f"{report.verdict()}: {MEANING[report.verdict()]}; {up_to}")
    return "\n".join(lines)


def described(report: Report) -> list[str]:
    """What was verified, and by which means."""
    vouched, policy = report.vouched, report.policy
    blocks = f"blocks {report.first:,} to {vouched.height:,}"
    means = [
        "recomputed: links, body hashes, log roots, control states, memberships",
        "signatures (Ed25519, strict): every submission; the certificate " + (
            "of every block" if policy.every_certificate else "of the last block and where the membership changed"),
    ]
    if "map" not in report.unchecked:
        means.append("states folded, and the map root " + (
            "after every block, and of the last one from scratch" if policy.every_map else "of the last block"))
    return [
        f"verified  {blocks}: {vouched.submissions:,} submissions, {vouched.events:,} events",
        *[f"          {mean}" for mean in means],
        f"tip       {vouched.hash.hex()}",
        f"signed    {f'up to block {report.signed:,}' if report.signed else 'nothing'}",
        f"log root  {vouched.log_root.hex()}",
        f"map root  {vouched.map_root.hex()}",
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
