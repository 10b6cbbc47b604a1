// SPDX-License-Identifier: Apache-2.0

import Bytes
import Changelog
import Faults
import Foundation
import Hiredis
import RedisStreams
import RedisURI
import TestSupport
import Testing

extension IntegrationSuites {
    /// Streams read by identifier.
    @Suite("Streams", .serialized)
    struct StreamExportTests {
        @Test("the export is what the streams hold, whatever bytes", arguments: RedisPrograms.all)
        func bytes(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs)
            let all = Array(UInt8.min...UInt8.max)
            let odd: [[[UInt8]]] = [
                [all, all], [[], []], [Array("a".utf8), Array("1".utf8), Array("a".utf8), Array("2".utf8)],
                [Array("Müller\u{1f600}".utf8), Array("\"\\\n\u{1a}".utf8)], [[0x80], [0xc0, 0xaf]],
            ]
            for fields in odd { try scene.server.command([Array("XADD".utf8), all, Array("*".utf8)] + fields) }
            for fields in odd {
                try scene.server.command([Array("XADD".utf8), Array("plain".utf8), Array("*".utf8)] + fields)
            }
            try scene.add("edge", "f", "v", id: "0-1")
            try scene.add("edge", "f", "v", id: "18446744073709551615-18446744073709551614")
            try scene.add("edge", "f", "v", id: "18446744073709551615-18446744073709551615")
            try scene.server.command("SET", "other", "no stream")
            try scene.catchUp()
            try scene.expectEqual(["plain", "edge"])
            let tables = Set(try scene.export.segments().map(\.table))
            let escaped = StreamName(key: all).text
            #expect(tables == ["plain", "edge", escaped])
            let exported = try scene.exported(escaped).map(\.fields)
            #expect(exported == odd.map { $0 })
            // Nothing was written.
            try scene.catchUp()
            let anchors = try scene.export.anchors().count
            #expect(anchors == 2)
        }

