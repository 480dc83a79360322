#!/bin/sh
# The network of docker-compose.yml: makes what it needs, starts it, ends it.
#
#   tools/compose.sh up                      makes image, keys and volumes where they are missing; starts
#   tools/compose.sh submit SERVICE FOLDER   hands the messages of a folder to a node, and waits until final
#   tools/compose.sh status                  what each node says, side by side
#   tools/compose.sh kill|start SERVICE      ends a node at once, as a crash does; brings it back
#   tools/compose.sh audit                   stops all nodes, and audits a copy of each home
#   tools/compose.sh down                    ends it, and removes containers, volumes and keys
#   tools/compose.sh demo                    all of that, one after the other
#
# Services: province jinan qingdao yantai weifang. From the environment:
#   LUQI                  the binary on this machine (default: target/release/luqi, built where it is missing)
#   LUQI_IMAGE            the image (default: luqi:local, built where it is missing)
#   LUQI_SUBNET           the first three numbers of the addresses (default: 172.30.37)
#   LUQI_NET              the folder of genesis and keys (default: target/compose)
#   COMPOSE_PROJECT_NAME  what containers and volumes are named after (default: luqi)
set -eu
cd "$(dirname "$0")/.."
export LUQI_IMAGE="${LUQI_IMAGE:-luqi:local}"
export COMPOSE_PROJECT_NAME="${COMPOSE_PROJECT_NAME:-luqi}"
folder=${LUQI_NET:-target/compose}
net=$folder/net
services="province jinan qingdao yantai weifang"
socket=unix:/data/node.sock

if docker compose version > /dev/null 2>&1; then compose="docker compose"; else compose=docker-compose; fi

# The container of a service, whether it runs or not; the versions of compose name them differently.
container() { $compose ps -a -q "$1"; }

# A service that is named wrongly ends this.
known() {
    case " $services " in
    *" ${1:-} "*) ;;
    *) echo "compose: name one of: $services" >&2; exit 2 ;;
    esac
}

# The binary on this machine: it makes the keys, and audits.
binary() {
    luqi=${LUQI:-${CARGO_TARGET_DIR:-target}/release/luqi}
    [ -n "${LUQI:-}" ] || cargo build --release --locked --quiet --bin luqi
}

# In earnest a member's keys never leave his machine; here one hand makes all of them, for a try.
prepare() {
    binary
    docker image inspect "$LUQI_IMAGE" > /dev/null 2>&1 || tools/image.sh "$LUQI_IMAGE"
    if docker volume inspect "${COMPOSE_PROJECT_NAME}_province" > /dev/null 2>&1; then
        [ -e "$net/genesis.json" ] && return
        echo "compose: there are volumes of $COMPOSE_PROJECT_NAME, and no $net/genesis.json; run: $0 down" >&2
        exit 2
    fi
    rm -rf "$net"
    mkdir -p "$folder"
    "$luqi" testnet --members 370000,370100,370200,370600,370700:0 --out "$net" \
        --hosts "$(echo "$services" | tr ' ' ,)"
    $compose up --no-start
    number=0
    for service in $services; do
        number=$((number + 1))
        # Without -a, which would look the user up by a name that the image does not know: owners are the tar's.
        tar -C "$net/node$number" --owner=10001 --group=10001 -c . | docker cp - "$(container "$service"):/data"
    done
}

# Whether every node says that it is ready and near the tip.
all_well() {
    for service in $services; do
        docker exec "$(container "$service")" /luqi status --url "$socket" > /dev/null 2>&1 || return 1
    done
}

wait_until_well() {
    tries=0
    until all_well; do
        tries=$((tries + 1))
        [ "$tries" -lt 120 ] || { echo "compose: not every node is ready after two minutes" >&2; status; exit 3; }
        sleep 1
    done
}

# A container beside the node's, with its volume and no network: nothing of the messages stays there.
submit() {
    known "${1:-}"
    messages=$(cd "$2" && pwd)
    docker run --rm --read-only --network none --user 10001:10001 \
        --volumes-from "$(container "$1")" --volume "$messages:/messages:ro" \
        "$LUQI_IMAGE" submit --url "$socket" /messages --rejected /data/rejected.jsonl --wait final
}

status() {
    # Sockets of all nodes in one container give one table.
    set --
    urls=
    for service in $services; do
        volume=${COMPOSE_PROJECT_NAME}_$service
        set -- "$@" --volume "$volume:/nodes/$service"
        urls="$urls --url unix:/nodes/$service/node.sock"
    done
    # shellcheck disable=SC2086 # the words of $urls are meant one by one
    docker run --rm --read-only --network none --user 10001:10001 "$@" "$LUQI_IMAGE" status $urls
}

# What an audit reads is copied out of stopped containers: an auditor has no business inside.
audit() {
    binary
    $compose stop
    worst=0
    for service in $services; do
        copy=$folder/copy/$service
        rm -rf "$copy"
        mkdir -p "$copy"
        docker cp "$(container "$service"):/data/." "$copy" > /dev/null
        echo "$service:"
        code=0
        "$luqi" audit --home "$copy" --genesis "$net/genesis.json" || code=$?
        [ "$code" -le "$worst" ] || worst=$code
    done
    return "$worst"
}

down() {
    $compose down --volumes --remove-orphans
    rm -rf "$folder"
}

step() { printf '\n== %s\n\n' "$*"; }

demo() {
    contracts=${CONTRACTS:-1000}
    down > /dev/null 2>&1
    trap down EXIT
    step "The province and three cities as validators, a fourth city as a replica: five containers"
    prepare
    $compose up -d
    wait_until_well
    status
    for name in jinan qingdao weifang; do
        "$luqi" sample --contracts "$contracts" --seed "$(printf '%s' "$name" | cksum | cut -c1-4)" \
            --out "$folder/sample/$name" > /dev/null
    done
    step "$contracts fictitious contracts at Jinan"
    submit jinan "$folder/sample/jinan/messages"
    step "Yantai is killed; $contracts more at Qingdao: three of four validators go on"
    docker kill --signal KILL "$(container yantai)" > /dev/null
    submit qingdao "$folder/sample/qingdao/messages"
    status || true
    step "Yantai comes back and catches up; $contracts more at the replica Weifang, which passes them on"
    docker start "$(container yantai)" > /dev/null
    submit weifang "$folder/sample/weifang/messages"
    wait_until_well
    status
    step "All are stopped, and a copy of each home is audited from the genesis"
    audit
    step "Everything is removed"
}

case "${1:-help}" in
up)
    prepare
    $compose up -d
    ;;
submit) [ $# -eq 3 ] || { echo "compose: submit SERVICE FOLDER" >&2; exit 2; }; submit "$2" "$3" ;;
status) status ;;
kill) known "${2:-}"; docker kill --signal KILL "$(container "$2")" > /dev/null ;;
start) known "${2:-}"; docker start "$(container "$2")" > /dev/null ;;
audit) audit ;;
down) down ;;
demo) demo ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
