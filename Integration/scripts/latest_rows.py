# SPDX-License-Identifier: Apache-2.0
"""Runs statements of `kedge sql latest` in an engine, and compares each view's rows with those of the source.

    latest_rows.py FOLDER ENGINE...

FOLDER holds in `export` the path of the export, for each case CASE.ENGINE.sql, CASE.schema.json (the table's newest schema), CASE.view (the view's name)
and CASE.rows (what the source's row_to_json prints, a line each); what Spark has written is in the folder spark. Prints a line for each engine; exits 1 at a difference.
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


def run_trino():
    """What a reader of Trino's dialect understands of its statements, run by DuckDB."""
    import sqlglot
    from sqlglot import exp

    run = run_duckdb()
    with open(os.path.join(sys.argv[1], "export"), encoding="utf-8") as file:
        export = file.read()

    def placed(node):
        """The Delta table in the place of its name in the catalog."""
        if not isinstance(node, exp.Table) or node.catalog != "delta":
            return node
        path = os.path.join(export, node.name).replace("'", "''")
        return sqlglot.parse_one(f"SELECT * FROM delta_scan('{path}')", read="duckdb").subquery(node.alias)

    def rows(statement, view):
        tree = sqlglot.parse_one(statement, read="trino", error_level=sqlglot.ErrorLevel.RAISE)
        for query in tree.find_all(exp.With):
            # Trino's own rule, which its parser leaves to the analysis.
            if query.args.get("recursive") and not all(named.args["alias"].columns for named in query.expressions):
                raise Difference("a query of a recursive list does not name its columns")
        return run(tree.transform(placed).sql(dialect="duckdb"), view)

    return rows


def run_spark():
    """Reads what Integration/Engines/latest_state.py has written."""
    import urllib.parse

    import pyarrow.parquet

    def rows(statement, view):
        # Spark has a spelling of its own for some of the characters.
        name = urllib.parse.quote(view, safe="")
        table = pyarrow.parquet.read_table(os.path.join(sys.argv[1], "spark", name))
        return table.to_pylist(maps_as_pydicts=None)

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


ENGINES = {"duckdb": run_duckdb, "trino": run_trino, "spark": run_spark, "chdb": run_chdb}


def wanted_row(row, columns):
    """What a view shows of a row of the source: nothing where the column's type cannot hold the value."""
    values = {}
    for name, kind in columns:
        value = expected(kind, row[name], "portable")
        # The sign for bytes that were no text may be a text, too.
        is_text = isinstance(row[name], str) and "\ufffd" in row[name]
        values[name] = value if value is not UNFIT else row[name] if is_text else None
    return values


def key_of(row, schema):
    # ClickHouse has one type for texts and bytes.
    return repr([parquet_engines.decoded(row[name]) for name in schema["key"]])


def difference(row, want):
    """The first column in which two rows differ."""
    return next((name for name in want if not same(row[name], want[name])), None)


def compare(found, lines, schema, place):
    """Compares the rows of one view; returns how many values."""
    columns = [(column["name"], column["type"]) for column in schema["columns"]]
    # Several rows may look the same by their keys, where these hold values that no column can.
    wanted = {}
    for line in lines:
        want = wanted_row(load(line), columns)
        wanted.setdefault(key_of(want, schema), []).append(want)
    if len(found) != len(lines):
        raise Difference(f"{place}: {len(found)} rows and not {len(lines)}")
    for values in found:
        row = {name: seen(kind, values[name], "portable") for name, kind in columns}
        key = key_of(row, schema)
        rows = wanted.get(key)
        if not rows:
            raise Difference(f"{place}: {key} is no row of the source")
        match = next((index for index, want in enumerate(rows) if difference(row, want) is None), None)
        if match is None:
            name = difference(row, rows[0])
            raise Difference(f"{place}: {key}, {name}: {str(row[name])[:200]!r} is not {str(rows[0][name])[:200]!r}")
        rows.pop(match)
    return len(found) * len(columns)


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
