#!/usr/bin/env bash
# Runs every fuzz target for so many seconds each: fuzz/run.sh [SECONDS] [TARGET…]
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-20}
shift || true
# cargo-fuzz needs the flags of a nightly compiler; the pinned one takes them when told so.
export RUSTC_BOOTSTRAP=1
# Safe Rust leaks nothing that matters here, and leak detection hangs where ptrace is forbidden.
export ASAN_OPTIONS=detect_leaks=0
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list --fuzz-dir .)
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "target/found/$target"
    echo "== $target: ${seconds} s"
    # New inputs go beside the kept corpus, which is committed and small.
    cargo fuzz run --fuzz-dir . "$target" "target/found/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=256 -timeout=10 -print_final_stats=1 -print_funcs=0 -verbosity=0
done
