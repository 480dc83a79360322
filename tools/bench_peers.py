#!/usr/bin/env python3
"""PostgreSQL with a hash-chain trigger and luqi, side by side; see tools/bench_peers.sh."""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import EVENTS_A_CONTRACT, parts_of_import, run

PAYLOAD = 200
A_TRANSACTION = 1_000

SCHEMA = r"""
CREATE TABLE event (
    seq     bigint PRIMARY KEY,
    payload bytea NOT NULL,
    hash    bytea NOT NULL
);
CREATE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT seq, hash INTO last FROM event ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.hash := sha256(coalesce(last.hash, '\x') || int8send(NEW.seq) || NEW.payload);
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION chain();
CREATE FUNCTION verify() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    row     record;
    before  bytea := '\x';
    counted bigint := 0;
BEGIN
    FOR row IN SELECT * FROM event ORDER BY seq LOOP
        counted := counted + 1;
        before := sha256(before || int8send(row.seq) || row.payload);
        IF row.seq <> counted OR row.hash <> before THEN
            RETURN -counted;
        END IF;
    END LOOP;
    RETURN counted;
END $$;
"""

VERIFY_SQL = r"""
SELECT CASE WHEN bool_and(fits) THEN count(*) ELSE -1 END FROM (
    SELECT hash = sha256(lag(hash, 1, '\x'::bytea) OVER (ORDER BY seq) || int8send(seq) || payload) AS fits FROM event
) AS checked
"""


def psql(socket: str, *arguments: str) -> str:
    command = ["psql", "-h", socket, "-d", "postgres", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def timed(socket: str, *arguments: str) -> tuple[float, str]:
    began = time.monotonic()
    said = psql(socket, *arguments)
    return time.monotonic() - began, said


def statements(events: int) -> Iterator[str]:
    """One INSERT of a thousand rows a transaction: psql commits each statement on its own."""
    draw = random.Random(7)
    for first in range(0, events, A_TRANSACTION):
        rows = (rf"('\x{draw.randbytes(PAYLOAD).hex()}')" for _ in range(min(A_TRANSACTION, events - first)))
        yield f"INSERT INTO event (payload) VALUES {','.join(rows)};\n"


def line(what: str, seconds: float, events: int) -> None:
    print(f"{what:<58} {seconds:>9.2f} {events / seconds:>11,.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", required=True, help="folder of the server's socket")
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--luqi", required=True)
    options = parser.parse_args()
    socket, luqi = options.socket, options.luqi

    with tempfile.TemporaryDirectory(prefix="luqi-peers-") as folder:
        net, sample = Path(folder, "net"), Path(folder, "sample")
        home, genesis = str(net / "node1"), str(net / "genesis.json")
        run(luqi, "--json", "testnet", "--validators", "1", "--out", str(net))
        contracts = str(round(options.events / EVENTS_A_CONTRACT))
        run(luqi, "--json", "sample", "--contracts", contracts, "--seed", "7", "--out", str(sample))
        imported = run(luqi, "--json", "import", "--home", home, str(sample / "messages"))
        events, parts = imported.said["events"], parts_of_import(luqi, Path(folder))
        audited = run(luqi, "--json", "audit", "--home", home, "--genesis", genesis)

        script = Path(folder, "insert.sql")
        with script.open("w") as out:
            out.writelines(statements(events))
        psql(socket, "-c", SCHEMA)
        appended, _ = timed(socket, "-f", str(script))
        by_loop, counted = timed(socket, "-c", "SELECT verify()")
        by_window, counted_again = timed(socket, "-c", VERIFY_SQL)
        if {counted, counted_again} != {str(events)}:
            sys.exit(f"stopped: PostgreSQL verified {counted} and {counted_again} of {events}")
        size = int(psql(socket, "-c", "SELECT pg_total_relation_size('event')"))

    version = psql(socket, "-c", "SHOW server_version")
    print(f"{events:,} events; PostgreSQL {version}, fsync on, rows of {PAYLOAD} bytes, {size / events:,.0f} bytes a row on disk\n")
    print(f"{'':<58} {'seconds':>9} {'events/s':>11}")
    line("append: PostgreSQL, hash-chain trigger, 1,000 a commit", appended, events)
    line("append: luqi import, end to end (see below)", imported.seconds, events)
    for part, seconds in parts.items():
        if seconds > 0:
            line(f"  its parts in turn: {part}", seconds, events)
    line("verify: PostgreSQL, plpgsql loop", by_loop, events)
    line("verify: PostgreSQL, one SQL statement", by_window, events)
    line("verify: luqi audit", audited.seconds, events)
    fastest = min(by_loop, by_window)
    print(f"\nappend: luqi's import takes {imported.seconds / appended:.2f} times PostgreSQL's time; "
          f"verify: luqi's audit takes {audited.seconds / fastest:.2f} times PostgreSQL's fastest.")
    print("""
They do not do the same. luqi's import also reads and validates JSON, makes a VRF proof for each item, encrypts the
record, signs, and keeps an index against duplicates; its audit also verifies signatures and certificates, folds
every contract, and recomputes the log's tree and the contract map. PostgreSQL's chain has one hash a row, and
whoever may write to the table can compute it anew from any row on.""")
    folder = Path("target/bench")
    folder.mkdir(parents=True, exist_ok=True)
    result = {"events": events, "postgresql": version, "append": {"postgresql": appended, "luqi": imported.seconds},
              "luqi_parts": parts,
              "verify": {"postgresql_loop": by_loop, "postgresql_sql": by_window, "luqi": audited.seconds}}
    (folder / "peers.json").write_text(json.dumps(result, indent=1) + "\n")
    print("\nwritten: target/bench/peers.json")


if __name__ == "__main__":
    main()
