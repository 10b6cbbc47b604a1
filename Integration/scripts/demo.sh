#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A PostgreSQL database under write load becomes an anchored export; kedge is killed in the middle and goes on; at the
# end every table is compared with the source. Everything happens in one temporary folder and on loopback, and all of
# it is gone afterwards. No server that exists already is touched.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/free_port.sh"

kedge=${KEDGE_BIN:-kedge}
kedge=$(command -v "$kedge") || { echo "demo: no kedge at ${KEDGE_BIN:-kedge}; run make demo" >&2; exit 1; }
write_seconds=${DEMO_SECONDS:-25}

bold='' dim='' green='' red='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; fi
chapter=0
say() { chapter=$((chapter + 1)); printf '\n%s%d. %s%s\n' "$bold" "$chapter" "$*" "$plain"; }
note() { printf '   %s\n' "$*"; }
show() { printf '%s   $ %s%s\n' "$dim" "$*" "$plain"; }
fail() { printf '%s   FAILED: %s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

folder=$(mktemp -d --tmpdir kedge-demo.XXXXXX)
chmod 755 "$folder"
server=$folder/server
export_folder=$folder/export
pids=()

cleanup() {
    local status=$?
    trap - EXIT INT TERM
    for pid in "${pids[@]:-}"; do [ -n "$pid" ] && kill -9 "$pid" 2> /dev/null || true; done
    if [ -e "$server/postmaster.pid" ]; then as_server "$bin/pg_ctl" -D "$server" -m immediate stop > /dev/null 2>&1 || true; fi
    if [ "$status" -ne 0 ]; then
        for log in "$folder"/*.log; do
            [ -s "$log" ] && printf '\n--- %s\n' "${log##*/}" >&2 && tail -15 "$log" >&2
        done
    fi
    rm -rf "$folder"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses to run as root.
as_server() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$bin/initdb" ] || fail "no PostgreSQL server under /usr/lib/postgresql; run make deps"

say "A private PostgreSQL in $folder"
if [ "$(id -u)" -eq 0 ]; then mkdir "$server" && chown postgres "$server"; fi
as_server "$bin/initdb" -D "$server" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > "$folder/initdb.log"
port=$(free_port)
as_server tee -a "$server/postgresql.conf" > /dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$server'
wal_level = logical
CONF
touch "$folder/postgres.log" && chmod 666 "$folder/postgres.log"
as_server "$bin/pg_ctl" -D "$server" -l "$folder/postgres.log" -w -t 60 start > /dev/null
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=shop
unset PGPASSWORD PGSERVICE PGOPTIONS PGSSLMODE 2> /dev/null || true
source="postgresql://postgres@127.0.0.1:$port/shop"
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
note "$(sql -d postgres -c 'SELECT version()' | cut -d, -f1), wal_level logical, 127.0.0.1:$port"

say "Fill it: pgbench's four tables and one with all kinds of values"
sql -d postgres -c 'CREATE DATABASE shop'
"$bin/pgbench" -i -q -s 5 > "$folder/pgbench-init.log" 2>&1
sql <<'SQL'
-- pgbench's history has no key; the whole row tells its rows apart.
ALTER TABLE pgbench_history REPLICA IDENTITY FULL;
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL, total numeric(12,2) NOT NULL,
    tags text[] NOT NULL, details jsonb, notes text, placed timestamptz NOT NULL DEFAULT now());
ALTER TABLE orders ALTER COLUMN notes SET STORAGE EXTERNAL;
INSERT INTO orders(customer, total, tags, details, notes)
SELECT 'customer ' || n % 997, n * 1.10, ARRAY['a', 'b "' || n || '"'], jsonb_build_object('n', n, 'half', n / 2.0),
    CASE WHEN n % 100 = 0 THEN repeat(md5(n::text), 200) END
FROM generate_series(1, 50000) n;
SQL
note "$(sql -c "SELECT string_agg(relname || ' ' || n_live_tup, ', ' ORDER BY relname) FROM pg_stat_user_tables")"

say "Writers: pgbench, and orders that come, change and go, for $write_seconds seconds"
cat > "$folder/orders.sql" <<'SQL'
\set id random(1, 50000)
INSERT INTO orders(customer, total, tags, details) VALUES ('late', :id * 0.01, '{new}', '{"n": 1.50}');
UPDATE orders SET total = total + 0.01 WHERE id = :id;
DELETE FROM orders WHERE id = :id + 7 AND id % 11 = 0;
SQL
"$bin/pgbench" -n -c 2 -T "$write_seconds" -R 400 > "$folder/pgbench.log" 2>&1 & writer1=$!
"$bin/pgbench" -n -c 2 -T "$write_seconds" -R 100 -f "$folder/orders.sql" > "$folder/pgbench-orders.log" 2>&1 & writer2=$!
pids+=("$writer1" "$writer2")

run=("$kedge" run --source "$source" --to "$export_folder" --anchor-every 2s,2000tx,8MiB)
anchor_count() { find "$export_folder/_kedge/anchors" -name '*.json' 2> /dev/null | wc -l; }
await_anchors() {
    for _ in $(seq 300); do
        if [ "$(anchor_count)" -ge "$1" ]; then return; fi
        kill -0 "$follower" 2> /dev/null || fail "kedge ended early"
        sleep 0.2
    done
    fail "no $1 anchors after a minute"
}

