# SPDX-License-Identifier: Apache-2.0
"""Prints what measure.py wrote, medians and ratios beside what is asked of them: report.py RESULTS."""
import json
import statistics
import sys

# What is compared, of which, with which peer, and what is asked: at most that.
RATIOS = [
    ("snapshot plain, time of DuckDB's", "seconds", "kedge-plain", "duckdb", 0.80),
    ("snapshot zstd, time of psql row_to_json | zstd", "seconds", "kedge-zstd", "psql-zstd", 0.60),
    ("snapshot to Parquet, time of DuckDB's", "seconds", "kedge-parquet", "duckdb-parquet", 1.00),
    ("snapshot to Parquet, size of DuckDB's", "peak", "kedge-parquet-size", "duckdb-parquet-size", 1.05),
    ("drain to Parquet, time of that to NDJSON zstd", "seconds", "kedge-drain-parquet", "kedge-drain", 1.00),
    ("drain zstd, time of pg_recvlogical's", "seconds", "kedge-drain", "pg_recvlogical", 0.85),
    ("drain zstd, server CPU of pg_recvlogical's", "server", "kedge-drain", "pg_recvlogical", 1.00),
    ("snapshot plain, memory at 10 x the rows", "peak", "kedge-plain", "kedge-tenth", 1.10),
    ("snapshot zstd, memory at 10 x the rows", "peak", "kedge-zstd", "kedge-tenth-zstd", 1.10),
    ("stream zstd, time of redis-py's with json", "seconds", "kedge-stream", "redis-py-json", 0.40),
    ("stream zstd, time of a reader that discards", "seconds", "kedge-stream", "reader-discard", 1.60),
    ("all keys zstd, time of a receiver that discards", "seconds", "kedge-keys", "raw-receive", 2.25),
    ("all keys zstd, memory at 10 x the keys", "peak", "kedge-keys", "kedge-tenth-keys", 1.10),
    ("commands, time of redis-benchmark's", "seconds", "kedge-commands", "redis-benchmark", 1.10),
]
# What is asked by itself.
BOUNDS = [
    ("snapshot plain, peak memory, MiB", "peak", "kedge-plain", 128),
    ("snapshot to Parquet, peak memory, MiB", "peak", "kedge-parquet", 256),
    ("drain, peak memory, MiB", "peak", "kedge-drain", 64),
    ("drain to Parquet, peak memory, MiB", "peak", "kedge-drain-parquet", 256),
    ("run --until now with nothing to do, s", "seconds", "kedge-idle", 0.3),
    ("stream, peak memory, MiB", "peak", "kedge-stream", 64),
    ("all keys, peak memory, MiB", "peak", "kedge-keys", 128),
    ("one long list, peak memory, MiB", "peak", "kedge-long-list", 128),
    ("commands, peak memory, MiB", "peak", "kedge-commands", 128),
    ("commands, most that the server held back, MiB", "peak", "held-by-server", 4),
]


def verdict(value, asked):
    return "reached" if value <= asked else "missed"


runs = {}
with open(sys.argv[1]) as file:
    for line in file:
        run = json.loads(line)
        runs.setdefault(run["job"], []).append(run)


def median(job, key):
    return statistics.median(run[key] for run in runs[job])


print(f"{'job':18} {'runs':>4} {'median s':>9} {'min':>7} {'max':>7} {'client CPU':>11} {'server CPU':>11} {'peak MiB':>9}")
for job in (job for job in runs if not job.endswith("-size")):
    seconds = [run["seconds"] for run in runs[job]]
    print(f"{job:18} {len(seconds):4} {median(job, 'seconds'):9.2f} {min(seconds):7.2f} {max(seconds):7.2f} "
          f"{median(job, 'client'):11.2f} {median(job, 'server'):11.2f} {median(job, 'peak'):9.1f}")
print(f"\n{'ratio or bound':50} {'had':>7} {'asked':>7}")
for name, key, job, peer, asked in RATIOS:
    if job in runs and peer in runs:
        value = median(job, key) / median(peer, key)
        print(f"{name:50} {value:7.3f} {asked:7.2f} {verdict(value, asked)}")
for name, key, job, asked in BOUNDS:
    if job in runs:
        value = median(job, key)
        print(f"{name:50} {value:7.2f} {asked:7.1f} {verdict(value, asked)}")
