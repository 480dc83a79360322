#!/usr/bin/env python3
"""The network, measured: nodes as processes on this machine, contracts that are fictitious. Prints a table whose
ratios are of one run, and writes target/bench/network.json. See `make bench-network`."""

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from netbench import (
    Node, Sender, Stopped, Usage, Used, Watcher, call, devnet, lone_node, loopback_bytes, machine, new_contracts, quantile,
    until,
)

PARTS = ("throughput", "latency", "floods", "late", "idle", "production")
EVENTS_A_CONTRACT = 1.7
"""`luqi sample` makes about so many for each contract."""


class Table:
    """What was measured, beside what it must be and what is aimed at."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.missed: list[str] = []
        print(f"{'':<58} {'measured':>12} {'unit':<12} {'must':>9} {'aim':>9}")

    def head(self, what: str) -> None:
        load = machine()
        print(f"\n{what} (load {load['load'][0]} on {load['cores']} cores before)", flush=True)
        self.rows.append({"part": what, **load})

    def add(self, what: str, value: float, unit: str = "", must: str = "", aim: str = "") -> None:
        digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 20 else 3
        print(f"  {what:<56} {value:>12,.{digits}f} {unit:<12} {must:>9} {aim:>9}", flush=True)
        self.rows.append({"what": what, "value": value, "unit": unit, "must": must, "aim": aim})
        if must and not reaches(value, must):
            self.missed.append(what.strip())


def reaches(value: float, must: str) -> bool:
    """Whether a value is what it must be: at least a number, or "< " and a number."""
    if must.startswith("< "):
        return value < float(must[2:])
    return value >= float(must.replace(",", ""))


def sample(luqi: str, folder: Path, contracts: int, part: int) -> Path:
    out = folder / f"sample{part}"
    if not out.exists():
        call(luqi, "--json", "sample", "--contracts", str(contracts), "--seed", "7", "--part", str(part), "--out", str(out))
    return out / "messages"


# Throughput.


class Progress(threading.Thread):
    """Looks again and again how far the slowest node is."""

    def __init__(self, nodes: list[Node]) -> None:
        super().__init__(daemon=True)
        self.nodes, self.over = [node.again() for node in nodes], threading.Event()
        self.seen: list[tuple[float, int, int]] = []
        """When, events on the chain of the slowest, pending at the fullest."""

    def run(self) -> None:
        while not self.over.wait(0.1):
            said = [node.status() for node in self.nodes]
            events, pending = min(one["events"] for one in said), max(one["pending"] for one in said)
            self.seen.append((time.monotonic(), events, pending))

    def settled(self) -> bool:
        """Nothing is pending anywhere, and nothing has come for two seconds."""
        last = self.seen[-20:]
        return len(last) == 20 and all(pending == 0 and events == last[0][1] for _, events, pending in last)


def submit_all(luqi: str, nodes: list[Node], folder: Path, samples: list[Path]) -> tuple[list[dict[str, Any]], list[float]]:
    """Hands a sample to each node, all at once; what each said, and when it had its last answer."""
    ended: list[float] = [0.0] * len(nodes)
    said: list[dict[str, Any]] = [{}] * len(nodes)

    def one(place: int) -> None:
        rejected = str(folder / f"rejected{place}.jsonl")
        said[place] = call(luqi, "--json", "submit", "--url", nodes[place].url, "--parallel", "64", "--rejected", rejected,
                           str(samples[place]))
        ended[place] = time.monotonic()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(nodes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not all(ended):
        raise Stopped("handing in failed")
    return said, ended


def shape(node: Node, first: int) -> list[tuple[int, int]]:
    """Bytes and events of each block with events from a height on."""
    found = (node.block(height) for height in range(first, node.status()["height"] + 1))
    return [(block["bytes"], len(block["events"])) for block in found if block and block["events"]]


def throughput(table: Table, options: argparse.Namespace, folder: Path) -> list[int]:
    """Events a second until the slowest node has them on disk; gives the sizes of blocks as they occurred."""
    table.head("Throughput: 4 validators, contracts handed in at 3 of them")
    contracts = max(1, round(options.events / EVENTS_A_CONTRACT / 3))
    samples = [sample(options.luqi, folder, contracts, part) for part in (1, 2, 3)]
    os.sync()
    with devnet(options.luqi, folder / "net", 4) as nodes:
        first, progress, usage = nodes[0].status()["height"] + 1, Progress(nodes), Usage(nodes)
        progress.start()
        began = time.monotonic()
        said, ended = submit_all(options.luqi, nodes[1:], folder, samples)
        until("everything is final", progress.settled, within=600)
        progress.over.set()
        progress.join()
        used = usage.used()
        events = progress.seen[-1][1]
        final = next(at for at, seen, _ in progress.seen if seen == events)
        accepted = sum(one["accepted"] for one in said)
        blocks = shape(nodes[0], first)
        peak = max(node.peak_mb() for node in nodes)
    if events < accepted:
        raise Stopped(f"{accepted} events were accepted, {events} are on the chain")
    refused, offered = sum(one["rejected"] for one in said), sum(one["items"] for one in said)
    if refused or accepted < offered:
        raise Stopped(f"of {offered} events {accepted} were accepted, and {refused} refused")
    seconds, intake = final - began, max(ended) - began
    table.add("finalised and fsynced by all four", events / seconds, "events/s", "3,000", "10,000")
    table.add("  taken in (202), all three together", accepted / intake, "events/s")
    table.add("  last acceptance until the slowest node has all", final - max(ended), "s")
    table.add("  events", events)
    table.add("  processor time an event, all four nodes", sum(used.cpu) / events * 1e6, "µs")
    table.add("  blocks", len(blocks))
    table.add("  events a block, median", statistics.median(events for _, events in blocks))
    table.add("  bytes a block, median", statistics.median(size for size, _ in blocks), "B")
    table.add("  bytes an event in blocks", sum(size for size, _ in blocks) / events, "B")
    table.add("  memory of a node, peak", peak, "MB")
    alone(table, options, folder, samples[0], events / seconds)
    if options.engine:
        compare(table, options, [size for size, _ in blocks], events / seconds, seconds)
    return [size for size, _ in blocks]


def alone(table: Table, options: argparse.Namespace, folder: Path, messages: Path, rate: float) -> None:
    """The same work by a ledger of one, which needs no network and no agreement."""
    net = folder / "alone"
    call(options.luqi, "--json", "testnet", "--validators", "1", "--out", str(net))
    began = time.monotonic()
    said = call(options.luqi, "--json", "import", "--home", str(net / "node1"), str(messages))
    one = said["events"] / (time.monotonic() - began)
    table.add("  one part by a ledger of one (luqi import)", one, "events/s")
    table.add("  network ÷ ledger of one", rate / one)
    shutil.rmtree(net)


def compare(table: Table, options: argparse.Namespace, sizes: list[int], rate: float, seconds: float) -> None:
    """What the engine alone decides with blocks of the same size."""
    size = round(statistics.median(sizes))
    done = subprocess.run([*shlex.split(options.engine), str(options.engine_seconds), str(size)], capture_output=True, check=True)
    bare = json.loads(done.stdout.decode().splitlines()[-1])
    own = sum(sizes) / seconds
    table.add(f"  bare engine, blocks of {size:,} bytes", bare["blocks_per_second"], "blocks/s")
    table.add("  bare engine", bare["bytes_per_second"], "bytes/s")
    table.add("  the network", own, "bytes/s")
    table.add("  network ÷ bare engine, in bytes", own / bare["bytes_per_second"])
    table.add("  bare engine, in events of these blocks", bare["bytes_per_second"] / own * rate, "events/s")


# Latency.


def latency(table: Table, options: argparse.Namespace, folder: Path) -> None:
    table.head(f"Latency: 500 events/s offered to 3 of 4 validators, for {options.seconds} s")
    with devnet(options.luqi, folder / "net", 4) as nodes:
        waits, taking, used = handed_in(nodes[1:], nodes, options.seconds, 20, 0)
    table.add("acceptance to final, at the accepting node: median", quantile(waits, 0.5), "s", "< 1")
    table.add("acceptance to final: 99th percentile", quantile(waits, 0.99), "s", "< 2")
    table.add("acceptance to final: worst", max(waits), "s")
    table.add("  request to acceptance: median", quantile(taking, 0.5), "s")
    table.add("  request to acceptance: 99th percentile", quantile(taking, 0.99), "s")
    table.add("  offered and accepted", len(waits) / used.seconds, "events/s")
    table.add("  processor, all four nodes", used.cores(), "cores")


def handed_in(asked: list[Node], nodes: list[Node], seconds: int, items: int, first: int) -> tuple[list[float], list[float], Used]:
    """So many items every 40 ms, at one node after the other: how long each took from acceptance to final at its node,
    each message until it was accepted, and what the nodes used meanwhile."""
    watchers = {node.number: Watcher(node, 0.02) for node in asked}
    for watcher in watchers.values():
        watcher.start()
    count = seconds * 25
    due = [(turn * 0.04, asked[turn % len(asked)], new_contracts(first + turn * items, items)) for turn in range(count)]
    usage, sender = Usage(nodes), Sender(due, 24)
    sender.start()
    sender.join()
    used = usage.used()
    until("everything is final", lambda: all(node.status()["pending"] == 0 for node in nodes), within=120)
    time.sleep(1)
    final = {number: places(watcher.end()) for number, watcher in watchers.items()}
    waits, taking = [], []
    for sent, accepted, number, receipt in sender.taken:
        taking.append(accepted - sent)
        taken = [item for item in receipt["items"] if item["outcome"] == "accepted"]
        waits += [max(0.0, final[number][number, item["sequence"]] - accepted) for item in taken]
    if sender.refused or len(waits) != count * items:
        raise Stopped(f"{len(waits)} of {count * items} events were taken, {sender.refused} messages refused")
    return waits, taking, used


def places(blocks: list[tuple[float, dict[str, Any]]]) -> dict[tuple[int, int], float]:
    """When each submission was first seen in a block."""
    return {(event["node"], event["sequence"]): at for at, block in reversed(blocks) for event in block["events"]}


# Votes beside floods.

FLOODS = 4
"""Floods that say half of what others bear of one author: two members at the full allowance."""


def floods(table: Table, options: argparse.Namespace, folder: Path) -> None:
    table.head(f"Votes beside floods: 4 validators, 50 events/s, for {options.seconds} s without and {options.seconds} s with {FLOODS} floods")
    if not options.flood:
        raise Stopped("--flood names the program that floods (cargo build --release -p luqi-tests --bin flood)")
    net, port, validators = folder / "net", options.base_port, 4
    call(options.luqi, "--json", "testnet", "--validators", str(validators), "--replicas", str(FLOODS), "--base-port", str(port), "--out", str(net))
    homes = [net / f"node{number}" for number in range(1, validators + 1)]
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(lone_node(options.luqi, number, home, port + 2 * number - 1)) for number, home in enumerate(homes, 1)]
        until("all are ready", lambda: all(node.is_ready() for node in nodes))
        quiet = quantile(handed_in(nodes, nodes, options.seconds, 2, 1_000_000)[0], 0.99)
        targets = [f"{number}=127.0.0.1:{port + 2 * (number - 1)}" for number in range(1, validators + 1)]
        seconds = str(options.seconds + 15)
        running = [subprocess.Popen([options.flood, str(net / f"node{validators + more}"), seconds, *targets], stdout=subprocess.PIPE)
                   for more in range(1, FLOODS + 1)]
        before = [heard(node) for node in nodes]
        until("the floods are heard", lambda: all(heard(node) > was + 1_000 for node, was in zip(nodes, before, strict=True)))
        usage, began, was = Usage(nodes), time.monotonic(), heard(nodes[0])
        loud = quantile(handed_in(nodes, nodes, options.seconds, 2, 2_000_000)[0], 0.99)
        rate, cores = (heard(nodes[0]) - was) / (time.monotonic() - began), usage.used().cores()
        said = [int(one.communicate()[0] or b"0") for one in running]
    if not all(said):
        raise Stopped("a flood said nothing")
    table.add("acceptance to final, 99th percentile: without floods", quiet, "s")
    table.add("  with floods", loud, "s")
    table.add("  with ÷ without", loud / quiet, "", "< 2")
    table.add("  words of floods that a node heard", rate, "a second")
    table.add("  processor of the four nodes beside the floods", cores, "cores")


def heard(node: Node) -> float:
    return sum(value for name, value in node.metrics().items() if name.startswith("luqi_gossip_messages_in_total"))


# A late replica.


def late(table: Table, options: argparse.Namespace, folder: Path) -> None:
    for events in (500, 10_000):
        table.head(f"A late replica: a chain of one validator in blocks of up to {events:,} events, fetched by range")
        fetched(table, options, folder, events)


def fetched(table: Table, options: argparse.Namespace, folder: Path, block_events: int) -> None:
    net, port = folder / "net", options.base_port
    shutil.rmtree(net, ignore_errors=True)
    call(options.luqi, "--json", "testnet", "--validators", "1", "--replicas", "1", "--base-port", str(port), "--out", str(net),
         "--param", f"block_events={block_events}")
    messages = sample(options.luqi, folder, round(options.late_events / EVENTS_A_CONTRACT), 4)
    call(options.luqi, "--json", "import", "--home", str(net / "node1"), str(messages))
    archive = folder / "late.luqi"
    archive.unlink(missing_ok=True)
    call(options.luqi, "--json", "export", "--home", str(net / "node1"), "--out", str(archive))
    by_archive = replay(options.luqi, folder, net, archive)
    os.sync()
    with lone_node(options.luqi, 1, net / "node1", port + 1) as first:
        until("the validator is up", first.is_ready)
        tip = first.status()
        with lone_node(options.luqi, 2, net / "node2", port + 3) as replica:
            began = time.monotonic()
            until("the replica answers", lambda: replica.ask("/healthz")[0] == 200, pause=0.005)
            up, usage = time.monotonic(), Usage([first, replica])
            # It may have begun to fetch before it answers.
            had = replica.status()["events"]
            until("the replica has all", lambda: replica.status()["events"] >= tip["events"], within=600, pause=0.02)
            there = time.monotonic()
            used, peak = usage.used(), replica.peak_mb()
    events = tip["events"]
    table.add("verified and stored, from the replica's first answer on", (events - had) / (there - up), "events/s", "20,000", "100,000")
    table.add("  from the start of its process on", events / (there - began), "events/s")
    table.add("  events", events)
    table.add("  blocks", tip["height"])
    table.add("  processor: the one that serves", used.cpu[0] / used.seconds, "cores")
    table.add("  processor: the replica", used.cpu[1] / used.seconds, "cores")
    table.add("  memory of the replica, peak", peak, "MB")
    table.add("  the same blocks from an archive (luqi import --archive)", events / by_archive, "events/s")
    table.add("  by range ÷ from an archive", by_archive / (there - up))


def replay(luqi: str, folder: Path, net: Path, archive: Path) -> float:
    """How long the replica's home takes to take the same blocks over without a network."""
    copy = folder / "copy"
    shutil.copytree(net / "node2", copy)
    began = time.monotonic()
    call(luqi, "--json", "import", "--home", str(copy), "--archive", str(archive))
    seconds = time.monotonic() - began
    shutil.rmtree(copy)
    return seconds


