#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that must hold, floor by floor, with the time each step took. A skipped test is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
times=()
tests=0
begun=$SECONDS

step() {
    local name=$1
    shift
    local start=$SECONDS
    printf '\n== %s\n' "$name"
    "$@" 2>&1 | tee "$log"
    times+=("$(printf '%-12s %4d s' "$name" $((SECONDS - start)))")
}

# Runs tests and refuses a run in which one was skipped or none ran.
tested() {
    step "$@"
    if grep -qaE '^[^ ]+ (Test|Suite) .* skipped' "$log"; then
        echo "test: a test was skipped, which counts as failed" >&2
        grep -aE '^[^ ]+ (Test|Suite) .* skipped' "$log" >&2
        exit 1
    fi
    # A step may be several runs.
    local counts
    counts=$(sed -nE 's/.*Test run with ([0-9]+) tests?.* passed.*/\1/p' "$log")
    if [ -z "$counts" ] || grep -qx 0 <<< "$counts"; then
        echo "test: no test ran in the step $1" >&2
        exit 1
    fi
    tests=$((tests + $(paste -sd+ <<< "$counts")))
}

step deps Integration/scripts/deps.sh tests
# Engines are fetched while the compiler works; the step below waits for them.
Integration/scripts/engines.sh all > /dev/null 2>&1 &
step servers Integration/scripts/servers.sh
step build make --no-print-directory build
step lint make --no-print-directory lint
tested house make --no-print-directory house
tested unit make --no-print-directory unit
step engines Integration/scripts/engines.sh all
tested integration make --no-print-directory integration
step instructions make --no-print-directory instructions

printf '\n== times\n'
printf '%s\n' "${times[@]}"
printf 'Test run with %d tests in %d floors passed after %d seconds.\n' "$tests" 3 $((SECONDS - begun))
