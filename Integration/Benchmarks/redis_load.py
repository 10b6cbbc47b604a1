# SPDX-License-Identifier: Apache-2.0
"""Writes data as commands for `redis-cli --pipe`; every value follows from its number.

    redis_load.py stream N    a stream `events` of N entries of five fields
    redis_load.py keys N      N keys: strings, some of which expire, hashes, lists, sets, sorted sets
    redis_load.py list N      a list `long` of N megabytes
"""
import hashlib
import sys


def command(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def digits(number):
    return hashlib.blake2b(str(number).encode(), digest_size=32).hexdigest()


def entry(number):
    mixed = number * 2654435761 % 4294967296
    note = ('say "no" \\ ' if number % 50 == 0 else "Grüße ") + digits(number)[:20 + mixed % 41]
    return command(
        "XADD", "events", f"{1700000000000 + number // 4}-{number % 4}",
        "type", ("view", "click", "order", "refund")[mixed % 4], "user", f"user:{mixed % 1000003}",
        "amount", f"{mixed % 100000 / 100:.2f}",
        "at", f"2026-05-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z", "note", note)


def key(number):
    noise, kind = digits(number), number % 20
    if kind < 12:
        value = (noise * 4)[:90 + number % 140]
        expiry = ("PXAT", 4000000000000 + number) if kind == 0 else ()
        return command("SET", f"string:{number}:{noise[:8]}", value, *expiry)
    if kind < 16:
        pairs = [word for at in range(8) for word in (f"field{at}", f"value {at} {noise[at:at + 12]}")]
        return command("HSET", f"hash:{number}", *pairs)
    if kind < 18:
        return command("RPUSH", f"list:{number}", *(f"item {at} {noise[at:at + 16]}" for at in range(10)))
    if kind < 19:
        return command("SADD", f"set:{number}", *(f"{at}{noise[at:at + 12]}" for at in range(12)))
    pairs = [word for at in range(10) for word in (at * 1.25 + number, f"member {at} {noise[at:at + 8]}")]
    return command("ZADD", f"sorted:{number}", *pairs)


def megabyte(number):
    return command("RPUSH", "long", *((digits(number * 10 + at) * 1563)[:100000] for at in range(10)))


make = {"stream": entry, "keys": key, "list": megabyte}[sys.argv[1]]
count = int(sys.argv[2])
for start in range(0, count, 5000):
    for number in range(start, min(start + 5000, count)):
        sys.stdout.buffer.write(make(number))
