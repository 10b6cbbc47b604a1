#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures kedge beside its peers in one run, on private servers of Redis: a stream beside redis-py that writes JSON and
# a reader in C that throws everything away; a snapshot of all keys beside a receiver that throws it away and redis-cli;
# the commands of redis-benchmark while it writes as fast as it can; memory at ten times the keys, and with one long
# list. Prints medians and ratios.
#
#   BENCH_ENTRIES    entries of the stream (2000000)         BENCH_RUNS    how often each job runs (3)
#   BENCH_KEYS       keys of the snapshot (2000000)          BENCH_JOBS    which: "stream snapshot commands memory"
#   BENCH_COMMANDS   what redis-benchmark writes (3000000)   BENCH_LIST    megabytes of the long list (2000)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../scripts/free_port.sh"
kedge=$(command -v "${KEDGE_BIN:-kedge}") || { echo "bench: no kedge; run make bench-redis" >&2; exit 1; }
entries=${BENCH_ENTRIES:-2000000}
keys=${BENCH_KEYS:-2000000}
commands=${BENCH_COMMANDS:-3000000}
list=${BENCH_LIST:-2000}
runs=${BENCH_RUNS:-3}
jobs=${BENCH_JOBS:-stream snapshot commands memory}
folder=$(mktemp -d --tmpdir kedge-bench.XXXXXX)
results=$folder/results
server='' port=''
wants() { [[ " $jobs " == *" $1 "* ]]; }

stop() {
    if [ -n "$server" ]; then
        kill -KILL "$server" 2> /dev/null || true
        wait "$server" 2> /dev/null || true
    fi
    server=''
}
trap 'stop; rm -rf "$folder"' EXIT

# Starts an empty server in the place of the one before.
start() {
    stop
    port=$(free_port)
    redis-server --bind 127.0.0.1 --port "$port" --dir "$folder" --save '' --appendonly no --logfile "$folder/log" \
        --repl-diskless-sync yes --repl-diskless-sync-delay 0 --repl-backlog-size 1gb &
    server=$!
    until redis-cli -p "$port" ping > /dev/null 2>&1; do sleep 0.1; done
}
load() { python3 "$here/redis_load.py" "$1" "$2" | redis-cli -p "$port" --pipe > /dev/null; }
measure() {
    rm -rf "$folder/out"
    python3 "$here/measure.py" "$results" "$1" "$server" -- "${@:2}"
}
snapshot() { measure "$1" "$kedge" snapshot --source "redis://127.0.0.1:$port" --to "$folder/out" --quiet; }

streams() {
    if [ "$(id -u)" -eq 0 ]; then peers=/var/cache/kedge-bench/redis; else peers=$HOME/.cache/kedge-bench/redis; fi
    if [ ! -d "$peers/redis" ]; then
        echo "bench: fetching redis-py into $peers"
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --only-binary :all: \
            --target "$peers" redis==8.1.0 hiredis==3.5.0 orjson==3.13.0
    fi
    ${CC:-cc} -O2 -o "$folder/reader" "$here/redis_reader.c" -lhiredis
    start
    load stream "$entries"
    for _ in $(seq "$runs"); do
        measure reader-discard "$folder/reader" "$port" events
        for printer in json orjson; do
            measure "redis-py-$printer" env PYTHONPATH="$peers" \
                python3 "$here/redis_peer.py" "$port" events "$folder/out" "$printer"
        done
        measure kedge-stream "$kedge" run --source "redis://127.0.0.1:$port" --streams events --until now \
            --to "$folder/out" --quiet
    done
}

snapshots() {
    start
    load keys "$keys"
    for _ in $(seq "$runs"); do
        measure raw-receive python3 "$here/redis_receiver.py" "$port"
        measure redis-cli-rdb redis-cli -p "$port" --rdb "$folder/out" 2> /dev/null
        snapshot kedge-keys
    done
}

# How much the server holds back for its replica while redis-benchmark writes, and when kedge has the last command.
follow() {
    local source="redis://127.0.0.1:$port" peak=0 held end
    redis-cli -p "$port" flushall > /dev/null
    rm -rf "$folder/out"
    "$kedge" run --mode replication --source "$source" --to "$folder/out" --anchor-every 200ms,20000tx,64MiB \
        --quiet 2> /dev/null &
    local follower=$!
    until redis-cli -p "$port" info replication | grep -q state=online; do sleep 0.1; done
    local begun=$EPOCHREALTIME
    redis-benchmark -p "$port" -q -n "$commands" -c 8 -P 64 -d 100 -r 1000000 -t set > /dev/null &
    local writer=$!
    while kill -0 "$writer" 2> /dev/null; do
        held=$(redis-cli -p "$port" client list type replica | sed -nE 's/.* omem=([0-9]+).*/\1/p')
        if [ "${held:-0}" -gt "$peak" ]; then peak=$held; fi
        sleep 0.2
    done
    local written=$EPOCHREALTIME
    end=$(redis-cli -p "$port" info replication | tr -d '\r' | sed -n 's/^master_repl_offset://p')
    until [ "$("$kedge" status --to "$folder/out" --output json | sed -nE 's/.*"position":"([0-9]+)".*/\1/p')" -ge "$end" ]; do
        sleep 0.1
    done
    local caught=$EPOCHREALTIME
    local memory
    memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$follower/status")
    kill -TERM "$follower"
    wait "$follower"
    awk -v b="$begun" -v w="$written" -v c="$caught" -v p="$peak" -v m="$memory" 'BEGIN {
        printf "{\"job\": \"redis-benchmark\", \"seconds\": %f, \"client\": 0, \"server\": 0, \"peak\": 0}\n", w - b
        printf "{\"job\": \"kedge-commands\", \"seconds\": %f, \"client\": 0, \"server\": 0, \"peak\": %f}\n", c - b, m / 1024
        printf "{\"job\": \"held-by-server\", \"seconds\": 0, \"client\": 0, \"server\": 0, \"peak\": %f}\n", p / 1048576
    }' >> "$results"
}

memory() {
    start
    load keys $((keys / 10))
    for _ in $(seq "$runs"); do snapshot kedge-tenth-keys; done
    if ! wants snapshot; then snapshots; fi
    start
    load list "$list"
    snapshot kedge-long-list
}

if wants stream; then streams; fi
if wants snapshot; then snapshots; fi
if wants commands; then
    start
    for _ in $(seq "$runs"); do follow; done
fi
if wants memory; then memory; fi
printf '%s entries, %s keys, %s commands, a list of %s MB\n' "$entries" "$keys" "$commands" "$list"
python3 "$here/report.py" "$results"
