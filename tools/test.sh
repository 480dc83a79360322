#!/usr/bin/env bash
# Every test. Run by `make test`. What is left out is counted in the last lines: whoever leaves a test out writes one
# line into the file that LUQI_SKIPPED names, since test harnesses swallow what a passing test prints.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

mkdir -p target
export LUQI_SKIPPED="$PWD/target/skipped"
# Tests that are ignored in the code, each with its reason.
grep -rhoP '#\[ignore = "\K[^"]+' tests/tests node/src cli/tests ledger-core/src ledger-core/tests 2>/dev/null |
    sed 's/^/skipped: ignored: /' >"$LUQI_SKIPPED" || true

left_out() {
    local code=$?
    step "left out: $(wc -l <"$LUQI_SKIPPED")"
    sort "$LUQI_SKIPPED"
    exit "$code"
}
trap left_out EXIT

# What root can have for its tests; without root they are left out, and counted.
if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ]; then tools/need.sh e2fsprogs; fi

step "the second implementation: its own tests, and the golden vectors"
python3 -m unittest discover -s tools/tests
python3 tools/verify.py vectors ledger-core/vectors

if [ "${FUZZ:-}" = 1 ] || [ "${CI:-}" = true ]; then
    step "each fuzz target for five seconds"
    tools/need.sh c++ # libFuzzer is C++
    fuzz/run.sh 5
    echo "skipped: fuzz targets wire and agreement: swarm and engine compile long with a sanitizer (make fuzz runs them)" >>"$LUQI_SKIPPED"
else
    echo "skipped: fuzz targets: they compile long (FUZZ=1 runs each for five seconds)" >>"$LUQI_SKIPPED"
fi

step "examples in the documentation"
cargo test --locked --workspace --doc --quiet

step "the workspace"
if command -v cargo-nextest >/dev/null; then
    cargo nextest run --locked --workspace --no-fail-fast
else
    cargo test --locked --workspace --no-fail-fast --lib --bins --tests
fi
