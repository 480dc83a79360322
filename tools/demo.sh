#!/usr/bin/env bash
# A province and three cities keep one chain, on this machine: what happens when one of them dies, when another
# joins late, and when somebody alters a byte. Run by `make demo`; leaves its files in demo/. Stops with an
# error at the first step that does not answer as promised.
set -euo pipefail
cd "$(dirname "$0")/.."

contracts=${CONTRACTS:-20000}
seed=${SEED:-7}
demo=${DEMO:-demo}
port=${PORT:-17400}

step_number=0
step() {
    step_number=$((step_number + 1))
    printf '\n%d. %s\n\n' "$step_number" "$*"
}

stopped() {
    printf '\nstopped: %s\n' "$*" >&2
    exit 1
}

# Shows a command, runs it, and stops the demonstration unless it answers with the promised code.
expect() {
    local promised=$1 code=0
    shift
    printf '   $ %s\n' "$*"
    "$@" >"$demo/said" 2>"$demo/errors" || code=$?
    sed 's/^/   /' "$demo/said"
    if [ "$code" != "$promised" ]; then
        cat "$demo/errors" >&2
        stopped "answered $code, promised was $promised"
    fi
    printf '   (exit code %d)\n' "$code"
}

# LUQI names a binary that is built already.
binary=${LUQI:-${CARGO_TARGET_DIR:-target}/demo/luqi}
luqi() { "$binary" "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# Where node N answers: testnet and wiring give each node two ports.
url() { echo "http://127.0.0.1:$((port + 2 * $1 - 1))"; }
ask() { curl -sf --max-time 5 "$(url "$1")/v1/status" 2>/dev/null; }
height() { ask "$1" | field height; }

pids=()
start() {
    "$binary" node --home "$demo/net/node$1" 2>>"$demo/net/node$1.log" &
    pids[$1]=$!
}
await_ready() {
    for _ in $(seq 300); do
        curl -sf --max-time 5 "$(url "$1")/readyz" >/dev/null 2>&1 && return
        sleep 0.2
    done
    tail -5 "$demo/net/node$1.log" >&2
    stopped "node $1 does not come up"
}
# Until all are well: who has just come hears of the newest blocks within some seconds.
await_well() {
    for _ in $(seq 100); do
        luqi status "${all[@]}" >/dev/null 2>&1 && return
        sleep 0.2
    done
}
end_all() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    pids=()
}
trap end_all EXIT

[ -n "${LUQI:-}" ] || tools/build_demo.sh
rm -rf "$demo"
mkdir -p "$demo"
began=$SECONDS

step "A network: the province (node 1) and the cities Jinan, Qingdao and Zibo (2 to 4), one vote each."
expect 0 luqi testnet --validators 4 --base-port "$port" --param pace_idle_ms=1000 --out "$demo/net"
for node in 1 2 3 4; do start $node; done
for node in 1 2 3 4; do await_ready $node; done
all=(--url "$(url 1)" --url "$(url 2)" --url "$(url 3)" --url "$(url 4)")
await_well
expect 0 luqi status "${all[@]}"

step "$contracts fictitious contracts, each city's own, one item in a hundred bad on purpose."
for part in 1 2 3; do
    expect 0 luqi sample --contracts $((contracts / 3)) --seed "$seed" --part $part --out "$demo/sample$part"
done

step "Three cities hand their messages in, each at its own node. Halfway, Zibo's node is killed (kill -9)."
submitting=()
for part in 1 2 3; do
    node=$((part + 1))
    printf '   $ luqi submit --url %s %s --wait final &\n' "$(url $node)" "$demo/sample$part/messages"
    luqi submit --url "$(url $node)" "$demo/sample$part/messages" --wait final \
        --rejected "$demo/rejected$part.jsonl" >"$demo/submitted$part" 2>&1 &
    submitting[part]=$!
done
until [ "$(ask 1 | field events)" -gt $((contracts * 3 / 4)) ]; do sleep 0.1; done
before=$(height 1)
kill -9 "${pids[4]}"
wait "${pids[4]}" 2>/dev/null || true
printf '   node 4 is dead at block %s\n' "$before"
for _ in $(seq 60); do
    sleep 1
    [ "$(height 1)" -gt "$before" ] && break
