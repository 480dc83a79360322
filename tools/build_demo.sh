#!/usr/bin/env bash
# Builds luqi for the demonstrations, in the profile that builds soonest, and shows how far it is: cargo's own bar on a
# terminal, elsewhere a line now and then. Run by demo.sh and demo_one.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

build() { cargo build --profile demo --locked --bin luqi; }

crates=$(cargo tree --locked -p luqi -e normal,build --prefix none --format '{p}' | sed 's/ .*//' | sort -u | wc -l)
echo "building luqi: some $crates crates, a few minutes the first time"
if [ -t 2 ]; then
    build
    exit
fi
# A failed build fails the pipe.
build 2>&1 | {
    said=$SECONDS built=0
    while IFS= read -r line; do
        case $line in
        *" Compiling "*)
            built=$((built + 1))
            if [ $((SECONDS - said)) -ge 20 ]; then
                said=$SECONDS
                printf '  %d of them after %d s\n' "$built" "$SECONDS"
            fi
            ;;
        *" Finished "* | *" Downloading "* | *" Downloaded "* | *" Blocking "*) ;;
        *) printf '%s\n' "$line" >&2 ;;
        esac
    done
}
