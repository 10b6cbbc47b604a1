#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares the Parquet files of FOLDER with the NDJSON beside them in pyarrow, DuckDB and Polars, and with
# KEDGE_TEST_ENGINES=all in Spark (which needs Java) and ClickHouse, too.
#   Integration/scripts/parquet_engines.sh FOLDER
set -euo pipefail
folder=${1:?"usage: $0 FOLDER"}
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engines=(pyarrow duckdb polars)
if [ "${KEDGE_TEST_ENGINES:-}" = all ]; then engines+=(spark chdb); fi
python=$("$scripts/engines.sh" "$([ ${#engines[@]} -eq 3 ] && echo core || echo all)")
exec "$python" "$scripts/parquet_engines.py" "$folder" "${engines[@]}"
