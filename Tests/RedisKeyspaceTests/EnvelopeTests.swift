// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@testable import RedisKeyspace

@Suite("Commands that an active KeyDB has wrapped")
struct EnvelopeTests {
    private static let servers = ["c8326dfb-09b3-4dfa-84b0-d3dd998797f0", "710aaaf2-bf96-4293-b49c-c05a791d6953"]

    /// A command in one envelope, as KeyDB 6.3 writes it.
    private static func wrap(
        _ command: [UInt8], database: String? = "0", stamp: String? = "1661047743729106983", by: Int = 0
    )
        -> [UInt8]
    {
        var words = [Array("RREPLAY".utf8), Array(servers[by].utf8), command]
        if let database { words.append(Array(database.utf8)) }
        if let stamp { words.append(Array(stamp.utf8)) }
        return Array("*\(words.count)\r\n".utf8) + words.flatMap { Array("$\($0.count)\r\n".utf8) + $0 + [13, 10] }
    }

    /// What comes of a stream, without the position.
    private func play(_ stream: [UInt8], pieces: Int = 1, byteLimit: Int = 1 << 20) throws -> [String] {
        let size = (stream.count + pieces - 1) / pieces
        let parts = stride(from: 0, to: stream.count, by: size).map { Array(stream[$0..<min($0 + size, stream.count)]) }
        let primary = try FakePrimary(FakePrimary.Script(pieces: [Sent.counted] + parts))
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        defer { link.close() }
        let end = 1000 + UInt64(stream.count)
        let playback = try Playback.read(link, from: 1000, until: end, byteLimit: byteLimit)
        #expect(playback.reached == end)
        return playback.stream
    }

    private static let outer = "\(servers[0]) 0 1661047743729106983"

    @Test("redis promise 27: a wrapped command is recorded as if it had come plainly, with its envelope beside it")
    func plain() throws {
        let stream = Self.wrap(Sent.command("PING")) + Self.wrap(Sent.command("SET", "k", "v"), database: "3")
        #expect(
            try play(stream) == [
                "\(1000 + stream.count)/1 db3 u op=put key=k type=string apply=absolute value=v"
                    + " meta={rreplay \(Self.servers[0]) 3 1661047743729106983] cmd=SET argv=[SET k v]"
            ])
    }

    @Test("the database and the stamp may be missing, and the database then stays what it was")
    func short() throws {
        let stream =
            Self.wrap(Sent.command("SET", "a", "1"), database: "5")
            + Self.wrap(Sent.command("SET", "b", "2"), database: nil, stamp: nil)
            + Self.wrap(Sent.command("SET", "c", "3"), database: "2", stamp: nil)
        let lines = try play(stream).map { $0.drop { $0 != " " } }
        #expect(lines.map { $0.dropFirst().prefix(3) } == ["db5", "db5", "db2"])
        #expect(
            lines[1].contains("{rreplay \(Self.servers[0])]") && lines[2].contains("{rreplay \(Self.servers[0]) 2]"))
    }

    @Test("envelopes in envelopes come off, and the innermost database counts")
    func nested() throws {
        let inner = Self.wrap(Sent.command("SADD", "s", "m"), database: "13", stamp: "1661047743783", by: 1)
        let lines = try play(Self.wrap(inner, database: "12", stamp: "17"))
        #expect(lines.count == 1)
        #expect(lines[0].contains(" db13 u op=member_add key=s") && lines[0].hasSuffix("argv=[SADD s m]"))
        #expect(
            lines[0].contains(
                "{rreplay \(Self.servers[0]) 12 17 \(Self.servers[1]) 13 1661047743783]"))
    }

    @Test("a transaction whose commands are wrapped one by one is one unit, however its bytes come")
    func transaction() throws {
        let stream =
            [["MULTI"], ["SET", "a", "1"], ["INCR", "b"], ["EXEC"]].map { words in
                Self.wrap(Self.wrap(Self.command(words), by: 1))
            }.flatMap { $0 } + Self.wrap(Sent.command("DEL", "a"))
        let whole = try play(stream)
        #expect(whole.count == 3 && whole[0].contains("op=put") && whole[1].contains("op=delta"))
        let last = Self.wrap(Sent.command("DEL", "a")).count
        #expect(
            whole.map { $0.prefix { $0 != " " } } == [
                "\(1000 + stream.count - last)/1", "\(1000 + stream.count - last)/2", "\(1000 + stream.count)/1",
            ])
        #expect(try play(stream, pieces: stream.count) == whole)
        #expect(try play(stream, byteLimit: 1) == whole)
    }

    @Test("a command about several keys has its envelope once")
    func severalKeys() throws {
        let lines = try play(Self.wrap(Sent.command("DEL", "x", "y")))
        #expect(lines.map { $0.contains("rreplay") } == [true, false])
    }

    @Test(
        "what is no envelope, or holds no whole command, is kept word for word",
        arguments: [
            wrap(Sent.command("SET", "k", "v") + [13]), wrap(Array(Sent.command("SET", "k", "v").dropLast())),
            wrap([]), wrap(Array("SET k v\r\n".utf8)), wrap(Array("*0\r\n".utf8)), wrap(Array("*9999999999\r\n".utf8)),
            wrap(Sent.command("SET", "k", "v"), database: "-1"), wrap(Sent.command("SET", "k", "v"), stamp: "1e9"),
            wrap(Sent.command("SET", "k", "v"), database: ""), wrap(Sent.command("RREPLAY", "no", "thing")),
            wrap(wrap(Array("*1\r\n$4\r\nPIN".utf8), by: 1)), wrap(Sent.command("MULTI") + Sent.command("EXEC")),
            Sent.command("RREPLAY", "x"), Sent.command("RREPLAY"), Sent.command("RREPLAY", "a", "b", "c", "d", "e"),
        ])
    func verbatim(envelope: [UInt8]) throws {
        let lines = try play(envelope + Sent.command("SET", "k", "v"))
        #expect(lines.count == 2, "\(lines)")
        #expect(lines[0].contains("db0 m op=unknown_command apply=relative cmd=RREPLAY argv=[RREPLAY"))
        #expect(lines[1].contains("db0 u op=put key=k"))
        // The same inside of a transaction, where it is looked for the end.
        let inside = try play(Sent.command("MULTI") + envelope + Sent.command("EXEC"))
        #expect(inside.count == 1 && inside[0].contains("op=unknown_command"))
    }

    @Test("as many envelopes come off as KeyDB takes off, and no more")
    func depth() throws {
        for (depth, op) in [
            (ReplayEnvelope.depthLimit, "op=put"), (ReplayEnvelope.depthLimit + 1, "op=unknown_command"),
        ] {
            let stream = (0..<depth).reduce(Sent.command("SET", "k", "v")) { inner, _ in Self.wrap(inner) }
            let lines = try play(stream)
            #expect(lines.count == 1 && lines[0].contains(op))
        }
    }

    @Test("a wrapped command of more than a mebibyte stays in its envelope, in pieces")
    func large() throws {
        let stream = Self.wrap(Sent.command("SET", "k", String(repeating: "v", count: 1_500_000)))
        let lines = try play(stream, pieces: 30)
        #expect(lines[0].contains("op=unknown_command") && lines[0].contains("meta={arguments 5] cmd=RREPLAY piece=0"))
        #expect(lines.count == 3)
    }

    private static func command(_ words: [String]) -> [UInt8] {
        Array(("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
    }
}
