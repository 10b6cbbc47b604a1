#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills an empty server with every type in every encoding, saves, and compares what the server says with printed events.

    make.py fill PORT               fill and save
    make.py compare PORT EVENTS     compare with a file that EventPrinter printed
"""
import random
import re
import socket
import sys


class Server:
    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rwb")

    def __call__(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        self.file.flush()
        return self.reply()

    def reply(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        count = int(rest)
        if count < 0:
            return None
        if kind == b"$":
            return self.file.read(count + 2)[:-2]
        return [self.reply() for _ in range(count)]


def settings(server, kind):
    """Small collections packed, or never."""
    packed = kind == "packed"
    version = server("INFO", "server").decode()
    form = "listpack" if re.search(r"redis_version:7", version) else "ziplist"
    for name in ("hash", "zset"):
        server("CONFIG", "SET", f"{name}-max-{form}-entries", 128 if packed else 0)
    server("CONFIG", "SET", f"list-max-{form}-size", -2 if packed else 2)
    server("CONFIG", "SET", "set-max-intset-entries", 512 if packed else 0)
    server("CONFIG", "SET", "stream-node-max-entries", 100 if packed else 3)


NUMBERS = [0, 1, -1, 12, 13, 127, 128, -128, -129, 4095, 4096, -4096, -4097, 32767, 32768, -32768, -32769, 8388607,
           8388608, -8388608, -8388609, 2147483647, 2147483648, -2147483648, -2147483649, 2**63 - 1, -2**63]
ALL = bytes(range(256))


def fill(server):
    noise = random.Random(4)
    server("FLUSHALL")
    texts = [b"", b"a", ALL, b"x" * 63, b"y" * 64, noise.randbytes(300), b"repeat " * 900, noise.randbytes(17000),
             ("größe " * 30).encode(), b"01", b"-0", b"+1", b" 1", b"12345678901234567890"]
    for database in (0, 3):
        server("SELECT", database)
        for number in NUMBERS if database == 0 else NUMBERS[:3]:
            server("SET", f"number:{number}", number)
        for index, text in enumerate(texts):
            if database and len(text) > 10_000:
                continue
            server("SET", b"text:%d:" % index + text[:9], text)
        server("SET", "expires", "later", "EX", 10_000_000)
        server("PEXPIREAT", "expires", 4_102_444_800_123)
        server("SET", ALL * 2, "a key of all bytes")
        for kind in ("packed", "plain"):
            settings(server, kind)
            values = NUMBERS + texts[:7] + [b"z" * 5000]
            server("RPUSH", f"list:{kind}", *values)
            server("RPUSH", f"list:small:{kind}", "only")
            server("SADD", f"set:{kind}", *values)
            for bits in (15, 31, 63):
                server("SADD", f"set:{bits}:{kind}", *[-2**bits, 2**bits - 1, 5])
            server("HSET", f"hash:{kind}", *[word for i, v in enumerate(values) for word in (f"f{i}", v)])
            server("HSET", f"hash:small:{kind}", "1", "one", ALL[:64], "2", "", "")
            server("HSET", f"hash:numbers:{kind}", *[word for n in NUMBERS for word in (n, -n)])
            scores = ["0", "-0", "inf", "-inf", "1.5", "2.2", "1e300", "-4.329e28", "0.1", "3.3333333333333335", "1e-7",
                      "123456789012345680", "9007199254740993", "-17", "100000.25", "5e-324"]
            server("ZADD", f"zset:{kind}", *[w for i, s in enumerate(scores) for w in (s, f"m{i}")])
            server("ZADD", f"zset:wide:{kind}", 1, ALL, 2, "w" * 100, 3, 77)
            server("EXPIRE", f"zset:wide:{kind}", 100)
            server("PEXPIREAT", f"zset:wide:{kind}", 4_102_444_800_000)
            streams(server, kind)
    try:
        server("SELECT", 0)
        server("CONFIG", "SET", "list-max-listpack-size", -2)
        server("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "200b")
        server("RPUSH", "list:nodes", "small", noise.randbytes(400), b"q" * 3000, "small again")
        server("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0")
        for library in ("one", "two"):
            server("FUNCTION", "LOAD", f"#!lua name={library}\nredis.register_function('{library}', "
                   f"function(keys, args) return '{library}' end)")
    except RuntimeError as error:
        print("left out:", error)
    server("SAVE")


def streams(server, kind):
    key = f"stream:{kind}"
    for index in range(20):
        pairs = ["a", index, "b", f"v{index}"] if index % 5 else ["other", ALL, "other", "", "3", index * 1000]
        server("XADD", key, f"{1_700_000_000_000 + index // 4}-{100 - 10 * (index // 4) + index % 4}", *pairs)
    for index in (2, 3, 11):
        server("XDEL", key, server("XRANGE", key, "-", "+")[index][0])
    server("XADD", f"{key}:max", "18446744073709551614-18446744073709551615", "k", "v")
    server("XADD", f"{key}:max", "18446744073709551615-1", "k", "v")
    server("XADD", f"{key}:empty", "5-5", "k", "v")
    server("XDEL", f"{key}:empty", "5-5")
    for group in ("g1", "g2"):
        server("XGROUP", "CREATE", key, group, "0")
        for consumer in ("alice", ALL):
            server("XREADGROUP", "GROUP", group, consumer, "COUNT", 4, "STREAMS", key, ">")
        server("XREADGROUP", "GROUP", group, "alice", "COUNT", 4, "STREAMS", key, "0")
    server("XACK", key, "g1", server("XRANGE", key, "-", "+")[0][0])
    server("XGROUP", "CREATE", key, "untouched", "$")


def parse(path):
    """The keys of a file of printed events: (db, name) to type, expiry, and items."""
    def unquote(text):
        return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)

    keys, functions, database, key = {}, [], 0, None
    quoted = re.compile(rb'"([^"]*)"')
    for line in open(path, "rb").read().split(b"\n"):
        words = line.split()
        strings = [unquote(s) for s in quoted.findall(line)]
        if not words:
            continue
        if words[0] == b"db":
            database = int(words[1])
        elif words[0] == b"function":
            functions.append(strings[0])
        elif words[0] == b"key":
            rest = line[line.rindex(b'"') + 1:].split()
            expiry = [int(w[8:]) for w in rest if w.startswith(b"expires=")]
            key = keys[database, strings[0]] = [rest[0].decode(), expiry[0] if expiry else -1, []]
        elif words[0] in (b"string", b"element", b"member"):
            key[2].append(strings[0])
        elif words[0] == b"field":
            key[2].append(tuple(strings))
        elif words[0] == b"scored":
            key[2].append((strings[0], words[-1]))
        elif words[0] == b"entry":
            key[2].append([words[1], []])
        elif line.startswith(b'    "'):
            key[2][-1][1] += strings
        elif words[0] in (b"state", b"history", b"group", b"pending", b"consumer") or line.startswith(b"      "):
            facts = dict(w.split(b"=") for w in line[line.rfind(b'"') + 1:].split() if b"=" in w)
            key.append((words[0], strings, facts, words))
    return keys, functions


def compare(server, path):
    keys, functions = parse(path)
    checked = 0
    for database in (0, 3):
        server("SELECT", database)
        names = server("KEYS", "*")
        assert sorted(names) == sorted(n for d, n in keys if d == database), "other keys"
        for name in names:
            kind, expiry, items, *facts = keys[database, name]
            assert server("TYPE", name).decode() == kind, name
            left = server("PTTL", name)
            assert (left < 0) == (expiry < 0), (name, left, expiry)
            if left >= 0:
                now = server("TIME")
                assert abs(int(now[0]) * 1000 + int(now[1]) // 1000 + left - expiry) < 5000, name
            if kind == "string":
                assert items == [server("GET", name)], name
            elif kind == "list":
                assert items == server("LRANGE", name, 0, -1), name
            elif kind == "set":
                assert sorted(items) == sorted(server("SMEMBERS", name)), name
            elif kind == "hash":
                flat = server("HGETALL", name)
                assert sorted(items) == sorted(zip(flat[::2], flat[1::2])), name
            elif kind == "zset":
                flat = server("ZRANGE", name, 0, -1, "WITHSCORES")
                said = {m: float(s) for m, s in zip(flat[::2], flat[1::2])}
                assert said == {m: float(s) for m, s in items} and len(items) == len(said), name
            else:
                assert items == server("XRANGE", name, "-", "+"), name
                compare_stream(server, name, facts)
            checked += 1
    try:
        libraries = server("FUNCTION", "LIST", "WITHCODE")
        codes = [dict(zip(l[::2], l[1::2]))[b"library_code"] for l in libraries]
        assert sorted(codes) == sorted(functions)
    except RuntimeError:
        assert not functions
    print(checked, "keys and", len(functions), "functions are as the server says")


def compare_stream(server, name, facts):
    full = server("XINFO", "STREAM", name, "FULL", "COUNT", 0)
    said = dict(zip(full[::2], full[1::2]))
    state = facts[0][2]
    assert int(state[b"length"]) == said[b"length"] and state[b"last"] == said[b"last-generated-id"], name
    if b"entries-added" in said:
        history = facts[1][2]
        assert int(history[b"added"]) == said[b"entries-added"], name
        assert history[b"deleted"] == said[b"max-deleted-entry-id"], name
        assert history[b"first"] == said[b"recorded-first-entry-id"], name
    groups = [dict(zip(g[::2], g[1::2])) for g in said[b"groups"]]
    printed = [f for f in facts if f[0] == b"group"]
    assert sorted(g[b"name"] for g in groups) == sorted(f[1][0] for f in printed), name
    for group in groups:
        begin = next(i for i, f in enumerate(facts) if f[0] == b"group" and f[1][0] == group[b"name"])
        fact = facts[begin]
        rest = []
        for other in facts[begin + 1:]:
            if other[0] == b"group":
                break
            rest.append(other)
        assert fact[2][b"last"] == group[b"last-delivered-id"], name
        assert [f[3][1] for f in rest if f[0] == b"pending"] == [p[0] for p in group[b"pending"]], name
        assert [int(f[3][2]) for f in rest if f[0] == b"pending"] == [p[2] for p in group[b"pending"]], name
        assert [int(f[3][3]) for f in rest if f[0] == b"pending"] == [p[3] for p in group[b"pending"]], name
        if b"entries-read" in group:
            read = group[b"entries-read"]
            assert int(fact[2][b"read"]) == (-1 if read is None else read), name
        consumers = {c[1]: dict(zip(c[::2], c[1::2])) for c in group[b"consumers"]}
        found = [f for f in rest if f[0] == b"consumer"]
        assert sorted(f[1][0] for f in found) == sorted(consumers), name
        for consumer in found:
            said_of = consumers[consumer[1][0]]
            assert int(consumer[2][b"seen"]) == said_of[b"seen-time"], name
            position = rest.index(consumer)
            ids = []
            for other in rest[position + 1:]:
                if other[0] == b"consumer":
                    break
                ids.append(other[0])
            assert ids == [p[0] for p in said_of[b"pending"]], name


if __name__ == "__main__":
    server = Server(int(sys.argv[2]))
    if sys.argv[1] == "fill":
        fill(server)
    else:
        compare(server, sys.argv[3])
