# SPDX-License-Identifier: Apache-2.0
"""Writes a stream of N entries of five fields, as commands for `redis-cli --pipe`: redis_load.py N [KEY]. Every value
follows from the entry's number."""
import hashlib
import sys

count, key = int(sys.argv[1]), (sys.argv[2] if len(sys.argv) > 2 else "events").encode()


def command(*words):
    words = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


for start in range(0, count, 5000):
    part = []
    for number in range(start, min(start + 5000, count)):
        mixed = number * 2654435761 % 4294967296
        digits = hashlib.blake2b(str(number).encode(), digest_size=32).hexdigest()
        note = ('say "no" \\ ' if number % 50 == 0 else "Grüße ") + digits[:20 + mixed % 41]
        part.append(command(
            "XADD", key, f"{1700000000000 + number // 4}-{number % 4}", "type", ("view", "click", "order", "refund")[mixed % 4],
            "user", f"user:{mixed % 1000003}", "amount", f"{mixed % 100000 / 100:.2f}",
            "at", f"2026-05-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z", "note", note))
    sys.stdout.buffer.write(b"".join(part))
