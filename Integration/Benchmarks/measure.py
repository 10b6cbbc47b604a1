# SPDX-License-Identifier: Apache-2.0
"""Runs a command and appends one line of JSON about it: what it took and what it took from the server.

    measure.py RESULTS JOB POSTMASTER -- COMMAND...

Time, processor seconds of the command and of all it waited for, the largest resident set among them, and the processor
seconds of the server's processes meanwhile. POSTMASTER is the number of the server's first process.
"""
import json
import os
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")


def stat(process):
    """The parent of a process, and its processor seconds with those of its children that have ended."""
    try:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS


def server_seconds(postmaster):
    """The processor seconds of a server: the first process knows those of the ended ones."""
    seconds = stat(postmaster)[1]
    for process in filter(str.isdigit, os.listdir("/proc")):
        found = stat(process)
        if found and found[0] == postmaster:
            seconds += found[1]
    return seconds


def main():
    results, job, postmaster, _, *command = sys.argv[1:]
    postmaster = int(postmaster)
    os.sync()
    before = server_seconds(postmaster)
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    elapsed = time.monotonic() - begun
    # The server notices that a client has gone a moment later, and only then are its seconds told.
    time.sleep(0.2)
    if status != 0:
        sys.exit(f"bench: failed: {job}: {' '.join(command)}")
    with open(results, "a") as file:
        print(json.dumps({
            "job": job, "seconds": elapsed, "client": usage.ru_utime + usage.ru_stime,
            "server": server_seconds(postmaster) - before, "peak": usage.ru_maxrss / 1024,
        }), file=file)


main()
