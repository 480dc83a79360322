#!/usr/bin/env bash
# What a user would pick instead: a PostgreSQL table with a hash-chain trigger, measured beside luqi on the same
# machine. It runs a cluster of its own in a temporary folder, on a Unix socket only, and removes it.
set -euo pipefail
cd "$(dirname "$0")/.."

events=${EVENTS:-200000}
luqi=${CARGO_TARGET_DIR:-target}/release/luqi
cargo build --release --locked --quiet --bin luqi

bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1 || true)
export PATH="$bin:$PATH" PGUSER=postgres LC_ALL=C
unset PGHOST PGPORT PGDATABASE PGOPTIONS

work=$(mktemp -d /tmp/luqi-peers.XXXXXX)
# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    owner=postgres
    id -u postgres >/dev/null 2>&1 || owner=nobody
    chown "$owner" "$work"
    as=(runuser -u "$owner" --)
fi
stop() {
    "${as[@]}" pg_ctl -D "$work/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

(
    cd "$work" # the server's user may not enter our folder
    "${as[@]}" initdb -D data -U postgres -A trust -E UTF8 --no-locale >/dev/null
    # As it comes, but for its address: fsync and synchronous commit are on. Memory as its manual advises.
    "${as[@]}" pg_ctl -D data -w -l log \
        -o "-c listen_addresses='' -c unix_socket_directories='$work' -c shared_buffers=512MB -c max_wal_size=4GB" start >/dev/null
)

python3 tools/bench_peers.py --socket "$work" --events "$events" --luqi "$luqi"