say "Export while they write"
show "kedge run --source $source --to $export_folder"
"${run[@]}" > "$folder/kedge-1.log" 2>&1 & follower=$!
pids+=("$follower")
await_anchors 4
note "$(anchor_count) anchors: the snapshot, and changes behind it"

say "kill -9"
sleep 0.7
kill -9 "$follower"
wait "$follower" 2> /dev/null || true
note "killed kedge, process $follower, in the middle of its work; the writers go on"
sleep 2

say "The same command again: it goes on after the last anchor"
show "kedge run --source $source --to $export_folder"
before=$(anchor_count)
"${run[@]}" > "$folder/kedge-2.log" 2>&1 & follower=$!
pids+=("$follower")
await_anchors $((before + 2))
note "from $before to $(anchor_count) anchors"
kill -TERM "$follower"
wait "$follower" || fail "kedge did not stop cleanly"
note "asked to stop: finished the open transaction, anchored it, exit 0"

say "The writers come to their end; catch up and exit"
wait "$writer1" || fail "pgbench failed"
wait "$writer2" || fail "pgbench failed"
show "kedge run … --until now"
"${run[@]}" --until now > "$folder/kedge-3.log" 2>&1 || fail "kedge run --until now"

say "The chain of anchors"
show "kedge anchors list --to $export_folder"
"$kedge" anchors list --to "$export_folder" | sed 's/^/   /' | tail -12

say "Records"
show "kedge cat --to $export_folder --table public.orders"
"$kedge" cat --to "$export_folder" --table public.orders > "$folder/orders.ndjson"
{ head -1 "$folder/orders.ndjson"
    grep -m1 '"_cdc_op":"u"' "$folder/orders.ndjson" || true
    grep -m1 '"_cdc_op":"d"' "$folder/orders.ndjson" || true; } |
    cut -c1-230 | sed 's/^/   /'

say "Proof, offline"
show "kedge verify --to $export_folder"
"$kedge" verify --to "$export_folder" | sed 's/^/   /'

say "Proof, against the source: fold every table's records and compare with SELECT"
sql <<'SQL'
CREATE SCHEMA demo;
CREATE UNLOGGED TABLE demo.lines (n bigserial, rec jsonb);
CREATE INDEX ON demo.lines ((rec->>'id'));
SQL
# The last record of each key is the row, unless it is a delete; without a key, inserts minus deletes, counted.
compare() {
    local table=$1 key=$2 columns=$3
    "$kedge" cat --to "$export_folder" --table "public.$table" > "$folder/table.ndjson"
    sql -c 'TRUNCATE demo.lines RESTART IDENTITY' \
        -c "\\copy demo.lines(rec) FROM '$folder/table.ndjson' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    sql <<SQL
SET "TimeZone" = 'UTC'; SET "DateStyle" = 'ISO'; SET extra_float_digits = 3;
WITH last AS (
    SELECT DISTINCT ON (k) rec->>'_cdc_op' AS op, rec FROM (
        SELECT n, rec, $key AS k FROM demo.lines) keyed ORDER BY k, n DESC),
-- A value that an update did not carry is the one from before.
export AS (
    SELECT (SELECT jsonb_object_agg(c, CASE WHEN coalesce(rec->'_cdc_unset', '[]') ? c THEN (
            SELECT b.rec->c FROM demo.lines b WHERE b.rec->>'id' = last.rec->>'id'
                AND NOT coalesce(b.rec->'_cdc_unset', '[]') ? c ORDER BY n DESC LIMIT 1)
        ELSE rec->c END) FROM unnest('$columns'::text[]) c)::text AS row
    FROM last WHERE op <> 'd'),
source AS (SELECT row_to_json(t)::jsonb::text AS row FROM $table t)
SELECT (SELECT count(*) FROM source) || ' ' || (SELECT count(*) FROM (
    (TABLE source EXCEPT ALL TABLE export) UNION ALL (TABLE export EXCEPT ALL TABLE source)) d);
SQL
}
different=0
while IFS='|' read -r table columns key; do
    read -r rows wrong <<< "$(compare "$table" "$key" "$columns" | tail -1)"
    if [ "$wrong" = 0 ]; then
        printf '   %s%-18s %8d rows, equal%s\n' "$green" "$table" "$rows" "$plain"
    else
        printf '   %s%-18s %8d rows, %s different%s\n' "$red" "$table" "$rows" "$wrong" "$plain"
        different=1
    fi
done < <(sql -F '|' <<'SQL'
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
    coalesce((SELECT 'rec->>' || quote_literal(k.attname) FROM pg_index i JOIN pg_attribute k
        ON k.attrelid = c.oid AND k.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary),
        -- No key: rows are only ever inserted here, each is a key of its own.
        'n::text')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.oid, c.relname ORDER BY 1
SQL
)
[ "$different" -eq 0 ] || fail "the export is not the source"

say "Clean up"
note "the server, its data and the export go away with $folder"
printf '\n%s%sdemo: killed once, nothing lost, nothing twice. %d seconds.%s\n' "$bold" "$green" "$SECONDS" "$plain"
