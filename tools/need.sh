#!/usr/bin/env bash
# Installs what is missing of: python3, cryptography, cc, c++, curl, e2fsprogs, postgresql. Asks nothing, and says what it does.
set -euo pipefail

say() { echo "need: $*"; }

# So many packages by apt, where that can be done.
apt_install() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    say "installing $* with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 </dev/null && return
    apt-get update >/dev/null </dev/null
    apt-get install -y --no-install-recommends "$@" >/dev/null </dev/null
}

missing() {
    echo "need: $1 is missing and could not be installed; $2" >&2
    exit 4
}

has_cryptography() { python3 -c 'import cryptography' 2>/dev/null; }

pip_cryptography() {
    say "installing cryptography with pip"
    python3 -m pip install --quiet --disable-pip-version-check cryptography </dev/null ||
        python3 -m pip install --quiet --disable-pip-version-check --user --break-system-packages cryptography </dev/null
}

command -v cargo >/dev/null || missing "a Rust toolchain (cargo)" "install it from https://rustup.rs"

for what in "$@"; do
    case $what in
    python3)
        command -v python3 >/dev/null || apt_install python3 || missing python3 "install Python 3.11 or later"
        ;;
    cryptography)
        has_cryptography || { apt_install python3-cryptography && has_cryptography; } ||
            { pip_cryptography && has_cryptography; } ||
            missing "the Python library cryptography" "install it for $(command -v python3)"
        ;;
    cc)
        command -v cc >/dev/null || apt_install gcc libc6-dev || missing "a linker (cc)" "install gcc"
        ;;
    c++)
        command -v c++ >/dev/null || apt_install g++ || missing "a C++ compiler (c++)" "install g++"
        ;;
    curl)
        command -v curl >/dev/null || apt_install curl || missing curl "install curl"
        ;;
    e2fsprogs)
        command -v mkfs.ext4 >/dev/null || apt_install e2fsprogs || missing mkfs.ext4 "install e2fsprogs"
        ;;
    postgresql)
        # Debian keeps the server's programs out of PATH.
        compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ||
            apt_install postgresql || missing PostgreSQL "install its server programs (initdb, postgres)"
        ;;
    *)
        echo "need: nobody knows how to install $what" >&2
        exit 2
        ;;
    esac
done
