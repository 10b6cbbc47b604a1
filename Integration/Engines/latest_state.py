# SPDX-License-Identifier: Apache-2.0
"""Writes the latest state of an export's tables with Spark, for exports that are larger than one machine.

    kedge sql latest --to EXPORT --engine spark --location s3a://bucket/export --output json > statements.ndjson
    spark-submit latest_state.py --statements statements.ndjson --out s3a://bucket/latest

Each line of the statements becomes a folder of OUT, called like the view, that is written anew as a whole.
"""
import argparse
import json
import urllib.parse


def session(master):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("kedge latest state")
    if master:
        builder = builder.master(master).config("spark.ui.enabled", "false")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        # A moment as one number, which every reader knows.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # A row's key may change more often than Spark expects of a recursion.
        "spark.sql.cteRecursionLevelLimit": "-1",
        "spark.sql.cteRecursionRowLimit": "-1",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main():
    parser = argparse.ArgumentParser(description="Writes the latest state of an export's tables.")
    parser.add_argument("--statements", required=True, help="what kedge sql latest --output json has printed")
    parser.add_argument("--out", required=True, help="the folder or address under which tables are written")
    parser.add_argument("--format", default="parquet", help="what Spark writes: parquet, delta, ...")
    parser.add_argument("--master", help="where Spark runs, when spark-submit does not say it")
    arguments = parser.parse_args()
    with open(arguments.statements, encoding="utf-8") as file:
        tables = [json.loads(line) for line in file if line.strip()]
    spark = session(arguments.master)
    for table in tables:
        spark.sql(table["statement"].rstrip().rstrip(";"))
        rows = spark.sql("SELECT * FROM `" + table["view"].replace("`", "``") + "`")
        place = arguments.out.rstrip("/") + "/" + urllib.parse.quote(table["view"], safe="")
        rows.write.mode("overwrite").format(arguments.format).save(place)
        print(table["table"], place, flush=True)


if __name__ == "__main__":
    main()
