#!/usr/bin/env python3
"""Import, export and audit of fictitious contracts, timed; see tools/bench.sh."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS_A_CONTRACT = 1.7
"""`luqi sample` makes about so many for each contract."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command took and said."""

    seconds: float
    processor: float
    """Seconds of all its threads: what other work on the machine changes least."""
    peak_mb: float
    said: dict[str, Any]


def run(*command: str, answers: bool = True) -> Ran:
    """Runs a command that must end with 0; its answer is one JSON object, if it gives one."""
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode:
        sys.exit(f"stopped: {' '.join(command)} ended with {process.returncode}\n{out.decode(errors='replace')}")
    processor = usage.ru_utime + usage.ru_stime
    return Ran(seconds, processor, usage.ru_maxrss / 1024, json.loads(out) if answers else {})


class Table:
    """Lines of the table, and what is written to the file."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.rows: list[dict[str, Any]] = []
        print(f"\n{'':<36} {'seconds':>9} {'events/s':>11} {'µs an event':>12} {'processor s':>12} {'peak MB':>8}")

    def add(self, what: str, seconds: float, processor: float | None = None, peak_mb: float | None = None) -> None:
        rate, cost = self.events / seconds if seconds else 0, seconds / self.events * 1e6
        busy = "" if processor is None else f"{processor:.2f}"
        peak = "" if peak_mb is None else f"{peak_mb:.0f}"
        print(f"{what:<36} {seconds:>9.2f} {rate:>11,.0f} {cost:>12.2f} {busy:>12} {peak:>8}", flush=True)
        self.rows.append({"what": what, "seconds": seconds, "events_per_second": rate,
                          "processor_seconds": processor, "peak_mb": peak_mb})

    def ran(self, what: str, ran: Ran) -> None:
        self.add(what, ran.seconds, ran.processor, ran.peak_mb)


def parts_of_import(luqi: str, folder: Path) -> dict[str, float]:
    """The same messages again, into another home, one part after the other."""
    net = folder / "net-for-parts"
    run(luqi, "--json", "testnet", "--validators", "1", "--out", str(net))
    os.sync()
    again = run(luqi, "--json", "import", "--timings", "--home", str(net / "node1"), str(folder / "sample" / "messages"))
    shutil.rmtree(net)
    return again.said["timings"]


def measure(luqi: str, wanted: int, folder: Path) -> dict[str, Any]:
    net, home, sample = folder / "net", folder / "net" / "node1", folder / "sample"
    genesis, archive = str(net / "genesis.json"), folder / "chain.luqi"
    run(luqi, "--json", "testnet", "--validators", "1", "--out", str(net))
    contracts = max(1, round(wanted / EVENTS_A_CONTRACT))
    run(luqi, "--json", "sample", "--contracts", str(contracts), "--seed", "7", "--out", str(sample))
    os.sync()  # what one step wrote is not the next one's to wait for
    imported = run(luqi, "--json", "import", "--home", str(home), str(sample / "messages"))
    events = imported.said["events"]
    table = Table(events)
    table.ran("import, end to end", imported)
    for part, seconds in parts_of_import(luqi, folder).items():
        table.add(f"  its parts in turn: {part}", seconds)
    shutil.rmtree(sample)
    os.sync()
    nothing = folder / "nothing"
    nothing.mkdir()
    opened = run(luqi, "--json", "import", "--home", str(home), str(nothing))
    table.ran("opening: chain, map, look-up, vault", opened)
    exported = run(luqi, "--json", "export", "--home", str(home), "--out", str(archive))
    table.ran("export", exported)
    size = archive.stat().st_size
    run("sha256sum", str(archive), answers=False)  # now the file is in memory, for both that follow
    hashed = run("sha256sum", str(archive), answers=False)
    table.ran("sha256sum of the archive", hashed)
    audited = run(luqi, "--json", "audit", "--archive", str(archive), "--genesis", genesis)
    table.ran("audit of the archive", audited)
    at_home = run(luqi, "--json", "audit", "--home", str(home), "--genesis", genesis)
    table.ran("audit of the home, index compared", at_home)
    bare = run(luqi, "--json", "audit", "--skip-index", "--home", str(home), "--genesis", genesis)
    table.ran("audit of the home, without", bare)
    for what, ran in (("of the archive", audited), ("of the home", at_home), ("without the index", bare)):
        if ran.said["verdict"] != "holds" or ran.said["events"] != events:
            sys.exit(f"stopped: the audit {what} says {ran.said['verdict']} over {ran.said['events']} events of {events}")
    ratio = audited.seconds / hashed.seconds
    bound = 200 + 250 * contracts / 1e6
    print(f"{events:,} events of {contracts:,} contracts, {imported.said['height']:,} blocks, {size / 1e6:,.0f} MB; "
          f"audit ÷ sha256sum {ratio:.1f}; memory of an audit {audited.peak_mb:.0f} MB, at home {at_home.peak_mb:.0f} MB, "
          f"of {bound:.0f} allowed")
    return {"events": events, "contracts": contracts, "archive_bytes": size, "audit_over_sha256sum": ratio,
            "is_within_memory": audited.peak_mb <= bound, "rows": table.rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--luqi", required=True)
    parser.add_argument("events", type=int, nargs="+")
    options = parser.parse_args()
    Path("target").mkdir(exist_ok=True)
    results = []
    for events in options.events:
        with tempfile.TemporaryDirectory(prefix="luqi-bench-", dir="target") as folder:
            results.append(measure(options.luqi, events, Path(folder)))
    if len(results) > 1:
        print(f"\n{'cost of an event, largest ÷ smallest':<36} {'seconds':>9} {'processor':>11}")
        first, last = results[0], results[-1]
        for small, large in zip(first["rows"], last["rows"], strict=True):
            if small["seconds"] > 0.05:
                events = last["events"] / first["events"]
                busy = small["processor_seconds"]
                grown = "" if busy is None else f"{large['processor_seconds'] / busy / events:.2f}"
                print(f"{small['what']:<36} {large['seconds'] / small['seconds'] / events:>9.2f} {grown:>11}")
    folder = Path("target/bench")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "end_to_end.json").write_text(json.dumps(results, indent=1) + "\n")
    print("\nwritten: target/bench/end_to_end.json")
    if not all(result["is_within_memory"] for result in results):
        sys.exit("missed: an audit took more memory than it is allowed")


if __name__ == "__main__":
    main()
