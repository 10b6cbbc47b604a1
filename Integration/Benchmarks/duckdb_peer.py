# SPDX-License-Identifier: Apache-2.0
"""Writes a table of PostgreSQL to a file with DuckDB: duckdb_peer.py URI TABLE FILE FORMAT."""
import glob
import os
import sys

import duckdb
import duckdb_extension_postgres_scanner as scanner

uri, table, file, form = sys.argv[1:]
extension, = glob.glob(f"{os.path.dirname(scanner.__file__)}/extensions/*/*.duckdb_extension")
database = duckdb.connect(config={"autoinstall_known_extensions": "false"})
database.execute(f"LOAD '{extension}'")
database.execute(f"ATTACH '{uri}' AS source (TYPE postgres, READ_ONLY)")
database.execute(f"COPY (SELECT * FROM source.public.{table}) TO '{file}' (FORMAT {form})")