        @Test("a run that follows takes up new streams, and the next goes on behind it", arguments: RedisPrograms.all)
        func follow(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "orders,events:*,later")
            for number in 0..<500 { try scene.add("orders", "n", "\(number)") }
            let process = try KedgeProcess(scene.run())
            try scene.waitForRecords(500, of: "orders", while: process)
            for number in 0..<50 { try scene.add("events:\(number % 3)", "n", "\(number)") }
            try scene.add("later", "n", "1")
            try scene.add("unmeant", "n", "1")
            for number in 500..<600 { try scene.add("orders", "n", "\(number)") }
            try scene.waitForRecords(600, of: "orders", while: process)
            try scene.waitForRecords(17, of: "events:0", while: process)
            try scene.waitForRecords(1, of: "later", while: process)
            process.terminate()
            #expect(try process.wait().status == 0)
            for number in 600..<650 { try scene.add("orders", "n", "\(number)") }
            try scene.catchUp()
            try scene.expectEqual(["orders", "events:0", "events:1", "events:2", "later"])
            #expect(try scene.export.anchors().allSatisfy { ["changes", "reset"].contains($0["kind"] as? String) })
            #expect(try scene.records(of: "unmeant").isEmpty)
            // The order of the records is the order of the identifiers.
            let sequences = try scene.records(of: "orders").map(\.sequence)
            #expect(sequences == sequences.sorted() && Set(sequences).count == sequences.count)
        }

        @Test("a run ends at an entry, a run begins at the newest entry")
        func beginningsAndEnds() throws {
            let scene = try StreamScene(streams: "s,t")
            for number in 1...9 {
                try scene.add("s", "n", "\(number)", id: "\(number)-0")
                try scene.add("t", "n", "\(number)", id: "\(number * 2)-0")
            }
            try KedgeProcess.expect(0, scene.run("--until", "4-0"))
            #expect(try scene.exported("s").map(\.id) == ["1-0", "2-0", "3-0", "4-0"])
            #expect(try scene.exported("t").map(\.id) == ["2-0", "4-0"])
            try KedgeProcess.expect(0, scene.run("--until", "1970-01-01T00:00:00.006Z"))
            #expect(try scene.exported("s").count == 6 && scene.exported("t").count == 3)
            try scene.catchUp()
            try scene.expectEqual(["s", "t"])

            let late = try StreamScene(server: scene.server, streams: "s,t")
            try late.catchUp("--snapshot", "none")
            try late.add("s", "n", "10", id: "10-0")
            try late.catchUp()
            #expect(try late.exported("s").map(\.id) == ["10-0"] && late.exported("t").isEmpty)
            try late.verify()

            let once = try StreamScene(server: scene.server, streams: "s")
            try KedgeProcess.expect(0, once.run("--snapshot", "only"))
            try once.expectEqual(["s"])
        }

        @Test("20 000 entries under an approximate limit are exported as they are", arguments: RedisPrograms.all)
        func approximateLimit(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s")
            try scene.server.commands(
                (0..<20_000).map { ["XADD", "s", "MAXLEN", "~", "1000", "*", "n", "\($0)", "twice", "\($0 * 2)"] })
            try scene.catchUp()
            try scene.expectEqual(["s"])
            let (length, left) = (try scene.entries(of: "s").count, try scene.exported("s").count)
            #expect((1000...1200).contains(length) && left == length)
            #expect(try scene.breaks(of: "s").isEmpty)
        }

        @Test("what was trimmed unread is counted, and a stream that was made again begins anew")
        func gapsAreCounted() throws {
            let scene = try StreamScene(streams: "s,other")
            for number in 1...100 { try scene.add("s", "n", "\(number)") }
            try scene.add("other", "n", "1")
            try scene.catchUp()
            for number in 101...200 { try scene.add("s", "n", "\(number)") }
            try scene.server.command("XTRIM", "s", "MAXLEN", "40")
            let outcome = try scene.catchUp()
            #expect(outcome.errors.contains("60 entries were trimmed before they were read"))
            let gap = try #require(try scene.breaks(of: "s").first)
            #expect(gap["kind"] as? String == "gap" && gap["missing"] as? Int == 60)
            #expect(try scene.exported("s").count == 140)
            // One in the middle is deleted before it is read.
            let id = try scene.add("s", "n", "201")
            for number in 202...205 { try scene.add("s", "n", "\(number)") }
            try scene.server.command("XDEL", "s", id)
            try scene.catchUp()
            #expect(try scene.breaks(of: "s").last?["missing"] as? Int == 1)
            // Deleted, and made again with more than ever.
            try scene.server.command("DEL", "s")
            for number in 1...7 { try scene.add("s", "new", "\(number)") }
            try scene.catchUp()
            #expect(try scene.breaks(of: "s").last?["kind"] as? String == "reset")
            try scene.expectEqual(["s", "other"])
            #expect(try scene.breaks(of: "other").isEmpty)
            let status = try KedgeProcess.expect(0, ["status", "--to", scene.export.path])
            #expect(status.output.contains("s: 60 entries were trimmed"))
        }

        @Test("a stream is looked at while kedge runs: what goes is told, what comes back begins anew")
        func deletionWhileRunning() throws {
            let scene = try StreamScene(streams: "s")
            for number in 1...10 { try scene.add("s", "n", "\(number)", id: "\(number)-0") }
            let process = try KedgeProcess(scene.run())
            try scene.waitForRecords(10, of: "s", while: process)
            try scene.server.command("DEL", "s")
            try waitUntil("the deletion is told") {
                try scene.export.anchors().last?["notices"] != nil
            }
            for number in 1...3 { try scene.add("s", "again", "\(number)", id: "\(number)-0") }
            try scene.waitForRecords(13, of: "s", while: process)
            process.terminate()
            #expect(try process.wait().status == 0)
            try scene.expectEqual(["s"])
            #expect(try scene.records(of: "s").map(\.epoch) == [Int](repeating: 1, count: 10) + [2, 2, 2])
        }

        @Test("a replica and a user who may only read are enough", arguments: RedisPrograms.all)
        func readsOnly(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s")
            for number in 1...100 { try scene.add("s", "n", "\(number)") }
            try scene.server.command(
                "ACL", "SETUSER", "reader", "on", ">secret", "~s", "-@all", "+xrange", "+xread", "+xinfo", "+scan",
                "+type", "+multi", "+exec", "+info", "+ping", "+time")
            let address = "redis://reader:secret@127.0.0.1:\(scene.server.port)"
            try KedgeProcess.expect(0, scene.run("--until", "now", "--source", address))
            try scene.expectEqual(["s"])
            let doctor = ["doctor", "--source", address, "--streams", "s"]
            #expect(try KedgeProcess.expect(0, doctor).output.contains("all commands that a run needs are allowed"))

            let replica = try scene.server.makeReplica()
            let other = try StreamScene(server: replica, streams: "s")
            try other.catchUp()
            for number in 101...150 { try scene.add("s", "n", "\(number)") }
            try scene.server.waitForReplica(replica)
            try other.catchUp()
            try other.expectEqual(["s"])
        }

        @Test("the server has nothing written to it")
        func writesNothing() throws {
            let scene = try StreamScene(streams: "s,t*")
            for number in 1...50 { try scene.add("s", "n", "\(number)") }
            let before = try scene.server.info("persistence")["rdb_changes_since_last_save"]
            let process = try KedgeProcess(scene.run())
            try scene.waitForRecords(50, of: "s", while: process)
            process.terminate()
            _ = try process.wait()
            #expect(try scene.server.info("persistence")["rdb_changes_since_last_save"] == before)
        }

        @Test("an idle run costs the server little")
        func idles() throws {
            let scene = try StreamScene(streams: "s")
            try scene.add("s", "n", "1")
            let process = try KedgeProcess(scene.run("--discover-every", "10s"))
            try scene.waitForRecords(1, of: "s", while: process)
            Thread.sleep(forTimeInterval: 1)
            let count = { Int(try scene.server.info("stats")["total_commands_processed"] ?? "") ?? 0 }
            let before = try count()
            Thread.sleep(forTimeInterval: 5)
            let after = try count()
            #expect(after - before < 25, "\(after - before) commands in 5 s")
            process.terminate()
            #expect(try process.wait().status == 0)
        }

        @Test("streams are a source like any other", arguments: RedisPrograms.all)
        func contract(programs: RedisPrograms) throws {
            let scene = try StreamScene(programs, streams: "s")
            for number in 1...400 {
                try scene.add("s", "n", String(repeating: "x", count: number), id: "\(number)-\(number % 3)")
            }
            let pattern = try #require(StreamPattern("s"))
            var options = StreamOptions(
                address: try RedisAddress(parsing: Redacted(scene.server.address())), clientName: "contract",
                selection: StreamSelection([pattern])
            ) { _ in }
            options.target = .now
            let beginning = try StreamBeginning.look(options, at: .first)
            let lane = try #require(beginning.streams.first).mark.lane
            try checkSourceContract { position in
                let point = LanePoint(position: position, ordinal: position.rawValue % 3)
                return try RedisStreamSource.open(
                    options, from: [LaneMark(lane: lane, point: point, facts: [:])], identity: beginning.identity)
            }
        }
    }
}