# Idle.


def idle(table: Table, options: argparse.Namespace, folder: Path) -> None:
    table.head(f"Idle: 4 validators, {options.idle_seconds} s, an empty block every 10 s")
    with devnet(options.luqi, folder / "net", 4) as nodes:
        time.sleep(2)
        usage, heights = Usage(nodes), [node.status()["height"] for node in nodes]
        time.sleep(options.idle_seconds)
        percent = usage.used().percent()
        grown = min(node.status()["height"] - before for node, before in zip(nodes, heights, strict=True))
        # An idle chain makes a block every ten seconds; the first and the last may fall outside.
        table.add("blocks of a node, fewest", grown, "", str(max(1, options.idle_seconds // 10 - 1)))
        table.add("processor of a node, worst", max(percent), "% of a core", "< 2")
        table.add("memory of a node, worst", max(node.memory_mb() for node in nodes), "MB", "< 200")


# The shape of production.

PRODUCTION = ("pace_wait_ms=5000", "pace_events=500", "pace_seal_ms=60000", "pace_idle_ms=600000")


def production(table: Table, options: argparse.Namespace, folder: Path) -> None:
    with devnet(options.luqi, folder / "net", 17, *PRODUCTION) as nodes:
        number = 0
        for rate in (0.4, 5.0):
            table.head(f"Production shape: 17 validators, one event a submission, {rate} a second, {options.stretch} s")
            number = steady(table, options, nodes, rate, number)
        table.head(f"… five of seventeen killed, 5.0 a second, {options.dead_stretch} s")
        dead_ones(table, options, nodes, number)


def offer(nodes: list[Node], rate: float, seconds: int, number: int) -> Sender:
    """One event at a time, to one node after the other."""
    count = round(rate * seconds)
    due = [(turn / rate, nodes[turn % len(nodes)], new_contracts(number + turn, 1)) for turn in range(count)]
    sender = Sender(due, 8)
    sender.start()
    return sender


def steady(table: Table, options: argparse.Namespace, nodes: list[Node], rate: float, number: int) -> int:
    disk, wire, gossip = nodes[0].disk_bytes(), loopback_bytes(), gossiped(nodes)
    usage, watcher = Usage(nodes), Watcher(nodes[0], 0.1)
    watcher.start()
    sender = offer(nodes, rate, options.stretch, number)
    sender.join()
    used = usage.used()
    time.sleep(8)
    blocks = watcher.end()
    events = sum(len(block["events"]) for _, block in blocks)
    if sender.refused or not events:
        raise Stopped(f"{sender.refused} messages were refused, {events} events are final")
    table.add("events final ÷ accepted", events / max(1, len(sender.taken)), "", "1")
    full = [block for _, block in blocks if block["events"]]
    table.add("blocks", len(blocks))
    table.add("events a block, mean over those with events", events / max(1, len(full)))
    table.add("bytes an event in blocks", sum(block["bytes"] for _, block in blocks) / events, "B")
    table.add("bytes an event on disk, of one node", (nodes[0].disk_bytes() - disk) / events, "B")
    table.add("bytes an event on the wire, gossip that a node says", (gossiped(nodes) - gossip) / events / 17, "B")
    table.add("bytes an event on the wire, all of loopback ÷ 17", (loopback_bytes() - wire) / events / 17, "B")
    must, aim = ("< 20000", "8,000") if rate < 1 else ("", "")
    table.add("bytes a second on the wire, all of loopback ÷ 17", (loopback_bytes() - wire) / used.seconds / 17, "B/s", must, aim)
    table.add("processor of a node, mean", statistics.mean(used.percent()), "% of a core")
    table.add("processor of a node, worst", max(used.percent()), "% of a core")
    table.add("memory of a node, worst", max(node.memory_mb() for node in nodes), "MB")
    table.add("time between blocks, median", statistics.median(gaps(blocks)), "s")
    table.add("time between blocks, worst", max(gaps(blocks)), "s")
    return number + round(rate * options.stretch)


def gossiped(nodes: list[Node]) -> float:
    """Bytes of gossip that nodes have said, each counted once for all peers."""
    return sum(value for node in nodes for name, value in node.metrics().items() if name.startswith("luqi_gossip_bytes_out"))


def gaps(blocks: list[tuple[float, dict[str, Any]]]) -> list[float]:
    times = [at for at, _ in blocks]
    return [later - earlier for earlier, later in zip(times, times[1:], strict=False)] or [float("nan")]


def dead_ones(table: Table, options: argparse.Namespace, nodes: list[Node], number: int) -> None:
    """Five neighbours in the order of proposers: the worst five there are."""
    live, dead = nodes[:12], nodes[12:]
    for node in dead:
        os.kill(node.pid, signal.SIGKILL)
    began, watcher, usage = time.monotonic(), Watcher(live[0], 0.1), Usage(live)
    watcher.start()
    sender = offer(live, 5.0, options.dead_stretch, number)
    sender.join()
    used = usage.used()
    until("what was taken is final", lambda: live[0].status()["pending"] == 0, within=120, pause=0.5)
    time.sleep(1)
    blocks = watcher.end()
    events = sum(len(block["events"]) for _, block in blocks)
    table.add("blocks in that time", len(blocks))
    table.add("events final ÷ accepted", events / max(1, len(sender.taken)), "", "1")
    table.add("first block after the kill", blocks[0][0] - began, "s")
    table.add("time between blocks, median", statistics.median(gaps(blocks)), "s")
    table.add("time between blocks, worst", max(gaps(blocks)), "s")
    for lost, found in sorted(by_rounds(blocks).items()):
        table.add(f"  of {len(found)} with {lost} rounds lost to dead proposers: median", statistics.median(found), "s")
    table.add("processor of a node, mean", statistics.mean(used.percent()), "% of a core")


def by_rounds(blocks: list[tuple[float, dict[str, Any]]]) -> dict[int, list[float]]:
    """Times between blocks, by the round in which the later one was decided, which its child tells."""
    found: dict[int, list[float]] = {}
    for (before, _), (at, _), (_, child) in zip(blocks, blocks[1:], blocks[2:], strict=False):
        found.setdefault(child["parent_certificate"]["round"], []).append(at - before)
    return found


def choose() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--luqi", required=True, help="the binary")
    parser.add_argument("--flood", default="", help="the program that floods, of luqi-tests")
    parser.add_argument("--engine", default="", help="command of the bare engine's bench, in words")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--events", type=int, help="events of the throughput (60000)")
    parser.add_argument("--late-events", type=int, help="events of the late replica's chain (220000)")
    parser.add_argument("--seconds", type=int, help="of the latency (40)")
    parser.add_argument("--idle-seconds", type=int, help="of the idle network (60)")
    parser.add_argument("--stretch", type=int, help="seconds of each rate of the production shape (300)")
    parser.add_argument("--dead-stretch", type=int, help="seconds with five killed (180)")
    parser.add_argument("--engine-seconds", type=int, help="of the bare engine (15)")
    parser.add_argument("--base-port", type=int, default=17800)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all where none is named")
    options = parser.parse_args()
    full = {"events": 60_000, "late_events": 220_000, "seconds": 40, "idle_seconds": 60, "stretch": 300,
            "dead_stretch": 180, "engine_seconds": 15}
    quick = {"events": 3_000, "late_events": 5_000, "seconds": 5, "idle_seconds": 10, "stretch": 20, "dead_stretch": 60,
             "engine_seconds": 5}
    for key, value in (quick if options.quick else full).items():
        if getattr(options, key) is None:
            setattr(options, key, value)
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: no part; there are {', '.join(PARTS)}")
    return options


def main() -> None:
    options = choose()
    Path("target").mkdir(exist_ok=True)
    table, failed = Table(), []
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="luqi-bench-", dir="target") as folder:
            try:
                globals()[part](table, options, Path(folder).resolve())
            except Stopped as why:
                failed.append(part)
                print(f"stopped: {why}", file=sys.stderr)
    out = Path("target/bench/network.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    found = {"rows": table.rows, "failed": failed, "missed": table.missed}
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(f"\nwritten: {out}")
    for what in table.missed:
        print(f"missed: {what}", file=sys.stderr)
    sys.exit(4 if failed else 1 if table.missed else 0)


if __name__ == "__main__":
    main()
