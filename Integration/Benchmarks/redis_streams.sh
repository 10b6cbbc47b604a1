#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures kedge beside its peers in one run, on a private server of Redis: a stream exported to anchored files, beside
# redis-py that writes JSON, and beside a reader in C that throws everything away. Prints medians and ratios.
#
#   BENCH_ENTRIES  entries of five fields (2000000)        BENCH_RUNS   how often each job runs (3)
#   BENCH_UNDER    a command that all measurements are made under, such as `taskset -c 0,1`
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kedge=$(command -v "${KEDGE_BIN:-kedge}") || { echo "bench: no kedge; run make bench-redis" >&2; exit 1; }
entries=${BENCH_ENTRIES:-2000000}
runs=${BENCH_RUNS:-3}
read -r -a under <<< "${BENCH_UNDER:-}"
folder=$(mktemp -d --tmpdir kedge-bench.XXXXXX)
results=$folder/results
port=$((10000 + RANDOM % 10000))

redis-server --bind 127.0.0.1 --port "$port" --dir "$folder" --save '' --appendonly no --logfile "$folder/log" &
server=$!
cleanup() {
    kill -KILL "$server" 2> /dev/null || true
    wait "$server" 2> /dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
until redis-cli -p "$port" ping > /dev/null 2>&1; do sleep 0.1; done

if [ "$(id -u)" -eq 0 ]; then peers=/var/cache/kedge-bench/redis; else peers=$HOME/.cache/kedge-bench/redis; fi
if [ ! -d "$peers/redis" ]; then
    echo "bench: fetching redis-py into $peers"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --only-binary :all: \
        --target "$peers" redis==5.2.1 hiredis==3.1.0 orjson==3.10.15
fi
${CC:-cc} -O2 -o "$folder/reader" "$here/redis_reader.c" -lhiredis

python3 "$here/redis_load.py" "$entries" | redis-cli -p "$port" --pipe > /dev/null

measure() {
    local job=$1
    shift
    for _ in $(seq "$runs"); do
        rm -rf "$folder/out"
        "${under[@]}" python3 "$here/measure.py" "$results" "$job" "$server" -- "$@"
    done
}
measure 'reader in C, discarding' "$folder/reader" "$port" events
measure 'redis-py, JSON' env PYTHONPATH="$peers" python3 "$here/redis_peer.py" "$port" events "$folder/out"
for codec in none zstd; do
    measure "kedge, $codec" "$kedge" run --source "redis://127.0.0.1:$port" --streams events --until now \
        --to "$folder/out" --compression "$codec" --quiet
done

python3 - "$results" "$entries" <<'PYTHON'
import json, statistics, sys
jobs = {}
for line in open(sys.argv[1]):
    run = json.loads(line)
    jobs.setdefault(run["job"], []).append(run)
def median(job, what): return statistics.median(run[what] for run in jobs[job])
reader, python = median("reader in C, discarding", "seconds"), median("redis-py, JSON", "seconds")
print(f"{sys.argv[2]} entries of five fields")
print(f"{'':26}{'seconds':>9}{'client':>9}{'server':>9}{'peak MiB':>10}{'× reader':>10}{'× redis-py':>12}")
for job in jobs:
    seconds = median(job, "seconds")
    print(f"{job:26}{seconds:9.2f}{median(job, 'client'):9.2f}{median(job, 'server'):9.2f}{median(job, 'peak'):10.1f}"
          f"{seconds / reader:10.2f}{seconds / python:12.2f}")
PYTHON
