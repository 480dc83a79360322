#!/usr/bin/env bash
# The network, measured beside the bare engine: builds both, then runs tools/bench_network.py with whatever
# arguments it is given. LUQI names a binary that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
if [ -z "${LUQI:-}" ]; then
    cargo build --release --locked --quiet --bin luqi --bin flood
fi
cargo bench --locked --quiet --no-run -p luqi-node --features bare-engine --bench engine
engine="cargo bench --locked --quiet -p luqi-node --features bare-engine --bench engine --"
exec python3 tools/bench_network.py --luqi "${LUQI:-$target/release/luqi}" "$@" --flood "${FLOOD:-$target/release/flood}" --engine "$engine"
