# SPDX-License-Identifier: Apache-2.0
"""Writes a stream to a file, a line of JSON an entry, as one would with redis-py, its parser in C, and the JSON of
Python or orjson: redis_peer.py PORT KEY FILE json|orjson."""
import json
import sys

import orjson
import redis

port, key, path, printer = sys.argv[1:]
server = redis.Redis(port=int(port), decode_responses=True)


def line(id, fields):
    if printer == "orjson":
        return orjson.dumps({"id": id, "fields": fields}, option=orjson.OPT_APPEND_NEWLINE)
    return (json.dumps({"id": id, "fields": fields}, ensure_ascii=False) + "\n").encode()


start = "-"
with open(path, "wb", 1 << 20) as file:
    while page := server.xrange(key, start, "+", count=1000):
        file.writelines(line(id, fields) for id, fields in page)
        start = "(" + page[-1][0]
