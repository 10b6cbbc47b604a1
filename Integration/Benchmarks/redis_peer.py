# SPDX-License-Identifier: Apache-2.0
"""Writes a stream to a file, a line of JSON an entry, as one would with redis-py: redis_peer.py PORT KEY FILE."""
import json
import sys

import redis

port, key, path = sys.argv[1:]
server = redis.Redis(port=int(port), decode_responses=True)
start = "-"
with open(path, "w", 1 << 20) as file:
    while page := server.xrange(key, start, "+", count=1000):
        file.writelines(json.dumps({"id": id, "fields": fields}, ensure_ascii=False) + "\n" for id, fields in page)
        start = "(" + page[-1][0]
