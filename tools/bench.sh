#!/usr/bin/env bash
# The whole way, measured: import, audit, export, at each of the sizes in $EVENTS. Prints a table whose ratios
# are of one run, and writes target/bench/end_to_end.json.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet --bin luqi
# shellcheck disable=SC2086 # the sizes are words
exec python3 tools/bench.py --luqi "${CARGO_TARGET_DIR:-target}/release/luqi" ${EVENTS:-1000000 5000000}
