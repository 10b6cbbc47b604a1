// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Hiredis
import Testing

extension IntegrationSuites {
    /// The export of a keyspace is the keyspace.
    @Suite("The keyspace", .serialized)
    struct KeyspaceTests {
        @Test("snapshot and stream replayed are the source, by its own digest", arguments: RedisPrograms.all)
        func digest(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let seed = KeyspaceCount.seed
            print("seed \(seed)")
            var load = KeyspaceLoad(seed: seed)
            var connection = try scene.server.connect()
            try load.write(KeyspaceCount.steps, over: &connection)
            try scene.catchUp()
            try load.write(KeyspaceCount.steps, over: &connection)
            try scene.expectSameDigest()
            #expect(try scene.fullSyncCount() == 1)
        }

        @Test(
            "redis promise 1: after kills the run goes on by partial resync, and nothing is lost or sent twice",
            arguments: RedisPrograms.all)
        func kills(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            try scene.catchUp()
            let writer = BackgroundWork(writingTo: scene.server, seed: KeyspaceCount.seed)
            for _ in 0..<KeyspaceCount.kills {
                let process = try KedgeProcess(scene.run())
                try waitUntil("kedge follows") { try scene.server.info("replication")["connected_slaves"] == "1" }
                Thread.sleep(forTimeInterval: .random(in: 0...0.9))
                process.killNow()
                _ = try process.wait()
                try waitUntil("the source has noticed") {
                    try scene.server.info("replication")["connected_slaves"] == "0"
                }
            }
            try writer.end()
            try scene.expectSameDigest()
            // The backlog holds all that was written, so the data went over once, before the kills.
            #expect(try scene.fullSyncCount() == 1)
            let statistics = try scene.server.info("stats")
            #expect(Int(statistics["sync_partial_ok"] ?? "") == KeyspaceCount.kills + 1)
            #expect(statistics["sync_partial_err"] == "0")
            #expect(try scene.export.anchors().filter { $0["kind"] as? String == "snapshot" }.count == 1)
        }

        @Test("kills before the first anchor begin anew, and the export is the source", arguments: RedisPrograms.all)
        func earlyKills(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs)
            let writer = BackgroundWork(writingTo: scene.server, seed: KeyspaceCount.seed)
            for _ in 0..<KeyspaceCount.kills {
                let process = try KedgeProcess(scene.run())
                Thread.sleep(forTimeInterval: .random(in: 0.05...0.9))
                process.killNow()
                _ = try process.wait()
            }
            try writer.end()
            try scene.expectSameDigest()
            #expect(try scene.export.anchors().filter { $0["kind"] as? String == "snapshot" }.count == 1)
        }

        @Test("the source is restarted and kedge is killed, and the export is the source", arguments: RedisPrograms.all)
        func restarts(programs: RedisPrograms) throws {
            let scene = try KeyspaceScene(programs, settings: ["save 3600 1000000"])
            for round in 0..<KeyspaceCount.restarts {
                let process = try KedgeProcess(scene.run("--retry-for", "1m"))
                let writer = BackgroundWork(writingTo: scene.server, seed: KeyspaceCount.seed &+ UInt64(round))
                Thread.sleep(forTimeInterval: .random(in: 0.3...1))
                try writer.end()
                if round % 3 == 2 { try scene.server.kill9() } else { try scene.server.shutdown() }
                if Bool.random() { process.killNow() }
                try scene.server.start()
                Thread.sleep(forTimeInterval: 0.5)
                process.terminate()
                _ = try process.wait()
            }
            var load = KeyspaceLoad(seed: KeyspaceCount.seed)
            var connection = try scene.server.connect()
            try load.write(500, over: &connection)
            try scene.expectSameDigest()
            print("kinds:", try scene.export.anchors().compactMap { $0["kind"] as? String }.filter { $0 != "changes" })
        }

