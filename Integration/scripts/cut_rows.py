# SPDX-License-Identifier: Apache-2.0
"""Counts the records that the views of `kedge sql cut` show.

    cut_rows.py lay EXPORT FOLDER ANCHOR     makes FOLDER of EXPORT a Delta table of two versions, the first up to
                                             ANCHOR, and writes the cut of ANCHOR
    cut_rows.py count STATEMENTS ENGINE      runs what `--output json` has printed, and prints table, rows, last key
"""
import json
import os
import sys

import pyarrow
import pyarrow.parquet

import latest_rows

TYPES = {"int64": "long", "int32": "integer", "string": "string", "timestamp[us, tz=UTC]": "timestamp"}


def delta_type(kind):
    if pyarrow.types.is_list(kind):
        return {"type": "array", "elementType": delta_type(kind.value_type), "containsNull": True}
    if pyarrow.types.is_map(kind):
        return {"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": True}
    return TYPES[str(kind)]


def lay(export, folder, anchor):
    versions = [[], []]
    for number in range(1, 1 + len(os.listdir(f"{export}/_kedge/anchors"))):
        with open(f"{export}/_kedge/anchors/{number:020}.json", encoding="utf-8") as file:
            chain = json.load(file)
        for segment in chain["segments"]:
            if segment["path"].startswith(folder + "/"):
                versions[number > anchor].append(segment)
                table = segment["table"]
    paths = [segment["path"] for version in versions for segment in version]
    schema = pyarrow.parquet.read_schema(f"{export}/{paths[0]}")
    fields = [{"name": f.name, "type": delta_type(f.type), "nullable": True, "metadata": {}} for f in schema]
    actions = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {
            "id": "00000000-0000-0000-0000-000000000000", "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": fields}), "partitionColumns": [],
            "configuration": {}, "createdTime": 0}},
    ]
    os.makedirs(f"{export}/{folder}/_delta_log")
    for version, segments in enumerate(versions):
        adds = [
            {"add": {
                "path": segment["path"][len(folder) + 1:], "partitionValues": {}, "size": segment["bytes"],
                "modificationTime": 0, "dataChange": True}}
            for segment in segments
        ]
        with open(f"{export}/{folder}/_delta_log/{version:020}.json", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(action) + "\n" for action in (actions if version == 0 else []) + adds)
    os.makedirs(f"{export}/_kedge/cuts", exist_ok=True)
    cut = {"format": 1, "anchor": anchor, "export": chain["export"], "epoch": chain["epoch"], "position": "",
           "tables": {table: {"path": folder, "version": 0}}}
    with open(f"{export}/_kedge/cuts/{anchor:020}.json", "w", encoding="utf-8") as file:
        json.dump(cut, file)
    print(f"{len(versions[0])} and {len(versions[1])} files")


def count(statements, engine):
    rows = latest_rows.ENGINES[engine]()
    with open(statements, encoding="utf-8") as file:
        for line in file:
            table = json.loads(line)
            found = rows(table["statement"].rstrip().rstrip(";"), table["view"])
            last = max((row["_cdc_seq"] for row in found), default="")
            print(table["table"], len(found), last, sep="\t")


if __name__ == "__main__":
    if sys.argv[1] == "lay":
        lay(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        count(sys.argv[2], sys.argv[3])
