#!/usr/bin/env bash
# One run through everything that luqi promises for a ledger of one. Run by `make demo-one`; leaves its files
# in demo-one/. Stops with an error at the first step that does not answer as promised.
set -euo pipefail
cd "$(dirname "$0")/.."

contracts=${CONTRACTS:-20000}
seed=${SEED:-7}
demo=${DEMO:-demo-one}

step_number=0
step() {
    step_number=$((step_number + 1))
    printf '\n%d. %s\n\n' "$step_number" "$*"
}

# Shows a command, runs it, and stops the demonstration unless it answers with the promised code.
expect() {
    local promised=$1 code=0
    shift
    printf '   $ %s\n' "$*"
    "$@" >"$demo/said" || code=$?
    sed 's/^/   /' "$demo/said"
    if [ "$code" != "$promised" ]; then
        printf '\nstopped: answered %d, promised was %d\n' "$code" "$promised" >&2
        exit 1
    fi
    printf '   (exit code %d)\n' "$code"
}

luqi() { "${CARGO_TARGET_DIR:-target}/demo/luqi" "$@"; }

# The first height among an audit's findings.
found_height() { python3 -c 'import json, sys; print(json.load(sys.stdin)["findings"][0]["height"])'; }

tools/build_demo.sh
rm -rf "$demo"
mkdir -p "$demo"
began=$SECONDS

step "A network of one validator: its genesis, its home, its keys."
expect 0 luqi testnet --validators 1 --out "$demo/net"

step "$contracts fictitious contracts as a platform would send them, one item in a hundred bad on purpose."
expect 0 luqi sample --contracts "$contracts" --seed "$seed" --out "$demo/sample"

step "Every item is checked, sealed in the vault, and its commitment recorded on the chain."
expect 0 luqi import --home "$demo/net/node1" "$demo/sample/messages"

step "The same messages again: nothing is recorded twice."
expect 0 luqi import --home "$demo/net/node1" "$demo/sample/messages"

step "An audit recomputes the whole chain from the genesis. It holds."
expect 0 luqi audit --home "$demo/net/node1" --genesis "$demo/net/genesis.json"

step "A copy of the home, in which one bit of one recorded event is altered and the checksum mended."
cp -r "$demo/net/node1" "$demo/altered"
expect 0 python3 tools/alter.py "$demo/altered"
altered=$(sed -n 's/^it is in block \([0-9]*\),.*/\1/p' "$demo/said")

step "The same audit of the copy. It finds the alteration, and names the place."
expect 1 luqi audit --home "$demo/altered" --genesis "$demo/net/genesis.json"
found=$(luqi audit --home "$demo/altered" --genesis "$demo/net/genesis.json" --json 2>/dev/null | found_height || true)
if [ "$found" != "$altered" ]; then
    printf '\nstopped: altered was block %s, found was block %s\n' "$altered" "$found" >&2
    exit 1
fi

step "The chain as one file, for somebody who trusts neither this program nor its author."
expect 0 luqi export --home "$demo/net/node1" --out "$demo/chain.luqi"

step "A second implementation, written in Python from the specification alone, verifies it."
expect 0 python3 tools/verify.py archive "$demo/chain.luqi" --genesis "$demo/net/genesis.json"

step "It, too, finds one altered bit."
cp "$demo/chain.luqi" "$demo/altered.luqi"
expect 0 python3 tools/alter.py "$demo/altered.luqi"
expect 1 python3 tools/verify.py archive "$demo/altered.luqi" --genesis "$demo/net/genesis.json"

rm -f "$demo/said"
printf '\nEverything answered as promised, in %d seconds. The files are in %s/.\n' "$((SECONDS - began))" "$demo"
