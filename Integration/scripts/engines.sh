#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets up the Python engines that tests read exports with, at the first call, and prints the path of their python.
#   Integration/scripts/engines.sh [core|all]
# core is pyarrow, DuckDB with its Delta extension, Polars, delta-rs and a reader of Trino's SQL; all has Spark (which
# needs Java) and ClickHouse, too. Calls at the same time wait for each other. KEDGE_TEST_PYTHON names a python that has everything already.
set -euo pipefail

core=(pyarrow==26.0.1 duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-delta==1.5.5 polars==2.1.0 deltalake==1.6.6 pytz
    sqlglot==30.30.0)
all=(pyspark==4.3.0 chdb==4.4.0)

if [ -n "${KEDGE_TEST_PYTHON:-}" ]; then
    echo "$KEDGE_TEST_PYTHON"
    exit 0
fi
case ${1:-core} in
    core) wanted=("${core[@]}") ;;
    all) wanted=("${core[@]}" "${all[@]}") ;;
    *)
        echo "engines: \"$1\" is neither core nor all" >&2
        exit 2
        ;;
esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/.build/engines
mkdir -p "$root/.build"
# The stamp lists what is there, so that another version of this file installs what it wants.
stamp=$venv/installed
exec 9> "$root/.build/engines.lock"
flock 9
missing=()
for package in "${wanted[@]}"; do
    grep -qsxF "$package" "$stamp" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    # Spark is a source package; its build needs setuptools and nothing that would have to be fetched for it alone.
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${missing[@]}" >&2
    printf '%s\n' "${missing[@]}" >> "$stamp"
fi
echo "$venv/bin/python"
