#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that building and testing need, and only those that are missing.
#   Integration/scripts/deps.sh [tests]
# With `tests` those that the whole run of tests needs beside them.
set -euo pipefail

packages=(libpq-dev libzstd-dev zlib1g-dev libsnappy-dev libsqlite3-dev libssl-dev openssl libhiredis-dev redis-server redis-tools pkg-config zstd gzip valgrind postgresql-client-common)
# Any server version will do; Debian 12 has 15. Its package holds initdb and the contrib extensions, too.
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null; then packages+=(postgresql postgresql-contrib); fi
# pgbench is part of the server's package since 15 and of -contrib before.
if ! command -v psql > /dev/null || ! command -v pgbench > /dev/null; then packages+=(postgresql-client postgresql-contrib); fi

# Another decoder of the log, which the tests of order compare with; Debian packs it for its own version.
version=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | cut -d / -f 5 | sort -n | tail -1 || true)
packages+=("postgresql-${version:-15}-wal2json")

# Other versions of the server come as a Python package; see servers.sh.
if ! python3 -m pip --version > /dev/null 2>&1; then packages+=(python3-pip); fi
# The engines that read Parquet are Python packages, too, in an environment of their own; see engines.sh.
if ! python3 -c 'import ensurepip, venv' > /dev/null 2>&1; then packages+=(python3-venv); fi
# One of them, Spark, runs in Java.
if [ "${1:-}" = tests ] && ! command -v java > /dev/null; then packages+=(openjdk-17-jre-headless); fi

missing=()
for package in "${packages[@]}"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)" != installed ]; then
        missing+=("$package")
    fi
done
if ! command -v swift > /dev/null; then
    echo "deps: Swift 6.2 or later is needed and not on the path; see https://www.swift.org/install" >&2
    exit 1
fi
if [ ${#missing[@]} -eq 0 ]; then
    echo "deps: everything is there"
    exit 0
fi

echo "deps: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || { echo "deps: run as root, or install by hand: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
# Tests and the demonstration start servers of their own; no cluster is wanted beside them.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf > /dev/null
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
