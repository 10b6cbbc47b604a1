# SPDX-License-Identifier: Apache-2.0
"""Compares the Delta tables of an export with its chain, in other engines.

    delta_check.py EXPORT MIRROR [--engines deltalake,duckdb,polars,chdb] [--cut] [--checkpoint] [--compact] [--vacuum HOURS]

Reads the anchors itself, links their segments into MIRROR, which keeps what a vacuum takes away, and compares every
record that is anchored with what each engine sees, value by value. With --cut the tables are read at the versions that
the newest cut names, which works while kedge appends. --checkpoint, --compact and --vacuum then do to the tables what others do.
"""
import argparse
import datetime
import decimal
import glob
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def anchors(export):
    for path in sorted(glob.glob(f"{export}/_kedge/anchors/*.json")):
        with open(path) as file:
            yield json.load(file)


def newest_cut(export):
    while True:
        path = sorted(glob.glob(f"{export}/_kedge/cuts/*.json"))[-1]
        try:
            with open(path) as file:
                return json.load(file)
        except FileNotFoundError:
            continue


class Chain:
    """The segments of every table, by anchor, and a copy of them."""

    def __init__(self, export, mirror):
        self.mirror = mirror
        self.segments = {}
        self.names = {}
        self.last = 0
        self.export_id = None
        for anchor in anchors(export):
            self.last, self.export_id = anchor["anchor"], anchor["export"]
            for segment in anchor["segments"]:
                folder = segment["path"].split("/")[0]
                self.names[folder] = segment["table"]
                self.segments.setdefault(folder, []).append((anchor["anchor"], segment))
                copy = f"{mirror}/{segment['path']}"
                if not os.path.exists(copy):
                    os.makedirs(os.path.dirname(copy), exist_ok=True)
                    os.link(f"{export}/{segment['path']}", copy)

    def records(self, folder, upto):
        """All anchored records of a table up to an anchor, by column and in order."""
        files = [f"{self.mirror}/{s['path']}" for number, s in self.segments[folder] if number <= upto]
        tables = [pq.read_table(file, partitioning=None) for file in files]
        return by_column(pa.concat_tables(tables, promote_options="permissive"))


