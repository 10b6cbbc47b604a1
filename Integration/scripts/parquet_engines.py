# SPDX-License-Identifier: Apache-2.0
"""Reads every Parquet file of a folder with several engines, and compares each value with the NDJSON beside it.

    parquet_engines.py FOLDER ENGINE...

FOLDER holds TABLE.ndjson and TABLE.PROFILE.CODEC.parquet. Prints a line for each engine; exits 1 at a difference.
"""
import datetime
import decimal
import glob
import json
import math
import os
import re
import sys
import time
import uuid

import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1)
UNFIT = object()
# ClickHouse has no lists and structures that are null, and fewer years.
loose = False
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")
decimal.getcontext().prec = 200


class Number(str):
    """A number of JSON, with all its digits."""


def load(text):
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)


def unpaired(value):
    """Whether a value holds what stands for bytes that were not UTF-8."""
    return isinstance(value, dict) and set(value) == {"b64"}


# What a column should hold, told by the type and the JSON of the value; nothing of it is taken from the writer.


def integer(bits, value):
    if not NUMBER.fullmatch(value) or value == "-0":
        return UNFIT
    number = int(value)
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else UNFIT


def exact(precision, scale, value, profile):
    if precision is None or (profile == "portable" and (precision > 38 or not 0 <= (scale or 0) <= precision)):
        return str(value)
    scale = scale or 0
    if profile == "rich":
        digits = max(precision - scale if scale < 0 else precision, scale)
        if digits > 76:
            return str(value)
        precision, scale = digits, max(scale, 0)
    try:
        number = decimal.Decimal(value)
    except decimal.InvalidOperation:
        return UNFIT
    if not number.is_finite() or abs(number) >= decimal.Decimal(10) ** (precision - scale):
        return UNFIT
    fits = format(number, "f") == str(value) and max(0, -number.as_tuple().exponent) == scale
    return number if fits else UNFIT


def floating(bits, value):
    import struct

    number = float(value)
    return number if bits == 64 else struct.unpack("f", struct.pack("f", number))[0]


def day(value):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return UNFIT
    return value


def moment(value, zone):
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?" + re.escape(zone)
    if not re.fullmatch(pattern, value):
        return UNFIT
    text = value[: len(value) - len(zone)]
    return micros(datetime.datetime.fromisoformat(text))


def micros(value):
    if isinstance(value, int):
        return value
    if value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    delta = value - EPOCH
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def clock(value):
    match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?", value)
    if not match or int(match[1]) > 23:
        return UNFIT
    seconds = (int(match[1]) * 60 + int(match[2])) * 60 + int(match[3])
    return seconds * 1_000_000 + int((match[4] or "").ljust(6, "0"))


def interval(value):
    parts = dict.fromkeys(("months", "days", "micros"), 0)
    for number, unit in re.findall(r"([+-]?\d+) (year|mon|day)", value):
        key, factor = {"year": ("months", 12), "mon": ("months", 1), "day": ("days", 1)}[unit]
        parts[key] += int(number) * factor
    match = re.search(r"([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$", value)
    if match:
        total = (int(match[2]) * 60 + int(match[3])) * 60 + int(match[4])
        total = total * 1_000_000 + int((match[5] or "").ljust(6, "0"))
        parts["micros"] = -total if match[1] == "-" else total
    return parts if print_interval(parts) == value else UNFIT


