# SPDX-License-Identifier: Apache-2.0
"""Runs statements of `kedge sql latest` in an engine, and compares each view's rows with those of the source.

    latest_rows.py FOLDER ENGINE...

FOLDER holds for each case CASE.ENGINE.sql, CASE.schema.json (the table's newest schema), CASE.view (the view's name)
and CASE.rows (what the source's row_to_json prints, a line each). Prints a line for each engine; exits 1 at a difference.
"""
import glob
import json
import os
import sys

import parquet_engines
from parquet_engines import Difference, expected, load, same, seen, UNFIT


def quoted(name, mark):
    return mark + name.replace(mark, mark * 2) + mark


def run_duckdb():
    import duckdb
    import duckdb_extensions

    connection = duckdb.connect()
    duckdb_extensions.import_extension("delta", con=connection)
    connection.execute("LOAD delta")
    connection.execute("SET timezone = 'UTC'")

    def rows(statement, view):
        connection.execute(statement)
        result = connection.execute(f"SELECT * FROM {quoted(view, chr(34))}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row)) for row in result.fetchall()]

    return rows


def run_spark():
    spark = parquet_engines.spark_session()

    def rows(statement, view):
        spark.sql(statement)
        return [row.asDict() for row in spark.sql(f"SELECT * FROM {quoted(view, '`')}").collect()]

    return rows


def run_chdb():
    from chdb import session

    connection = session.Session()
    connection.query("CREATE DATABASE latest ENGINE = Atomic")
    connection.query("USE latest")

    def rows(statement, view):
        connection.query(statement)
        name = view.replace("\\", "\\\\").replace("`", "\\`")
        table = connection.query(
            f"SELECT * FROM `{name}` SETTINGS schema_inference_make_columns_nullable = 'auto', "
            "output_format_arrow_string_as_string = 0", "ArrowTable")
        return [parquet_engines.decoded(row) for row in table.to_pylist()]

    return rows


ENGINES = {"duckdb": run_duckdb, "spark": run_spark, "chdb": run_chdb}


def key_of(row, schema):
    return json.dumps([row[name] for name in schema["key"]], default=str)


def compare(found, lines, schema, place):
    """Compares the rows of one view; returns how many values."""
    columns = [(column["name"], column["type"]) for column in schema["columns"]]
    wanted = {}
    for line in lines:
        row = load(line)
        wanted[key_of({name: str(expected(kind, row[name], "portable")) for name, kind in columns}, schema)] = row
    if len(found) != len(wanted):
        raise Difference(f"{place}: {len(found)} rows and not {len(wanted)}")
    count = 0
    for row in found:
        key = key_of({name: str(seen(kind, row[name], "portable")) for name, kind in columns}, schema)
        if key not in wanted:
            raise Difference(f"{place}: {key} is no row of the source")
        want = wanted.pop(key)
        for name, kind in columns:
            value = expected(kind, want[name], "portable")
            if value is UNFIT:
                value = None
            if not same(seen(kind, row[name], "portable"), value):
                raise Difference(f"{place}: {key}, {name}: {str(row[name])[:200]!r} is not {str(value)[:200]!r}")
            count += 1
    return count


def main(folder, engines):
    for engine in engines:
        rows = ENGINES[engine]()
        parquet_engines.loose = engine == "chdb"
        cases = total = values = 0
        for path in sorted(glob.glob(os.path.join(folder, f"*.{engine}.sql"))):
            case = path[: -len(f".{engine}.sql")]
            texts = {}
            for part in ("schema.json", "view", "rows"):
                with open(f"{case}.{part}", encoding="utf-8") as file:
                    texts[part] = file.read()
            with open(path, encoding="utf-8") as file:
                statement = file.read().rstrip().rstrip(";")
            view = texts["view"].rstrip("\n")
            place = f"{engine}: {view}"
            try:
                found = rows(statement, view)
            except Exception as error:
                raise Difference(f"{place}: {str(error)[:2000]}\n{statement}") from None
            lines = [line for line in texts["rows"].split("\n") if line]
            values += compare(found, lines, json.loads(texts["schema.json"]), place)
            cases += 1
            total += len(found)
        print(f"{engine}: {cases} views, {total} rows, {values} values are those of the source")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except Difference as difference:
        sys.exit(f"latest_rows: {difference}")
