// SPDX-License-Identifier: Apache-2.0

import Faults
import Testing

@testable import RedisKeyspace

@Suite("A link to a server of scripted bytes")
struct LinkTests {
    private static let end = 1000 + UInt64(Sent.stream.count)

    private static let expected: [String] = [
        "1050/1 db0 u op=put key=a type=string apply=absolute value=1 cmd=SET argv=[SET a 1]",
        "1163/1 db0 u op=put key=b type=string apply=absolute value=2 cmd=SET argv=[SET b 2]",
        "1163/2 db3 d op=del key=x apply=absolute cmd=DEL argv=[DEL x y]",
        "1163/3 db3 d op=del key=y apply=absolute cmd=DEL",
        "1184/1 db3 u op=delta key=c type=string apply=relative cmd=INCR argv=[INCR c]",
    ]

    private func play(
        _ pieces: [[UInt8]], byteLimit: Int = 1 << 20, change: (inout FakePrimary.Script) -> Void = { _ in }
    ) throws -> Playback {
        var script = FakePrimary.Script(pieces: pieces)
        change(&script)
        let primary = try FakePrimary(script)
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        defer { link.close() }
        return try Playback.read(link, from: 1000, until: Self.end, byteLimit: byteLimit)
    }

    private func check(_ playback: Playback, _ note: String = "") {
        #expect(playback.snapshot == ["1000/1 db0 r op=row key=key type=string apply=absolute value=value"], "\(note)")
        #expect(playback.stream.map { $0.drop { $0 != " " } } == Self.expected.map { $0.drop { $0 != " " } }, "\(note)")
        #expect(playback.reached == Self.end && playback.database == 3, "\(note)")
    }

    @Test("positions are the offsets behind each unit")
    func positions() throws {
        let lengths = [
            Sent.command("SELECT", "0"), Sent.command("SET", "a", "1"), Sent.command("PING"), Sent.command("MULTI"),
            Sent.command("SET", "b", "2"), Sent.command("SELECT", "3"), Sent.command("DEL", "x", "y"),
            Sent.command("EXEC"), Sent.command("INCR", "c"),
        ].map { UInt64($0.count) }
        let playback = try play([Sent.marked + Sent.stream])
        let ends = lengths.reduce(into: [1000]) { $0.append($0[$0.count - 1] + $1) }
        let found = playback.stream.map { String($0.prefix { $0 != "/" }) }
        #expect(found == [ends[2], ends[8], ends[8], ends[8], ends[9]].map(String.init))
    }

    @Test("redis promise 3: bytes split at every place round the end of the snapshot say the same")
    func split() throws {
        let whole = Sent.marked + Sent.stream
        for place in max(0, Sent.marked.count - 60)..<min(whole.count, Sent.marked.count + 60) {
            check(try play([Array(whole[..<place]), Array(whole[place...])]), "split at \(place)")
        }
    }

    @Test("bytes that come one by one say the same, with a mark and with a length")
    func oneByOne() throws {
        for framed in [Sent.marked, Sent.counted] {
            check(try play((framed + Sent.stream).map { [$0] }))
            check(try play([framed + Sent.stream], byteLimit: 1))
        }
    }

    @Test("redis promise 4: newlines that keep the connection open do not count")
    func newlines() throws {
        let newline: [UInt8] = [10]
        let stream =
            Sent.command("SELECT", "0") + newline + Sent.command("SET", "a", "1") + newline + newline
            + Sent.command("PING") + Sent.command("MULTI") + newline + Sent.command("SET", "b", "2")
            + Sent.command("SELECT", "3") + newline + Sent.command("DEL", "x", "y") + Sent.command("EXEC") + newline
            + Sent.command("INCR", "c")
        for framed in [Sent.marked, Sent.counted] {
            let playback = try play([newline, newline + framed, newline + stream]) { script in
                script.answer = "\n\n" + script.answer
            }
            check(playback)
            #expect(playback == (try play([framed + Sent.stream])))
        }
    }