done
[ "$(height 1)" -gt "$before" ] || stopped "the chain stands still although three of four votes are there"
printf '   the others are at block %s\n' "$(height 1)"
expect 3 luqi status "${all[@]}"

step "It is started again, catches up, and takes the rest of its city's messages."
start 4
await_ready 4
for part in 1 2 3; do
    wait "${submitting[part]}" || { cat "$demo/submitted$part" >&2; stopped "submitting failed"; }
done
printf '   Zibo, whose node was killed in the middle:\n'
sed 's/^/   /' "$demo/submitted3"
await_well
expect 0 luqi status "${all[@]}"

step "A replica joins late: a further node of Zibo, by a change that more than two thirds of the members approve."
expect 0 luqi member prepare --like "$demo/net/node4" --home "$demo/net/node5" --out "$demo/node5.json"
expect 0 luqi member propose add-node 370300 "$demo/node5.json" --power 0 --effective +25 --url "$(url 4)" --wait
proposal=$(luqi member list --url "$(url 1)" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["proposals"][0]["id"])')
for member in 370000 370100 370200; do
    expect 0 luqi member approve "$proposal" --member $member \
        --key "$demo/net/members/$member/governance.key" --url "$(url 1)" --wait
done
expect 0 luqi member join --home "$demo/net/node5" --genesis "$demo/net/genesis.json" --node 5
{
    printf '[http]\nlisten = "127.0.0.1:%d"\n[network]\nlisten = "127.0.0.1:%d"\n' $((port + 9)) $((port + 8))
    for node in 1 2 3 4; do
        printf '[[network.peers]]\nnode = %d\naddress = "127.0.0.1:%d"\n' $node $((port + 2 * node - 2))
    done
} >"$demo/net/node5/node.toml"
start 5
await_ready 5
all+=(--url "$(url 5)")
await_well
expect 0 luqi status "${all[@]}"

step "An auditor who trusts none of them reads the chain from all five, and recomputes it from the genesis."
nodes=()
for node in 1 2 3 4 5; do nodes+=(--node "$(url $node)"); done
expect 0 luqi audit "${nodes[@]}" --genesis "$demo/net/genesis.json"

step "The nodes end. Each home is audited alone: the same chain everywhere."
end_all
tips=() heights=()
for node in 1 2 3 4 5; do
    printf '   $ luqi audit --home %s --genesis %s\n' "$demo/net/node$node" "$demo/net/genesis.json"
    luqi audit --home "$demo/net/node$node" --genesis "$demo/net/genesis.json" --json >"$demo/said" 2>"$demo/errors" ||
        { cat "$demo/said" "$demo/errors" >&2; stopped "node $node does not hold"; }
    tips[node]=$(field tip <"$demo/said") heights[node]=$(field height <"$demo/said")
    printf '   node %d holds: %s events, tip %s\n' $node "$(field events <"$demo/said")" "${tips[node]}"
done
# The last to end may have made a block more: they are compared where all have one.
lowest=$(printf '%s\n' "${heights[@]}" | sort -n | head -n 1)
for node in 1 2 3 4 5; do
    tips[node]=$(luqi show block "$lowest" --home "$demo/net/node$node" --json | field hash)
    [ "${tips[node]}" = "${tips[1]}" ] || stopped "node $node has another block $lowest"
done
printf '   block %s is the same in all five: %s\n' "$lowest" "${tips[1]}"

step "One bit of one recorded event is altered in Qingdao's store, and the checksum mended."
expect 0 python3 tools/alter.py "$demo/net/node3"
altered=$(sed -n 's/^it is in block \([0-9]*\),.*/\1/p' "$demo/said")

step "An audit of that home finds it and names the place; the four others hold."
expect 1 luqi audit --home "$demo/net/node3" --genesis "$demo/net/genesis.json"
found=$(luqi audit --home "$demo/net/node3" --genesis "$demo/net/genesis.json" --json 2>/dev/null |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["findings"][0]["height"])' || true)
[ "$found" = "$altered" ] || stopped "altered was block $altered, found was block $found"

rm -f "$demo/said" "$demo/errors"
printf '\nEverything answered as promised, in %d seconds. The files are in %s/.\n' "$((SECONDS - began))" "$demo"
