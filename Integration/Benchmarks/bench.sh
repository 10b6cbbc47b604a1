#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures kedge beside its peers in one run, on a private server: a snapshot beside psql's COPY, and the drain of a
# backlog beside pg_recvlogical. Prints times, peak memory and ratios; BENCH_ROWS sets the size.
set -euo pipefail

kedge=$(command -v "${KEDGE_BIN:-kedge}") || { echo "bench: no kedge; run make bench" >&2; exit 1; }
rows=${BENCH_ROWS:-1000000}
changes=${BENCH_CHANGES:-500000}
folder=$(mktemp -d --tmpdir kedge-bench.XXXXXX)
chmod 755 "$folder"
server=$folder/server
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)

as_server() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
cleanup() {
    if [ -e "$server/postmaster.pid" ]; then as_server "$bin/pg_ctl" -D "$server" -m immediate stop > /dev/null 2>&1 || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT

if [ "$(id -u)" -eq 0 ]; then mkdir "$server" && chown postgres "$server"; fi
as_server "$bin/initdb" -D "$server" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
port=$((20000 + RANDOM % 12000))
as_server tee -a "$server/postgresql.conf" > /dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$server'
wal_level = logical
max_wal_size = 8GB
CONF
touch "$folder/postgres.log" && chmod 666 "$folder/postgres.log"
as_server "$bin/pg_ctl" -D "$server" -l "$folder/postgres.log" -w start > /dev/null
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=postgres
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# Runs a program; sets `elapsed` (ms) and `peak` (MiB, the largest resident set that was seen).
measure() {
    local start pid size
    peak=0
    start=$(date +%s%N)
    "$@" > "$folder/out" 2> "$folder/err" &
    pid=$!
    while kill -0 "$pid" 2> /dev/null; do
        size=$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$pid/status" 2> /dev/null || true)
        if [ -n "$size" ] && [ "$size" -gt "$peak" ]; then peak=$size; fi
        sleep 0.02
    done
    wait "$pid" || { echo "bench: failed: $*" >&2; tail -5 "$folder/err" >&2; exit 1; }
    elapsed=$((($(date +%s%N) - start) / 1000000))
}
line() { printf '%-34s %8d ms %8d MiB %6s\n' "$1" "$elapsed" "$peak" "$(awk -v a="$elapsed" -v b="$2" 'BEGIN { printf "%.2f", a / b }')"; }

sql <<SQL
CREATE TABLE orders (id bigint PRIMARY KEY, customer text, total numeric(12,2), placed timestamptz, tags text[], details jsonb);
INSERT INTO orders SELECT n, 'customer ' || n % 997, n * 1.10, timestamptz '2026-01-01' + n * interval '1 second',
    ARRAY['a', 'b'], jsonb_build_object('n', n) FROM generate_series(1, $rows) n;
VACUUM (FREEZE, ANALYZE) orders;
SQL
source="postgresql://postgres@127.0.0.1:$port/postgres"
printf '%-34s %11s %12s %6s\n' "$rows rows, $changes changes" time peak ratio

measure sql -c 'COPY (SELECT row_to_json(o) FROM orders o) TO STDOUT'
base=$elapsed
line 'psql COPY row_to_json' "$base"
for codec in none zstd; do
    measure "$kedge" run --source "$source" --to "$folder/copy-$codec" --snapshot only --compression "$codec" --quiet
    line "kedge snapshot, $codec" "$base"
done

"$kedge" run --source "$source" --to "$folder/stream" --until now --quiet 2> "$folder/err"
sql -c "SELECT pg_create_logical_replication_slot('peer', 'pgoutput')" > /dev/null
publication=$(sql -c 'SELECT pubname FROM pg_publication LIMIT 1')
sql -c "UPDATE orders SET total = total + 1 WHERE id <= $((changes / 2))" \
    -c "INSERT INTO orders SELECT n, 'late', n, now(), '{}', '{}' FROM generate_series($((rows + 1)), $((rows + changes - changes / 2))) n"
end=$(sql -c 'SELECT pg_current_wal_flush_lsn()')
measure "$bin/pg_recvlogical" -d postgres -S peer --start -f - --endpos "$end" -o proto_version=1 -o publication_names="$publication"
base=$elapsed
line 'pg_recvlogical' "$base"
measure "$kedge" run --source "$source" --to "$folder/stream" --until "$end" --quiet
line 'kedge stream, zstd' "$base"
