# SPDX-License-Identifier: Apache-2.0
#
# For scripts that start servers; to be sourced.

# Prints a port of the loopback at which nobody listens, below those that the kernel gives to connections.
free_port() {
    local port
    for _ in $(seq 50); do
        port=$((10000 + RANDOM % 22000))
        if ! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then echo "$port"; return; fi
    done
    echo "no port is free" >&2
    return 1
}