        @Test("writes that the source has forgotten are a gap, and a new snapshot follows")
        func gap() throws {
            let scene = try KeyspaceScene(settings: ["repl-backlog-size 16kb"])
            try scene.server.commands((0..<200).map { ["SET", "k\($0)", "alt"] })
            try scene.catchUp()
            try scene.server.commands((0..<100).map { ["DEL", "k\($0)"] })
            try scene.server.commands((0..<50).map { ["SET", "groß\($0)", String(repeating: "x", count: 2000)] })
            let stopped = try KedgeProcess.run(scene.run("--until", "now", "--on-gap", "stop"))
            #expect(stopped.status == 66 && stopped.errors.contains("[source.gap]"), "\(stopped.errors)")
            try scene.expectSameDigest()
            let anchors = try scene.export.anchors()
            let kinds = anchors.compactMap { $0["kind"] as? String }
            let gap = try #require(kinds.firstIndex(of: "gap"))
            #expect(kinds[gap + 1] == "snapshot")
            #expect(anchors[gap]["epoch"] as? Int == 2 && anchors[gap + 1]["epoch"] as? Int == 2)
            #expect((anchors[gap]["reason"] as? String)?.contains("overwritten") == true)
            // Whoever merges drops exactly what the new snapshot does not have.
            let keys = try scene.export.records(of: "db0").filter {
                $0.hasPrefix("{\"_cdc_seq\":\"0002") && $0.contains("\"key\":\"k")
            }
            #expect(keys.count == 100)
        }

        @Test("what a promoted replica never had is a fork, with its range")
        func fork() throws {
            let scene = try KeyspaceScene()
            let replica = try scene.server.makeReplica(settings: ["repl-backlog-size 1mb"])
            defer { replica.remove() }
            try scene.server.commands((0..<50).map { ["SET", "a\($0)", "1"] })
            try scene.server.waitForReplica(replica)
            try replica.command("REPLICAOF", "NO", "ONE")
            try scene.server.commands((0..<50).map { ["SET", "b\($0)", "1"] })
            try scene.catchUp()
            let ahead = try #require(try scene.export.anchors().last?["to"] as? String)
            try scene.server.kill9()
            try replica.commands((0..<5).map { ["SET", "c\($0)", "1"] })
            scene.source = replica.address()
            let stopped = try KedgeProcess.run(scene.run("--until", "now", "--on-gap", "stop"))
            #expect(stopped.status == 66 && stopped.errors.contains("[source.fork]"), "\(stopped.errors)")
            try scene.catchUp()
            let anchors = try scene.export.anchors()
            let kinds = anchors.compactMap { $0["kind"] as? String }
            let fork = try #require(kinds.firstIndex(of: "fork"), "\(kinds)")
            #expect(anchors[fork]["from"] as? String == ahead)
            let end = try #require((anchors[fork]["to"] as? String).flatMap { Int($0) })
            #expect(try end == Int(replica.info("replication")["second_repl_offset"] ?? "").map { $0 - 1 })
            #expect(kinds[fork + 1] == "snapshot" && anchors[fork + 1]["epoch"] as? Int == 3)
            try KedgeProcess.expect(0, ["verify", "--to", scene.export.path])
        }

        @Test("a promoted replica that had everything goes on, under its new identifier")
        func promotion() throws {
            let scene = try KeyspaceScene()
            let replica = try scene.server.makeReplica()
            defer { replica.remove() }
            try scene.server.command("SET", "vier", "1", database: 4)
            try scene.catchUp()
            try scene.server.command("SET", "vier", "2", database: 4)
            try scene.server.waitForReplica(replica)
            try scene.server.kill9()
            try replica.command("REPLICAOF", "NO", "ONE")
            scene.source = replica.address()
            try replica.command("SET", "vier", "3", database: 4)
            try scene.catchUp()
            let anchors = try scene.export.anchors()
            #expect(!anchors.contains { ["gap", "fork"].contains($0["kind"] as? String ?? "") })
            #expect(anchors.filter { $0["kind"] as? String == "snapshot" }.count == 1)
            let values = try scene.export.records(of: "db4").map { $0.contains("\"value\":\"3\"") }
            #expect(values == [false, false, true])
            let source = try #require(anchors.last?["source"] as? [String: Any])
            #expect(source["replid"] as? String == (try replica.info("replication")["master_replid"]))
        }

