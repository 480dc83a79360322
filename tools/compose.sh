#!/bin/sh
# The network of docker-compose.yml: makes what it needs, starts it, ends it.
# Usage: tools/compose.sh prepare|up|status|audit|down
#   LUQI        the binary on this machine (default: target/release/luqi, built where it is missing)
#   LUQI_IMAGE  the image (default: luqi:local, built where it is missing)
set -eu
cd "$(dirname "$0")/.."
image=${LUQI_IMAGE:-luqi:local}
project=${COMPOSE_PROJECT_NAME:-luqi}
net=target/compose/net
services="province jinan qingdao yantai weifang"

if docker compose version > /dev/null 2>&1; then compose="docker compose"; else compose=docker-compose; fi
compose="$compose -p $project"

# A member's keys never leave his machine in earnest; here one hand makes all of them, for a try.
prepare() {
    docker image inspect "$image" > /dev/null 2>&1 || tools/image.sh "$image"
    luqi=${LUQI:-target/release/luqi}
    [ -x "$luqi" ] || cargo build --release --locked -p luqi
    rm -rf "$net"
    "$luqi" testnet --members 370000,370100,370200,370600,370700:0 --out "$net" \
        --hosts province,jinan,qingdao,yantai,weifang
    number=0
    for service in $services; do
        number=$((number + 1))
        docker volume create "${project}_$service" > /dev/null
        holder=$(docker create -v "${project}_$service:/data" "$image")
        tar -C "$net/node$number" --owner=10001 --group=10001 -c . | docker cp -a - "$holder:/data"
        docker rm "$holder" > /dev/null
    done
}

case "${1:-help}" in
prepare) prepare ;;
up)
    prepare
    $compose up -d
    ;;
status)
    for service in $services; do
        $compose exec -T "$service" /luqi status --url unix:/data/node.sock || true
    done
    ;;
audit)
    # What an audit reads is copied out of the stopped containers: an auditor has no business inside.
    $compose stop
    number=0
    for service in $services; do
        number=$((number + 1))
        rm -rf "target/compose/copy/$service"
        mkdir -p "target/compose/copy/$service"
        docker cp "${project}_${service}_1:/data/." "target/compose/copy/$service"
        "${LUQI:-target/release/luqi}" audit --home "target/compose/copy/$service" --genesis "$net/genesis.json"
    done
    ;;
down) $compose down -v --remove-orphans ;;
*)
    sed -n '2,5s/^# //p' "$0"
    exit 2
    ;;
esac