def plain(value):
    """One spelling for the values of all engines."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value.normalize() + 0)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("latin-1")
    if isinstance(value, dict):
        return sorted((k, plain(v)) for k, v in value.items() if v is not None)
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return sorted((k, plain(v)) for k, v in value if v is not None)
        return [plain(item) for item in value]
    if isinstance(value, float):
        return repr(value)
    return value


def by_column(table):
    key = next(name for name in table.column_names if name.endswith("seq"))
    columns = {name: [plain(value) for value in table[name].to_pylist()] for name in table.column_names}
    rows = sorted(range(table.num_rows), key=columns[key].__getitem__)
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def read(engine, path, version):
    if engine == "deltalake":
        from deltalake import DeltaTable, QueryBuilder

        table = DeltaTable(path, version=version)
        result = QueryBuilder().register("t", table).execute("SELECT * FROM t")
        return pa.table(result.read_all())
    if engine == "duckdb":
        import duckdb
        import duckdb_extensions

        connection = duckdb.connect(config={"threads": 2})
        connection.execute("SET TimeZone='UTC'")
        duckdb_extensions.import_extension("delta", con=connection)
        connection.execute("LOAD delta")
        pin = "" if version is None else f", version := {version}"
        result = connection.execute(f"SELECT * FROM delta_scan('{path}'{pin})").to_arrow_table()
        return result
    if engine == "polars":
        import polars

        return polars.scan_delta(path, version=version).collect().to_arrow()
    import chdb

    pin = "" if version is None else f" SETTINGS delta_lake_snapshot_version = {version}"
    # It reads below the folder in which it was first asked, and nowhere else.
    os.chdir(os.path.dirname(path))
    return chdb.query(f"SELECT * FROM deltaLakeLocal('{path}'){pin}", "ArrowTable")


def check_log(folder, chain, problems):
    """No version is missing between those that are there, no transaction comes twice, and what is added is anchored."""
    log = f"{chain.root}/{folder}/_delta_log"
    versions = sorted(int(os.path.basename(p)[:20]) for p in glob.glob(f"{log}/{'[0-9]' * 20}.json"))
    checkpoints = [int(os.path.basename(p)[:20]) for p in glob.glob(f"{log}/*.checkpoint.parquet")]
    if versions != list(range(versions[0], versions[-1] + 1)):
        problems.append(f"{folder}: versions are missing")
    if versions[0] > 0 and (not checkpoints or min(checkpoints) > versions[-1] or max(checkpoints) < versions[0] - 1):
        problems.append(f"{folder}: the log begins at {versions[0]} without a checkpoint")
    application = f"kedge/{chain.export_id}/{chain.names[folder]}"
    named = {}
    for number, segment in chain.segments[folder]:
        named.setdefault(number, []).append("/".join(segment["path"].split("/")[1:]))
    seen = []
    for version in versions:
        with open(f"{log}/{version:020}.json") as file:
            actions = [json.loads(line) for line in file]
        if "commitInfo" not in actions[0]:
            problems.append(f"{folder}: version {version} does not begin with commitInfo")
        own = [a["txn"]["version"] for a in actions if a.get("txn", {}).get("appId") == application]
        if not own:
            continue
        seen += own
        if own[0] > chain.last:
            # Anchored since the chain was read.
            continue
        added = [a["add"]["path"] for a in actions if "add" in a]
        if added != named.get(own[0]):
            problems.append(f"{folder}: version {version} does not add what anchor {own[0]} names")
    if seen != sorted(set(seen)):
        problems.append(f"{folder}: a transaction comes twice or out of order")
    return application, seen


def check(chain, engine, folder, version, upto, problems):
    expected = chain.records(folder, upto)
    found = by_column(read(engine, f"{chain.root}/{folder}", version))
    key = next(name for name in expected if name.endswith("seq"))
    where = f"{engine}: {folder} at version {version}, anchor {upto}"
    if found[key] != expected[key]:
        missing = sorted(set(expected[key]) - set(found[key]))
        extra = sorted(set(found[key]) - set(expected[key]))
        problems.append(
            f"{where}: {len(found[key])} records instead of {len(expected[key])}; missing {missing[:3]}, more {extra[:3]}"
        )
        return 0
    for name, values in expected.items():
        if name not in found:
            problems.append(f"{where}: the column {name} is missing")
        elif engine == "chdb" and [value or None for value in found[name]] == [value or None for value in values]:
            # Its arrays and maps cannot be null: they are empty where others have none.
            continue
        elif found[name] != values:
            index = next(i for i, v in enumerate(values) if found[name][i] != v)
            problems.append(f"{where}: {name} of {expected[key][index]} is {found[name][index]!r}, not {values[index]!r}")
    for name in found.keys() - expected.keys():
        if any(value is not None and value != [] for value in found[name]):
            problems.append(f"{where}: the column {name} has values that no segment has")
    return len(expected[key])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("export")
    parser.add_argument("mirror")
    parser.add_argument("--engines", default="deltalake,duckdb,polars,chdb")
    parser.add_argument("--cut", action="store_true")
    parser.add_argument("--checkpoint", action="store_true")
    parser.add_argument("--compact", action="store_true")
    parser.add_argument("--vacuum", type=int, metavar="HOURS")
    arguments = parser.parse_args()
    export = os.path.abspath(arguments.export)
    cut = newest_cut(export) if arguments.cut else None
    chain = Chain(export, os.path.abspath(arguments.mirror))
    chain.root = export
    problems, rows, tables = [], {}, 0
    upto = cut["anchor"] if cut else chain.last
    for folder in sorted(chain.segments):
        if not any(number <= upto for number, _ in chain.segments[folder]):
            continue
        tables += 1
        if cut and chain.names[folder] not in cut["tables"]:
            problems.append(f"{folder}: the cut {upto} lacks it")
            continue
        version = cut["tables"][chain.names[folder]]["version"] if cut else None
        application, seen = check_log(folder, chain, problems)
        if not cut:
            newest = max(number for number, _ in chain.segments[folder])
            from deltalake import DeltaTable

            known = DeltaTable(f"{export}/{folder}").transaction_version(application)
            if known != newest:
                problems.append(f"{folder}: the log holds anchor {known}, and the chain {newest}")
        for engine in arguments.engines.split(","):
            rows[engine] = rows.get(engine, 0) + check(chain, engine, folder, version, upto, problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    for engine, count in rows.items():
        print(f"{engine}: {count} records of {tables} tables at anchor {upto}")
    if arguments.checkpoint or arguments.compact or arguments.vacuum is not None:
        disturb(chain, arguments)


def disturb(chain, arguments):
    """Does what others do to a table; one of them may lose a race against kedge, and then does it again."""
    from deltalake import DeltaTable
    from deltalake.exceptions import CommitFailedError

    for folder in sorted(chain.segments):
        if not glob.glob(f"{chain.root}/{folder}/_delta_log/*.json"):
            continue
        table = DeltaTable(f"{chain.root}/{folder}")
        if arguments.checkpoint:
            table.create_checkpoint()
        if arguments.compact:
            try:
                done = table.optimize.compact()
                print(f"{folder}: compacted {done['numFilesRemoved']} files into {done['numFilesAdded']}")
            except CommitFailedError as error:
                print(f"{folder}: not compacted: {error}")
        if arguments.vacuum is not None:
            table.update_incremental()
            gone = table.vacuum(retention_hours=arguments.vacuum, enforce_retention_duration=False, dry_run=False)
            print(f"{folder}: {len(gone)} files vacuumed")


main()
