# SPDX-License-Identifier: Apache-2.0
"""Receives a snapshot as a replica does, without a file on the server's side, and throws it away: what is left is what
the server and the loopback take. redis_receiver.py PORT."""
import socket
import sys

server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
server.sendall(b"REPLCONF capa eof capa psync2\r\n")
lines = server.makefile("rb", buffering=0)


def line():
    """The next line that is none of those which only keep the connection open."""
    while not (text := lines.readline().strip()):
        pass
    return text


assert line() == b"+OK"
server.sendall(b"PSYNC ? -1\r\n")
assert line().startswith(b"+FULLRESYNC")
header = line()
assert header.startswith(b"$EOF:"), header
mark, tail, view = header[5:], b"", memoryview(bytearray(1 << 20))
while not tail.endswith(mark):
    count = server.recv_into(view)
    assert count > 0, "the server hung up"
    tail = (tail + bytes(view[max(0, count - len(mark)):count]))[-len(mark):]
