#!/usr/bin/env bash
# Runs fuzz targets for so many seconds each: fuzz/run.sh [SECONDS] [TARGET…]. Without a name, all of the core's;
# with NODE=1 also those over the node, for which swarm and engine are compiled first.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-20}
shift || true
# cargo-fuzz needs the flags of a nightly compiler; the pinned one takes them when told so.
export RUSTC_BOOTSTRAP=1
# Safe Rust leaks nothing that matters here, and leak detection hangs where ptrace is forbidden.
export ASAN_OPTIONS=detect_leaks=0
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
node_targets=" wire agreement "
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    mapfile -t targets < <(cargo fuzz list --fuzz-dir .)
    if [ "${NODE:-}" != 1 ]; then
        echo "skipped: the targets$node_targets(NODE=1 runs them)"
        for name in $node_targets; do targets=("${targets[@]/#$name/}"); done
    fi
fi
for target in "${targets[@]}"; do
    [ -n "$target" ] || continue
    features=()
    case $node_targets in *" $target "*) features=(--features node) ;; esac
    mkdir -p "corpus/$target" "target/found/$target"
    echo "== $target: ${seconds} s"
    # New inputs go beside the kept corpus, which is committed and small.
    cargo fuzz run --fuzz-dir . "${features[@]}" "$target" "target/found/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=256 -timeout=10 -print_final_stats=1 -print_funcs=0 -verbosity=0
done
