// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Testing

@testable import RedisKeyspace

/// Which keys have values that the records of commands do not tell.
@Suite("Touched keys")
struct TouchedKeysTests {
    /// What commands in database 2 touch, as `database:key`, and `database:*` for a whole one.
    private func touched(_ commands: String...) throws -> [String] {
        var recorder = CommandRecorder(database: 2, touched: TouchedKeys())
        var batch = ChangeBatch(byteLimit: 1 << 20)
        batch.begin(Transaction(position: Position(rawValue: 1)))
        recorder.begin(&batch)
        for command in commands {
            let parts = command.split(separator: " ")
            let text = "*\(parts.count)\r\n" + parts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
            let name = Array(parts[0].utf8).withRawSpan { CommandName($0) }
            try Array(text.utf8).withRawSpan { bytes throws(WireFault) in
                var words = CommandWords()
                guard try words.find(in: bytes, from: 0) == .whole(bytes.byteCount) else {
                    throw WireFault(.truncated, at: 0)
                }
                recorder.append(name, words, of: bytes, into: &batch)
            }
        }
        let found = recorder.touched?.take()
        #expect(recorder.touched?.isEmpty == true)
        let keys = (found?.names ?? [:]).flatMap { database, names in
            names.map { "\(database):\(String(decoding: $0, as: UTF8.self))" }
        }
        return (keys + (found?.databases ?? []).map { "\($0):*" }).sorted()
    }

    @Test(
        "a value that a record tells is not asked for",
        arguments: [
            "SET k v", "SET k v PXAT 99", "SET k v KEEPTTL", "MSET a 1 b 2", "DEL a b", "HSET h f v", "SADD s a",
            "SMOVE a b m", "ZADD z 1 m", "XADD x 1-1 f v", "PEXPIREAT k 99", "PERSIST k", "FLUSHALL", "PUBLISH c m",
        ])
    func told(command: String) throws {
        #expect(try touched(command) == [])
    }

    @Test(
        "a value that depends on others, or on the one before, is asked for",
        arguments: [
            ("INCR n", ["2:n"]), ("RPUSH l a", ["2:l"]), ("ZADD z GT 1 m", ["2:z"]), ("SET k v PX 50", ["2:k"]),
            ("RENAME a b", ["2:a", "2:b"]), ("LMOVE a b LEFT LEFT", ["2:a", "2:b"]), ("BITOP AND d a b", ["2:d"]),
            ("SORT s STORE d", ["2:d"]), ("RESTORE k 0 x", ["2:k"]), ("XACK x g 1-1", ["2:x"]), ("EXPIRE k 7", ["2:k"]),
        ])
    func hidden(command: String, keys: [String]) throws {
        #expect(try touched(command) == keys)
    }

    @Test(
        "keys of other databases, and those that only the words name, are found",
        arguments: [
            ("MOVE k 5", ["2:k", "5:k"]), ("COPY a b DB 7", ["2:b", "7:b"]), ("COPY a b REPLACE", ["2:b"]),
            ("COPY a b db 7 REPLACE", ["2:b", "7:b"]), ("EVAL text 2 a b c", ["2:a", "2:b"]), ("EVAL text 0", []),
            ("EVAL text 99 a", ["2:a"]), ("SWAPDB 1 3", ["1:*", "3:*"]), ("JSON.SET doc . 1", ["2:doc"]),
            ("MOVE k x", ["2:k"]), ("COPY a b DB", ["2:b"]), ("SWAPDB -1 99999999999", []), ("EVAL text -5 a", []),
        ])
    func elsewhere(command: String, keys: [String]) throws {
        #expect(try touched(command) == keys)
    }

    @Test("a key counts once, and a set is full by keys or by bytes")
    func limits() {
        func full(_ limits: TouchedKeys.Limits, _ names: [String]) -> Bool {
            var keys = TouchedKeys(limits: limits)
            for name in names { Array(name.utf8).withRawSpan { keys.insert($0, in: 0) } }
            return keys.isFull
        }
        #expect(!full(TouchedKeys.Limits(count: 2), ["a", "a", "a"]))
        #expect(full(TouchedKeys.Limits(count: 2), ["a", "b"]))
        #expect(full(TouchedKeys.Limits(byteCount: 10), ["0123456789"]))
    }
}
