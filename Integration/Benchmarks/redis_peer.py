# SPDX-License-Identifier: Apache-2.0
"""Writes a stream to a file, a line of JSON an entry, as one would with redis-py and its fast parts:
redis_peer.py PORT KEY FILE."""
import sys

import orjson
import redis

port, key, path = sys.argv[1:]
server = redis.Redis(port=int(port), decode_responses=True)
start = "-"
with open(path, "wb", 1 << 20) as file:
    while page := server.xrange(key, start, "+", count=1000):
        file.writelines(orjson.dumps({"id": id, "fields": fields}, option=orjson.OPT_APPEND_NEWLINE)
                        for id, fields in page)
        start = "(" + page[-1][0]
