"""The command line of the verifier."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .audit import Exit, Kept, audit
from .chain import Policy
from .codec import Invalid, from_hex
from .crypto import MissingLibrary
from .genesis import read_genesis
from .record import Kind
from .vectors import check_folder

EXAMPLES = """\
examples:
  verify.py archive chain.luqi --genesis genesis.json
  verify.py archive chain.luqi --genesis genesis.json --json > kept.json
  verify.py archive later.luqi --genesis genesis.json --from kept.json
  verify.py vectors ledger-core/vectors
  verify.py record --kind 1 --version 1 --secret HEX --slots slots.json

exit: 0 holds, 1 provably wrong, 2 usage, 3 undecided, 4 failed
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="verify.py", description="A second implementation of luqi's verifier, from docs/format.md alone.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    archive = commands.add_parser("archive", help="verify a whole archive")
    archive.add_argument("file", type=Path)
    archive.add_argument("--genesis", type=Path, required=True, help="genesis.json, or the genesis in binary form")
    archive.add_argument("--json", action="store_true", help="print one JSON object")
    archive.add_argument("--certificates", choices=("tip", "every"), default="every",
                         help="the signatures of which certificates: those that carry the chain, or every one")
    archive.add_argument("--states", choices=("tip", "every"), default="every",
                         help="after which blocks the map root is compared")
    archive.add_argument("--from", dest="kept", type=Path, metavar="FILE",
                         help="what an earlier run printed with --json: that block has to be in this chain")
    archive.set_defaults(run=run_archive)

    vectors = commands.add_parser("vectors", help="recompute golden vectors")
    vectors.add_argument("folder", type=Path)
    vectors.set_defaults(run=run_vectors)

    record = commands.add_parser("record", help="recompute the commitment to a record")
    record.add_argument("--kind", type=int, required=True)
    record.add_argument("--version", type=int, required=True)
    record.add_argument("--secret", type=from_hex, required=True, help="the record secret, 32 bytes in hexadecimal")
    record.add_argument("--slots", type=Path, required=True, help="a JSON array of texts, null for an absent slot")
    record.set_defaults(run=run_record)
    return top


def run_archive(options: argparse.Namespace) -> Exit:
    genesis = read_genesis(options.genesis.read_bytes())
    kept = Kept.from_json(options.kept.read_text("utf-8")) if options.kept else None
    policy = Policy(options.certificates == "every", options.states == "every")
    with options.file.open("rb") as file:
        report = audit(file, genesis, policy, kept)
    print(json.dumps(report.to_json(), indent=1) if options.json else report.to_text())
    return report.exit()


def run_vectors(options: argparse.Namespace) -> Exit:
    count, failures = check_folder(options.folder)
    for failure in failures:
        print(f"{failure.file}: {failure.case}: {failure.detail}")
    print(f"{count - len({(f.file, f.case) for f in failures})} of {count} cases come out as they should")
    return Exit.ALTERED if failures or not count else Exit.HOLDS


def run_record(options: argparse.Namespace) -> Exit:
    slots = json.loads(options.slots.read_text("utf-8"))
    values = [None if value is None else value.encode("utf-8") for value in slots]
    print(Kind(options.kind, options.version).commit(options.secret, values).hex())
    return Exit.HOLDS


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (OSError, Invalid, MissingLibrary, ValueError, KeyError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return Exit.FAILED