    @Test("redis promise 7: a snapshot that is cut anywhere is no snapshot")
    func cut() throws {
        for place in 0..<Sent.marked.count {
            #expect(throws: Fault.self, "cut at \(place)") {
                try play([Array(Sent.marked[..<place])]) { $0.closes = true }
            }
        }
    }

    @Test("a snapshot whose frame goes on behind its end is no snapshot")
    func overlong() throws {
        let framed = Array("$\(Sent.payload.count + 1)\r\n".utf8) + Sent.payload + [0]
        let error = #expect(throws: Fault.self) { try play([framed + Sent.stream]) }
        #expect(error?.code == .redisPayload)
    }

    @Test("redis promise 10: a command that nobody knows is kept word for word")
    func unknown() throws {
        let stream = Sent.command("XNEWCMD", "k", "v")
        let primary = try FakePrimary(FakePrimary.Script(pieces: [Sent.counted + stream]))
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        let playback = try Playback.read(link, from: 1000, until: 1000 + UInt64(stream.count))
        #expect(
            playback.stream == [
                "\(1000 + stream.count)/1 db0 m op=unknown_command apply=relative cmd=XNEWCMD argv=[XNEWCMD k v]"
            ])
    }

    @Test("redis promise 26: the version is announced where the server chooses by it, and a refusal is ignored")
    func version() throws {
        let primary = try FakePrimary(FakePrimary.Script(pieces: [Sent.counted]))
        defer { primary.end() }
        var options = primary.options
        options.announcedVersion = "9.0.0"
        let link = try ReplicationLink.open(options, .full)
        defer { link.close() }
        #expect(primary.words.contains("version\r\n$5\r\n9.0.0"))
        for word in ["listening-port", "rdb-channel-repl", "dual-channel", "lz4", "skip-rdb-checksum"] {
            #expect(!primary.words.contains(word))
        }
    }

    @Test("redis promise 27: a server without replication says which mode works instead")
    func noReplication() throws {
        let error = #expect(throws: Fault.self) {
            try play([]) { $0.answer = "-ERR unknown command `PSYNC`, with args beginning with: `?` `-1`\r\n" }
        }
        #expect(error?.code == .redisNoReplication)
        #expect(error?.code.hint.contains("--streams") == true)
    }

    @Test(
        "a server that is not ready is asked again later",
        arguments: [
            "-NOMASTERLINK Can't SYNC while not connected with my master",
            "-LOADING Redis is loading the dataset in memory",
        ])
    func notReady(answer: String) throws {
        let error = #expect(throws: Fault.self) { try play([]) { $0.answer = answer + "\r\n" } }
        #expect(error?.code == .redisNotReady && error?.code.remedy == .retry)
    }

    @Test("ACK comes as soon as the mark is seen, and says nothing of how far we are")
    func acknowledges() throws {
        let primary = try FakePrimary(FakePrimary.Script(pieces: [Sent.marked]))
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        defer { link.close() }
        link.acknowledge(4711)
        let patience = ContinuousClock.now + .seconds(5)
        while !primary.words.contains("ACK\r\n$1\r\n0"), ContinuousClock.now < patience {}
        #expect(primary.words.contains("ACK\r\n$1\r\n0") && !primary.words.contains("4711"))
    }

    @Test("an honest ACK says at once from where a run goes on, and then what is durable")
    func acknowledgesHonestly() throws {
        let primary = try FakePrimary(
            FakePrimary.Script(answer: "+CONTINUE \(FakePrimary.replicationID)\r\n", pieces: []))
        defer { primary.end() }
        var options = primary.options
        options.acknowledgement = .honest
        options.acknowledgementInterval = .milliseconds(20)
        let point = ReplicationPoint(replicationID: FakePrimary.replicationID, offset: 1000, database: 0)
        let link = try ReplicationLink.open(options, .partial(point))
        defer { link.close() }
        let patience = ContinuousClock.now + .seconds(5)
        while !primary.words.contains("ACK\r\n$4\r\n1000"), ContinuousClock.now < patience {}
        link.acknowledge(4711)
        while !primary.words.contains("ACK\r\n$4\r\n4711"), ContinuousClock.now < patience {}
        #expect(primary.words.contains("ACK\r\n$4\r\n1000") && primary.words.contains("ACK\r\n$4\r\n4711"))
        #expect(!primary.words.contains("ACK\r\n$1\r\n0"))
    }

    @Test("what came before the connection broke is handed over, and then why it broke")
    func ending() throws {
        let primary = try FakePrimary(
            FakePrimary.Script(pieces: [Sent.counted + Sent.stream + Array("*3\r\n$3\r\nSE".utf8)], closes: true))
        defer { primary.end() }
        let link = try ReplicationLink.open(primary.options, .full)
        let playback = try Playback.read(link, from: 1000, until: .max)
        #expect(playback.ending == .redisUnreachable && playback.reached == Self.end)
        check(playback)
    }

    @Test("a full spool ends the stream behind the last whole unit")
    func full() throws {
        let unit = Sent.command("SET", "a", String(repeating: "x", count: 1000))
        let primary = try FakePrimary(FakePrimary.Script(pieces: [Sent.counted] + (0..<100).map { _ in unit }))
        defer { primary.end() }
        var options = primary.options
        options.limits.byteCount = 20_000
        let link = try ReplicationLink.open(options, .full)
        let patience = ContinuousClock.now + .seconds(5)
        while link.commands.waitingByteCount < 18_000, ContinuousClock.now < patience {}
        while primary.isOpen, ContinuousClock.now < patience {}
        let playback = try Playback.read(link, from: 1000, until: .max)
        #expect(playback.ending == .redisSpoolFull)
        #expect((playback.reached - 1000) % UInt64(unit.count) == 0 && playback.reached > 10_000)
    }

    @Test("a large command goes over several records, and how its bytes came changes nothing")
    func large() throws {
        let value = String(repeating: "v", count: 2_500_000)
        let stream = Sent.command("RPUSH", "liste", "klein", value, "ende")
        let pieces = [
            [Sent.counted + stream],
            [Sent.counted]
                + stride(from: 0, to: stream.count, by: 70_001).map {
                    Array(stream[$0..<min($0 + 70_001, stream.count)])
                },
        ]
        let playbacks = try pieces.map { pieces in
            let primary = try FakePrimary(FakePrimary.Script(pieces: pieces))
            defer { primary.end() }
            let link = try ReplicationLink.open(primary.options, .full)
            return try Playback.read(link, from: 1000, until: 1000 + UInt64(stream.count))
        }
        #expect(playbacks[0] == playbacks[1])
        let lines = playbacks[0].stream.map { $0.drop { $0 != " " }.dropFirst() }
        #expect(lines.count == 4)
        #expect(lines[0] == "db0 u op=list_op key=liste type=list apply=relative meta={arguments 5] cmd=RPUSH piece=0")
        #expect(lines[1].hasPrefix("db0 u op=argv argv=[RPUSH liste klein <"))
        #expect(lines[2].hasSuffix("piece=2 continues=string") && lines[3].hasSuffix("ende] piece=3 continues=string"))
    }
}
