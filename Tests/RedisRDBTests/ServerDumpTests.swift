// SPDX-License-Identifier: Apache-2.0

import RedisRDB
import Testing

/// Dumps that `Fixtures/servers/make.py` made and compared with the servers' own words.
@Suite("Dumps of real servers")
struct ServerDumpTests {
    static let dumps = FixtureFiles.names(in: "servers", ending: ".rdb")

    @Test("a dump reads as the text that was compared with the server, however the bytes arrive", arguments: dumps)
    func golden(dump: String) throws {
        let bytes = try FixtureFiles.bytes("servers/\(dump)")
        let lines = EventPrinter.lines(bytes)
        #expect(lines.last == "\(bytes.count) bytes" && lines.count > 1000)
        #expect(try FixtureFiles.golden("golden/\(dump).txt", is: lines))
        for portion in [1, 13, 1021] { #expect(EventPrinter.lines(bytes, portion: portion) == lines) }
    }

    @Test("small pieces put together are the whole items", arguments: dumps)
    func pieces(dump: String) throws {
        let bytes = try FixtureFiles.bytes("servers/\(dump)")
        let whole = try Collected(bytes)
        let small = try Collected(bytes, limits: RDBLimits(pieceByteCount: 1024))
        #expect(whole.keys.count == small.keys.count && whole.keys.count > 100)
        for (one, two) in zip(whole.keys, small.keys) {
            #expect(one.name == two.name && one.items == two.items && one.value == two.value)
        }
    }

    @Test("every type and encoding that the servers write is among them")
    func encodings() throws {
        var encodings: Set<UInt8> = []
        for dump in Self.dumps {
            encodings.formUnion(try Collected(FixtureFiles.bytes("servers/\(dump)")).keys.map(\.encoding))
        }
        #expect(encodings == [0, 2, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    }
}
