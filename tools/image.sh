#!/bin/sh
# Builds the image of the Dockerfile without a registry: a static binary of this machine, FROM scratch.
# Usage: tools/image.sh [NAME]
set -eu
cd "$(dirname "$0")/.."
name=${1:-luqi:local}
host=$(rustc -vV | sed -n 's/^host: //p')

echo "building a static luqi for $host"
# The target is named so that macros of the build are not linked statically too; its output stands apart.
RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked -p luqi --target "$host"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "${CARGO_TARGET_DIR:-target}/$host/release/luqi" "$context/luqi"
# Names of functions stay for a backtrace; the lines of the source, three quarters of the file, do not.
strip --strip-debug "$context/luqi"
mkdir "$context/data"
touch "$context/data/.keep"
# From the stage on that says FROM scratch, the Dockerfile is the one that a registry would build.
sed -n '/^FROM scratch/,$p' Dockerfile \
    | sed -e 's#--from=build ##' -e 's#/image/luqi#luqi#' -e 's#/image/data#data#' > "$context/Dockerfile"
docker build --quiet --tag "$name" "$context" > /dev/null
docker image inspect --format "$name: {{.Size}} bytes, user {{.Config.User}}" "$name"
