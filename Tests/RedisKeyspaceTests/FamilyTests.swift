// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@testable import RedisKeyspace

@Suite("Handshakes with the relatives of Redis, scripted")
struct FamilyTests {
    /// A payload of Valkey 9 with a hash whose second field expires, in database 0, without a checksum.
    private static let valkeyPayload: [UInt8] =
        Array("VALKEY080".utf8) + [0xfe, 0x00, 22, 1] + Array("h".utf8) + [2, 1] + Array("f".utf8) + [1]
        + Array("v".utf8) + [UInt8](repeating: 0xff, count: 8) + [1] + Array("g".utf8) + [1] + Array("w".utf8)
        + [0xe8, 3, 0, 0, 0, 0, 0, 0] + [0xff, 0, 0, 0, 0, 0, 0, 0, 0]

    private static let frames = [
        Array("$EOF:".utf8) + Sent.mark + [13, 10] + valkeyPayload + Sent.mark,
        Array("$\(valkeyPayload.count)\r\n".utf8) + valkeyPayload,
    ]

    @Test("redis promise 26: Valkey hears our version and sends its own form of payload, with a mark or a length")
    func valkey() throws {
        for frame in Self.frames {
            for answer in ["+OK\r\n", "-ERR Unrecognized REPLCONF option: version\r\n"] {
                var script = FakePrimary.Script(pieces: [frame + Sent.command("SET", "a", "1")])
                script.versionAnswer = answer
                let primary = try FakePrimary(script)
                defer { primary.end() }
                var options = primary.options
                options.announcedVersion = "9.0.0"
                let link = try ReplicationLink.open(options, .full)
                defer { link.close() }
                let playback = try Playback.read(link, from: 1000, until: 1027)
                #expect(
                    playback.snapshot == [
                        "1000/1 db0 r op=row key=h type=hash apply=absolute items=[[f v][g w 1000]]"
                    ])
                #expect(playback.stream.count == 1 && playback.reached == 1027)
            }
        }
    }

    @Test("redis promise 26: capabilities, version and the question come in this order, and nothing else does")
    func words() throws {
        let primary = try FakePrimary(FakePrimary.Script(pieces: [Self.frames[0]]))
        defer { primary.end() }
        var options = primary.options
        options.announcedVersion = "9.0.0"
        let link = try ReplicationLink.open(options, .full)
        defer { link.close() }
        func text(_ words: [String]) -> String {
            "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        }
        let said =
            text(["REPLCONF", "capa", "eof", "capa", "psync2"]) + text(["REPLCONF", "version", "9.0.0"])
            + text(["PSYNC", "?", "-1"])
        let words = primary.words
        let start = try #require(words.firstRange(of: "*5\r\n$8\r\nREPLCONF")?.lowerBound)
        #expect(words[start...].hasPrefix(said))
    }

    @Test("redis promise 26: a compressed stream, which was not asked for, is refused")
    func compressed() throws {
        let payload = Array("VCS000000".utf8) + [UInt8](repeating: 0, count: 30)
        let primary = try FakePrimary(
            FakePrimary.Script(pieces: [Array("$\(payload.count)\r\n".utf8) + payload]))
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        defer { link.close() }
        let error = #expect(throws: Fault.self) { try Playback.read(link, from: 1000, until: 1001) }
        #expect(error?.code == .redisPayload)
    }

    @Test("redis promise 27: a KeyDB that says that it is active is followed like any other")
    func keyDB() throws {
        var script = FakePrimary.Script(pieces: [Sent.marked + Sent.command("SET", "a", "1")])
        script.capabilityAnswer = "+OK active-replica\r\n"
        let primary = try FakePrimary(script)
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        defer { link.close() }
        let playback = try Playback.read(link, from: 1000, until: 1027)
        #expect(playback.snapshot.count == 1 && playback.stream.count == 1)
        // It would let keys expire that others keep.
        #expect(!primary.words.contains("activeExpire"))
    }
}
