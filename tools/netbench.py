"""What tools/bench_network.py works with: networks of nodes on this machine, and what they say and use."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
UP_WITHIN = 180.0


class Stopped(Exception):
    """A measurement cannot go on."""


def call(*command: str, ok: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Runs a command; its answer is one JSON object."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in ok:
        raise Stopped(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
    return json.loads(done.stdout or b"{}")


class Node:
    """A node that runs. One object a thread: the connection is its own."""

    def __init__(self, number: int, url: str, home: Path, pid: int) -> None:
        self.number, self.home, self.pid = number, home, pid
        self.url = url
        self.host = url.removeprefix("http://")
        self.connection: http.client.HTTPConnection | None = None

    def again(self) -> "Node":
        """The same node, for another thread."""
        return Node(self.number, self.url, self.home, self.pid)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and answer; 0 where there is none."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        for _ in range(2):
            fresh = self.connection is None
            connection = self.connection or http.client.HTTPConnection(self.host, timeout=60)
            try:
                connection.request("GET" if body is None else "POST", path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
                self.connection = connection
                return answer.status, said
            except (OSError, http.client.HTTPException):
                connection.close()
                self.connection = None
                if fresh:
                    break
        return 0, b""

    def json(self, path: str) -> dict[str, Any] | None:
        status, said = self.ask(path)
        return json.loads(said) if status == 200 else None

    def status(self) -> dict[str, Any]:
        said = self.json("/v1/status")
        if said is None:
            raise Stopped(f"node {self.number} does not say where it stands; its log: {self.home}/log")
        return said

    def block(self, height: int) -> dict[str, Any] | None:
        return self.json(f"/v1/blocks/{height}?format=json")

    def is_ready(self) -> bool:
        return self.ask("/readyz")[0] == 200

    def metrics(self) -> dict[str, float]:
        """Counters and gauges, by name with labels."""
        _, said = self.ask("/metrics")
        lines = (line.rsplit(" ", 1) for line in said.decode().splitlines() if not line.startswith("#"))
        return {line[0]: float(line[1]) for line in lines if len(line) == 2}

    def cpu_seconds(self) -> float:
        """Processor time that it has used."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError as why:
            raise self._gone() from why
        if fields[0] in "ZX":
            raise self._gone()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self) -> float:
        return self._status_line("VmRSS:")

    def peak_mb(self) -> float:
        return self._status_line("VmHWM:")

    def _status_line(self, key: str) -> float:
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError as why:
            raise self._gone() from why
        # A process that has ended and is not collected yet has no memory.
        kilobytes = next((int(line.split()[1]) for line in lines if line.startswith(key)), None)
        if kilobytes is None:
            raise self._gone()
        return kilobytes / 1024

    def _gone(self) -> Stopped:
        return Stopped(f"node {self.number}, process {self.pid}, is gone; its log: {self.home}/log")

    def disk_bytes(self) -> int:
        """What its ledger takes on the disk."""
        files = (path for path in (self.home / "ledger").rglob("*") if path.is_file())
        return sum(path.stat().st_blocks * 512 for path in files)


def numbered(rows: list[dict[str, Any]]) -> list[Node]:
    return [Node(number, row["url"], Path(row["home"]), row["pid"]) for number, row in enumerate(rows, 1)]


@contextlib.contextmanager
def devnet(luqi: str, folder: Path, validators: int, *parameters: str) -> Iterator[list[Node]]:
    """A network of validators, each a process; gone at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [luqi, "devnet", "--validators", str(validators), "--dir", str(folder)]
    command += [word for parameter in parameters for word in ("--param", parameter)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise Stopped(f"the network in {folder} does not come up; its logs: {folder}/node*/log")
            yield numbered(json.loads(line)["nodes"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


@contextlib.contextmanager
def lone_node(luqi: str, number: int, home: Path, port: int) -> Iterator[Node]:
    """A node of a network that `luqi testnet` made; gone at the end."""
    with (home / "log").open("ab") as log:
        process = subprocess.Popen([luqi, "node", "--home", str(home)], stdout=subprocess.DEVNULL, stderr=log)
    try:
        yield Node(number, f"http://127.0.0.1:{port}", home, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def until(what: str, holds: Callable[[], bool], within: float = UP_WITHIN, pause: float = 0.05) -> None:
    """Waits until something holds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise Stopped(f"after {within:.0f} s still not so: {what}")
        time.sleep(pause)


