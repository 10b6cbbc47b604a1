#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures kedge beside its peers in one run, on a private server: snapshots beside DuckDB and psql, the drain of a
# backlog beside pg_recvlogical, a run with nothing to do, and memory at ten times the rows. Prints medians and ratios.
#
#   BENCH_ROWS     rows of the snapshot's table (5000000)     BENCH_RUNS    how often each job runs (3)
#   BENCH_CHANGES  changes in the backlog (2000000)           BENCH_JOBS    which: "snapshot parquet drain idle memory"
#   BENCH_UNDER    a command that each group of measurements is made under, such as `taskset -c 0,1`
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../scripts/free_port.sh"
kedge=$(command -v "${KEDGE_BIN:-kedge}") || { echo "bench: no kedge; run make bench" >&2; exit 1; }
rows=${BENCH_ROWS:-5000000}
changes=${BENCH_CHANGES:-2000000}
runs=${BENCH_RUNS:-3}
jobs=${BENCH_JOBS:-snapshot parquet drain idle memory}
read -r -a under <<< "${BENCH_UNDER:-}"
folder=$(mktemp -d --tmpdir kedge-bench.XXXXXX)
chmod 755 "$folder"
server=$folder/server
results=$folder/results
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)

as_server() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
cleanup() {
    if [ -e "$server/postmaster.pid" ]; then as_server "$bin/pg_ctl" -D "$server" -m immediate stop > /dev/null 2>&1 || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT

# DuckDB and its reader of PostgreSQL come as wheels made for each other.
if [ "$(id -u)" -eq 0 ]; then duckdb=/var/cache/kedge-bench/duckdb; else duckdb=$HOME/.cache/kedge-bench/duckdb; fi
if [ ! -d "$duckdb/duckdb" ]; then
    echo "bench: fetching DuckDB into $duckdb"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --only-binary :all: \
        --target "$duckdb" duckdb==1.5.5 duckdb-extension-postgres-scanner==1.5.5
fi

if [ "$(id -u)" -eq 0 ]; then mkdir "$server" && chown postgres "$server"; fi
as_server "$bin/initdb" -D "$server" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
port=$(free_port)
as_server tee -a "$server/postgresql.conf" > /dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$server'
wal_level = logical
shared_buffers = 1GB
max_wal_size = 16GB
checkpoint_timeout = 1h
synchronous_commit = off
autovacuum = off
wal_sender_timeout = 0
CONF
touch "$folder/postgres.log" && chmod 666 "$folder/postgres.log"
as_server "$bin/pg_ctl" -D "$server" -l "$folder/postgres.log" -w start > /dev/null
postmaster=$(head -1 "$server/postmaster.pid")
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=postgres
source="postgresql://postgres@127.0.0.1:$port/postgres"
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
wants() { [[ " $jobs " == *" $1 "* ]]; }
measure() { python3 "$here/measure.py" "$results" "$1" "$postmaster" -- "${@:2}"; }


# Makes a group of measurements, in a shell of its own that may stand under another program.
group() {
    export here kedge rows runs jobs folder results duckdb postmaster source bin slot publication end
    export -f sql wants measure snapshot note_size renew_slot "$1"
    "${under[@]}" bash -c "set -euo pipefail; $1"
}

# A snapshot by kedge: job, table, codec, further flags.
snapshot() {
    rm -rf "$folder/copy"
    measure "$1" "$kedge" run --source "$source" --to "$folder/copy" --tables "public.$2" --snapshot only \
        --compression "$3" "${@:4}" --quiet
    note_size "$1" "$folder/copy/public.$2"
    rm -rf "$folder/copy"
}

# Notes the megabytes of what a job has written.
note_size() {
    printf '{"job": "%s-size", "seconds": 0, "client": 0, "server": 0, "peak": %s}\n' "$1" \
        "$(du -sb "$2" | awk '{ print $1 / 1e6 }')" >> "$results"
}

# Rows as shops have them: numbers, texts that want escapes, moments, documents, and some nulls.
make_table() {
    sql <<SQL
CREATE TABLE $1 (
    id bigint PRIMARY KEY, customer integer NOT NULL, pieces smallint, total numeric(12,2) NOT NULL, rebate numeric(12,2),
    title text NOT NULL, note text, placed timestamptz NOT NULL, sent timestamptz, details jsonb NOT NULL,
    paid boolean NOT NULL, token uuid NOT NULL);
INSERT INTO $1
SELECT n, (n * 7919 % 1000003)::integer, nullif(n % 9, 0)::smallint, n % 9999999 / 100.0, nullif(n % 4, 0) * 1.25,
    'Order ' || n || CASE n % 40 WHEN 0 THEN ' "first" \ last' WHEN 1 THEN ' Käse für 東京' ELSE '' END || ' ' || hash,
    CASE n % 5 WHEN 0 THEN 'ring twice' || chr(10) || left(hash, 8) WHEN 1 THEN left(hash, 14) END,
    timestamptz '2025-01-01' + n * interval '7.3 seconds',
    CASE WHEN n % 4 <> 0 THEN timestamptz '2025-01-02' + n * interval '7.9 seconds' END,
    jsonb_build_object('article', 'A' || n % 65536, 'gift', n % 2 = 0, 'marks', jsonb_build_array('m' || n % 31, 'n' || n % 17)),
    n % 8 <> 0, hash::uuid
FROM (SELECT n, md5(n::text) AS hash FROM generate_series(1::bigint, $2) n) numbers;
VACUUM (FREEZE, ANALYZE) $1;
SQL
}

snapshots() {
    sql -c 'SELECT count(*) FROM orders' > /dev/null
    for _ in $(seq "$runs"); do
        snapshot kedge-plain orders none
        measure duckdb env PYTHONPATH="$duckdb" python3 "$here/duckdb_peer.py" "$source" orders "$folder/peer.json" json
        rm -f "$folder/peer.json"
        snapshot kedge-zstd orders zstd
        measure psql-zstd bash -o pipefail -c "psql -X -q -c 'COPY (SELECT row_to_json(o) FROM orders o) TO STDOUT' | zstd -q -3 -f -o $folder/peer.zst"
        rm -f "$folder/peer.zst"
    done
}

parquets() {
    sql -c 'SELECT count(*) FROM orders' > /dev/null
    for _ in $(seq "$runs"); do
        snapshot kedge-parquet orders zstd --format parquet
        measure duckdb-parquet env PYTHONPATH="$duckdb" python3 "$here/duckdb_peer.py" "$source" orders \
            "$folder/peer.parquet" 'parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3'
        note_size duckdb-parquet "$folder/peer.parquet"
        rm -f "$folder/peer.parquet"
    done
}

# A backlog: half of it in small transactions of four changes, a quarter in one transaction, the rest between.
make_backlog() {
    sql <<SQL
CREATE TABLE accounts (id integer PRIMARY KEY, balance bigint NOT NULL, note text NOT NULL DEFAULT repeat('-', 60));
INSERT INTO accounts (id, balance) SELECT n, 0 FROM generate_series(1, 100000) n;
CREATE TABLE moves (id bigserial PRIMARY KEY, account integer, amount integer, at timestamptz DEFAULT now());
CREATE TABLE notes (id bigint PRIMARY KEY, title text, document jsonb, size numeric(12,2));
SQL
    "$kedge" run --source "$source" --to "$folder/stream" --tables 'public.accounts,public.moves,public.notes' \
        --until now --quiet
    slot=$(sql -c 'SELECT slot_name FROM pg_replication_slots')
    publication=$(sql -c 'SELECT pubname FROM pg_publication')
    # The same beginning in columns, with a slot and a publication of its own.
    "$kedge" run --source "$source" --to "$folder/columns" --tables 'public.accounts,public.moves,public.notes' \
        --slot columns --publication columns --format parquet --until now --quiet
    sql -c "SELECT pg_copy_logical_replication_slot('$slot', 'base')" > /dev/null
    cat > "$folder/small.sql" <<'SQL'
\set one random(1, 100000)
\set other random(1, 100000)
BEGIN;
UPDATE accounts SET balance = balance - 5 WHERE id = :one;
UPDATE accounts SET balance = balance + 5 WHERE id = :other;
INSERT INTO moves (account, amount) VALUES (:one, -5);
INSERT INTO moves (account, amount) VALUES (:other, 5);
COMMIT;
SQL
    pgbench -n -c 4 -j 2 -t $((changes / 32)) -f "$folder/small.sql" > /dev/null 2>&1
    local quarter=$((changes / 4))
    local fill="SELECT n, 'note ' || n, jsonb_build_object('n', n, 'marks', jsonb_build_array('a', 'b')), n / 7.0 FROM generate_series"
    sql -c "INSERT INTO notes $fill(1, $((quarter / 2))) n" -c "UPDATE notes SET size = size + 1" \
        -c "INSERT INTO notes $fill($((quarter + 1)), $((2 * quarter))) n"
    end=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
    sql -c CHECKPOINT -c 'SELECT pg_switch_wal()' > /dev/null
    mv "$folder/stream" "$folder/begun"
    mv "$folder/columns" "$folder/begun-columns"
}

# Every run reads the same log: from a copy of the slot, and for kedge of the export, as they were.
renew_slot() {
    sql -c "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$1'" \
        -c "SELECT pg_copy_logical_replication_slot('base', '$1')" > /dev/null
}

drains() {
    for _ in $(seq "$runs"); do
        renew_slot "$slot"
        rm -rf "$folder/stream" && cp -a "$folder/begun" "$folder/stream"
        measure kedge-drain "$kedge" run --source "$source" --to "$folder/stream" --until "$end" --quiet
        renew_slot columns
        rm -rf "$folder/columns" && cp -a "$folder/begun-columns" "$folder/columns"
        measure kedge-drain-parquet "$kedge" run --source "$source" --to "$folder/columns" --slot columns \
            --publication columns --format parquet --until "$end" --quiet
        renew_slot peer
        measure pg_recvlogical "$bin/pg_recvlogical" -d postgres -S peer --start --no-loop -f /dev/null --endpos "$end" \
            -o proto_version=1 -o publication_names="$publication"
    done
}

idle() {
    "$kedge" run --source "$source" --to "$folder/idle" --tables 'public.one' --slot kedge_idle --until now --quiet
    for _ in $(seq $((runs + 2))); do
        measure kedge-idle "$kedge" run --source "$source" --to "$folder/idle" --slot kedge_idle --until now --quiet
    done
}

memory() {
    for _ in $(seq "$runs"); do
        snapshot kedge-tenth tenth none
        snapshot kedge-tenth-zstd tenth zstd
        if ! wants snapshot; then snapshot kedge-plain orders none && snapshot kedge-zstd orders zstd; fi
    done
}

slot='' publication='' end=''
if wants snapshot || wants parquet || wants memory; then make_table orders "$rows"; fi
if wants snapshot; then group snapshots; fi
if wants parquet; then group parquets; fi
if wants memory; then
    make_table tenth $((rows / 10))
    group memory
fi
if wants drain; then
    make_backlog
    group drains
fi
if wants idle; then
    sql -c 'CREATE TABLE one (id integer PRIMARY KEY)' -c 'INSERT INTO one VALUES (1)'
    group idle
fi
printf '%s rows, %s changes\n' "$rows" "$changes"
python3 "$here/report.py" "$results"
