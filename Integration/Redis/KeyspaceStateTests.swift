// SPDX-License-Identifier: Apache-2.0

import Faults
import Foundation
import Glibc
import Hiredis
import Testing

extension IntegrationSuites {
    /// `--state touched`: whoever executes nothing has every value.
    @Suite("Values of touched keys", .serialized)
    struct KeyspaceStateTests {
        @Test(
            "absolute records and stamped rows alone are the source, under a load of all commands",
            arguments: RedisPrograms.all)
        func touched(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs, settings: StateScene.users)
            scene.source = StateScene.reader(scene.server)
            print("seed \(KeyspaceCount.seed)")
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            load.largeByteCount = 30_000
            var connection = try scene.server.connect()
            try load.write(KeyspaceCount.steps / 4, over: &connection)
            try scene.catchUp("--state", "touched")
            try load.write(KeyspaceCount.steps / 2, over: &connection)
            try KedgeProcess.expect(0, scene.run("--state", "touched", "--until", "now", anchors: StateScene.anchors))
            try load.write(KeyspaceCount.steps / 4, over: &connection)
            let values = try scene.expectSameValues()
            #expect(values.counts["row_absent"] ?? 0 > 0 && values.counts["delta"] ?? 0 > 0)
            try StateScene.expectCompleteAnchors(scene.export)
            // The commands are all there, too.
            #expect(values.counts["derived"] ?? 0 > 0 && values.unknown.isEmpty)
        }

        @Test("a row that is ahead of its anchor covers the commands up to its stamp", arguments: RedisPrograms.all)
        func ahead(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            try scene.catchUp("--state", "touched")
            let process = try KedgeProcess(scene.run("--state", "touched", anchors: "200ms"))
            var connection = try scene.server.connect()
            var number = 0
            // Whether a value is read before or behind more commands is chance.
            try waitUntil("a row is ahead of its anchor") {
                for _ in 0..<500 {
                    for _ in 0..<20 {
                        number += 1
                        try connection.enqueue("INCR", "zähler")
                        try connection.enqueue("HSET", "hash", "f\(number % 100)", "\(number)")
                        try connection.enqueue("HINCRBY", "hash", "summe", "1")
                        try connection.enqueue("SADD", "menge", "m\(number % 70)")
                        try connection.enqueue("SREM", "menge", "m\((number + 30) % 70)")
                        try connection.enqueue("SUNIONSTORE", "menge2", "menge")
                        try connection.enqueue("SADD", "menge2", "immer")
                    }
                    try connection.flush()
                    while connection.pendingCount > 0 { try connection.awaitReply() }
                }
                return try StateScene.aheadCount(scene.export) > 0
            }
            process.terminate()
            #expect(try process.wait().status == 0)
            let values = try scene.expectSameValues()
            #expect(values.coveredCount > 0)
            try StateScene.expectCompleteAnchors(scene.export)
        }

        @Test("kills lose no value and double none", arguments: RedisPrograms.all)
        func kills(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let writer = BackgroundWork(writingTo: scene.server, seed: KeyspaceCount.seed)
            for _ in 0..<KeyspaceCount.kills {
                let process = try KedgeProcess(scene.run("--state", "touched", anchors: StateScene.anchors))
                Thread.sleep(forTimeInterval: .random(in: 0.2...1.2))
                process.killNow()
                _ = try process.wait()
            }
            try writer.end()
            _ = try scene.expectSameValues()
            try StateScene.expectCompleteAnchors(scene.export)
        }

        @Test(
            "a crash around the anchor neither loses a value nor doubles it",
            arguments: [CrashPoint.duringSegment, .afterSegmentRename, .afterAnchorLink, .beforeAcknowledge])
        func crash(point: CrashPoint) throws {
            let scene = try KeyspaceScene()
            try scene.catchUp("--state", "touched")
            try scene.server.commands((0..<50).map { ["INCRBY", "n\($0 % 10)", "\($0)"] })
            let crashed = try KedgeProcess.run(
                scene.run("--until", "now", "--state", "touched"), environment: ["KEDGE_CRASH_AT": point.rawValue])
            #expect(crashed.status == 128 + SIGKILL)
            let values = try scene.expectSameValues()
            #expect(values.counts["delta"] == 50)
            #expect(values.counts["row"] == 10)
        }

