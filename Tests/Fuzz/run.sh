#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the decoders with libFuzzer and runs every fuzz target, or the named ones, for SECONDS each.
#   Tests/Fuzz/run.sh SECONDS [TARGET…]
# A crash leaves its input in .build/fuzz/<target>/; a new corpus grows there too, never in the sources.
set -euo pipefail
seconds=${1:?"usage: $0 SECONDS [TARGET...]"}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/.build/fuzz
mkdir -p "$out/modules"
flags=(-swift-version 6 -O -enable-experimental-feature Lifetimes -enable-upcoming-feature MemberImportVisibility
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature ExistentialAny
    -strict-memory-safety -sanitize=fuzzer -parse-as-library -I "$out/modules"
    -I "$root/Sources/COpenSSL" -I "$root/Sources/CZstd" -I "$root/Sources/CZlib"
    -I "$root/Sources/CLibssl" -I "$root/Sources/CHiredis" -I "$root/Sources/CSnappy" -package-name kedge)

objects=()
# The parser of YAML is a package: its sources are those that the package manager has fetched.
yams=$root/.build/checkouts/Yams/Sources
[ -d "$yams" ] || (cd "$root" && swift package resolve)
for source in "$yams"/CYaml/src/*.c; do
    clang -O2 -c -I "$yams/CYaml/include" -o "$out/modules/$(basename "$source" .c).o" "$source"
    objects+=("$out/modules/$(basename "$source" .c).o")
done
mapfile -t sources < <(find "$yams/Yams" -name '*.swift' | sort)
swiftc -O -swift-version 5 -wmo -parse-as-library -DSWIFT_PACKAGE -I "$yams/CYaml/include" -emit-module \
    -emit-module-path "$out/modules/Yams.swiftmodule" -module-name Yams -emit-object -o "$out/modules/Yams.o" "${sources[@]}"
objects+=("$out/modules/Yams.o")
flags+=(-I "$yams/CYaml/include")
for module in Faults Bytes RedisURI Sockets Hiredis Changelog PgOutput RedisRDB PostgresValues Digests Compression \
    DurableFiles Anchors SchemaEvolution Export Contracts NDJSONFormat ParquetFormat ParquetReading DeltaLake \
    Verification Threads RedisFacts RedisState \
    RedisCluster RedisKeyspace; do
    mapfile -t sources < <(find "$root/Sources/$module" -name '*.swift' | sort)
    swiftc "${flags[@]}" -enable-testing -wmo -emit-module -emit-module-path "$out/modules/$module.swiftmodule" \
        -module-name "$module" -emit-object -o "$out/modules/$module.o" "${sources[@]}"
    objects+=("$out/modules/$module.o")
done

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in "$root"/Tests/Fuzz/*/Fuzz.swift; do targets+=("$(basename "$(dirname "$file")")"); done
fi
for target in "${targets[@]}"; do
    work=$out/$target
    mkdir -p "$work/corpus"
    swiftc "${flags[@]}" -module-name "Fuzz$target" -o "$work/fuzz" "$root/Tests/Fuzz/$target/Fuzz.swift" "${objects[@]}"
    echo "== $target"
    (cd "$work" && ./fuzz -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
        corpus "$root/Tests/Fuzz/$target/Corpus" 2>"$work/log") || { tail -40 "$work/log"; exit 1; }
    grep -E 'number_of_executed_units|average_exec' "$work/log"
done
