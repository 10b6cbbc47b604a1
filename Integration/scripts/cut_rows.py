# SPDX-License-Identifier: Apache-2.0
"""Counts the records that the views of `kedge sql cut` show.

    cut_rows.py STATEMENTS ENGINE     runs what `--output json` has printed, and prints table, rows, last key
"""
import json
import sys

import latest_rows


def count(statements, engine):
    rows = latest_rows.ENGINES[engine]()
    with open(statements, encoding="utf-8") as file:
        for line in file:
            table = json.loads(line)
            found = rows(table["statement"].rstrip().rstrip(";"), table["view"])
            last = max((row["_cdc_seq"] for row in found), default="")
            print(table["table"], len(found), last, sep="\t")


if __name__ == "__main__":
    count(sys.argv[1], sys.argv[2])