@dataclass(frozen=True, slots=True)
class Used:
    """What processes used over a stretch of time."""

    seconds: float
    cpu: list[float]

    def percent(self) -> list[float]:
        """Of one core, each."""
        return [used / self.seconds * 100 for used in self.cpu]

    def cores(self) -> float:
        return sum(self.cpu) / self.seconds


class Usage:
    """Counts the processor time of nodes from now on."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes, self.began = nodes, time.monotonic()
        self.before = [node.cpu_seconds() for node in nodes]

    def used(self) -> Used:
        now = [node.cpu_seconds() for node in self.nodes]
        cpu = [max(0.0, after - before) for after, before in zip(now, self.before, strict=True)]
        return Used(time.monotonic() - self.began, cpu)


class Watcher(threading.Thread):
    """Notes when each new block can be read at a node, and what is in it."""

    def __init__(self, node: Node, pause: float) -> None:
        super().__init__(daemon=True)
        self.node, self.pause = node.again(), pause
        self.height = node.status()["height"]
        self.blocks: list[tuple[float, dict[str, Any]]] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            block = self.node.block(self.height + 1)
            if block is None:
                self.over.wait(self.pause)
                continue
            self.height += 1
            self.blocks.append((time.monotonic(), block))

    def end(self) -> list[tuple[float, dict[str, Any]]]:
        self.over.set()
        self.join()
        return self.blocks


class Sender(threading.Thread):
    """Sends messages at their times, each by one of several connections, whatever became of those before."""

    def __init__(self, due: list[tuple[float, Node, bytes]], lanes: int) -> None:
        super().__init__(daemon=True)
        self.due, self.lanes = list(reversed(due)), lanes
        self.lock, self.began = threading.Lock(), time.monotonic()
        self.taken: list[tuple[float, float, int, dict[str, Any]]] = []
        """When it was sent and accepted, by which node, its receipt."""
        self.refused = 0

    def run(self) -> None:
        lanes = [threading.Thread(target=self._lane, daemon=True) for _ in range(self.lanes)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    def _lane(self) -> None:
        nodes: dict[int, Node] = {}
        while True:
            with self.lock:
                if not self.due:
                    return
                at, node, message = self.due.pop()
            time.sleep(max(0.0, self.began + at - time.monotonic()))
            own = nodes.setdefault(node.number, node.again())
            sent = time.monotonic()
            status, said = own.ask("/v1/submissions", message)
            with self.lock:
                if status == 202:
                    self.taken.append((sent, time.monotonic(), node.number, json.loads(said)))
                else:
                    self.refused += 1


def new_contracts(first: int, count: int) -> bytes:
    """A message of so many new contracts of one fictitious employer, numbered from `first`."""
    item = {
        "合同名称": "劳动合同书", "劳动者证件类型": "01", "劳动者姓名": "王子",
        "劳动者证件号码": "370105198007049972", "劳动者联系电话": "17900005896", "合同期限类别": "1",
        "合同期限起始日期": "20190511", "合同期限终止日期": "20220510", "职工类别": "01", "合同类别": "01",
    }
    items = [{"合同编号": f"HT-2019-{number:08}"} | item for number in range(first, first + count)]
    return json.dumps({"单位统一信用代码": "91370102MAFAK0002R", "合同新订列表": items}, ensure_ascii=False).encode()


def loopback_bytes() -> int:
    """All that has crossed the loopback interface."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next((int(line.split(":")[1].split()[8]) for line in lines if line.strip().startswith("lo:")), 0)


def machine() -> dict[str, Any]:
    """What the machine is busy with, beside what is measured."""
    return {"cores": os.cpu_count(), "load": [round(load, 2) for load in os.getloadavg()]}


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