        @Test("a replica as the source tells the database of a write without SELECT")
        func database() throws {
            let scene = try KeyspaceScene()
            let replica = try scene.server.makeReplica()
            defer { replica.remove() }
            try scene.server.command("SET", "a", "1", database: 4)
            try scene.server.waitForReplica(replica)
            scene.source = replica.address()
            try scene.catchUp()
            try scene.server.command("SET", "b", "1", database: 4)
            try scene.server.waitForReplica(replica)
            try scene.catchUp()
            #expect(try scene.export.records(of: "db4").count == 2)
            #expect(try scene.export.records(of: "db0").allSatisfy { $0.contains("\"function\"") })
        }

        @Test("a snapshot is no part of an export that begins without one")
        func noSnapshot() throws {
            let scene = try KeyspaceScene()
            try scene.server.command("SET", "vorher", "1")
            try scene.catchUp("--snapshot", "none")
            try scene.server.command("SET", "nachher", "1", database: 2)
            try scene.catchUp("--snapshot", "none")
            #expect(try scene.export.records(of: "db0").isEmpty)
            #expect(try scene.export.records(of: "db2").count == 1)
            #expect(try scene.export.anchors().first?["kind"] as? String == "reset")
        }

        @Test("a server that cannot leave its data out says so")
        func noSnapshotBefore() throws {
            let scene = try KeyspaceScene(RedisPrograms.version("6.2"))
            let refused = try KedgeProcess.run(scene.run("--until", "now", "--snapshot", "none"))
            #expect(refused.status == 78 && refused.errors.contains("[redis.replication.version]"), "\(refused.errors)")
        }

        @Test("a server is not hurt: no failover to kedge, no promise to WAIT")
        func hazards() throws {
            let scene = try KeyspaceScene()
            let process = try KedgeProcess(scene.run())
            try waitUntil("kedge follows") { try scene.server.info("replication")["connected_slaves"] == "1" }
            try waitUntil("it is online") {
                try scene.server.info("replication")["slave0"]?.contains("state=online") == true
            }
            try scene.server.command("SET", "a", "1")
            #expect(try scene.server.command("WAIT", "1", "300") == .integer(0))
            let slave = try #require(try scene.server.info("replication")["slave0"])
            #expect(slave.contains("port=0") && slave.contains("offset=0"))
            try scene.server.command("FAILOVER", "TIMEOUT", "1500")
            Thread.sleep(forTimeInterval: 2.5)
            #expect(try scene.server.info("replication")["role"] == "master")
            #expect(try scene.server.info("replication")["master_failover_state"] == "no-failover")
            try scene.server.command("SET", "b", "1")
            process.terminate()
            #expect(try process.wait().status == 0)
        }

        @Test("a list that is larger than the memory streams through it")
        func bigList() throws {
            let scene = try KeyspaceScene()
            let script = "local v = string.rep('x', 80000) for i = 1, 1000 do redis.call('RPUSH', KEYS[1], v .. i) end"
            for _ in 0..<KeyspaceCount.pushes { try scene.server.command("EVAL", script, "1", "liste") }
            let outcome = try KedgeProcess.expect(
                0, scene.run("--until", "now", anchors: "10s,10000tx,64MiB"), deadline: .seconds(600))
            #expect((1...128 << 20).contains(outcome.peakByteCount), "\(outcome.peakByteCount) bytes")
        }
    }
}

/// How much of everything.
enum KeyspaceCount {
    private static func number(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    static let steps = number("KEDGE_TEST_REDIS_STEPS", 4000)
    static let kills = number("KEDGE_TEST_KILLS", 5)
    static let restarts = number("KEDGE_TEST_RESTARTS", 2)
    /// How often 80 MB are added to the list that is larger than the memory.
    static let pushes = number("KEDGE_TEST_REDIS_PUSHES", 3)
    static let seed = UInt64(number("KEDGE_TEST_SEED", Int.random(in: 0..<1_000_000_000)))
}

extension BackgroundWork {
    /// Writes to a server all the time.
    convenience init(writingTo server: RedisServer, seed: UInt64) {
        self.init(pause: 0.005) {
            var load = KeyspaceLoad(seed: seed)
            load.largeByteCount = 20_000
            var connection = try server.connect()
            return { try load.write(20, over: &connection) }
        }
    }
}
