#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Counts the instructions that kedge spends on a thousand changes of a stream and on a thousand rows of a snapshot of
# PostgreSQL, and on a thousand entries, keys and commands of Redis, and fails when there are more than
# `instructions.limits` allows. Instructions do not depend on how busy the machine is; what a run costs without rows is
# counted too and taken off.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../scripts/free_port.sh"
kedge=$(command -v "${KEDGE_BIN:-kedge}") || { echo "instructions: no kedge; run make instructions" >&2; exit 1; }
rows=20000
folder=$(mktemp -d --tmpdir kedge-instructions.XXXXXX)
chmod 755 "$folder"
server=$folder/server
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)

as_server() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
redis=''
cleanup() {
    if [ -n "$redis" ]; then kill -KILL "$redis" 2> /dev/null || true; fi
    if [ -e "$server/postmaster.pid" ]; then as_server "$bin/pg_ctl" -D "$server" -m immediate stop > /dev/null 2>&1 || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT

if [ "$(id -u)" -eq 0 ]; then mkdir "$server" && chown postgres "$server"; fi
as_server "$bin/initdb" -D "$server" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
port=$(free_port)
as_server tee -a "$server/postgresql.conf" > /dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$server'
wal_level = logical
wal_sender_timeout = 0
fsync = off
CONF
touch "$folder/postgres.log" && chmod 666 "$folder/postgres.log"
as_server "$bin/pg_ctl" -D "$server" -l "$folder/postgres.log" -w start > /dev/null
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=postgres
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
source="postgresql://postgres@127.0.0.1:$port/postgres"

# valgrind stumbles over debugging information that is newer than itself.
strip --strip-debug -o "$folder/kedge" "$kedge"
chmod 755 "$folder/kedge"

# Runs kedge under callgrind; sets `instructions`.
count() { count_run run "$@" --min-free 1MiB --anchor-every 1h,1000000000tx,1GiB; }
count_run() {
    rm -f "$folder"/callgrind.*
    valgrind --tool=callgrind --callgrind-out-file="$folder/callgrind" "$folder/kedge" "$1" --source "$source" \
        "${@:2}" --quiet > "$folder/out" 2> "$folder/err" ||
        { echo "instructions: failed: $*" >&2; tail -20 "$folder/err" >&2; exit 1; }
    instructions=$(sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$folder/err" | tail -1)
}
failed=0
# Judges a job: its instructions, those of the same run without rows, and how many rows there were.
judge() {
    local each=$((($2 - $3) * 1000 / $4)) limit
    limit=$(awk -v job="$1" '$1 == job { print $2 }' "$here/instructions.limits")
    printf '%-22s %12d instructions per thousand, at most %12d\n' "$1" "$each" "$limit"
    if [ "$each" -gt "$limit" ]; then failed=1; fi
}

sql <<SQL
CREATE TABLE full_rows (id bigint PRIMARY KEY, customer text, total numeric(12,2), placed timestamptz, tags text[], details jsonb);
CREATE TABLE no_rows (LIKE full_rows INCLUDING ALL);
INSERT INTO full_rows SELECT n, 'customer ' || n % 997, n * 1.10, timestamptz '2026-01-01' + n * interval '1 second',
    ARRAY['a', 'b'], jsonb_build_object('n', n) FROM generate_series(1, $rows) n;
CREATE TABLE plain_rows AS SELECT id, customer, total, placed, details FROM full_rows;
ALTER TABLE plain_rows ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE);
SQL
for format in parquet; do
    count --to "$folder/none-$format" --tables public.no_rows --snapshot only --jobs 1 --format "$format"
    empty=$instructions
    count --to "$folder/full-$format" --tables public.full_rows --snapshot only --jobs 1 --format "$format"
    judge "snapshot-$format" "$instructions" "$empty" "$rows"
    # Of types that come in binary.
    count --to "$folder/plain-$format" --tables public.plain_rows --snapshot only --jobs 1 --format "$format"
    judge "snapshot-binary-$format" "$instructions" "$empty" "$rows"
done
for codec in none zstd; do
    count --to "$folder/none-$codec" --tables public.no_rows --snapshot only --jobs 1 --compression "$codec"
    empty=$instructions
    count --to "$folder/full-$codec" --tables public.full_rows --snapshot only --jobs 1 --compression "$codec"
    judge "snapshot-$codec" "$instructions" "$empty" "$rows"
done

"$kedge" run --source "$source" --to "$folder/stream" --until now --quiet 2> "$folder/err"
count --to "$folder/stream" --until now
empty=$instructions
"$kedge" run --source "$source" --to "$folder/columns" --slot columns --publication columns --format parquet \
    --until now --quiet 2> "$folder/err"
count --to "$folder/columns" --slot columns --publication columns --format parquet --until now
empty_columns=$instructions
# As applications write: most transactions are small, and one is not.
sql <<SQL
DO \$\$ BEGIN
    FOR i IN 1..$((rows / 4)) LOOP
        UPDATE full_rows SET total = total + 1 WHERE id = i;
        INSERT INTO no_rows SELECT * FROM full_rows WHERE id = i;
        COMMIT;
    END LOOP;
END \$\$;
UPDATE full_rows SET total = total + 1 WHERE id > $((rows / 2));
SQL
count --to "$folder/stream" --until now
judge stream-zstd "$instructions" "$empty" "$rows"
count --to "$folder/columns" --slot columns --publication columns --format parquet --until now
judge stream-parquet "$instructions" "$empty_columns" "$rows"

# A Redis server, empty, then full.
port=$(free_port)
redis-server --bind 127.0.0.1 --port "$port" --dir "$folder" --save '' --appendonly no --logfile "$folder/redis.log" \
    --repl-diskless-sync-delay 0 --repl-backlog-size 64mb &
redis=$!
disown
until redis-cli -p "$port" ping > /dev/null 2>&1; do sleep 0.1; done
source="redis://127.0.0.1:$port"
load() { python3 "$here/redis_load.py" "$1" "$2" | redis-cli -p "$port" --pipe > /dev/null; }

redis-cli -p "$port" xadd events 1-1 first entry > /dev/null
count --to "$folder/no-entries" --streams events --until now
empty=$instructions
load stream "$rows"
count --to "$folder/entries" --streams events --until now
judge redis-stream "$instructions" "$empty" "$rows"

redis-cli -p "$port" flushall > /dev/null
count_run snapshot --to "$folder/no-keys"
empty=$instructions
"$kedge" run --source "$source" --mode replication --to "$folder/commands" --until now --quiet
count --mode replication --to "$folder/commands" --until now
follow=$instructions
load keys "$rows"
count --mode replication --to "$folder/commands" --until now
judge redis-commands "$instructions" "$follow" "$rows"
count_run snapshot --to "$folder/keys"
judge redis-keys "$instructions" "$empty" "$rows"
exit $failed
