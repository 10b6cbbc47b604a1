// SPDX-License-Identifier: Apache-2.0

import RedisRDB
import Testing

@Suite("Damaged payloads")
struct HostileTests {
    /// Small dumps with a checksum, of many types.
    static let dumps = FixtureFiles.names(in: "librdb", ending: ".rdb").filter { name in
        guard let bytes = try? FixtureFiles.bytes("librdb/\(name)"), bytes.count < 600 else { return false }
        return FixtureTests.refusals[name] == nil
    }

    /// Bytes at the borders between forms of lengths and entries.
    static let borders: [UInt8] = [
        0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc3, 0xe0, 0xf0, 0xf4, 0xfe, 0xff,
    ]

    @Test("no dump survives being cut short", arguments: dumps)
    func truncations(dump: String) throws {
        let bytes = try FixtureFiles.bytes("librdb/\(dump)")
        for length in 0..<bytes.count {
            #expect(throws: RDBFault(.truncated, at: UInt64(length))) { try walk(Array(bytes[..<length])) }
        }
    }

    @Test("no change of one byte goes unseen or does harm", arguments: dumps)
    func changes(dump: String) throws {
        let bytes = try FixtureFiles.bytes("librdb/\(dump)")
        let isProtected = EventPrinter.lines(bytes).contains { $0.hasPrefix("end verified") }
        var unseen: [String] = []
        for index in bytes.indices {
            for change in bytes.count < 100 ? Array(1...255) : [1, 2, 64, 128, 255] {
                var changed = bytes
                changed[index] ^= UInt8(change)
                // One that ends before the checksum leaves bytes behind, which who knows the length sees.
                let isWhole = (try? walk(changed)) == UInt64(bytes.count)
                if isWhole, isProtected { unseen.append("byte \(index) ^ \(change)") }
            }
        }
        #expect(unseen.isEmpty)
    }

    @Test("no byte of a packed form can do harm when nothing protects it", arguments: dumps)
    func unprotectedChanges(dump: String) throws {
        var bytes = try FixtureFiles.bytes("librdb/\(dump)")
        guard bytes[8] > UInt8(ascii: "4") || bytes[7] > UInt8(ascii: "0") else { return }
        bytes.replaceSubrange((bytes.count - 8)..., with: [UInt8](repeating: 0, count: 8))
        let limits = RDBLimits(pieceByteCount: 1024, readByteCount: 64)
        var refused = 0
        for index in 9..<bytes.count - 8 {
            for value in Self.borders + [bytes[index] &+ 1, bytes[index] &- 1] {
                var changed = bytes
                changed[index] = value
                if (try? walk(changed, limits: limits)) == nil { refused += 1 }
            }
        }
        #expect(refused > 0)
    }
}