def print_interval(parts):
    """A span of time as PostgreSQL prints it."""
    months = parts["months"]
    years, months = (abs(months) // 12 * (1 if months > 0 else -1), abs(months) % 12 * (1 if months > 0 else -1))
    words, negative = [], False
    for number, unit in ((years, "year"), (months, "mon"), (parts["days"], "day")):
        if number:
            sign = "+" if negative and number > 0 else ""
            words.append(f"{sign}{number} {unit}{'' if number == 1 else 's'}")
            negative = number < 0
    time = parts["micros"]
    if time or not words:
        seconds, fraction = divmod(abs(time), 1_000_000)
        text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        text += f".{fraction:06}".rstrip("0") if fraction else ""
        words.append(("-" if time < 0 else "+" if negative else "") + text)
    return " ".join(words)


def expected(kind, value, profile):
    """The value that an engine should see, or UNFIT where `_cdc_raw` must hold it."""
    if value is None:
        return None
    rich = profile == "rich"
    if isinstance(kind, dict):
        (name, part), = kind.items()
        if name == "decimal":
            return exact(part[0], part[1], value, profile)
        if name == "list":
            if not isinstance(value, list):
                return UNFIT
            found = [expected(part, element, profile) for element in value]
            return UNFIT if any(element is UNFIT for element in found) else found
        if not rich:
            return ("json", value)
        found = {field["name"]: expected(field["type"], value[field["name"]], profile) for field in part}
        return UNFIT if any(element is UNFIT for element in found.values()) else found
    if kind == "map":
        return value
    if isinstance(value, (list, dict)) and kind not in ("json", "bytes"):
        return UNFIT
    if kind.startswith("int") and kind != "interval":
        return integer(int(kind[3:]), value)
    if kind.startswith("float"):
        return floating(int(kind[5:]), value)
    if kind == "decimal":
        return str(value)
    if kind == "boolean":
        return value
    if kind == "json":
        return ("json", value)
    if kind == "binary":
        digits = value[2:]
        return bytes.fromhex(digits) if digits == digits.lower() else UNFIT
    if kind == "bytes":
        if not rich:
            return UNFIT if unpaired(value) else value
        import base64

        return base64.b64decode(value["b64"]) if unpaired(value) else value.encode()
    if kind == "date":
        return day(value)
    if kind == "timestamp":
        return moment(value, "")
    if kind == "timestamptz":
        return moment(value, "+00:00")
    if kind == "time" and rich:
        return clock(value)
    if kind == "interval" and rich:
        return interval(value)
    # Text that was not UTF-8 is printed with a mark in place of each bad byte.
    return UNFIT if "\ufffd" in value else value


# What an engine returned, in the same form.


def seen(kind, value, profile):
    if value is None:
        return None
    if isinstance(kind, dict):
        (name, part), = kind.items()
        if name == "decimal":
            return value
        if name == "list":
            return [seen(part, element, profile) for element in value]
        if profile != "rich":
            return ("json", load(value))
        value = as_dict(value)
        return {field["name"]: seen(field["type"], value[field["name"]], profile) for field in part}
    if kind == "map":
        return as_map(value)
    if kind == "json":
        # In a record of JSON the document `null` and no document look the same.
        value = value.decode() if isinstance(value, bytes) else value
        return None if value == "null" else ("json", load(value))
    if kind == "enum" and isinstance(value, bytes):
        return value.decode()
    if kind == "date":
        return value.isoformat()
    if kind in ("timestamp", "timestamptz"):
        return micros(value)
    if kind == "time" and profile == "rich" and not isinstance(value, str):
        if isinstance(value, int):
            return value
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    if kind == "interval" and profile == "rich":
        return as_dict(value)
    if kind == "uuid":
        if isinstance(value, (bytes, bytearray)):
            value = uuid.UUID(bytes=bytes(value))
        return str(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return value


def as_dict(value):
    if hasattr(value, "asDict"):
        return value.asDict()
    return dict(value)


def as_map(value):
    if isinstance(value, dict):
        if set(value) == {"key", "value"} and isinstance(value["key"], list):
            return dict(zip(value["key"], value["value"]))
        return dict(value)
    pairs = [(item["key"], item["value"]) if isinstance(item, dict) else tuple(item) for item in value]
    return dict(pairs)


def hollow(value):
    """Whether there is nothing in it."""
    return value in (None, [], {}) or isinstance(value, dict) and all(map(hollow, value.values()))


def same(left, right):
    if loose and (left is None or right is None) and hollow(left or right):
        return True
    if loose and isinstance(left, str) and isinstance(right, bytes):
        left = left.encode()
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, decimal.Decimal) and isinstance(right, decimal.Decimal):
        return left == right
    return type(left) is type(right) and left == right


class Difference(Exception):
    pass


def check(found, record, columns, profile, skipped):
    """Compares one row; returns how many values."""
    raw = as_map(found["_cdc_raw"]) if found["_cdc_raw"] is not None else {}
    count = 0
    for name in ("_cdc_seq", "_cdc_op"):
        if found[name] != record[name]:
            raise Difference(f"{name}: {found[name]!r} is not {record[name]!r}")
    xid = record.get("_cdc_xid")
    if found["_cdc_xid"] != (None if xid is None else int(xid)):
        raise Difference("_cdc_xid differs")
    moment = record.get("_cdc_commit_ts")
    moment = None if moment is None else micros(datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")))
    if (None if found["_cdc_commit_ts"] is None else micros(found["_cdc_commit_ts"])) != moment:
        raise Difference("_cdc_commit_ts differs")
    unset = found["_cdc_unset"]
    if (list(unset) if unset else None) != record.get("_cdc_unset"):
        raise Difference("_cdc_unset differs")
    old = found["_cdc_old"]
    if (None if old is None else load(old)) != record.get("_cdc_old"):
        raise Difference("_cdc_old differs")
    for name, kind in columns:
        if name in skipped:
            continue
        want = expected(kind, record[name], profile)
        if want is UNFIT:
            if not same(found[name], None) or name not in raw:
                raise Difference(f"{name}: {record[name]!r} should be null with its text in _cdc_raw, not {found[name]!r}")
        elif loose and record[name] and kind in ("date", "timestamp", "timestamptz") and not "1900" <= record[name][:4] < "2300":
            continue
        elif not same(seen(kind, found[name], profile), want):
            raise Difference(f"{name} ({kind}): {found[name]!r} is not {want!r}")
        if name in raw and not raw[name].startswith("base64:"):
            check_raw(name, kind, raw[name], record[name])
        count += 1
    return count + 7


def check_raw(name, kind, text, value):
    if isinstance(value, (list, dict)) or isinstance(kind, dict) and "decimal" not in kind:
        if load(text) != value:
            raise Difference(f"_cdc_raw of {name} is not {value!r}")
    elif text != (value[2:] if kind == "binary" else str(value)):
        raise Difference(f"_cdc_raw of {name}: {text!r} is not {value!r}")


def over(columns, digits, profile):
    """Columns whose decimal numbers have more digits."""
    def has(kind):
        if not isinstance(kind, dict):
            return False
        (name, part), = kind.items()
        if name == "decimal":
            precision, scale = part
            return precision is not None and profile == "rich" and max(precision, precision - (scale or 0), scale or 0) > digits
        return has(part) if name == "list" else any(has(field["type"]) for field in part)

    return {name for name, kind in columns if has(kind)}


def mentions(kind, word):
    return word in json.dumps(kind)


# The engines: each yields the rows of a file, and names the columns that it is known not to read.


def read_pyarrow(path, columns, profile):
    file = pq.ParquetFile(path, page_checksum_verification=True)
    return file.read().to_pylist(maps_as_pydicts=None), set()


def read_duckdb(path, columns, profile):
    import duckdb

    skipped = over(columns, 38, profile)
    connection = duckdb.connect()
    connection.execute("set timezone='UTC'")
    names = ["_cdc_seq", "_cdc_op", "_cdc_xid", "_cdc_commit_ts", "_cdc_unset", "_cdc_old", "_cdc_raw"]
    names += [name for name, _ in columns if name not in skipped]
    chosen = ", ".join('"%s"' % name.replace('"', '""') for name in names)
    rows = connection.execute(f"select {chosen} from read_parquet('{path}')").fetchall()
    return [dict(zip(names, row)) for row in rows], skipped


def read_polars(path, columns, profile):
    import polars

    skipped = over(columns, 38, profile)
    names = ["_cdc_seq", "_cdc_op", "_cdc_xid", "_cdc_commit_ts", "_cdc_unset", "_cdc_old", "_cdc_raw"]
    names += [name for name, _ in columns if name not in skipped]
    return polars.read_parquet(path, columns=names).to_dicts(), skipped


def spark_session():
    from pyspark.sql import SparkSession

    os.environ["TZ"] = "UTC"
    time.tzset()
    spark = (
        SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC").config("spark.driver.memory", "2g")
        .config("spark.sql.shuffle.partitions", "1").config("spark.default.parallelism", "1")
        # Tables are small here: compiling a query for them takes longer than running it.
        .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.adaptive.enabled", "false").config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.cteRecursionLevelLimit", "-1").config("spark.sql.cteRecursionRowLimit", "-1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    return spark


def read_spark(path, columns, profile):
    if profile == "rich":
        return None, set()
    spark = spark_session()
    frame = spark.read.parquet(path)
    # Python cannot make a moment of the first day of its calendar.
    zoned = {"_cdc_commit_ts"} | {name for name, kind in columns if kind == "timestamptz"}
    names = frame.columns
    rows = frame.selectExpr(*(f"unix_micros(`{n}`) as `{n}`" if n in zoned else f"`{n}`" for n in names)).collect()
    return [dict(zip(names, row)) for row in rows], set()


def read_chdb(path, columns, profile):
    import chdb

    skipped = over(columns, 76, profile)
    # It makes objects of its own of JSON: nulls and digits are lost, and what is no object is refused.
    if profile == "rich":
        skipped |= {name for name, kind in columns if mentions(kind, "json")}
    names = ["_cdc_seq", "_cdc_op", "_cdc_xid", "_cdc_commit_ts", "_cdc_unset", "_cdc_old", "_cdc_raw"]
    names += [name for name, _ in columns if name not in skipped]
    chosen = ", ".join("`%s`" % name.replace("\\", "\\\\").replace("`", "\\`") for name in names)
    table = chdb.query(
        f"select {chosen} from file('{path}', Parquet) order by _cdc_seq settings schema_inference_make_columns_nullable='auto', "
        "input_format_null_as_default=0, output_format_arrow_string_as_string=0",
        "ArrowTable",
    )
    return [decoded(row) for row in table.to_pylist()], skipped


def decoded(value):
    """Texts, which come as bytes, as text where they are."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, dict):
        return {decoded(key): decoded(element) for key, element in value.items()}
    return [decoded(element) for element in value] if isinstance(value, (list, tuple)) else value


ENGINES = {
    "pyarrow": read_pyarrow, "duckdb": read_duckdb, "polars": read_polars, "spark": read_spark, "chdb": read_chdb,
}


ENCODINGS = {
    "BOOLEAN": {"PLAIN"},
    "INT32": {"PLAIN", "DELTA_BINARY_PACKED", "RLE_DICTIONARY"},
    "INT64": {"PLAIN", "DELTA_BINARY_PACKED", "RLE_DICTIONARY"},
    "FLOAT": {"PLAIN", "RLE_DICTIONARY"},
    "DOUBLE": {"PLAIN", "RLE_DICTIONARY"},
    "BYTE_ARRAY": {"PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY"},
    "FIXED_LEN_BYTE_ARRAY": {"PLAIN", "RLE_DICTIONARY"},
}


def note_encodings(path, found):
    """Adds the encodings of the file's chunks to those of each physical type, and the codecs."""
    metadata = pq.read_metadata(path)
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            encodings = set(chunk.encodings)
            # A dictionary's own page is plain, and levels are runs; neither is the encoding of the values.
            encodings -= {"RLE"} | ({"PLAIN"} if "RLE_DICTIONARY" in encodings else set())
            for encoding in encodings:
                place = (chunk.physical_type, encoding)
                found[place] = found.get(place, 0) + 1
            place = ("codec", chunk.compression)
            found[place] = found.get(place, 0) + 1


def bounds_hold(path):
    """Compares the bounds and counts of every chunk with its values; returns how many chunks."""
    file = pq.ParquetFile(path)
    count = 0
    for group in range(file.metadata.num_row_groups):
        table = file.read_row_group(group)
        for index in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(index)
            if "." in chunk.path_in_schema or chunk.statistics is None:
                continue
            values = table.column(chunk.path_in_schema)
            statistics = chunk.statistics
            if statistics.null_count != values.null_count:
                raise Difference(f"{path}: null count of {chunk.path_in_schema}")
            kinds = ("int", "date", "timestamp", "string", "binary", "decimal", "bool", "double", "float")
            if not statistics.has_min_max or not str(values.type).startswith(kinds):
                continue
            known = [v for v in values.to_pylist() if v is not None and v == v]
            least, greatest = statistics.min, statistics.max
            if isinstance(known[0], datetime.datetime):
                known, least, greatest = [micros(v) for v in known], micros(least), micros(greatest)
            elif isinstance(known[0], str):
                known, least, greatest = ([v.encode() for v in known], *(
                    v.encode() if isinstance(v, str) else v for v in (least, greatest)))
            exact = not isinstance(known[0], bytes) or max(map(len, known)) <= 64
            if exact and (least != min(known) or greatest != max(known)):
                raise Difference(f"{path}: bounds of {chunk.path_in_schema}: {least!r} {greatest!r}")
            if least > min(known) or greatest < max(known):
                raise Difference(f"{path}: bounds of {chunk.path_in_schema} do not hold")
            count += 1
    return count


def lookups_hold(path, columns):
    """Asks for keys by value, which bloom filters, page indexes and bounds answer first; returns how many."""
    import duckdb
    import pyarrow.dataset

    name = columns[0][0]
    rows = pq.read_table(path, columns=[name, "_cdc_seq"])
    keys, sequence = rows[name].to_pylist(), rows["_cdc_seq"].to_pylist()
    dataset = pyarrow.dataset.dataset(path)
    count = 0
    for index in range(0, len(keys), max(1, len(keys) // 20)):
        if keys[index] is None or isinstance(keys[index], (list, dict)):
            continue
        want = keys.count(keys[index])
        query = f"select count(*) from read_parquet('{path}') where "
        by_key = duckdb.execute(query + f'"{name}" = ?', [keys[index]]).fetchone()[0]
        by_sequence = duckdb.execute(query + "_cdc_seq >= ?", [sequence[index]]).fetchone()[0]
        filtered = dataset.to_table(filter=pyarrow.dataset.field(name) == keys[index], columns=[name]).num_rows
        if (by_key, by_sequence, filtered) != (want, len(keys) - index, want):
            raise Difference(f"{path}: {name} = {keys[index]!r} finds {by_key}, {filtered} and not {want} rows")
        count += 1
    return count


def main(folder, engines):
    global loose
    records = {}
    totals = {engine: [0, 0, 0] for engine in engines}
    chunks = lookups = 0
    encodings = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.parquet"))):
        table, profile, _ = os.path.basename(path).split(".", 2)
        if table not in records:
            with open(os.path.join(folder, table + ".ndjson"), encoding="utf-8") as lines:
                records[table] = [load(line) for line in lines.read().split("\n") if line]
        footer = pq.read_metadata(path).metadata
        columns = [(c["name"], c["type"]) for c in json.loads(footer[b"kedge.schema"])["columns"]]
        note_encodings(path, encodings)
        chunks += bounds_hold(path)
        lookups += lookups_hold(path, columns)
        for engine in engines:
            loose = engine == "chdb"
            rows, skipped = ENGINES[engine](path, columns, profile)
            if rows is None:
                continue
            if len(rows) != len(records[table]):
                raise Difference(f"{engine}: {path} has {len(rows)} rows and not {len(records[table])}")
            total = totals[engine]
            total[0] += 1
            for number, (row, record) in enumerate(zip(rows, records[table])):
                try:
                    total[2] += check(row, record, columns, profile, skipped)
                except Difference as difference:
                    raise Difference(f"{engine}: {path}, row {number}: {difference}") from None
                total[1] += 1
    print("encodings: " + ", ".join(f"{kind} {name} {count}" for (kind, name), count in sorted(encodings.items())))
    for kind, names in ENCODINGS.items():
        for name in names:
            if (kind, name) not in encodings:
                raise Difference(f"no chunk of {kind} is {name}")
    for engine, (files, rows, values) in totals.items():
        print(f"{engine}: {files} files, {rows} rows, {values} values are the same")
    print(f"bounds: {chunks} chunks hold, {lookups} lookups find their rows")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except Difference as difference:
        sys.exit(f"parquet_engines: {difference}")
