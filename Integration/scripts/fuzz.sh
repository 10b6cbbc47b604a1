#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs every fuzz target of Tests/Fuzz/<Target>/ for the given number of seconds.
#
# A target is a folder with an entry point (Swift, `LLVMFuzzerTestOneInput`), a file `modules` that lists the rooms
# it needs in floor order, and a folder `corpus` of named files. It is built here with the sanitizer, outside the
# manifest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-60}
found=0
for target in Tests/Fuzz/*/; do
    [ -e "$target/modules" ] || continue
    found=1
    name=$(basename "$target")
    build=.build/fuzz/$name
    mkdir -p "$build/corpus"
    printf '== %s, %s s\n' "$name" "$seconds"
    flags=(-O -swift-version 6 -strict-memory-safety -enable-experimental-feature Lifetimes
        -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility
        -enable-upcoming-feature InternalImportsByDefault -sanitize=fuzzer,address -parse-as-library -I "$build")
    objects=()
    while read -r module; do
        [ -n "$module" ] || continue
        swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module -emit-module-path "$build/$module.swiftmodule" \
            -c Sources/"$module"/*.swift -o "$build/$module.o"
        objects+=("$build/$module.o")
    done < "$target/modules"
    swiftc "${flags[@]}" -module-name "Fuzz$name" "$target"/*.swift "${objects[@]}" -o "$build/fuzz"
    "$build/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/" "$build/corpus" "$target/corpus"
done
[ "$found" -eq 1 ] || { echo "fuzz: no target under Tests/Fuzz" >&2; exit 1; }
