"""The command line of the verifier."""

import argparse
import json
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from .archive import OtherChain
from .audit import Verdict, audit
from .codec import Invalid, from_hex
from .crypto import MissingLibrary
from .genesis import Genesis, read_genesis
from .judge import Depth, Kept
from .record import Kind, check_record, slot_names
from .report import Progress, to_json, to_text
from .vectors import check_file, check_folder

class Exit(IntEnum):
    """What the command ends with, beside the three verdicts."""

    PASSED = 0
    WRONG = 1
    USAGE = 2
    FAILED = 4


EXIT = "exit: 0 holds, 1 provably wrong, 2 usage, 3 undecided, 4 failed"

EXAMPLES = f"""\
examples:
  Verify a whole archive, every certificate and every state:
    verify.py archive chain.luqi --genesis genesis.json
  Only what carries the chain, which is faster:
    verify.py archive chain.luqi --genesis genesis.json --certificates tip --state tip
  Keep the result; later, make sure that the chain still goes through it:
    verify.py archive chain.luqi --genesis genesis.json --json > kept.json
    verify.py archive later.luqi --genesis genesis.json --from kept.json
  Recompute the golden vectors, one file or a folder of them:
    verify.py vectors ledger-core/vectors
  The commitment to a record, to compare with the chain's:
    verify.py record --kind 17 --version 1 --secret HEX --slots slots.json

{EXIT}
"""

ARCHIVE = f"""\
Recomputes every link, body, log root, control state, membership and state from the genesis (or, for a part
of a chain, from the archive's foot), verifies every signature that it rests on, and stops at the first thing
that cannot be read or does not hold. The genesis is what you trust: compare its chain id, the first line
printed, with one that you have from elsewhere.

What is printed as `bookmark` with --json is what to keep, as is the file of `luqi audit --keep`: --from finds a
chain that all nodes together rewrote.

{EXIT}
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="verify.py", description="A second implementation of luqi's verifier, from docs/format.md alone.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    archive = commands.add_parser(
        "archive", help="verify a whole archive", description=ARCHIVE,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    archive.add_argument("file", type=Path, help="an archive, as `luqi export` writes it")
    archive.add_argument("--genesis", type=Path, required=True, help="genesis.json, or the genesis in binary form")
    archive.add_argument("--json", action="store_true", help="print one JSON object")
    archive.add_argument("--certificates", choices=("tip", "every"), default="every",
                         help="which certificates' signatures: the last one and those where the membership changed,"
                         " which carry the chain; or every one (the default)")
    archive.add_argument("--state", choices=("tip", "every"), default="every",
                         help="after which blocks the map root is compared: the last one, or every one (the default)")
    archive.add_argument("--from", dest="kept", type=Path, metavar="FILE",
                         help="what an earlier audit gave to keep, or all that it printed with --json: that block has"
                         " to be in this chain")
    archive.set_defaults(run=run_archive)

    vectors = commands.add_parser("vectors", help="recompute golden vectors", epilog=EXIT)
    vectors.add_argument("path", type=Path, help="a folder of them, or one file")
    vectors.set_defaults(run=run_vectors)

    record = commands.add_parser("record", help="recompute the commitment to a record", epilog=EXIT)
    record.add_argument("--kind", type=int, required=True)
    record.add_argument("--version", type=int, required=True)
    record.add_argument("--secret", type=from_hex, required=True, help="the record secret, 32 bytes in hexadecimal")
    record.add_argument("--slots", type=Path, required=True, help='a JSON array: a text, {"hex": bytes}, or null for an absent slot')
    record.set_defaults(run=run_record)
    return top


class Usage(Exception):
    """A mistake of whoever asked."""


def read_trusted(path: Path) -> Genesis:
    """The genesis: nothing can be judged by one that is not valid."""
    try:
        return read_genesis(path.read_bytes())
    except Invalid as error:
        raise Usage(f"{path}: no genesis: {error}") from error


def read_kept(path: Path, chain: bytes) -> Kept:
    """What the auditor kept, of this very chain."""
    try:
        return Kept.from_json(path.read_text("utf-8"), chain)
    except (OSError, ValueError) as error:
        raise Usage(f"{path}: {error}") from error


def run_archive(options: argparse.Namespace) -> Verdict:
    genesis = read_trusted(options.genesis)
    kept = read_kept(options.kept, genesis.chain_id()) if options.kept else None
    depth = Depth(options.certificates == "every", options.state == "every")
    with options.file.open("rb") as file:
        progress = Progress(file, options.file.stat().st_size)
        try:
            report = audit(file, genesis, depth, kept, progress)
        finally:
            progress.end()
    print(json.dumps(to_json(report), indent=1) if options.json else to_text(report, genesis))
    return report.verdict


def run_vectors(options: argparse.Namespace) -> Exit:
    if not options.path.exists():
        raise FileNotFoundError(f"{options.path} is not there")
    count, failures = check_folder(options.path) if options.path.is_dir() else check_file(options.path)
    for failure in failures:
        print(f"{failure.file}: {failure.case}: {failure.detail}")
    print(f"{count - len({(f.file, f.case) for f in failures})} of {count} cases come out as they should")
    return Exit.WRONG if failures or not count else Exit.PASSED


def run_record(options: argparse.Namespace) -> Exit:
    slots = json.loads(options.slots.read_text("utf-8"))
    names = slot_names(options.kind, options.version)
    if len(options.secret) != 32 or not isinstance(slots, list) or len(slots) != len(names):
        raise Invalid(f"a secret has 32 bytes, and this kind the {len(names)} slots {', '.join(names)}")
    kind, values = Kind(options.kind, options.version), [slot_value(value) for value in slots]
    check_record(kind, values)
    print(kind.commit(options.secret, values).hex())
    return Exit.PASSED


def slot_value(value: str | dict[str, str] | None) -> bytes | None:
    if value is None:
        return None
    return from_hex(value["hex"]) if isinstance(value, dict) else value.encode("utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (Usage, OtherChain) as error:
        print(f"usage: {error}", file=sys.stderr)
        return Exit.USAGE
    except (OSError, Invalid, MissingLibrary, ValueError, KeyError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return Exit.FAILED
