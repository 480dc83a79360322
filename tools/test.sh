#!/usr/bin/env bash
# Every test. Run by `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "the second implementation: its own tests, and the golden vectors"
python3 -m unittest discover -s tools/tests
python3 tools/verify.py vectors ledger-core/vectors

if [ "${FUZZ:-}" = 1 ] || [ "${CI:-}" = true ]; then
    step "each fuzz target of the core for five seconds"
    tools/need.sh c++ # libFuzzer is C++
    fuzz/run.sh 5
else
    echo "skipped: the fuzz targets, which compile long (FUZZ=1 runs them for five seconds each)"
fi

step "examples in the documentation"
cargo test --locked --workspace --doc --quiet

step "the workspace"
if command -v cargo-nextest >/dev/null; then
    cargo nextest run --locked --workspace --no-fail-fast
else
    cargo test --locked --workspace --no-fail-fast --lib --bins --tests
fi
