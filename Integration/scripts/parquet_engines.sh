#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares the Parquet files of FOLDER with the NDJSON beside them in pyarrow, DuckDB and Polars, and with
# KEDGE_TEST_ENGINES=all in Spark (which needs Java) and ClickHouse, too. Installs them from PyPI at the first call.
#   Integration/scripts/parquet_engines.sh FOLDER
set -euo pipefail
folder=${1:?"usage: $0 FOLDER"}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/.build/engines
packages=(pyarrow==26.0.1 duckdb==1.5.5 polars==2.1.0 pytz)
engines=(pyarrow duckdb polars)
if [ "${KEDGE_TEST_ENGINES:-}" = all ]; then
    packages+=(pyspark==4.3.0 chdb==4.4.0)
    engines+=(spark chdb)
fi
stamp=$venv/${#packages[@]}.installed
if [ ! -e "$stamp" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
    touch "$stamp"
fi
exec "$venv/bin/python" "$root/Integration/scripts/parquet_engines.py" "$folder" "${engines[@]}"
