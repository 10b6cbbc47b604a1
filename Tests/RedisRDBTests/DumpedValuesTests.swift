// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import RedisRDB

/// What `DUMP` prints, as a payload.
@Suite("Dumped values")
struct DumpedValuesTests {
    /// What `DUMP` of Redis 7.0 has printed of a string `hello`.
    private static let hello: [UInt8] = [
        0x00, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x00, 0x63, 0x72, 0xdf, 0x76, 0x65, 0x34, 0x20, 0x0a,
    ]

    /// The keys of one payload: name, expiry and value.
    private func read(_ dumps: [(String, Int64?, [UInt8])]) throws -> [String] {
        var values = DumpedValues()
        for (name, expiresAt, dump) in dumps {
            try Array(name.utf8).withRawSpan { name throws(RDBFault) in
                try dump.withRawSpan { dump throws(RDBFault) in
                    try values.append(key: name, expiresAt: expiresAt, dump: dump)
                }
            }
        }
        try values.end()
        var reader = RDBReader(values)
        var lines: [String] = []
        do throws(RDBReadError<Never>) {
            while let event = try reader.next() {
                switch event {
                case .beginKey(let key):
                    lines.append("\(key.name.decodedString()) \(key.expiresAt.map { "\($0)" } ?? "never")")
                case .string(let value): lines.append(value.decodedString())
                case .end: lines.append("end")
                default: continue
                }
            }
        } catch {
            guard case .bytes(let fault) = error else { return lines }
            throw fault
        }
        return lines
    }

    @Test("values come back under their keys, with their expiry")
    func values() throws {
        let lines = try read([("a", nil, Self.hello), ("b", 1_700_000_000_123, Self.hello)])
        #expect(lines == ["a never", "hello", "b 1700000000123", "hello", "end"])
    }

    @Test("no value survives being cut short, or a change of one byte")
    func damage() {
        for length in 0..<Self.hello.count {
            #expect(throws: RDBFault.self) { try read([("a", nil, Array(Self.hello[..<length]))]) }
        }
        for index in Self.hello.indices {
            for change in 1...255 {
                var changed = Self.hello
                changed[index] ^= UInt8(change)
                #expect(throws: RDBFault.self, "byte \(index) ^ \(change)") { try read([("a", nil, changed)]) }
            }
        }
    }

    @Test("a version that is unknown, or two in one payload, are refused")
    func versions() {
        func dump(version: UInt8) -> [UInt8] {
            Array(Self.hello[..<7]) + [version, 0] + [UInt8](repeating: 0, count: 8)
        }
        #expect(throws: RDBFault.self) { try read([("a", nil, dump(version: 13))]) }
        #expect(throws: RDBFault.self) { try read([("a", nil, dump(version: 10)), ("b", nil, dump(version: 11))]) }
        #expect(throws: Never.self) { try read([("a", nil, dump(version: 80))]) }
    }

    @Test(
        "a score has one text, however the server writes it",
        arguments: [("1.5", "1.5"), ("0.10000000000000001", "0.1"), ("-inf", "-inf"), ("3", "3"), ("1e+300", "1e+300")])
    func scores(text: String, shortest: String) {
        let score = Array(text.utf8).withRawSpan { span -> String in
            guard let shortest = shortestScore(span) else { return "none" }
            return shortest.bytes.decodedString()
        }
        #expect(score == shortest)
    }
}