        @Test("a signal ends a run with the values of what it has anchored")
        func signal() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp("--state", "touched")
            let process = try KedgeProcess(scene.run("--state", "touched", anchors: "1h"))
            try waitUntil("kedge follows") { try scene.server.info("replication")["connected_slaves"] == "1" }
            try scene.server.command("INCR", "a")
            Thread.sleep(forTimeInterval: 1)
            process.terminate()
            #expect(try process.wait().status == 0)
            let records = try scene.export.records(of: "db0").filter { $0.contains("\"key\":\"a\"") }
            #expect(records.count == 2 && records.last?.contains("\"as_of\":") == true, "\(records)")
        }

        @Test("a transaction of more keys than are remembered is read inside, and stays whole")
        func manyKeys() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp("--state", "touched")
            let count = 66_000
            try scene.server.commands([["MULTI"]] + (0..<count).map { ["INCR", "n\($0)"] } + [["EXEC"]])
            let values = try scene.expectSameValues(anchors: "1h")
            #expect(values.states.count == count && values.counts["row"] == count)
            let anchors = try scene.export.anchors().filter { ($0["transactions"] as? Int ?? 0) > 0 }
            #expect(anchors.count == 1)
        }

        @Test("databases that are swapped are read whole", arguments: RedisPrograms.all)
        func swap(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            for database in [0, 3] {
                try scene.server.commands(
                    (0..<700).map { ["SET", "k\($0)", "in \(database)"] } + [["RPUSH", "l\(database)", "1"]],
                    database: database)
            }
            try scene.catchUp("--state", "touched")
            try scene.server.commands([["DEL", "k5"], ["SWAPDB", "0", "3"], ["SET", "k6", "neu"], ["DEL", "k7"]])
            try scene.server.commands([
                ["MOVE", "k9", "5"], ["COPY", "k8", "kopie", "DB", "6"], ["RENAME", "l3", "l9"],
            ])
            let values = try scene.expectSameValues()
            #expect(values.counts["swapdb"] == 1)
            #expect(values.states[KeyPlace(database: 6, name: Array("kopie".utf8))] != nil)
        }

        @Test("a large value is read in pieces, one beyond the limit is named and not read")
        func large() throws {
            let scene = try KeyspaceScene()
            try scene.catchUp("--state", "touched")
            let script = "for i = 1, 3000 do redis.call('RPUSH', KEYS[1], string.rep('x', 1000) .. i) end"
            try scene.server.command("EVAL", script, "1", "liste")
            try scene.server.command("APPEND", "text", String(repeating: "y", count: 2_500_000))
            let values = try scene.expectSameValues()
            #expect(values.counts["row_end"] ?? 0 >= 2)
            try scene.server.command("RPUSH", "liste", "ende")
            try scene.catchUp("--state", "touched", "--state-bytes", "1MiB")
            let later = try KeyspaceMaterializer(scene.export)
            #expect(later.unknown == [KeyPlace(database: 0, name: Array("liste".utf8))])
            let record = try #require(try scene.export.records(of: "db0").last { $0.contains("row_skipped") })
            #expect(record.contains("\"as_of\":") && record.contains("\"bytes\":"))
        }

        @Test("a replica gives values with the offsets of its master", arguments: RedisPrograms.all)
        func replica(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let replica = try scene.server.makeReplica(settings: ["repl-backlog-size 64mb"])
            defer { replica.remove() }
            scene.source = replica.address()
            try scene.catchUp("--state", "touched")
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            load.largeByteCount = 30_000
            var connection = try scene.server.connect()
            try load.write(500, over: &connection)
            try scene.settle()
            try scene.server.waitForReplica(replica)
            // Before 7.0 a replica reckons some expiry by its own clock: its values are the ones that are told.
            _ = try scene.expectSameValues(as: replica)
            try StateScene.expectCompleteAnchors(scene.export)
        }

        @Test("the user of the manual may do all that is needed", arguments: RedisPrograms.all)
        func user(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("docs/operators/redis.md")
            let line = try #require(
                try String(contentsOf: page, encoding: .utf8).split(separator: "\n").first {
                    $0.hasPrefix("ACL SETUSER") && $0.contains("+dump")
                })
            let words = line.split(separator: " ").map(String.init)
            let known = words.filter { programs.isAtLeast(7, 0) || $0 != "+pexpiretime" }
            try scene.server.command((known + ["+psync", "+replconf", "+ping", "+scan"]).map { Array($0.utf8) })
            scene.source = "redis://reader:secret@127.0.0.1:\(scene.server.port)"
            try scene.catchUp("--state", "touched")
            let types = [
                ["APPEND", "s", String(repeating: "x", count: 1_500_000)], ["HINCRBY", "h", "f", "1"],
                ["XGROUP", "CREATE", "x", "g", "0", "MKSTREAM"],
                ["RPUSH", "l"] + (0..<1500).map { String(repeating: "x", count: 1000) + "\($0)" },
                ["SUNIONSTORE", "e2", "e"], ["EXPIRE", "s", "5000"], ["SWAPDB", "0", "1"],
            ]
            let entry = String(repeating: "x", count: 50_000)
            try scene.server.commands((1...30).map { ["XADD", "x", "\($0)-1", "a", entry] } + types)
            for (command, key) in [("SADD", "e"), ("HSET", "hh"), ("ZADD", "z")] {
                let items = (0..<2400).flatMap { number -> [String] in
                    let item = String(repeating: "x", count: 900) + "\(number)"
                    return command == "SADD" ? [item] : command == "HSET" ? [item, "1"] : ["\(number)", item]
                }
                for start in stride(from: 0, to: items.count, by: 600) {
                    try scene.server.commands([[command, key] + items[start..<start + 600]])
                }
                try scene.server.command("RENAME", key, key + "neu")
            }
            let values = try scene.expectSameValues()
            #expect(values.counts["row_end"] ?? 0 >= 6, "\(values.counts)")
        }

        @Test("a server that stands behind the stream, or is another one, gives no values")
        func otherServer() throws {
            let scene = try KeyspaceScene()
            let other = try RedisServer(settings: ["repl-backlog-size 1mb"])
            defer { other.remove() }
            let first = try AlternatingForwarder(to: [scene.server.port, scene.server.port, other.port])
            defer { first.close() }
            try scene.catchUp("--state", "touched")
            try scene.server.command("INCR", "a")
            let anchors = try scene.export.anchors().count
            let source = "redis://127.0.0.1:\(first.port)"
            let outcome = try KedgeProcess.run(
                scene.run(
                    "--until", "now", "--state", "touched", "--source", source, "--retry-for", "0s", "--log-format",
                    "json"))
            try FaultScene.check(outcome, .redisNotReady, names: ["not where its stream"])
            #expect(try scene.export.anchors().count == anchors)
            _ = try scene.expectSameValues()
        }

        @Test("slips of the pen, and an export that has gone on without, are refused")
        func slips() throws {
            let scene = try KeyspaceScene()
            let cases: [([String], [String])] = [
                (["--state", "touched", "--streams", "s"], ["--state", "--mode streams"]),
                (["--state", "touched", "--mode", "scan"], ["--state", "--mode scan"]),
                (["--state", "touchd"], ["touchd", "did you mean touched"]),
                (["--state-bytes", "many"], ["--state-bytes"]),
                (["--mode", "scan", "--until", "77"], ["--until"]),
                (["--mode", "scan", "--resnapshot"], ["--resnapshot"]),
                (["--mode", "scan", "--ack", "honest"], ["--ack", "--mode scan"]),
                (["--mode", "scam"], ["did you mean scan"]),
            ]
            for (arguments, words) in cases {
                let outcome = try KedgeProcess.run(scene.run() + arguments)
                #expect(outcome.status == 2, "\(arguments): \(outcome.errors)")
                for word in words { #expect(outcome.errors.contains(word), "\(arguments): \(outcome.errors)") }
            }
            #expect(try scene.export.anchors().isEmpty)
            try scene.catchUp()
            try scene.server.command("INCR", "a")
            try scene.catchUp()
            let refused = try KedgeProcess.run(scene.run("--until", "now", "--state", "touched"))
            #expect(refused.status == 78 && refused.errors.contains("without --state touched"), "\(refused.errors)")
            try KedgeProcess.expect(0, scene.run("--until", "now", "--state", "touched", "--resnapshot"))
            try scene.server.command("INCR", "a")
            _ = try scene.expectSameValues()
        }
    }
}
